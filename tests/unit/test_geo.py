"""Lines on the map: as long as the way is, and never across the whole map at the antimeridian."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import MultiLineString

from pipelines.lines import great_circle

TOKYO, LOS_ANGELES = (139.6917, 35.6895), (-118.2437, 34.0522)
BOGOTA, MADRID = (-74.0721, 4.7110), (-3.7038, 40.4168)
AUCKLAND, SANTIAGO = (174.7633, -36.8485), (-70.6693, -33.4489)
SUVA, HONOLULU = (178.4419, -18.1416), (-157.8583, 21.3069)
WAYS = {
    "Tokyo-Los Angeles": (TOKYO, LOS_ANGELES, 8_815),
    "Los Angeles-Tokyo": (LOS_ANGELES, TOKYO, 8_815),
    "Auckland-Santiago": (AUCKLAND, SANTIAGO, 9_680),
    "Suva-Honolulu": (SUVA, HONOLULU, 5_080),
    "Bogotá-Madrid": (BOGOTA, MADRID, 8_030),
}
"""Ends as (longitude, latitude), and the way between them in km by the sphere's formula, to four figures or so."""
GEOD = Geod(ellps="WGS84")

longitudes = st.floats(-180, 180).map(lambda number: round(number, 4))
latitudes = st.floats(-85, 85).map(lambda number: round(number, 4))


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance on a sphere of 6,371.0088 km."""
    (lon_a, lat_a), (lon_b, lat_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(half))


def drawn_km(lines: MultiLineString) -> float:
    return sum(float(GEOD.line_length(*zip(*line.coords, strict=True))) for line in lines.geoms) / 1000


def widest_step(lines: MultiLineString) -> float:
    return max(abs(b[0] - a[0]) for line in lines.geoms for a, b in pairwise(line.coords))


@pytest.mark.parametrize("way", WAYS)
def test_the_length_is_the_great_circles(way: str) -> None:
    a, b, known = WAYS[way]
    lines, length_km = great_circle(*a, *b)
    assert length_km == pytest.approx(haversine_km(a, b), rel=0.005)
    assert length_km == pytest.approx(known, rel=0.01)
    assert drawn_km(lines) == pytest.approx(length_km, rel=0.005)


@pytest.mark.parametrize("way", WAYS)
def test_no_line_jumps_across_the_map(way: str) -> None:
    a, b, _ = WAYS[way]
    lines, _ = great_circle(*a, *b)
    assert widest_step(lines) < 30
    assert lines.geoms[0].coords[0] == a
    assert lines.geoms[-1].coords[-1] == b


def test_a_way_over_the_antimeridian_is_cut_there_and_goes_on_at_the_same_latitude() -> None:
    lines, _ = great_circle(*TOKYO, *LOS_ANGELES)
    west, east = lines.geoms
    assert (west.coords[-1][0], east.coords[0][0]) == (180, -180)
    assert west.coords[-1][1] == east.coords[0][1]
    assert 35 < west.coords[-1][1] < 50  # the great circle runs north of both cities


def test_a_way_that_stays_on_one_side_is_one_line() -> None:
    assert len(great_circle(*BOGOTA, *MADRID)[0].geoms) == 1


@settings(max_examples=300, deadline=None, derandomize=True)
@given(longitudes, latitudes, longitudes, latitudes)
def test_any_two_places_give_lines_of_the_right_length_that_never_jump(
    lon_a: float, lat_a: float, lon_b: float, lat_b: float
) -> None:
    apart_km = GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2] / 1000
    lines, length_km = great_circle(lon_a, lat_a, lon_b, lat_b)
    assert length_km == pytest.approx(apart_km, abs=0.001)
    assert drawn_km(lines) == pytest.approx(apart_km, rel=0.005, abs=1)
    assert widest_step(lines) <= 180
    assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for line in lines.geoms for lon, lat in line.coords)
