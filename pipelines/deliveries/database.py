"""Takes a snapshot of a publisher's PostgreSQL table or view: a Parquet file of text, which then is the delivery.

Belongs here: the connection, the checks of the account, and the bytes of the snapshot. Does not belong here: keeping
it (`receive`), or reading it (`readers`, which read it as any Parquet file).

Equal content makes equal bytes: the server turns every value into text under fixed settings and sorts by all columns,
and the file is written in row groups of a fixed size. So a register that has not changed is a delivery that is known.

What the driver and the server say is never passed on, in an error or elsewhere: it may hold a piece of the connection
string or a value of a row. An error is told by its SQLSTATE, in words of our own.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.store import sql
from schemas.contracts import PostgresFormat
from schemas.registry import Registry

MOST_ROWS = 5_000_000
MOST_BYTES = 2 * 1024**3
STATEMENT_SECONDS = 600
ROW_GROUP = 65_536
ROW_GROUP_BYTES = 256 * 1024**2
"""What one row group may hold, and so the memory that a snapshot takes."""
BATCH_BYTES = 4 * 1024**2

READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
SESSION = (
    ("search_path", ""),
    ("client_encoding", "UTF8"),  # the driver does not set it, and takes for UTF-8 what comes
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "iso_8601"),
    ("extra_float_digits", "3"),
    ("lc_monetary", "C"),
    ("bytea_output", "hex"),
    ("idle_in_transaction_session_timeout", "60s"),
)
"""All that the text of a value depends on, for the one transaction; the account's own settings have no say."""
CONNECTION = {
    "connect_timeout": "15",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "fallback_application_name": "illicit-flows",
}
"""libpq parameters where the operator states none: a server that is gone is noticed within a minute."""
PARQUET: dict[str, Any] = {
    "version": "2.6", "compression": "zstd", "compression_level": 3, "use_dictionary": True, "write_statistics": True,
    "data_page_version": "1.0", "data_page_size": 1024**2, "dictionary_pagesize_limit": 1024**2, "store_schema": False,
}  # fmt: skip

STATES = {
    "22021": "the database holds text that is no UTF-8 and whose encoding it does not know",
    "22P05": "the database holds text that cannot be given in UTF-8",
    "25006": "reading the relation would write to the database, and a snapshot only reads",
    "42501": "the account may not read all that the relation is made of",
    "42703": "a column went away while the relation was read",
    "42883": "the relation uses a function that is found by a search path alone; name its schema",
    "42P01": "the relation uses one that is gone, or that is found by a search path alone; name its schema",
    "57014": f"the relation was not read within {STATEMENT_SECONDS} seconds",
}
CONNECTING = (
    (r"authentication failed|no password supplied|pg_hba|role .* does not exist|not permitted to log in",
     "the server refuses the account, its password, or the place it comes from"),
    (r"database .* does not exist|permission denied for database", "the server has no such database for the account"),
    (r"certificate|sslmode|sslrootcert|support SSL|SSL error", "the encryption that the connection asks for fails"),
    (r"starting up|shutting down|recovery mode|too many|connection slots", "the server takes no connections just now"),
    (r"refused|translate host|timeout|timed out|unreachable|No route|No such file|closed the connection|terminat",
     "the server cannot be reached, or went away"),
)  # fmt: skip
"""What libpq says where there is no SQLSTATE, because no session was open or it is so no more."""
NOT_CONNECTED = "no connection was made; is the connection string right?"


class NoSnapshot(Exception):
    """The relation cannot be read, or must not be. Says why in a sentence that holds no secret and no value."""


@dataclass(frozen=True)
class Fetched:
    """A snapshot that was taken."""

    source_id: str
    file_name: str
    """Always the same for a source, so that a later snapshot stands in the place of an earlier one."""
    path: Path
    rows: int


@dataclass(frozen=True)
class Unreachable:
    """A source of which no snapshot could be taken, and why."""

    source_id: str
    reason: str


def fetch_all(registry: Registry, folder: Path) -> list[Fetched | Unreachable]:
    """Take a snapshot of every PostgreSQL source whose connection is configured, into `<folder>/<source>/`.

    A source without a connection in the environment is passed over; one that fails does not stop the others.
    """
    taken: list[Fetched | Unreachable] = []
    for source_id, source in sorted(registry.sources.items()):
        uri = os.environ.get(variable(source_id), "").strip()
        if not isinstance(source.format, PostgresFormat) or not uri:
            continue
        path = folder / source_id / f"{source.format.relation}.parquet"
        try:
            rows = snapshot(uri, source.format.relation, path, most=source.rows.max)
        except NoSnapshot as error:
            taken.append(Unreachable(source_id, str(error)))
        else:
            taken.append(Fetched(source_id, path.name, path, rows))
    return taken


def variable(source_id: str) -> str:
    """Name of the environment variable that holds a source's connection: a libpq URI, or key=value pairs."""
    return f"FLOWS_PG_{source_id.upper()}"


