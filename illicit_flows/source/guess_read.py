"""Guesses how a sample file is read: its format, encoding, delimiter, sheets and header.

Belongs here: everything that must be known before a cell has a column. Does not belong here: what a column means
(`guess_columns`). A sample is as little trusted as a delivery: workbooks, archives and Parquet are opened only by the
child of `pipelines.deliveries.sandbox`, which is asked again with another format until the answer makes sense. Only
bytes of text files are looked at here, by decoders and parsers of the standard library.
"""

from __future__ import annotations

import codecs
import csv
import glob
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.deliveries.readers import Unreadable
from pipelines.deliveries.readers.part import name_of
from pipelines.deliveries.sandbox import Read, read_in_child
from pipelines.forms import plain_text
from schemas.contracts import (
    CsvFormat,
    FileFormat,
    JsonFormat,
    NdjsonFormat,
    ParquetFormat,
    PlainFormat,
    SourceContract,
    XlsxFormat,
    ZipFormat,
)

MOST_ROWS = 5_000_000
LOOKED_AT = 64 * 1024 * 1024
"""Bytes of a text file that are looked at for its encoding and dialect; the records are then read to the end."""
LARGEST_JSON = 64 * 1024 * 1024
DEEPEST_HEADER = 40
"""Rows among which a header is looked for."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TYPED = re.compile(r"^[^\w]*[+-]?[0-9][0-9 .,:/'\-T%Z+]*$")
"""A number, or a date made of numbers."""
YEAR = re.compile(r"^(19|20)[0-9]{2}$")
LETTERS = set("áéíóúüñçãõâêôàèìòùëïîûœæÁÉÍÓÚÜÑÇÃÕÂÊÔÀÈËÏÎÛŒ°º«»¿¡’“”–—€…\u00a0\u202f")
"""Beyond ASCII, what text in the four languages is made of."""


class CannotPropose(Exception):
    """No contract can be proposed for this file; says why."""


@dataclass(frozen=True)
class Guess:
    """One line of the contract that was guessed, and what speaks for it."""

    key: str
    value: str
    evidence: str
    sure: bool = True


@dataclass
class Sample:
    """A file as it was read under a guessed format."""

    form: FileFormat
    header: tuple[str, ...]
    table: pl.DataFrame
    """Each column of the header as plain text, all parts together."""
    parts: tuple[str, ...]
    n_odd: int = 0
    """Records that have more or fewer cells than the header."""
    titles: list[str] = field(default_factory=list)
    """Texts above the header."""
    guesses: list[Guess] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)


Reader = Callable[[FileFormat], Read]


def read_sample(file: Path, scratch: Path) -> Sample:
    """Read a file whose shape nobody has described. Raises `CannotPropose`, and `Unreadable` of the last attempt."""

    def read(form: FileFormat) -> Read:
        return read_in_child(stand_in(form), file, scratch=scratch, key=None)

    with file.open("rb") as content:
        head = content.read(4096)
    kind, evidence = kind_of(file, head, read)
    found = [Guess("format.type", kind, evidence)]
    form, rest = _form_of(kind, file, read)
    sample = _framed(form, read(form), rest)
    sample.guesses[:0] = found
    return sample


def _form_of(kind: str, file: Path, read: Reader) -> tuple[FileFormat, _Found]:
    if kind == "zip":
        return _zip_form(read)
    if kind == "xlsx":
        return _xlsx_form(read, _sheet_names(read))
    if kind == "parquet":
        return ParquetFormat(type="parquet"), _Found()
    if kind == "json":
        return _json_form(file)
    if kind == "ndjson":
        encoding, why = encoding_of(_looked_at(file))
        return NdjsonFormat(type="ndjson", encoding=encoding), _Found([Guess("encoding", encoding, why)])
    return csv_form(_looked_at(file), complete=file.stat().st_size <= LOOKED_AT)


def stand_in(form: FileFormat) -> SourceContract:
    """A contract that knows no column, so that the door lets each pass: for reading a file that has none yet."""
    return SourceContract.model_validate(
        {
            "source": "sample", "version": 1, "kind": "totals", "publisher": {"name": "sample", "inbox": "sample"},
            "title": "-", "language": "en", "licence": "-", "citation": "-", "tlp": "RED", "cadence": "irregular",
            "files": "*", "format": form.model_dump(), "rows": {"min": 1, "max": MOST_ROWS},
            "numbers": {"decimal": "."},
            "dates": {"earliest": "1900-01-01", "latest": "2100-12-31"}, "restates": "snapshot",
            "reporter_role": "seizing_authority", "columns": {}, "privacy": "-",
            "constants": {"reporter": "-", "commodity": "-", "year": "2000", "kg": "0"},
            "scope": {"territory": "world", "completeness": "partial"},
        }
    )  # fmt: skip


@dataclass
class _Found:
    """What was guessed on the way to a format."""

    guesses: list[Guess] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


def kind_of(file: Path, head: bytes, read: Reader) -> tuple[str, str]:
    """The format, by the file's first bytes and then by its name. Raises `CannotPropose`."""
    if not head.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise CannotPropose("the file is empty")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise CannotPropose("this is an old .xls workbook or a protected one: save it as .xlsx without a password")
    if head.startswith((b"%PDF", b"\x1f\x8b", b"Rar!", b"7z", b"\x89PNG", b"\xff\xd8\xff")):
        raise CannotPropose("this is a PDF, a picture or a packed file: ask for the table itself (CSV or XLSX)")
    if head.startswith(b"PAR1"):
        return "parquet", "its first bytes are PAR1"
    if head.startswith(b"PK\x03\x04"):
        workbook = file.suffix.lower() in {".xlsx", ".xlsm"} or (file.suffix.lower() != ".zip" and _sheet_names(read))
        return ("xlsx", "a zip container with a workbook") if workbook else ("zip", "a zip container with files")
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if text[:1] in {b"[", b"{"}:
        lines = [line for line in _looked_at(file, 1024 * 1024).splitlines() if line.strip()]
        whole = all(line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines[:50])
        if text[:1] == b"{" and whole and (len(lines) > 1 or file.suffix.lower() in {".ndjson", ".jsonl"}):
            return "ndjson", f"{len(lines)} lines, each a JSON object"
        return "json", f"it begins with {text[:1].decode()}"
    if text[:1] == b"<":
        raise CannotPropose("this is XML or HTML: ask for the table itself (CSV, XLSX or JSON)")
    return "csv", f"text, named {file.suffix or 'without ending'}"


