"""Each factor is what its cited figure comes to; a file of factors says what is wrong with it, line by line."""

from __future__ import annotations

import ast
import csv
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest

from schemas.factors import COLUMNS, arithmetic, factor_faults, kilograms, read_factors, reference_rows
from schemas.registry import FACTORS, PROJECT, Registry

CITED = {
    "mg": Decimal("1e-6"),
    "g": Decimal("1e-3"),
    "kg": Decimal(1),
    "kg_per_kg": Decimal(1),
    "kg_per_litre": Decimal(1),
}
"""Kilograms in each unit that sources state figures in; a unit that is not here would go unchecked."""

OWN_SIZE = {
    "pound": "0.45359237", "ounce": "0.028349523125", "ounce_troy": "0.0311034768", "tola": "0.0116638038",
    "viss": "1.63293", "gallon_us_liquid": "3.785411784", "gallon_uk": "4.54609", "cubic_foot": "28.316846592",
    "acre": "0.40468564224", "gram": "0.001", "tonne": "1000", "millilitre": "0.001", "thousand_tablets": "1000",
}  # fmt: skip


def recomputed(row: Mapping[str, str], bound: str) -> Decimal:
    """Kilograms in one unit, from the citation's own figure, in decimals of fifty digits; nothing of ours is called."""
    with localcontext() as context:
        context.prec = 50
        text = row[f"cited_{bound}"]
        assert set(text) <= set("0123456789.+*/()"), text
        value = calculated(ast.parse(text, mode="eval").body, text)
        exact = value * CITED[row["cited_unit"]] * Decimal(row["unit_size"])
        return exact.quantize(Decimal("1e-9"), rounding=ROUND_HALF_EVEN)


def calculated(node: ast.expr, text: str) -> Decimal:
    """The value of a sum such as `(90+300)/2`; each number is a Decimal, so that 1/220 is divided in fifty digits."""
    if isinstance(node, ast.Constant):
        return Decimal(text[node.col_offset : node.end_col_offset])
    assert isinstance(node, ast.BinOp), text
    left, right = calculated(node.left, text), calculated(node.right, text)
    operations = {ast.Add: left.__add__, ast.Mult: left.__mul__, ast.Div: left.__truediv__}
    return operations[type(node.op)](right)


def test_every_factor_is_recomputed_from_the_figure_that_its_row_cites(registry: Registry) -> None:
    rows = reference_rows(registry.factors, registry.code_rows)
    assert len(rows) > 300
    wrong = [
        (row["factor_id"], bound)
        for row in rows
        for bound in ("low", "mid", "high")
        if recomputed(row, bound) != row[f"kg_per_unit_{bound}"]
    ]
    assert wrong == []


def test_the_kilograms_typed_in_the_file_are_what_its_figures_come_to() -> None:
    rows = csv.DictReader((PROJECT / FACTORS).read_text(encoding="utf-8").splitlines())
    for row in rows:
        for bound in ("low", "mid", "high"):
            assert recomputed({**row, "unit_size": "1"}, bound) == Decimal(row[f"kg_{bound}"]), row["factor"]


def test_units_have_their_exact_sizes(registry: Registry) -> None:
    sizes = {row["code"]: row["exact_factor"] for row in registry.codes["units"].rows}
    assert {unit: sizes[unit] for unit in OWN_SIZE} == OWN_SIZE


def test_every_row_says_what_it_rests_on_and_only_a_fallback_stands_for_a_density_not_known(registry: Registry) -> None:
    rows = reference_rows(registry.factors, registry.code_rows)
    assert all(row["citation"] and row["figure_basis"] and row["range_basis"] for row in rows)
    second_hand = [row for row in rows if "at second hand" in row["note"]]
    assert all({row["figure_basis"], row["range_basis"]} & {"second_hand"} for row in second_hand)
    fallback = {row["factor_id"] for row in rows if row["figure_basis"] == "fallback"}
    assert {"bulk.all.litre", "bulk.all.gallon_us_liquid"} <= fallback
    assert all(factor_id.startswith("bulk.all.") for factor_id in fallback)


