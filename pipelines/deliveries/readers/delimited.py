"""CSV and TSV: one record at a time, so that the memory needed does not know the size of the file.

RFC 4180 quoting with the contract's delimiter. An empty line holds no record; a quoted cell may span lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from pipelines.deliveries.readers.part import LONGEST_CELL, Part, Unreadable, header_of, whole_text
from pipelines.deliveries.readers.text import Lines
from schemas.contracts import CsvFormat


def read(form: CsvFormat, file: Path) -> Iterator[Part]:
    """The one part of a delimited file. Raises `Unreadable`, also while the records are walked."""
    lines = Lines(file, form.encoding)
    walk = iter(lines)
    first = _first_line(form, lines, walk)
    records = _records(form, lines, chain([first], walk))
    header, cut = next(records)
    names = header_of(header, numbered=form.repeated_headers == "numbered")
    # a header that is cut off is the whole file, and its missing columns say more than its missing end
    yield Part("", names, records if cut is None else iter(()))


def _first_line(form: CsvFormat, lines: Lines, walk: Iterator[str]) -> str:
    """The line in which the header begins: the agreed one, or the next that is not blank."""
    blank = True
    for line in walk:
        lines.held = 0
        if line.strip():
            if lines.number >= form.header_row:
                return line
            blank = False
    if blank:
        raise Unreadable("empty_file")
    raise Unreadable("no_header", row=form.header_row)


def _records(form: CsvFormat, lines: Lines, walk: Iterator[str]) -> Iterator[tuple[list[str], str | None]]:
    """Header and records, each held back until the next one shows that it was not the last.

    The last is cut off where the publisher ends each line and this file's last line has no end.
    """
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(walk, delimiter=form.delimiter, quotechar=form.quote, strict=True)
    count, started, waiting = 0, lines.number, None
    try:
        for cells in reader:
            if cells:
                if waiting is not None:
                    yield waiting, None
                count += 1
                waiting = cells
                if lines.stretched:
                    waiting = [whole_text(cell) for cell in cells]
                    lines.stretched = False
            started, lines.held = lines.number + 1, 0
    except csv.Error as error:
        raise _broken(str(error), max(count, 1), started) from None
    if waiting is not None:
        cut = form.final_newline and not lines.last.endswith(("\n", "\r"))
        yield waiting, "truncated_record" if cut else None


def _broken(error: str, record: int, line: int) -> Unreadable:
    if "unexpected end of data" in error:
        return Unreadable("unclosed_quote", record=record, line=line)
    if "field limit" in error:
        return Unreadable("cell_too_long", record=record, maximum=LONGEST_CELL)
    return Unreadable("broken_quoting", record=record, line=line)
