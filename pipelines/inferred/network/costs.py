"""What a leg costs: priors with their reasons, and what reports that name a way say against them.

Belongs here: the chain's parameters and their fit. Does not belong here: the chain (`chain`).

Two kinds of reports speak of ways. Where departure f, seizing country r and destination t are all named and differ, the
goods passed r. Among the countries c that report,

    p(r | f, t) = w_r q_r / Σ_c w_c q_c        w_c = ρ_c^a · people_c^b

q_c is the weight of the ways that reach c before t and go on to t, and w_c how much is seen there, with ρ_c the reports
of c that name a foreign leg: the fit is to learn of ways, not of who looks. Where a transit k is named that is neither
the departure nor the seizing country, p(k | f, r) is the chance that k is the last before r, given that one is.
Each distinct combination counts once, however often it was reported: a courier's way that is used a hundred times is
one way. The n ways that lead through one seizing country weigh together √n: a few large reporters own most of them, and
with each weighing one, the fit on some countries was worse than the priors on others. Reports that name no transit say
nothing: few forms ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inferred.network.chain import TINY, ByMode, Ints, chains
from pipelines.inferred.network.ways import MODE_OF_CLASS, UNKNOWN, Floats, Ways

LEAST = 200
"""Ways below which nothing is fitted: the priors' own spread is narrower than what so few can say."""
LOW, HIGH = 0.02, 0.9
MOST_STEPS, STEP, ENOUGH = 8, 1e-3, 0.25
"""A fit ends where another step would gain less than about a tenth of a nat over all ways."""


@dataclass(frozen=True)
class Prior:
    """A normal prior; of a share, on its log-odds."""

    mean: float
    sd: float
    reason: str
    is_share: bool = False
    is_learnt: bool = True


PRIORS: dict[str, Prior] = {
    "km_air": Prior(-0.15, 0.15, "Long flights are ordinary: at 6,600 km a country weighs a third of a near one."),
    "km_sea": Prior(-0.10, 0.10, "Freight by sea costs little more over a longer way: a third at 11,000 km."),
    "km_land": Prior(-1.00, 0.50, "A day on the road is some 500 km: a third at 1,100 km between centres."),
    "people": Prior(
        0.50, 0.25, "Air and road traffic grow with size, by less than in proportion. Not learnt: reports cannot tell"
        " whether a country of some size is a rarer stop or looks less (`seen_people`).", is_learnt=False,
    ),
    "ships_sea": Prior(0.50, 0.25, "A port that ships leave for many countries is a likelier place to change ships."),
    "language": Prior(0.50, 0.50, "Trade between countries with a common language is larger by about a half."),
    "other_mode": Prior(0.10, 0.75, "A report names the mode in which goods were found; they mostly came by it.", True),
    "onward_mode": Prior(0.50, 0.75, "How they would have gone on is not said: a coin's toss for the same mode.", True),
    "next_leg": Prior(0.25, 0.50, "Three ways in four are thought to be direct; no report tells of direct ways.", True),
    "seen_reports": Prior(1.00, 0.25, "Who reports twice as many foreign legs sees twice as much of what passes."),
    "seen_people": Prior(0.00, 0.50, "Beyond its reports, no country is thought to look harder for being large."),
}  # fmt: skip
"""Every parameter of the chain, by its name there, and two (`seen_…`) of who sees what passes."""
LEARNT = [name for name, prior in PRIORS.items() if prior.is_learnt]


@dataclass(frozen=True)
class Told:
    """Ways that reports tell, as positions in `Ways.areas`; each distinct one once, sorted."""

    passed: dict[str, tuple[Ints, Ints, Ints]]
    """By mode: departures, seizing countries, destinations."""
    before: dict[str, tuple[Ints, Ints, Ints]]
    """By mode: departures, transits, seizing countries."""
    looking: Floats
    """ρ: reports of each country that name a foreign leg, shape (n,)."""
    people: Floats
    """Logarithm of inhabitants, shape (n,)."""

    def seen(self, values: Mapping[str, float]) -> Floats:
        """w: how much of what passes a country is seen there, shape (n,)."""
        odds: Floats = self.looking ** values["seen_reports"] * np.exp(values["seen_people"] * self.people)
        return odds

    @property
    def n(self) -> int:
        return sum(len(found[0]) for part in (self.passed, self.before) for found in part.values())


@dataclass(frozen=True)
class Fitted:
    """Values of all parameters, their standard deviations, and how many ways speak of them."""

    values: dict[str, float]
    sds: dict[str, float]
    n_ways: int
    is_fitted: bool


def told(evidence: pl.DataFrame, ways: Ways) -> Told:
    """What the evidence tells of ways. Columns: reporter, departure, transit, destination, mode_class, n_rows."""
    table = pl.DataFrame(
        {
            "mode": modes_of(evidence),
            "reporter": ways.index(evidence["reporter"]),
            **{role: ways.index(evidence[role]) for role in ("departure", "transit", "destination")},
            "n": evidence["n_rows"],
        }
    ).filter(pl.col("reporter") >= 0)
    foreign = [(pl.col(role) >= 0) & (pl.col(role) != pl.col("reporter")) for role in ("departure", "destination")]
    looking = np.zeros(len(ways.areas))
    counted = table.filter(pl.any_horizontal(foreign)).group_by("reporter").agg(pl.col("n").sum()).sort("reporter")
    looking[counted["reporter"].to_numpy()] = counted["n"].to_numpy()
    middle = table.filter(pl.all_horizontal(foreign) & (pl.col("departure") != pl.col("destination")))
    stated = table.filter(
        foreign[0] & (pl.col("transit") >= 0) & (pl.col("transit") != pl.col("reporter"))
        & (pl.col("transit") != pl.col("departure"))
    )  # fmt: skip
    return Told(
        _distinct(middle, ("departure", "reporter", "destination")),
        _distinct(stated, ("departure", "transit", "reporter")),
        looking,
        ways.people,
    )


