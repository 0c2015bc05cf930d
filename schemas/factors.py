"""The registry of factors: what one reported unit weighs, by what source, and which factor wins where several apply.

Belongs here: the shape of `data/reference/factors.csv`, the arithmetic that leads from a cited figure to kilograms, the
order of factors, and what is wrong with a file of them. Does not belong here: choosing a factor for a line
(`pipelines/conformed/lines.sql`).

One row of the file is one cited fact about one item, one litre or one kilogram; `units` lists the reported units that
it weighs. Its other sizes (a thousand tablets, a gallon) follow from the exact factors of `codes/units.csv`, so a fact
is typed once. The kilograms are typed too, and must be what the cited figure comes to: a slip of the pen is a fault.

**The most specific applicable factor wins.** Specificity is a total order, compared in this sequence:

1. goods: commodity, then form within a group, then group, then all;
2. place: the reporter's own area, then its M49 subregion, then its M49 region, then everywhere;
3. period: the shorter one first, so dated before undated; an open end reaches to the end of the calendar;
4. `factor_id`, the first in the alphabet. It decides between factors that no line meets together, and nothing else:
   two factors of the same goods, unit and place whose periods overlap, neither inside the other, are a fault.
"""

from __future__ import annotations

import ast
import csv
import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, str]]
"""A code list: its rows as text."""

COLUMNS = (
    "factor", "product", "commodity_group", "form", "commodity", "units", "kg_low", "kg_mid", "kg_high",
    "equiv_product", "valid_from", "valid_to", "region", "cited_low", "cited_mid", "cited_high", "cited_unit",
    "figure_basis", "range_basis", "source", "page", "note",
)  # fmt: skip
FIGURES = ("low", "mid", "high")
WEIGHABLE = ("mass", "volume", "count")
"""Dimensions of units that can become kilograms. Hectares, metres and money never do."""
NINTH = Decimal("1e-9")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@dataclass(frozen=True)
class Factor:
    """One row of the file: the line on which it stands, and its cells as text."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    @property
    def period(self) -> tuple[date, date]:
        """First and last day; an open end is the end of the calendar."""
        first, last = self["valid_from"], self["valid_to"]
        return (
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else date.max,
        )

    def units(self, units: Rows) -> list[str]:
        """The reported units that it weighs; a dimension stands for all of its units."""
        named = self["units"].split()
        return sorted({row["code"] for row in units if row["code"] in named or row["dimension"] in named})

    def id_of(self, unit: str) -> str:
        return f"{self['factor']}.{unit}"


def read_factors(path: Path, faults: list[str]) -> tuple[Factor, ...]:
    """All rows of a file of factors; adds a fault where its columns are others."""
    name = "/".join(path.parts[-3:])
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            faults.append(f"{name}:1: columns must be {','.join(COLUMNS)}")
            return ()
        found = [(reader.line_num, row) for row in reader]
    whole = [(line, row) for line, row in found if None not in row and None not in row.values()]
    ragged = sorted({line for line, _ in found} - {line for line, _ in whole})
    faults.extend(f"{name}:{line}: has more or fewer cells than the header" for line in ragged)
    return tuple(Factor(line, row) for line, row in whole)


def arithmetic(text: str) -> Fraction:
    """The exact value of sums and products of the figures that a source states, such as `(90+300)/2` or `468/6393`.

    Raises `ValueError` for anything else.
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no arithmetic") from None


def kilograms(cited: str, of_cited_unit: str, size: str = "1") -> Decimal:
    """Kilograms in one reported unit, at nine decimals: cited figure × kilograms in its unit × size of the unit."""
    exact = arithmetic(cited) * Fraction(of_cited_unit) * Fraction(size)
    scaled = exact * 10**9
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    up = 2 * rest > scaled.denominator or (2 * rest == scaled.denominator and whole % 2 == 1)
    return (Decimal(whole + up) * NINTH).quantize(NINTH, rounding=ROUND_HALF_EVEN)


