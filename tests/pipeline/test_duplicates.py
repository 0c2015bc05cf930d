"""Which lines tell of one seizure: pairs, sets, weights and incidents on invented deliveries.

Each question has a country of its own, with a year of ordinary lines behind it: how little an agreement means is judged
by what else the country reports.
"""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import samples

from pipelines.conformed import make
from pipelines.published.make import make_published, make_seizure_trends
from pipelines.staging.decisions import append, make_decisions
from pipelines.store import Home
from schemas.registry import Registry

DAY = date(2014, 6, 15)
Row = dict[str, str]


def row(country: str, place: str, amount: str, day: date = DAY, **more: str) -> Row:
    heroin = {"DRUG_NAME": "Heroin", "DRUG_UNIT": "Kilogram", "SEIZURE_DATE": day.isoformat()}
    return {**heroin, "COUNTRY": country, "PLACE": place, "AMOUNT": amount, **more}


def year_of(country: str, n: int = 150, unit: str = "Kilogram", drug: str = "Heroin", factor: float = 1) -> list[Row]:
    """Ordinary lines of a country: a day, a place and an odd amount of their own, 0.3 to 300 kg (times `factor`)."""
    rng = random.Random(country)  # noqa: S311
    return [
        row(
            country,
            f"Village {number}",
            f"{factor * math.exp(rng.uniform(math.log(0.3), math.log(300))):.3f}",
            date(2014, 1, 1) + timedelta(days=2 * number),
            DRUG_NAME=drug,
            DRUG_UNIT=unit,
        )
        for number in range(n)
    ]


def on_days(country: str, place: str, amount: str, days: Sequence[int], unit: str) -> list[Row]:
    return [row(country, place, amount, DAY + timedelta(days=day), DRUG_UNIT=unit) for day in days]


STREET = 20
PLANTED: dict[str, list[Row]] = {
    "told twice": [row("Ghana", "Port of Two", "6913"), row("Ghana", "Port of Two", "6913")],
    "tablets": [
        row("Mauritius", "Quay", "2786", DRUG_NAME="Ecstasy", DRUG_UNIT="Tablet"),
        row("Mauritius", "Quay", "2.786", DRUG_NAME="Ecstasy"),
    ],
    "street": [row("Kenya", "Capital", "5", DRUG_UNIT="Gram") for _ in range(STREET)],
    "weekly": [row("Togo", "Market", "25"), row("Togo", "Market", "25")],
    "apart": [row("Benin", "North", "40"), row("Benin", "South", "77", DAY + timedelta(days=40))],
}
BACKGROUND = [
    *year_of("Ghana"),
    *year_of("Mauritius", 60),
    *year_of("Mauritius", 90, "Tablet", "Ecstasy", factor=100),
    *year_of("Kenya"),
    *(line for day in range(-60, 60) if day for line in on_days("Kenya", "Capital", "5", [day] * 6, "Gram")),
    *year_of("Togo"),
    *on_days("Togo", "Market", "25", [day for day in range(-60, 60, 3) if day], "Kilogram"),
    *year_of("Benin"),
]
COLOMBIA: Mapping[str, Row] = {
    "equal": {"MUNICIPIO": "EQUAL", "CANTIDAD": "31"},
    "of another day": {"MUNICIPIO": "OTHER", "CANTIDAD": "32"},
    "twice here, once there": {"MUNICIPIO": "TWICE", "CANTIDAD": "33"},
    "once here, twice there": {"MUNICIPIO": "ONCE", "CANTIDAD": "34"},
}
SPELT = [{"MUNICIPIO": place, "CANTIDAD": "77"} for place in ("SAN INVENTADO", "SAN INVENTADO (CT)")]
"""Two events whose codes and amounts are equal, and whose places are spelt otherwise; the mirror turns them round."""
HERE = [
    *SPELT,
    COLOMBIA["equal"],
    COLOMBIA["of another day"],
    *[COLOMBIA["twice here, once there"]] * 2,
    COLOMBIA["once here, twice there"],
]
THERE = [
    {"municipio": one["MUNICIPIO"], "cantidad": one["CANTIDAD"], "fecha": one.get("fecha", samples.API["fecha"])}
    for one in (
        *reversed(SPELT),
        COLOMBIA["equal"], {**COLOMBIA["of another day"], "fecha": "2018-05-16T00:00:00.000"},
        COLOMBIA["twice here, once there"],
        *[COLOMBIA["once here, twice there"]] * 2,
    )
]  # fmt: skip


