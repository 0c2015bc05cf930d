"""Registers that come as typed tables: a police register in two vintages, falsified medicines.

Belongs here: what these two invented publishers say of each event. Does not belong here: how a table is stored.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.world.draws import a_few, chance, divided, draw_words_by, unless
from pipelines.world.parameters import Parameters
from pipelines.world.reporting.common import Delivery, at_spot, delivery, hide, of, plain, second_telling, upto

REGISTER_COLUMNS = [
    "record_id", "seized_on", "agency", "commodity", "quantity", "unit", "place", "country_from", "country_to", "mode",
    "updated_at",
]  # fmt: skip
REGISTER_DRUGS = {
    "Cannabis herb": "cannabis", "Cocaine HCL": "cocaine", "Heroin": "heroin", "Tramadol": "tramadol",
    "Methamphetamine": "methamphetamine",
}  # fmt: skip
REGISTER_MODES = {"Commercial air": "air", "Commercial road": "road", "Private road": "road", "Commercial sea": "sea"}
MEDICINE_COLUMNS = [
    "report_id", "seized_on", "country", "inn", "product_class", "doses", "source_country", "destination_country",
    "mode", "verified_by_lab",
]  # fmt: skip
MEDICINES = {
    "falsified_antimalarial": ("antimalarial", ["artemether", "chloroquine", "quinine", "sulfadoxine"]),
    "falsified_antibiotic": ("antibiotic", ["amoxicillin", "ampicillin", "ciprofloxacin", "azithromycin"]),
    "falsified_analgesic": ("analgesic", ["paracetamol", "ibuprofen", "diclofenac"]),
    "falsified_opioid_analgesic": ("opioid analgesic", ["tramadol", "tapentadol", "codeine"]),
    "falsified_cardiovascular": ("cardiovascular", ["amlodipine", "losartan"]),
    "falsified_erectile_dysfunction": ("erectile dysfunction", ["sildenafil", "tadalafil"]),
    "falsified_hormone": ("hormone", ["levonorgestrel", "insulin"]),
    "falsified_other": ("other", ["albendazole", "diazepam", "salbutamol"]),
}  # fmt: skip
MEDICINE_MODES = {"Mail": "post", "Commercial air": "air", "Commercial sea": "sea", "Commercial road": "road"}


def vintages(p: Parameters) -> tuple[date, date]:
    """The day of each snapshot of the register."""
    first, last = date(p.years[0], 1, 1), date(p.years[-1], 12, 31)
    return first + timedelta(days=int((last - first).days * p.number("register.first_through"))), last


def register(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Ghana's register: the first snapshot, and a second one with what was late, what is new and what is told anew.

    A record that is told anew was wrong at first: its second telling says what happened.
    """
    cut, end = vintages(p)
    silent = p.number("register.silent_route")
    said = hide(rng, plain(of(events, "police_register")), departure=silent, destination=silent)
    n = len(said)
    updated = pl.min_horizontal(
        pl.col("date") + pl.duration(days=pl.lit(pl.Series(rng.integers(0, 31, n)))), pl.lit(end)
    )
    said = said.with_columns(
        record_id=pl.format("GH-{}-{}", "year", pl.int_range(1, n + 1) + chunk * 100_000),
        updated=updated,
        agency=upto(rng, p.mix("register.agencies"), n),
        place=unless(chance(rng, n, p.number("register.silent_place")), at_spot(p.mix("register.places"), said)),
        hid_origin=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(),
        hid_mode=pl.lit(False),
    )
    early = pl.col("updated") <= cut
    known, least = np.flatnonzero(said.select(early).to_series().to_numpy()), 1 if chunk == 0 else 0
    late, anew = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    late[a_few(rng, known, p.number("register.late"), least)] = True
    anew[a_few(rng, known[~late[known]], p.number("register.restated"), least)] = True
    said = said.with_columns(late=pl.Series(late), anew=pl.Series(anew))
    before, after = said.filter(early & ~pl.col("late")), said.filter(~early | pl.col("late"))
    corrected = before.filter("anew")
    n_anew, span = len(corrected), (end - cut).days
    later = pl.lit(cut) + pl.duration(days=pl.lit(pl.Series(rng.integers(1, span + 1, n_anew))))
    corrected = corrected.with_columns(relation=pl.lit("restated"), is_restated=pl.lit(True), updated=later)
    wrong = second_telling(p, rng, before.filter("anew"), "first").with_columns(
        date=before.filter("anew")["date"], days_later=pl.lit(0, pl.Int16)
    )
    first = pl.concat([before.filter(~pl.col("anew")), wrong], how="diagonal_relaxed").sort("event_id")
    completed = after.with_columns(is_late=early, updated=pl.max_horizontal("updated", pl.lit(cut + timedelta(days=1))))
    second = pl.concat([completed, corrected], how="diagonal_relaxed").sort("event_id", "relation")
    return [
        delivery("police_register", f"simulated-register-{day}.parquet", _register_text(rows), REGISTER_COLUMNS)
        for day, rows in ((cut, first), (end, second))
    ]


