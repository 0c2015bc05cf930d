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
        found = np.zeros_like(departure)
        cells = (
            pl.DataFrame({"mode": modes_of(evidence), "reporter": self.ways.index(evidence["reporter"])})
            .with_row_index("row")
            .filter(pl.col("reporter") >= 0)
            .group_by("mode", "reporter", maintain_order=True)
            .agg("row")
        )
        for mode, reporter, members in cells.iter_rows():
            last = self.by_mode[str(mode)].inbound.last_before(int(reporter))
            np.fill_diagonal(last, 0)  # nothing lies between
            row = np.asarray(members, dtype=np.int64)
            found[row[:, None], known[None]] = departure[row][:, known] @ last[np.ix_(at[known], at[known])]
        return found, np.clip(1 - found.sum(axis=1), 0, 1)


def read_network(con: Connection) -> Network:
    """The network as it stands; the tables of `NETWORK_INPUTS` must be open."""
    ways = read_ways(con)
    costs = {name: float(value) for name, value in rows(con, "SELECT cost, estimate FROM inferred.leg_costs")}
    return Network(ways, chains(ways, costs))
