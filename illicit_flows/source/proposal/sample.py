"""A stranger's file, read: its format found, its records one frame of plain text.

Belongs here: telling formats apart by the first bytes, archives and JSON documents, and the frame. Does not belong
here: text (`delimited`) and workbooks (`workbook`). A sample is as little trusted as a delivery: workbooks, archives
and Parquet are opened only by the child of `pipelines.deliveries.sandbox`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from illicit_flows.source.proposal.delimited import LOOKED_AT, csv_shape, encoding_of
from illicit_flows.source.proposal.found import CannotPropose, Guess, Reader, Sample, Shape
from illicit_flows.source.proposal.workbook import first_part, sheet_names, xlsx_shape
from pipelines.deliveries.readers import Unreadable
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
NO_TABLES = {
    (b"\xd0\xcf\x11\xe0",): "this is an old .xls workbook or a protected one: save it as .xlsx without a password",
    (b"%PDF", b"\x1f\x8b", b"Rar!", b"7z", b"\x89PNG", b"\xff\xd8\xff"):
        "this is a PDF, a picture or a packed file: ask for the table itself (CSV or XLSX)",
}  # fmt: skip
"""First bytes of what cannot be read."""


def read_sample(file: Path, scratch: Path) -> Sample:
    """Read a file whose shape nobody has described. Raises `CannotPropose`, and `Unreadable` of the last attempt."""

    def read(form: FileFormat) -> Read:
        return read_in_child(_anything(form), file, scratch=scratch, key=None)

    kind, evidence = _kind_of(file, read)
    shape = _shape_of(kind, file, read)
    shape.guesses.insert(0, Guess("format.type", kind, evidence))
    return _framed(shape, read(shape.form))


def _kind_of(file: Path, read: Reader) -> tuple[str, str]:
    """The format, by the file's first bytes and then by its name, and what speaks for it."""
    head, ending = _head(file, 4096), file.suffix.lower()
    if not head.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise CannotPropose("the file is empty")
    for beginnings, says in NO_TABLES.items():
        if head.startswith(beginnings):
            raise CannotPropose(says)
    if head.startswith(b"PAR1"):
        return "parquet", "its first bytes are PAR1"
    if head.startswith(b"PK\x03\x04"):
        workbook = ending in {".xlsx", ".xlsm"} or (ending != ".zip" and sheet_names(read))
        return ("xlsx", "a zip container with a workbook") if workbook else ("zip", "a zip container with files")
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if text.startswith((b"[", b"{")):
        lines = [line.strip() for line in _head(file, 1024 * 1024).splitlines() if line.strip()]
        whole = text.startswith(b"{") and all(line[:1] + line[-1:] == b"{}" for line in lines[:50])
        if whole and (len(lines) > 1 or ending in {".ndjson", ".jsonl"}):
            return "ndjson", f"{len(lines)} lines, each a JSON object"
        return "json", f"it begins with {text[:1].decode()}"
    if text.startswith(b"<"):
        raise CannotPropose("this is XML or HTML: ask for the table itself (CSV, XLSX or JSON)")
    return "csv", f"text, named {file.suffix or 'without ending'}"


def _head(file: Path, most: int = LOOKED_AT) -> bytes:
    with file.open("rb") as content:
        return content.read(most)


def _shape_of(kind: str, file: Path, read: Reader) -> Shape:
    if kind == "zip":
        return zip_shape(read)
    if kind == "xlsx":
        return xlsx_shape(read, sheet_names(read))
    if kind == "parquet":
        return Shape(ParquetFormat(type="parquet"))
    if kind == "json":
        return json_shape(file)
    content = _head(file)
    if kind == "ndjson":
        encoding = encoding_of(content)
        return Shape(NdjsonFormat(type="ndjson", encoding=encoding.value), [encoding])
    return csv_shape(content, complete=file.stat().st_size <= LOOKED_AT)


def _anything(form: FileFormat) -> SourceContract:
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


