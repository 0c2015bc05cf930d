"""What lies between areas, and the ways that goods may take: facts of the packaged registers, and nobody's reports."""

from __future__ import annotations

import polars as pl
import pytest
import samples

from pipelines.store import Home
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
