"""What lies between areas, and the ways that goods may take: facts of the packaged registers, and nobody's reports."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
import samples
from shapely import MultiLineString

from pipelines.inferred.evidence import make_evidence
from pipelines.inferred.network.drawing import Atlas, Drawn, Leg
from pipelines.inferred.posterior import make_posteriors
from pipelines.inferred.routes import make_leg_costs, make_routes
from pipelines.lines import GEOD, cut
from pipelines.store import Home, connect, sha256_of, write_frame
from schemas.registry import Registry
from schemas.registry import registry as load_registry


@pytest.fixture(scope="module")
def contracts() -> Registry:
    return load_registry()


@pytest.fixture(scope="module")
def made(contracts: Registry, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.at(tmp_path_factory.mktemp("network")).make()
    samples.reference(home, contracts)
    return home


@pytest.fixture(scope="module")
def pairs(made: Home, contracts: Registry) -> pl.DataFrame:
    return samples.table(made, contracts, "reference.area_pairs")


def between(pairs: pl.DataFrame, area: str, other: str) -> dict[str, object]:
    return pairs.filter(area=area, other_area=other).row(0, named=True)


def test_every_country_and_territory_is_paired_with_every_other(pairs: pl.DataFrame) -> None:
    n = pairs["area"].n_unique()
    assert n == 250
    assert pairs.height == n * (n - 1)


def test_what_lies_between_two_areas_is_the_same_in_both_directions(pairs: pl.DataFrame) -> None:
    back = pairs.rename({"area": "other_area", "other_area": "area"})
    both = pairs.join(back, on=["area", "other_area"], suffix="_back")
    for column in ("distance_km", "borders", "sea_km", "common_language", "language_overlap"):
        assert both.filter(~pl.col(column).eq_missing(pl.col(f"{column}_back"))).is_empty(), column


def test_known_distances_borders_seas_and_languages(pairs: pl.DataFrame) -> None:
    next_door, over_the_ocean = between(pairs, "COL", "VEN"), between(pairs, "COL", "ESP")
    assert next_door["borders"]
    assert not over_the_ocean["borders"]
    assert over_the_ocean["common_language"]
    assert not between(pairs, "COL", "NLD")["common_language"]
    assert 7_900 < float(str(over_the_ocean["distance_km"])) < 8_200  # Bogotá-Madrid is 8,030 km
    assert 4_400 < float(str(between(pairs, "BRA", "ESP")["sea_km"])) < 5_000  # Suape-Las Palmas, 4,540 by great circle
    assert between(pairs, "PRY", "ESP")["sea_km"] is None
    assert between(pairs, "SUR", "NLD")["common_language"]


def test_centres_lie_where_people_live_on_both_sides_of_the_antimeridian(made: Home, contracts: Registry) -> None:
    areas = samples.table(made, contracts, "reference.areas")
    centre = {area: (lat, lon) for area, lat, lon in areas.select("area", "centre_lat", "centre_lon").iter_rows()}
    assert centre["FJI"] == pytest.approx((-17.8, 178.2), abs=0.5)
    assert centre["NZL"] == pytest.approx((-39.0, 174.6), abs=1.5)
    assert centre["ATA"] == (None, None)
    assert areas.filter(area="BRA")["population"].item() > 200_000_000


def test_a_network_that_stands_is_not_made_again(made: Home, contracts: Registry) -> None:
    file = made.table_file(contracts.tables["reference.area_pairs"])
    before = file.stat().st_mtime_ns
    samples.make_reference(made, contracts)
    assert file.stat().st_mtime_ns == before
    file.write_bytes(b"")
    samples.make_reference(made, contracts)
    assert file.stat().st_size > 0


# --- nodes, legs and lines ----------------------------------------------------------------------------------------


def drawn(made: Home, contracts: Registry, *legs: Leg) -> Drawn:
    con = connect(made, contracts, ["reference.network_nodes", "reference.network_legs"])
    return Atlas(con, legs).way(list(legs))


def test_every_inhabited_country_has_a_centre_and_nearly_every_one_an_airport(made: Home, contracts: Registry) -> None:
    nodes = samples.table(made, contracts, "reference.network_nodes")
    counts = dict(nodes.group_by("node_kind").len().iter_rows())
    assert counts["centre"] == 246
    assert counts["airport"] > 225
    assert nodes.filter(node_kind="seaport")["area"].n_unique() > 200
    assert counts["land_border"] > 310
    assert counts["high_seas"] > 2_000
    assert nodes.filter(node_kind="seaport")["snap_km"].null_count() == 0
    legs = samples.table(made, contracts, "reference.network_legs")
    assert {"panama", "suez", "gibraltar", "malacca"} <= set(legs["passage"].drop_nulls())


def test_a_way_by_sea_follows_the_lanes_and_names_the_canal(
    made: Home, contracts: Registry, pairs: pl.DataFrame
) -> None:
    way = drawn(made, contracts, ("sea", "ECU", "ESP"))
    assert way.passages == {"panama"}
    assert way.length_km == pytest.approx(float(str(between(pairs, "ECU", "ESP")["sea_km"])), abs=1)
    assert 0 < way.high_seas_km < way.length_km
    assert way.snap_km < 200
    assert line_km(cut(way.points)) == pytest.approx(way.length_km, rel=0.05)


def test_a_flight_is_a_great_circle_and_a_hop_goes_over_the_border(made: Home, contracts: Registry) -> None:
    flight = drawn(made, contracts, ("air", "COL", "ESP"))
    assert flight.length_km == pytest.approx(8_030, rel=0.01)
    hop = drawn(made, contracts, ("land", "COL", "VEN"))
    assert len(hop.points) == 3
    assert hop.snap_km < 50
    both = drawn(made, contracts, ("land", "COL", "VEN"), ("air", "VEN", "ESP"))
    assert both.length_km > hop.length_km + drawn(made, contracts, ("air", "VEN", "ESP")).length_km - 1


@pytest.mark.parametrize(
    "leg", [("air", "NZL", "CHL"), ("sea", "FJI", "USA"), ("air", "JPN", "USA"), ("sea", "NZL", "PER")]
)
def test_no_way_jumps_across_the_map_at_the_antimeridian(made: Home, contracts: Registry, leg: Leg) -> None:
    lines = cut(drawn(made, contracts, leg).points)
    assert len(lines.geoms) > 1
    assert max(abs(b[0] - a[0]) for line in lines.geoms for a, b in pairwise(line.coords)) < 90
    assert lines.is_valid
    assert {abs(line.coords[0][0]) for line in list(lines.geoms)[1:]} == {180}


def line_km(lines: MultiLineString) -> float:
    return sum(float(GEOD.line_length(*zip(*line.coords, strict=True))) for line in lines.geoms) / 1000


# --- whole routes -------------------------------------------------------------------------------------------------

FREIGHT = {"AMOUNT": "500.0", "DRUG_UNIT": "Kilogram", "DRUG_NAME": "Cocaine"}
TOLD = [
    {**FREIGHT, "COUNTRY": "Ecuador", "DEPARTURE_COUNTRY": "Colombia", "DESTINATION_COUNTRY": "Spain", "PLACE": "a"},
    {**FREIGHT, "COUNTRY": "Portugal", "DEPARTURE_COUNTRY": "Brazil", "DESTINATION_COUNTRY": "Spain", "PLACE": "b"},
    {**FREIGHT, "COUNTRY": "Spain", "DEPARTURE_COUNTRY": "Peru", "PLACE": "c"},
    {**FREIGHT, "COUNTRY": "Chile", "DESTINATION_COUNTRY": "New Zealand", "PLACE": "d"},
    {**FREIGHT, "COUNTRY": "Peru", "ROUTING": "National territory/domestic seizure", "PLACE": "e"},
]


@pytest.fixture(scope="module")
def routed(contracts: Registry, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.at(tmp_path_factory.mktemp("routes")).make()
    samples.conform(home, contracts, {"unodc_ids/ids-2014.csv": samples.ids(*TOLD)})
    make_evidence(home, contracts)
    make_leg_costs(home, contracts)
    make_posteriors(home, contracts)
    make_routes(home, contracts)
    return home


@pytest.fixture(scope="module")
def routes(routed: Home, contracts: Registry) -> pl.DataFrame:
    evidence = samples.table(routed, contracts, "inferred.evidence")
    about = evidence.select("evidence_id", "reporter", "cross_border", stated="departure", meant="destination")
    return samples.table(routed, contracts, "inferred.routes").join(about, on="evidence_id")


def test_routes_keep_what_is_reported_and_pass_the_seizing_country(routes: pl.DataFrame) -> None:
    assert routes.filter(pl.col("stated").is_not_null() & (pl.col("stated") != pl.col("departure"))).is_empty()
    assert routes.filter(pl.col("meant").is_not_null() & (pl.col("meant") != pl.col("destination"))).is_empty()
    assert (routes["seized_in"] == routes["reporter"]).all()
    known = routes.filter(reporter="PRT", rank=1).row(0, named=True)
    assert known["path_id"].startswith("BRA:")
    assert known["path_id"].endswith(":ESP")
    assert ":PRT:" in known["path_id"]
    assert known["support_n"] == 1


def test_up_to_three_routes_stand_in_the_order_of_their_probability(routes: pl.DataFrame) -> None:
    by_evidence = routes.sort("rank").group_by("evidence_id").agg("prob", "rank", total=pl.col("prob").sum())
    for prob, rank, total in by_evidence.select("prob", "rank", "total").iter_rows():
        assert rank == [1, 2, 3][: len(rank)]
        assert prob == sorted(prob, reverse=True)
        assert 0 < total <= 1


def test_what_is_said_to_be_domestic_has_no_route(routes: pl.DataFrame) -> None:
    assert "no" not in set(routes["cross_border"])
    assert "PER" not in set(routes["reporter"])


def test_the_stops_of_a_path_are_those_of_its_routes_and_no_country_stands_twice(
    routes: pl.DataFrame, routed: Home, contracts: Registry
) -> None:
    paths = samples.table(routed, contracts, "inferred.route_paths")
    both = routes.join(paths, on="path_id")
    assert both.height == routes.height
    for row in both.iter_rows(named=True):
        middle = [] if row["seized_in"] in (row["departure"], row["destination"]) else [row["seized_in"]]
        assert row["stops"] == [
            row["departure"], *row["transits_before"], *middle, *row["transits_after"], row["destination"],
        ]  # fmt: skip
        assert len(set(row["stops"])) == len(row["stops"])
        assert row["path_id"].split(":")[::2] == row["stops"]
        assert row["path_id"].split(":")[1::2] == row["leg_modes"]


def test_routes_are_the_same_bytes_when_they_are_made_again(routed: Home, contracts: Registry) -> None:
    names = ("inferred.routes", "inferred.route_paths", "inferred.leg_costs")
    before = [sha256_of(routed.table_file(contracts.tables[name])) for name in names]
    make_leg_costs(routed, contracts)
    make_routes(routed, contracts)
    assert [sha256_of(routed.table_file(contracts.tables[name])) for name in names] == before


def retold(routed: Home, folder: Path, contracts: Registry, **columns: pl.Expr) -> tuple[Home, pl.DataFrame]:
    """A copy of the home whose evidence says something else, and that evidence."""
    home = Home.at(folder / "home").make()
    shutil.copytree(routed.tables, home.tables, dirs_exist_ok=True)
    evidence = samples.table(home, contracts, "inferred.evidence").with_columns(**columns)
    write_frame(connect(home, contracts), home, contracts, "inferred.evidence", evidence)
    return home, evidence


def test_a_home_without_evidence_of_a_way_has_no_routes(contracts: Registry, tmp_path: Path, routed: Home) -> None:
    home, _ = retold(routed, tmp_path, contracts, cross_border=pl.lit("no"))
    assert make_routes(home, contracts) == {"inferred.route_paths": 0, "inferred.routes": 0}


def test_a_ship_boarded_on_the_high_seas_lies_between_two_countries_of_its_way(
    contracts: Registry, tmp_path: Path, routed: Home
) -> None:
    at_sea = pl.when(pl.col("reporter") == "PRT").then(pl.lit("international_waters")).otherwise("direction")
    home, evidence = retold(routed, tmp_path, contracts, direction=at_sea)
    make_routes(home, contracts)
    table = samples.table(home, contracts, "inferred.routes")
    boarded = table.join(evidence.filter(reporter="PRT").select("evidence_id"), on="evidence_id")
    assert set(boarded["seized_in"]) == {"XHS"}
    assert boarded.filter(rank=1)["path_id"].item() == "BRA:sea:ESP"
    assert not any(":PRT:" in path for path in boarded["path_id"][:1])


def test_a_transit_that_a_report_names_is_the_last_stop_before_the_seizure_or_the_first_after_it(
    contracts: Registry, tmp_path: Path, routed: Home
) -> None:
    transit = pl.col("reporter").replace_strict({"PRT": "CPV", "ESP": "PRT", "CHL": "ARG"}, default=None)
    home, named = retold(routed, tmp_path, contracts, transit=transit)
    make_routes(home, contracts)
    table = samples.table(home, contracts, "inferred.routes")
    routes = table.join(named.drop_nulls("transit").select("evidence_id", "transit", "reporter"), on="evidence_id")
    assert set(routes["reporter"]) == {"PRT", "ESP", "CHL"}
    for row in routes.iter_rows(named=True):
        if row["departure"] == row["reporter"]:
            assert row["transit"] in (row["transits_after"][:1] or [row["destination"]])
        else:
            assert row["transit"] in (row["transits_before"][-1:] or [row["departure"]])