def test_no_factor_weighs_area_length_or_money(registry: Registry) -> None:
    dimension = {row["code"]: row["dimension"] for row in registry.codes["units"].rows}
    rows = reference_rows(registry.factors, registry.code_rows)
    assert {dimension[row["unit"]] for row in rows} == {"mass", "volume", "count"}


def test_the_ranks_are_a_total_order_that_does_not_know_the_order_of_the_file(registry: Registry) -> None:
    rows = reference_rows(registry.factors, registry.code_rows)
    assert sorted(row["specificity"] for row in rows) == list(range(1, len(rows) + 1))
    turned = reference_rows(registry.factors[::-1], registry.code_rows)
    assert {row["factor_id"]: row["specificity"] for row in rows} == {
        row["factor_id"]: row["specificity"] for row in turned
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [("270", Fraction(270)), ("1/220", Fraction(1, 220)), ("(90+300)/2", Fraction(195)), ("0.1*3", Fraction(3, 10))],
)
def test_figures_are_computed_exactly(text: str, value: Fraction) -> None:
    assert arithmetic(text) == value


@pytest.mark.parametrize("text", ["", "1/0", "2**3", "abs(1)", "x", "'1'", "1,2", "-1", "True", "1j", "[1]"])
def test_anything_but_arithmetic_of_figures_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no arithmetic"):
        arithmetic(text)


def test_kilograms_are_rounded_to_nine_decimals_half_to_even() -> None:
    assert [kilograms(f"{n}/2", "0.000000001") for n in (1, 3, 5)] == [Decimal(0), Decimal("2e-9"), Decimal("2e-9")]


# --- what is wrong with a file --------------------------------------------------------------------------------------

PLAIN = dict.fromkeys(COLUMNS, "") | {
    "factor": "a", "product": "bulk", "commodity": "mdma_ecstasy", "units": "tablet", "kg_low": "0.0001",
    "kg_mid": "0.0002", "kg_high": "0.0003", "cited_low": "100", "cited_mid": "200", "cited_high": "300",
    "cited_unit": "mg", "figure_basis": "judgement", "range_basis": "judgement", "source": "invented", "page": "n/a",
}  # fmt: skip
GROUP = {"commodity": "", "commodity_group": "ecstasy"}


def faults(registry: Registry, folder: Path, *rows: Mapping[str, str]) -> list[str]:
    """What is said of a file with these rows; only the cells that differ from a sound row are named."""
    path, said = folder / "factors.csv", []
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows({**PLAIN, **row} for row in rows)
    factors = read_factors(path, said)
    return [*said, *factor_faults("f.csv", factors, registry.code_rows)]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"kg_mid": "0.00021"}, "kg_mid is 0.00021, and 200 mg comes to 0.0002"),
        ({"cited_mid": "two hundred"}, "cited_mid: 'two hundred' is no arithmetic"),
        ({"kg_low": "light"}, "kg_low is no number: 'light'"),
        ({"kg_low": "0.0004", "cited_low": "400"}, "kilograms must be above zero, and low at most mid at most high"),
        ({"kg_low": "0", "cited_low": "0"}, "kilograms must be above zero, and low at most mid at most high"),
        ({"commodity": "tea"}, "names the unknown commodity 'tea'"),
        ({**GROUP, "commodity_group": "teas"}, "names the unknown commodity_group 'teas'"),
        ({**GROUP, "form": "crumbs"}, "names the unknown form 'crumbs'"),
        ({"commodity": "", "form": "leaf"}, "a form stands within a group: name the commodity_group"),
        ({"commodity_group": "ecstasy"}, "a commodity says its group and form already: leave them empty"),
        ({"product": "heap"}, "names the unknown product 'heap'"),
        ({"equiv_product": "heroin"}, "an equivalent names its equiv_product, and a bulk weight has none"),
        ({"product": "equivalent"}, "an equivalent names its equiv_product, and a bulk weight has none"),
        ({"units": "tablet handful"}, "names the unknown unit 'handful'"),
        ({"units": "hectare"}, "hectare is a unit of area, which is never weighed"),
        ({"units": "metre"}, "metre is a unit of length, which is never weighed"),
        ({"units": "currency_unit"}, "currency_unit is a unit of currency, which is never weighed"),
        ({"units": "gram"}, "gram is a unit of mass: its weight is exact and stands in codes/units"),
        ({"product": "equivalent", "equiv_product": "heroin", "units": "gram"}, "gram: an equivalent is of the bulk"),
        ({"units": "tablet litre"}, "its units are of several dimensions"),
        ({"units": ""}, "units is empty"),
        ({"region": "Atlantis"}, "names the unknown region 'Atlantis'"),
        ({"valid_from": "2012"}, "valid_from and valid_to must be days"),
        ({"valid_from": "2012-02-01", "valid_to": "2012-01-01"}, "valid_from is after valid_to"),
        ({"cited_unit": "stone"}, "names the unknown cited_unit 'stone'"),
        ({"figure_basis": "hearsay"}, "names the unknown figure_basis 'hearsay'"),
        ({"source": ""}, "source is empty"),
        ({"page": ""}, "page is empty"),
    ],
)
def test_a_fault_of_a_row_is_told_with_its_line(
    registry: Registry, tmp_path: Path, cells: Mapping[str, str], said: str
) -> None:
    found = faults(registry, tmp_path, {"factor": "sound", "commodity": "mda"}, cells)
    assert len(found) == 1, found
    assert found[0].startswith(f"f.csv:3: {said}")


