"""XLSX: the sheets that the contract names, each a part; dates and numbers as text in ISO form.

A formula is never worked out: its cell is the value that the writing program left in it. Links to other files are not
followed, and an XML part that defines entities is refused before it is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from itertools import repeat
from pathlib import Path
from typing import Any

import python_calamine

from pipelines.deliveries.readers.container import OLE, ZIP, members, unpacked
from pipelines.deliveries.readers.part import LONGEST_CELL, Part, Unreadable, header_of, name_of, plain_number, shown
from schemas.contracts import XlsxFormat

Merged = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of a merged range, each as row and column counted from 0."""
BROKEN = "not_a_workbook"
DEFINITIONS = tuple(
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16-le", "utf-16-be")
)
OVERLAP = max(map(len, DEFINITIONS))
WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
ABOVE = " / "
"""Between the texts of a header of several rows."""


def read(form: XlsxFormat, file: Path) -> Iterator[Part]:
    """The sheets that match, in the workbook's order. Raises `Unreadable`."""
    check(file)
    yield from _sheets(form, file)


@contextmanager
def _understood() -> Iterator[None]:
    """What the parser says of a damaged workbook, as our rule."""
    try:
        yield
    except python_calamine.PasswordError:
        raise Unreadable("protected_file") from None
    except (python_calamine.CalamineError, ValueError, OverflowError, OSError):
        raise Unreadable(BROKEN) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the parser's language; no class of Python's
            raise Unreadable(BROKEN) from None
        raise


def check(file: Path) -> None:
    """What the workbook must be before its XML is parsed. Raises `Unreadable`."""
    with file.open("rb") as content:
        head = content.read(len(OLE))
    if not head:
        raise Unreadable("empty_file")
    if head == OLE:
        raise Unreadable("protected_file")
    if not head.startswith(ZIP):
        raise Unreadable(BROKEN)
    inside = members(file, BROKEN)
    names = [member.filename.lower() for member in inside]
    if not any(name.startswith("xl/workbook") and name.endswith(".xml") for name in names):
        raise Unreadable(BROKEN)
    for member in inside:
        before = b""
        for block in unpacked(file, member, BROKEN):
            if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                stretch = before + block
                if any(word in stretch for word in DEFINITIONS):
                    raise Unreadable("entities_inside")
                before = stretch[-OVERLAP:]


def _sheets(form: XlsxFormat, file: Path) -> Iterator[Part]:
    with _understood():
        workbook = python_calamine.load_workbook(str(file))
    with workbook:
        sheets = [(number, name_of(sheet.name), sheet.typ) for number, sheet in enumerate(workbook.sheets_metadata)]
        wanted = [(number, name) for number, name, kind in sheets if kind == WORKSHEET and _named(form, name)]
        if not wanted:
            raise Unreadable("no_sheet", sheets=", ".join(form.sheets))
        headers = set()
        for number, name in wanted:
            with _understood():
                sheet = workbook.get_sheet_by_index(number)
            part = _part(form, name, sheet)
            headers.add(part.header)
            yield part
        for number, name, kind in sheets:
            if form.left_out == "refused" and kind == WORKSHEET and (number, name) not in wanted:
                with _understood():
                    sheet = workbook.get_sheet_by_index(number)
                if _header_of(form, name, sheet) in headers:
                    raise Unreadable("sheet_left_out", sheet=name, sheets=", ".join(form.sheets))


def _header_of(form: XlsxFormat, name: str, sheet: python_calamine.CalamineSheet) -> tuple[str, ...] | None:
    """The header that a sheet would have if it were a part; a sheet of data under another name would else be lost."""
    try:
        return _part(form, name, sheet).header
    except Unreadable:
        return None


@dataclass(frozen=True)
class Sheet:
    """A sheet as it was sent, also if no record is read from it: for a copy that shows its sender what became of it."""

    name: str
    is_part: bool
    is_shown: bool
    left: int
    """Columns that stand empty before the first cell of each row."""
    merged: list[Merged]
    rows: Iterator[tuple[int | None, list[str], str]]
    """Every row from the first on: the number of its record, its cells as text, and a letter for the kind of each."""


def as_sent(form: XlsxFormat, file: Path) -> Iterator[Sheet]:
    """All sheets with cells, in the workbook's order, each to be walked before the next. Raises `Unreadable`."""
    check(file)
    with _understood():
        workbook = python_calamine.load_workbook(str(file))
    with workbook:
        for number, about in enumerate(workbook.sheets_metadata):
            if about.typ != WORKSHEET:
                continue
            with _understood():
                sheet = workbook.get_sheet_by_index(number)
            name = name_of(about.name)
            is_part = _named(form, name)
            left = sheet.start[1] if sheet.start else 0
            yield Sheet(
                name,
                is_part,
                about.visible == python_calamine.SheetVisibleEnum.Visible,
                left,
                list(sheet.merged_cell_ranges or ()),
                zip(
                    _numbers(form, sheet, left) if is_part else repeat(None),
                    _texts(_rows(sheet)),
                    ("".join(map(_kind, row)) for row in _rows(sheet)),
                    strict=False,
                ),
            )


