"""Reads a delivery in a child process that may take little memory, time and disk, and that nobody else depends on.

Belongs here: the child, its limits, and what its end means. Does not belong here: how a format is read (`readers`) or
what of a record may be kept (`door`, through which the child passes each record before it writes it).

One small server process is started at the first file and forks a child for each: a child then costs milliseconds, and
starts from a process that has no threads, no environment and none of the caller's memory. The server ends when the
caller does, however that ends, because its pipe closes then; the child ends with the server.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import gc
import json
import os
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import ipc

from pipelines.deliveries.door import door
from pipelines.deliveries.readers import Unreadable, read_as_sent, read_parts
from pipelines.keys import NoKey
from schemas.contracts import SourceContract

MIB = 1024 * 1024
MEMORY = 352 * MIB
"""What a child may add to the server's address space: with the server's own 100 MiB it stays below 512 MiB."""
MOST_MEMORY = 4096 * MIB
CPU_SECONDS, WALL_SECONDS = 6, 8.5
"""Up to `QUICK`. A hostile file of that size is given up within ten seconds."""
QUICK, QUICK_PACKED = 8 * MIB, 2 * MIB
"""Bytes of a file that a slow machine reads in the time above; what is packed holds several times its size."""
SECONDS_PER_MIB = {"csv": 0.5, "json": 0.25, "ndjson": 0.75}
"""Of a file, above `QUICK`: some four times what a machine of today takes."""
SECONDS_PER_PACKED_MIB = 1.0
"""Of a workbook, an archive or Parquet, above `QUICK_PACKED`."""
HELD_WHOLE = 16 * MIB
MEMORY_PER_BYTE = {"json": 8, "xlsx": 24, "zip": 16}
"""Above `HELD_WHOLE`, where the reader must hold the whole of a file: a large honest one then gets what it needs, and a
small hostile one nothing more. Delimited text, NDJSON and Parquet are walked and never need more."""
OUTPUT, OUTPUT_PER_BYTE = 512 * MIB, 16
OPEN_FILES = 64
BATCH_ROWS, BATCH_CHARACTERS = 8_192, 16 * MIB
LOOK_EVERY = 512
"""Records between two looks at how much text has gathered."""
LONGEST_HEADERS = 4 * MIB
"""Characters of all headers together."""
LARGEST_OUTCOME = 32 * MIB
"""Bytes of the child's word about the file."""
OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory", b"Cannot allocate")

SCHEMA = pa.schema(
    [("part", pa.string()), ("row_no", pa.int64()), ("cells", pa.list_(pa.string())), ("damage", pa.string())]
)
AS_SENT = pa.schema(
    [("sheet", pa.int32()), ("record", pa.int64()), ("cells", pa.list_(pa.string())), ("kinds", pa.string())]
)


@dataclass(frozen=True)
class Read:
    """What a file holds, after the door."""

    headers: Mapping[str, tuple[str, ...]]
    """By part, in the file's order."""
    records: pa.Table
    """part: string; row_no: int64, from 1 in each part; cells: list<string>; damage: string or null. It lies in a
    file without a name, not in memory. Where the contract's bound of rows is passed, one row more than that."""
    delivered: int
    """Data records in the file, also those beyond the contract's bound."""


@dataclass(frozen=True)
class Sent:
    """Every row of a workbook or a Parquet file as it was sent, nothing taken away: for a copy to its sender alone."""

    sheets: list[dict[str, Any]]
    """name, is_part, is_shown, left and merged, as `readers.workbook.Sheet` has them."""
    rows: pa.Table
    """sheet: int32, its place; record: int64 or null; cells: list<string>; kinds: string. In the order of the file."""


@dataclass(frozen=True)
class Limits:
    """What one child may take."""

    memory: int
    """Bytes on top of the server's own address space."""
    cpu_seconds: int
    wall_seconds: float
    output: int
    """Bytes of each file that the child writes."""


@dataclass(frozen=True)
class Use:
    """What one child took."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Of memory, the part that it shares with the server included."""


def read_in_child(source: SourceContract, file: Path, *, scratch: Path, key: bytes | None) -> Read:
    """Read a delivery under its contract, in a child process. Raises `Unreadable`, and `OSError` of our own disk."""
    read, _ = measured(source, file, scratch=scratch, key=key)
    if isinstance(read, Unreadable):
        raise read
    return read


