"""Which sheets of a workbook hold the table, and where its header stands.

Belongs here: asking the child process for a sheet under one format after another until the answer makes sense; nothing
of a workbook is opened in this process. Does not belong here: which of some rows is the header (`header`).
"""

from __future__ import annotations

import glob
import html
import re
from dataclasses import dataclass

from illicit_flows.source.proposal.found import CannotPropose, Guess, Reader, Shape
from illicit_flows.source.proposal.header import (
    DEEPEST_HEADER,
    Row,
    header_at,
    is_group_row,
    is_half,
    repeats,
    titles_above,
    why_header,
)
from pipelines.deliveries.readers import Unreadable
from pipelines.deliveries.readers.part import name_of
from pipelines.deliveries.sandbox import Read
from schemas.contracts import CsvFormat, XlsxFormat, ZipFormat


@dataclass
class _Sheet:
    """A sheet that holds a table, and where its header was found."""

    name: str
    form: XlsxFormat
    names: tuple[str, ...]
    n_rows: int
    evidence: str
    titles: list[str]
    n_merged: int
    """Cells below the header that are part of a merged one."""

    @property
    def shape(self) -> tuple[int, frozenset[str]]:
        return self.form.header_row, frozenset(self.names)


def sheet_names(read: Reader) -> list[str]:
    """Names of a workbook's sheets that are not hidden: from its own table of contents, read as a text in the child."""
    contents = CsvFormat(type="csv", encoding="utf-8", delimiter=" ", quote="\x01", final_newline=False)
    try:
        found = read(ZipFormat(type="zip", members="xl/workbook.xml", content=contents))
    except Unreadable:
        return []
    words = [" ".join(cells) for cells in (*found.headers.values(), *found.records["cells"].to_pylist())]
    sheets = re.findall(r"<(?:\w+:)?sheet\s([^>]*)>", " ".join(words))
    shown = [sheet for sheet in sheets if len(sheets) == 1 or "hidden" not in sheet.lower().split('state="')[-1]]
    named = [re.search(r'\bname="([^"]*)"', sheet) for sheet in shown]
    return [html.unescape(name.group(1)) for name in named if name]


def xlsx_shape(read: Reader, names: list[str]) -> Shape:
    """The sheets that have the header of the widest and longest one."""
    found = [sheet for name in names or ["*"] if (sheet := _sheet(read, name)) is not None]
    if not found:
        raise CannotPropose("no sheet with a header and rows below it was found")
    chief = max(found, key=lambda sheet: (len(set(sheet.names)), sheet.n_rows))
    same = [sheet for sheet in found if sheet.shape == chief.shape]
    others = [name for name in names if name not in {sheet.name for sheet in same}]
    globs = _sheet_globs([sheet.name for sheet in same])
    merged = sum(sheet.n_merged for sheet in same)
    rows = sum(sheet.n_rows for sheet in same)
    says = f"{len(same)} of {len(names) or 1} sheets have this header, with {rows} rows"
    row = chief.form.header_row
    guesses = [
        Guess("sheets", ", ".join(globs), says, sure=not others),
        Guess("header_row", str(row), chief.evidence, sure=row == 1),
    ]
    if chief.form.header_rows == 2:
        why = "neither of two rows has a name for each column, both together do"
        guesses.append(Guess("header_rows", "2", why, sure=False))
    if merged:
        guesses.append(Guess("merged", "fill", f"{merged} cells below the header are part of a merged one", sure=False))
    to_do = [
        f"the sheet {sheet.name!r} ({sheet.n_rows} rows) has another header and is not read: it may need a contract of "
        "its own" for sheet in found if sheet not in same and sheet.n_rows > 2
    ]  # fmt: skip
    merging = "fill" if merged else "blank"
    form = chief.form.model_copy(update={"sheets": globs, "merged": merging, "left_out": "refused"})
    return Shape(form, guesses, to_do, chief.titles)


def _sheet(read: Reader, name: str) -> _Sheet | None:
    """Where a sheet's header stands, or None for one that holds no table."""
    base = XlsxFormat(type="xlsx", sheets=["*" if name == "*" else glob.escape(name)], left_out="ignored")

    def at(row: int, height: int = 1, merged: str = "blank") -> tuple[tuple[str, ...], list[list[str]]] | None:
        """Header and rows where the header ends in a row; None for a row without any text."""
        try:
            found = read(base.model_copy(update={"header_row": row, "header_rows": height, "merged": merged}))
        except Unreadable as fault:
            if fault.rule_id == "no_header_in_sheet":
                return None
            raise
        return first_part(found)

    top, first = next(((row, found) for row in range(1, DEEPEST_HEADER) if (found := at(row))), (0, None))
    if first is None or not first[1]:
        return None
    rows = [list(first[0]), *first[1]]
    place = header_at(rows)
    if place is None:
        return None
    # blank rows are not read, so that the header's number is looked for
    numbers = range(top + place, top + place + DEEPEST_HEADER)
    row = next((number for number in numbers if (found := at(number)) and _same_names(rows[place], found[0])), 0)
    if not row:
        return None
    above, height = rows[place - 1] if place else [], 1
    if is_half(rows[place], rows[place + 1]) and place + 2 < len(rows):
        row, height = row + 1, 2
    elif is_group_row(above) and (over := at(row - 1)) and _same_names(above, over[0]):
        height = 2
    blank, filled = at(row, height), at(row, height, "fill")
    assert blank is not None
    assert filled is not None
    merged = sum(
        one != other for plain, full in zip(blank[1], filled[1], strict=False)
        for one, other in zip(plain, full, strict=False)
    )  # fmt: skip
    form = base.model_copy(update={"header_row": row, "header_rows": height, "repeated_headers": repeats(blank[0])})
    titles = list(dict.fromkeys(titles_above(rows, place)))
    return _Sheet(name, form, blank[0], len(blank[1]), why_header(rows, place), titles, merged)


def first_part(found: Read) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and rows of the first sheet or member."""
    part, header = next(iter(found.headers.items()))
    rows = zip(found.records["part"].to_pylist(), found.records["cells"].to_pylist(), strict=True)
    return header, [cells for own, cells in rows if own == part]


def _same_names(row: Row, header: Row) -> bool:
    """Whether a row, read as a header, gives that header: a merged name then stands over each of its columns."""
    names = [name_of(cell) for cell in row]
    padded = [*header, *[""] * len(names)]
    return any(names) and all(name in ("", at) for name, at in zip(names, padded, strict=False))


def _sheet_globs(names: list[str]) -> list[str]:
    """A pattern that fits next year's sheets too, where the names differ by a year; else the names."""
    if names == ["*"]:
        return names
    return sorted({re.sub(r"(19|20)[0-9]{2}", "[12][0-9][0-9][0-9]", glob.escape(name)) for name in names})
