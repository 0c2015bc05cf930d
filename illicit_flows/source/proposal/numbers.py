"""How numbers are written: decimal and thousands marks, and units behind them.

Belongs here: counting what speaks for one mark or the other. Does not belong here: which columns hold quantities.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from illicit_flows.source.proposal.cells import Column
from pipelines.forms import number_part, unit_part
from schemas.contracts import Language, NumberFormat

GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([ .,'])[0-9]{3}((\1[0-9]{3})*)(?:([.,])([0-9]+))?")
FRACTION = re.compile(r"[+-]?[0-9]+([.,])[0-9]+")
NAMES = {",": "comma", ".": "point", " ": "space", "'": "apostrophe"}


@dataclass
class Marks:
    """How often cells speak for one mark or another."""

    decimal: Counter[str] = field(default_factory=Counter)
    thousands: Counter[str] = field(default_factory=Counter)
    either: Counter[str] = field(default_factory=Counter)
    """A mark before exactly three digits: it may be both."""

    def __add__(self, other: Marks) -> Marks:
        return Marks(self.decimal + other.decimal, self.thousands + other.thousands, self.either + other.either)


@dataclass(frozen=True)
class Numbers:
    """Marks of numbers, and what speaks for them."""

    form: NumberFormat
    evidence: str
    sure: bool
    told: bool
    """Whether any cell has a mark at all: the marks of a column of plain digits are anybody's."""


def marks_of(counts: Mapping[str, int]) -> Marks:
    """What some texts, with their numbers of rows, say of marks."""
    marks = Marks()
    for text, n in counts.items():
        if grouped := GROUPED.fullmatch(text):
            mark, more, point = grouped.group(1), grouped.group(2), grouped.group(4)
            alone = not (point or more or mark in " '")
            (marks.either if alone else marks.thousands)[mark] += n
            if point:
                marks.decimal[point] += n
        elif fraction := FRACTION.fullmatch(text):
            marks.decimal[fraction.group(1)] += n
    return marks


def numbers_of(marks: Marks, language: Language) -> Numbers:
    """Decimal and thousands marks, from cells that leave no choice; else as the language is used to."""
    comma = marks.decimal[","] + marks.thousands["."]
    point = marks.decimal["."] + marks.thousands[","]
    unclear = sum(marks.either.values())
    usual = "." if language == "en" else ","
    decimal = "," if comma > point else "." if point > comma else usual
    said = [f"{n} cells with {word} as decimal mark" for word, n in (("comma", comma), ("point", point)) if n]
    said += [f"{n} with {NAMES[mark]} as thousands mark" for mark, n in sorted(marks.thousands.items())]
    if comma and point:
        said.append("the two contradict each other")
    if unclear:
        so = "read by the others" if comma or point else f"which may be either; read as in {language}"
        said.append(f"{unclear} cells have one mark before three digits, {so}")
    elif not (comma or point):
        said.append("no cell has a mark")
    if marks.thousands["'"]:
        said.append("an apostrophe cannot be read as thousands mark: it needs a correction")
    form = NumberFormat.model_validate({"decimal": decimal, "thousands": _thousands(marks, decimal)})
    sure = bool(comma) != bool(point) or not (comma or point or unclear)
    return Numbers(form, "; ".join(said), sure, bool(comma or point or unclear or marks.thousands))


def _thousands(marks: Marks, decimal: str) -> str:
    found = marks.thousands + marks.either
    possible = sorted(mark for mark in found if mark not in (decimal, "'"))
    return max(possible, key=lambda mark: found[mark], default="")


def quantities_with_unit(column: Column) -> tuple[Counter[str], Counter[str]]:
    """Numbers and units of cells like `2,35 kg`, each with its number of rows; empty where most are none."""
    table = pl.DataFrame({"text": list(column.counts)}, schema={"text": pl.String}).select(
        "text", number=number_part(pl.col("text")), unit=unit_part(pl.col("text"))
    )
    numbers: Counter[str] = Counter()
    units: Counter[str] = Counter()
    for text, number, unit in table.iter_rows():
        if number and (not unit or re.match(r"[^\W\d]", unit)) and len(unit) <= 40:
            numbers[number] += column.counts[text]
            units[unit] += column.counts[text]
    with_unit = units.total() - units[""]
    if not column.n or numbers.total() < 0.8 * column.n or with_unit < 0.5 * column.n:
        return Counter(), Counter()
    return numbers, units