def _looked_at(file: Path, most: int = LOOKED_AT) -> bytes:
    with file.open("rb") as content:
        return content.read(most)


# --- text ---------------------------------------------------------------------------------------------------


def encoding_of(content: bytes) -> tuple[str, str]:
    """The encoding of some bytes, and what speaks for it."""
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", "it begins with the byte order mark of UTF-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "it begins with the byte order mark of UTF-16"
    nuls = [content[start : 2 * 4096 : 2].count(0) for start in (0, 1)]
    if max(nuls) > 1000 or (max(nuls) > len(content[:8192]) / 8 and min(nuls) == 0):
        name = "utf-16-le" if nuls[1] > nuls[0] else "utf-16-be"
        return name, f"{max(nuls)} of the first {len(content[:8192]) // 2} pairs of bytes hold a NUL on one side"
    high = len(content) - len(content.translate(None, bytes(range(128, 256))))
    try:
        content[: -4 if len(content) >= LOOKED_AT else None].decode("utf-8")
    except UnicodeDecodeError:
        return _one_byte_encoding(content, high)
    return "utf-8", f"all {high} bytes beyond ASCII are valid UTF-8" if high else "only ASCII, which is UTF-8 too"


def _one_byte_encoding(content: bytes, high: int) -> tuple[str, str]:
    """Of encodings with one byte a letter, the one that makes the most of what the four languages are written with."""
    counted = Counter(byte for byte in content if byte > 127)
    fitting: dict[str, int] = {}
    for name in ("cp1252", "cp850", "mac_roman"):
        good = sum(n for byte, n in counted.items() if bytes([byte]).decode(name, "replace") in LETTERS)
        fitting[name] = good
    best = max(fitting, key=lambda name: fitting[name])
    rest = ", ".join(f"{good} in {name}" for name, good in fitting.items() if name != best)
    between = sum(n for byte, n in counted.items() if byte < 0xA0)
    same = "" if between or best != "cp1252" else "; latin-1 would read these bytes alike"
    return best, f"no UTF-8; {fitting[best]} of {high} bytes beyond ASCII are letters in {best} ({rest}){same}"


