"""The floor that all layers share: where things lie, how they are written, and how tables are opened.

Belongs here: the home directory's layout, atomic writes, the lock, DuckDB connections over Parquet, and the one
function that writes a table. Does not belong here: anything that knows what a table means.

Between steps there is only Parquet, written to a temporary name and moved into place. DuckDB runs in memory; no step
opens a DuckDB file that another process may have open.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from schemas.contracts import TableContract
from schemas.registry import Registry
from schemas.render import TYPES, ddl, literal, quoted
from schemas.views import VIEWS

Connection = duckdb.DuckDBPyConnection
MEMORY_LIMIT = "1200MB"
THREADS = 2
WHOLE = "all"
"""File name of a table that is not partitioned."""


class StoreError(Exception):
    """A table's rows do not keep its contract's columns or keys. Names columns and counts, never values."""


class Busy(Exception):
    """Another run holds the lock of this home: worth a retry."""


@dataclass(frozen=True)
class Home:
    """The directory that holds everything that is made; nothing is kept outside it."""

    root: Path

    @classmethod
    def at(cls, path: Path | str) -> Home:
        return cls(Path(path).expanduser().resolve())

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def deliveries(self) -> Path:
        return self.root / "deliveries"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def decisions(self) -> Path:
        """What people decided: append-only files that no run writes."""
        return self.root / "decisions"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def quality(self) -> Path:
        return self.root / "quality"

    @property
    def model(self) -> Path:
        """Evidence of the route model in use, and the scores by which it came in."""
        return self.root / "model"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    def make(self) -> Home:
        """Create the directories that every run needs."""
        for folder in (self.deliveries, self.tables, self.releases, self.runs, self.scratch, self.dagster):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def table_file(self, table: TableContract, partition: str | None = None) -> Path:
        return self.tables / table.layer / table.name / f"{partition or WHOLE}.parquet"


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home's lock; the kernel frees it when the process ends, however it ends. Raises `Busy`."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another run is at work in {home.root}") from None
        yield


def clear_scratch(home: Home) -> None:
    """Remove what a killed run left half-written."""
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True, exist_ok=True)


def write_bytes(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the whole of it or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def copy_file(source: Path, target: Path, *, sha256: str, mode: int = 0o644) -> bool:
    """Copy a file so that a reader sees the whole of it or nothing of it; False if it no longer has its hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as stream:
        shutil.copyfileobj(read, stream, 1024**2)
        stream.flush()
        os.fsync(stream.fileno())
    if sha256_of(temporary) != sha256:
        temporary.unlink()
        return False
    os.replace(temporary, target)
    return True


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def connect(home: Home, registry: Registry, tables: Iterable[str] = ()) -> Connection:
    """An in-memory DuckDB with a view for each named table (`layer.name`), over its Parquet files.

    It installs and loads no extension and keeps its spill files below the home.
    """
    con = duckdb.connect(
        config={
            "threads": THREADS,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(home.scratch / "duckdb"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    for name in tables:
        add_view(con, home, registry, name)
    return con


def add_view(con: Connection, home: Home, registry: Registry, name: str) -> None:
    """Open a table or view as a view `layer.name`; a table without files is empty, in its contract's shape."""
    if name in VIEWS:
        for read in VIEWS[name].of:
            add_view(con, home, registry, read)
        con.execute(f"CREATE OR REPLACE VIEW {name} AS {VIEWS[name].query}")
        return
    table = registry.tables[name]
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.layer)}")
    files = table_files(home, registry, table)
    rows_of = f"SELECT * FROM read_parquet([{', '.join(literal(str(path)) for path in files)}])"
    if not files:
        columns = (f"CAST(NULL AS {sql_type(registry, column)}) AS {quoted(column)}" for column in table.fields)
        rows_of = f"SELECT {', '.join(columns)} WHERE false"
    con.execute(f"CREATE OR REPLACE VIEW {quoted(table.layer)}.{quoted(table.name)} AS {rows_of}")


def add_codes(con: Connection, registry: Registry, *names: str) -> None:
    """Open code lists as tables `codes.<name>`, all columns as text."""
    con.execute("CREATE SCHEMA IF NOT EXISTS codes")
    for name in names:
        con.register("_codes", pl.DataFrame([dict(row) for row in registry.codes[name].rows]))
        con.execute(f"CREATE OR REPLACE TABLE codes.{quoted(name)} AS SELECT * FROM _codes")
        con.unregister("_codes")


def table_files(home: Home, registry: Registry, table: TableContract) -> list[Path]:
    """The Parquet files of a table: one, or one for each source that has a contract."""
    partitions = sorted(registry.sources) if table.partitioned_by_source else [None]
    return [path for path in (home.table_file(table, partition) for partition in partitions) if path.exists()]


def rows(con: Connection, query: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return con.execute(query, params).fetchall() if params else con.execute(query).fetchall()


def frame(con: Connection, query: str) -> pl.DataFrame:
    """A query's result as a Polars frame."""
    table: pl.DataFrame = con.sql(query).pl()
    return table


def sql(package_file: str, name: str) -> str:
    """Text of the `.sql` file that lies beside a step."""
    return (Path(package_file).parent / f"{name}.sql").read_text(encoding="utf-8")


def write_frame(
    con: Connection, home: Home, registry: Registry, name: str, rows_in: pl.DataFrame, *, partition: str | None = None
) -> int:
    """Write a Polars frame as a table; see `write_query`."""
    table = registry.tables[name]
    con.register("_frame", rows_in)
    columns = ", ".join(
        f"map_from_entries({quoted(column)}) AS {quoted(column)}"
        if column in registry.fields and registry.fields[column].type == "words"
        else quoted(column)
        for column in rows_in.columns
    )
    try:
        return write_query(con, home, registry, table.qualified, f"SELECT {columns} FROM _frame", partition=partition)
    finally:
        con.unregister("_frame")


def write_query(
    con: Connection,
    home: Home,
    registry: Registry,
    name: str,
    query: str,
    params: Mapping[str, Any] | None = None,
    *,
    partition: str | None = None,
) -> int:
    """Write a query's rows as a table and return their number.

    The rows are cast to the contract's types, missing values and ranges are enforced, the foreign keys are checked by a
    query; then the rows are sorted by the key and written to a temporary name, where a repeated key stands beside its
    like; and the file is moved into place.
    Raises `StoreError` where the columns differ from the contract's or a key does not hold.
    """
    table = registry.tables[name]
    con.execute("DROP TABLE IF EXISTS _out")
    con.execute(_without_comments(ddl(registry, table, "_out")))
    _check_columns(con, table, query, params)
    try:
        con.execute(f"INSERT INTO _out BY NAME {query}", params) if params else con.execute(
            f"INSERT INTO _out BY NAME {query}"
        )
    except duckdb.ConstraintException as error:
        raise StoreError(f"{name}: {str(error).splitlines()[0]}") from None
    except (duckdb.ConversionException, duckdb.OutOfRangeException):  # the engine's words hold the value
        raise StoreError(f"{name}: a value does not fit the type of its column") from None
    _check_foreign_keys(con, home, registry, table)
    target = home.table_file(table, partition)
    target.parent.mkdir(parents=True, exist_ok=True)
    home.scratch.mkdir(parents=True, exist_ok=True)
    temporary = home.scratch / f"{name}.{partition or WHOLE}.{os.getpid()}.parquet"
    order = ", ".join(quoted(column) for column in table.primary_key)
    con.execute(
        f"COPY (SELECT * FROM _out ORDER BY {order}) TO {literal(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
    )
    (written,) = rows(con, "SELECT count(*) FROM _out")[0]
    con.execute("DROP TABLE _out")
    _check_key(con, table, temporary)
    os.replace(temporary, target)
    return int(written)


def remove_table(home: Home, registry: Registry, name: str, *, partition: str) -> int:
    """Take one source's file of a table away, where the source has nothing (any more); returns its rows, none."""
    home.table_file(registry.tables[name], partition).unlink(missing_ok=True)
    return 0


def _check_columns(con: Connection, table: TableContract, query: str, params: Mapping[str, Any] | None) -> None:
    probe = f"SELECT * FROM ({query}) LIMIT 0"
    con.execute(probe, params) if params else con.execute(probe)
    found = [column[0] for column in con.description or []]
    con.fetchall()
    extra, missing = sorted(set(found) - set(table.fields)), sorted(set(table.fields) - set(found))
    if extra or missing:
        raise StoreError(f"{table.qualified}: columns not in the contract: {extra}; missing: {missing}")


def _check_key(con: Connection, table: TableContract, sorted_file: Path) -> None:
    """Raise `StoreError` where a row of a file that is sorted by the key has the key of the row before."""
    columns = [quoted(column) for column in table.primary_key]
    same = " AND ".join(f"{column} = lag({column}) OVER ()" for column in columns)
    (repeated,) = rows(
        con, f"SELECT count(*) FROM (SELECT {same} AS same FROM read_parquet({literal(str(sorted_file))})) WHERE same"
    )[0]
    if repeated:
        sorted_file.unlink()
        raise StoreError(f"{table.qualified}: {repeated} rows repeat the key ({', '.join(columns)})")


def _check_foreign_keys(con: Connection, home: Home, registry: Registry, table: TableContract) -> None:
    for foreign in table.foreign_keys:
        add_view(con, home, registry, foreign.table)
        here = ", ".join(quoted(column) for column in foreign.columns)
        there = ", ".join(quoted(column) for column in foreign.references)
        parent = ".".join(quoted(part) for part in foreign.table.split("."))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in foreign.columns)
        lost = f"SELECT DISTINCT {here} FROM _out WHERE {filled} EXCEPT SELECT {there} FROM {parent}"
        (orphans,) = rows(con, f"SELECT count(*) FROM ({lost})")[0]
        if orphans:
            raise StoreError(f"{table.qualified}: {orphans} values of ({here}) are not in {foreign.table}")


def _without_comments(statements: str) -> str:
    return statements.split(";\n", 1)[0].replace("CREATE TABLE", "CREATE TEMP TABLE", 1)


def sql_type(registry: Registry, field: str) -> str:
    """DuckDB type of a field."""
    return TYPES[registry.fields[field].type].sql
