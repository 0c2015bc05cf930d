"""The blank form: a workbook for agencies without a system of their own, made of its contract.

Belongs here: the workbook's sheets, lists and formulas. Does not belong here: which columns there are and what may
stand in them (the contract), or the words (`schemas/messages/words/`). All languages give the same codes: the
contract's names stand in a hidden row, and of a cell that was chosen from a list only the code is read.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from illicit_flows.source.phrases import phrase
from pipelines.staging.values import LARGEST_NUMBER, WHOLE_NUMBERS
from schemas.contracts import DATE_TARGETS, LEG_TARGETS, LOOKUP_TARGETS, Language, SourceContract, XlsxFormat
from schemas.registry import CODES_OF_TARGET, Registry

Row = Mapping[str, str | float | date]
"""Column of the contract to a value; of a column with a list, to a code."""
PREPARED_ROWS = 500
BETWEEN = " · "
"""Between a code and its words."""
CHOSEN = "@code"
"""The lookup that reads the code of a chosen cell."""
LISTS = "Lists"
CASE_NUMBER = "case_number"
"""The column whose text goes into the case id, and is kept in no other way."""
NEEDED = frozenset({"seized", "reporter", "commodity", "unit"})
"""Targets without which a row is held back."""
COMPUTED = frozenset({"record_id", "case_id"})
"""Targets that the form fills by itself: the country's and the agency's code before their own number."""
BOUNDS: Mapping[str, tuple[int, int]] = {
    "quantity": (0, LARGEST_NUMBER), "proceeds": (0, LARGEST_NUMBER), "lat": (-90, 90), "lon": (-180, 180),
    **dict.fromkeys(WHOLE_NUMBERS, (0, 100_000)),
}  # fmt: skip
NO_CHOICE = frozenset({"unmapped", "rest", "none", "XXX"})
"""Codes that say something of our reading, and nothing of a seizure."""
MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - a day that never changes: the same contract, the same bytes
HEADINGS = (
    ("", ("form_intro",)),
    ("form_how", ("form_row", "form_needed", "form_lists", "form_several_transits", "form_again", "form_full")),
    ("form_roles", ()),
    ("form_outcomes", ("form_outcomes_note",)),
    ("form_never", ("form_never_names", "form_never_numbers", "form_never_plates", "form_case_number_note")),
)


def form_contract(registry: Registry) -> SourceContract:
    """The contract of the form: a workbook in which every code is chosen from our own lists."""
    (found,) = [
        source
        for source in registry.sources.values()
        if isinstance(source.format, XlsxFormat)
        and {column.lookup for column in source.columns.values() if column.to in LOOKUP_TARGETS} == {CHOSEN}
    ]
    return found


def blank_form(registry: Registry, language: Language, *, contact: str = "", rows: Sequence[Row] = ()) -> bytes:
    """The form in one language. `contact` is whom to send it to; `rows` are filled in beforehand, as in a sample."""
    source = form_contract(registry)
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    book.set_properties({"created": MADE, "title": phrase("form_title", language)})
    _Form(book, registry, source, language).write(contact, rows)
    book.close()
    return content.getvalue()


class _Form:
    """The three sheets of one form: what to know, the rows, and (hidden) the lists."""

    def __init__(
        self, book: xlsxwriter.Workbook, registry: Registry, source: SourceContract, language: Language
    ) -> None:
        assert isinstance(source.format, XlsxFormat)
        self.book, self.registry, self.source, self.language = book, registry, source, language
        self.header = source.format.header_row - 1
        self.name = source.format.sheets[0]
        self.places = {name: place for place, name in enumerate(source.columns)}
        self.formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def write(self, contact: str, rows: Sequence[Row]) -> None:
        self._instructions(self.book.add_worksheet(self._say("instructions")), contact)
        sheet = self.book.add_worksheet(self.name)
        ranges = self._lists(self.book.add_worksheet(LISTS))
        self._head(sheet)
        for name in self.source.columns:
            self._column(sheet, name, ranges)
        for number in range(max(PREPARED_ROWS, len(rows))):
            self._row(sheet, self.header + 1 + number, rows[number] if number < len(rows) else {})
        sheet.activate()

    def _say(self, name: str, **params: object) -> str:
        return phrase(f"form_{name}", self.language, **params)

    def _look(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(properties)
        return self.formats[key]

    # --- what to know ---------------------------------------------------------------------------------------

    def _instructions(self, sheet: Worksheet, contact: str) -> None:
        sheet.set_column(0, 0, 110)
        sheet.hide_gridlines(2)
        title, heading = self._look(bold=True, font_size=16), self._look(bold=True, font_size=12, bottom=1)
        wrapped = self._look(text_wrap=True, valign="top")
        lines = [(self._say("title"), title)]
        for name, sentences in HEADINGS:
            if name:
                lines += [("", wrapped), (phrase(name, self.language), heading)]
            if name == "form_roles":
                lines += [
                    (f"{self._label('roles', role)}: {self._say(f'role_{role}')}", wrapped) for role in self._roles
                ]
            lines += [(phrase(each, self.language, sheet=self.name, rows=PREPARED_ROWS), wrapped) for each in sentences]
        lines += [("", wrapped), (self._say("send"), heading)]
        lines += [(self._say("send_to", contact=contact) if contact else self._say("send_back"), wrapped)]
        for number, (text, look) in enumerate(lines):
            sheet.write_string(number, 0, text, look)

    @property
    def _roles(self) -> list[str]:
        return [row["code"] for row in self.registry.codes["roles"].rows]

    # --- the lists ------------------------------------------------------------------------------------------

    def _lists(self, sheet: Worksheet) -> dict[str, str]:
        """Write one list for each kind of code; gives the range of each, by column of the contract."""
        sheet.hide()
        ranges: dict[str, str] = {}
        written: dict[tuple[str, bool], str] = {}
        for name, column in self.source.columns.items():
            if column.lookup != CHOSEN:
                continue
            target = str(column.to)
            key = CODES_OF_TARGET[target], target == "reporter"
            if key not in written:
                choices = list(self.choices(target).values())
                place = len(written)
                sheet.write_column(0, place, [key[0], *choices])
                letters = xl_col_to_name(place)
                written[key] = f"={LISTS}!${letters}$2:${letters}${len(choices) + 1}"
            ranges[name] = written[key]
        return ranges

    def choices(self, target: str) -> dict[str, str]:
        """Codes of a target, each with what its list shows, in the order of the list."""
        codes = self.registry.codes[CODES_OF_TARGET[target]]
        found = []
        for row in codes.rows:
            code = row[codes.key]
            if code in NO_CHOICE or not self._may_be(target, row):
                continue
            words = self._words(codes.name, row)
            found.append((_sorted_as(words if codes.name != "currencies" else code), code, f"{code}{BETWEEN}{words}"))
        return {code: shown for _, code, shown in sorted(found)}

    def _may_be(self, target: str, row: Mapping[str, str]) -> bool:
        """Whether an area can be what a column asks for: a former state cannot, and the high seas seize nothing."""
        kind = row.get("area_type")
        return kind != "historical" and (target != "reporter" or kind in ("country", "territory"))

    def _words(self, codes: str, row: Mapping[str, str]) -> str:
        """The words of a code; the group of goods stands before their name."""
        if codes == "areas":
            named = Locale(self.language).territories.get(row["iso2"]) or row.get(f"area_name_{self.language}")
            whole = row["area_type"] in ("country", "territory", "sea")
            return str(named or row["area_name"]) if whole else self._label("area_types", row["area_type"])
        if codes == "commodities":
            group = self._label("commodity_groups", row["commodity_group"])
            label = row[f"label_{self.language}"]
            return label if group == label else f"{group}: {label}"
        return row[f"label_{self.language}"]

    def _label(self, codes: str, code: str) -> str:
        row = next(row for row in self.registry.codes[codes].rows if row["code"] == code)
        return row[f"label_{self.language}"]

    # --- the rows -------------------------------------------------------------------------------------------

    def _head(self, sheet: Worksheet) -> None:
        sheet.write_string(0, 0, self._say("title"), self._look(bold=True, font_size=14))
        label = self._look(bold=True, text_wrap=True, valign="top", bg_color="#D9E1F2", border=1)
        for name, place in self.places.items():
            needed = " *" if self.source.columns[name].to in NEEDED else ""
            sheet.write_string(self.header - 1, place, self._say(f"column_{name}") + needed, label)
            sheet.write_string(self.header, place, name)
        sheet.set_row(self.header - 1, 48)
        sheet.set_row(self.header, None, None, {"hidden": True})
        sheet.freeze_panes(self.header + 1, 1)

    def _column(self, sheet: Worksheet, name: str, ranges: Mapping[str, str]) -> None:
        """The form of a column's cells, and what they accept."""
        column, place = self.source.columns[name], self.places[name]
        target = str(column.to or "")
        if target in COMPUTED:
            sheet.set_column(place, place, 12, None, {"hidden": True})
            return
        if target in DATE_TARGETS:
            look = self._look(num_format="yyyy-mm-dd")
        elif target in BOUNDS:
            look = self._look(num_format="General")
        else:
            look = self._look(num_format="@")  # so that the incident 3/4 does not become a day in April
        sheet.set_column(place, place, 26 if name in ranges else 16, look)
        asked = self._asked(name, ranges)
        if asked:
            first, last = self.header + 1, self.header + PREPARED_ROWS
            sheet.data_validation(first, place, last, place, asked | {"error_title": self._say("refused")})

    def _asked(self, name: str, ranges: Mapping[str, str]) -> dict[str, Any]:
        """The validation of a column's cells; none for text."""
        column = self.source.columns[name]
        target = str(column.to or "")
        if name in ranges:
            says = {"error_message": self._say("refused_list")}
            role = {"input_message": self._say(f"role_{target}")} if target in LEG_TARGETS else {}
            return {"validate": "list", "source": ranges[name], "show_error": column.split is None} | says | role
        if target in DATE_TARGETS:
            ends = self.source.dates.earliest, self.source.dates.latest
            shown = [format_date(day, "medium", locale=self.language) for day in ends]
            return self._between("date", "refused_date", ends, shown)
        if target in BOUNDS:
            shown = [format_decimal(end, locale=self.language) for end in BOUNDS[target]]
            whole = target in WHOLE_NUMBERS
            return self._between(
                "integer" if whole else "decimal", "refused_whole" if whole else "refused_number", BOUNDS[target], shown
            )
        return {}

    def _between(self, kind: str, says: str, ends: tuple[Any, Any], shown: Sequence[str]) -> dict[str, Any]:
        message = self._say(says, minimum=shown[0], maximum=shown[1])
        between = {"criteria": "between", "minimum": ends[0], "maximum": ends[1]}
        return {"validate": kind, "error_message": message} | between

    def _row(self, sheet: Worksheet, number: int, values: Row) -> None:
        for name, place in self.places.items():
            column, value = self.source.columns[name], values.get(name, "")
            target = str(column.to or "")
            if target in COMPUTED:
                own = CASE_NUMBER if target == "case_id" else str(self.source.column_of("incident_number"))
                sheet.write_formula(number, place, self._formula(number, own), None, self._joined(values, own))
            elif isinstance(value, date):
                moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001
                sheet.write_datetime(number, place, moment, self._look(num_format="yyyy-mm-dd"))
            elif isinstance(value, str):
                if value:
                    chosen = self.choices(target).get(value, value) if column.lookup == CHOSEN else value
                    sheet.write_string(number, place, chosen)
            else:
                sheet.write_number(number, place, value)

    def _formula(self, number: int, own: str) -> str:
        """Codes of country and agency and a number of their own, joined; empty where there is no number."""

        def cell(name: str) -> str:
            return f"${xl_col_to_name(self.places[name])}{number + 1}"

        codes = [f'IFERROR(LEFT({cell(name)},FIND("{BETWEEN}",{cell(name)})-1),{cell(name)})' for name in self._keys]
        joined = '&"-"&'.join([*codes, f"TRIM({cell(own)})"])
        return f'=IF(TRIM({cell(own)})="","",{joined})'

    def _joined(self, values: Row, own: str) -> str:
        """What the formula gives."""
        number = str(values.get(own, "")).strip()
        return "-".join([*(str(values.get(name, "")) for name in self._keys), number]) if number else ""

    @property
    def _keys(self) -> list[str]:
        return [str(self.source.column_of("reporter")), str(self.source.column_of("agency"))]


def _sorted_as(words: str) -> str:
    """Words without case and accents, so that Éthiopie stands beside Espagne."""
    return "".join(letter for letter in unicodedata.normalize("NFD", words.casefold()) if letter.isalnum())