def modes_of(evidence: pl.DataFrame) -> pl.Series:
    """The mode of the chain for each evidence."""
    return pl.Series("mode", [MODE_OF_CLASS.get(name, UNKNOWN) for name in evidence["mode_class"]], dtype=pl.String)


def fit(ways: Ways, said: Told) -> Fitted:
    """The most probable parameters given priors and ways told; the priors alone below `LEAST` ways.

    Fisher scoring on the ways' own slopes (Berndt, Hall, Hall & Hausman 1974), in units of the priors' standard
    deviations; the information at the top gives the standard deviations.
    """
    top = np.zeros(len(LEARNT))
    if said.n < LEAST:
        return _as_fitted(top, np.ones(len(LEARNT)), said.n, is_fitted=False)

    def each(theta: Floats) -> Floats:
        values = _values(theta)
        return log_likelihood(chains(ways, values), said, said.seen(values))

    weight, now = _weights(said), each(top)
    for _ in range(MOST_STEPS):
        slopes = np.column_stack([(each(top + STEP * unit) - now) / STEP for unit in np.eye(len(top))])  # (ways, k)
        uphill, information = weight @ slopes - top, (slopes.T * weight) @ slopes + np.eye(len(top))
        move = np.asarray(np.linalg.solve(information, uphill), dtype=np.float64)
        if uphill @ move < ENOUGH:
            break
        top, now = _climb(each, weight, top, now, move)
    return _as_fitted(np.round(top, 4), np.sqrt(np.diag(np.linalg.inv(information))), said.n, is_fitted=True)


def _climb(
    each: Callable[[Floats], Floats], weight: Floats, top: Floats, now: Floats, move: Floats
) -> tuple[Floats, Floats]:
    """A step, halved until it leads up."""
    height = float(weight @ now - 0.5 * top @ top)
    for _ in range(6):
        there = top + move
        then = each(there)
        if float(weight @ then - 0.5 * there @ there) > height:
            return there, then
        move = move / 2
    return top, now


def _weights(said: Told) -> Floats:
    """1 / √n of each way, n the ways through its seizing country, in the order of `log_likelihood`."""
    seizing = [middle for _, middle, _ in said.passed.values()] + [np.sort(end) for *_, end in said.before.values()]
    country = np.concatenate(seizing)
    return np.asarray(1 / np.sqrt(np.bincount(country)[country]), dtype=np.float64)


def log_likelihood(by_mode: Mapping[str, ByMode], said: Told, seen: Floats) -> Floats:
    """Natural logarithm of the chance of each way told; `seen` is w, shape (n,)."""
    found: list[Floats] = []
    for mode, (start, middle, end) in said.passed.items():
        chain = by_mode[mode]
        passed = chain.inbound.reached(start, end) * chain.onward.reach[:, end].T * seen[None]
        rows = np.arange(len(start))
        passed[rows, start] = passed[rows, end] = 0
        found.append(np.log(np.maximum(passed[rows, middle], TINY) / np.maximum(passed.sum(axis=1), TINY)))
    for mode, (start, between, end) in said.before.items():
        for country in np.unique(end):
            here = end == country
            inbound = by_mode[mode].inbound
            first, row = np.unique(start[here], return_inverse=True)
            last, itself = inbound.last_before(np.eye(len(inbound.step))[first], int(country))
            some = 1 - itself[row, start[here]]
            found.append(np.log(np.maximum(last[row, between[here]], TINY) / np.maximum(some, TINY)))
    return np.concatenate(found)


def _distinct(table: pl.DataFrame, roles: tuple[str, str, str]) -> dict[str, tuple[Ints, Ints, Ints]]:
    once = table.select("mode", *roles).unique().sort("mode", *roles)
    return {
        str(mode): (part[roles[0]].to_numpy(), part[roles[1]].to_numpy(), part[roles[2]].to_numpy())
        for (mode,), part in once.group_by("mode", maintain_order=True)
    }


def _values(theta: Floats) -> dict[str, float]:
    """Parameters of distances from the priors' means, in their standard deviations; what is not learnt is the mean."""
    values = {}
    distances = dict(zip(LEARNT, theta, strict=True))
    for name, prior in PRIORS.items():
        distance = float(distances.get(name, 0.0))
        if prior.is_share:
            odds = np.log(prior.mean / (1 - prior.mean)) + distance * prior.sd
            values[name] = float(np.clip(1 / (1 + np.exp(-odds)), LOW, HIGH))
        else:
            values[name] = prior.mean + distance * prior.sd
    return values


def _as_fitted(theta: Floats, spread: Floats, n_ways: int, *, is_fitted: bool) -> Fitted:
    values = _values(theta)
    widths = dict(zip(LEARNT, spread, strict=True))
    sds = {
        name: float(prior.sd * widths.get(name, 1.0) * (values[name] * (1 - values[name]) if prior.is_share else 1))
        for name, prior in PRIORS.items()
    }
    return Fitted(values, sds, n_ways, is_fitted)