def csv_form(content: bytes, *, complete: bool) -> tuple[CsvFormat, _Found]:
    """Encoding, delimiter and header of delimited text."""
    encoding, why_encoding = encoding_of(content)
    text = content.decode(encoding, "replace").removeprefix("\ufeff")
    delimiter, why_delimiter = _delimiter(text)
    rows, lines = _rows(text, delimiter, 2000)
    at = header_at(rows)
    if at is None:
        raise CannotPropose("no header was found: a row of names above the data is needed")
    newline = text.endswith(("\n", "\r"))
    names = [cell.strip() for cell in rows[at]]
    repeated = "numbered" if _repeated(names) else "refused"
    found = _Found(
        [
            Guess("encoding", encoding, why_encoding, sure=encoding not in {"cp850", "mac_roman"}),
            Guess("delimiter", DELIMITERS[delimiter], why_delimiter),
            Guess("header_row", str(lines[at]), _why_header(rows, at), sure=at == 0),
            Guess("final_newline", str(newline).lower(), f"the last line {'ends' if newline else 'has no end'}",
                  sure=False),
        ],
        titles=[cell for row in rows[:at] for cell in row if cell.strip()],
    )  # fmt: skip
    form = CsvFormat(
        type="csv", encoding=encoding, delimiter=delimiter, header_row=lines[at], final_newline=newline and complete,
        repeated_headers=repeated,
    )  # fmt: skip
    return form, found


def _delimiter(text: str) -> tuple[str, str]:
    """The delimiter under which most lines have as many cells as each other, and the most."""
    judged: dict[str, tuple[float, int, int]] = {}
    for delimiter in DELIMITERS:
        rows, _ = _rows(text, delimiter, 500)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            judged[delimiter] = (count / len(rows) + 0.03 * min(width, 12), width, count)
    if not judged:
        raise CannotPropose("no delimiter parts the lines into cells: neither comma, semicolon, tab nor bar")
    best = max(judged, key=lambda delimiter: judged[delimiter][0])
    _, width, count = judged[best]
    return best, f"{count} of the first {len(_rows(text, best, 500)[0])} records have {width} cells with it"


def _rows(text: str, delimiter: str, most: int) -> tuple[list[list[str]], list[int]]:
    """The first records that are not blank, and the line on which each begins."""
    csv.field_size_limit(1024 * 1024)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(text.splitlines(keepends=True)[: 4 * most], delimiter=delimiter)
    before = 0
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
            if len(rows) >= most:
                break
    except csv.Error:
        return rows, lines
    return rows, lines


# --- the header ---------------------------------------------------------------------------------------------


