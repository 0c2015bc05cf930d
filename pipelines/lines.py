"""Lines on the globe: great circles, and lines that never jump across the map at the antimeridian.

Part of the floor: what is inferred (`inferred`) and what is published (`published`) draw in the same way. Points are
(longitude, latitude) in degrees, WGS 84 (OGC:CRS84); lengths are kilometres on its ellipsoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pyproj import Geod
from shapely import LineString, MultiLineString

Point = tuple[float, float]
CRS = "OGC:CRS84"
STEP_KM = 200
GEOD = Geod(ellps="WGS84")


def great_circle(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> tuple[MultiLineString, float]:
    """Geodesic between two points (degrees, WGS 84) as lines that never jump the antimeridian, and its length in km."""
    path, length_km = geodesic((lon_a, lat_a), (lon_b, lat_b))
    return cut(path), length_km


def geodesic(a: Point, b: Point) -> tuple[list[Point], float]:
    """Points of the geodesic between two points, both included and about `STEP_KM` apart, and its length in km."""
    length_km = GEOD.inv(*a, *b)[2] / 1000
    return [a, *GEOD.npts(*a, *b, max(int(length_km // STEP_KM), 1)), b], round(length_km, 3)


def cut(path: Sequence[Point]) -> MultiLineString:
    """A path as lines, of which one ends and another begins where it crosses the antimeridian."""
    parts: list[list[Point]] = [[path[0]]]
    for (lon, lat), (next_lon, next_lat) in pairwise(path):
        if abs(next_lon - lon) > 180:  # the step crosses the antimeridian: end one line there and begin another
            side = 180.0 if lon > 0 else -180.0
            gap = 360 - abs(next_lon - lon)
            crossing = lat + (next_lat - lat) * ((180 - abs(lon)) / gap if gap else 0.0)
            parts[-1].append((side, crossing))
            parts.append([(-side, crossing)])
        parts[-1].append((next_lon, next_lat))
    return MultiLineString([LineString(part) for part in parts if len(part) > 1])