def reference_rows(factors: Iterable[Factor], codes: Mapping[str, Rows]) -> list[dict[str, Any]]:
    """The rows of `reference.factors`: one for each fact and reported unit, ranked by specificity (more is higher)."""
    units = {row["code"]: row for row in codes["units"]}
    of_cited = {row["code"]: row["kilograms"] for row in codes["cited_units"]}
    levels = _places(codes["areas"])
    groups = {row["code"]: row["commodity_group"] for row in codes["commodities"]}
    ranked = sorted(
        ((factor, unit) for factor in factors for unit in factor.units(codes["units"])),
        key=lambda pair: (*_generality(pair[0], levels), pair[0].id_of(pair[1])),
        reverse=True,
    )
    return [
        {
            "factor_id": factor.id_of(unit),
            "factor_product": factor["product"],
            "commodity_group": factor["commodity_group"] or groups.get(factor["commodity"]),
            "form": factor["form"],
            "commodity": factor["commodity"],
            "unit": unit,
            **{
                f"kg_per_unit_{name}": kilograms(
                    factor[f"cited_{name}"], of_cited[factor["cited_unit"]], units[unit]["exact_factor"]
                )
                for name in FIGURES
            },
            "unit_size": units[unit]["exact_factor"],
            **{
                name: factor[name]
                for name in (
                    "equiv_product", "valid_from", "valid_to", "cited_low", "cited_mid", "cited_high", "cited_unit",
                    "figure_basis", "range_basis", "page", "note",
                )
            },
            "factor_region": factor["region"],
            "specificity": rank,
            "citation": _citation(factor["source"], units[unit]),
        }
        for rank, (factor, unit) in enumerate(ranked, start=1)
    ]  # fmt: skip


def factor_faults(name: str, factors: Sequence[Factor], codes: Mapping[str, Rows]) -> Iterator[str]:
    """Everything that is wrong with a file of factors, each with its line."""
    sound = []
    for factor in factors:
        faults = [*_row_faults(factor, codes)]
        yield from (f"{name}:{factor.line}: {fault}" for fault in faults)
        if not faults:
            sound.append(factor)
    yield from (f"{name}:{line}: {fault}" for line, fault in _pair_faults(sound, codes["units"]))


# --- one row --------------------------------------------------------------------------------------------------------


def _row_faults(factor: Factor, codes: Mapping[str, Rows]) -> Iterator[str]:
    known = {name: {row[next(iter(row))] for row in rows} for name, rows in codes.items()}
    for column, codes_of in (
        ("product", "factor_products"), ("commodity_group", "commodity_groups"), ("form", "forms"),
        ("commodity", "commodities"), ("equiv_product", "commodities"), ("cited_unit", "cited_units"),
        ("figure_basis", "factor_bases"), ("range_basis", "factor_bases"),
    ):  # fmt: skip
        if factor[column] and factor[column] not in known[codes_of]:
            yield f"names the unknown {column} {factor[column]!r}"
    for column in ("factor", "product", "units", "cited_unit", "figure_basis", "range_basis", "source", "page"):
        if not factor[column]:
            yield f"{column} is empty"
    if factor["commodity"] and (factor["commodity_group"] or factor["form"]):
        yield "a commodity says its group and form already: leave them empty"
    if factor["form"] and not factor["commodity_group"]:
        yield "a form stands within a group: name the commodity_group"
    if (factor["product"] == "equivalent") != bool(factor["equiv_product"]):
        yield "an equivalent names its equiv_product, and a bulk weight has none"
    if factor["region"] and factor["region"] not in _places(codes["areas"]):
        yield f"names the unknown region {factor['region']!r}: an area, an M49 subregion or an M49 region"
    yield from _period_faults(factor)
    yield from _unit_faults(factor, codes["units"])
    yield from _figure_faults(factor, codes["cited_units"])


def _period_faults(factor: Factor) -> Iterator[str]:
    try:
        first, last = factor.period
    except ValueError:
        yield "valid_from and valid_to must be days, as 2012-01-31"
    else:
        if first > last:
            yield "valid_from is after valid_to"