def snapshot(uri: str, relation: str, target: Path, *, most: int = MOST_ROWS) -> int:
    """Write a relation (`schema.name`) to a Parquet file of text columns, readable by the owner alone.

    Returns the number of rows. NULL stays NULL. Raises `NoSnapshot`, and then leaves `target` as it was.
    """
    from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]

    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with dbapi.connect(_with_defaults(uri)) as connection:
            statement = _checked_statement(connection, relation, most)
            rows = _copy(connection, statement, partial, most)
        os.replace(partial, target)
    except dbapi.Error as error:
        reason = _reason(error.sqlstate, str(error))
    except UnicodeError:  # carries the whole string that could not be encoded
        reason = NOT_CONNECTED
    except NoSnapshot as error:
        reason = str(error)
    else:
        return rows
    finally:
        partial.unlink(missing_ok=True)
    raise NoSnapshot(reason)  # outside of `except`: the driver's words must not hang on it as its context


def _with_defaults(uri: str) -> str:
    """The connection string with our defaults in front of what it states itself: of two, libpq takes the later."""
    scheme = re.match(r"postgres(?:ql)?://(?:[^@/]*@)?", uri)  # a password may hold a question mark
    if scheme is None:
        return " ".join([*(f"{name}={value}" for name, value in CONNECTION.items()), uri])
    place, _, stated = uri[scheme.end() :].partition("?")
    defaults = "&".join(f"{name}={value}" for name, value in CONNECTION.items())
    return f"{scheme.group()}{place}?{defaults}" + (f"&{stated}" if stated else "")


def _checked_statement(connection: Any, relation: str, most: int) -> str:
    """Set up the session, look at the account and the relation, and let the server compose the statement to run.

    Raises `NoSnapshot` where the account could change what it reads: a stolen password must be worth little.
    """
    schema, _, name = relation.partition(".")
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY)
        settings = (*SESSION, ("statement_timeout", f"{STATEMENT_SECONDS}s"))
        cursor.executemany("SELECT set_config($1, $2, true)", settings)
        cursor.execute(sql(__file__, "relation"), (schema, name, most + 1))
        is_superuser, is_there, is_readable, writes, may_read, binary, statement = cursor.fetchone()
    for refused, reason in (
        (is_superuser, "the account is a superuser, or can become one; give it an account that can only read"),
        (not is_there, f"the database has no {relation}"),
        (not is_readable, f"{relation} is neither a table nor a view"),
        (writes, f"the account can write to {relation}, owns it, or can take a role that does; it must only read"),
        (not may_read, f"the account may not read {relation}"),
        (statement is None, f"{relation} has no columns"),
        (binary, f"{relation} has binary columns ({binary}), which are no text; leave them out of the view"),
    ):
        if refused:
            raise NoSnapshot(reason)
    return str(statement)


def _copy(connection: Any, statement: str, path: Path, most: int) -> int:
    """Run the statement and write what comes, batch by batch."""
    with connection.cursor(adbc_stmt_kwargs={"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}) as cursor:
        began = time.monotonic()
        cursor.execute(statement)
        try:
            reader = cursor.fetch_record_batch()
            schema = pa.schema([(name, pa.string()) for name in reader.schema.names])
            return _write(_batches(reader, began, most), schema, path)
        except BaseException:
            with suppress(connection.Error):
                cursor.adbc_cancel()  # else closing the cursor first takes in all that is still to come
            raise


def _batches(reader: Any, began: float, most: int) -> Iterator[Any]:
    """The server's batches, as long as they keep the limits and are text."""
    rows = size = 0
    while True:
        try:
            batch = reader.read_next_batch()
            batch.validate(full=True)
        except StopIteration:
            return
        except pa.ArrowInvalid:
            raise NoSnapshot(STATES["22021"]) from None
        except OSError:  # the stream's own error, which has lost its SQLSTATE
            late = time.monotonic() - began >= STATEMENT_SECONDS
            broken = "the server broke off; a cell that the view cannot convert does that, or text that is no UTF-8"
            raise NoSnapshot(STATES["57014"] if late else broken) from None
        rows += batch.num_rows
        size += batch.nbytes
        if rows > most:
            raise NoSnapshot(f"the relation has more than {most} rows")
        if size > MOST_BYTES:
            raise NoSnapshot(f"the relation has more than {MOST_BYTES // 1024**2} MiB of text")
        yield batch


def _write(batches: Iterator[Any], schema: Any, path: Path) -> int:
    """Write batches in row groups of one size, whatever the sizes in which they come."""
    rows, waiting = 0, pa.table([[]] * len(schema), schema=schema)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream, pq.ParquetWriter(stream, schema, **PARQUET) as writer:
        for batch in batches:
            rows += batch.num_rows
            waiting = pa.concat_tables([waiting, pa.Table.from_arrays(batch.columns, schema=schema)])
            while waiting.num_rows >= ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
            if waiting.nbytes > ROW_GROUP_BYTES:
                raise NoSnapshot(
                    f"{waiting.num_rows} rows of the relation have {ROW_GROUP_BYTES // 1024**2} MiB of text"
                )
        if waiting.num_rows:
            writer.write_table(waiting.combine_chunks(), row_group_size=ROW_GROUP)
    return rows


def _reason(state: str | None, said: str) -> str:
    """Our own words for an error: by its SQLSTATE, or where it has none by the phrases that libpq uses."""
    if state is None:
        fitting = (reason for phrases, reason in CONNECTING if re.search(phrases, said))
        return next(fitting, NOT_CONNECTED)
    if state[:2] in {"08", "57"} and state != "57014":
        return "the server cannot be reached, or went away"
    return STATES.get(state, f"the server could not read the relation (SQLSTATE {state})")
