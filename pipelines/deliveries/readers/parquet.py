"""Parquet with columns of plain types, read as text, batch by batch. The file of a database's table is one of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from pipelines.deliveries.readers.part import (
    LONGEST_CELL,
    Part,
    TypedNumber,
    Unreadable,
    header_of,
    plain_number,
    shown,
)
from schemas.contracts import ParquetFormat, PostgresFormat

BROKEN = "not_parquet"
BATCH = 8_192
"""Rows."""
MOST_RECORDS = 100_000_000
"""More than all the world's seizure reports; a column of one repeated word can declare any number of rows."""
LARGEST_GROUP = 1024 * 1024 * 1024
"""Unpacked bytes of a row group, which other writers keep to 128 MiB."""


def read(_form: ParquetFormat | PostgresFormat, file: Path) -> Iterator[Part]:
    """The one part of a Parquet file. Raises `Unreadable`, also while the records are walked."""
    if file.stat().st_size == 0:
        raise Unreadable("empty_file")
    with _understood():
        table = pq.ParquetFile(file, memory_map=False, pre_buffer=False, page_checksum_verification=True)
        _check(table)
        names = header_of(table.schema_arrow.names)
    with table:
        yield Part("", names, _records(table))


@contextmanager
def _understood() -> Iterator[None]:
    """What the parser says of a damaged file, as our rule. Memory that is not there is another matter."""
    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError):
        raise Unreadable(BROKEN) from None


def _check(table: pq.ParquetFile) -> None:
    about = table.metadata
    if about.num_rows < 0 or about.num_rows > MOST_RECORDS:
        raise Unreadable("too_large_inside")
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    if any(group.total_byte_size > LARGEST_GROUP for group in groups):
        raise Unreadable("too_large_inside")
    if sum(group.num_rows for group in groups) != about.num_rows:
        raise Unreadable(BROKEN)
    nested = [shown(field.name) for field in table.schema_arrow if not _plain(field.type)]
    if nested:
        raise Unreadable("not_plain_column", columns=", ".join(nested[:20]))


def _plain(kind: pa.DataType) -> bool:
    if types.is_dictionary(kind):
        return _plain(kind.value_type)
    return any(test(kind) for test, _ in TEXTS)


def _records(table: pq.ParquetFile) -> Iterator[tuple[list[str], str | None]]:
    number = 0
    for columns in _batches(table):
        for cells in zip(*columns, strict=True):
            number += 1
            if max(map(len, cells)) > LONGEST_CELL:
                raise Unreadable("cell_too_long", record=number, maximum=LONGEST_CELL)
            if "\0" in "".join(cells):
                raise Unreadable("nul_character", record=number)
            yield list(cells), None


def _batches(table: pq.ParquetFile) -> Iterator[list[list[str]]]:
    with _understood():
        for batch in table.iter_batches(batch_size=BATCH, use_threads=False):
            yield [_texts(column) for column in batch.columns]


def _texts(column: pa.Array) -> list[str]:
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    as_text = next(text for test, text in TEXTS if test(column.type))
    return ["" if value is None else as_text(value) for value in column.to_pylist()]


def _moment(value: datetime) -> str:
    return value.isoformat() if any((value.hour, value.minute, value.second, value.microsecond)) else _day(value)


def _day(value: date) -> str:
    return value.strftime("%Y-%m-%d") if not isinstance(value, datetime) else value.date().isoformat()


TEXTS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], str]], ...] = (
    (types.is_string, str),
    (types.is_large_string, str),
    (types.is_boolean, lambda value: "true" if value else "false"),
    (types.is_integer, TypedNumber),
    (types.is_floating, plain_number),
    (types.is_decimal, lambda value: TypedNumber(format(value, "f"))),
    (types.is_date, _day),
    (types.is_timestamp, _moment),
    (types.is_time, lambda value: value.isoformat()),
    (types.is_null, str),
)
"""The plain types, and how a value of each is written."""
