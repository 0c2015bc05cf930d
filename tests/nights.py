"""One simulated night that the tests of the later rooms share, and two ways to give the `flows` command.

Belongs here: the shared homes (made once a session, read by many: whoever writes takes a copy), and helpers that run
the command. Does not belong here: an assertion.

The homes are made by the command itself, in processes of their own, two at a time.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest

from illicit_flows import cli, reader
from pipelines.store import Home
from pipelines.world import make_world
from schemas.registry import PROJECT

FLOWS = Path(sys.executable).with_name("flows")
SEED, SEIZURES = 7, 2_000
AT_MOST = 900
"""Seconds that any command may take."""
OURS = ("FLOWS_HOME", "FLOWS_DAGSTER_DIR", "DAGSTER_HOME", "FLOWS_DEBUG", "FLOWS_KEY_FILE")
KEY = {"FLOWS_KEY_FILE": str(Path(__file__).with_name("simulated.key"))}
"""The key of the tests, under which nothing real is hashed."""


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


# --- the command ------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    """This process's environment without the project's own variables, and with others."""
    return {name: value for name, value in os.environ.items() if name not in OURS} | KEY | more


def start(*args: str | Path, cwd: Path = PROJECT, **env: str) -> subprocess.Popen[str]:
    """Begin a `flows` command in a process of its own."""
    return subprocess.Popen(
        [str(FLOWS), *map(str, args)],
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Said:
    """Wait for a command that was started; it is ended by its own handle if it takes too long."""
    try:
        out, err = process.communicate(timeout=AT_MOST)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += f"\nended after {AT_MOST} s"
    return Said(process.returncode, out, err)


def flows(*args: str | Path, cwd: Path = PROJECT, **env: str) -> Said:
    """A `flows` command in a process of its own."""
    return finish(start(*args, cwd=cwd, **env))


def flows_here(*args: str | Path, **env: str) -> Said:
    """A `flows` command in this process, which saves its imports; the environment is put back afterwards."""
    out, err = io.StringIO(), io.StringIO()
    with own_environment(**env), redirect_stdout(out), redirect_stderr(err):
        argv, sys.argv = sys.argv, ["flows", *map(str, args)]
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            sys.argv = argv
    return Said(code, out.getvalue(), err.getvalue())


@contextmanager
def own_environment(**env: str) -> Iterator[None]:
    """The environment of a command, for as long as it runs."""
    before = dict(os.environ)
    try:
        for name in OURS:
            os.environ.pop(name, None)
        os.environ.update(KEY | env)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# --- the shared homes -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Night:
    """A home after its first night, and the world that it was told about."""

    home: Home
    world: Path
    said: Said
    seconds: float

    @property
    def inbox(self) -> Path:
        return self.world / "inbox"

    @property
    def release(self) -> reader.Release:
        return reader.open(home=self.home.root)

    @cached_property
    def tables(self) -> duckdb.DuckDBPyConnection:
        """The release's tables and views, for questions in SQL."""
        return self.release.connect()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.tables.execute(query).fetchall()

    def records(self, query: str) -> list[dict[str, Any]]:
        found = self.rows(query)
        return [dict(zip([column[0] for column in self.tables.description], row, strict=True)) for row in found]


@dataclass
class Killed:
    """What a home looked like after every kill, and what the run after them said."""

    home: Home
    moments: list[float] = field(default_factory=list)
    """Seconds after its start at which a run was killed; runs that had ended before do not count."""
    seen: list[tuple[str | None, list[str]]] = field(default_factory=list)
    """The latest release after each kill, and the faults of all releases that can be seen."""
    said: Said = field(default_factory=lambda: Said(-1, "", ""))


def kill_and_run(home: Home, inbox: Path, moments: Sequence[float], cwd: Path = PROJECT, **env: str) -> Killed:
    """Kill a run at each of some moments, then let one run to its end."""
    story = Killed(home)
    args = ("run", "--home", home.root, "--inbox", inbox, "--json")
    for moment in moments:
        process = start(*args, cwd=cwd, **env)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
            story.moments.append(moment)
        process.communicate()
        pointer = home.releases / "latest"
        story.seen.append((pointer.resolve().name if pointer.exists() else None, visible_faults(home)))
    story.said = finish(start(*args, cwd=cwd, **env))
    return story


