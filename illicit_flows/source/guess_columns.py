"""Guesses what each column means: which target it fills, which code its spellings have, which is personal.

Belongs here: the decisions, each with its evidence. Does not belong here: how a file is read (`guess_read`), how a
cell is written (`guess_values`) or how a contract is written down (`propose`). What nothing speaks for stays open, and
is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from illicit_flows.source.guess_read import YEAR, Guess, Sample
from illicit_flows.source.guess_values import (
    Codes,
    Column,
    Dates,
    Marks,
    Numbers,
    Suggestion,
    all_weekdays,
    built_in,
    dates_of,
    degrees_share,
    is_dms,
    is_year,
    marks_of,
    month_numbers,
    numbers_of,
    numeric_share,
    position_share,
    quantities_with_unit,
    split_by,
    weekday_numbers,
)
from illicit_flows.source.guess_words import (
    EVENTS,
    FISCAL,
    FREE_TEXT,
    HECTARES,
    MONTH,
    NAMES_OF_THINGS,
    NOTE,
    OTHER_DATES,
    OUTCOME_WORDS,
    PERSONAL,
    SEIZURE_WORDS,
    TOTAL,
    UNITS,
    VINTAGE,
    YEAR_WORDS,
    bare,
    folded,
    header_strength,
)
from pipelines.deliveries.notices import looks_like
from schemas.contracts import LEG_TARGETS, LOOKUP_TARGETS, REQUIRED_TARGETS, Kind, Language, NumberFormat
from schemas.registry import Registry

CODED = ("transport_mode", "concealment", "facility", "direction", "agency", "seal_state", "bill_of_lading",
         "calibre_class")  # fmt: skip
PERSONS = ("persons_f", "persons_m", "persons_x", "persons_unknown")
NEEDS_A_FIGURE = frozenset({"quantity", "kg", "hectares", "proceeds", *PERSONS})
MOST_SPELLINGS = 400
"""A column with more spellings than this, most of them unknown, is no category."""
FEW_SPELLINGS = 60
"""Up to so many, a column whose header names a category is one, though none of its spellings be known."""
ROLELESS = "it names countries, but no role"
SHOWN = 40
"""Spellings without a code that the contract's comments list."""


@dataclass
class Choice:
    """What becomes of one column, as the contract will write it, and why."""

    name: str
    keys: dict[str, Any]
    guesses: list[Guess] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)

    @property
    def target(self) -> str | None:
        found = self.keys.get("to")
        return str(found) if found else None


@dataclass
class Line:
    """One of several quantities that stand side by side in a row."""

    column: str
    constants: dict[str, str]
    evidence: str


@dataclass
class Plan:
    """A proposed contract, before it is written down."""

    kind: Kind
    columns: dict[str, Choice]
    numbers: Numbers
    kind_guess: Guess
    constants: dict[str, str] = field(default_factory=dict)
    constant_guesses: list[Guess] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    """Targets that nothing fills: name of the column that stands in for each, until somebody says."""
    lines: list[Line] = field(default_factory=list)
    declared: list[dict[str, Any]] = field(default_factory=list)
    declared_guesses: list[Guess] = field(default_factory=list)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    dates: Dates | None = None
    vintage: tuple[str, str] | None = None
    families: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)

    def column_of(self, target: str) -> Choice | None:
        return next((choice for choice in self.columns.values() if choice.target == target), None)


@dataclass(frozen=True)
class Candidate:
    """A column that may fill a target, and how much speaks for it."""

    score: float
    column: str
    target: str
    evidence: str