def medicines(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Reports of falsified medicines by country: typed columns, doses, and whether a laboratory looked."""
    silent = p.number("medicines.silent_route")
    said = hide(rng, plain(of(events, "falsified_medicines")), departure=silent, destination=silent)
    n = len(said)
    substances = {product: dict.fromkeys(inns, 1.0) for product, (_, inns) in MEDICINES.items()}
    said = said.with_columns(
        report_id=pl.format("FM-{}-{}", "year", pl.int_range(1, n + 1) + chunk * 100_000),
        seized_on="date",
        country="seizing_country",
        inn=draw_words_by(rng, said["commodity"], substances),
        product_class=pl.col("commodity").replace_strict({product: name for product, (name, _) in MEDICINES.items()}),
        doses="number",
        source_country=unless(pl.col("hid_departure"), pl.col("departure")),
        destination_country=unless(pl.col("hid_destination"), pl.col("destination")),
        verified_by_lab=chance(rng, n, p.number("medicines.by_lab")),
        hid_origin=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(),
    )
    said = said.with_columns(
        mode=pl.col("mode").replace_strict(MEDICINE_MODES), record_id="report_id", hid_mode=pl.lit(False)
    )
    return [delivery("falsified_medicines", "simulated-medicines-reports.parquet", said, MEDICINE_COLUMNS)]


def _register_text(said: pl.DataFrame) -> pl.DataFrame:
    """The register's columns, all text."""
    heavy, tablets = pl.col("milligrams") >= 1_000_000, pl.col("tablets").is_not_null()
    street = pl.col("seized_at") == "domestic"
    kg, grams = (divided(said["milligrams"], by) for by in (1_000_000, 1000))
    weight = pl.when(heavy).then(kg).otherwise(grams)
    number = weight.cast(pl.String).str.strip_suffix(".0")
    return said.with_columns(
        seized_on=pl.col("date").dt.to_string("%Y-%m-%d"),
        commodity=pl.col("commodity").replace_strict(REGISTER_DRUGS),
        quantity=pl.when(tablets).then(pl.col("tablets").cast(pl.String)).otherwise(number),
        unit=pl.when(tablets).then(pl.lit("tablets")).when(heavy).then(pl.lit("kg")).otherwise(pl.lit("g")),
        place=pl.col("place").fill_null(""),
        country_from=unless(street | pl.col("hid_departure"), pl.col("departure")).fill_null(""),
        country_to=unless(street | pl.col("hid_destination"), pl.col("destination")).fill_null(""),
        mode=pl.when(street).then(pl.lit("foot")).otherwise(pl.col("mode").replace_strict(REGISTER_MODES)),
        updated_at=pl.col("updated").dt.to_string("%Y-%m-%d"),
    )