def visible_faults(home: Home) -> list[str]:
    """Faults of every folder that looks like a release."""
    folders = [path for path in home.releases.glob("*") if path.is_dir() and not path.is_symlink()]
    return [f"{path.name}: {fault}" for path in folders for fault in reader.Release(path).faults()]


def moments(seed: int, number: int) -> list[float]:
    """Seconds after its start at which a run is to be killed: while it imports, reads, parses, infers, checks."""
    rng = random.Random(seed)  # noqa: S311
    return [round(rng.uniform(2, 15), 1) for _ in range(number)]


@dataclass
class Nights:
    """The homes of a session. The simulated one and its twin are made side by side, each when first asked for."""

    base: Path
    with_twin: bool
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    @cached_property
    def world(self) -> Path:
        make_world(self.base / "world", seed=SEED, seizures=SEIZURES)
        return self.base / "world"

    @cached_property
    def simulated(self) -> Night:
        """The night that most tests look at."""
        if self.with_twin:
            _ = self._twin_begun
        began = time.monotonic()
        said = flows("run", "--home", self.base / "home", "--inbox", self.world / "inbox", "--json")
        return Night(Home.at(self.base / "home"), self.world, said, time.monotonic() - began)

    @cached_property
    def _twin_begun(self) -> Future[Killed]:
        elsewhere = self.base / "elsewhere"
        inbox = twin_inbox(self.world / "inbox", elsewhere / "in tray")
        home = Home.at(elsewhere / "ho me")
        return self.pool.submit(kill_and_run, home, inbox, moments(3, 2), elsewhere, **ELSEWHERE)

    @cached_property
    def twin_story(self) -> Killed:
        """The first nights of the twin: two that were killed, and one that was not."""
        return self._twin_begun.result()

    @cached_property
    def twin(self) -> Night:
        """The same files on another machine, as it were: other order, path, time zone, times, working directory."""
        return Night(self.twin_story.home, self.world, self.twin_story.said, 0.0)

    def close(self) -> None:
        """Close what was opened, so that the session ends without words from DuckDB."""
        for name in ("simulated", "twin"):
            night = self.__dict__.pop(name, None)
            if night is not None and "tables" in night.__dict__:
                night.__dict__.pop("tables").close()
        self.pool.shutdown()


ELSEWHERE: Mapping[str, str] = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "4711"}


def twin_inbox(inbox: Path, target: Path) -> Path:
    """A copy of an inbox: files made in the reverse order, with other times."""
    for number, path in enumerate(sorted((p for p in inbox.rglob("*") if p.is_file()), reverse=True)):
        copy = target / path.relative_to(inbox)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (1_000_000_000 + number, 1_000_000_000 + number))
    return target


def copied(night: Night, target: Path) -> Home:
    """A home of a test's own, as the shared one is."""
    shutil.copytree(night.home.root, target, symlinks=True)
    return Home.at(target)


# --- fixtures, imported by the conftest of each folder that reads the shared homes -------------------------------

SHARED = pytest.StashKey[Nights]()


@pytest.fixture(scope="session")
def nights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The shared homes of this session, one set for all folders."""
    stash = request.config.stash
    if SHARED not in stash:
        asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
        stash[SHARED] = Nights(tmp_path_factory.mktemp("nights"), with_twin="twin" in asked)
        request.config.add_cleanup(stash[SHARED].close)
    return stash[SHARED]


@pytest.fixture(scope="session")
def simulated(nights: Nights) -> Night:
    """The home after the simulated world's first night. Read only: take a copy to write (`copied`)."""
    assert nights.simulated.said.code == 0, nights.simulated.said.err
    return nights.simulated


@pytest.fixture(scope="session")
def twin(nights: Nights) -> Night:
    """A second home with the same deliveries, received in another way."""
    assert nights.twin.said.code == 0, nights.twin.said.err
    return nights.twin