class Planner:
    """One sample on its way to a plan: each step reads what the steps before have settled."""

    def __init__(
        self, sample: Sample, registry: Registry, source: str, language: Language, words: Sequence[str]
    ) -> None:
        self.sample, self.registry, self.source, self.language = sample, registry, source, language
        self.words = words
        """Texts in which the reporter may be named: the publisher, the file's name, titles."""
        self.codes = Codes(registry, language)
        self.total_rows, self.note_rows = _closing_rows(sample.table)
        rest = sample.table.with_row_index("#row").filter(
            ~pl.col("#row").is_in([*self.total_rows, *self.note_rows])
        ).drop("#row")  # fmt: skip
        self.n_rows = rest.height
        self.columns = {name: Column(name, rest[name]) for name in sample.header}
        self.choices: dict[str, Choice] = {}
        self.lookups: dict[str, dict[str, str]] = {}
        self.weekday = next((c for c in self.columns.values() if weekday_numbers(c)), None)
        self.dates: dict[str, Dates] = {}
        self.constants: dict[str, str] = {}
        self.constant_guesses: list[Guess] = []
        self.lines: list[Line] = []

    def plan(self) -> Plan:
        self._drop_empty_and_personal()
        self._read_dates()
        kind, why = self._kind()
        self.lines = self._lines(kind)
        self._assign(kind)
        self._drop_the_rest()
        plan = Plan(kind, {}, self._numbers(), why)
        self._fill_constants(kind)
        plan.columns = {name: self.choices[name] for name in self.sample.header if name in self.choices}
        plan.constants, plan.constant_guesses, plan.lookups = self.constants, self.constant_guesses, self.lookups
        plan.lines = self.lines
        plan.missing = self._missing(plan)
        dated = plan.column_of("seized") or plan.column_of("stage_date") or plan.column_of("period")
        plan.dates = self.dates.get(dated.name) if dated else None
        plan.families = self._families(plan)
        plan.vintage = self._vintage()
        self._declare(plan)
        plan.to_do = self._open_questions(plan)
        return plan

    # --- what is not kept ---------------------------------------------------------------------------------

    def _drop_empty_and_personal(self) -> None:
        for name, column in self.columns.items():
            if column.n == 0:
                self._drop(
                    name,
                    "no cell of the sample holds anything",
                    f"{column.cells.len()} of {self.n_rows} cells say nothing",
                )
            elif (reason := self._personal(column)) is not None:
                self._drop(name, reason, "its header says so", personal=True)
            elif header_strength(name, FREE_TEXT) >= 0.6 or _is_prose(column):
                why = f"{len(column.counts)} different texts in {column.n} filled cells"
                self._drop(name, "free text may hold personal data", why, personal=True, sure=False)

    def _personal(self, column: Column) -> str | None:
        """What a header says of persons, if it says that more clearly than anything else."""
        if header_strength(column.name, NAMES_OF_THINGS) == 1:
            return None
        if numeric_share(column) == 1 and any(header_strength(column.name, OUTCOME_WORDS[who]) == 1 for who in PERSONS):
            return None
        things = max(header_strength(column.name, words) for words in SEIZURE_WORDS.values())
        for reason, words in PERSONAL.items():
            ours = words
            if self.language == "fr":  # `nombre` is a number there
                ours = tuple(word for word in words if not word.startswith("nombre"))
            strength = header_strength(column.name, ours)
            places = reason == "leads to an owner" and self._areas(column) >= 0.8
            tie = strength == things and reason == "name of a person" and not _looks_personal(column)
            if strength > 0 and strength >= things and not places and not tie:
                return reason
        return None

    def _drop(self, name: str, reason: str, evidence: str, *, personal: bool = False, sure: bool = True) -> None:
        keys: dict[str, Any] = {"drop": reason} | ({"personal": True} if personal else {})
        self.choices[name] = Choice(name, keys, [Guess("drop", reason, evidence, sure)])

    # --- dates and the kind -------------------------------------------------------------------------------

    def _read_dates(self) -> None:
        for name, column in self.columns.items():
            if name in self.choices or column is self.weekday:
                continue
            header = max(header_strength(name, SEIZURE_WORDS["seized"]), header_strength(name, VINTAGE))
            found = dates_of(column, self.language, self.weekday)
            if found is None or (found.forms == ("serial",) and header < 0.35):
                continue
            if all(form == "%Y" for form in found.forms) or (set(found.forms) <= {"%Y%m%d", "%Y"} and not header):
                continue
            self.dates[name] = found

    def _kind(self) -> tuple[Kind, Guess]:
        names = [name for name in self.columns if name not in self.choices]
        stage = max((header_strength(name, OUTCOME_WORDS["stage"]), self.codes.coverage("stage", self.columns[name]))
                    for name in names) if names else (0.0, 0.0)  # fmt: skip
        commodity = any(self.codes.coverage("commodity", self.columns[name]) >= 0.3 for name in names)
        years = [name for name in names if YEAR.match(name.strip()) and numeric_share(self.columns[name]) > 0.7]
        titles = folded(" ".join(self.sample.titles))
        hectares = any(header_strength(name, HECTARES) >= 0.6 for name in names) or "hect" in titles
        legs = any(header_strength(name, SEIZURE_WORDS[leg]) >= 0.6 for name in names for leg in LEG_TARGETS)
        year = any(is_year(self.columns[name]) and header_strength(name, YEAR_WORDS) for name in names)
        if stage[0] >= 0.6 and not commodity:
            return "outcomes", Guess(
                "kind", "outcomes", "a column names the stage of a case, and none a commodity", sure=False
            )
        if hectares and not legs and not self.dates and (years or year):
            return "cultivation", Guess("kind", "cultivation", "it counts hectares by year", sure=False)
        if not self.dates and not legs and (year or len(years) > 1):
            return "totals", Guess("kind", "totals", "its rows have a year and no day, and no route", sure=False)
        return "seizures", Guess("kind", "seizures", "its rows have a date and a commodity" if self.dates else
                                 "nothing speaks for another kind", sure=bool(self.dates))  # fmt: skip

    def _lines(self, kind: Kind) -> list[Line]:
        """Columns side by side whose names are years, or commodities with their unit."""
        numeric = [
            name for name, column in self.columns.items()
            if name not in self.choices and name not in self.dates and (not column.n or numeric_share(column) > 0.7)
        ]  # fmt: skip
        if kind in ("totals", "cultivation"):
            years = [name for name in numeric if YEAR.match(name.strip())]
            if len(years) > 1:
                return [Line(name, {"year": name.strip()}, "its header is a year") for name in years]
        if kind != "seizures":
            return []
        lines = []
        for name in numeric:
            inside = re.search(r"[(\[]([^)\]]+)[)\]]", name)
            said = re.sub(r"[(\[].*", "", name).strip()
            code = self.codes.code("commodity", said)
            if inside and inside.group(1).strip().upper() in self.registry.codes["currencies"].codes:
                code = "cash_currency"
            if code is None or header_strength(name, SEIZURE_WORDS["quantity"]) >= 0.6:
                continue
            constants = {"commodity": code}
            word = inside.group(1).strip() if inside else ""
            if word.upper() in self.registry.codes["currencies"].codes:
                constants |= {"unit": "currency_unit", "currency": word.upper()}
            elif unit := self._unit(word):
                constants["unit"] = unit
            lines.append(
                Line(
                    name,
                    constants,
                    f"its header names {code}" + (f", in {constants['unit']}" if "unit" in constants else ""),
                )
            )
        return lines if len(lines) > 1 else []

    def _unit(self, word: str) -> str | None:
        return UNITS.get(bare(word)) or self.codes.code("unit", word)

    # --- targets ------------------------------------------------------------------------------------------

    def _assign(self, kind: Kind) -> None:
        """Give each target the column that the most speaks for, and each column one target."""
        of_lines = {line.column for line in self.lines}
        free = [name for name in self.columns if name not in self.choices and name not in of_lines]
        candidates = [found for name in free for found in self._candidates(kind, self.columns[name])]
        amount = {"cultivation": "hectares"}.get(kind, "quantity")
        taken: set[str] = {target for line in self.lines for target in (*line.constants, amount)}
        for candidate in sorted(candidates, key=lambda found: (-found.score, free.index(found.column))):
            if candidate.column in self.choices or candidate.target in taken:
                continue
            if candidate.target == "quantity_with_unit" and taken & {"quantity", "unit"}:
                continue
            if candidate.target in {"quantity", "unit"} and "quantity_with_unit" in taken:
                continue
            if candidate.target == "position" and taken & {"lat", "lon"}:
                continue
            taken.add(candidate.target)
            self.choices[candidate.column] = self._choice(candidate)
        self._year_and_month(kind, taken)

    def _candidates(self, kind: Kind, column: Column) -> list[Candidate]:
        found: list[Candidate] = []

        def add(target: str, header: float, content: float, evidence: str) -> None:
            said = f"its header says so, and {evidence}" if header >= 0.6 else evidence
            found.append(Candidate(header + content, column.name, target, said))

        if kind == "outcomes":
            self._outcome_candidates(column, add)
            return found
        strength = {target: header_strength(column.name, words) for target, words in SEIZURE_WORDS.items()}
        if kind == "seizures":
            self._date_candidates(column, strength, add)
            self._leg_candidates(column, strength, add)
            self._coded_candidates(column, strength, add)
            self._place_candidates(column, strength, add)
            self._id_candidates(column, strength, add)
        elif kind == "cultivation" and strength["admin1"] and numeric_share(column) < 0.5:
            add("admin1", strength["admin1"], 0.5, f"{len(column.counts)} different texts")
        areas = self._areas(column)
        if areas >= 0.6 and strength["reporter"]:
            add(
                "reporter",
                strength["reporter"],
                areas,
                f"{round(areas * column.n)} of {column.n} cells name a country or area",
            )
        self._amount_candidates(kind, column, strength, add)
        return found

    def _amount_candidates(self, kind: Kind, column: Column, strength: Mapping[str, float], add: Any) -> None:
        numeric = numeric_share(column)
        known = self.codes.coverage("commodity", column)
        if numeric < 0.5 and (strength["commodity"] or known >= 0.5) and column.name not in self.dates:
            add(
                "commodity",
                strength["commodity"],
                1.2 * known,
                f"{round(known * column.n)} of {column.n} cells are known commodities",
            )
        units = self.codes.coverage("unit", column)
        named = {self.codes.code("unit", text) for text in column.counts} - {"unspecified", "mark", None}
        if numeric < 0.5 and ((strength["unit"] and units >= 0.2) or (units >= 0.5 and named)):
            add("unit", strength["unit"], units, f"{round(units * column.n)} of {column.n} cells are known units")
        if is_year(column) and strength["quantity"] < 0.6:
            if kind in ("totals", "cultivation") and header_strength(column.name, YEAR_WORDS):
                add("year", 1, 1, f"{column.n} cells are years")
            return
        if column.name in self.dates or max(strength["lat"], strength["lon"], strength["record_id"]) >= 0.6:
            return
        if kind == "totals" and header_strength(column.name, EVENTS) == 1 and numeric >= 0.8:
            add("n_events", 1, 1, f"{round(numeric * column.n)} of {column.n} cells are numbers")
            return
        in_header = self._unit_in_header(column.name)
        amount = "hectares" if kind == "cultivation" else "quantity"
        said = (
            header_strength(column.name, HECTARES)
            if kind == "cultivation"
            else max(strength["quantity"], 0.7 if in_header else 0)
        )
        if numeric >= 0.8:
            variety = 0.1 if _has_fractions(column) else 0.0
            net = 0.05 if re.search(r"\b(net|neto|liquido)\b", bare(column.name)) else 0.0
            add(
                amount,
                said,
                0.6 * numeric + variety + net,
                f"{round(numeric * column.n)} of {column.n} cells are numbers",
            )
        elif kind == "seizures":
            numbers, _ = quantities_with_unit(column)
            if numbers:
                share = sum(numbers.values()) / column.n
                add("quantity_with_unit", max(said, 0.3), 1.2 * share,
                    f"{sum(numbers.values())} of {column.n} cells are a number with a unit behind it")  # fmt: skip

    def _date_candidates(self, column: Column, strength: Mapping[str, float], add: Any) -> None:
        if column.name in self.dates:
            found = self.dates[column.name]
            worse = max(header_strength(column.name, VINTAGE), header_strength(column.name, OTHER_DATES))
            if worse <= strength["seized"] or worse < 0.5:
                add("seized", strength["seized"], found.share, found.evidence)
        if column is self.weekday:
            names = weekday_numbers(column)
            add("weekday", 1, 1, f"{round(column.share(names) * column.n)} of {column.n} cells are names of weekdays")

    def _leg_candidates(self, column: Column, strength: Mapping[str, float], add: Any) -> None:
        areas = self._areas(column)
        for leg in LEG_TARGETS:
            if strength[leg] and areas >= 0.4:
                evidence = f"{round(areas * column.n)} of {column.n} cells that say something name a country or area"
                add(leg, strength[leg] + (0.2 if strength[leg] >= 0.6 else 0), areas, evidence)
        flags = built_in(column, self.registry, self.codes, "vessel_flag")
        if strength["vessel_flag"] and (areas >= 0.5 or flags):
            add("vessel_flag", strength["vessel_flag"], 1, "its cells are areas")

    def _coded_candidates(self, column: Column, strength: Mapping[str, float], add: Any) -> None:
        if numeric_share(column) > 0.5 or column.name in self.dates or len(column.counts) > MOST_SPELLINGS:
            return
        for target in CODED:
            known = self.codes.coverage(target, column)
            if (
                (strength[target] >= 0.6 and (known >= 0.1 or len(column.counts) <= FEW_SPELLINGS))
                or (strength[target] and known >= 0.4)
                or (known >= 0.9 and len(column.counts) > 1)
            ):
                add(
                    target,
                    strength[target],
                    1.1 * known,
                    f"{round(known * column.n)} of {column.n} cells are known spellings",
                )
        currencies = self.registry.codes["currencies"].codes
        money = column.share(column.counts.keys() & currencies)
        if money >= 0.9 and (strength["currency"] or len(column.counts) < 6) and strength["reporter"] < 0.6:
            add(
                "currency",
                strength["currency"],
                money,
                f"{round(money * column.n)} of {column.n} cells are codes of ISO 4217",
            )

    def _place_candidates(self, column: Column, strength: Mapping[str, float], add: Any) -> None:
        if strength["lat"] and (degrees_share(column, 90) >= 0.9 or is_dms(column)):
            add("lat", strength["lat"], 1, "its cells are degrees within 90")
        if strength["lon"] and (degrees_share(column, 180) >= 0.9 or is_dms(column)):
            add("lon", strength["lon"], 1, "its cells are degrees within 180")
        for written in ("dms", "decimal"):
            share = position_share(column, written, self._marks_of_degrees(column), self.language)
            if share >= 0.8 and (strength["position"] or written == "dms"):
                add(
                    "position",
                    strength["position"],
                    1 + share,
                    f"{round(share * column.n)} of {column.n} cells hold a latitude and a longitude",
                )
        if numeric_share(column) > 0.5 or column.name in self.dates:
            return
        coded = column.share(text for text in column.counts if re.fullmatch("[A-Z]{3}|[A-Z]{5}", text))
        if coded >= 0.8 and strength["place_code"]:
            add(
                "place_code",
                strength["place_code"],
                1.2,
                f"{round(coded * column.n)} of {column.n} cells are codes of three or five letters",
            )
        for target in ("admin1", "place_text"):
            if strength[target]:
                add(target, strength[target], 0.3, f"{len(column.counts)} different texts")
        if strength["inn"] >= 0.6:
            add("inn", strength["inn"], 0.5, f"{len(column.counts)} different texts")

    def _id_candidates(self, column: Column, strength: Mapping[str, float], add: Any) -> None:
        if column.name in self.dates or _has_fractions(column):
            return
        unique = len(column.counts) == column.n == self.n_rows
        first = next(iter(self.columns)) == column.name
        digits = column.share(text for text in column.counts if any(sign.isdigit() for sign in text)) >= 0.9
        if unique and digits and self.n_rows > 1 and (strength["record_id"] or (first and numeric_share(column) < 0.5)):
            add("record_id", strength["record_id"], 1, f"its {column.n} cells are all different")
        elif digits and strength["record_id"] and len(column.counts) > 0.3 * column.n:
            add("incident_number", strength["record_id"], 0.4, f"{len(column.counts)} numbers stand on {column.n} rows")

    def _outcome_candidates(self, column: Column, add: Any) -> None:
        strength = {target: header_strength(column.name, words) for target, words in OUTCOME_WORDS.items()}
        if column.name in self.dates:
            add("stage_date", strength["stage_date"], self.dates[column.name].share, self.dates[column.name].evidence)
            return
        numeric = numeric_share(column)
        for target, header in strength.items():
            if not header or target == "stage_date":
                continue
            if target in (*PERSONS, "proceeds"):
                if numeric >= 0.8:
                    add(target, header, numeric, f"{round(numeric * column.n)} of {column.n} cells are numbers")
            elif target in LOOKUP_TARGETS:
                known = self._areas(column) if target == "reporter" else self.codes.coverage(target, column)
                if known >= 0.2:
                    add(target, header, known, f"{round(known * column.n)} of {column.n} cells are known spellings")
            elif numeric < 1 or target == "case_id":
                add(target, header, 0.5, f"{len(column.counts)} different texts in {column.n} cells")

    def _year_and_month(self, kind: Kind, taken: set[str]) -> None:
        """A date that stands in two columns, or a year alone."""
        target = "seized" if kind == "seizures" else "period"
        if kind not in ("seizures", "totals") or target in taken or (kind == "totals" and self.lines):
            return
        year = next((c for n, c in self.columns.items() if is_year(c) and header_strength(n, YEAR_WORDS)
                     and self._free(n, "year")), None)  # fmt: skip
        month = next((c for n, c in self.columns.items() if header_strength(n, MONTH) and n not in self.choices
                      and month_numbers(c, self.language)), None)  # fmt: skip
        if year is None or (month is None and kind == "totals"):
            return
        if month is None:
            why = Guess("to", "seized", "no column has a day or a month", sure=False)
            self.choices[year.name] = Choice(year.name, {"to": "seized", "date_format": "%Y"}, [why])
            self.dates[year.name] = _years(year, ("%Y",))
            return
        form = "%Y|%m" if numeric_share(month) > 0.9 else "%Y|%B"
        why = Guess("to", target, f"no column has a day; {year.name} and {month.name} make a month", sure=False)
        self.choices[month.name] = Choice(
            month.name, {"to": target, "also_with": year.name, "date_format": form}, [why]
        )
        self._drop(year.name, f"read together with {month.name}", "it is a year")
        self.dates[month.name] = _years(year, (form,))

    def _free(self, name: str, target: str) -> bool:
        return name not in self.choices or self.choices[name].target == target

    # --- one column, written down -------------------------------------------------------------------------

    def _choice(self, candidate: Candidate) -> Choice:
        column, target = self.columns[candidate.column], candidate.target
        sure = candidate.score >= 1.5
        choice = Choice(column.name, {"to": target}, [Guess("to", target, candidate.evidence, sure)])
        if target in ("seized", "stage_date"):
            self._write_date(choice)
        elif target == "quantity_with_unit":
            self._write_quantity(choice, column)
        elif target == "weekday":
            names = all_weekdays(column)
            self.lookups[self._lookup_name(column.name)] = {text: str(names[text]) for text in sorted(names)}
            choice.keys["lookup"] = self._lookup_name(column.name)
        elif target in LOOKUP_TARGETS:
            self._write_lookup(choice, column)
        elif target in {"lat", "lon", "position"} and is_dms(column):
            choice.keys["coordinates"] = "dms"
        if target in LEG_TARGETS:
            choice.keys["role_word"] = column.name
        self._write_not_known(choice, column)
        return choice

    def _write_date(self, choice: Choice) -> None:
        found = self.dates[choice.name]
        choice.keys["date_format"] = found.forms[0] if len(found.forms) == 1 else list(found.forms)
        if any("%B" in form for form in found.forms) and found.languages != (self.language,):
            choice.keys["month_names"] = list(found.languages)
        choice.guesses = [Guess("date_format", " | ".join(found.forms), found.evidence, found.sure)]
        if found.ambiguous:
            choice.to_do.append(
                "say whether day or month comes first: no cell decides it. Ask the publisher, then set date_format"
            )
        elif not found.sure and "contradict" in found.evidence:
            choice.to_do.append("some dates fit only the other order of day and month: those rows are quarantined")
        if found.unread:
            choice.to_do.append(
                f"{found.unread} cells are no such date and their rows will be quarantined: look at them"
            )

    def _write_quantity(self, choice: Choice, column: Column) -> None:
        _, spelled = quantities_with_unit(column)
        lookup = self._lookup_name(column.name)
        self._code_spellings(choice, "unit", lookup, Counter({unit: n for unit, n in spelled.items() if unit}))
        choice.keys["unit_lookup"] = lookup
        choice.keys["not_known_code"] = "unspecified"

    def _write_lookup(self, choice: Choice, column: Column) -> None:
        target = str(choice.target)
        found = self._built_in(column, target)
        if found is not None:
            choice.keys |= {"lookup": found[0]} | ({"split": found[2]} if found[2] else {})
            choice.guesses.append(
                Guess("lookup", found[0], found[1] + (f", parted at {found[2]!r}" if found[2] else ""))
            )
            return
        counts = column.counts
        if target in LEG_TARGETS and (split := split_by(column, self.codes)):
            choice.keys["split"] = split[0]
            choice.guesses.append(Guess("split", split[0], split[1], sure=False))
            counts = Counter()
            for text, n in column.counts.items():
                whole = self.codes.code("origin", text) is not None
                for part in [text] if whole and split[0] not in text else text.split(split[0]):
                    if part.strip():
                        counts[part.strip()] += n
        areas = target in {"reporter", "vessel_flag", *LEG_TARGETS}
        if areas and (shared := self._shared_areas(counts)):
            choice.keys["lookup"] = shared
            choice.guesses.append(Guess("lookup", shared, f"it has all {len(counts)} spellings"))
            return
        lookup = f"{self.source}.countries" if areas else self._lookup_name(column.name)
        choice.keys["lookup"] = lookup
        self._code_spellings(choice, target, lookup, counts)

    def _built_in(self, column: Column, target: str) -> tuple[str, str, str] | None:
        """A lookup without a file, what speaks for it, and the mark between several codes in one cell, if any."""
        whole = built_in(column, self.registry, self.codes, target)
        if whole is not None or target not in LEG_TARGETS:
            return (*whole, "") if whole else None
        for mark in (";", ",", "|"):
            if column.share(text for text in column.counts if mark in text):
                parts = column.cells.str.split(mark).explode(empty_as_null=True).drop_nulls().str.strip_chars()
                if found := built_in(Column(column.name, parts.alias(column.name)), self.registry, self.codes, target):
                    return (*found, mark)
        return None

    def _shared_areas(self, counts: Mapping[str, int]) -> str | None:
        """A lookup of areas that is there already and has every spelling."""
        for language in (self.language, "en", "es", "fr", "pt"):
            name = f"areas.{language}"
            rows = self.registry.lookups.get(name, ())
            if counts and set(counts) <= {row.value for row in rows}:
                return name
        return None

    def _code_spellings(self, choice: Choice, target: str, lookup: str, counts: Mapping[str, int]) -> None:
        """Write the codes of spellings that are known; list the others with what they may be."""
        rows = self.lookups.setdefault(lookup, {})
        unknown = []
        for spelling in sorted(counts):
            code = self.codes.code(target, spelling)
            if code is not None:
                rows[spelling] = code
            elif not (
                target not in {"commodity", "unit", "reporter", "currency"} and spelling in self._others(choice.name)
            ):
                unknown.append(spelling)
        known = sum(counts[text] for text in counts if text in rows)
        rows_said = f"{known} of {sum(counts.values())} rows"
        evidence = f"{len(counts) - len(unknown)} of {len(counts)} spellings are known ({rows_said})"
        choice.guesses.append(Guess("lookup", lookup, evidence, sure=not unknown))
        for spelling in sorted(unknown, key=lambda text: (-counts[text], text)):
            near = self.codes.suggest(target, spelling) if len(unknown) <= 200 else None
            code, like, score = near or ("", "", 0.0)
            choice.suggestions.append(Suggestion(spelling, counts[spelling], code, like, score))

    def _others(self, name: str) -> list[str]:
        return self.columns[name].others

    def _write_not_known(self, choice: Choice, column: Column) -> None:
        """Spellings of "not known"; a unit needs a code for them, and a commodity or reporter cannot do without."""
        target = str(choice.target)
        if target in {"seized", "stage_date", "weekday", "case_id"}:
            return
        n = self.n_rows - column.n
        if target in {"commodity", "reporter", "stage"}:
            if n:
                choice.to_do.append(f"{n} rows have no {target} and will be quarantined")
            return
        spellings = set(column.not_known)
        if target in {*LEG_TARGETS, *CODED}:
            spellings |= {text for text in column.others if self.codes.code(target, text) is None}
        if target in {"unit", "currency", "stage_state", "instrument"}:
            if n:
                choice.keys["not_known"] = sorted(spellings)
                code = {"unit": "unspecified", "currency": "XXX"}.get(target, "unknown")
                choice.keys["not_known_code"] = code
        else:
            choice.keys["not_known"] = sorted(spellings | {""})
        if spellings - {""}:
            said = f"{sum(column.cells.is_in(sorted(spellings - {''})))} cells say so"
            choice.guesses.append(Guess("not_known", ", ".join(sorted(spellings - {""})), said, sure=False))

    def _lookup_name(self, column: str) -> str:
        return f"{self.source}.{bare(column).replace(' ', '_')[:40] or 'column'}"

    # --- what is left -------------------------------------------------------------------------------------

    def _drop_the_rest(self) -> None:
        of_lines = {line.column for line in self.lines}
        for name, column in self.columns.items():
            if name in of_lines:
                continue
            if name in self.choices:
                self._warn_of_persons(self.choices[name], column)
                continue
            mapped = [self.columns[other] for other, choice in self.choices.items() if choice.target and other != name]
            twin = next((other.name for other in mapped if _one_to_one(column, other)), None)
            kinds = _looks_personal(column)
            if twin is not None:
                self._drop(
                    name, f"repeats {twin}", f"each of its {len(column.counts)} spellings goes with one of {twin}"
                )
            elif kinds:
                self._drop(name, f"looks personal ({', '.join(kinds)})", "cells look like " + ", ".join(
                    f"a {kind} in {n} rows" for kind, n in kinds.items()), personal=True, sure=False)  # fmt: skip
            elif name in self.dates:
                self._drop(name, "another date", self.dates[name].evidence, sure=False)
            elif header_strength(name, VINTAGE) < 0.6:
                why = f"{len(column.counts)} different texts in {column.n} filled cells"
                self._drop(name, "nobody has said yet what it is for", why,
                           sure=False)  # fmt: skip
                hint = "map it `to` a target, or keep it dropped and say why"
                if like := self._header_says(name):
                    hint += f"; its header says {like}, and its cells do not"
                if self._areas(column) >= 0.8:
                    hint = f"{ROLELESS}: map it `to` origin, departure, transit, destination or reporter"
                self.choices[name].to_do.append(hint)
            else:
                self._drop(name, "when the row was changed", "its header says so", sure=False)

    def _header_says(self, name: str) -> str | None:
        """The target that a header names most clearly, whether or not the cells agree."""
        strength = {target: header_strength(name, words) for target, words in SEIZURE_WORDS.items()}
        best = max(strength, key=lambda target: strength[target])
        return best if strength[best] >= 0.8 else None

    def _warn_of_persons(self, choice: Choice, column: Column) -> None:
        if choice.target not in {"place_text", "admin1", "record_id", "incident_number", "inn", "place_code"}:
            return
        kinds = _looks_personal(column)
        if not kinds:
            return
        said = ", ".join(f"a {kind} in {n} rows" for kind, n in kinds.items())
        if max(kinds.values()) > 0.5 * column.n and choice.target in {"place_text", "inn"}:
            self._drop(column.name, "looks personal", f"cells look like {said}", personal=True, sure=False)
        else:
            choice.to_do.append(f"cells look like {said}: drop the column with `personal: true` if that is so")

    def _numbers(self) -> Numbers:
        """Marks of the file: those of the quantities. A column that differs gets its own."""
        found: dict[str, Marks] = {}
        for name, choice in self.choices.items():
            if choice.target in NEEDS_A_FIGURE:
                found[name] = marks_of(self.columns[name].counts)
            elif choice.target == "quantity_with_unit":
                found[name] = marks_of(quantities_with_unit(self.columns[name])[0])
        found |= {line.column: marks_of(self.columns[line.column].counts) for line in self.lines}
        whole = numbers_of(sum(found.values(), Marks()), self.language)
        for name, marks in found.items():
            own = numbers_of(marks, self.language)
            if own.told and own.sure and not whole.sure and own.form != whole.form and name in self.choices:
                self.choices[name].keys["numbers"] = own.form.model_dump(exclude_defaults=True)
                self.choices[name].guesses.append(Guess("numbers", own.form.decimal, own.evidence))
        for name, choice in self.choices.items():
            if choice.target in {"lat", "lon", "position"} and "coordinates" not in choice.keys:
                form = self._marks_of_degrees(self.columns[name])
                if form != whole.form:
                    choice.keys["numbers"] = form.model_dump(exclude_defaults=True)
        return whole

    @staticmethod
    def _marks_of_degrees(column: Column) -> NumberFormat:
        """Degrees have no thousands: a comma is a decimal mark, unless it parts a latitude from a longitude."""
        commas = column.share(text for text in column.counts if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text)
                              or text.count(",") > 1)  # fmt: skip
        return NumberFormat(decimal="," if commas > 0.5 else ".")

    # --- constants ----------------------------------------------------------------------------------------

    def _fill_constants(self, kind: Kind) -> None:
        filled = {choice.target for choice in self.choices.values()}
        amount = next((c for c in self.choices.values() if c.target in {"quantity", "kg"}), None)
        if amount is not None and "unit" not in filled and (unit := self._unit_in_header(amount.name)):
            self._constant("unit", unit, f"the header of {amount.name} says so")
            if kind == "totals" and unit == "kilogram":
                amount.keys["to"] = "kg"
                del self.constants["unit"]
        elif "unit" not in filled and not any("unit" in line.constants for line in self.lines):
            units = {unit for title in self.sample.titles if (unit := self._unit_in_header(title))}
            if len(units) == 1 and kind in ("seizures", "totals") and "quantity_with_unit" not in filled:
                self._constant("unit", units.pop(), "a title above the table says so")
        filled |= set(self.constants)
        for line in self.lines:
            if "unit" not in line.constants and "unit" not in filled and kind == "seizures":
                line.constants["unit"] = "unspecified"
        if "reporter" not in filled and (named := self._named_area()):
            self._constant("reporter", named[0], named[1])
        if kind == "cultivation" and "commodity" not in filled:
            self._named_crop()

    def _constant(self, target: str, code: str, evidence: str) -> None:
        self.constants[target] = code
        self.constant_guesses.append(Guess(target, code, evidence, sure=False))

    def _named_crop(self) -> None:
        words = bare(" ".join([*self.words, *self.sample.titles, *self.sample.parts]))
        for word, code in (("coca", "coca_plant"), ("poppy", "opium_poppy_plant"), ("amapola", "opium_poppy_plant"),
                           ("cannabis", "cannabis_plant"), ("marihuana", "cannabis_plant")):  # fmt: skip
            if re.search(rf"\b{word}", words) and code in self.registry.codes["commodities"].codes:
                self._constant("commodity", code, f"a title or name says {word}")
                return

    def _named_area(self) -> tuple[str, str] | None:
        """The one country that the publisher's name, the file's name or a title names."""
        found: dict[str, str] = {}
        for text in (*self.words, *self.sample.titles):
            words = bare(text).split()
            for length in (4, 3, 2, 1):
                for at in range(len(words) - length + 1):
                    phrase = " ".join(words[at : at + length])
                    code = self.codes.code("reporter", phrase) if len(phrase) > 3 else None
                    if code is not None:
                        found.setdefault(code, phrase)
        if len(found) != 1:
            return None
        code, phrase = next(iter(found.items()))
        return code, f"the publisher, the file's name or a title says {phrase}"

    def _unit_in_header(self, name: str) -> str | None:
        """A unit that a header names: `Peso (kg)`, `weight_lbs`, `Cantidad en gramos`."""
        inside = re.findall(r"[(\[]([^)\]]+)[)\]]", name)
        for word in inside:
            if unit := self._unit(word.strip()):
                return unit
        for word in reversed(bare(name).split()):
            unit = self._unit(word) if len(word) > 1 else None
            if unit not in {None, "unit", "unspecified", "mark", "box", "can", "set"}:
                return unit
        return None

    def _areas(self, column: Column) -> float:
        """Share of cells that name areas, by name or code, several in one cell included."""
        if len(column.counts) > 1500 or numeric_share(column) > 0.5:
            return 0.0
        if (found := self._built_in(column, "origin")) is not None:
            return 1.0 if found[0] != "@locode" else 0.9
        known = {text for text in column.counts if len(text) > 2 and self.codes.code("origin", text)}
        if split := split_by(column, self.codes):
            known |= {text for text in column.counts if split[0] in text}
        return column.share(known)

    # --- the whole ----------------------------------------------------------------------------------------

    def _missing(self, plan: Plan) -> dict[str, str]:
        """Targets that a contract of this kind must have and nothing fills."""
        filled: set[str] = {str(choice.target) for choice in self.choices.values()} | set(self.constants)
        for line in self.lines:
            filled |= set(line.constants) | {"hectares" if plan.kind == "cultivation" else "quantity"}
        missing = {}
        for group in REQUIRED_TARGETS[plan.kind]:
            if not group & filled:
                target = next(name for name in ("quantity", "unit", "year", *sorted(group)) if name in group)
                missing[target] = f"TO DO {target}"
        return missing

    def _families(self, plan: Plan) -> list[str]:
        groups = {row["code"]: row["commodity_group"] for row in self.registry.codes["commodities"].rows}
        families = {row["code"]: row["family"] for row in self.registry.codes["commodity_groups"].rows}
        choice = plan.column_of("commodity")
        codes = {line.constants["commodity"] for line in self.lines if "commodity" in line.constants}
        codes |= {self.constants["commodity"]} & groups.keys() if "commodity" in self.constants else set()
        if choice is not None and choice.keys.get("lookup") in self.lookups:
            codes |= set(self.lookups[choice.keys["lookup"]].values())
        elif choice is not None:
            codes |= set(self.columns[choice.name].counts)
        return sorted({families[groups[code]] for code in codes if code in groups})

    def _vintage(self) -> tuple[str, str] | None:
        for name, found in self.dates.items():
            if (
                header_strength(name, VINTAGE) >= 0.6
                and len(found.forms) == 1
                and not self._personal(self.columns[name])
            ):
                return name, found.forms[0]
        return None

    def _declare(self, plan: Plan) -> None:
        """Rows at the end that are a total or a note."""
        table = self.sample.table
        for kind, rows in (("total", self.total_rows), ("note", self.note_rows)):
            cells: Counter[tuple[str, str]] = Counter()
            for row in rows:
                name = next(name for name in table.columns if table[name][row])
                cells[name, str(table[name][row])] += 1
            for number, ((name, text), n) in enumerate(cells.items(), start=1):
                if plan.columns[name].keys.get("personal"):
                    plan.to_do.append(
                        f"{n} rows at the end look like a {kind}, but their text stands in a personal column"
                    )
                    continue
                entry: dict[str, Any] = {
                    "id": f"{kind}_row" + (f"_{number}" if number > 1 else ""),
                    "column": name,
                    "equals": text,
                    "reason": REASONS[kind],
                    "expect": {"at_most": n},
                }
                compared = self._compared(plan, rows[0]) if kind == "total" and len(rows) == 1 else None
                if compared:
                    entry["compare_sum"] = {"column": compared}
                plan.declared.append(entry)
                why = f"{n} rows at the end hold it" + (f"; the sum of {compared} is compared" if compared else "")
                plan.declared_guesses.append(Guess("declared", entry["id"], why, sure=kind == "total"))

    def _compared(self, plan: Plan, row: int) -> str | None:
        choice = plan.column_of("quantity") or plan.column_of("kg") or plan.column_of("hectares")
        if choice is None or "numbers" in choice.keys:
            return None
        return choice.name if re.search("[0-9]", str(self.sample.table[choice.name][row])) else None

    def _open_questions(self, plan: Plan) -> list[str]:
        found = [*self.sample.to_do, *plan.to_do]
        roleless = [
            n
            for n, c in plan.columns.items()
            if c.target is None and not c.keys.get("personal") and any(ROLELESS in item for item in c.to_do)
        ]
        reporter = plan.column_of("reporter")
        if reporter and roleless and len(self.columns[reporter.name].counts) > 1:
            reporter.to_do.append("several columns name countries: is this one the country that reports?")
        if any(header_strength(name, FISCAL) >= 0.6 for name in self.columns):
            found.append("a header speaks of fiscal years: if so, set fiscal_year_from_month on the column of the year")
        if any(
            any(re.fullmatch(r"(FY ?)?(19|20)?[0-9]{2}[/-][0-9]{2}", t) for t in c.counts)
            for c in self.columns.values()
        ):
            found.append("some cells look like fiscal years (2021/22): see fiscal_year_from_month in the guide")
        if not plan.numbers.sure:
            found.append(f"check the marks of numbers: {plan.numbers.evidence}")
        for name in ("seized", "commodity"):
            choice = plan.column_of(name)
            column = self.columns[choice.name] if choice else None
            if choice and column and column.n_empty > 0.2 * self.n_rows and column.cells[0] != "":
                hint = "if each repeats the one above, set fill_down: true"
                found.append(f"{column.n_empty} cells of {choice.name} are empty: {hint}")
        if plan.kind == "seizures" and plan.column_of("record_id"):
            found.append("if a later file sends the same record again to change it, set restates: record")
        return found