@pytest.mark.parametrize(
    ("first", "second", "day"),
    [
        (("", ""), ("", ""), "always"),
        (("", "2012-12-31"), ("2012-01-01", ""), "on 2012-01-01"),
        (("2011-01-01", "2012-12-31"), ("2012-06-01", "2013-06-30"), "on 2012-06-01"),
        (("2011-01-01", "2012-12-31"), ("2011-01-01", "2012-12-31"), "on 2011-01-01"),
    ],
)
@pytest.mark.parametrize("scope", [{}, GROUP, {**GROUP, "form": "tablet_or_powder"}, {"region": "Europe"}])
def test_factors_that_would_tie_are_a_fault_that_names_both(
    registry: Registry, tmp_path: Path, first: tuple[str, str], second: tuple[str, str], day: str, scope: dict[str, str]
) -> None:
    rows = [
        {**scope, "factor": name, "valid_from": dates[0], "valid_to": dates[1]}
        for name, dates in (("a", first), ("b", second))
    ]
    (said,) = faults(registry, tmp_path, *rows)
    assert said.startswith(f"f.csv:3: b.tablet ties with a.tablet (line 2): both hold {day} for the same goods")


@pytest.mark.parametrize(
    "other",
    [
        {"commodity": "mda"},
        {"units": "pill"},
        {"region": "ESP"},
        {"valid_from": "2012-01-01"},
        {"product": "equivalent", "equiv_product": "mdma_ecstasy"},
        GROUP,
    ],
)
def test_factors_that_differ_in_goods_unit_place_product_or_lie_inside_one_another_do_not_tie(
    registry: Registry, tmp_path: Path, other: dict[str, str]
) -> None:
    assert faults(registry, tmp_path, {}, {**other, "factor": "b"}) == []


def test_one_period_after_another_is_no_tie(registry: Registry, tmp_path: Path) -> None:
    until, since = {"valid_to": "2011-12-31"}, {"valid_from": "2012-01-01"}
    assert faults(registry, tmp_path, until, {**since, "factor": "b"}) == []


def test_a_factor_id_stands_once(registry: Registry, tmp_path: Path) -> None:
    said = faults(registry, tmp_path, {}, {"commodity": "mda"})
    assert said == ["f.csv:3: the factor_id a.tablet stands twice, first on line 2"]


def test_other_columns_and_cells_too_many_are_told(registry: Registry, tmp_path: Path) -> None:
    path, said = tmp_path / "factors.csv", []
    path.write_text("factor,kg\na,1\n", encoding="utf-8")
    assert read_factors(path, said) == ()
    path.write_text(f"{','.join(COLUMNS)}\na,b\n", encoding="utf-8")
    assert read_factors(path, said) == ()
    assert [fault.split("/")[-1].split(":")[1] for fault in said] == ["1", "2"]
