"""Every weight names its factor; the most specific wins; a changed fact changes the lines that name it, no other."""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import samples
from weighing import misweighed

from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.store import Home
from schemas.factors import COLUMNS, factor_faults, read_factors
from schemas.registry import FACTORS, PROJECT, Registry

ROWS: dict[str, str] = {
    "yaba in Thailand": "2014-05-05,THA,methamphetamine,1000,tablet",
    "yaba in China": "2014-05-05,CHN,methamphetamine,1000,tablet",
    "methamphetamine in Kenya": "2014-05-05,KEN,methamphetamine,1000,tablet",
    "amphetamine in Thailand": "2013-10-25,THA,amphetamine,5300000,tablet",
    "amphetamine in Kenya": "2013-10-25,KEN,amphetamine,1000,tablet",
    "kilograms in Thailand": "2013-05-22,THA,amphetamine,4500000,kilogram",
    "captagon": "2014-05-05,SDN,captagon,6000,tablet",
    "ecstasy, the last day": "2011-12-31,ESP,mdma_ecstasy,1000,tablet",
    "ecstasy, the first day": "2012-01-01,ESP,mdma_ecstasy,1000,tablet",
    "ecstasy in thousands": "2012-01-02,ESP,mdma_ecstasy,1,thousand_tablets",
    "ecstasy in Brazil": "2014-05-05,BRA,mdma_ecstasy,1000,tablet",
    "crack": "2014-05-05,COL,crack,1000,unit",
    "cocaine": "2014-05-05,COL,cocaine,1000,unit",
    "leaf by the unit": "2014-05-05,COL,coca_leaf,1000,unit",
    "leaf": "2014-05-05,COL,coca_leaf,220,kilogram",
    "leaf in pounds": "2014-05-05,COL,coca_leaf,1000,pound",
    "opium": "2014-05-05,AFG,opium,100,kilogram",
    "opium in grams": "2014-05-05,AFG,opium,100,gram",
    "worked ivory": "2014-05-05,KEN,ivory_worked,7,kilogram",
    "raw ivory": "2014-05-05,KEN,ivory_raw,7,kilogram",
    "blotters": "2014-05-05,BRA,lsd,1000,blotter",
    "doses of LSD": "2014-05-05,BRA,lsd,1000,dose",
    "acetone": "2014-05-05,COL,acetone,10,gallon_us_liquid",
    "acetone by the cubic metre": "2014-05-05,COL,acetone,2,cubic_metre",
    "toluene": "2014-05-05,COL,toluene,10,litre",
    "a litre of something": "2014-05-05,COL,cocaine_liquid,10,litre",
    "timber": "2014-05-05,BRA,timber_logs,2,cubic_metre",
    "viss": "2014-05-05,MMR,opium,2,viss",
    "troy ounces": "2014-05-05,PER,gold,1000,ounce_troy",
    "poppy in hectares": "2014-05-05,MMR,opium_poppy_plant,3,hectare",
    "poppy in acres": "2014-05-05,MMR,opium_poppy_plant,3,acre",
    "medicine": "2014-05-05,KEN,diazepam,1000,tablet",
    "nothing": "2014-05-05,THA,methamphetamine,0,tablet",
    "not stated": "2014-05-05,THA,methamphetamine,,tablet",
}
NAMES = list(ROWS)


@pytest.fixture(scope="module")
def contracts(registry: Registry) -> Registry:
    """The project's contracts and one of an invented publisher who writes the project's own codes."""
    country: Any = {"Country": {"to": "reporter", "lookup": "@iso3"}}
    return samples.known(registry, samples.contract(constants={}, extra=country))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, contracts: Registry) -> Home:
    """A home with all rows, conformed. Tests read it and write nothing into it."""
    home = Home.at(tmp_path_factory.mktemp("factors")).make()
    text = samples.table_of(*ROWS.values(), header="Day,Country,Drug,Amount,Unit")
    samples.conform(home, contracts, {"planted/a.csv": text})
    return home


@pytest.fixture(scope="module")
def lines(world: Home, contracts: Registry) -> pl.DataFrame:
    return named(world, contracts)