REASONS = {
    "total": {"en": "a total of the column, not a report", "es": "un total de la columna, no un reporte",
              "fr": "un total de la colonne, pas un signalement", "pt": "um total da coluna, não um registo"},
    "note": {"en": "a note below the table", "es": "una nota al pie de la tabla", "fr": "une note sous le tableau",
             "pt": "uma nota abaixo da tabela"},
}  # fmt: skip


def _closing_rows(table: pl.DataFrame) -> tuple[list[int], list[int]]:
    """Rows that are totals, and rows near the end that hold a note and nothing else."""
    totals, notes = [], []
    rows = table.height
    for number in range(max(0, rows - 12), rows):
        cells = [str(cell) for cell in table.row(number)]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        first = folded(filled[0]).rstrip(" :.")
        says_total = first in TOTAL or first.startswith(("total ", "total:", "gran total"))
        if says_total and (len(filled) < len(cells) or number == rows - 1):
            totals.append(number)
        elif (
            len(filled) == 1
            and cells[0]
            and len(cells) > 3
            and (bare(filled[0]).startswith(NOTE) or len(filled[0]) > 60)
        ):
            notes.append(number)
    return totals, notes


def _is_prose(column: Column) -> bool:
    length = sum(len(text) * n for text, n in column.counts.items()) / max(1, column.n)
    return length > 45 and len(column.counts) > 0.6 * column.n


