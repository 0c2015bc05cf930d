"""What can be seized: every stop of every plan, by publisher, with its weight in each month.

Belongs here: detection and reporting by country, mode and month, and who sees what first. Does not belong here: the
flows themselves (`flows`), or which of the possible seizures happened (`truth`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.world import words
from pipelines.world.draws import Flags, Integers, Numbers, codes
from pipelines.world.flows import Plan
from pipelines.world.parameters import Parameters

IDS_BORDER, IDS_STREET, POLICE, BRAZIL = "ids_border", "ids_street", "colombia_policia", "brazil_pf"
_COLUMNS = {
    "publisher": pl.String, "route_id": pl.Int64, "commodity": pl.String, "seizing_country": pl.String,
    "origin": pl.String, "departure": pl.String, "transit": pl.String, "destination": pl.String,
    "seized_at": pl.String, "place_id": pl.String, "mode": pl.String, "cross_border": pl.Boolean,
    "size_factor": pl.Float64,
}  # fmt: skip
Cell = tuple[tuple[object, ...], Numbers]


@dataclass(frozen=True)
class Cells:
    """Possible seizures: a row each, and for each publisher the rows that are its own with their running weights."""

    rows: pl.DataFrame
    own: Mapping[str, Integers]
    running: Mapping[str, Numbers]
    """Running sums over a publisher's rows, one line a month."""
    things: Mapping[str, Numbers]
    """What a seizure of each row is like, as numbers: its size, its tablets, where it is heaped (see `_things`)."""


def possible(p: Parameters, plans: list[Plan]) -> Cells:
    """Every possible seizure with its weight by month."""
    found = [cell for plan in plans for cell in _of_plan(p, plan)]
    rows = pl.DataFrame([row for row, _ in found], _COLUMNS, orient="row")
    rows = rows.with_columns(commodity_group=pl.col("commodity").replace_strict(words.GROUP_OF))
    weight = np.array([weight for _, weight in found])
    own: dict[str, Integers] = {}
    running: dict[str, Numbers] = {}
    publishers = rows["publisher"].to_numpy()
    for publisher in p.at("publishers"):
        own[publisher] = np.flatnonzero(publishers == publisher)
        of = weight[own[publisher]]
        if publisher == POLICE:
            of = _balanced(of, rows["cross_border"].to_numpy()[own[publisher]], p.number("police_border"))
        running[publisher] = np.cumsum(of.T, axis=1)
    return Cells(rows.drop("size_factor"), own, running, _things(p, rows))


def rates(p: Parameters) -> pl.DataFrame:
    """How likely a find is made and told, by country, mode and month, relative to others: what the scorer may know."""
    surge, silence = _surge(p), _break(p)
    rows = [
        (country, mode, p.years[0] + month // 12, month % 12 + 1,
         look * found * (surge[1][month] if country == surge[0] else 1.0),
         told * (silence[1][month] if country == silence[0] else 1.0))
        for country, look in p.numbers("enforcement").items()
        for (mode, found), told in zip(p.numbers("detection").items(), p.numbers("reporting").values(), strict=True)
        for month in range(12 * len(p.years))
    ]  # fmt: skip
    return pl.DataFrame(rows, ["country", "mode", "year", "month", "detection", "reporting"], orient="row")


def _of_plan(p: Parameters, plan: Plan) -> Iterator[Cell]:
    if plan.kind == "domestic":
        yield from _street(p, plan)
    elif plan.seized_by is not None:
        for product, share in plan.products.items():
            for origin, part in _origins(p, product, plan.origin, plan.stops[plan.seized_by].country).items():
                yield _row(plan, plan.market, product, origin, plan.seized_by, 1.0), plan.weight * share * part
    else:
        yield from _border(p, plan)


def _border(p: Parameters, plan: Plan) -> Iterator[Cell]:
    chances, looks = p.numbers("seized_at"), p.numbers("enforcement")
    found, told = p.numbers("detection"), p.numbers("reporting")
    size = p.number(f"markets.{plan.market}.size")
    surge, silence = _surge(p), _break(p)
    police = _police_months(p)
    transits = max(len(plan.stops) - 2, 1)
    for at, stop in enumerate(plan.stops):
        if stop.country not in looks:
            continue
        mode = plan.mode_at(at)
        weight = plan.weight * looks[stop.country] * found[mode] * told[mode] * chances[stop.role]
        weight = weight / (transits if stop.role == "transit" else 1)
        for country, factor in (surge, silence):
            weight = weight * (factor if stop.country == country else 1.0)
        for product, share in plan.products.items():
            one = weight * share
            if stop.country == "BRA":
                for way, part in p.mix("modes.brazil").items():  # its file is of airports and ports alone
                    if product in words.BRAZIL_DRUGS:
                        yield _row(plan, BRAZIL, product, plan.origin, at, size, way), one * part
                continue
            if stop.country == "COL" and product in words.POLICE_DRUGS:
                yield _row(plan, POLICE, product, plan.origin, at, size), one
            if product not in words.NOT_IN_IDS:
                here = np.where(police, p.number("police_elsewhere"), 1.0) if stop.country == "COL" else 1.0
                yield _row(plan, IDS_BORDER, product, plan.origin, at, size), one * here


