"""The most probable whole routes of each evidence, and their lines on the map.

Belongs here: routes, of stops and legs; what they rest on. Does not belong here: posteriors of single roles
(`posterior`), the chain and its costs (`network`).

A route is departure → (countries between) → seizing country → (countries between) → destination:

    p(route | e) = p(d, t | e, foreign) · p(way d → r | mode) · p(way r → t | mode)

with p(d, t | e) the joint of the places of `inferred.route_posteriors` (`pairing`), given that the goods do not end
where they left; what the lists leave out has no route. Ways are those of the chain, with at most two countries between.
A seizure on the high seas lies on the longest leg at sea of a way d → t; the country of the ship that boarded is no
stop of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipelines.inferred.model.joint import Kernel
from pipelines.inferred.network.chain import NOBODY, ByMode, Chain, Segments
from pipelines.inferred.network.costs import PRIORS, Fitted, fit, modes_of, told
from pipelines.inferred.network.drawing import Atlas, Leg
from pipelines.inferred.network.transit import NETWORK_INPUTS, Network, read_network
from pipelines.inferred.network.ways import LEG_MODES, UNKNOWN, WAYS_INPUTS, Floats, read_ways
from pipelines.inferred.pairing import PAIRING_INPUTS, couple, read_kernel
from pipelines.lines import cut
from pipelines.store import Connection, Home, connect, frame, sql, write_frame, write_query
from schemas.registry import Registry

Ints = NDArray[np.int64]
COST_INPUTS = ("inferred.evidence", *WAYS_INPUTS)
ROUTE_INPUTS = ("inferred.evidence", "inferred.route_posteriors", *PAIRING_INPUTS, *NETWORK_INPUTS)
N_ROUTES, N_LISTED, N_ENDS, CHUNK = 3, 12, 5, 10_000
"""Routes of each evidence; places of a role that are looked at; of those the ones with the best way; rows at a time."""
MODEL_ID = "recursive-logit-1"
MILLION = 1_000_000
HIGH_SEAS = "XHS"
SLOTS = 7
"""Stops of a route: departure, two between, seizing country, two between, destination."""


def make_leg_costs(home: Home, registry: Registry) -> int:
    """Write `inferred.leg_costs`; returns the number of rows."""
    con = connect(home, registry, COST_INPUTS)
    evidence = frame(con, "SELECT reporter, departure, transit, destination, mode_class, n_rows FROM inferred.evidence")
    with threadpool_limits(1):
        ways = read_ways(con)
        fitted = fit(ways, told(evidence, ways))
    return write_frame(con, home, registry, "inferred.leg_costs", _cost_rows(fitted))


def make_routes(home: Home, registry: Registry) -> dict[str, int]:
    """Write `inferred.routes` and `inferred.route_paths`; returns their numbers of rows."""
    con = connect(home, registry, ROUTE_INPUTS)
    evidence = frame(con, sql(__file__, "routed"))
    with threadpool_limits(1):
        network = read_network(con)
        cells = Cells(network.by_mode)
        kernel = read_kernel(con, network.ways.areas)
        parts = [_routes(network, cells, kernel, part) for part in evidence.iter_slices(CHUNK)]
    routes = pl.concat([pl.DataFrame(schema=NO_ROUTES), *parts])
    described = _described(network, routes.select(WAY).unique(maintain_order=True))
    linked = routes.join(described.drop("legs"), on=WAY).with_columns(pl.lit(MODEL_ID).alias("model_id"))  # n:1
    con.register("linked", linked.drop(WAY))
    return {
        "inferred.route_paths": write_frame(con, home, registry, "inferred.route_paths", _drawn(con, described)),
        "inferred.routes": write_query(con, home, registry, "inferred.routes", sql(__file__, "routes")),
    }


# --- which routes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ends:
    """The places of one role that are looked at, shape (rows, N_LISTED): positions (-1 for none), and chances."""

    place: Ints
    prob: Floats


class Cells:
    """Ways to and from the seizing country by mode and seizing country, each found when first asked for."""

    def __init__(self, by_mode: Mapping[str, ByMode]) -> None:
        self._by_mode = by_mode
        self._found: dict[tuple[str, int], tuple[Segments, Segments]] = {}

    def of(self, cells: list[tuple[str, int]]) -> tuple[Segments, Segments]:
        """Ways to and from: chances (cells, n, N_SEGMENTS) and countries between (cells, n, N_SEGMENTS, 2)."""
        sides = zip(*(self.of_one(mode, seizing) for mode, seizing in cells), strict=True)
        to, on = (
            Segments(np.stack([one.prob for one in side]), np.stack([one.between for one in side])) for side in sides
        )
        return to, on

    def of_one(self, mode: str, country: int) -> tuple[Segments, Segments]:
        """Ways to and from one country."""
        if (mode, country) not in self._found:
            chain = self._by_mode[mode]
            self._found[mode, country] = (chain.inbound.segments_to(country), chain.onward.segments_from(country))
        return self._found[mode, country]


@dataclass(frozen=True)
class Pairs:
    """Departures and destinations that are looked at, and p(d, t | e) of each pair."""

    departure: Ends
    destination: Ends
    joint: Floats
    """Shape (rows, N_LISTED, N_LISTED); nought where both are one place."""
    mass: Floats
    """Chance that the goods end elsewhere than they began, shape (rows,)."""

    def of(self, rows: Ints | slice) -> Pairs:
        """Those of some rows."""
        first, last = (Ends(end.place[rows], end.prob[rows]) for end in (self.departure, self.destination))
        return Pairs(first, last, self.joint[rows], self.mass[rows])


def pairs(network: Network, kernel: Kernel, part: pl.DataFrame) -> Pairs:
    """The pairs of each evidence's likeliest places, weighed by the joint of all that its lists hold."""
    departure, destination = (_ends(network, part, role) for role in ("departure", "destination"))
    first, last = (_dense(network, part, role) for role in ("departure", "destination"))
    coupled = couple(kernel, part, network.ways.areas, first, last)
    listed = first.sum(axis=1) * last.sum(axis=1)
    joint = coupled.cells(departure.place, destination.place) * listed[:, None, None]
    joint[departure.place[:, :, None] == destination.place[:, None]] = 0
    return Pairs(departure, destination, joint, 1 - listed * coupled.same)


