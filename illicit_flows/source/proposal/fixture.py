"""Invented rows in the form of real ones: same marks, date forms and spellings, and no row of the file.

Belongs here: inventing cells. Does not belong here: the file that they stand in (`fixture_files`). Of the real file
only words of categories are used again, those that stand in a lookup. The same name and form give the same rows.
"""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import Path

from babel import Locale

from illicit_flows.source.proposal.columns import FIGURES
from illicit_flows.source.proposal.fixture_files import Row, write_rows
from illicit_flows.source.proposal.found import Draft
from illicit_flows.source.proposal.privacy import PERSONS
from illicit_flows.source.proposal.words import INVENTED
from schemas.contracts import COORDINATE_TARGETS, DATE_TARGETS, EXCEL_SERIAL, ColumnMap, SourceContract
from schemas.registry import Registry

GOOD_ROWS = 8


def write_fixture(path: Path, contract: SourceContract, registry: Registry, draft: Draft) -> None:
    """Write eight invented rows, one that is wrong on purpose, and the closing rows that the contract declares."""
    header, columns, language = draft.sample.header, contract.all_columns, contract.language
    invent = _Inventor(contract, registry, draft)
    rows = [invent.row(number) for number in range(GOOD_ROWS + 1)]
    breakable = ("seized", "stage_date", "period", "kg", "hectares", "year", "quantity")
    wrong = next((name for target in breakable for name, column in columns.items() if column.to == target), header[0])
    rows[GOOD_ROWS // 2][wrong] = INVENTED["wrong"][language]
    rows += [dict.fromkeys(header, "") | {rule.column: rule.equals or ""} for rule in contract.declared]
    write_rows(path, contract, header, rows)


class _Inventor:
    """Invents cells, column by column, from a seed that is the source's name."""

    def __init__(self, contract: SourceContract, registry: Registry, draft: Draft) -> None:
        self.contract, self.registry, self.draft = contract, registry, draft
        self.random = random.Random(contract.source)  # noqa: S311 - invented figures, no secrets
        months = next((c.month_names[0] for c in contract.all_columns.values() if c.month_names), contract.language)
        self.months = Locale(months).months["format"]["wide"]

    def row(self, number: int) -> Row:
        first = self.draft.dated.first.year if self.draft.dated else 2020
        day = date(min(max(first, 2000), 2030), 1, 1) + timedelta(days=7 + 41 * number)
        columns, vintage = self.contract.all_columns, self.contract.vintage
        named = [name for name in self.draft.sample.header if name in columns]
        cells = {name: self._cell(name, columns[name], number, day) for name in named}
        for name, column in columns.items():
            if column.also_with is not None and column.to in DATE_TARGETS:
                form = (column.date_format or [""])[0].split("|")
                cells[column.also_with], cells[name] = (self._written(day, part) for part in form)
        if vintage and vintage.column in cells:
            cells[vintage.column] = self._written(day, vintage.date_format)
        return cells

    def _cell(self, name: str, column: ColumnMap, number: int, day: date) -> str:
        target, language = str(column.to), self.contract.language
        if column.to is None:
            return INVENTED["removed"][language] if column.personal else ""
        if target in DATE_TARGETS:
            forms = column.date_format or ["%Y-%m-%d"]
            return self._written(day, forms[number % len(forms)] if number < GOOD_ROWS else forms[0])
        if target == "weekday":
            return next((text for text, code in self._lookup(column) if code == str(day.isoweekday())), "")
        figure = self._number(column) if column.unit_lookup or target in FIGURES - set(PERSONS) else ""
        if column.lookup or column.unit_lookup:
            return f"{figure} {self._spelling(name, column, number)}".strip()
        if target in COORDINATE_TARGETS:
            return self._degrees(target, column)
        return figure or {
            "year": str(day.year - number % 3), "place_code": "XXX",
            **dict.fromkeys((*PERSONS, "n_events"), str(number % 5)),
            **dict.fromkeys(("record_id", "incident_number", "case_id", "seizure_ref"), f"INV-{number + 1:04d}"),
        }.get(target, f"{INVENTED['place'][language]} {number % 4 + 1}")  # fmt: skip

    def _number(self, column: ColumnMap) -> str:
        form, told = column.numbers or self.contract.numbers, self.draft.numbers and self.draft.numbers.told
        amount = self.random.choice([self.random.randint(1, 90), self.random.randint(100, 9000)])
        fraction = told and self.random.random() < 0.6
        whole = f"{amount:,}".replace(",", form.thousands)
        return whole + (f"{form.decimal}{self.random.randint(1, 9)}" if fraction else "")

    def _degrees(self, target: str, column: ColumnMap) -> str:
        lat, lon, minutes = self.random.randint(1, 14), self.random.randint(1, 60), self.random.randint(10, 59)
        mark = (column.numbers or self.contract.numbers).decimal
        north, west, between = f"{lat}{mark}{minutes}", f"-{lon}{mark}{minutes}", " " if mark == "," else ", "
        if column.coordinates == "dms":
            north, west, between = f"{lat:02d}°{minutes}'N", f"{lon:03d}°{minutes}'W", " "
        return {"lat": north, "lon": west}.get(target, f"{north}{between}{west}")

    def _spelling(self, name: str, column: ColumnMap, number: int) -> str:
        """A word of a category: one that the sample has and that has a code; once two, where cells have several."""
        stated = set(self.draft.sample.table[name].unique()) - {""}
        known = [text for text, _ in self._lookup(column)]
        texts = [text for text in known if text in stated] or known or [""]
        second = texts[(number + 1) % len(texts)]
        several = column.split and number == 1 and len(texts) > 1
        return texts[number % len(texts)] + (f"{column.split} {second}" if several else "")

    def _lookup(self, column: ColumnMap) -> list[tuple[str, str]]:
        name = column.lookup or column.unit_lookup or ""
        if name == "@locode":  # a country's letters and a place that nobody has registered
            return [(f"{country}ZZZ", country) for country in ("BR", "CO", "NL", "SN")]
        rows = self.registry.lookup_of(column) if name == "@code" else self.registry.lookups[name]
        return [(row.value, row.code) for row in rows if row.valid_to is None]

    def _written(self, day: date, form: str) -> str:
        if form == EXCEL_SERIAL:
            return str(day.toordinal() - date(1899, 12, 30).toordinal())
        month = str(self.months[day.month])
        parts = {
            "%d": f"{day.day:02d}", "%m": f"{day.month:02d}", "%Y": str(day.year), "%y": f"{day.year % 100:02d}",
            "%B": month, "%b": month, "%H": "00", "%I": "12", "%M": "00", "%S": "00", "%p": "AM", "%.f": ".000",
            "%:z": "+00:00",
        }  # fmt: skip
        return re.sub(r"%\.f|%:z|%[a-zA-Z]", lambda found: parts.get(found.group(), ""), form)
