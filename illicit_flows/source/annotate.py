"""A copy of a delivered file with a word on each row: what became of it, and why.

Belongs here: the copy in each format, with every row, column and sheet where its sender put it. Does not belong here:
what the words are (`receipt`). The copy holds all that the file held, so it is for its sender alone.

Workbooks and Parquet are parsed in the confined child alone. Text is walked again here: the child has read it to its
end before, within its limits.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.deliveries.readers.container import members, unpacked
from pipelines.deliveries.readers.part import LONGEST_CELL, name_of
from pipelines.deliveries.readers.text import Lines, decoded
from pipelines.deliveries.sandbox import Sent, read_as_sent_in_child
from schemas.contracts import CsvFormat, JsonFormat, NdjsonFormat, SourceContract, XlsxFormat, ZipFormat

Place = tuple[str, int]
"""Part and number of a record."""
ADDED = "_receipt"
"""The key that objects get in a copy of JSON."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that make a formula of a cell when a spreadsheet opens delimited text."""
NUMBER = re.compile(r"[+-]?[0-9][0-9.,'\s]*([eE][+-]?[0-9]+)?%?")
LONGEST_SHOWN = 32_767
"""Characters of a cell of a workbook."""
MOST_MERGED = 100_000
"""Cells of all merged ranges of a sheet; ranges beyond are not merged in the copy."""
MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - a day that never changes: the same delivery, the same bytes


@dataclass(frozen=True)
class Mark:
    """What became of one record."""

    status: str
    """quarantined, declared, or without: accepted, but for a value that was not understood."""
    reasons: tuple[str, ...]
    cells: Mapping[str, str] = field(default_factory=dict)
    """The sentence for each of its columns that is broken, or whose value was not understood."""


@dataclass(frozen=True)
class Marks:
    """What became of every record of a delivery, and the words to say so."""

    headers: Mapping[str, tuple[str, ...]]
    """By part."""
    of: Mapping[Place, Mark]
    """Records that are not here were accepted with all their values."""
    words: Mapping[str, str]
    """accepted, quarantined, declared and without, and the names of the two added columns: status, reasons."""

    def told(self, place: Place) -> tuple[str, str]:
        """Status and reasons of a record."""
        mark = self.of.get(place)
        return (self.words[mark.status], " ".join(mark.reasons)) if mark else (self.words["accepted"], "")

    @property
    def header(self) -> tuple[str, str]:
        return self.words["status"], self.words["reasons"]


@dataclass(frozen=True)
class Annotated:
    """The copy, and where in the file the marked records stand: line, or row of the sheet, from 1."""

    suffix: str
    """Of its form, where that is not the file's own."""
    content: bytes
    positions: dict[Place, int]


def annotate(source: SourceContract, file: Path, marks: Marks, *, scratch: Path, part: str = "") -> Annotated:
    """The copy of a delivery that was read to its end. `part` is the archive's member that the file is.

    Raises `Unreadable` where the file does not hold what it held when it was read.
    """
    form = source.format
    if isinstance(form, CsvFormat):
        return _delimited(form, file, marks, part)
    if isinstance(form, NdjsonFormat):
        return _json_lines(form, file, marks, part)
    if isinstance(form, JsonFormat):
        return _json(form, file, marks, part)
    if isinstance(form, ZipFormat):
        return _archive(source, form, file, marks, scratch)
    sent = read_as_sent_in_child(source, file, scratch=scratch)
    return _workbook(form, sent, marks, part) if isinstance(form, XlsxFormat) else _table(sent, marks, part)


# --- delimited text -----------------------------------------------------------------------------------------


