"""GeoParquet of a release: places of seizures as points, corridors as schematic lines.

A corridor's line is the great circle between the capitals of its two countries, cut at the antimeridian. It is drawn to
be seen; the countries that it crosses are not on the route.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import polars as pl
from pyproj import Geod
from shapely import LineString, MultiLineString, Point

from pipelines.store import Home, connect, frame
from schemas.registry import Registry

CRS = "OGC:CRS84"
STEP_KM = 200
GEOD = Geod(ellps="WGS84")

PLACES = """
    SELECT p.place_id, p.place_name, p.place_kind, p.area, p.lat, p.lon, count(*) AS n_rows,
        CAST(sum(s.line_weight) AS DOUBLE) AS n_lines
    FROM conformed.seizures AS s
    JOIN reference.places AS p USING (place_id)
    WHERE p.place_kind IN ('airport', 'seaport', 'city')
    GROUP BY ALL ORDER BY p.place_id
"""
CORRIDORS = """
    SELECT t.commodity_group, t.departure, t.destination, t.year, t.n_reported, t.n_inferred, t.obs_flags,
        a.lat AS lat_a, a.lon AS lon_a, b.lat AS lat_b, b.lon AS lon_b
    FROM published.corridor_trends AS t
    JOIN reference.areas AS a ON a.area = t.departure  -- n:1
    JOIN reference.areas AS b ON b.area = t.destination  -- n:1
    WHERE a.lat IS NOT NULL AND b.lat IS NOT NULL
    ORDER BY t.commodity_group, t.departure, t.destination, t.year
"""


def write_geo(home: Home, registry: Registry, folder: Path) -> None:
    """Write `places.parquet` and `corridors.parquet`; both may be empty, and open in GeoPandas all the same."""
    con = connect(
        home, registry, ["conformed.seizures", "reference.places", "reference.areas", "published.corridor_trends"]
    )
    folder.mkdir(parents=True, exist_ok=True)
    places = frame(con, PLACES)
    points = [Point(lon, lat) for lon, lat in places.select("lon", "lat").iter_rows()]
    _write(places.drop("lat", "lon"), points, folder / "places.parquet")
    corridors = frame(con, CORRIDORS).with_columns(
        pl.col("n_reported", "n_inferred").cast(pl.Float64),
        pl.col("obs_flags").list.join(","),  # GeoPandas cannot open a column of lists of Arrow strings
    )
    ends = corridors.select("lon_a", "lat_a", "lon_b", "lat_b")
    drawn = {pair: great_circle(*pair) for pair in ends.unique().iter_rows()}
    described = corridors.drop(ends.columns).with_columns(
        pl.Series("length_km", [drawn[pair][1] for pair in ends.iter_rows()], dtype=pl.Float64),
        pl.lit("schematic").alias("path_basis"),
    )
    _write(described, [drawn[pair][0] for pair in ends.iter_rows()], folder / "corridors.parquet")


def great_circle(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> tuple[MultiLineString, float]:
    """Geodesic between two points (degrees, WGS 84) as lines that never jump the antimeridian, and its length in km."""
    length_km = GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2] / 1000
    between = GEOD.npts(lon_a, lat_a, lon_b, lat_b, max(int(length_km // STEP_KM), 1))
    path = [(lon_a, lat_a), *between, (lon_b, lat_b)]
    parts: list[list[tuple[float, float]]] = [[path[0]]]
    for (lon, lat), (next_lon, next_lat) in pairwise(path):
        if abs(next_lon - lon) > 180:  # the step crosses the antimeridian: end one line there and begin another
            side = 180.0 if lon > 0 else -180.0
            gap = 360 - abs(next_lon - lon)
            crossing = lat + (next_lat - lat) * ((180 - abs(lon)) / gap if gap else 0.0)
            parts[-1].append((side, crossing))
            parts.append([(-side, crossing)])
        parts[-1].append((next_lon, next_lat))
    return MultiLineString([LineString(part) for part in parts if len(part) > 1]), round(length_km, 3)


def _write(table: pl.DataFrame, geometry: list[Point] | list[MultiLineString], path: Path) -> None:
    columns = table.to_pandas(use_pyarrow_extension_array=True)
    gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS).to_parquet(path, index=False)
