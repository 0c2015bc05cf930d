"""One stretch of a world: its events, what is told of them, and the files that it hands over.

Belongs here: the order of the steps within a stretch. Does not belong here: putting stretches together (`make`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.world import reporting
from pipelines.world.draws import divided
from pipelines.world.growing import SEPARATORS, write_lines
from pipelines.world.truth import Stage, happened

LISTS = {
    "relation": ["again", "first", "mirror", "other_agency", "restated"],
    "label_noise": ["departure_as_producing", "swapped", "transit_as_departure"],
    "amount_said": ["coarse", "gross", "part", "rounded", "same", "slip"],
}
"""Words of the truth about reports."""


@dataclass(frozen=True)
class Piece:
    """What a stretch hands over: paths of what is large, frames of what is small."""

    deliveries: list[tuple[str, str, str, int, Path | pl.DataFrame]]
    """Publisher, file, part, number of rows, and the rows."""
    reports: Path
    events: Path
    sums: pl.DataFrame
    flows: pl.DataFrame
    grams: dict[str, int]
    courts: tuple[pl.DataFrame, pl.DataFrame]


def make_piece(stage: Stage, chunk: int, scratch: Path) -> Piece:
    """All of a stretch, in files below `scratch` that are its own."""
    events = happened(stage, chunk)
    told, courts = reporting.tell(stage, chunk, events)
    deliveries: list[tuple[str, str, str, int, Path | pl.DataFrame]] = []
    reports, grams = [], {}
    for number, one in enumerate(told):
        rows: Path | pl.DataFrame = one.rows
        if one.file_name.endswith(".csv") and one.publisher in SEPARATORS:
            rows = scratch / f"{chunk}.{number}.csv"
            write_lines(one.publisher, one.rows, rows)
        elif one.file_name.endswith(".parquet"):
            rows = scratch / f"{chunk}.{number}.arrow"
            one.rows.write_ipc(rows)
        if one.publisher == "colombia_policia" and isinstance(rows, Path):
            grams[f"inbox/{one.publisher}/{one.file_name}"] = int(one.rows["CANTIDAD"].sum())
        deliveries.append((one.publisher, one.file_name, one.part, len(one.rows), rows))
        reports.append(one.told.with_columns(file=pl.lit(number, pl.Int64)))
    _public(stage, events).write_ipc(scratch / f"{chunk}.events.arrow")
    _with_first(pl.concat(reports)).write_ipc(scratch / f"{chunk}.reports.arrow")
    border = events.filter("cross_border")
    pairs = ["commodity_group", "year", "departure", "destination"]
    return Piece(
        deliveries, scratch / f"{chunk}.reports.arrow", scratch / f"{chunk}.events.arrow",
        events.group_by("year", "seizing_country", "commodity").agg(pl.col("milligrams").sum()),
        border.group_by(pairs).agg(seizures=pl.len().cast(pl.Int64), milligrams=pl.col("milligrams").sum()),
        grams, courts,
    )  # fmt: skip


def _public(stage: Stage, events: pl.DataFrame) -> pl.DataFrame:
    """The true events in the columns that a scorer reads; `kg` is bulk weight of what was seized."""
    return events.with_columns(pl.col(name).cast(kind) for name, kind in stage.lists.items()).select(
        "event_id", "incident_id", "route_id", "origin", "departure", "transit", "destination", "seizing_country",
        "seized_at", "place_id", "date", "commodity", "commodity_group",
        divided(events["milligrams"], 1_000_000).alias("kg"),
        "tablets", "number", "number_unit", "mode", "cross_border",
    )  # fmt: skip


def _with_first(reports: pl.DataFrame) -> pl.DataFrame:
    """Reports numbered from 1, each later one with the number of its event's first."""
    numbered = reports.with_row_index("report_id", offset=1).with_columns(pl.col("report_id").cast(pl.Int64))
    first = numbered.filter(relation="first").select("event_id", duplicate_of="report_id")
    joined = numbered.join(first, on="event_id", how="left", validate="m:1", maintain_order="left")
    return joined.with_columns(
        *(pl.col(name).cast(pl.Enum(values)) for name, values in LISTS.items()),
        duplicate_of=pl.when(pl.col("relation") != "first").then("duplicate_of"),
    )
