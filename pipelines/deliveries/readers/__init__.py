"""Readers: a delivered file becomes parts of text records, under the format that its contract states.

Belongs here: one module for each format, and the table that finds it; a new format is one module and one line here.
Does not belong here: what a cell means (`staging`), or the limits under which a reader runs (`sandbox`). Nothing is
sniffed: a file that is not of its contract's format is refused with a rule that its sender can act on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from pipelines.deliveries.readers import archive, delimited, objects, parquet, workbook
from pipelines.deliveries.readers.part import MOST_PARTS, Part, Unreadable
from schemas.contracts import FileFormat

__all__ = ["READERS", "Part", "Reader", "Unreadable", "read_parts"]

Reader = Callable[[Any, Path], Iterator[Part]]
"""Takes the contract's format (of the reader's own type) and the file."""

PLAIN: Mapping[str, Reader] = {
    "csv": delimited.read,
    "json": objects.read,
    "ndjson": objects.read_lines,
    "xlsx": workbook.read,
    "parquet": parquet.read,
}


def read_parts(form: FileFormat, file: Path) -> Iterator[Part]:
    """The parts of a file, each to be walked before the next is asked for. Raises `Unreadable`, at any step."""
    for number, part in enumerate(READERS[form.type](form, file), start=1):
        if number > MOST_PARTS:
            raise Unreadable("too_large_inside")
        yield part


def read_as_sent(form: FileFormat, file: Path) -> Iterator[workbook.Sheet]:
    """Every row of a workbook or a Parquet file, also what no contract asks for. Raises `Unreadable`."""
    if form.type == "xlsx":
        yield from workbook.as_sent(form, file)
        return
    for part in read_parts(form, file):
        header = [(None, list(part.header), "")]
        records = ((number, cells, "") for number, (cells, _) in enumerate(part.records, start=1))
        yield workbook.Sheet(part.name, True, True, 0, [], chain(header, records))


READERS: Mapping[str, Reader] = {
    **PLAIN,
    "postgres": parquet.read,
    "zip": partial(archive.read, read_member=lambda form, file: PLAIN[form.type](form, file)),
}
"""By the contract's `format.type`."""