def _routes(network: Network, cells: Cells, kernel: Kernel, part: pl.DataFrame) -> pl.DataFrame:
    """The N_ROUTES most probable routes of each evidence: evidence_id, rank, prob, and the columns of `WAY`."""
    mode = modes_of(part).to_numpy().astype(str)
    reporter = network.ways.index(part["reporter"])
    ends = pairs(network, kernel, part)
    boarded = (part["high"].fill_null(value=False) & pl.Series(mode).is_in(["sea", UNKNOWN])).to_numpy()
    transit = network.ways.index(part["transit"])
    stated = ~boarded & (reporter >= 0) & (transit >= 0) & (transit != reporter)
    ashore = np.nonzero(~boarded & ~stated & (reporter >= 0))[0]
    found = [_ashore(cells, mode[ashore], reporter[ashore], ends.of(ashore), ashore)]
    found += [
        _over(cells, str(mode[row]), int(reporter[row]), int(transit[row]), ends.of(slice(row, row + 1)), int(row))
        for row in np.nonzero(stated)[0]
    ]
    found += [_boarded(network, ends.of(slice(row, row + 1)), int(row)) for row in np.nonzero(boarded)[0]]
    row, prob, stops = (np.concatenate(parts) for parts in zip(*found, strict=True))
    million = np.floor(prob * MILLION + 1e-9).astype(np.int64)
    table = pl.DataFrame(
        {"row": row, "million": million, "high": boarded[row], "mode": np.where(boarded, "sea", mode)[row]}
        | {f"s{slot}": stops[:, slot] for slot in range(SLOTS)}
    ).filter(pl.col("million") > 0)
    ranked = table.sort("row", "million", *WAY[2:], descending=[False, True] + [False] * SLOTS).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("row")
    )
    about = part.select("evidence_id", "reporter", "origin").with_row_index("row").cast({"row": pl.Int64})
    return ranked.join(about, on="row", maintain_order="left").select(  # n:1
        "evidence_id", "reporter", "origin", "rank",
        (pl.col("million").cast(pl.Decimal(18, 6)) / MILLION).cast(pl.Decimal(9, 6)).alias("prob"), *WAY,
    )  # fmt: skip


def _ends(network: Network, part: pl.DataFrame, role: str) -> Ends:
    places, probs = f"{role}s", f"{role}_probs"
    at = [network.ways.index(part[places].list.get(k, null_on_oob=True)) for k in range(N_LISTED)]
    chance = [part[probs].list.get(k, null_on_oob=True).fill_null(0.0).to_numpy() for k in range(N_LISTED)]
    place = np.stack(at, axis=1)
    return Ends(place, np.where(place >= 0, np.stack(chance, axis=1), 0.0))


