"""An invented sample in the form of a real one: same format, marks, date forms and spellings, and no row of it.

Belongs here: inventing rows, and the small writers. Does not belong here: what the form is (`guess_read`,
`guess_columns`). Of the real file only words of categories are used again, those that stand in a lookup. The same name
and form give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from babel import Locale

from illicit_flows.source.guess_columns import Plan
from illicit_flows.source.guess_read import Sample
from pipelines.deliveries.readers.workbook import ABOVE
from schemas.contracts import (
    EXCEL_SERIAL,
    ColumnMap,
    CsvFormat,
    JsonFormat,
    Language,
    NdjsonFormat,
    PlainFormat,
    PostgresFormat,
    SourceContract,
    XlsxFormat,
    ZipFormat,
)
from schemas.registry import Registry

GOOD_ROWS = 8
REMOVED: Mapping[Language, str] = {"en": "removed", "es": "eliminado", "fr": "supprimé", "pt": "removido"}
PLACE: Mapping[Language, str] = {
    "en": "Invented place",
    "es": "Lugar inventado",
    "fr": "Lieu inventé",
    "pt": "Local inventado",
}
TITLE: Mapping[Language, str] = {"en": "Invented sample", "es": "Muestra inventada", "fr": "Échantillon inventé",
                                 "pt": "Amostra inventada"}  # fmt: skip
WRONG: Mapping[Language, str] = {"en": "wrong on purpose", "es": "error a propósito", "fr": "erreur voulue",
                                 "pt": "erro de propósito"}  # fmt: skip
PINNED = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's own time stamp has no zone

COUNTED = ("persons_f", "persons_m", "persons_x", "persons_unknown", "n_events")

Row = dict[str, str]


def write_fixture(path: Path, contract: SourceContract, registry: Registry, plan: Plan, sample: Sample) -> None:
    """Write eight invented rows, one that is wrong on purpose, and the closing rows that the contract declares."""
    rows = _Inventor(contract, registry, plan, sample).rows()
    form = contract.format
    assert not isinstance(form, PostgresFormat)
    if isinstance(form, ZipFormat):
        member = zipfile.ZipInfo("simulated" + form.members.removeprefix("*"), (2000, 1, 1, 0, 0, 0))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, _content(form.content, sample.header, rows, contract))
        return
    path.write_bytes(_content(form, sample.header, rows, contract))


# --- rows ---------------------------------------------------------------------------------------------------


class _Inventor:
    """Invents cells, column by column, from a seed that is the source's name."""

    def __init__(self, contract: SourceContract, registry: Registry, plan: Plan, sample: Sample) -> None:
        self.contract, self.registry, self.plan, self.sample = contract, registry, plan, sample
        self.random = random.Random(contract.source)  # noqa: S311 - invented figures, no secrets

    def rows(self) -> list[Row]:
        rows = [self._row(number) for number in range(GOOD_ROWS + 1)]
        wrong = self._column_to_break()
        rows[GOOD_ROWS // 2][wrong] = WRONG[self.contract.language]
        for rule in self.contract.declared:
            closing = dict.fromkeys(self.sample.header, "")
            closing[rule.column] = rule.equals or ""
            rows.append(closing)
        return rows

    def _column_to_break(self) -> str:
        for target in ("seized", "stage_date", "period", "kg", "hectares", "year", "quantity"):
            for name, column in self.contract.all_columns.items():
                if column.to == target:
                    return name
        return self.sample.header[0]

    def _row(self, number: int) -> Row:
        first = self.plan.dates.first if self.plan.dates else date(2020, 1, 1)
        day = date(min(max(first.year, 2000), 2030), 1, 1) + timedelta(days=7 + 41 * number)
        columns = self.contract.all_columns
        cells = {name: self._cell(name, columns[name], number, day) for name in self.sample.header if name in columns}
        for name, column in columns.items():
            if column.also_with is not None and column.to in {"seized", "period"}:
                form = (column.date_format or [""])[0].split("|")
                cells[column.also_with], cells[name] = (self._written(day, part) for part in form)
        if self.contract.vintage and self.contract.vintage.column in cells:
            cells[self.contract.vintage.column] = self._written(day, self.contract.vintage.date_format)
        return cells

    def _cell(self, name: str, column: ColumnMap, number: int, day: date) -> str:
        if column.to is None:
            return REMOVED[self.contract.language] if column.personal else ""
        if column.to in {"seized", "stage_date", "period"}:
            forms = column.date_format or ["%Y-%m-%d"]
            return self._written(day, forms[number % len(forms)] if number < GOOD_ROWS else forms[0])
        if column.to == "weekday":
            return next((text for text, code in self._lookup(column) if code == str(day.isoweekday())), "")
        if column.lookup is not None or column.unit_lookup is not None:
            figure = f"{self._number(column)} " if column.unit_lookup else ""
            return figure + self._spelling(name, column, number, several=bool(column.split) and number == 1)
        if column.to in {"lat", "lon", "position"}:
            return self._degrees(str(column.to), column)
        return self._figure_or_name(column, number, day)

    def _figure_or_name(self, column: ColumnMap, number: int, day: date) -> str:
        if column.to in {"quantity", "kg", "hectares", "proceeds"}:
            return self._number(column)
        place = f"{PLACE[self.contract.language]} {number % 4 + 1}"
        return {
            "year": str(day.year - number % 3), "place_code": "XXX", **dict.fromkeys(COUNTED, str(number % 5)),
            **dict.fromkeys(("record_id", "incident_number", "case_id", "seizure_ref"), f"INV-{number + 1:04d}"),
        }.get(str(column.to), place)  # fmt: skip

    def _number(self, column: ColumnMap) -> str:
        form = column.numbers or self.contract.numbers
        amount = self.random.choice([self.random.randint(1, 90), self.random.randint(100, 9000)])
        text = f"{amount:,}".replace(",", form.thousands)
        with_fraction = self.plan.numbers.told and self.random.random() < 0.6
        return text + (f"{form.decimal}{self.random.randint(1, 9)}" if with_fraction else "")

    def _degrees(self, target: str, column: ColumnMap) -> str:
        lat, lon = self.random.randint(1, 14), self.random.randint(1, 60)
        minutes = self.random.randint(10, 59)
        if column.coordinates == "dms":
            north, west = f"{lat:02d}°{minutes}'N", f"{lon:03d}°{minutes}'W"
            return {"lat": north, "lon": west}.get(target, f"{north} {west}")
        mark = (column.numbers or self.contract.numbers).decimal
        north, west = f"{lat}{mark}{minutes}", f"-{lon}{mark}{minutes}"
        return {"lat": north, "lon": west}.get(target, f"{north}{' ' if mark == ',' else ', '}{west}")

    def _spelling(self, name: str, column: ColumnMap, number: int, *, several: bool = False) -> str:
        """A word of a category: one that the sample has and that has a code."""
        stated = {text for text in self.sample.table[name].unique().to_list() if text}
        known = self._lookup(column)
        pairs = [pair for pair in known if pair[0] in stated] or known
        if not pairs:
            return ""
        text = pairs[number % len(pairs)][0]
        if several and column.split and len(pairs) > 1:
            text += f"{column.split} {pairs[(number + 1) % len(pairs)][0]}"
        return text

    def _lookup(self, column: ColumnMap) -> list[tuple[str, str]]:
        name = column.lookup or column.unit_lookup or ""
        if name == "@locode":  # a country's letters and a place that nobody has registered
            return [(f"{country}ZZZ", country) for country in ("BR", "CO", "NL", "SN")]
        if name == "@code":
            return [(row.value, row.code) for row in self.registry.lookup_of(column)]
        return [(row.value, row.code) for row in self.registry.lookups[name] if row.valid_to is None]

    def _written(self, day: date, form: str) -> str:
        if form == EXCEL_SERIAL:
            return str(day.toordinal() - date(1899, 12, 30).toordinal())
        months = (self._month_language() or Locale(self.contract.language)).months["format"]["wide"]
        parts = {
            "%d": f"{day.day:02d}", "%m": f"{day.month:02d}", "%Y": str(day.year), "%y": f"{day.year % 100:02d}",
            "%B": str(months[day.month]), "%b": str(months[day.month]), "%H": "00", "%I": "12", "%M": "00", "%S": "00",
            "%p": "AM", "%.f": ".000", "%:z": "+00:00",
        }  # fmt: skip
        return re.sub(r"%\.f|%:z|%[a-zA-Z]", lambda found: parts.get(found.group(), ""), form)

    def _month_language(self) -> Locale | None:
        column = next((c for c in self.contract.all_columns.values() if c.month_names), None)
        return Locale(column.month_names[0]) if column else None


# --- writers ------------------------------------------------------------------------------------------------


def _content(form: PlainFormat, header: Sequence[str], rows: list[Row], contract: SourceContract) -> bytes:
    if isinstance(form, CsvFormat):
        return _csv(form, header, rows, contract.language)
    if isinstance(form, XlsxFormat):
        return _xlsx(form, header, rows, contract)
    if isinstance(form, JsonFormat):
        document: Any = [_nested(row) for row in rows]
        for key in reversed(form.records.split(".") if form.records else []):
            document = {key: document}
        return json.dumps(document, ensure_ascii=False, indent=1).encode(form.encoding)
    if isinstance(form, NdjsonFormat):
        return "".join(json.dumps(_nested(row), ensure_ascii=False) + "\n" for row in rows).encode(form.encoding)
    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in header})
    pq.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())