def _framed(shape: Shape, read: Read) -> Sample:
    """All parts as one frame of plain text, without records that have more or fewer cells than the header."""
    names = list(dict.fromkeys(name for header in read.headers.values() for name in header))
    records = pl.DataFrame(pl.from_arrow(read.records))
    frames, odd = [], 0
    for part, header in read.headers.items():
        rows = records.filter(pl.col("part") == part)
        whole = rows.filter((pl.col("cells").list.len() == len(header)) & pl.col("damage").is_null())
        odd += rows.height - whole.height
        own = {name: plain_text(pl.col("cells").list.get(header.index(name))).alias(name) for name in header}
        frame = whole.select(own.values())
        absent = [pl.lit("").alias(name) for name in names if name not in own]
        frames.append(frame.with_columns(absent).select(names))
    table = pl.concat(frames) if frames else pl.DataFrame()
    if not table.height:
        raise CannotPropose("the file has a header and no record")
    nameless = sum(header.count("") for header in read.headers.values())
    if nameless > len(read.headers):
        says = "several columns have no name, so the file would be withheld: ask the publisher to name them"
        shape.to_do.append(says)
    if odd:
        says = f"{odd} records have more or fewer cells than the header and will be quarantined: look at them"
        shape.to_do.append(says)
    return Sample(shape, table, tuple(read.headers))


def zip_shape(read: Reader) -> Shape:
    """The members of the first ending that is there."""
    for ending in ("csv", "txt", "tsv"):
        if (shape := _text_members(read, ending)) is not None:
            return shape
    others: tuple[PlainFormat, ...] = (
        ParquetFormat(type="parquet"), NdjsonFormat(type="ndjson", encoding="utf-8"),
        JsonFormat(type="json", encoding="utf-8"),
    )  # fmt: skip
    for content in others:
        form = ZipFormat(type="zip", members=f"*.{content.type}", content=content)
        try:
            read(form)
        except Unreadable:
            continue
        return Shape(form, [Guess("members", form.members, "files of the archive that can be read so", sure=False)])
    try:
        inner = xlsx_shape(lambda form: read(_archive("xlsx", form)), [])
    except Unreadable:
        raise CannotPropose("the archive holds no file that can be read: unpack it and give one of its files") from None
    inner.form = _archive("xlsx", inner.form)
    return inner


def _text_members(read: Reader, ending: str) -> Shape | None:
    """Members of delimited text, which the child reads as lines; None where there are none."""
    lines = CsvFormat(type="csv", encoding="iso-8859-1", delimiter=";", quote="\x01", final_newline=False)
    try:
        found = read(_archive(ending, lines))
    except Unreadable as fault:
        if fault.rule_id == "no_member":
            return None
        says = f"the *.{ending} files of the archive cannot be read as text ({fault.rule_id})"
        raise CannotPropose(says) from None
    header, below = first_part(found)
    rows = [header, *below]
    shape = csv_shape("".join(";".join(row) + "\n" for row in rows).encode("iso-8859-1", "replace"))
    shape.form = _archive(ending, shape.form)
    says = f"{len(found.headers)} files of the archive"
    shape.guesses.append(Guess("members", shape.form.members, says, sure=False))
    return shape


def _archive(ending: str, content: object) -> ZipFormat:
    assert isinstance(content, CsvFormat | XlsxFormat)
    return ZipFormat(type="zip", members=f"*.{ending}", content=content)


def json_shape(file: Path) -> Shape:
    """Where in a document the array of records is: the longest array of objects."""
    if file.stat().st_size > LOOKED_AT:
        raise CannotPropose("the document is larger than 64 MiB: give a part of it as a sample")
    content = file.read_bytes()
    encoding = encoding_of(content)
    try:
        text = content.decode(encoding.value).removeprefix("\ufeff")
        document = json.loads(text, parse_int=str, parse_float=str)  # a figure of any length is a text
    except (ValueError, RecursionError) as error:
        raise CannotPropose(f"this is no valid JSON ({type(error).__name__})") from None
    arrays = _arrays(document, "")
    if not arrays:
        raise CannotPropose("the document holds no array of objects")
    path, length = max(arrays.items(), key=lambda item: item[1])
    where = f"the array of {length} objects at {path or 'the top'}, of {len(arrays)} arrays of objects"
    records = Guess("records", path or "the document itself", where, sure=len(arrays) == 1)
    return Shape(JsonFormat(type="json", encoding=encoding.value, records=path), [encoding, records])


def _arrays(document: Any, path: str) -> dict[str, int]:
    """Paths of arrays of objects outside of other arrays, with their lengths."""
    if isinstance(document, list):
        return {path: len(document)} if document and all(isinstance(item, dict) for item in document) else {}
    inner = document.items() if isinstance(document, dict) else ()
    found: dict[str, int] = {}
    for key, value in inner:
        if "." not in key:
            found |= _arrays(value, f"{path}.{key}" if path else key)
    return found