def _delimited(form: CsvFormat, file: Path, marks: Marks, part: str) -> Annotated:
    """The same dialect and encoding, with two columns more. What stands above the header stays there."""
    with file.open(encoding=form.encoding, newline="") as text:
        first = text.readline()
    end = next((end for end in ("\r\n", "\n", "\r") if first.endswith(end)), "\n")
    width = max(len(cells) for record, _, cells in _csv_rows(form, file) if record is not None)
    copy = io.StringIO(newline="")
    copy.write("\ufeff" if first.startswith("\ufeff") else "")
    writer = csv.writer(copy, delimiter=form.delimiter, quotechar=form.quote, lineterminator=end)
    positions = {}
    for record, line, cells in _csv_rows(form, file):
        row = [harmless(cell) for cell in cells]
        if record is not None:
            place = (part, record)
            row += [""] * (width - len(row)) + list(marks.told(place) if record else marks.header)
            if place in marks.of:
                positions[place] = line
        writer.writerow(row)
    # the words of a receipt may need letters that a national encoding lacks; the file's own cells never do
    return Annotated("", copy.getvalue().encode(form.encoding, "replace"), positions)


def _csv_rows(form: CsvFormat, file: Path) -> Iterator[tuple[int | None, int, list[str]]]:
    """Number of the record (0 is the header), line and cells; what is neither has no number."""
    csv.field_size_limit(LONGEST_CELL)
    dialect: dict[str, Any] = {"delimiter": form.delimiter, "quotechar": form.quote}
    lines = Lines(file, form.encoding)
    walk = iter(lines)
    first = ""
    for first in walk:
        if first.strip() and lines.number >= form.header_row:
            break
        yield None, lines.number, next(csv.reader([first], **dialect), [])
        lines.held = 0
    record, line = 0, lines.number
    for cells in csv.reader(chain([first], walk), strict=True, **dialect):
        lines.held = 0
        yield (record if cells else None), line, cells
        record += bool(cells)
        line = lines.number + 1


def harmless(cell: str) -> str:
    """A cell of delimited text that no spreadsheet takes for a formula: one that begins so gets an apostrophe."""
    if not cell.lstrip(" ").startswith(FORMULA) or NUMBER.fullmatch(cell.strip()) or not cell.strip("-+ "):
        return cell
    return f"'{cell}"


def _table(sent: Sent, marks: Marks, part: str) -> Annotated:
    """A file without a form that people open, as CSV in UTF-8."""
    copy = io.StringIO(newline="")
    writer = csv.writer(copy, lineterminator="\r\n")
    for row in _rows_of(sent.rows):
        record = row["record"]
        told = marks.header if record is None else marks.told((part, record))
        writer.writerow([*map(harmless, row["cells"]), *told])
    positions = {place: place[1] for place in marks.of if place[0] == part}
    return Annotated(".csv", copy.getvalue().encode("utf-8-sig"), positions)


def _rows_of(rows: Any) -> Iterator[dict[str, Any]]:
    for batch in rows.to_batches():
        yield from batch.to_pylist()


# --- objects ------------------------------------------------------------------------------------------------


class _Literal(str):
    """A number as it was written."""

    __slots__ = ()


def _json(form: JsonFormat, file: Path, marks: Marks, part: str) -> Annotated:
    """The same document, each object of its list with one key more; numbers keep the text that they had."""
    document = json.loads(decoded(file, form.encoding), parse_float=_Literal, parse_int=_Literal)
    records = document
    for key in form.records.split(".") if form.records else ():
        records = next(value for name, value in records.items() if name_of(name) == key)
    named = f"{part}/{form.records}" if part and form.records else part or form.records
    for number, element in enumerate(records, start=1):
        element[ADDED] = _said(marks, (named, number))
    text = "\ufeff" if form.encoding == "utf-8" and file.read_bytes()[:3] == b"\xef\xbb\xbf" else ""
    text += _written(document) + "\n"
    positions = {place: place[1] for place in marks.of if place[0] == named}
    return Annotated("", text.encode(form.encoding, "replace"), positions)


def _json_lines(form: NdjsonFormat, file: Path, marks: Marks, part: str) -> Annotated:
    """The same lines, each with one key more before its closing brace."""
    copy, positions = [], {}
    number = 0
    lines = Lines(file, form.encoding)
    for line in lines:
        lines.held = 0
        body = line.strip()
        if body:
            number += 1
            place = (part, number)
            comma = "" if body[1:-1].isspace() or body == "{}" else ", "
            body = f"{body[:-1]}{comma}{json.dumps(ADDED)}: {_written(_said(marks, place))}}}"
            if place in marks.of:
                positions[place] = lines.number
        copy.append(body)
    return Annotated("", "".join(f"{line}\n" for line in copy).encode(form.encoding, "replace"), positions)


