"""Rows as a file in the form that a contract states.

Belongs here: the small writers. Does not belong here: what stands in the rows (`fixture`). The same rows give the same
bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from illicit_flows.source.proposal.words import INVENTED
from pipelines.deliveries.readers.workbook import ABOVE
from schemas.contracts import (
    CsvFormat,
    JsonFormat,
    NdjsonFormat,
    PlainFormat,
    PostgresFormat,
    SourceContract,
    XlsxFormat,
    ZipFormat,
)

PINNED = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's own time stamp has no zone
NUMERIC = frozenset({"quantity", "kg", "hectares", "year", "lat", "lon", "persons_f", "persons_m", "persons_x"})

Row = dict[str, str]


def write_rows(path: Path, contract: SourceContract, header: Sequence[str], rows: list[Row]) -> None:
    form = contract.format
    assert not isinstance(form, PostgresFormat)
    if not isinstance(form, ZipFormat):
        path.write_bytes(_content(form, contract, header, rows))
        return
    member = zipfile.ZipInfo("simulated" + form.members.removeprefix("*"), (2000, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, _content(form.content, contract, header, rows))


def _content(form: PlainFormat, contract: SourceContract, header: Sequence[str], rows: list[Row]) -> bytes:
    if isinstance(form, CsvFormat):
        return _csv(form, header, rows, INVENTED["title"][contract.language])
    if isinstance(form, XlsxFormat):
        return _xlsx(form, contract, header, rows)
    if isinstance(form, JsonFormat):
        document: Any = [_nested(row) for row in rows]
        for key in reversed(form.records.split(".") if form.records else []):
            document = {key: document}
        return json.dumps(document, ensure_ascii=False, indent=1).encode(form.encoding)
    if isinstance(form, NdjsonFormat):
        return "".join(json.dumps(_nested(row), ensure_ascii=False) + "\n" for row in rows).encode(form.encoding)
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table({name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in header}), sink
    )
    return bytes(sink.getvalue().to_pybytes())


def _raw_names(form: CsvFormat | XlsxFormat, header: Sequence[str]) -> list[str]:
    """Names as the publisher writes them: `País (2)` stands as a second `País`."""
    first = {name: re.sub(r" \([0-9]+\)$", "", name) for name in header if form.repeated_headers == "numbered"}
    return [first[name] if first.get(name) in header else name for name in header]


def _nested(row: Row) -> dict[str, Any]:
    """Columns named by path as objects inside objects."""
    found: dict[str, Any] = {}
    for name, cell in row.items():
        *way, last = name.split(".")
        inner = found
        for key in way:
            inner = inner.setdefault(key, {})
        inner[last] = cell
    return found


def _csv(form: CsvFormat, header: Sequence[str], rows: list[Row], title: str) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=form.delimiter, quotechar=form.quote, lineterminator="\r\n")
    writer.writerows([title, *[""] * (len(header) - 1)] for _ in range(form.header_row - 1))
    writer.writerow(_raw_names(form, header))
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    text = stream.getvalue() if form.final_newline else stream.getvalue().removesuffix("\r\n")
    return text.encode(form.encoding, "replace")


# --- workbooks ----------------------------------------------------------------------------------------------


def _xlsx(form: XlsxFormat, contract: SourceContract, header: Sequence[str], rows: list[Row]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": PINNED})
    sheet = book.add_worksheet(_sheet_name(form.sheets[0]))
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    top = form.header_row - form.header_rows
    sheet.write_column(0, 0, [INVENTED["title"][contract.language]] * top)
    if form.header_rows == 1:
        sheet.write_row(top, 0, _raw_names(form, header))
    else:
        _write_two_rows(sheet, top, _raw_names(form, header))
    numeric = {name for name, column in contract.all_columns.items() if column.to in NUMERIC}
    for number, row in enumerate(rows, start=form.header_row):
        for column, name in enumerate(header):
            cell = row.get(name, "")
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
                sheet.write_datetime(number, column, date.fromisoformat(cell), day_format)
            elif name in numeric and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
                sheet.write_number(number, column, float(cell))
            elif cell:
                sheet.write_string(number, column, cell)
    book.close()
    return stream.getvalue()


def _write_two_rows(sheet: Any, top: int, names: Sequence[str]) -> None:
    """A header of two rows: a text over several columns, or over both rows, stands in a merged cell."""
    halves = [(column, *name.partition(ABOVE)[::2]) for column, name in enumerate(names)]
    for _, group in groupby(halves, key=lambda half: half[1] if half[2] else half[0]):
        first, *more = group
        column, upper, lower = first
        if not lower:
            sheet.merge_range(top, column, top + 1, column, upper)
        elif more:
            sheet.merge_range(top, column, top, column + len(more), upper)
        else:
            sheet.write_string(top, column, upper)
        sheet.write_row(top + 1, column, [half[2] for half in (first, *more) if half[2]])


def _sheet_name(pattern: str) -> str:
    """A name that the pattern of sheets fits."""
    name = pattern.replace("[12][0-9][0-9][0-9]", "2020").replace("*", "")
    return re.sub(r"\[(.)\]", r"\1", name)[:31] or "Sheet1"