def files(shuffle: int | None = None) -> dict[str, bytes]:
    """The deliveries; in another order of rows and under other names if asked."""
    told = [line for lines in PLANTED.values() for line in lines] + BACKGROUND
    here, there = list(HERE), list(THERE)
    if shuffle is None:
        names = ("unodc_ids/ids_2014.csv", "colombia_policia/a.csv", "colombia_policia/a.json")
    else:
        rng = random.Random(shuffle)  # noqa: S311
        for rows in (told, here, there):
            rng.shuffle(rows)
        names = ("unodc_ids/again_ids_2014.csv", "colombia_policia/z.csv", "colombia_policia/b.json")
    return dict(zip(names, (samples.ids(*told), samples.colombia(*here), samples.api(*there)), strict=True))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Home:
    """A home with all planted rows, conformed. Tests read it and write nothing into it."""
    home = Home.at(tmp_path_factory.mktemp("duplicates")).make()
    samples.conform(home, registry, files())
    return home


@pytest.fixture
def own(world: Home, tmp_path: Path) -> Home:
    """A copy of the tables for a test that writes."""
    home = Home.at(tmp_path / "own").make()
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    return home


def lines(home: Home, registry: Registry, **where: Any) -> pl.DataFrame:
    return samples.table(home, registry, "conformed.seizures").filter(**where)


def pairs(home: Home, registry: Registry) -> pl.DataFrame:
    return samples.table(home, registry, "conformed.duplicate_pairs")


def pair_of(home: Home, registry: Registry, one: str, other: str) -> list[dict[str, Any]]:
    first, second = sorted((one, other))
    return pairs(home, registry).filter(seizure_id=first, other_seizure_id=second).to_dicts()


# --- which lines are one --------------------------------------------------------------------------------------


def test_a_large_distinctive_amount_told_twice_on_one_day_at_one_place_is_one_line(
    world: Home, registry: Registry
) -> None:
    found = lines(world, registry, place_text="Port of Two")
    assert found.height == 2
    assert found["line_weight"].sum() < Decimal("1.1"), pair_of(world, registry, *found["seizure_id"])
    assert found["duplicate_set_id"].n_unique() == 1


def test_tablets_and_the_same_digits_in_kilograms_at_one_place_on_one_day_are_one_line(
    world: Home, registry: Registry
) -> None:
    found = lines(world, registry, place_text="Quay")
    assert set(found["unit_reported"]) == {"tablet", "kilogram"}
    assert found["line_weight"].sum() < Decimal("1.1")
    assert found["duplicate_set_id"].n_unique() == 1
    (pair,) = pair_of(world, registry, *found["seizure_id"])
    assert pair["level_amount"] == "pieces_told_as_kilograms"


def test_alike_street_amounts_where_they_are_common_keep_their_weight_and_share_no_set(
    world: Home, registry: Registry
) -> None:
    found = lines(world, registry, place_text="Capital", seized_from=DAY)
    assert found.height == STREET
    assert found["line_weight"].sum() >= STREET * Decimal("0.9")
    assert found["duplicate_set_id"].n_unique() == STREET


def test_an_amount_that_the_place_has_on_many_other_days_is_no_sign(world: Home, registry: Registry) -> None:
    found = lines(world, registry, place_text="Market", seized_from=DAY)
    assert found.height == 2
    assert found["line_weight"].sum() > Decimal("1.5")
    assert found["duplicate_set_id"].n_unique() == 2


def test_ordinary_lines_of_a_year_keep_their_weight(world: Home, registry: Registry) -> None:
    found = lines(world, registry, reporter="BEN")
    assert found["line_weight"].sum() > found.height * Decimal("0.99")


