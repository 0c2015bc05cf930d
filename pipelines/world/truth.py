"""What really happened: the seizures of one stretch of time, as they were.

Belongs here: when, what, how much, by which plan. Does not belong here: who reports what, and how badly (`reporting`).

A world is made in stretches of a fixed number of seizures, in order of date. Each has a generator of its own, seeded by
the world's seed and its number: what one stretch draws does not depend on any other, nor on who works on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.world.draws import Flags, Integers, Numbers, draw, draw_cumulative, log_normal, quotas
from pipelines.world.flows import Plan, Planner
from pipelines.world.network import network
from pipelines.world.parameters import Parameters
from pipelines.world.seizing import IDS_STREET, POLICE, Cells, possible

Objects = npt.NDArray[np.object_]
CHUNK = 250_000
CARIBBEAN = "caribbean_customs"
STREET_MILLIGRAMS = 100_000
"""Below 100 g an amount is one that a street dealer carries."""
_OF_ROUTE = [  # what a find shares with the one that it was made together with
    "publisher", "route_id", "seizing_country", "origin", "departure", "transit", "destination", "seized_at",
    "place_id", "mode", "cross_border",
]  # fmt: skip
_OF_THING = ["commodity", "commodity_group"]


@dataclass(frozen=True, eq=False)
class Stage:
    """All that the stretches of a world have in common."""

    p: Parameters
    seed: int
    seizures: int

    def generator(self, *key: int) -> np.random.Generator:
        """A generator for a purpose: 0 plans, 1 days, 2 and a number a stretch, 3 totals, 4 and a number its spots."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))

    @property
    def chunks(self) -> int:
        return -(-self.seizures // CHUNK)

    @cached_property
    def plans(self) -> list[Plan]:
        return Planner(self.p, network(), self.generator(0)).all_plans()

    @cached_property
    def cells(self) -> Cells:
        return possible(self.p, self.plans)

    @cached_property
    def _publishers(self) -> Objects:
        return self.cells.rows["publisher"].to_numpy()

    @cached_property
    def lists(self) -> dict[str, pl.Enum]:
        """Every text that a column of the events can hold."""
        named = self.cells.rows.select(pl.col(pl.String).exclude("publisher"))
        lists = {name: pl.Enum(named[name].drop_nulls().unique().sort()) for name in named.columns}
        units = sorted({str(text).split()[0] for text in self.p.at("counted").values()})
        return {**lists, "number_unit": pl.Enum(units)}

    def publishers_of(self, cell: Integers) -> Objects:
        """Who sees each of some possible seizures first."""
        return self._publishers[cell]

    @cached_property
    def first_day(self) -> int:
        return (date(self.p.years[0], 1, 1) - date(1970, 1, 1)).days

    @cached_property
    def days(self) -> tuple[Integers, Integers, Integers]:
        """Running number of seizures by day, and the year and month (both from 0) of each day."""
        rng = self.generator(1)
        counts, years, months = [], [], []
        by_year = quotas(self.p.row("years.weights"), self.seizures)
        for number, (year, n) in enumerate(zip(self.p.years, by_year, strict=True)):
            first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
            weight = log_normal(rng, 1.0, self.p.number("years.day_noise"), last - first)
            counts.append(rng.multinomial(n, weight / weight.sum()))
            years.append(np.full(last - first, number))
            months.append([number * 12 + date.fromordinal(day).month - 1 for day in range(first, last)])
        return np.cumsum(np.concatenate(counts)), np.concatenate(years), np.concatenate(months)

    def first_of(self, year: int) -> int:
        """Number of seizures before a calendar year."""
        by_year = quotas(self.p.row("years.weights"), self.seizures)
        return sum(by_year[: self.p.years.index(year)])

    def publisher_shares(self, year: int) -> dict[str, float]:
        """Share of a year's seizures that each publisher sees first; capped ones leave theirs to the others."""
        share = {name: self.p.number(f"publishers.{name}.share") for name in self.p.at("publishers")}
        for name, value in share.items():
            most = self.p.number(f"publishers.{name}.most")
            share[name] = min(value, most / self.seizures) if most else value
        if self.p.years[year] not in self.p.police_years:
            share[IDS_STREET] += share[POLICE]
            share[POLICE] = 0.0
        return share


def happened(stage: Stage, chunk: int) -> pl.DataFrame:
    """The true seizures of a stretch, in order of date; one row an event.

    Weight is whole milligrams here (`milligrams`), so that sums and printed figures are exact; what is counted and not
    weighed has `number` and `number_unit`. `spot` and `nook`, both from 0 to below 1, are where in its country it was:
    each publisher reads the town from the first, the quarter from the second, in its own spelling. `cell` is the
    possible seizure that it is; `like` is the event that it is like in all that the public sees, itself for most;
    `incident_id` is shared by what was seized together.
    """
    p, rng = stage.p, stage.generator(2, chunk)
    number = np.arange(chunk * CHUNK, min((chunk + 1) * CHUNK, stage.seizures))
    running, year_of, month_of = stage.days
    day = np.searchsorted(running, number, side="right")
    cell = _drawn_cells(stage, rng, year_of[day], month_of[day])
    things = {name: values[cell] for name, values in stage.cells.things.items()}
    milligrams, tablets = amounts(p, rng, things)
    pieces = np.maximum(np.rint(log_normal(rng, things["pieces"], things["pieces_spread"], len(cell))), 1)
    like = _operations(p, rng, np.where(milligrams < STREET_MILLIGRAMS, things["operation"], -1), year_of[day])
    take = _seized_together(p, rng, things["caribbean"][like], stage.publishers_of(cell[like]) == CARIBBEAN)
    cell, day, counted = cell[like], day[like], things["counted"][like] >= 0
    by_route = stage.cells.rows.select(_OF_ROUTE)[cell[take]]
    by_thing = stage.cells.rows.select(_OF_THING)[cell]
    units = pl.Series([str(text).split()[0] for text in p.at("counted").values()])
    spot, nook = stage.generator(4, chunk).random((2, len(cell)))
    found = {
        "spot": spot[like][take], "nook": nook[like][take],
        "milligrams": milligrams[like], "tablets": tablets[like], "number": pieces[like].astype(np.int64),
        "day": (day[take] + stage.first_day).astype(np.int32),
    }  # fmt: skip
    return (
        pl.concat([by_route, by_thing, pl.DataFrame(found)], how="horizontal")
        .with_columns(
            event_id=pl.Series(number + 1),
            incident_id=pl.Series(take + number[0] + 1),
            like=pl.Series(like + number[0] + 1),
            cell=pl.Series(cell),
            date=pl.col("day").cast(pl.Date),
            year=pl.Series(year_of[day[take]] + p.years[0]),
            milligrams=pl.when(pl.Series(~counted)).then("milligrams"),
            tablets=pl.when(pl.col("tablets") > 0).then("tablets"),
            number=pl.when(pl.Series(counted)).then("number"),
            number_unit=pl.when(pl.Series(counted)).then(units[things["counted"][like].astype(np.int64).clip(0)]),
        )
        .drop("day")
    )


def _drawn_cells(stage: Stage, rng: np.random.Generator, year: Integers, month: Integers) -> Integers:
    """The possible seizures that happened: publishers are quotas of the stretch's years, the rest is chance."""
    publishers = list(stage.p.at("publishers"))
    who = np.empty(len(year), dtype=np.int64)
    for one in np.unique(year):
        here = np.flatnonzero(year == one)
        counts = quotas(list(stage.publisher_shares(int(one)).values()), len(here))
        who[here] = rng.permutation(np.repeat(np.arange(len(publishers)), counts))
    months = int(month.max()) + 1
    key = who * months + month
    order = np.argsort(key, kind="stable")
    bounds = np.flatnonzero(np.diff(key[order], prepend=-1, append=-1))
    cell = np.empty(len(year), dtype=np.int64)
    for first, last in pairwise(bounds):
        rows = order[first:last]
        publisher = publishers[who[rows[0]]]
        running = stage.cells.running[publisher][month[rows[0]]]
        cell[rows] = stage.cells.own[publisher][draw_cumulative(rng, running, len(rows))]
    return cell


def amounts(p: Parameters, rng: np.random.Generator, things: Mapping[str, Numbers]) -> tuple[Integers, Integers]:
    """Whole milligrams, and the number of tablets where that is the form (0 elsewhere)."""
    kg = _kilograms(p, rng, things)
    # Scales read 10 mg; Colombia's read whole grams, at least one. Rounding hides the last digits of exp().
    step, each = things["step"], things["tablet"].astype(np.int64)
    milligrams = np.maximum(np.rint(kg * 1_000_000 / step), 1).astype(np.int64) * step.astype(np.int64)
    is_tablet = rng.random(len(kg)) < things["tablet_share"]
    tablets = np.where(is_tablet, np.maximum(milligrams // np.maximum(each, 1), 1), 0)
    return np.where(is_tablet, tablets * each, milligrams), tablets


def _kilograms(p: Parameters, rng: np.random.Generator, things: Mapping[str, Numbers]) -> Numbers:
    """Log-normal by mode of transport, street or stash; many of them heaped on the numbers that people like."""
    median, spread = things["median"].copy(), things["spread"].copy()
    n = len(median)
    domestic, stash = things["street"] > 0, rng.random(n) < p.number("stash")
    for where, name in ((domestic & ~stash, "street_kg"), (domestic & stash, "stash_kg")):
        median[where], spread[where] = p.size(name)
    kg = log_normal(rng, median, spread, n)
    grams = p.mix("street_grams")
    heaped = domestic & ~stash & (rng.random(n) < p.number("street_heaped"))
    liked = np.array([float(gram) for gram in grams]) / 1000
    kg[heaped] = liked[draw(rng, list(grams.values()), int(heaped.sum()))]
    rounded = np.flatnonzero((kg >= 1) & (rng.random(n) < p.number("round_kg")))
    step = 10.0 ** np.floor(np.log10(kg[rounded])) / 2
    kg[rounded] = np.maximum(np.rint(kg[rounded] / step), 1) * step
    return kg


def _operations(p: Parameters, rng: np.random.Generator, operation: Numbers, year: Integers) -> Integers:
    """A day's operation finds the same on several people: the place of the seizure that each is like."""
    like = np.arange(len(operation))
    for publisher in (0, 1):
        rows = np.flatnonzero(operation == publisher)
        follows = rng.random(len(rows)) < p.number("operations")
        like[rows] = rows[_leaders(follows & (np.diff(year[rows], prepend=0) == 0))]
    return like


def _seized_together(p: Parameters, rng: np.random.Generator, kind: Numbers, customs: Flags) -> Integers:
    """Customs finds several things at once: the place of the seizure whose date and route each shares."""
    rows = np.flatnonzero(customs)
    joins = (rng.random(len(rows)) < p.number("caribbean.joined")) & (np.diff(kind[rows], prepend=-1) != 0)
    joins[1:] &= ~joins[:-1]  # at most two at once, of two kinds
    take = np.arange(len(kind))
    take[rows] = rows[_leaders(joins)]
    return take


def _leaders(follows: Flags) -> Integers:
    """For each place of a row the last one before it, or itself, that follows nobody."""
    at = np.arange(len(follows))
    leaders: Integers = np.maximum.accumulate(np.where(follows & (at > 0), 0, at))
    return leaders
