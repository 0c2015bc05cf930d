"""Legs between countries by mode, as numbers: how long they are and what speaks for the country that they lead to.

Belongs here: what the tables of the network say, in the shape that the chain reads. Does not belong here: weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.store import Connection, frame, rows

Floats = NDArray[np.float64]
WAYS_INPUTS = ("reference.areas", "reference.area_pairs", "reference.network_nodes", "reference.network_legs")
LEG_MODES = ("air", "sea", "land")
UNKNOWN = "unknown"
MODE_OF_CLASS = {
    "air": "air", "post": "air", "sea": "sea", "road": "land", "rail": "land", "foot": "land", "river": "land",
}  # fmt: skip
"""The mode of a report's class of transport. Parcels mostly fly across borders; a river is a way over land here."""

AREAS = """
    SELECT area, coalesce(population, 1000) / 1e6 AS millions FROM reference.areas
    WHERE area_type IN ('country', 'territory') ORDER BY area
"""
SHIPS = """
    SELECT area, sum(n_listed) AS n_listed FROM reference.network_nodes WHERE node_kind = 'seaport' GROUP BY area
"""
PAIRS = """
    SELECT area, other_area, CAST(sea_km AS DOUBLE) AS sea_km, CAST(language_overlap AS DOUBLE) AS language
    FROM reference.area_pairs
"""
FLIGHTS = """
    SELECT a.area, b.area AS other_area, CAST(l.length_km AS DOUBLE) AS km
    FROM reference.network_legs AS l
    JOIN reference.network_nodes AS a USING (node_id)                       -- n:1
    JOIN reference.network_nodes AS b ON b.node_id = l.other_node_id        -- n:1
    WHERE l.leg_mode = 'air'
"""
CROSSINGS = """
    SELECT b.area, b.other_area, sum(CAST(l.length_km AS DOUBLE)) AS km
    FROM reference.network_nodes AS b
    JOIN reference.network_legs AS l USING (node_id)                        -- 1:n, one leg to the centre of either side
    WHERE b.node_kind = 'land_border'
    GROUP BY ALL
"""


@dataclass(frozen=True)
class Ways:
    """Legs between n areas, which are sorted by code. Arrays are (n, n), from row to column."""

    areas: tuple[str, ...]
    km: dict[str, Floats]
    """Kilometres of the leg by mode; infinite where there is none."""
    language: Floats
    """Share of pairs of inhabitants who speak a common language."""
    people: Floats
    """Natural logarithm of millions of inhabitants, shape (n,); of a thousand inhabitants where nobody is counted."""
    ships: Floats
    """Natural logarithm of one and the countries that ships are listed to leave for, shape (n,)."""

    def index(self, codes: pl.Series) -> NDArray[np.int64]:
        """Position of each code; -1 for none, and for what is no country or territory of today."""
        at = dict(zip(self.areas, range(len(self.areas)), strict=True))
        return np.array([at.get(code, -1) for code in codes], dtype=np.int64)


def read_ways(con: Connection) -> Ways:
    """The legs between areas; the tables of `WAYS_INPUTS` must be open."""
    areas = rows(con, AREAS)
    at = {area: index for index, (area, _) in enumerate(areas)}
    ships = dict(rows(con, SHIPS))
    pairs = frame(con, PAIRS)
    return Ways(
        areas=tuple(at),
        km={
            "air": _square(at, frame(con, FLIGHTS), "km", both=True),
            "sea": _square(at, pairs.drop_nulls("sea_km"), "sea_km"),
            "land": _square(at, frame(con, CROSSINGS), "km", both=True),
        },
        language=np.nan_to_num(_square(at, pairs, "language"), posinf=0.0),
        people=np.log(np.array([max(float(millions), 1e-3) for _, millions in areas])),
        ships=np.log1p(np.array([float(ships.get(area, 0)) for area in at])),
    )


def _square(at: dict[str, int], table: pl.DataFrame, column: str, *, both: bool = False) -> Floats:
    """A column of pairs as a matrix; infinite where there is no pair, and from an area to itself."""
    here, there = (table[name].replace_strict(at, return_dtype=pl.Int64).to_numpy() for name in ("area", "other_area"))
    square = np.full((len(at), len(at)), np.inf)
    square[here, there] = table[column].to_numpy()
    if both:
        square[there, here] = table[column].to_numpy()
    np.fill_diagonal(square, np.inf)
    return square