# --- a source that mirrors another one ------------------------------------------------------------------------


def colombian(home: Home, registry: Registry, place: str) -> dict[str, list[Decimal]]:
    found = lines(home, registry, place_text=place)
    by_source = found.group_by("source_id").agg(pl.col("line_weight").sort())
    return dict(by_source.rows())


def test_rows_of_a_mirror_share_the_line_of_their_equal_and_what_differs_stays(world: Home, registry: Registry) -> None:
    half = Decimal("0.5")
    assert colombian(world, registry, "EQUAL") == {"colombia_policia": [half], "colombia_policia_api": [half]}
    equal = lines(world, registry, place_text="EQUAL")
    (pair,) = pair_of(world, registry, *equal["seizure_id"])
    assert (pair["pair_basis"], pair["probability"], pair["bits_chance"]) == ("mirror", 1, None)
    assert equal["duplicate_set_id"].n_unique() == 1
    other = lines(world, registry, place_text="OTHER")
    assert other["line_weight"].min() > Decimal("0.9")
    assert other["duplicate_set_id"].n_unique() == 2


def test_each_row_matches_one_equal_row_of_the_mirror_and_no_more(world: Home, registry: Registry) -> None:
    mirrored = pairs(world, registry).filter(pair_basis="mirror")
    places = lines(world, registry).select("seizure_id", "place_text", "source_id")
    named = mirrored.join(places, on="seizure_id").join(places, left_on="other_seizure_id", right_on="seizure_id")
    counted = dict(named.group_by("place_text").len().rows())
    assert {place: counted.get(place, 0) for place in ("EQUAL", "OTHER", "TWICE", "ONCE")} == {
        "EQUAL": 1, "OTHER": 0, "TWICE": 1, "ONCE": 1,
    }  # fmt: skip
    assert (named["place_text"] == named["place_text_right"]).all()
    for column in ("seizure_id", "other_seizure_id"):
        assert mirrored[column].is_unique().all()
    twice = lines(world, registry, place_text="TWICE")["line_weight"].sum()
    assert Decimal("1.8") < twice <= 2  # the row that is not mirrored is another seizure


# --- what a person decides ------------------------------------------------------------------------------------


def decide(home: Home, registry: Registry, *decisions: tuple[str, str, str]) -> None:
    for one, other, verdict in decisions:
        said = {"who": "A. Person", "when": "2024-05-06", "why": "the files"}
        append(home, "duplicate", {"seizure_id": one, "other_seizure_id": other, "verdict": verdict, **said})
    make_decisions(home, registry)
    make.make_duplicate_pairs(home, registry)
    make.make_groups(home, registry)
    make.make_seizures(home, registry)


def one(home: Home, registry: Registry, place: str) -> str:
    (found,) = lines(home, registry, place_text=place)["seizure_id"]
    return str(found)


def test_a_person_joins_two_lines_that_the_model_never_looked_at(own: Home, registry: Registry) -> None:
    north, south = (one(own, registry, place) for place in ("North", "South"))
    assert pair_of(own, registry, north, south) == []
    decide(own, registry, (north, south, "same"))
    (pair,) = pair_of(own, registry, north, south)
    (decision,) = samples.table(own, registry, "staging.decisions")["decision_id"]
    assert (pair["pair_basis"], pair["probability"], pair["probability_modelled"]) == ("decision", 1, None)
    assert pair["decision_id"] == decision
    found = lines(own, registry).filter(pl.col("place_text").is_in(["North", "South"]))
    assert found["line_weight"].to_list() == [Decimal("0.5")] * 2
    assert found["duplicate_set_id"].n_unique() == 1


def test_a_person_sets_a_sure_pair_apart_also_where_a_third_line_would_join_it(own: Home, registry: Registry) -> None:
    first, second = lines(own, registry, place_text="Port of Two")["seizure_id"].sort()
    third = one(own, registry, "North")
    modelled = pair_of(own, registry, first, second)[0]["probability_modelled"]
    decide(own, registry, (first, second, "different"))
    (pair,) = pair_of(own, registry, first, second)
    assert (pair["pair_basis"], pair["probability"], pair["probability_modelled"]) == ("decision", 0, modelled)
    assert pair["decision_id"] is not None
    found = lines(own, registry, place_text="Port of Two")
    assert found["line_weight"].to_list() == [1, 1]
    assert found["duplicate_set_id"].n_unique() == 2
    decide(own, registry, (first, third, "same"), (second, third, "same"))
    found = lines(own, registry, place_text="Port of Two")
    assert found["duplicate_set_id"].n_unique() == 2


