"""GeoParquet of a release: places of seizures as points, corridors and ways of whole routes as schematic lines.

A corridor's line is the great circle between the capitals of its two countries, cut at the antimeridian. It is drawn to
be seen; the countries that it crosses are not on the route.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import polars as pl
import shapely
from shapely import MultiLineString, Point

from pipelines.lines import CRS, great_circle
from pipelines.store import Home, connect, frame
from schemas.registry import Registry

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


PATHS = "SELECT * FROM inferred.route_paths ORDER BY path_id"


def write_geo(home: Home, registry: Registry, folder: Path) -> None:
    """Write `places`, `corridors` and `route_paths.parquet`; an empty one opens in GeoPandas all the same."""
    con = connect(
        home,
        registry,
        [
            "conformed.seizures",
            "reference.places",
            "reference.areas",
            "published.corridor_trends",
            "inferred.route_paths",
        ],
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
    paths = frame(con, PATHS)
    told = paths.drop("geometry").with_columns(
        pl.col("length_km", "high_seas_km", "snap_km").cast(pl.Float64), pl.col(pl.List(pl.String)).list.join(",")
    )
    _write(told, list(shapely.from_wkb(paths["geometry"].to_numpy())), folder / "route_paths.parquet")


def _write(table: pl.DataFrame, geometry: list[Point] | list[MultiLineString], path: Path) -> None:
    columns = table.to_pandas(use_pyarrow_extension_array=True)
    gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs=CRS), crs=CRS).to_parquet(path, index=False)