def _dense(network: Network, part: pl.DataFrame, role: str) -> Floats:
    """Chances of all places that are listed, shape (rows, areas)."""
    listed = part.select(place=f"{role}s", prob=f"{role}_probs").with_row_index("row").explode("place", "prob")
    at = network.ways.index(listed["place"])
    found = np.zeros((part.height, len(network.ways.areas)))
    found[listed["row"].to_numpy()[at >= 0], at[at >= 0]] = listed["prob"].to_numpy()[at >= 0]
    return found


def _ashore(cells: Cells, mode: NDArray[np.str_], reporter: Ints, ends: Pairs, rows: Ints) -> tuple[Ints, Floats, Ints]:
    """Routes of goods that were seized in a country: row, chance and stops of each, shapes (k,), (k,), (k, SLOTS).

    The best routes are those of the pairs of ends whose best route is best, since a pair's other routes are less
    probable still: so three pairs are enough for three routes.
    """
    if not len(rows):
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty((0, SLOTS), dtype=np.int64)
    keys, cell = np.unique(np.rec.fromarrays([mode, reporter]), return_inverse=True)
    ways_to, ways_on = cells.of([(str(one), int(other)) for one, other in keys])
    first, last, joint, mass = ends.departure, ends.destination, ends.joint, ends.mass
    to, on = (
        _at_ends(side, cell, end.place, reporter) for side, end in ((ways_to, first), (ways_on, last))
    )  # chances (rows, listed, segments)
    best = joint * to[:, :, None, 0] * on[:, None, :, 0]
    flat = np.argsort(-best.reshape(len(rows), -1), axis=1, kind="stable")[:, :N_ROUTES]
    d, t = np.divmod(flat, N_LISTED)  # (rows, pairs)
    row = np.arange(len(rows))[:, None]
    prob = joint[row, d, t][:, :, None, None] * to[row, d][:, :, :, None] * on[row, t][:, :, None, :]
    prob = (prob / np.maximum(mass, 1e-9)[:, None, None, None]).reshape(len(rows), N_ROUTES, -1)
    n_to = to.shape[2]
    one, other = np.divmod(np.arange(n_to * n_to), n_to)
    start, end = first.place[row, d], last.place[row, t]  # (rows, pairs)
    stops = np.full((*prob.shape, SLOTS), NOBODY)
    stops[..., 0], stops[..., 3], stops[..., 6] = start[..., None], reporter[:, None, None], end[..., None]
    stops[..., 1:3] = ways_to.between[cell[:, None, None], start[..., None], one]
    stops[..., 4:6] = ways_on.between[cell[:, None, None], end[..., None], other]
    left, arrived = start == reporter[:, None], end == reporter[:, None]
    stops[..., 1:3][left] = stops[..., 4:6][arrived] = NOBODY
    stops[..., 0][left] = stops[..., 6][arrived] = NOBODY
    prob = np.where(_twice(stops), 0, prob).reshape(len(rows), -1)
    top = np.argsort(-prob, axis=1, kind="stable")[:, :N_ROUTES]
    chosen = stops.reshape(len(rows), -1, SLOTS)[row, top]
    return np.repeat(rows, N_ROUTES), prob[row, top].ravel(), chosen.reshape(-1, SLOTS)


def _at_ends(side: Segments, cell: Ints, place: Ints, reporter: Ints) -> Floats:
    """Chances of ways between listed ends and the seizing country; none is needed where they are the same."""
    prob = np.where((place >= 0)[..., None], side.prob[cell[:, None], place], 0.0)
    here = place == reporter[:, None]
    prob[here] = 0.0
    prob[..., 0][here] = 1.0
    return prob


def _twice(stops: Ints) -> NDArray[np.bool_]:
    """Whether a route comes to one country twice, by all pairs of its stops."""
    found = np.zeros(stops.shape[:-1], dtype=np.bool_)
    for one in range(SLOTS):
        for other in range(one + 1, SLOTS):
            found |= (stops[..., one] == stops[..., other]) & (stops[..., one] >= 0)
    return found


