"""What all publishers' reports have in common: the truth about each row, second tellings, numbers as text.

Belongs here: helpers of two publishers or more. Does not belong here: anything that one publisher alone does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from pipelines.world import places, words
from pipelines.world.draws import Integers, Numbers, a_few, draw, draw_words
from pipelines.world.parameters import Parameters
from pipelines.world.truth import STREET_MILLIGRAMS

TOLD = {
    "event_id": pl.Int64, "line_no": pl.Int16, "record_id": pl.String, "relation": pl.String,
    "label_noise": pl.String, "amount_said": pl.String, "days_later": pl.Int16,
    **dict.fromkeys(words.FLAGS, pl.Boolean),
}  # fmt: skip
"""Columns of the truth about a report row, without where it stands."""


@dataclass(frozen=True)
class Delivery:
    """A stretch's rows of one part of one file, and the truth about them."""

    publisher: str
    file_name: str
    part: str
    rows: pl.DataFrame
    told: pl.DataFrame
    """`TOLD`, and `row`: the row of `rows`, from 0."""


def delivery(publisher: str, file_name: str, said: pl.DataFrame, columns: Sequence[str], part: str = "") -> Delivery:
    """Rows in file order, where each tells of one event, as a delivery."""
    told = said.select(*(pl.col(name).cast(kind) for name, kind in TOLD.items()), row=pl.int_range(pl.len()))
    return Delivery(publisher, file_name, part, said.select(columns), told)


def plain(events: pl.DataFrame) -> pl.DataFrame:
    """Events as a publisher that hides and spoils nothing would report them."""
    defaults = {
        "line_no": pl.lit(1, pl.Int16), "record_id": pl.lit(None, pl.String), "relation": pl.lit("first"),
        "label_noise": pl.lit(None, pl.String), "amount_said": pl.lit("same"), "days_later": pl.lit(0, pl.Int16),
        **{flag: pl.lit(False) for flag in words.FLAGS},
    }  # fmt: skip
    return events.with_columns(**{name: value for name, value in defaults.items() if name not in events.columns})


def hide(rng: np.random.Generator, said: pl.DataFrame, **chances: float) -> pl.DataFrame:
    """Leave a row's route columns unsaid, each by its own chance: `departure=0.3`."""
    hidden = {f"hid_{name}": pl.Series(rng.random(len(said)) < chance) for name, chance in chances.items()}
    return said.with_columns(**hidden)


def of(events: pl.DataFrame, publisher: str) -> pl.DataFrame:
    """The events that a publisher sees first."""
    return events.filter(pl.col("publisher") == publisher)


def second_telling(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, relation: str) -> pl.DataFrame:
    """Events as another agency, or another desk, has them: later, rounder, in gross weight, in part, or elsewhere."""
    n = len(events)
    later = draw_words(rng, p.mix(f"second_telling.days.{relation}"), n).cast(pl.Int64)
    kind = draw_words(rng, p.mix("second_telling.amount"), n)
    milligrams = events["milligrams"].fill_null(0).to_numpy()
    kg = milligrams / 1_000_000
    digits = 10.0 ** (np.floor(np.log10(np.maximum(kg, 1e-6))) - 1)
    (gross_low, gross_high), (part_low, part_high) = (p.row(f"second_telling.{name}") for name in ("gross", "part"))
    told = {
        "rounded": np.rint(kg / digits) * digits, "coarse": np.where(kg >= 1, np.rint(kg), kg),
        "gross": kg * rng.uniform(gross_low, gross_high, n), "part": kg * rng.uniform(part_low, part_high, n),
        "slip": np.where(kg < 100, kg * 1000, kg / 1000),
    }  # fmt: skip
    for name, value in told.items():
        kg = np.where((kind == name).to_numpy(), value, kg)
    same = (kind == "same") | events["tablets"].is_not_null()
    changed = np.where(same.to_numpy(), milligrams, np.maximum(np.rint(kg * 1000), 1).astype(np.int64) * 1000)
    last_of_year = pl.date(pl.col("year"), 12, 31)
    date = pl.min_horizontal(pl.col("date") + pl.duration(days=pl.lit(later)), last_of_year)
    here = pl.Series(rng.random(n) < p.number("second_telling.same_place"))
    elsewhere = rng.random((2, n))
    return plain(events).with_columns(
        spot=pl.when(here).then("spot").otherwise(pl.Series(elsewhere[0])),
        nook=pl.when(here).then("nook").otherwise(pl.Series(elsewhere[1])),
        place_id=pl.when(here).then("place_id"),
        relation=pl.lit(relation),
        days_later=(date - pl.col("date")).dt.total_days().cast(pl.Int16),
        date=date,
        milligrams=pl.when(pl.col("milligrams").is_not_null()).then(pl.Series(changed)),
        amount_said=pl.when(pl.Series(same)).then(pl.lit("same")).otherwise(kind),
        unit_slip=pl.Series((kind == "slip") & ~same),
        like=pl.col("event_id"),
    )