def measured(
    source: SourceContract, file: Path, *, scratch: Path, key: bytes | None, limits: Limits | None = None
) -> tuple[Read | Unreadable, Use]:
    """What a delivery holds, or why it cannot be read; and what reading it took. Raises `OSError` of our own disk."""
    limits = limits or limits_of(source, file.stat().st_size)
    with _folder(scratch) as folder:
        end = _asked(source, file, folder, limits, key=key.hex() if key is not None else None)
        if end is None:
            return Unreadable("reader_died", reason="server"), Use(0.0, 0.0, 0)
        use = Use(end["wall_seconds"], end["cpu_seconds"], end["peak_bytes"])
        try:
            outcome = _understood(end, limits, folder)
            headers = {str(name): tuple(map(str, header)) for name, header in outcome["headers"]}
            return Read(headers, _table(folder, SCHEMA), int(outcome["delivered"])), use
        except Unreadable as fault:
            return fault, use


def read_as_sent_in_child(source: SourceContract, file: Path, *, scratch: Path) -> Sent:
    """Read all that a workbook or a Parquet file holds, in a child process. Raises `Unreadable` and `OSError`."""
    limits = limits_of(source, file.stat().st_size)
    with _folder(scratch) as folder:
        end = _asked(source, file, folder, limits, as_sent=True)
        if end is None:
            raise Unreadable("reader_died", reason="server")
        return Sent(_understood(end, limits, folder)["sheets"], _table(folder, AS_SENT))


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    """A folder for one child, and nothing of it afterwards."""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="read-", dir=scratch.resolve()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asked(source: SourceContract, file: Path, folder: Path, limits: Limits, **more: Any) -> dict[str, Any] | None:
    job = {
        "source": source.model_dump_json(),
        "file": str(file.resolve()),
        "folder": str(folder),
        "limits": asdict(limits),
        **more,
    }
    return _SERVERS.ask(json.dumps(job).encode())


def limits_of(source: SourceContract, size: int) -> Limits:
    """What the child may take for a file of this size (bytes) and format."""
    kind = source.format.type
    free, rate = (QUICK, SECONDS_PER_MIB[kind]) if kind in SECONDS_PER_MIB else (QUICK_PACKED, SECONDS_PER_PACKED_MIB)
    seconds = int(rate * max(0, size - free) / MIB)
    memory = MEMORY + MEMORY_PER_BYTE.get(kind, 0) * max(0, size - HELD_WHOLE)
    return Limits(
        memory=min(memory, MOST_MEMORY),
        cpu_seconds=CPU_SECONDS + seconds,
        wall_seconds=WALL_SECONDS + 2 * seconds,
        output=OUTPUT + OUTPUT_PER_BYTE * size,
    )


# --- the caller's side --------------------------------------------------------------------------------------


class _Servers:
    """The server of this process: started when first asked, and again if it has ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.server: subprocess.Popen[bytes] | None = None

    def forget(self) -> None:
        """In a copy of the process: the server belongs to the original, which may be asking it right now."""
        self.lock = threading.Lock()
        if self.server is not None:
            self.server.returncode = 0  # so that nobody waits for another's child
        self.server = None

    def ask(self, job: bytes) -> dict[str, Any] | None:
        """How the child for a job ended, or None where server after server ends without an answer."""
        with self.lock:
            for _ in range(2):
                try:
                    answer = self._asked(job)
                except BaseException:  # also an interrupt: an answer that nobody waits for must not be the next one's
                    self.end()
                    raise
                if answer is not None:
                    return answer
                self.end()
            return None

    def _asked(self, job: bytes) -> dict[str, Any] | None:
        if self.server is None:
            self.server = _started()
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        try:
            self.server.stdin.write(struct.pack(">I", len(job)) + job)
            self.server.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.server.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    def end(self) -> None:
        """End the server, if this process has one."""
        server, self.server = self.server, None
        if server is None:
            return
        server.kill()
        for pipe in (server.stdin, server.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was still to be written has nowhere to go
                    continue
        server.wait()


def _started() -> subprocess.Popen[bytes]:
    """A server in an empty environment; `-I` keeps the caller's folder and variables out of its imports."""
    begin = "import sys; sys.path.insert(0, sys.argv[1]); from pipelines.deliveries.sandbox import serve; serve()"
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-c", begin, str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve more address space than a child has
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",  # a process with threads cannot be forked safely
    "OPENBLAS_NUM_THREADS": "1",
}
_SERVERS = _Servers()
atexit.register(_SERVERS.end)
os.register_at_fork(after_in_child=_SERVERS.forget)