def _street(p: Parameters, plan: Plan) -> Iterator[Cell]:
    """Street and stash seizures inside one country: it is its own departure and destination."""
    country, police = plan.market, _police_months(p)
    told = np.where(police, p.number("police_elsewhere"), 1.0) if country == "COL" else np.ones(len(police))
    silent, factor = _break(p)
    told = told * (factor if country == silent else 1.0)
    for name, publisher, part in ((country, IDS_STREET, told), (f"{country} police", POLICE, 1.0)):
        if name not in p.at("found_at_home"):
            continue
        for product, share in p.mix(f"found_at_home.{name}").items():
            for origin, of_it in _origins(p, product, country, country).items():
                yield _row(plan, publisher, product, origin, 0, 1.0), plan.weight * part * share * of_it


def _row(
    plan: Plan, publisher: str, product: str, origin: str, at: int, size: float, mode: str | None = None
) -> tuple[object, ...]:
    stop, ends = plan.stops[at], (plan.stops[0].country, plan.stops[-1].country)
    transits = [one.country for one in plan.stops if one.role == "transit"]
    return (
        publisher, plan.route_id, product, stop.country, origin, ends[0], transits[0] if transits else None, ends[1],
        stop.role, stop.place, mode or plan.mode_at(at), len(plan.stops) > 1, size,
    )  # fmt: skip


def _things(p: Parameters, rows: pl.DataFrame) -> dict[str, Numbers]:
    """Numbers by row: median and spread of its kilograms, the scale's step, tablets, and what is counted instead."""
    commodity = rows["commodity"]
    by_mode, weighed, counted = p.sizes("kilograms"), p.sizes("weighed"), p.sizes("counted")
    size = np.array(list(by_mode.values()))[codes(rows["mode"], list(by_mode))]
    size[:, 0] *= rows["size_factor"].to_numpy()
    own, pieces = codes(commodity, list(weighed)), codes(commodity, list(counted))
    size[own >= 0] = np.array(list(weighed.values()))[own[own >= 0]]
    each, share = (
        commodity.replace_strict(p.numbers(name), default=0.0, return_dtype=pl.Float64).to_numpy()
        for name in ("tablet_milligrams", "tablet_share")
    )
    pressed_in = commodity.replace_strict(p.at("tablet_origins"), default=None, return_dtype=pl.String)
    colombian = (rows["seizing_country"] == "COL").to_numpy()
    pressed = (pressed_in.fill_null(rows["origin"]) == rows["origin"]).to_numpy() & ~colombian
    street = (rows["seized_at"] == "domestic").to_numpy()
    operation = np.where(colombian & street, codes(rows["publisher"], [IDS_STREET, POLICE]), -1)
    return {
        "median": size[:, 0], "spread": size[:, 1], "street": (street & (own < 0)).astype(float),
        "step": np.where(colombian, 1000, 10), "tablet": each, "tablet_share": np.where(pressed, share, 0.0),
        "counted": pieces, "pieces": np.array(list(counted.values()))[pieces][:, 0],
        "pieces_spread": np.array(list(counted.values()))[pieces][:, 1], "operation": operation,
        "caribbean": codes(commodity, list(words.CARIBBEAN_LINES)),
    }  # fmt: skip


def _origins(p: Parameters, product: str, otherwise: str, country: str) -> dict[str, float]:
    """Where a drug was made: its market's origins, or the country itself where it makes it."""
    for market in p.at("products"):
        if product in p.mix(f"products.{market}"):
            origins = p.mix(f"origins.{market}")
            return {country: 1.0} if country in origins else origins
    return {otherwise: 1.0}


def _police_months(p: Parameters) -> Flags:
    """Months in which Colombia's police delivers."""
    return np.repeat(np.isin(p.years, p.police_years), 12)


def _surge(p: Parameters) -> tuple[str, Numbers]:
    return _changed(p, "surge")


def _break(p: Parameters) -> tuple[str, Numbers]:
    return _changed(p, "break")


def _changed(p: Parameters, change: str) -> tuple[str, Numbers]:
    """A country, and its factor in each month."""
    factor = np.ones(12 * len(p.years))
    first = p.whole(f"changes.{change}.month")
    factor[first : first + p.whole(f"changes.{change}.months")] = p.number(f"changes.{change}.factor")
    return p.text(f"changes.{change}.country"), factor


def _balanced(weight: Numbers, border: Flags, share: float) -> Numbers:
    """Weights in which the border's part is a given share in every month."""
    weight = weight.copy()
    for part, of in ((border, share), (~border, 1 - share)):
        weight[part] *= of / np.maximum(weight[part].sum(axis=0), 1e-12)
    return weight