def told_again(
    p: Parameters, rng: np.random.Generator, events: pl.DataFrame, publisher: str
) -> tuple[pl.DataFrame, Integers]:
    """What a publisher tells twice: the changed second tellings, and the rows that are to be copied as they are."""
    street = (events["milligrams"].fill_null(0) < STREET_MILLIGRAMS).to_numpy()
    share = p.number(f"told_again.{publisher}")
    chosen = np.sort(
        np.concatenate([
            a_few(rng, np.flatnonzero(~street), share, 2),
            a_few(rng, np.flatnonzero(street), share * p.number("told_again_street"), 0),
        ])
    )  # fmt: skip
    changed = rng.random(len(chosen)) < p.number("second_telling.again")
    again = second_telling(p, rng, events[chosen[changed]], "again")
    return again.with_columns(is_duplicate=pl.lit(True)), chosen[~changed]


def copied(said: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """Rows and exact copies of some of them; a row with a line break is never copied."""
    copies = said[rows].filter(~pl.col("line_break"))
    return pl.concat([said, copies.with_columns(is_duplicate=pl.lit(True), relation=pl.lit("again"))])


def also_told(rng: np.random.Generator, events: pl.DataFrame, chance: Mapping[str, float]) -> pl.DataFrame:
    """The events that a further publisher tells too, by the chance that the first one's name has."""
    by_first = events["publisher"].replace_strict(chance, default=0.0, return_dtype=pl.Float64)
    return events.filter(pl.Series(rng.random(len(events))) < by_first)


def country(column: str, language: str) -> pl.Expr:
    """A column of ISO 3166-1 alpha-3 codes as common names (CLDR)."""
    return pl.col(column).replace_strict(_Names(partial(places.common_name, language=language)).known())


def upto(rng: np.random.Generator, words_and_shares: Mapping[str, float], n: int) -> pl.Series:
    words_ = pl.Series(list(words_and_shares))
    return words_[draw(rng, list(words_and_shares.values()), n)]


def at_spot(words_and_shares: Mapping[str, float], said: pl.DataFrame) -> pl.Series:
    """The town where each event was, from a list of towns and their shares."""
    return pl.Series(list(words_and_shares))[spotted(list(words_and_shares.values()), said["spot"].to_numpy())]


def spotted(shares: Sequence[float], spot: Numbers) -> Integers:
    """The place in a list of each spot, when the list's entries share the country out among them."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    found: Integers = np.searchsorted(edges / edges[-1], spot, side="right")
    return np.minimum(found, len(edges) - 1)


def number_text(values: Numbers, digits: int, decimal: str = ".", thousands: str = "") -> list[str]:
    """Numbers as text without trailing zeros: `1 250,5`. For thousands of them, not for millions."""
    texts = []
    for value in values:
        text = f"{value:,.{digits}f}"
        whole, _, tail = text.partition(".")
        tail = tail.rstrip("0")
        texts.append(whole.replace(",", thousands) + (decimal + tail if tail else ""))
    return texts


class _Names:
    """Names of all countries in play, by alpha-3 code."""

    def __init__(self, name: partial[str]) -> None:
        self._name = name

    def known(self) -> dict[str, str]:
        from pipelines.world.network import network

        net = network()
        return {iso3: self._name(iso3) for iso3 in sorted({*net.airports, *net.ports})}