def _understood(end: dict[str, Any], limits: Limits, folder: Path) -> dict[str, Any]:
    """What a child said of the file, or what its end means."""
    if end["late"] or end["signal"] == signal.SIGXCPU:
        raise Unreadable("took_too_long", seconds=round(limits.wall_seconds if end["late"] else limits.cpu_seconds))
    if end["signal"] or end["code"]:
        if any(word in _said(folder) for word in OUT_OF_MEMORY):
            raise Unreadable("too_large_inside")
        reason = signal.Signals(end["signal"]).name if end["signal"] else f"exit {end['code']}"
        raise Unreadable("reader_died", reason=reason)
    with (folder / "outcome").open("rb") as file:
        outcome: dict[str, Any] = json.loads(file.read(LARGEST_OUTCOME))
    if "errno" in outcome:
        raise OSError(outcome["errno"], os.strerror(outcome["errno"]))
    if "rule" in outcome:
        raise Unreadable(outcome["rule"], **outcome["params"])
    return outcome


def _table(folder: Path, schema: pa.Schema) -> pa.Table:
    """The rows that a child wrote. Nothing of them is trusted before it is checked."""
    table = ipc.open_file(pa.memory_map(str(folder / "records"))).read_all()
    if table.schema != schema:
        raise Unreadable("reader_died", reason="schema")
    table.validate(full=True)
    return table


def _said(folder: Path) -> bytes:
    """The beginning of what the child wrote to its standard error: looked at, never repeated."""
    try:
        with (folder / "said").open("rb") as file:
            return file.read(64 * 1024)
    except OSError:
        return b""


# --- the server's side --------------------------------------------------------------------------------------


def serve() -> NoReturn:
    """Answer jobs from standard input, one after the other, until it closes."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    sys.meta_path.insert(0, _Refused())
    gc.collect()
    gc.freeze()  # so that children share these pages instead of copying them
    while True:
        head = _exactly(4)
        job = _exactly(struct.unpack(">I", head)[0]) if head else b""
        if not job:
            os._exit(0)
        os.write(answers, json.dumps(_run(json.loads(job), answers)).encode() + b"\n")


class _Refused(MetaPathFinder):
    """Packages that cost a child time, memory or threads, and that none of the readers uses. Arrow looks for pandas."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002
        if fullname.partition(".")[0] in {"pandas", "polars", "duckdb", "dagster"}:
            raise ModuleNotFoundError(name=fullname)


def _exactly(size: int) -> bytes:
    """So many bytes of standard input, or none if it closes before."""
    found = b""
    while len(found) < size:
        more = os.read(0, size - len(found))
        if not more:
            return b""
        found += more
    return found


def _run(job: dict[str, Any], answers: int) -> dict[str, Any]:
    """Fork a child for a job and wait for its end, or end it."""
    limits = Limits(**job["limits"])
    began = time.monotonic()
    alive, held = os.pipe()  # the child alone holds the second end: the first one closes when the child is gone
    server = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(alive)
        os.close(answers)
        _child(job, limits, server)
    os.close(held)
    os.set_blocking(0, True)
    late = orphaned = False
    ready, _, _ = select.select([alive, 0], [], [], limits.wall_seconds)
    if alive not in ready:
        late, orphaned = not ready, bool(ready)
        os.kill(child, signal.SIGKILL)
    os.close(alive)
    _, status, usage = os.wait4(child, 0)
    if orphaned:  # nobody asks for two files at a time, so this was the caller's end
        os._exit(0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "late": late,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
        "wall_seconds": round(time.monotonic() - began, 3),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_bytes": peak,
    }


# --- the child's side ---------------------------------------------------------------------------------------


def _child(job: dict[str, Any], limits: Limits, server: int) -> NoReturn:
    """Read the file, write what it holds and what became of it, and end. Never returns into the server's code."""
    code = 1
    try:
        _confined(Path(job["folder"]), limits, server)
        outcome = _outcome(job)
        Path("outcome").write_text(json.dumps(outcome), encoding="utf-8")
        code = 0
    finally:
        os._exit(code)


def _confined(folder: Path, limits: Limits, server: int) -> None:
    """Take the limits, before a byte of the file is read."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: end with the server
    if os.getppid() != server:
        os._exit(1)
    os.umask(0o077)
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    gc.disable()  # what is read has no cycles, and the process is short
    memory = _address_space() + limits.memory
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory, memory + 16 * MIB),  # the rest is for saying so
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1),
        (resource.RLIMIT_FSIZE, limits.output, limits.output),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    """Bytes of address space that this process has already."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 512 * MIB
    return pages * resource.getpagesize()


