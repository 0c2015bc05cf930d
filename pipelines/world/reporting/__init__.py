"""Who says what about a seizure: one module for each family of publishers.

Belongs here: the step from what happened to the words of each publisher, as frames beside the truth about each row.
Does not belong here: how a file is laid out (`formats`, `growing`), what happened (`truth`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.world.reporting import cases, goods, ids, police, records, units
from pipelines.world.reporting.common import Delivery, of
from pipelines.world.seizing import IDS_STREET, POLICE
from pipelines.world.truth import CHUNK, Stage


def tell(stage: Stage, chunk: int, events: pl.DataFrame) -> tuple[list[Delivery], tuple[pl.DataFrame, pl.DataFrame]]:
    """All rows that a stretch's events become, in a fixed order; and the outcomes with the truth about them."""
    p, plans = stage.p, {plan.route_id: plan for plan in stage.plans}
    number = iter(range(100))

    def rng() -> np.random.Generator:
        return stage.generator(3, chunk, next(number))

    places = _localities(stage)
    colombian = police.colombia(p, rng(), events, chunk, places)
    boxes = units.containers(p, rng(), events, chunk, plans)
    told = [
        *ids.ids(p, rng(), events, chunk, places, _spelling(stage)),
        *police.brazil(p, rng(), events, of(events, "container_control").filter(seizing_country="BRA")),
        *colombian,
        *police.api(p, [one for one in colombian if _begins_here(stage, chunk, one.file_name)]),
        *records.register(p, rng(), events, chunk),
        *records.medicines(p, rng(), events, chunk),
        *units.airport(p, rng(), events, chunk, plans),
        *units.maritime(p, rng(), events, chunk),
        *boxes,
        *units.caribbean(p, rng(), events, chunk),
        *cases.firearms(p, rng(), events, chunk),
        *goods.cash(p, rng(), events, chunk),
        *goods.environment(p, rng(), events, chunk),
        *goods.cites(p, rng(), events, chunk),
    ]
    courts = cases.outcomes(p, rng(), boxes, events, chunk)
    in_order = sorted(told, key=lambda one: (one.publisher, one.file_name, one.part))
    return [one for one in in_order if len(one.rows)], courts


def _spelling(stage: Stage) -> ids.Spelling:
    """The word list of IDS, made once for a world."""
    if stage not in _SPELLINGS:
        _SPELLINGS.clear()
        _SPELLINGS[stage] = ids.spelling(stage.p, stage.cells.rows)
    return _SPELLINGS[stage]


_SPELLINGS: dict[Stage, ids.Spelling] = {}


def _begins_here(stage: Stage, chunk: int, file_name: str) -> bool:
    """True for a yearly file whose first row a stretch writes."""
    year = next(year for year in stage.p.years if str(year) in file_name)
    return stage.first_of(year) // CHUNK == chunk


def _localities(stage: Stage) -> int:
    """Number of places that share Colombia's street seizures: as many for each as in its real year 2014."""
    p = stage.p
    share = sum(p.number(f"publishers.{name}.share") for name in (IDS_STREET, POLICE)) * p.mix_of("domestic")["COL"]
    return round(stage.seizures / len(p.years) * share / p.number("rows_per_locality"))