def _raw_names(header: Sequence[str], *, numbered: bool) -> list[str]:
    """Names as the publisher writes them: `País (2)` stands as a second `País`."""
    if not numbered:
        return list(header)
    return [
        re.sub(r" \([0-9]+\)$", "", name) if re.sub(r" \([0-9]+\)$", "", name) in header else name for name in header
    ]


def _csv(form: CsvFormat, header: Sequence[str], rows: list[Row], language: Language) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=form.delimiter, quotechar=form.quote, lineterminator="\r\n")
    for _ in range(form.header_row - 1):
        writer.writerow([TITLE[language], *[""] * (len(header) - 1)])
    writer.writerow(_raw_names(header, numbered=form.repeated_headers == "numbered"))
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    text = stream.getvalue() if form.final_newline else stream.getvalue().removesuffix("\r\n")
    return text.encode(form.encoding, "replace")


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


def _xlsx(form: XlsxFormat, header: Sequence[str], rows: list[Row], contract: SourceContract) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"created": PINNED})
    sheet = book.add_worksheet(_sheet_name(form.sheets[0]))
    day_format = book.add_format({"num_format": "yyyy-mm-dd"})
    names = _raw_names(header, numbered=form.repeated_headers == "numbered")
    top = form.header_row - form.header_rows
    for number in range(top):
        sheet.write_string(number, 0, TITLE[contract.language])
    if form.header_rows == 1:
        for column, name in enumerate(names):
            sheet.write_string(top, column, name)
    else:
        _write_two_rows(sheet, names, top, form.header_rows)
    numeric = {name for name, column in contract.all_columns.items() if column.to in NUMERIC}
    for number, row in enumerate(rows, start=form.header_row):
        for column, name in enumerate(header):
            _write_cell(sheet, number, column, row.get(name, ""), day_format, numeric=name in numeric)
    book.close()
    return stream.getvalue()