def _said(marks: Marks, place: Place) -> dict[str, Any]:
    mark = marks.of.get(place)
    status, _ = marks.told(place)
    return {marks.words["status"]: status, marks.words["reasons"]: list(mark.reasons) if mark else []}


def _written(value: Any) -> str:
    """A value as JSON, each object of a list on a line of its own."""
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(key)}: {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        lines = any(isinstance(inner, dict) for inner in value)
        return ("[\n{}\n]" if lines else "[{}]").format((",\n" if lines else ", ").join(map(_written, value)))
    return json.dumps(value, ensure_ascii=False)


# --- workbooks ----------------------------------------------------------------------------------------------

COLOURS = {
    "quarantined": "#FCE4D6",
    "declared": "#E7E6E6",
    "broken": "#F4B183",
    "without": "#FFF2CC",
    "header": "#D9E1F2",
}
READ = {"d": datetime.fromisoformat, "m": datetime.fromisoformat, "c": time.fromisoformat}
PATTERNS = {"d": "yyyy-mm-dd", "m": "yyyy-mm-dd hh:mm:ss", "c": "hh:mm:ss"}


class _Looks:
    """The formats of a workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.made: dict[tuple[str, str], Format] = {}

    def of(self, colour: str, kind: str = "t") -> Format:
        """The look of a cell: what became of it, and the kind of its value."""
        found = self.made.get((colour, kind))
        if found is None:
            look: dict[str, Any] = {"bg_color": COLOURS[colour]} if colour else {}
            look |= {"bold": True} if colour in ("broken", "header") else {}
            look |= {"num_format": PATTERNS[kind]} if kind in PATTERNS else {}
            found = self.made[colour, kind] = self.book.add_format(look)
        return found


def _workbook(form: XlsxFormat, sent: Sent, marks: Marks, part: str) -> Annotated:
    """The same sheets with their cells in the same places: broken cells, and those that were not understood, have a
    colour and a comment."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    book.set_properties({"created": MADE})
    looks = _Looks(book)
    positions: dict[Place, int] = {}
    rows = _rows_of(sent.rows)
    row = next(rows, None)
    active = False
    for number, about in enumerate(sent.sheets):
        sheet = _added(book, about["name"], number)
        if not about["is_shown"]:
            sheet.hide()
        elif not active:
            sheet.activate()
            active = True
        copy = _Copy(form, sheet, about, marks, looks, f"{part}/{about['name']}" if part else about["name"])
        while row is not None and row["sheet"] == number:
            copy.take(row["record"], row["cells"], row["kinds"])
            row = next(rows, None)
        positions |= copy.finish()
    book.close()
    return Annotated("", content.getvalue(), positions)


def _added(book: xlsxwriter.Workbook, name: str, number: int) -> Worksheet:
    """A sheet of a name, or of a plain one where the name is not allowed."""
    try:
        return book.add_worksheet(name)
    except XlsxWriterException:
        return book.add_worksheet(f"({number + 1})")


class _Copy:
    """One sheet on its way into the copy, row by row."""

    def __init__(
        self, form: XlsxFormat, sheet: Worksheet, about: Mapping[str, Any], marks: Marks, looks: _Looks, part: str
    ) -> None:
        self.form, self.sheet, self.marks, self.looks, self.part = form, sheet, marks, looks, part
        self.is_part: bool = about["is_part"]
        self.left: int = about["left"]
        self.merged: list[tuple[tuple[int, int], tuple[int, int]]] = about["merged"]
        self.header = marks.headers.get(part, ())
        self.width = len(self.header)
        self.rows: list[tuple[int | None, list[str], str]] = []

    def take(self, record: int | None, cells: list[str], kinds: str) -> None:
        self.rows.append((record, cells, kinds))
        self.width = max(self.width, len(cells))

    def finish(self) -> dict[Place, int]:
        """Write what was taken; gives the rows of the marked records."""
        self._merge()
        positions = {}
        for number, (record, cells, kinds) in enumerate(self.rows):
            place = (self.part, record or 0)
            mark = self.marks.of.get(place) if record else None
            for column, (cell, kind) in enumerate(zip(cells, kinds, strict=True)):
                self._cell(number, column, cell, kind, mark)
            if record:
                self._told(number, self.marks.told(place), mark.status if mark else "")
            if mark:
                positions[place] = number + 1
        if self.is_part:
            self._told(self.form.header_row - 1, self.marks.header, "header")
            self.sheet.set_column(self.left, self.left + self.width, 16)
            self.sheet.set_column(self.left + self.width + 1, self.left + self.width + 1, 80)
        return positions

    def _cell(self, row: int, column: int, cell: str, kind: str, mark: Mark | None) -> None:
        name = self.header[column] if column < len(self.header) else ""
        sentence = mark.cells.get(name) if mark and name else None
        look = self.looks.of(_colour(mark, sentence), kind)
        _write(self.sheet, row, self.left + column, cell, kind, look)
        if sentence:
            self.sheet.write_comment(row, self.left + column, sentence, {"x_scale": 2.5, "y_scale": 1.5, "author": ""})

    def _told(self, row: int, told: tuple[str, str], colour: str) -> None:
        for column, text in enumerate(told, start=self.left + self.width):
            self.sheet.write_string(row, column, text[:LONGEST_SHOWN], self.looks.of(colour))

    def _merge(self) -> None:
        """Merge what was merged, inside the cells that are there: a range may claim a whole sheet of nothing."""
        cells = 0
        for (top, first), (bottom, last) in self.merged:
            ends = min(bottom, len(self.rows) - 1), min(last, self.left + self.width - 1)
            size = (ends[0] - top + 1) * (ends[1] - first + 1)
            if ends[0] < top or ends[1] < first or size < 2 or cells + size > MOST_MERGED:
                continue
            cells += size
            with suppress(XlsxWriterException):  # ranges that overlap
                self.sheet.merge_range(top, first, *ends, "", self.looks.of(""))


def _colour(mark: Mark | None, sentence: str | None) -> str:
    """Of a row that counts, the cell alone has a colour; of one that does not, every cell."""
    if mark is None or mark.status == "without":
        return "without" if sentence else ""
    return "broken" if sentence else mark.status


def _write(sheet: Worksheet, row: int, column: int, cell: str, kind: str, look: Format) -> None:
    """A cell as a value of its kind; never a formula."""
    if not cell:
        if look.bg_color:
            sheet.write_blank(row, column, None, look)
    elif kind == "n" and NUMBER.fullmatch(cell):
        sheet.write_number(row, column, float(cell), look)
    elif kind == "b":
        sheet.write_boolean(row, column, cell == "true", look)
    elif kind in READ:
        sheet.write_datetime(row, column, READ[kind](cell), look)
    else:
        sheet.write_string(row, column, cell[:LONGEST_SHOWN], look)


# --- archives -----------------------------------------------------------------------------------------------


def _archive(source: SourceContract, form: ZipFormat, file: Path, marks: Marks, scratch: Path) -> Annotated:
    """An archive of the copies of those members that are read."""
    content = io.BytesIO()
    positions: dict[Place, int] = {}
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members(file, "not_an_archive"):
            name = name_of(member.filename)
            if not fnmatchcase(name, form.members):
                continue
            with tempfile.NamedTemporaryFile(dir=scratch) as inside:
                for block in unpacked(file, member, "not_an_archive"):
                    inside.write(block)
                inside.flush()
                plain = source.model_copy(update={"format": form.content})
                copy = annotate(plain, Path(inside.name), marks, scratch=scratch, part=name)
            archive.writestr(zipfile.ZipInfo(name + copy.suffix), copy.content, zipfile.ZIP_DEFLATED)
            positions |= copy.positions
    return Annotated("", content.getvalue(), positions)