def test_a_person_outranks_a_contract(own: Home, registry: Registry) -> None:
    equal = lines(own, registry, place_text="EQUAL")["seizure_id"]
    decide(own, registry, (equal[0], equal[1], "different"))
    (pair,) = pair_of(own, registry, *equal)
    assert (pair["pair_basis"], pair["probability"], pair["probability_modelled"]) == ("decision", 0, 1)
    assert lines(own, registry, place_text="EQUAL")["line_weight"].to_list() == [1, 1]


# --- what always holds ----------------------------------------------------------------------------------------


def test_no_line_weighs_nothing_and_merging_every_pair_leaves_no_more(world: Home, registry: Registry) -> None:
    found = lines(world, registry)
    assert found["line_weight_merged"].min() > 0
    assert found.filter(pl.col("line_weight_merged") > pl.col("line_weight")).is_empty()
    assert found["line_weight"].max() == 1
    assert found["line_weight"].sum() <= found.height


def test_published_lines_lie_between_all_merged_and_none(own: Home, registry: Registry) -> None:
    for table in ("published.seizure_trends", "published.coverage"):
        step = make_seizure_trends if table == "published.seizure_trends" else make_published
        step(own, registry, table, date(2020, 1, 1))
    found = samples.table(own, registry, "published.seizure_trends").filter(pl.col("n_rows") > 0)
    assert found.filter(pl.col("n_lines_merged") < pl.col("n_lines")).height
    wrong = (pl.col("n_lines_merged") > pl.col("n_lines")) | (pl.col("n_lines") > pl.col("n_lines_unmerged"))
    assert found.filter(wrong).is_empty()


def test_the_bits_of_a_pair_add_up_to_its_probability(world: Home, registry: Registry) -> None:
    found = pairs(world, registry).filter(pair_basis="model")
    assert found.height
    bits = pl.sum_horizontal(pl.col("^bits_.*$").cast(pl.Float64))
    modelled = pl.col("probability_modelled").cast(pl.Float64)
    off = found.select((1 / (1 + (-bits * math.log(2)).exp()) - modelled).abs().max()).item()
    assert off < 1e-3
    assert found.filter(pl.col("probability") != pl.col("probability_modelled")).is_empty()
    assert found["probability"].min() >= Decimal("0.05")


def made(home: Home) -> dict[str, bytes]:
    tables = ("conformed/duplicate_pairs", "conformed/groups")
    return {path: data for path, data in samples.table_bytes(home, ["conformed"]).items() if path.startswith(tables)}


def test_neither_the_order_of_rows_nor_the_names_of_files_change_a_byte(
    world: Home, home: Home, registry: Registry
) -> None:
    samples.conform(home, registry, files(shuffle=4))
    assert len(made(world)) == 2
    assert made(home) == made(world)


def test_a_home_without_any_line_has_neither_pairs_nor_groups(home: Home, registry: Registry) -> None:
    samples.conform(home, registry, {})
    assert pairs(home, registry).is_empty()
    assert samples.table(home, registry, "conformed.groups").is_empty()


# --- incidents ------------------------------------------------------------------------------------------------

NUMBERED = samples.contract(
    source="numbered", publisher={"name": "Invented", "inbox": "numbered"},
    extra={"Incident": {"to": "incident_number", "not_known": [""]}},
)  # fmt: skip
SIDE_BY_SIDE = samples.contract(
    source="side_by_side", publisher={"name": "Invented", "inbox": "side_by_side"}, columns={"Day": samples.DAY},
    lines=[
        {"columns": {drug: {"to": "quantity", "not_known": [""]}}, "constants": {"commodity": code, "unit": "kilogram"}}
        for drug, code in (("Heroin", "heroin"), ("Cocaine", "cocaine"))
    ],
)  # fmt: skip
PLACED = samples.contract(
    source="placed", publisher={"name": "Invented", "inbox": "placed"},
    extra={"Place": {"to": "place_text", "not_known": [""]}},
)  # fmt: skip
BUSY = 240