def header_at(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of some rows is the header: the first with as many names as the data has cells, none of them a figure."""
    widths = Counter(_width(row) for row in rows[:500] if _filled(row) > 1)
    if not widths:
        return None
    usual = max(widths, key=lambda width: (widths[width], width))
    for number, row in enumerate(rows[:DEEPEST_HEADER]):
        filled = [cell.strip() for cell in row if cell.strip()]
        names = [cell for cell in filled if not TYPED.match(cell) or YEAR.match(cell)]
        if number + 1 >= len(rows) or len(filled) < 2 or len(names) < 0.8 * len(filled):
            continue
        several = len(set(filled)) > 0.4 * len(filled) and not all(YEAR.match(cell) for cell in filled)
        below = rows[number + 1]
        halves = _second_half(row, below) and _filled(below) < _width(below) and _width(below) >= 0.8 * usual
        if several and (len(filled) >= 0.6 * usual or halves):
            return number
    return None


def _width(row: Sequence[str]) -> int:
    return max((place for place, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def _why_header(rows: Sequence[Sequence[str]], at: int) -> str:
    below = [row for row in rows[at + 1 :] if _width(row) <= _width(rows[at])]
    titles = f", after {at} title rows" if at else ""
    return f"the first row of {_filled(rows[at])} names and no figures{titles}; {len(below)} rows as wide stand below"


def _repeated(names: Sequence[str]) -> bool:
    return any(count > 1 for name, count in Counter(name for name in names if name).items())


# --- workbooks ----------------------------------------------------------------------------------------------


def _sheet_names(read: Reader) -> list[str]:
    """Names of a workbook's sheets that are not hidden: from its own table of contents, read as a text in the child."""
    contents = CsvFormat(type="csv", encoding="utf-8", delimiter=" ", quote="\x01", final_newline=False)
    try:
        found = read(ZipFormat(type="zip", members="xl/workbook.xml", content=contents))
    except Unreadable:
        return []
    words = [" ".join(header) for header in found.headers.values()]
    words += [" ".join(cells) for cells in found.records["cells"].to_pylist()]
    sheets = re.findall(r"<(?:\w+:)?sheet\s([^>]*)>", " ".join(words))
    named = [
        (re.search(r'\bname="([^"]*)"', sheet), "hidden" in sheet.lower().split('state="')[-1]) for sheet in sheets
    ]
    return [html.unescape(name.group(1)) for name, hidden in named if name and not (hidden and len(sheets) > 1)]


@dataclass
class _Sheet:
    """A sheet as raw rows, and where its header was found."""

    name: str
    form: XlsxFormat
    names: tuple[str, ...]
    n_rows: int
    evidence: str
    two_rows: bool
    titles: list[str]
    filled_by_merging: int


def _xlsx_form(read: Reader, names: list[str]) -> tuple[XlsxFormat, _Found]:
    found = [sheet for name in names or ["*"] if (sheet := _sheet(read, name)) is not None]
    if not found:
        raise CannotPropose("no sheet with a header and rows below it was found")
    chief = max(found, key=lambda sheet: (len(set(sheet.names)), sheet.n_rows))
    same = [
        sheet for sheet in found
        if sheet.form.header_row == chief.form.header_row and set(sheet.names) == set(chief.names)
    ]  # fmt: skip
    others = [name for name in names if name not in {sheet.name for sheet in same}]
    globs = _sheet_globs([sheet.name for sheet in same], others)
    merged = sum(sheet.filled_by_merging for sheet in same)
    merging = "fill" if merged else "blank"
    form = chief.form.model_copy(update={"sheets": globs, "merged": merging, "left_out": "refused"})
    rows = sum(sheet.n_rows for sheet in same)
    guesses = [
        Guess("sheets", ", ".join(globs), f"{len(same)} of {len(names) or 1} sheets have this header, with {rows} rows",
              sure=not others),
        Guess("header_row", str(form.header_row), chief.evidence, sure=form.header_row == 1),
    ]  # fmt: skip
    if chief.two_rows:
        why = "neither of two rows has a name for each column, both together do"
        guesses.append(Guess("header_rows", "2", why, sure=False))
    if merged:
        guesses.append(Guess("merged", "fill", f"{merged} cells below the header are part of a merged one", sure=False))
    left = [sheet for sheet in found if sheet not in same]
    to_do = [
        f"the sheet {sheet.name!r} ({sheet.n_rows} rows) has another header and is not read: it may need a contract of "
        "its own" for sheet in left if sheet.n_rows > 2
    ]  # fmt: skip
    return form, _Found(guesses, to_do, chief.titles)


def _sheet(read: Reader, name: str) -> _Sheet | None:
    """Where a sheet's header stands, or None for one that holds no table."""
    sheets = ["*" if name == "*" else glob.escape(name)]

    def at(row: int, height: int = 1, merged: str = "blank") -> tuple[tuple[str, ...], list[list[str]]] | None:
        form = XlsxFormat.model_validate(
            {
                "type": "xlsx",
                "sheets": sheets,
                "header_row": row,
                "header_rows": height,
                "merged": merged,
                "left_out": "ignored",
            }
        )
        try:
            found = read(form)
        except Unreadable as fault:
            if fault.rule_id == "no_header_in_sheet":
                return None
            raise
        part = next(iter(found.headers))
        cells = found.records.filter(_is_part(found, part))["cells"].to_pylist()
        return found.headers[part], cells

    first, top = next(((first, row) for row in range(1, DEEPEST_HEADER) if (first := at(row))), (None, 0))
    if first is None or not first[1]:
        return None
    rows = [list(first[0]), *first[1]]
    place = header_at(rows)
    if place is None:
        return None
    row, names = next(
        ((number, found[0]) for number in range(top + place, top + place + DEEPEST_HEADER)
         if (found := at(number)) and _same_names(rows[place], found[0])),
        (0, ()),
    )  # fmt: skip
    if not row:
        return None
    below, above = rows[place + 1], rows[place - 1] if place else []
    height = 1
    if _second_half(rows[place], below) and place + 2 < len(rows):
        row, height = row + 1, 2
    elif _is_group_row(above) and (over := at(row - 1)) and _same_names(above, over[0]):
        height = 2
    if height == 2 and (joined := at(row, 2)):
        names = joined[0]
    read_blank, read_filled = at(row, height), at(row, height, "fill")
    assert read_blank is not None
    assert read_filled is not None
    merged = sum(
        1 for plain, filled in zip(read_blank[1], read_filled[1], strict=False)
        for one, other in zip(plain, filled, strict=False) if one != other
    )  # fmt: skip
    form = XlsxFormat.model_validate(
        {"type": "xlsx", "sheets": sheets, "header_row": row, "header_rows": height,
         "repeated_headers": "numbered" if _repeated(names) else "refused"}
    )  # fmt: skip
    titled = [cell for line in rows[:place] for cell in line if cell.strip()]
    titles = list(dict.fromkeys(titled))
    return _Sheet(name, form, names, len(read_blank[1]), _why_header(rows, place), height == 2, titles, merged)


def _is_part(found: Read, part: str) -> Any:
    return pl.Series(found.records["part"].to_pylist(), dtype=pl.String).eq(part).to_arrow()


def _same_names(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row, read as a header, gives that header: a merged name then stands over each of its columns."""
    names = [name_of(cell) for cell in row]
    padded = [*header, *[""] * len(names)]
    return any(names) and all(name in ("", at) for name, at in zip(names, padded, strict=False))


def _second_half(row: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row and the one below are one header: names alone, the gaps of each filled by the other."""
    width = max(_width(row), _width(below))
    first, second = ([*line, *[""] * width][:width] for line in (row, below))
    gaps = sum(1 for cell in first if not cell.strip())
    filled_gaps = all(one.strip() or other.strip() for one, other in zip(first, second, strict=True))
    return gaps > 0 and filled_gaps and not any(TYPED.match(cell.strip()) for cell in below if cell.strip())


def _is_group_row(row: Sequence[str]) -> bool:
    """Whether a row above the header holds several texts and no figure: names of groups of columns, no title."""
    texts = {cell.strip() for cell in row if cell.strip()}
    return len(texts) > 1 and _width(row) > 2 and not any(TYPED.match(text) for text in texts)


def _sheet_globs(names: list[str], others: list[str]) -> list[str]:
    """A pattern that fits next year's sheets too, where the names differ by a year; else the names."""
    if names == ["*"]:
        return names
    if len(names) == 1 and not others and not re.search("[0-9]", names[0]):
        return [glob.escape(names[0])]
    return sorted({re.sub(r"(19|20)[0-9]{2}", "[12][0-9][0-9][0-9]", glob.escape(name)) for name in names})


# --- archives and JSON --------------------------------------------------------------------------------------


def _zip_form(read: Reader) -> tuple[ZipFormat, _Found]:
    """The members of the first ending that is there. Text is read in the child as lines, and judged from those."""
    lines = CsvFormat(type="csv", encoding="iso-8859-1", delimiter=";", quote="\x01", final_newline=False)
    for ending in ("csv", "txt", "tsv"):
        try:
            found = read(ZipFormat(type="zip", members=f"*.{ending}", content=lines))
        except Unreadable as fault:
            if fault.rule_id == "no_member":
                continue
            raise CannotPropose(
                f"the *.{ending} files of the archive cannot be read as text ({fault.rule_id})"
            ) from None
        part = next(iter(found.headers))
        cells = found.records.filter(_is_part(found, part))["cells"].to_pylist()
        text = "\n".join(";".join(line) for line in [found.headers[part], *cells]) + "\n"
        form, rest = csv_form(text.encode("iso-8859-1", "replace"), complete=True)
        rest.guesses.append(Guess("members", f"*.{ending}", f"{len(found.headers)} files of the archive", sure=False))
        return ZipFormat(type="zip", members=f"*.{ending}", content=form), rest
    plain: list[PlainFormat] = [
        ParquetFormat(type="parquet"), NdjsonFormat(type="ndjson", encoding="utf-8"),
        JsonFormat(type="json", encoding="utf-8"),
    ]  # fmt: skip
    for content in plain:
        form_of = ZipFormat(type="zip", members=f"*.{content.type}", content=content)
        try:
            read(form_of)
        except Unreadable:
            continue
        return form_of, _Found(
            [Guess("members", form_of.members, "files of the archive that can be read so", sure=False)]
        )
    try:
        inner, rest = _xlsx_form(lambda form: read(_packed(form)), [])
    except Unreadable:
        raise CannotPropose("the archive holds no file that can be read: unpack it and give one of its files") from None
    return ZipFormat(type="zip", members="*.xlsx", content=inner), rest


def _packed(form: FileFormat) -> ZipFormat:
    assert isinstance(form, XlsxFormat)
    return ZipFormat(type="zip", members="*.xlsx", content=form)


def _json_form(file: Path) -> tuple[JsonFormat, _Found]:
    """Where in a document the array of records is: the longest array of objects."""
    if file.stat().st_size > LARGEST_JSON:
        raise CannotPropose("the document is larger than 64 MiB: give a part of it as a sample")
    content = file.read_bytes()
    encoding, why = encoding_of(content)
    try:
        document = json.loads(content.decode(encoding).removeprefix("\ufeff"), parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise CannotPropose(f"this is no valid JSON ({type(error).__name__})") from None
    arrays = _arrays(document, "")
    if not arrays:
        raise CannotPropose("the document holds no array of objects")
    path, length = max(arrays.items(), key=lambda item: item[1])
    where = f"the array of {length} objects at {path or 'the top'}, of {len(arrays)} arrays of objects"
    return JsonFormat(type="json", encoding=encoding, records=path), _Found(
        [
            Guess("encoding", encoding, why),
            Guess("records", path or "the document itself", where, sure=len(arrays) == 1),
        ]
    )


def _arrays(document: Any, path: str) -> dict[str, int]:
    """Paths of arrays of objects outside of other arrays, with their lengths."""
    if isinstance(document, list):
        return {path: len(document)} if document and all(isinstance(item, dict) for item in document) else {}
    found: dict[str, int] = {}
    if isinstance(document, dict):
        for key, value in document.items():
            if "." not in key:
                found |= _arrays(value, f"{path}.{key}" if path else key)
    return found


# --- the frame ----------------------------------------------------------------------------------------------


def _framed(form: FileFormat, read: Read, found: _Found) -> Sample:
    """All parts as one frame of plain text."""
    names = list(dict.fromkeys(name for header in read.headers.values() for name in header))
    records = pl.DataFrame(pl.from_arrow(read.records))
    frames, odd = [], 0
    for part, header in read.headers.items():
        rows = records.filter(pl.col("part") == part)
        whole = rows.filter((pl.col("cells").list.len() == len(header)) & pl.col("damage").is_null())
        odd += rows.height - whole.height
        frames.append(
            whole.select(
                plain_text(pl.col("cells").list.get(header.index(name))).alias(name)
                if name in header
                else pl.lit("").repeat_by(1).list.first().alias(name)
                for name in names
            )
        )
    table = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(names, pl.String()))
    if not table.height:
        raise CannotPropose("the file has a header and no record")
    nameless = Counter(name for header in read.headers.values() for name in header)[""]
    to_do = list(found.to_do)
    if nameless > len(read.headers):
        to_do.append("several columns have no name, so the file would be withheld: ask the publisher to name them")
    if odd:
        to_do.append(f"{odd} records have more or fewer cells than the header and will be quarantined: look at them")
    return Sample(form, tuple(names), table, tuple(read.headers), odd, found.titles, found.guesses, to_do)


def format_keys(form: FileFormat) -> Mapping[str, Any]:
    """A format as the contract writes it: what is the default is left out."""
    return form.model_dump(exclude_defaults=True)
