"""The README's commands run as they stand, against a home like the demo's, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nights import Night, Said, copied, flows_here

from schemas.registry import PROJECT

README = PROJECT / "README.md"
GUIDES = sorted((PROJECT / "docs" / "guides").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = {"console", "bash", "sh", "shell"}


def blocks(path: Path, languages: set[str]) -> list[str]:
    return [body for language, body in BLOCK.findall(path.read_text(encoding="utf-8")) if language in languages]


def commands(path: Path) -> list[str]:
    """Lines of shell blocks: those after a `$ ` where there are any, else all; what a backslash continues is one."""
    found = []
    for body in blocks(path, SHELLS):
        lines = [line.strip() for line in body.replace("\\\n", " ").splitlines()]
        told = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found += told or [line for line in lines if line and not line.startswith("#")]
    return found


def program(command: str) -> str:
    words = shlex.split(command, comments=True)
    return Path(words[0]).name if words else ""


DEMO = "data/home/demo"
FLOWS = [(path, command) for path in (README, *GUIDES) for command in commands(path) if program(command) == "flows"]
RUN = [(path, command) for path, command in FLOWS if path == README or DEMO in command]
"""The guides also show commands for a home that the reader has made before."""


@pytest.fixture(scope="module")
def stage(simulated: Night, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory laid out as the project after `make demo`, with a copy of the shared home for the demo's."""
    stage = tmp_path_factory.mktemp("project")
    for path in PROJECT.iterdir():
        if path.name != "data":
            (stage / path.name).symlink_to(path)
    (stage / "data").mkdir()
    for path in (PROJECT / "data").iterdir():
        if path.name != "home":
            (stage / "data" / path.name).symlink_to(path)
    copied(simulated, stage / "data" / "home" / "demo")
    shutil.copytree(simulated.world, stage / "data" / "home" / "demo" / "world")
    return stage


def run(command: str, stage: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """A `flows` command of the documents, word for word."""
    name, *args = shlex.split(command, comments=True)
    assert Path(name).name == "flows"
    monkeypatch.chdir(stage)
    home = {} if "--home" in args else {"FLOWS_HOME": str(stage / "data" / "home" / "demo")}
    return flows_here(*args, **home)


def test_the_readme_shows_commands() -> None:
    assert len([command for path, command in FLOWS if path == README]) >= 3
    assert {"make demo", "make test"} <= {" ".join(shlex.split(c, comments=True)) for c in commands(README)}


@pytest.mark.parametrize(("path", "command"), RUN, ids=[f"{path.stem}: {c[:60]}" for path, c in RUN])
def test_a_command_of_the_documents_runs(
    path: Path, command: str, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run(command, stage, monkeypatch)
    assert said.code == 0, f"{path.name}: {said.err}"
    assert said.out.strip()


@pytest.mark.parametrize("command", sorted({command for _, command in FLOWS if (_, command) not in RUN}))
def test_a_command_that_is_not_run_here_is_one_that_there_is(command: str) -> None:
    _, *words = shlex.split(command, comments=True)
    named = words[:2] if words[0] == "release" else words[:1]
    assert flows_here(*named, "--help").code == 0


def test_make_knows_every_target_that_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set()
    for path in (README, *GUIDES, PROJECT / "CONTRIBUTING.md"):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        named |= set(re.findall(r"`make ([a-z][\w-]*)", text))
        named |= {shlex.split(c, comments=True)[1] for c in commands(path) if program(c) == "make"} if text else set()
    assert {"demo", "test"} <= named
    assert named <= targets


def test_every_shell_command_is_one_that_is_run_or_looked_up() -> None:
    assert {program(command) for command in commands(README)} <= {"flows", "make", ""}


def test_the_python_of_the_readme_runs(stage: Path) -> None:
    found = blocks(README, {"python"})
    assert found
    for code in found:
        ran = subprocess.run([sys.executable, "-c", code], cwd=stage, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("path", [README, *GUIDES], ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (path.parent / link).exists()] == []