def named(home: Home, contracts: Registry) -> pl.DataFrame:
    """The lines, by the names of their rows."""
    found = samples.table(home, contracts, "conformed.lines").sort("row_no")
    return found.with_columns(name=pl.Series(NAMES))


def one(lines: pl.DataFrame, name: str) -> dict[str, Any]:
    (found,) = lines.filter(name=name).to_dicts()
    return found


@pytest.mark.parametrize(
    ("name", "factor", "low", "mid", "high"),
    [
        ("yaba in Thailand", "bulk.group.methamphetamine.south_eastern_asia.tablet", "0.09", "0.09", "0.3"),
        ("yaba in China", "bulk.group.methamphetamine.eastern_asia.tablet", "0.09", "0.09", "0.3"),
        ("methamphetamine in Kenya", "bulk.group.methamphetamine.tablet", "0.09", "0.195", "0.3"),
        ("amphetamine in Thailand", "bulk.group.amphetamine.south_eastern_asia.tablet", "477", "477", "1325"),
        ("amphetamine in Kenya", "bulk.group.amphetamine.tablet", "0.09", "0.25", "0.3"),
        ("kilograms in Thailand", "bulk.all.kilogram", "4500000", "4500000", "4500000"),
        ("captagon", "bulk.commodity.captagon.tablet", "0.54", "1.000002", "1.8"),
        ("ecstasy, the last day", "bulk.group.ecstasy.tablet", "0.2", "0.27", "0.3"),
        ("ecstasy, the first day", "bulk.group.ecstasy.europe_2012.tablet", "0.2", "0.27", "0.4"),
        ("ecstasy in thousands", "bulk.group.ecstasy.europe_2012.thousand_tablets", "0.2", "0.27", "0.4"),
        ("ecstasy in Brazil", "bulk.group.ecstasy.tablet", "0.2", "0.27", "0.3"),
        ("crack", "bulk.form.cocaine.base.unit", "0.033333", "0.1", "0.3"),
        ("cocaine", "bulk.form.cocaine.unspecified.unit", "0.033333", "0.1", "0.3"),
        ("blotters", "bulk.commodity.lsd.blotter", "0.0057", "0.007263", "0.008827"),
        ("acetone", "bulk.commodity.acetone.gallon_us_liquid", "29.147671", "29.904753", "30.661835"),
        ("acetone by the cubic metre", "bulk.commodity.acetone.cubic_metre", "1540", "1580", "1620"),
        ("toluene", "bulk.commodity.toluene.litre", "8.5", "8.67", "8.85"),
        ("a litre of something", "bulk.all.litre", "8", "10", "12"),
        ("viss", "bulk.all.viss", "3.26586", "3.26586", "3.26586"),
        ("troy ounces", "bulk.all.ounce_troy", "31.103477", "31.103477", "31.103477"),
    ],
)
def test_the_most_specific_factor_weighs_a_quantity(
    lines: pl.DataFrame, name: str, factor: str, low: str, mid: str, high: str
) -> None:
    found = one(lines, name)
    assert found["factor_id"] == factor
    assert (found["kg_low"], found["kg_mid"], found["kg_high"]) == (Decimal(low), Decimal(mid), Decimal(high))


@pytest.mark.parametrize(
    ("name", "semantics"),
    [
        ("leaf by the unit", "count"),
        ("doses of LSD", "count"),
        ("medicine", "count"),
        ("timber", "volume"),
        ("poppy in hectares", "area"),
        ("poppy in acres", "area"),
        ("nothing", "zero_stated"),
        ("not stated", "not_stated"),
    ],
)
def test_what_no_factor_weighs_stays_what_it_is(lines: pl.DataFrame, name: str, semantics: str) -> None:
    found = one(lines, name)
    assert (found["amount_semantics"], found["kg_mid"], found["factor_id"]) == (semantics, None, None)