NUMERIC = frozenset({"quantity", "kg", "hectares", "year", "lat", "lon", "persons_f", "persons_m", "persons_x"})


def _write_cell(sheet: Any, number: int, column: int, cell: str, day_format: Any, *, numeric: bool) -> None:
    """A figure or an ISO date as the typed cell that a spreadsheet makes of it, anything else as text."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        sheet.write_datetime(number, column, datetime.fromisoformat(cell), day_format)
    elif numeric and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
        sheet.write_number(number, column, float(cell))
    elif cell:
        sheet.write_string(number, column, cell)


def _write_two_rows(sheet: Any, names: Sequence[str], top: int, height: int) -> None:
    """A header of several rows: a text over several columns, or over both rows, stands in a merged cell."""
    halves = [name.split(ABOVE, 1) if ABOVE in name else [name, ""] for name in names]
    column = 0
    while column < len(halves):
        upper, lower = halves[column]
        end = column
        while lower and end + 1 < len(halves) and halves[end + 1][0] == upper and halves[end + 1][1]:
            end += 1
        if not lower:
            sheet.merge_range(top, column, top + height - 1, column, upper)
        elif end > column:
            sheet.merge_range(top, column, top, end, upper)
        else:
            sheet.write_string(top, column, upper)
        for place in range(column, end + 1):
            if halves[place][1]:
                sheet.write_string(top + 1, place, halves[place][1])
        column = end + 1


def _sheet_name(pattern: str) -> str:
    """A name that the pattern of sheets fits."""
    name = pattern.replace("[12][0-9][0-9][0-9]", "2020").replace("*", "")
    return re.sub(r"\[(.)\]", r"\1", name)[:31] or "Sheet1"
