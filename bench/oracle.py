"""What the world's own generator would answer: the best forecast that anybody could make of a simulated report.

Belongs here: P(true place | what a row of the individual seizures' form shows), by Bayes' rule over everything that
could have happened in the simulated world. Does not belong here: the route model, or a score (`routes_truth`).

A world is a finite list of possible seizures c (stops of plans), each with its weight in each month. For a row that
shows x,

    P(c | x) ∝ Σ_p share(p, year) told(p, c) w(c | p, year) · P(x | c)
    P(place in a role | x) = Σ_c P(c | x) 1[place of c in the role]

p are the publishers who may have seen it first, told(p, c) how often what they saw reaches the form. P(x | c) is the
form's channel, by the numbers of the world: drug, mode, hiding place, installation, routing, tier of the amount, and
the three places with what is left out, written by convention, swapped, or a transit instead of the departure. x holds
what `inferred.evidence` holds, but for the town (the form's towns speak of where it was seized alone, Brazil's airports
and ports apart): no learner who sees the evidence can do better on average, whatever it has learnt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.world import places, words
from pipelines.world.parameters import read_parameters
from pipelines.world.reporting.ids import FIRST, MODES
from pipelines.world.truth import Stage, amounts

Floats = NDArray[np.float64]
ROLES = ("origin", "departure", "destination")
SHOWN = ("DRUG_NAME", "TRANSPORT", "HIDING_PLACE", "INSTALLATION", "ROUTING", "size_class")
TIERS = {"lt_100g": 0.1, "100g_1kg": 1.0, "1kg_10kg": 10.0, "10kg_100kg": 100.0, "100kg_1t": 1000.0, "ge_1t": np.inf}
"""Upper ends in kilograms of the tiers that evidence knows."""
DRAWS = 4_000
SLIP = 1e-3
"""Chance of any other tier: second tellings in gross weight or part, slips of unit, factors of the project's own."""
LEAST = 1e-9
"""Chance of what the channel says cannot be shown."""


@dataclass(frozen=True)
class Answer:
    """The generator's forecasts: arrays of shape (rows, places) by role, each row summing to 1."""

    places: list[str]
    of: Mapping[str, Floats]
    likelihood: Floats
    """Σ_c P(c) P(x | c) over that of the likeliest x, up to a constant: rows near LEAST were not understood."""


class Oracle:
    """The generator of one world."""

    def __init__(self, seed: int, seizures: int) -> None:
        self.stage = Stage(read_parameters(None), seed, seizures)
        self.p = self.stage.p
        cells = self.stage.cells
        prior = _prior(self.stage)
        self.at = np.flatnonzero(prior.sum(axis=1) > 0)
        self.prior = prior[self.at]
        self.cells = cells.rows[self.at.tolist()]
        self.tier = _tiers(self.stage)[self.at]

    def answer(self, rows: pl.DataFrame) -> Answer:
        """Of rows with reporter, year, the roles as shown (null where not named), and `SHOWN`."""
        named = sorted({code for role in ROLES for code in self.cells[role].drop_nulls().unique()})
        position = {place: at for at, place in enumerate(named)}
        found = {role: np.zeros((rows.height, len(named))) for role in ROLES}
        likelihood = np.zeros(rows.height)
        numbered = rows.with_row_index("row_at")
        for (reporter,), asked in numbered.group_by("reporter", maintain_order=True):
            own = np.flatnonzero((self.cells["seizing_country"] == reporter).to_numpy())
            if not len(own):
                continue
            year = asked["year"].to_numpy() - self.p.years[0]
            weight = self.prior[own][:, year].T * self._channel(asked, own)
            at = asked["row_at"].to_numpy()
            total = weight.sum(axis=1)
            likelihood[at] = total
            for role in ROLES:
                of_cell = np.zeros((len(own), len(named)))
                of_cell[np.arange(len(own)), [position[code] for code in self.cells[role].to_numpy()[own]]] = 1.0
                found[role][at] = (weight / np.maximum(total, 1e-300)[:, None]) @ of_cell
        return Answer(named, found, likelihood)

    # --- P(x | c): arrays of shape (rows, cells) ---

    def _channel(self, rows: pl.DataFrame, own: NDArray[np.int64]) -> Floats:
        cells = self.cells[own.tolist()]
        chance = self._places(rows, cells)
        for column in SHOWN:
            shown = rows[column].to_list()
            words_of = list(dict.fromkeys(shown))
            table = np.stack([self._column(column, word, cells, own) for word in words_of])
            chance *= np.maximum(table, LEAST)[[words_of.index(word) for word in shown]]
        return chance

    def _column(self, column: str, word: str | None, cells: pl.DataFrame, own: NDArray[np.int64]) -> Floats:
        p, border = self.p, cells["cross_border"].to_numpy()
        if column == "size_class":
            at = list(TIERS).index(word) if word in TIERS else -1
            return self.tier[own, at] if at >= 0 else np.ones(len(own))
        if column == "DRUG_NAME":
            vague = ((cells["commodity"] == "Cocaine HCL") & (cells["seizing_country"] != "COL")).to_numpy()
            written = np.where(vague, p.number("ids.vague_cocaine"), 0.0)
            plain = (cells["commodity"] == word).to_numpy() * (1 - written)
            return plain + (written if word == "Cocaine" else 0.0)
        if column == "ROUTING":
            silent, says = p.number("ids.unstated_routing"), cells["seized_at"].replace_strict(words.ROUTING)
            return (says == word).to_numpy() * (1 - silent) if word else np.full(len(own), silent)
        if column == "TRANSPORT":
            silent_at = np.where(border, *(p.number(f"ids.unstated_mode_{where}") for where in ("border", "domestic")))
            return (cells["mode"] == word).to_numpy() * (1 - silent_at) if word in MODES else silent_at
        what = {"HIDING_PLACE": "hiding", "INSTALLATION": "installation"}[column]
        silent = p.number(f"ids.unstated_{what}")
        if word is None:
            return np.full(len(own), silent)
        mixes = p.mixes(what)
        of_mode = {mode: mixes.get(mode, mixes["*"]).get(word, 0.0) for mode in cells["mode"].unique().to_list()}
        return (1 - silent) * np.array([of_mode[mode] for mode in cells["mode"].to_list()])

    def _places(self, rows: pl.DataFrame, cells: pl.DataFrame) -> Floats:
        """Of the three places as written: a sum over the ways to go wrong."""
        p = self.p
        differ = (cells["cross_border"] & (cells["origin"] != cells["departure"])).to_numpy()
        after = ((cells["seized_at"] == "destination") & cells["transit"].is_not_null()).to_numpy()
        here = str(cells["seizing_country"][0])
        stated = dict(zip(("departure", "destination", "origin"), p.row(
            f"stated.{here}" if here in p.at("stated") else "stated.*"), strict=True))  # fmt: skip
        convention = differ * p.number("ids.new_zealand_departure_as_producing") * (here == "NZL")
        passed = after * p.number("ids.transit_as_departure") * (1 - convention)
        swapped = differ * p.number("ids.swapped") * (1 - convention - passed)
        true = {name: cells[name].to_numpy() for name in (*ROLES, "transit")}
        ways = [  # how often, and what stands as origin and as departure
            (convention, true["departure"], true["departure"]),
            (passed, true["origin"], true["transit"]),
            (swapped, true["departure"], true["origin"]),
            (1 - convention - passed - swapped, true["origin"], true["departure"]),
        ]
        shown = rows.select(ROLES).rows()
        triples = list(dict.fromkeys(shown))

        def says(role: str, word: str | None, written: NDArray[np.object_]) -> Floats:
            if word is None:
                return np.full(cells.height, 1 - stated[role])
            found: Floats = stated[role] * (written == word)
            return found

        table = np.empty((len(triples), cells.height))
        for number, (origin, departure, destination) in enumerate(triples):
            both = sum(
                share * says("origin", origin, producing) * says("departure", departure, left)
                for share, producing, left in ways
            )
            table[number] = both * says("destination", destination, true["destination"])
        return np.maximum(table, LEAST)[[triples.index(triple) for triple in shown]]


