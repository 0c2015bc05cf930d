"""The last country before the seizing one: what follows for transit from the departure.

Belongs here: transit posteriors of evidence. Does not belong here: posteriors of the other roles (`posterior`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inferred.network.chain import ByMode, chains
from pipelines.inferred.network.costs import modes_of
from pipelines.inferred.network.ways import WAYS_INPUTS, Floats, Ways, read_ways
from pipelines.store import Connection, rows

NETWORK_INPUTS = (*WAYS_INPUTS, "inferred.leg_costs")
"""Tables that must be open for `read_network`."""


@dataclass(frozen=True)
class Network:
    """The ways between countries, and the chains under last night's costs of legs (`inferred.leg_costs`)."""

    ways: Ways
    by_mode: Mapping[str, ByMode]

    def transit(self, evidence: pl.DataFrame, departure: Floats, places: Sequence[str]) -> tuple[Floats, Floats]:
        """p(transit = k | e) = Σ_d p(departure = d | e) p(k is the last before r | d, r, mode), r the seizing country.

        Evidence has the columns reporter and mode_class; `departure` has the shape (rows, places), each row summing to
        1, in the order of `places` (areas of today; others have no way and count as none). Returns the probabilities
        over the same places, and those of no transit: nothing lies between departure and seizing country, or the goods
        left from there. Together each row sums to 1.

        Which way the goods would go on says nothing of how they came: the chain has no memory. Departures weigh as they
        stand, so that marginals of a joint over departure and destination are all that is needed.
        """
        at = self.ways.index(pl.Series(list(places), dtype=pl.String))
        known = np.nonzero(at >= 0)[0]
        left = np.zeros((len(departure), len(self.ways.areas)))
        left[:, at[known]] = departure[:, known]
        passed = np.zeros_like(left)
        cells: dict[tuple[str, int], list[int]] = {}
        for number, cell in enumerate(zip(modes_of(evidence), self.ways.index(evidence["reporter"]), strict=True)):
            cells.setdefault(cell, []).append(number)
        for (mode, reporter), row in cells.items():
            if reporter >= 0:
                last, itself = self.by_mode[mode].inbound.last_before(left[row], reporter)
                passed[row] = np.maximum(last - itself, 0)  # where it is the departure itself, nothing lies between
        found = np.zeros_like(departure)
        found[:, known] = passed[:, at[known]]
        return found, np.clip(1 - found.sum(axis=1), 0, 1)


def read_network(con: Connection) -> Network:
    """The network as it stands; the tables of `NETWORK_INPUTS` must be open."""
    ways = read_ways(con)
    costs = {name: float(value) for name, value in rows(con, "SELECT cost, estimate FROM inferred.leg_costs")}
    return Network(ways, chains(ways, costs))
