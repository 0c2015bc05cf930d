"""Cases: traced firearms, and what courts made of seizures.

Belongs here: what these two invented publishers say. Does not belong here: the files' bytes (`formats`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.world.draws import Numbers, draw, log_normal, unless
from pipelines.world.parameters import Parameters
from pipelines.world.reporting.common import Delivery, country, delivery, hide, number_text, of, plain, upto
from pipelines.world.reporting.units import numbered

FIREARM_COLUMNS = [
    "Nº de caso", "Fecha", "Tipo de arma", "Clase de calibre", "Cantidad", "País", "País (2)", "Departamento", "Serie",
    "Estado de la serie",
]  # fmt: skip
FIREARMS = {
    "pistol": "pistola", "revolver": "revólver", "rifle": "fusil", "shotgun": "escopeta",
    "submachine_gun": "subametralladora", "ammunition": "munición",
}  # fmt: skip
STAGES = {  # as published: the truth's name
    "investigación": "investigation", "imputación": "charge", "juicio": "trial", "condena": "conviction",
    "absolución": "acquittal", "sobreseimiento": "discontinued", "anulada": "overturned", "decomiso": "confiscation",
}  # fmt: skip
STATES = {"sí": "yes", "no": "no", "sin dato": "unknown"}


class Step(NamedTuple):
    """The truth about one row of the outcomes file."""

    event_id: int
    case_id: str
    seizure_ref: str
    stage: str
    state: str
    """yes or no"""
    state_said: str
    date: date
    month_only: bool
    instrument: str
    persons_f: int
    persons_m: int
    persons_x: int
    persons_unknown: int
    proceeds: float | None
    currency: str | None


OUTCOMES = {
    "event_id": pl.Int64, "case_id": pl.String, "seizure_ref": pl.String, "stage": pl.String, "state": pl.String,
    "state_said": pl.String, "date": pl.Date, "month_only": pl.Boolean, "instrument": pl.String, "persons_f": pl.Int64,
    "persons_m": pl.Int64, "persons_x": pl.Int64, "persons_unknown": pl.Int64, "proceeds": pl.Float64,
    "currency": pl.String,
}  # fmt: skip


def firearms(p: Parameters, rng: np.random.Generator, events: pl.DataFrame, chunk: int) -> list[Delivery]:
    """Traced firearms: a sheet a year; the first `País` made the weapon, the second sold it first."""
    silent = p.number("firearms.silent_country")
    said = hide(rng, plain(of(events, "firearms_tracing")), origin=silent, departure=silent)
    n = len(said)
    said = said.with_columns(
        record_id=numbered(said, chunk, "CASO-{}-{}"), hid_destination=pl.lit(True), hid_mode=pl.lit(True),
        hid_transit=pl.col("transit").is_not_null(),
    ).with_columns(
        pl.col("record_id").alias("Nº de caso"),
        pl.col("date").dt.to_string("%d/%m/%Y").alias("Fecha"),
        pl.col("commodity").replace_strict(FIREARMS).alias("Tipo de arma"),
        upto(rng, p.mix("firearms.calibres"), n).alias("Clase de calibre"),
        pl.col("number").alias("Cantidad"),
        unless(pl.col("hid_origin"), country("origin", "es")).alias("País"),
        unless(pl.col("hid_departure"), country("departure", "es")).alias("País (2)"),
        upto(rng, p.mix("firearms.departments"), n).alias("Departamento"),
        pl.lit("retirada").alias("Serie"),
        pl.lit("legible").alias("Estado de la serie"),
    )  # fmt: skip
    return [
        delivery("firearms_tracing", "simulated-trazado-armas-gtm.xlsx", rows, FIREARM_COLUMNS, str(year))
        for (year,), rows in said.group_by("year", maintain_order=True)
    ]


def outcomes(
    p: Parameters, rng: np.random.Generator, containers: list[Delivery], events: pl.DataFrame, chunk: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What became of the container unit's seizures in Panama: rows of the file, and the truth about each of them."""
    told = [one.told.with_columns(country=one.rows["country"]) for one in containers]
    found = pl.concat(told).filter(pl.col("country") == "PA").select("event_id", "record_id") if told else None
    rows: list[Step] = []
    known = date(p.years[-1], 12, 31)  # what comes later is not known yet
    if found is not None:
        days = events.select("event_id", "date")
        for event_id, ref, day in found.join(days, on="event_id", maintain_order="left").iter_rows():
            if rng.random() < p.number("outcomes.followed"):
                case = f"EXP-{day.year}-{chunk * 10_000 + len(rows) + 1:05d}"
                rows += [row for row in _case(p, rng, event_id, case, ref, day) if row.date <= known]
    truth = pl.DataFrame(rows, OUTCOMES, orient="row")
    return _as_published(truth), truth