def placed_rows() -> list[str]:
    """One small place in two has two drugs on its day; a capital has both every day, in lines of their own."""
    drugs = ("heroin", "cocaine", "cannabis_herb", "cannabis_resin")
    small = [
        f"{date(2010, 1, 1) + timedelta(days=number)},{drug},{1 + number}.5,kilogram,Hamlet {number}"
        for number in range(100)
        for drug in drugs[: 1 + number % 2]
    ]
    busy = [
        f"{date(2012, 1, 1) + timedelta(days=number // 8)},{drugs[number % 4]},{number}.25,gram,Capital"
        for number in range(1, BUSY)
    ]
    return small + busy


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> pl.DataFrame:
    """Lines of three invented sources, each with another ground for being of one interception."""
    contracts = samples.known(registry, NUMBERED, SIDE_BY_SIDE, PLACED)
    home = Home.at(tmp_path_factory.mktemp("incidents")).make()
    header = "Day,Drug,Amount,Unit"
    samples.conform(
        home,
        contracts,
        {
            "numbered/a.csv": samples.table_of(
                "2019-01-01,heroin,3,kilogram,I-1", "2019-01-02,cocaine,4,kilogram,I-1",
                "2019-01-01,heroin,5,kilogram,I-2", "2019-01-01,cannabis_herb,6,kilogram,",
                header=f"{header},Incident",
            ),
            "side_by_side/a.csv": samples.table_of("2016-03-01,7,8", "2016-04-01,9,", header="Day,Heroin,Cocaine"),
            "placed/a.csv": samples.table_of(*placed_rows(), header=f"{header},Place"),
        },
    )  # fmt: skip
    return samples.table(home, contracts, "conformed.seizures")


def grounds(found: pl.DataFrame) -> list[tuple[str, int, Decimal]]:
    """Basis, lines and weighed kilograms of each incident."""
    weighed = (pl.col("kg_mid") * pl.col("line_weight")).sum()
    told = found.group_by("incident_id").agg(pl.col("incident_basis").unique(), pl.len(), weighed)
    return sorted((basis, n, round(kg, 3)) for _, (basis,), n, kg in told.rows())


def test_lines_of_one_incident_number_are_one_incident_and_their_kilograms_add_up(incidents: pl.DataFrame) -> None:
    found = incidents.filter(source_id="numbered")
    assert grounds(found) == [("incident_number", 2, 7), ("single", 1, 5), ("single", 1, 6)]
    assert found["incident_weight"].sum() == 3
    assert found["line_weight"].to_list() == [1] * 4


def test_two_goods_in_one_row_are_one_incident_and_their_kilograms_add_up(incidents: pl.DataFrame) -> None:
    found = incidents.filter(source_id="side_by_side").filter(pl.col("kg_mid") > 0)
    assert grounds(found)[:1] == [("row", 2, 15)]
    assert found["incident_weight"].sum() == 2


def test_two_goods_at_a_small_place_on_one_day_are_one_incident_and_in_a_busy_capital_they_are_not(
    incidents: pl.DataFrame,
) -> None:
    found = incidents.filter(source_id="placed")
    small = found.filter(pl.col("place_text").str.starts_with("Hamlet"))
    assert {(basis, n) for basis, n, _ in grounds(small)} == {("same_place", 2), ("single", 1)}
    assert [basis for basis, *_ in grounds(small)].count("same_place") == 50
    assert sum(kg for *_, kg in grounds(small)) == small["kg_mid"].sum()
    assert small["incident_weight"].sum() == 100
    busy = found.filter(place_text="Capital")
    assert busy["incident_basis"].unique().to_list() == ["single"]
    assert busy["incident_id"].n_unique() == busy.height == BUSY - 1