def _numbers(form: XlsxFormat, sheet: python_calamine.CalamineSheet, left: int) -> Iterator[int | None]:
    """For every row of a sheet the number that `read` gives its record; None where it gives none."""
    rows = _texts(_rows(sheet))
    for _ in zip(range(form.header_row), rows, strict=False):
        yield None
    if form.merged == "fill":
        below = [ends for ends in _within(sheet, left) if ends[1][0] >= form.header_row]
        rows = _filled(rows, below, form.header_row)
    number = 0
    for row in rows:
        number += _holds(row)
        yield number if _holds(row) else None


def _kind(cell: object) -> str:
    """t text, n number, b yes or no, d a day, m a moment, c a time of day."""
    if isinstance(cell, bool):
        return "b"
    if isinstance(cell, (int, float)):
        return "n"
    if isinstance(cell, datetime):
        return "m" if cell.time() != time.min else "d"
    return "d" if isinstance(cell, date) else "c" if isinstance(cell, time) else "t"


def _named(form: XlsxFormat, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in form.sheets)


def _part(form: XlsxFormat, name: str, sheet: python_calamine.CalamineSheet) -> Part:
    merged = _within(sheet, sheet.start[1] if sheet.start else 0)
    rows = _texts(_rows(sheet))
    top = form.header_row - form.header_rows
    above = [row for number, row in zip(range(form.header_row), rows, strict=False) if number >= top]
    if not any(cell.strip() for row in above for cell in row):
        raise Unreadable("no_header_in_sheet", row=form.header_row, sheet=shown(name))
    names = _joined(above, merged, top)
    while names and not names[-1]:
        names.pop()
    header = header_of(names, numbered=form.repeated_headers == "numbered")
    if form.merged == "fill":
        rows = _filled(rows, [ends for ends in merged if ends[1][0] >= form.header_row], form.header_row)
    return Part(name, header, _records(rows, len(header)))


def _within(sheet: python_calamine.CalamineSheet, left: int) -> list[Merged]:
    """The merged ranges inside the cells that are read, with columns counted from the first of these."""
    return [
        ((first[0], max(first[1] - left, 0)), (last[0], min(last[1] - left, sheet.width - 1)))
        for first, last in sheet.merged_cell_ranges or ()
        if last[1] >= left and first[1] < left + sheet.width
    ]


def _joined(above: list[list[str]], merged: list[Merged], top: int) -> list[str]:
    """One name a column: the texts above each other; a merged text stands over each of its columns, and once."""
    for (first, left), (last, right) in merged:
        if not top <= first < top + len(above):
            continue
        text = above[first - top][left]
        for row in range(first, min(last + 1, top + len(above))):
            for column in range(left, right + 1):
                above[row - top][column] = text if row == first else ""
    return [ABOVE.join(name for text in column if (name := name_of(text))) for column in zip(*above, strict=True)]


def _records(rows: Iterator[list[str]], width: int) -> Iterator[tuple[list[str], str | None]]:
    """Rows that hold anything. A cell beyond the header counts only if something stands in it."""
    for row in rows:
        if _holds(row):
            while len(row) > width and not row[-1]:
                row.pop()
            row.extend([""] * (width - len(row)))
            yield row, None


def _holds(row: list[str]) -> bool:
    return any(cell and not cell.isspace() for cell in row)


def _filled(rows: Iterator[list[str]], merged: list[Merged], first_row: int) -> Iterator[list[str]]:
    """Each cell of a merged range gets the text of its first; ranges are taken in the order of their rows."""
    waiting = sorted(merged, reverse=True)
    active: list[tuple[Merged, str]] = []
    for number, row in enumerate(rows, start=first_row):
        while waiting and waiting[-1][0][0] <= number:
            ends = waiting.pop()
            if ends[0][0] == number:
                active.append((ends, row[ends[0][1]]))
        active = [(ends, text) for ends, text in active if ends[1][0] >= number]
        for ((_, left), (_, right)), text in active:
            row[left : right + 1] = [text] * (right + 1 - left)
        yield row


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[list[Any]]:
    with _understood():
        yield from sheet.iter_rows()


def _texts(rows: Iterator[list[Any]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows, start=1):
        texts = [cell if cell.__class__ is str else _text(cell) for cell in row]
        if max(map(len, texts), default=0) > LONGEST_CELL:
            raise Unreadable("cell_too_long", record=number, maximum=LONGEST_CELL)
        yield texts


def _text(cell: object) -> str:
    """A typed cell as text: ISO dates with a time only where there is one, numbers without exponent."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return plain_number(cell)
    if isinstance(cell, datetime):
        return (cell.date() if cell.time() == time.min else cell).isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return plain_number(cell.total_seconds())
    return str(cell)