def _outcome(job: dict[str, Any]) -> dict[str, Any]:
    """What became of the file, in words that JSON has."""
    try:
        return _read_as_sent(job) if job.get("as_sent") else _read(job)
    except Unreadable as fault:
        return {"rule": fault.rule_id, "params": fault.params}
    except NoKey:
        found = Unreadable("no_key")
    except MemoryError:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        found = Unreadable("too_large_inside")
    except OSError as error:
        if error.errno not in {errno.EFBIG, errno.ENOMEM}:
            return {"errno": error.errno or errno.EIO}
        found = Unreadable("too_large_inside")
    except Exception as error:  # noqa: BLE001 - a reader's own fault withholds one file, no more; its kind is told
        found = Unreadable("reader_died", reason=type(error).__name__)
    return {"rule": found.rule_id, "params": found.params}


def _read(job: dict[str, Any]) -> dict[str, Any]:
    source = SourceContract.model_validate_json(job["source"])
    key = bytes.fromhex(job["key"]) if job["key"] is not None else None
    headers: list[tuple[str, tuple[str, ...]]] = []
    delivered, characters = 0, 0
    with pa.OSFile("records", "wb") as file, ipc.new_file(file, SCHEMA) as writer:
        kept = _Kept(writer, source.rows.max + 1)
        for part in read_parts(source.format, Path(job["file"])):
            headers.append((part.name, part.header))
            characters += sum(map(len, part.header))
            if characters > LONGEST_HEADERS:
                raise Unreadable("too_large_inside")
            through = door(source, part.header, key)
            delivered += kept.take(part.name, part.records, through)
    return {"headers": headers, "delivered": delivered}


def _read_as_sent(job: dict[str, Any]) -> dict[str, Any]:
    source = SourceContract.model_validate_json(job["source"])
    sheets = []
    with pa.OSFile("records", "wb") as file, ipc.new_file(file, AS_SENT) as writer:
        for place, sheet in enumerate(read_as_sent(source.format, Path(job["file"]))):
            sheets.append({name: getattr(sheet, name) for name in ("name", "is_part", "is_shown", "left", "merged")})
            while rows := list(islice(sheet.rows, LOOK_EVERY)):
                columns = [[place] * len(rows), *map(list, zip(*rows, strict=True))]
                writer.write_batch(pa.record_batch(list(map(pa.array, columns, AS_SENT.types)), schema=AS_SENT))
    return {"sheets": sheets}


class _Kept:
    """Records on their way to the file: gathered as one list of texts, written in batches that fit into memory."""

    def __init__(self, writer: ipc.RecordBatchFileWriter, most: int) -> None:
        self.writer = writer
        self.left = most
        """Rows that may still be kept. Those beyond the contract's bound are counted alone."""

    def take(
        self, part: str, records: Iterator[tuple[list[str], str | None]], through: Callable[[list[str]], list[str]]
    ) -> int:
        """Keep the records of a part; returns their number."""
        number, first = 0, 1
        texts: list[str] = []
        lengths: list[int] = [0]
        damage: list[str | None] = []
        looked = characters = 0
        for cells, broken in records:
            number += 1
            if self.left <= 0:
                continue
            self.left -= 1
            texts += through(cells)
            lengths.append(len(cells))
            damage.append(broken)
            if number % LOOK_EVERY == 0:
                characters += sum(map(len, texts[looked:]))
                looked = len(texts)
                if len(damage) >= BATCH_ROWS or characters > BATCH_CHARACTERS:
                    self._write(part, first, texts, lengths, damage)
                    first = number + 1
                    texts, lengths, damage, looked, characters = [], [0], [], 0, 0
        self._write(part, first, texts, lengths, damage)
        return number

    def _write(self, part: str, first: int, texts: list[str], lengths: list[int], damage: list[str | None]) -> None:
        rows = len(damage)
        if not rows:
            return
        cells = pa.ListArray.from_arrays(pa.array(accumulate(lengths), pa.int32()), _strings(texts))
        self.writer.write_batch(
            pa.record_batch(
                [
                    pa.array([part] * rows, pa.string()),
                    pa.array(range(first, first + rows), pa.int64()),
                    cells,
                    pa.array(damage, pa.string()),
                ],
                schema=SCHEMA,
            )
        )


def _strings(texts: list[str]) -> pa.StringArray:
    """An Arrow array made of one joined text, three times as fast as from the texts one by one."""
    joined = "".join(texts)
    sizes = map(len, texts) if joined.isascii() else (len(text if text.isascii() else text.encode()) for text in texts)
    ends = array("i", accumulate(sizes, initial=0))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(joined.encode()))