def _case(p: Parameters, rng: np.random.Generator, event_id: int, case: str, ref: str, seized: date) -> list[Step]:
    """The stages of one case, until it ends."""
    on, instead = p.numbers("outcomes.go_on"), p.mix_of("outcomes.instead")
    women, men, others, unsexed = (int(n) for n in rng.poisson(p.row("outcomes.persons")))
    mix = p.mix("outcomes.instruments")
    instrument = list(mix)[int(draw(rng, list(mix.values()), 1)[0])]
    day = seized
    rows: list[Step] = []

    def step(stage: str, state: str = "yes", proceeds: float | None = None) -> None:
        nonlocal day
        day += timedelta(days=1 + int(log_normal(rng, *p.size("outcomes.days"), 1)[0]))
        said = "unknown" if rng.random() < p.number("outcomes.unknown") else state
        month_only = bool(rng.random() < p.number("outcomes.month_only"))
        rows.append(
            Step(event_id, case, ref, STAGES[stage], state, said, day, month_only, instrument, women, men, others,
                 unsexed, proceeds,
                 None if proceeds is None else "USD")
        )  # fmt: skip

    step("investigación")
    for stage in ("imputación", "juicio", "condena"):
        if rng.random() >= on[stage]:
            if rng.random() < p.number("outcomes.said_no"):
                step(stage, state="no")
            if stage != "imputación":
                step(list(instead)[int(draw(rng, list(instead.values()), 1)[0])])
            return rows
        step(stage)
    if rng.random() < on["decomiso"]:
        step("decomiso", proceeds=round(float(log_normal(rng, *p.size("outcomes.proceeds"), 1)[0]), 2))
    if rng.random() < on["anulada"]:
        step("anulada")
    return rows


def _as_published(truth: pl.DataFrame) -> pl.DataFrame:
    stage, state = ({true: said for said, true in by.items()} for by in (STAGES, STATES))
    proceeds = [None if value is None else _money(value) for value in truth["proceeds"]]
    day = pl.when("month_only").then(pl.col("date").dt.to_string("%m-%Y")).otherwise(
        pl.col("date").dt.to_string("%d-%m-%Y")
    )  # fmt: skip
    return truth.select(
        Expediente="case_id", Incautacion="seizure_ref", Fecha=day,
        Etapa=pl.col("stage").replace_strict(stage, return_dtype=pl.String),
        Resultado=pl.col("state_said").replace_strict(state, return_dtype=pl.String), Instrumento="instrument",
        Mujeres="persons_f", Hombres="persons_m", Otro="persons_x", Sexo="persons_unknown",
        Monto=pl.Series(proceeds, dtype=pl.String), Moneda="currency", Imputado=pl.lit("retirado"),
        Juzgado=pl.lit("Juzgado simulado"),
    ).rename(dict(zip(("Incautacion", "Sexo", "Monto"),
                      ("Nº de incautación", "Sexo sin dato", "Monto decomisado"), strict=True)))  # fmt: skip


def _money(value: float) -> str:
    """`1.250.000,50`: two decimals, always."""
    whole, cents = divmod(round(value * 100), 100)
    return f"{number_text(_one(whole), 0, ',', '.')[0]},{cents:02d}"


def _one(value: float) -> Numbers:
    return np.array([value], dtype=np.float64)
