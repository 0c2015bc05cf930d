"""What really happened: the flows, and the seizures made along them.

Belongs here: routes, places of seizure, sizes and dates as they were. Does not belong here: who reports
what, and how badly (`reporting`).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from pipelines.world import parameters as given
from pipelines.world import places
from pipelines.world.draws import draw, draw_words_by, quotas, shares
from pipelines.world.parameters import MARKETS, Market, Parameters

Path = tuple[str, str, str | None, str]  # origin, departure, transit, destination


def happened(p: Parameters, rng: np.random.Generator, seizures: int) -> pl.DataFrame:
    """Draw the true seizures, in order of date; one row an event.

    Weight is whole milligrams here (`milligrams`), so that sums and printed figures are exact.
    """
    cells = pl.concat([_border_cells(p), _domestic_cells(p)])
    events = cells[_draw_cells(p, rng, cells, seizures)]
    events = _with_size(rng, _with_mode(rng, events), p)
    first = np.array([(date(year, 1, 1) - date(1970, 1, 1)).days for year in p.years])
    length = np.diff([*first, (date(p.years[-1] + 1, 1, 1) - date(1970, 1, 1)).days])
    at = events["year"].to_numpy() - p.first_year
    days = first[at] + np.floor(rng.random(seizures) * length[at]).astype(np.int64)
    return (
        events.with_columns(date=pl.Series(days).cast(pl.Int32).cast(pl.Date))
        .sort("date", maintain_order=True)
        .with_row_index("event_id", offset=1)
        .with_columns(pl.col("event_id").cast(pl.Int64))
    )


def true_corridors(p: Parameters, events: pl.DataFrame) -> pl.DataFrame:
    """True share of each commodity group's flow by departure, destination and year, seized or not.

    `flow_share` sums to one within a group and year. `seizures` and `seized_kg` are the cross-border ones.
    """
    flow: dict[tuple[str, int, str, str], float] = defaultdict(float)
    for market in MARKETS:
        for year in p.years:
            for (_, departure, _, destination), share in _paths(market, year - p.first_year):
                flow[market.name, year, departure, destination] += share
    keys = ["commodity_group", "year", "departure", "destination"]
    rows = [(*key, round(share, 12)) for key, share in flow.items()]
    frame = pl.DataFrame(rows, [*keys, "flow_share"], orient="row")
    border = events.filter("cross_border").group_by(keys)
    seized = border.agg(seizures=pl.len().cast(pl.Int64), milligrams=pl.col("milligrams").sum())
    return (
        frame.join(seized, on=keys, how="left", validate="1:1")
        .with_columns(pl.col("seizures", "milligrams").fill_null(0))
        .with_columns(seized_kg=pl.col("milligrams") / 1_000_000)
        .drop("milligrams")
        .sort(keys)
    )


def _paths(market: Market, years_on: int) -> Iterator[tuple[Path, float]]:
    """Every path of a market with its share of the flow; the shares sum to one."""
    found: dict[Path, float] = defaultdict(float)
    for origin, origin_share in shares(market.origins).items():
        departures = shares(market.departures.get(origin, f"{origin} 1"))
        drifted = {iso3: part * market.drift.get(iso3, 1.0) ** years_on for iso3, part in departures.items()}
        for departure, weight in drifted.items():
            reached = origin_share * weight / sum(drifted.values())
            for onward, onward_share in shares(market.onward[departure]).items():
                for last, last_share in shares(market.hubs.get(onward, ". 1")).items():
                    transit, destination = (None, onward) if last == "." else (onward, last)
                    if destination != departure:  # a hub's row may name the country the goods came from
                        path = (origin, departure, transit, destination)
                        found[path] += reached * onward_share * last_share
    total = sum(found.values())
    return ((path, weight / total) for path, weight in found.items())


def _border_cells(p: Parameters) -> pl.DataFrame:
    """Each path, place on it and commodity with the chance that a seizure is this one, by year."""
    enforcement = {row[0]: float(row[2]) for row in places.table(places.REPORTERS)}
    rows: list[tuple[object, ...]] = []
    for market in MARKETS:
        products = shares(market.products)
        for year in p.years:
            level = market.share * market.growth ** (year - p.first_year)
            for (origin, departure, transit, destination), flow in _paths(market, year - p.first_year):
                stops = (("departure", departure), ("transit", transit), ("destination", destination))
                for (role, country), chance in zip(stops, p.seized_at, strict=True):
                    if country not in enforcement:
                        continue
                    before = departure if role == "transit" else transit or departure
                    leg_end = (transit or destination) if role == "departure" else before
                    route = (origin, departure, transit, destination, role, leg_end)
                    for product, part in _seen(p, products, country, year).items():
                        weight = level * flow * chance * enforcement[country] * part
                        rows.append((year, market.name, product, country, *route, True, weight))
    return pl.DataFrame(rows, _CELL, orient="row")


def _domestic_cells(p: Parameters) -> pl.DataFrame:
    """Street and stash seizures: the country is its own departure and destination."""
    market_of = {product: market for market in MARKETS for product in shares(market.products)}
    rows: list[tuple[object, ...]] = []
    for country, (level, mix) in given.DOMESTIC.items():
        for year in p.years:
            seen = _seen(p, shares(mix), country, year)
            for product, part in seen.items():
                origins = shares(market_of[product].origins)
                for origin, share in ({country: 1.0} if country in origins else origins).items():
                    route = (origin, country, None, country, "domestic", country)
                    weight = level * part / sum(seen.values()) * share
                    rows.append((year, market_of[product].name, product, country, *route, False, weight))
    return pl.DataFrame(rows, _CELL, orient="row")


_CELL = {
    "year": pl.Int64, "commodity_group": pl.String, "commodity": pl.String, "seizing_country": pl.String,
    "origin": pl.String, "departure": pl.String, "transit": pl.String, "destination": pl.String,
    "seized_at": pl.String, "leg_end": pl.String, "cross_border": pl.Boolean, "weight": pl.Float64,
}  # fmt: skip


def _seen(p: Parameters, products: dict[str, float], country: str, year: int) -> dict[str, float]:
    """Products that someone can report: cannabis is outside IDS, Colombia's police has only the herb."""
    herb = {"Cannabis herb"} if country == "COL" and year in p.police_years else set()
    unseen = set() if country == "BRA" else {"Cannabis herb", "Cannabis resin", "Skunk"} - herb
    return {product: share for product, share in products.items() if product not in unseen}