def _prior(stage: Stage) -> Floats:
    """How often each possible seizure is told on the form, by year: shape (cells, years)."""
    p, cells = stage.p, stage.cells
    members = {row[0] for row in places.table(places.REPORTERS)}
    also = p.numbers("also_in_ids")
    prior = np.zeros((cells.rows.height, len(p.years)))
    large = _tiers(stage)[:, 1:].sum(axis=1)  # the form asks other desks for what is at least 100 g
    asked = cells.rows.select(
        pl.col("seizing_country").is_in(members)
        & pl.col("commodity").is_in(list(words.ANNUAL_DRUGS))
        & ~pl.col("commodity").is_in(list(words.NOT_IN_IDS))
    ).to_series().to_numpy()  # fmt: skip
    for publisher, own in cells.own.items():
        told = np.ones(len(own)) if publisher in FIRST else also.get(publisher, 0.0) * asked[own] * large[own]
        weight = np.diff(cells.running[publisher], axis=1, prepend=0.0).T
        share = weight / np.maximum(weight.sum(axis=0), 1e-300)
        by_year = share.reshape(len(own), len(p.years), 12).mean(axis=2)
        of_publisher = [stage.publisher_shares(year).get(publisher, 0.0) for year in range(len(p.years))]
        prior[own] += by_year * told[:, None] * np.array(of_publisher)
    return prior


def _tiers(stage: Stage) -> Floats:
    """Chance of each tier of the amount, by drawing many of each kind of possible seizure: shape (cells, tiers)."""
    things = pl.DataFrame(dict(stage.cells.things)).with_columns(pl.all().cast(pl.Float64))
    kinds = things.unique(maintain_order=True).with_row_index("kind")
    many = {name: np.repeat(kinds[name].to_numpy(), DRAWS) for name in things.columns}
    milligrams, _ = amounts(stage.p, np.random.default_rng(0), many)
    tier = np.searchsorted(np.array(list(TIERS.values())[:-1]), milligrams / 1_000_000, side="right")
    counted = np.zeros((kinds.height, len(TIERS)))
    np.add.at(counted, (np.repeat(np.arange(kinds.height), DRAWS), tier), 1 / DRAWS)
    of_cell = things.join(kinds, on=things.columns, how="left", maintain_order="left")["kind"].to_numpy()
    found: Floats = (1 - SLIP * len(TIERS)) * counted[of_cell] + SLIP
    return found