def _over(cells: Cells, mode: str, seizing: int, transit: int, ends: Pairs, row: int) -> tuple[Ints, Floats, Ints]:
    """Routes of goods of which a report names a transit: it is the last stop before the seizing country.

    Where the goods left from the seizing country it is the first stop after it.
    """
    first, last, joint, mass = ends.departure, ends.destination, ends.joint, ends.mass
    (_, on), (to_transit, from_transit) = cells.of_one(mode, seizing), cells.of_one(mode, transit)
    prob, stops = [], []
    for t, end in enumerate(last.place[0]):
        for d, start in enumerate(first.place[0]):
            if joint[0, d, t] <= 0:
                continue
            if start == seizing:
                before = [(1.0, (NOBODY, NOBODY))]
                after = [(p, (transit, b)) for p, b in _single(from_transit, end, transit)]
            else:
                single = _single(to_transit, start, transit)
                before = [(p, (transit, NOBODY) if b == NOBODY else (b, transit)) for p, b in single]
                after = [(float(p), (int(b[0]), int(b[1]))) for p, b in zip(on.prob[end], on.between[end], strict=True)]
            if start == transit:
                before = [(1.0, (NOBODY, NOBODY))]
            if end == seizing or (start == seizing and end == transit):
                after = [(1.0, (NOBODY, NOBODY))]
            for (p, one), (q, other) in product(before, after):
                prob.append(float(joint[0, d, t]) * p * q / max(float(mass[0]), 1e-9))
                outer = (NOBODY if start == seizing else start, NOBODY if end == seizing else end)
                stops.append([outer[0], *one, seizing, *other, outer[1]])
    return _best(prob, stops, row)


def _single(side: Segments, place: int, transit: int) -> list[tuple[float, int]]:
    """Ways between a place and the transit over one country at most, which is -1 where nothing lies between."""
    if place == transit:
        return [(1.0, NOBODY)]
    found = zip(side.prob[place], side.between[place], strict=True)
    return [(float(p), int(between[0])) for p, between in found if between[1] == NOBODY]


def _best(prob: list[float], stops: list[list[int]], row: int) -> tuple[Ints, Floats, Ints]:
    """The most probable of some routes of one evidence."""
    table = np.array(stops, dtype=np.int64).reshape(-1, SLOTS)
    chances = np.where(_twice(table), 0, np.array(prob, dtype=np.float64))
    top = np.argsort(-chances, kind="stable")[:N_ROUTES]
    return np.full(len(top), row), chances[top], table[top]


def _boarded(network: Network, ends: Pairs, row: int) -> tuple[Ints, Floats, Ints]:
    """Routes of goods that were found on the high seas: ways from departure to destination with a leg by sea."""
    first, last, joint, mass = ends.departure, ends.destination, ends.joint, ends.mass
    prob, stops = [], []
    for t in np.argsort(-last.prob[0], kind="stable")[:N_ENDS]:
        ways = network.by_mode["sea"].inbound.segments_to(int(last.place[0, t])) if last.place[0, t] >= 0 else None
        for d in np.argsort(-first.prob[0], kind="stable")[:N_ENDS]:
            start = int(first.place[0, d])
            if ways is None or start < 0 or joint[0, d, t] <= 0:
                continue
            for chance, between in zip(ways.prob[start], ways.between[start], strict=True):
                path = [start, *(int(stop) for stop in between if stop >= 0), int(last.place[0, t])]
                if "sea" not in _modes(network.by_mode["sea"].inbound, path):
                    continue
                prob.append(float(joint[0, d, t] * chance / max(mass[0], 1e-9)))
                stops.append([start, *between, NOBODY, NOBODY, NOBODY, int(last.place[0, t])])
    return _best(prob, stops, row)


# --- what they look like ----------------------------------------------------------------------------------------

