"""A real PostgreSQL for tests: a cluster of its own on a free port of the loopback, gone when the tests are over.

Belongs here: finding the server's programs, starting and stopping it, and running SQL as its superuser.
Does not belong here: what the tests put into it. Where there is no PostgreSQL, the tests that ask for it are skipped
and say so.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

WANTED = "15"
"""The major version that the project is tested against; another one is taken where this one is missing."""
SUPERUSER, SUPERUSER_PASSWORD = "steward", "superuser-pass-phrase"
STARTS_WITHIN = 20.0


@dataclass(frozen=True)
class Server:
    """A running server."""

    programs: Path
    folder: Path
    port: int

    def uri(self, user: str, password: str, database: str = "postgres") -> str:
        """How a client reaches a database over TCP."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str = "postgres") -> str:
        """Run statements as the superuser, each in its own transaction; returns what they print."""
        done = subprocess.run(
            [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port),
             "-U", SUPERUSER, "-d", database, "-f", "-"],
            input=sql, text=True, capture_output=True, timeout=60, check=False,
            env={**os.environ, "PGPASSWORD": SUPERUSER_PASSWORD, "PGCLIENTENCODING": "UTF8"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for all tests of the session."""
    programs = _programs()
    if programs is None:
        pytest.skip("NO POSTGRESQL ON THIS MACHINE: what is read from a database is not tested here")
    with _cluster(programs) as server:
        yield server


def free_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path | None:
    """The folder of the server's programs: the wanted version, else the newest, else what the path has."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: (folder.parent.name == WANTED, folder.parent.name.zfill(3)),
    )
    on_path = shutil.which("postgres")
    folders = [*reversed(installed), *([Path(on_path).resolve().parent] if on_path else [])]
    needed = ("postgres", "initdb", "psql")
    return next((folder for folder in folders if all((folder / name).exists() for name in needed)), None)


@contextmanager
def _cluster(programs: Path) -> Iterator[Server]:
    """Make a cluster, run it, and remove it. It refuses to run as root: there it runs as the account `postgres`."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not below tmp_path: the other account must reach it
    process = None
    try:
        secret = folder / "superuser"
        secret.write_text(SUPERUSER_PASSWORD, encoding="utf-8")
        if account:
            for path in (folder, secret):
                shutil.chown(path, account, account)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync",
             "-A", "scram-sha-256", f"--pwfile={secret}"],
            check=True, capture_output=True, timeout=60, cwd=folder, **_as(account),
        )  # fmt: skip
        port = free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port), "-h", "127.0.0.1",
                 "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c", "max_connections=20"],
                stdout=log, stderr=log, cwd=folder, **_as(account),
            )  # fmt: skip
        server = Server(programs, folder, port)
        _wait(server, process)
        yield server
    finally:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no account `postgres` to run it")


def _as(account: str | None) -> dict[str, object]:
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            server.run("SELECT 1")
        except AssertionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{(server.folder / 'log').read_text(errors='replace')[-2000:]}")