def _unit_faults(factor: Factor, units: Rows) -> Iterator[str]:
    dimension = {row["code"]: row["dimension"] for row in units}
    known = {**dimension, **{name: name for name in dimension.values()}}
    for unit in factor["units"].split():
        if unit not in known:
            yield f"names the unknown unit {unit!r}"
        elif known[unit] not in WEIGHABLE:
            yield f"{unit} is a unit of {known[unit]}, which is never weighed"
        elif known[unit] == "mass" and factor["product"] == "bulk" and factor["kg_mid"] != "1":
            yield f"{unit} is a unit of mass: its weight is exact and stands in codes/units"
        elif known[unit] == "mass" and factor["product"] == "equivalent" and unit != "kilogram":
            yield f"{unit}: an equivalent is of the bulk weight, whatever its unit was: name kilogram"
    if len({known[unit] for unit in factor["units"].split() if unit in known}) > 1:
        yield "its units are of several dimensions"


def _figure_faults(factor: Factor, cited_units: Rows) -> Iterator[str]:
    of_cited = {row["code"]: row["kilograms"] for row in cited_units}.get(factor["cited_unit"])
    stated: list[Decimal] = []
    for name in FIGURES:
        typed, cited = factor[f"kg_{name}"], factor[f"cited_{name}"]
        try:
            stated.append(Decimal(typed))
        except ArithmeticError:
            yield f"kg_{name} is no number: {typed!r}"
            continue
        try:
            comes_to = kilograms(cited, of_cited) if of_cited else stated[-1]
        except ValueError as error:
            yield f"cited_{name}: {error}"
        else:
            if comes_to != stated[-1]:
                yield f"kg_{name} is {typed}, and {cited} {factor['cited_unit']} comes to {comes_to.normalize():f}"
    if not (stated == sorted(stated) and all(number > 0 for number in stated)):
        yield "kilograms must be above zero, and low at most mid at most high"


# --- several rows ---------------------------------------------------------------------------------------------------


def _pair_faults(factors: Iterable[Factor], units: Rows) -> Iterator[tuple[int, str]]:
    """Ids that stand twice, and factors that would tie: same goods, unit and place, and no period inside the other."""
    ids: defaultdict[str, list[Factor]] = defaultdict(list)
    alike: defaultdict[tuple[str, ...], list[tuple[Factor, str]]] = defaultdict(list)
    for factor in factors:
        scope = tuple(factor[column] for column in ("product", "commodity", "form", "commodity_group", "region"))
        for unit in factor.units(units):
            ids[factor.id_of(unit)].append(factor)
            alike[(*scope, unit)].append((factor, unit))
    for factor_id, standing in ids.items():
        for again in standing[1:]:
            yield again.line, f"the factor_id {factor_id} stands twice, first on line {standing[0].line}"
    for together in alike.values():
        for (first, unit), (second, _) in combinations(together, 2):
            day = max(first.period[0], second.period[0])
            if day <= min(first.period[1], second.period[1]) and not _one_inside_the_other(first, second):
                since = "always" if day == date.min else f"on {day}"
                yield (
                    second.line,
                    (
                        f"{second.id_of(unit)} ties with {first.id_of(unit)} (line {first.line}): both hold {since} "
                        "for the same goods, unit and place; let one period end before the other begins, or lie inside"
                    ),
                )


def _one_inside_the_other(first: Factor, second: Factor) -> bool:
    (a, b), (c, d) = first.period, second.period
    return first.period != second.period and ((a <= c and d <= b) or (c <= a and b <= d))


# --- order ----------------------------------------------------------------------------------------------------------


def _generality(factor: Factor, levels: Mapping[str, int]) -> tuple[int, int, int]:
    """How general a factor is in goods, place and days; the most specific is the smallest."""
    goods = ("commodity", "form", "commodity_group")
    first, last = factor.period
    return (
        next((rank for rank, column in enumerate(goods) if factor[column]), len(goods)),
        levels[factor["region"]] if factor["region"] else 3,
        (last - first).days,
    )


def _places(areas: Rows) -> dict[str, int]:
    """Names of places and how general they are: 2 for M49 regions, 1 for subregions, 0 for areas."""
    return {row[column]: level for level, column in ((2, "region"), (1, "subregion"), (0, "area")) for row in areas}


def _citation(source: str, unit: Mapping[str, str]) -> str:
    """The source of the fact and, where the unit is not the one that the fact is about, that of the unit's size."""
    return source if unit["exact_factor"] == "1" else f"{source}; {unit['code']}: {unit['source']}"


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return Fraction(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        value: Fraction = OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
        return value
    raise ValueError(f"{text!r} is no arithmetic of figures")
