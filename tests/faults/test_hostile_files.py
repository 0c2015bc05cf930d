"""A hostile file is refused or made harmless: quickly, in little memory, and without a trace beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import hostile
import pytest

from pipelines.deliveries import sandbox
from pipelines.deliveries.readers import Unreadable
from pipelines.deliveries.sandbox import Limits, Read, measured, read_in_child
from schemas.contracts import LANGUAGES
from schemas.registry import PROJECT, Registry

MOST_SECONDS = 10
MOST_BYTES = 512 * hostile.MIB


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def cells_of(read: Read) -> list[list[str]]:
    found: list[list[str]] = read.records["cells"].to_pylist()
    return found


def running(parent: int) -> list[int]:
    """The processes that have this parent."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def wait_for(condition: Callable[[], object], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """An honest file that takes some seconds to read."""
    file = tmp_path / "slow.csv"
    file.write_bytes(b"a;b\n" + b"1;2\n" * 3_000_000)
    return file


@pytest.mark.parametrize("name", hostile.HOSTILE)
def test_a_hostile_file_is_refused_or_made_harmless(tmp_path: Path, registry: Registry, name: str) -> None:
    case = hostile.HOSTILE[name]
    file, scratch = tmp_path / "inbox" / "file", tmp_path / "scratch"
    file.parent.mkdir()
    case.build(file)
    before = tree(tmp_path)
    began = time.monotonic()
    read, use = measured(hostile.contract(case.form), file, scratch=scratch, key=None)
    assert time.monotonic() - began < MOST_SECONDS
    assert use.peak_bytes < MOST_BYTES
    assert tree(tmp_path) - before == {"scratch"}
    if isinstance(read, Unreadable):
        assert read.rule_id in case.refused
        for language in LANGUAGES:
            assert "{" not in registry.messages.render(read.rule_id, language, read.params)
    else:
        assert not case.refused
        assert set(read.headers.values()) == {case.header}
        assert cells_of(read) == [list(cells) for cells in case.cells]


# --- the child and its server -------------------------------------------------------------------------------


def read_while(file: Path, scratch: Path, act: Callable[[int, int], None]) -> Read | Unreadable:
    """Read a file in a thread, and act on the server and the child that read it as soon as they run."""
    warm = scratch.parent / "warm.csv"
    warm.write_bytes(b"a;b\n1;2\n")
    read_in_child(hostile.contract(hostile.CSV), warm, scratch=scratch, key=None)
    assert sandbox._SERVERS.server is not None
    server = sandbox._SERVERS.server.pid
    found: list[tuple[Read | Unreadable, sandbox.Use]] = []

    def read() -> None:
        found.append(measured(hostile.contract(hostile.CSV), file, scratch=scratch, key=None))

    thread = threading.Thread(target=read)
    thread.start()
    assert wait_for(lambda: running(server))
    act(server, running(server)[0])
    thread.join()
    return found[0][0]


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_file_that_takes_its_reader_down_is_refused_and_the_next_is_read(
    tmp_path: Path, slow: Path, name: str
) -> None:
    read = read_while(slow, tmp_path / "scratch", lambda _, child: os.kill(child, getattr(signal, name)))
    assert isinstance(read, Unreadable)
    assert (read.rule_id, read.params) == ("reader_died", {"reason": name})
    small = tmp_path / "small.csv"
    small.write_bytes(b"a\n1\n")
    assert cells_of(read_in_child(hostile.contract(hostile.CSV), small, scratch=tmp_path, key=None)) == [["1"]]


def test_a_server_that_is_killed_is_started_again_and_the_file_is_read(tmp_path: Path, slow: Path) -> None:
    read = read_while(slow, tmp_path / "scratch", lambda server, _: os.kill(server, signal.SIGKILL))
    assert isinstance(read, Read)
    assert read.delivered == 3_000_000


def test_a_child_that_takes_too_long_is_given_up(tmp_path: Path, slow: Path) -> None:
    for limits in (
        Limits(memory=sandbox.MEMORY, cpu_seconds=1, wall_seconds=60, output=hostile.MIB),
        Limits(memory=sandbox.MEMORY, cpu_seconds=60, wall_seconds=0.5, output=hostile.MIB),
    ):
        read, use = measured(hostile.contract(hostile.CSV), slow, scratch=tmp_path / "s", key=None, limits=limits)
        assert isinstance(read, Unreadable)
        assert read.rule_id == "took_too_long"
        assert use.wall_seconds < 4


def test_a_child_that_writes_too_much_is_given_up(tmp_path: Path, slow: Path) -> None:
    limits = Limits(memory=sandbox.MEMORY, cpu_seconds=60, wall_seconds=60, output=hostile.MIB)
    source = hostile.contract(hostile.CSV, most=10_000_000)
    read, _ = measured(source, slow, scratch=tmp_path / "scratch", key=None, limits=limits)
    assert isinstance(read, Unreadable)
    assert read.rule_id == "too_large_inside"


def test_rows_beyond_the_contracts_bound_are_counted_and_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    file.write_bytes(b"a;b\n" + b"1;2\n" * 5_000)
    read = read_in_child(hostile.contract(hostile.CSV, most=100), file, scratch=tmp_path / "scratch", key=None)
    assert (read.records.num_rows, read.delivered) == (101, 5_000)


def test_a_missing_file_is_our_own_fault_and_no_rule(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_in_child(hostile.contract(hostile.CSV), tmp_path / "none", scratch=tmp_path, key=None)


def test_a_file_costs_some_hundredths_of_a_second_after_the_first(tmp_path: Path) -> None:
    file = tmp_path / "small.csv"
    file.write_bytes(b"a;b\n1;2\n")
    source = hostile.contract(hostile.CSV)
    costs = []
    for _ in range(10):
        began = time.monotonic()
        read_in_child(source, file, scratch=tmp_path / "scratch", key=None)
        costs.append(time.monotonic() - began)
    assert sorted(costs)[5] < 0.2


READER = """
    import os, sys, time
    sys.path.insert(0, sys.argv[3])
    import hostile
    from pathlib import Path
    from pipelines.deliveries import sandbox
    folder = Path(sys.argv[1])
    (folder / "small.csv").write_bytes(b"a;b\\n1;2\\n")
    source = hostile.contract(hostile.CSV)
    sandbox.read_in_child(source, folder / "small.csv", scratch=folder / "scratch", key=None)
    print(sandbox._SERVERS.server.pid, flush=True)
    sandbox.read_in_child(source, Path(sys.argv[2]), scratch=folder / "scratch", key=None)