@pytest.mark.parametrize(
    ("name", "kg", "product", "low", "mid", "high"),
    [
        ("leaf", "220", "cocaine_hcl", "0.33", "1", "1.9712"),
        ("leaf in pounds", "453.59237", "cocaine_hcl", "0.680389", "2.061784", "4.064188"),
        ("opium", "100", "heroin", "7.320507", "10", "13.389868"),
        ("opium in grams", "0.1", "heroin", "0.007321", "0.01", "0.01339"),
        ("worked ivory", "7", "ivory_raw", "10", "10", "10"),
        ("doses of LSD", None, "lsd", "0.00005", "0.00005", "0.0004"),
        ("blotters", "0.007263", "lsd", "0.00005", "0.00005", "0.0004"),
    ],
)
def test_an_equivalent_stands_beside_the_bulk_weight_and_never_in_it(
    lines: pl.DataFrame, name: str, kg: str | None, product: str, low: str, mid: str, high: str
) -> None:
    found = one(lines, name)
    assert found["kg_mid"] == (Decimal(kg) if kg else None)
    assert found["equiv_product"] == product
    weights = tuple(found[f"kg_equiv_{bound}"].quantize(Decimal("0.000001")) for bound in ("low", "mid", "high"))
    assert weights == tuple(Decimal(text) for text in (low, mid, high))
    assert found["equiv_factor_id"].startswith(f"equivalent.commodity.{found['commodity']}.")


def test_nothing_else_has_an_equivalent(lines: pl.DataFrame) -> None:
    with_one = {"leaf", "leaf in pounds", "opium", "opium in grams", "viss", "worked ivory", "doses of LSD", "blotters"}
    assert set(lines.filter(pl.col("kg_equiv_mid").is_not_null())["name"]) == with_one


def test_every_line_has_the_most_specific_factor_that_applies_to_it_or_none_applies(
    world: Home, contracts: Registry
) -> None:
    assert misweighed(world, contracts) == {"ties": [], "wrong": []}


# --- a fact is changed ----------------------------------------------------------------------------------------------


def changed(contracts: Registry, folder: Path, factor: str, units: str, cells: Mapping[str, str]) -> Registry:
    """The contracts with a copy of the file of factors in which one row has other cells."""
    rows = list(csv.DictReader(io.StringIO((PROJECT / FACTORS).read_text(encoding="utf-8"))))
    (row,) = [row for row in rows if row["factor"] == factor and units in row["units"].split()]
    row.update(cells)
    return written(contracts, folder, rows)


def planted(contracts: Registry, folder: Path, *rows: Mapping[str, str]) -> Registry:
    """The contracts with a copy of the file of factors that has more rows; only their telling cells are named."""
    plain = dict.fromkeys(COLUMNS, "") | {
        "product": "bulk", "cited_unit": "kg", "figure_basis": "judgement", "range_basis": "judgement",
        "source": "invented", "page": "n/a",
    }  # fmt: skip
    text = (PROJECT / FACTORS).read_text(encoding="utf-8")
    more = [
        plain | {f"{kind}_{bound}": row["kg"] for kind in ("kg", "cited") for bound in ("low", "mid", "high")}
        | {key: cell for key, cell in row.items() if key != "kg"}
        for row in rows
    ]  # fmt: skip
    return written(contracts, folder, [*csv.DictReader(io.StringIO(text)), *more])


def written(contracts: Registry, folder: Path, rows: list[dict[str, str]]) -> Registry:
    copy, faults = folder / "factors.csv", []
    with copy.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    factors = read_factors(copy, faults)
    assert [*faults, *factor_faults("factors.csv", factors, contracts.code_rows)] == []
    return dataclasses.replace(contracts, factors=factors)


def weighed_anew(world: Home, home: Home, contracts: Registry) -> pl.DataFrame:
    """The lines of the same reports under other factors, in a home of their own."""
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    samples.reference(home, contracts)
    make_places(home, contracts)
    make_lines(home, contracts)
    assert misweighed(home, contracts) == {"ties": [], "wrong": []}
    return named(home, contracts)