WAY = ["mode", "high", *(f"s{slot}" for slot in range(SLOTS))]
"""What a way is made of: the chain's mode, whether it was boarded at sea, and its stops as positions, -1 for none."""
NO_ROUTES: dict[str, pl.DataType] = {
    "evidence_id": pl.String(), "reporter": pl.String(), "origin": pl.String(), "rank": pl.Int64(),
    "prob": pl.Decimal(9, 6), "mode": pl.String(), "high": pl.Boolean(),
    **{f"s{slot}": pl.Int64() for slot in range(SLOTS)},
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A way in codes."""

    departure: str
    before: list[str]
    seizing: str
    after: list[str]
    destination: str
    legs: list[Leg]

    @property
    def path_id(self) -> str:
        """The way itself: COL:sea:ESP:land:FRA."""
        return ":".join([self.legs[0][1], *(f"{mode}:{there}" for mode, _, there in self.legs)])


def _modes(chain: Chain, stops: Sequence[int]) -> list[str]:
    """The mode that most probably serves each leg between stops."""
    return [LEG_MODES[int(chain.modes[:, here, there].argmax())] for here, there in pairwise(stops)]


def _way(network: Network, mode: str, high: bool, stops: Sequence[int]) -> Way:
    """A way of positions in codes, each leg by the mode that most probably serves it."""
    areas, chain = network.ways.areas, network.by_mode[mode]
    seizing = stops[3]
    to = [stop for stop in stops[:4] if stop >= 0]
    on = [stop for stop in stops[3:] if stop >= 0]
    if high:
        to, on = [stop for stop in stops if stop >= 0], []
    legs = [
        (leg_mode, areas[here], areas[there])
        for side, part in ((chain.inbound, to), (chain.onward, on))
        for leg_mode, (here, there) in zip(_modes(side, part), pairwise(part), strict=True)
    ]
    codes = [legs[0][1], *(there for *_, there in legs)]
    if high:  # boarded on the longest leg at sea
        long = [network.ways.km[leg[0]][here, there] * (leg[0] == "sea")
                for leg, (here, there) in zip(legs, pairwise(to), strict=True)]  # fmt: skip
        split = int(np.argmax(long)) + 1
        return Way(codes[0], codes[1:split], HIGH_SEAS, codes[split:-1], codes[-1], legs)
    at = codes.index(areas[seizing])
    return Way(codes[0], codes[1:at], codes[at], codes[at + 1 : -1], codes[-1], legs)


def _described(network: Network, ways: pl.DataFrame) -> pl.DataFrame:
    """The ways in codes, beside them as positions."""
    described = [_way(network, mode, high, stops) for mode, high, *stops in ways.iter_rows()]
    return ways.with_columns(
        pl.Series("path_id", [way.path_id for way in described], dtype=pl.String),
        pl.Series("departure", [way.departure for way in described], dtype=pl.String),
        pl.Series("transits_before", [way.before for way in described], dtype=pl.List(pl.String)),
        pl.Series("seized_in", [way.seizing for way in described], dtype=pl.String),
        pl.Series("transits_after", [way.after for way in described], dtype=pl.List(pl.String)),
        pl.Series("destination", [way.destination for way in described], dtype=pl.String),
        pl.Series("legs", [["|".join(leg) for leg in way.legs] for way in described], dtype=pl.List(pl.String)),
    )


def _drawn(con: Connection, paths: pl.DataFrame) -> pl.DataFrame:
    """Rows of `inferred.route_paths`: every distinct path once, with its line."""
    once = paths.unique("path_id", keep="first", maintain_order=True).sort("path_id")
    legs: list[list[Leg]] = [[_leg(text) for text in texts] for texts in once["legs"]]
    atlas = Atlas(con, (leg for way in legs for leg in way))
    drawn = [atlas.way(way) for way in legs]
    modes = [[mode for mode, *_ in way] for way in legs]
    return pl.DataFrame(
        {
            "path_id": once["path_id"],
            "stops": [[way[0][1], *(there for *_, there in way)] for way in legs],
            "leg_modes": modes,
            "route_mode": [one[0] if len(set(one)) == 1 else "mixed" for one in modes],
            "length_km": [way.length_km for way in drawn],
            "high_seas_km": [way.high_seas_km for way in drawn],
            "passages": [sorted(way.passages) for way in drawn],
            "snap_km": [way.snap_km for way in drawn],
            "path_basis": "schematic",
            "geometry": [shapely.to_wkb(cut(way.points)) for way in drawn],
        },
        schema_overrides={
            "path_id": pl.String, "stops": pl.List(pl.String), "leg_modes": pl.List(pl.String),
            "passages": pl.List(pl.String), "geometry": pl.Binary, "length_km": pl.Float64, "high_seas_km": pl.Float64,
            "snap_km": pl.Float64, "route_mode": pl.String, "path_basis": pl.String,
        },
    )  # fmt: skip


def _leg(text: str) -> Leg:
    mode, here, there = text.split("|")
    return mode, here, there


def _cost_rows(fitted: Fitted) -> pl.DataFrame:
    """Rows of `inferred.leg_costs`."""
    return pl.DataFrame(
        {
            "cost": list(PRIORS),
            "prior_mean": [prior.mean for prior in PRIORS.values()],
            "prior_sd": [prior.sd for prior in PRIORS.values()],
            "prior_reason": [prior.reason for prior in PRIORS.values()],
            "estimate": [round(fitted.values[name], 6) for name in PRIORS],
            "estimate_sd": [round(fitted.sds[name], 6) for name in PRIORS],
            "cost_basis": ["fitted" if fitted.is_fitted and prior.is_learnt else "prior" for prior in PRIORS.values()],
            "support_n": [fitted.n_ways if prior.is_learnt else 0 for prior in PRIORS.values()],
        }
    )
