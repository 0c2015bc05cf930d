"""Subregions: where a set of countries is too wide to be read, and only there."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from pipelines.inferred import regions
from pipelines.store import sql

SUBREGIONS = {
    "Caribbean": [f"C{n:02}" for n in range(9)], "South America": ["S00", "S01", "S02"], "Western Africa": ["W00"],
    None: ["ATA", "none", "rest"],
}  # fmt: skip


def listed(
    number: int, chances: dict[str, int], out: tuple[str, ...] = ("rest",), true_less: int = 0
) -> list[tuple[object, ...]]:
    """Rows of a list: chances in thousandths, and which countries its 90 % set leaves out."""
    return [
        (number, country, chance - true_less * (country != "rest"), chance, country not in out)
        for country, chance in chances.items()
    ]


@pytest.fixture
def found() -> pl.DataFrame:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA inferred; CREATE SCHEMA reference")
    islands = {f"C{n:02}": 60 for n in range(9)}  # 540 together
    wide = {**islands, "S00": 200, "S01": 150, "S02": 20, "W00": 55, "ATA": 5, "rest": 30}
    rows = [
        *listed(0, wide, out=("S02", "W00", "ATA", "rest"), true_less=2),
        *listed(1, {**islands, "S00": 430, "S01": 25, "rest": 5}, out=("S01", "rest")),
        *listed(2, {**islands, "S00": 200, "S01": 150, "W00": 110}, out=tuple(wide)[1:]),
        *listed(3, {**islands, "none": 300, "S00": 100, "S01": 50, "rest": 10}),
        *listed(4, {**islands, "none": 450, "rest": 10}),
    ]
    links = [
        ("wide", "departure", 0), ("alike", "departure", 0), ("narrow", "departure", 1), ("wide", "destination", 2),
        ("hop", "transit", 3), ("near", "transit", 4),
    ]  # fmt: skip
    con.register("links", pl.DataFrame(links, schema=["evidence_id", "role", "list_no"], orient="row"))
    con.register("given", pl.DataFrame(rows, schema=["list_no", "country", "true", "label", "in_set90"], orient="row"))
    con.execute("CREATE TABLE inferred.evidence_lists AS FROM links")
    con.execute("""
        CREATE TABLE inferred.place_lists AS
        SELECT *, CAST("true" / 1000 AS DECIMAL(9, 6)) AS prob_true, CAST(label / 1000 AS DECIMAL(9, 6)) AS prob_label
        FROM given
    """)
    areas = [(area, f"name of {area}", subregion) for subregion, members in SUBREGIONS.items() for area in members]
    con.register("areas", pl.DataFrame(areas, schema=["area", "area_name", "subregion"], orient="row"))
    con.execute("CREATE TABLE reference.areas AS FROM areas")
    return con.sql(sql(regions.__file__, "regions")).pl()


def test_only_sets_of_more_than_ten_countries_are_rolled_up(found: pl.DataFrame) -> None:
    assert set(found.select("evidence_id", "role").rows()) == {
        ("wide", "departure"), ("alike", "departure"), ("hop", "transit"),
    }  # fmt: skip
    of = {name: found.filter(evidence_id=name).sort("subregion").drop("evidence_id") for name in ("wide", "alike")}
    assert of["wide"].equals(of["alike"])


def test_a_subregion_has_the_sum_of_its_listed_countries(found: pl.DataFrame) -> None:
    wide = found.filter(evidence_id="wide").sort("prob_label", descending=True)
    assert [(name, float(label), float(true), n) for name, true, label, n in
            wide.select("subregion", "prob_true", "prob_label", "n_countries").rows()] == [
        ("Caribbean", 0.54, 0.522, 9), ("South America", 0.37, 0.364, 3), ("Western Africa", 0.055, 0.053, 1),
        ("rest", 0.03, 0.03, 0), ("name of ATA", 0.005, 0.003, 1),
    ]  # fmt: skip


def test_the_set_is_the_smallest_that_holds_nine_tenths_and_never_the_rest(found: pl.DataFrame) -> None:
    held = found.filter("in_set90").group_by("evidence_id").agg(pl.col("subregion").sort())
    assert dict(held.iter_rows()) == {
        "wide": ["Caribbean", "South America"], "alike": ["Caribbean", "South America"],
        "hop": ["Caribbean", "South America", "none"],
    }  # fmt: skip