def _looks_personal(column: Column) -> dict[str, int]:
    """Kinds of personal data that enough cells look like, with the number of rows; the rule is that of `notices`."""
    found: Counter[str] = Counter()
    for text, n in column.counts.items():
        for kind in looks_like(text):
            found[kind] += n
    return {kind: n for kind, n in sorted(found.items()) if n >= max(3, 0.02 * column.n)}


def _has_fractions(column: Column) -> bool:
    return any(re.fullmatch(r"[+-]?[0-9]+[.,][0-9]{1,2}", text) for text in column.counts)


def _one_to_one(one: Column, other: Column) -> bool:
    """Whether each spelling of a column goes with one of the other, both ways, and there are several."""
    pairs = set(zip(one.cells, other.cells, strict=True))
    return (
        1 < len(one.counts) == len(other.counts) == len({a for a, _ in pairs if a}) == len(pairs - {("", "")}) < one.n
    )


def _years(column: Column, forms: tuple[str, ...]) -> Dates:
    years = sorted(int(text) for text in column.counts if re.fullmatch("[0-9]{4}", text))
    first, last = (years[0], years[-1]) if years else (2000, 2000)
    return Dates(forms, ("en",), 1.0, "years", False, date(first, 1, 1), date(last, 12, 31), 0)


def plan_of(sample: Sample, registry: Registry, source: str, language: Language, words: Sequence[str]) -> Plan:
    """What a contract for a sample may say. `words`: texts in which the reporter may be named."""
    return Planner(sample, registry, source, language, words).plan()
