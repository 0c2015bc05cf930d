"""Whole ways as lines on the map: great circles in the air, sea lanes at sea, a hop over the border on land.

Belongs here: geometry and lengths of ways whose stops and modes are known. Does not belong here: which ways are likely.

A line is schematic: it joins points that stand for countries. The countries that it crosses are not on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely import LineString

from pipelines.lines import GEOD, Point, geodesic
from pipelines.store import Connection, frame

Stop = str
Leg = tuple[str, Stop, Stop]
"""Mode, from, to."""
SIMPLE_DEGREES = 0.1
"""How far a drawn sea lane may lie from the network's."""

NODES = """
    SELECT node_id, node_kind, area, other_area, lon, lat, CAST(snap_km AS DOUBLE) AS snap_km
    FROM reference.network_nodes ORDER BY node_id
"""
LEGS = """
    SELECT node_id, other_node_id, leg_mode, CAST(length_km AS DOUBLE) AS km, passage
    FROM reference.network_legs WHERE leg_mode <> 'air' ORDER BY node_id, other_node_id
"""


@dataclass(frozen=True)
class Drawn:
    """A leg as a line, or a whole way."""

    points: list[Point]
    length_km: float
    snap_km: float = 0.0
    """The farthest that a port lies from its sea lane, or a border point from the towns beside it."""
    passages: frozenset[str] = frozenset()
    high_seas_km: float = 0.0


class Atlas:
    """Draws ways over the network's nodes and legs; each leg is drawn once."""

    def __init__(self, con: Connection, legs: Iterable[Leg]) -> None:
        """`legs` are those that will be asked for: ways at sea are searched for from their ports alone."""
        nodes = frame(con, NODES)
        self._at: dict[str, Point] = dict(
            zip(nodes["node_id"], zip(nodes["lon"], nodes["lat"], strict=True), strict=True)
        )
        self._snap = dict(nodes.drop_nulls("snap_km").select("node_id", "snap_km").iter_rows())
        self._airport = dict(nodes.filter(node_kind="airport").select("area", "node_id").iter_rows())
        crossings = nodes.filter(node_kind="land_border").select("area", "other_area", "node_id")
        self._border = {frozenset((one, other)): node for one, other, node in crossings.iter_rows()}
        table = frame(con, LEGS)
        self._haul = {
            frozenset((one, other)): km
            for one, other, km in table.filter(leg_mode="land").select("node_id", "other_node_id", "km").iter_rows()
        }
        wanted = set(legs)
        self._sea = _Sea(nodes, table.filter(leg_mode="sea"), {leg[1] for leg in wanted if leg[0] == "sea"})
        self._drawn: dict[Leg, Drawn] = {}

    def way(self, legs: list[Leg]) -> Drawn:
        """The legs of a way one after another; where the next begins at another point, the goods go there over land."""
        drawn = [self.leg(leg) for leg in legs]
        points, between_km = list(drawn[0].points), 0.0
        for before, after in pairwise(drawn):
            between_km += GEOD.inv(*before.points[-1], *after.points[0])[2] / 1000
            points += after.points[1:] if after.points[0] == before.points[-1] else after.points
        return Drawn(
            points,
            round(sum(one.length_km for one in drawn) + between_km, 1),
            max(one.snap_km for one in drawn),
            frozenset().union(*(one.passages for one in drawn)),
            round(sum(one.high_seas_km for one in drawn), 1),
        )

    def leg(self, leg: Leg) -> Drawn:
        """One leg. Raises `KeyError` where the network has no such leg."""
        if leg not in self._drawn:
            mode, here, there = leg
            draw = {"air": self._flight, "sea": self._sea.voyage, "land": self._hop}[mode]
            self._drawn[leg] = draw(here, there)
        return self._drawn[leg]

    def _flight(self, here: Stop, there: Stop) -> Drawn:
        path, km = geodesic(self._at[self._airport[here]], self._at[self._airport[there]])
        return Drawn([_rounded(point) for point in path], km)

    def _hop(self, here: Stop, there: Stop) -> Drawn:
        border = self._border[frozenset((here, there))]
        centres = [f"CENTRE:{here}", f"CENTRE:{there}"]
        km = sum(self._haul[frozenset((border, centre))] for centre in centres)
        points = [self._at[node] for node in (centres[0], border, centres[1])]
        return Drawn(points, km, self._snap.get(border, 0.0))


class _Sea:
    """Shortest ways along the sea lanes between the nearest main ports of two areas."""

    def __init__(self, nodes: pl.DataFrame, lanes: pl.DataFrame, starts: set[Stop]) -> None:
        used = nodes.filter(pl.col("node_kind").is_in(["seaport", "sea_lane", "high_seas"]))
        at = dict(zip(used["node_id"], range(used.height), strict=True))
        one, other = (
            lanes[name].replace_strict(at, return_dtype=pl.Int64).to_numpy() for name in ("node_id", "other_node_id")
        )
        km = np.maximum(lanes["km"].to_numpy(), 1e-6)
        graph = csr_array((np.tile(km, 2), (np.r_[one, other], np.r_[other, one])), shape=(len(at), len(at)))
        self._lon, self._lat = used["lon"].to_numpy(), used["lat"].to_numpy()
        self._high = (used["node_kind"] == "high_seas").to_numpy()
        self._passage = {
            frozenset(pair): name for *pair, name in zip(one, other, lanes["passage"], strict=True) if name
        }
        self._km = {frozenset(pair): float(length) for *pair, length in zip(one, other, km, strict=True)}
        ports = used.with_row_index("at").filter(node_kind="seaport")
        self._ports = {area: group["at"].to_numpy() for (area,), group in ports.group_by("area", maintain_order=True)}
        self._snap = dict(zip(ports["at"], ports["snap_km"], strict=True))
        sources = np.array(sorted(int(port) for area in starts for port in self._ports.get(area, ())), dtype=np.int64)
        self._row = {int(port): row for row, port in enumerate(sources)}
        if len(sources):
            self._far, self._back = dijkstra(graph, indices=sources, return_predecessors=True)

    def voyage(self, here: Stop, there: Stop) -> Drawn:
        """From the port that is nearest to one of the other area's ports, to that."""
        mine, theirs = self._ports[here], self._ports[there]
        far = self._far[[self._row[int(port)] for port in mine]][:, theirs]
        best = np.unravel_index(int(far.argmin()), far.shape)
        start, end = int(mine[best[0]]), int(theirs[best[1]])
        passed = self._walked(start, end)
        edges = [frozenset(edge) for edge in pairwise(passed)]
        high = sum(self._km[edge] * float(self._high[list(edge)].mean()) for edge in edges)
        return Drawn(
            _simple(self._lon[passed], self._lat[passed]),
            float(far[best]),
            max(self._snap[start], self._snap[end]),
            frozenset(self._passage[edge] for edge in edges if edge in self._passage),
            high,
        )

    def _walked(self, start: int, end: int) -> list[int]:
        back, found = self._back[self._row[start]], [end]
        while found[-1] != start:
            found.append(int(back[found[-1]]))
        return found[::-1]


def _simple(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[Point]:
    """A sea lane with fewer points; both ends stay."""
    unbroken = np.degrees(np.unwrap(np.radians(lon)))
    line = LineString(np.column_stack([unbroken, lat])).simplify(SIMPLE_DEGREES)
    return [_rounded(((x + 180) % 360 - 180, y)) for x, y in line.coords]


def _rounded(point: Point) -> Point:
    return round(float(point[0]), 3), round(float(point[1]), 3)