def _draw_cells(p: Parameters, rng: np.random.Generator, cells: pl.DataFrame, n: int) -> np.ndarray:
    """Row numbers of the cells that happened; years and the domestic part are quotas, the rest is chance."""
    weight = cells["weight"].to_numpy()
    drawn = []
    for year, in_year in zip(p.years, quotas(p.year_weights, n), strict=True):
        for border, count in zip((False, True), quotas((p.domestic, 1 - p.domestic), in_year), strict=True):
            here = np.flatnonzero(((cells["year"] == year) & (cells["cross_border"] == border)).to_numpy())
            drawn.append(here[draw(rng, weight[here], count)])
    return np.concatenate(drawn)


def _with_mode(rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """Mode of transport from the leg on which the goods were seized."""
    leg = ["seizing_country", "leg_end"]
    touching = [(*pair, True) for pair in sorted(places.land_borders())]
    borders = pl.DataFrame(touching, [*leg, "by_land"], orient="row")
    postal = [market.name for market in MARKETS if market.postal]
    events = events.join(borders, on=leg, how="left", validate="m:1", maintain_order="left")
    kind = events.select(
        pl.when(pl.col("seizing_country") == "BRA").then(pl.lit("brazil"))
        .when(~pl.col("cross_border")).then(pl.lit("domestic"))
        .when(pl.col("by_land").fill_null(False)).then(pl.lit("land"))
        .when(pl.col("commodity_group").is_in(postal)).then(pl.lit("postal"))
        .otherwise(pl.lit("overseas"))
    ).to_series()  # fmt: skip
    return events.drop("by_land", "leg_end").with_columns(mode=draw_words_by(rng, kind, given.MODES))


def _with_size(rng: np.random.Generator, events: pl.DataFrame, p: Parameters) -> pl.DataFrame:
    """Weight in whole milligrams, log-normal by mode, and the number of tablets where that is the form."""
    n = len(events)
    median, spread = (np.array([size[i] for size in given.KILOGRAMS.values()]) for i in (0, 1))
    number = {mode: i for i, mode in enumerate(given.KILOGRAMS)}
    at = events["mode"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    median, spread = median[at], spread[at]
    scale = {market.name: market.size for market in MARKETS}
    median = median * events["commodity_group"].replace_strict(scale, return_dtype=pl.Float64).to_numpy()
    stash = rng.random(n) < p.stash
    for where, (kg, log_sd) in ((~stash, given.STREET_KG), (stash, given.STASH_KG)):
        street = where & ~events["cross_border"].to_numpy()
        median[street], spread[street] = kg, log_sd
    kg = median * np.exp(spread * rng.standard_normal(n))
    # Scales read 10 mg; Colombia's read whole grams, at least one. Rounding hides the last digits of exp().
    step = np.where(events["seizing_country"] == "COL", 1000, 10)
    milligrams = np.maximum(np.rint(kg * 1_000_000 / step), 1).astype(np.int64) * step
    commodity = events["commodity"]
    each = commodity.replace_strict(given.TABLET_MILLIGRAMS, default=0, return_dtype=pl.Int64).to_numpy()
    share = commodity.replace_strict(given.TABLET_SHARE, default=0.0, return_dtype=pl.Float64).to_numpy()
    pressed_in = commodity.replace_strict(given.TABLET_ORIGINS, default=None, return_dtype=pl.String)
    pressed = (pressed_in.fill_null(events["origin"]) == events["origin"]) & (events["seizing_country"] != "COL")
    is_tablet = (rng.random(n) < share) & pressed.to_numpy()
    tablets = np.maximum(milligrams // np.maximum(each, 1), 1)
    return events.with_columns(
        milligrams=pl.Series(np.where(is_tablet, tablets * each, milligrams)),
        tablets=pl.when(pl.Series(is_tablet)).then(pl.Series(tablets)),
    ).drop("weight")