"""


def alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return status != "Z"


def test_a_caller_that_is_killed_leaves_no_process_behind_and_needs_no_folder_of_its_own(
    tmp_path: Path, slow: Path
) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(READER), str(tmp_path), str(slow), str(PROJECT / "tests" / "faults")],
        cwd="/", stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert caller.stdout is not None
    server = int(caller.stdout.readline())
    assert wait_for(lambda: running(server))
    child = running(server)[0]
    caller.kill()
    caller.wait()
    caller.stdout.close()
    assert wait_for(lambda: not alive(server) and not alive(child))


def test_a_copy_of_the_caller_has_a_server_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "small.csv"
    file.write_bytes(b"a;b\n1;2\n")
    source = hostile.contract(hostile.CSV)
    read_in_child(source, file, scratch=tmp_path / "scratch", key=None)
    copy = os.fork()
    if copy == 0:
        read = read_in_child(source, file, scratch=tmp_path / "scratch", key=None)
        sandbox._SERVERS.end()
        os._exit(0 if read.delivered == 1 else 1)
    assert os.waitpid(copy, 0)[1] == 0
    assert read_in_child(source, file, scratch=tmp_path / "scratch", key=None).delivered == 1


def test_the_server_has_no_environment_and_none_of_the_engines(tmp_path: Path) -> None:
    file = tmp_path / "small.csv"
    file.write_bytes(b"a;b\n1;2\n")
    read_in_child(hostile.contract(hostile.CSV), file, scratch=tmp_path / "scratch", key=None)
    assert sandbox._SERVERS.server is not None
    about = Path(f"/proc/{sandbox._SERVERS.server.pid}")
    variables = {line.split(b"=")[0].decode() for line in (about / "environ").read_bytes().split(b"\0") if line}
    assert variables == set(sandbox.ENVIRONMENT)
    mapped = (about / "maps").read_text()
    assert not any(engine in mapped for engine in ("polars", "duckdb", "pandas"))
