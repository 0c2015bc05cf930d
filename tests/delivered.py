"""Reads the simulated deliveries by other means than the project's readers, so that the two can be held together.

Belongs here: the records of a file as cells, by part, by well-known libraries alone. Does not belong here: what a cell
means, or an assertion.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

ENCODINGS = {"maritime_operations": "cp1252", "prosecution_outcomes": "latin-1", "caribbean_customs": "utf-16"}
SEMICOLONS = {"unodc_ids", "brazil_pf", "maritime_operations", "prosecution_outcomes"}
HEADERS = {"airport_unit": 5, "crop_monitoring": 3, "firearms_tracing": 1, "unodc_annual": 2}
"""Sheet row of the last header row."""
SHEETS = {"airport_unit": "Saisies .*", "crop_monitoring": "Coca", "firearms_tracing": r"\d{4}"}

Records = dict[str, list[list[str]]]
"""Cells of each record, by part."""


@cache
def records(path: Path) -> Records:
    """All data records of a file that lies in its publisher's folder of an inbox."""
    publisher = path.parent.name
    if path.suffix in (".csv", ".txt"):
        return {"": _delimited(path.read_bytes(), publisher, ENCODINGS.get(publisher, "utf-8-sig"))}
    if path.suffix == ".ndjson":
        return {"": [_values(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]}
    if path.suffix == ".json":
        document = json.loads(path.read_text(encoding="utf-8"))
        nested = isinstance(document, dict)
        found = document["report"]["seizures"] if nested else document
        return {"report.seizures" if nested else "": [_values(record) for record in found]}
    if path.suffix == ".parquet":
        return {"": [_values(row) for row in pq.read_table(path).to_pylist()]}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            return {name: _delimited(archive.read(name), "brazil_pf", "utf-8-sig") for name in names}
    return dict(_sheets(path, publisher))


def numbers(cells: list[str]) -> set[Decimal]:
    """Every number that a cell may be meant as, whatever its marks and whatever stands behind it."""
    found = set()
    for cell in cells:
        for digits in re.findall(r"[0-9][0-9\s\u00a0\u202f.,]*", cell):
            bare = re.sub(r"[\s\u00a0\u202f]", "", digits).rstrip(".,")
            for text in {bare, bare.replace(",", "."), bare.replace(",", ""), bare.replace(".", "").replace(",", ".")}:
                try:
                    found.add(Decimal(text).normalize())
                except ArithmeticError:
                    continue
    return found


def _delimited(content: bytes, publisher: str, encoding: str) -> list[list[str]]:
    delimiter = "\t" if publisher == "caribbean_customs" else ";" if publisher in SEMICOLONS else ","
    lines = io.StringIO(content.decode(encoding), newline="")
    return [row for row in csv.reader(lines, delimiter=delimiter) if row][1:]


def _values(record: Any) -> list[str]:
    if isinstance(record, dict):
        return [cell for value in record.values() for cell in _values(value)]
    if isinstance(record, list):
        return [cell for value in record for cell in _values(value)]
    return [record.isoformat() if isinstance(record, date) else "" if record is None else str(record)]


def _sheets(path: Path, publisher: str) -> Iterator[tuple[str, list[list[str]]]]:
    book = CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        if re.fullmatch(SHEETS.get(publisher, ".*"), name):
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)[HEADERS[publisher] :]
            yield name, [_values(row) for row in rows if any(cell != "" for cell in row)]