@pytest.mark.parametrize(
    ("factor", "unit", "cells", "touched"),
    [
        pytest.param(
            "bulk.group.methamphetamine.south_eastern_asia", "tablet", {"kg_mid": "0.000095", "cited_mid": "95"},
            {"yaba in Thailand": {"kg_mid"}}, id="in one subregion",
        ),
        pytest.param(
            "bulk.group.ecstasy.europe_2012", "tablet", {"valid_from": "2012-01-02"},
            {"ecstasy, the first day": {"kg_high", "factor_id"}}, id="a day later",
        ),
        pytest.param(
            "bulk.group.ecstasy.europe_2012", "tablet", {"kg_high": "0.00041", "cited_high": "410"},
            {"ecstasy, the first day": {"kg_high"}, "ecstasy in thousands": {"kg_high"}}, id="in all its units",
        ),
        pytest.param(
            "bulk.form.cocaine.base", "unit", {"kg_mid": "0.0002", "cited_mid": "0.2"},
            {"crack": {"kg_mid"}}, id="of one form",
        ),
        pytest.param(
            "bulk.commodity.acetone", "volume", {"kg_mid": "0.8", "cited_mid": "0.8"},
            {"acetone": {"kg_mid"}, "acetone by the cubic metre": {"kg_mid"}}, id="a density",
        ),
        pytest.param(
            "equivalent.commodity.coca_leaf", "kilogram", {"kg_mid": "0.005", "cited_mid": "1/200"},
            {"leaf": {"kg_equiv_mid"}, "leaf in pounds": {"kg_equiv_mid"}}, id="an equivalent",
        ),
        pytest.param(
            "bulk.commodity.toluene", "volume", {"note": "the same, in other words"}, {}, id="in words alone",
        ),
    ],
)  # fmt: skip
def test_one_changed_fact_changes_the_lines_that_rest_on_it_and_no_other(
    world: Home, contracts: Registry, lines: pl.DataFrame, home: Home, tmp_path: Path,
    factor: str, unit: str, cells: Mapping[str, str], touched: dict[str, set[str]],
) -> None:  # fmt: skip
    after = weighed_anew(world, home, changed(contracts, tmp_path, factor, unit, cells))
    differing: dict[str, set[str]] = {}
    for column in lines.columns:
        for name in lines.filter(lines[column].ne_missing(after[column]))["name"]:
            differing.setdefault(name, set()).add(column)
    assert differing == touched


MDMA = {"commodity": "mdma_ecstasy", "units": "tablet"}
ECSTASY = {"commodity_group": "ecstasy", "units": "tablet"}
FORM = {**ECSTASY, "form": "tablet_or_powder"}
DATED = {"valid_from": "2011-01-01", "valid_to": "2012-12-31"}


@pytest.mark.parametrize(
    ("more", "less"),
    [
        pytest.param(
            MDMA, {**FORM, **DATED, "region": "ESP"}, id="the commodity before its form, wherever and whenever"
        ),
        pytest.param(FORM, {**ECSTASY, **DATED, "region": "ESP"}, id="the form before the group"),
        pytest.param(
            {**ECSTASY, "region": "Southern Europe"},
            {"units": "tablet", **DATED, "region": "ESP"},
            id="the group first",
        ),
        pytest.param({**MDMA, "region": "ESP"}, {**MDMA, **DATED, "region": "Southern Europe"}, id="the country first"),
        pytest.param(
            {**MDMA, "region": "Southern Europe"}, {**MDMA, **DATED, "region": "Europe"}, id="then the subregion"
        ),
        pytest.param({**MDMA, "region": "Europe"}, {**MDMA, **DATED}, id="then the region"),
        pytest.param({**MDMA, **DATED}, MDMA, id="dated before undated"),
        pytest.param(
            {**MDMA, "valid_from": "2011-12-31", "valid_to": "2012-01-01"}, {**MDMA, **DATED}, id="days first"
        ),
        pytest.param({**MDMA, **DATED}, {**MDMA, "valid_from": "2010-01-01"}, id="both ends before one"),
    ],
)
def test_the_order_of_factors_is_goods_then_place_then_period_whatever_their_names(
    world: Home, contracts: Registry, home: Home, tmp_path: Path, more: Mapping[str, str], less: Mapping[str, str]
) -> None:
    for names in (("a.more", "z.less"), ("z.more", "a.less")):
        rows = [{**more, "factor": names[0], "kg": "1"}, {**less, "factor": names[1], "kg": "2"}]
        after = weighed_anew(world, home, planted(contracts, tmp_path, *rows))
        chosen = {one(after, f"ecstasy, the {day} day")["factor_id"] for day in ("last", "first")}
        assert chosen == {f"{names[0]}.tablet"}
