"""The verdict on a delivery as a whole, and the state of a source.

A delivery whose structure is not its contract's is withheld with a rule and its parameters; the other deliveries and
sources go on. Nothing of a withheld delivery is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, chain

import polars as pl
import pyarrow as pa

from pipelines.deliveries.readers import Records, Unreadable, read_records
from pipelines.deliveries.receive import Delivery, deliveries
from pipelines.store import Home, connect, rows, sql, write_frame, write_query
from schemas.contracts import SourceContract
from schemas.registry import Registry
from schemas.render import polars_schema

DAMAGE_VERDICTS = {"too_few_rows": "below_bound", "too_many_rows": "above_bound"}
DRIFT_RULES = frozenset(
    {
        "unknown_column", "missing_column", "repeated_column", "dates_of_another_form", "correction_not_met",
        "declaration_not_met",
    }
)  # fmt: skip
WRONG_DATES = 0.3
"""From this share of unreadable dates on, the publisher has changed their form, and the others are wrong too: day and
month in the other order leaves two fifths of the dates readable."""


@dataclass(frozen=True)
class Inspection:
    """What one delivery holds, and the rule that withholds it, if any."""

    delivery: Delivery
    records: Records
    rule: str | None
    params: dict[str, str]
    data_from: date | None
    data_to: date | None
    corrections: dict[str, int] = field(default_factory=dict)
    """Rows that each correction of the contract touches."""

    @property
    def verdict(self) -> str:
        if self.rule is None:
            return "accepted"
        return "drifted" if self.rule in DRIFT_RULES else DAMAGE_VERDICTS.get(self.rule, "damaged")


def read_source(home: Home, registry: Registry, source_id: str) -> dict[str, int]:
    """Write `deliveries.files` and `deliveries.rows` of one source; returns their numbers of rows."""
    source = registry.sources[source_id]
    inspections = [
        inspect(source, delivery, delivery.content())
        for delivery in deliveries(home)
        if delivery.source_id == source_id
    ]
    con = connect(home, registry)
    return {
        "files": write_frame(
            con, home, registry, "deliveries.files", _files(registry, source, inspections), partition=source_id
        ),
        "rows": write_frame(con, home, registry, "deliveries.rows", _rows(registry, inspections), partition=source_id),
    }


def summarise(home: Home, registry: Registry) -> int:
    """Write `deliveries.status`, one row a source; returns the number of rows."""
    con = connect(home, registry, ["deliveries.files"])
    con.register("sources", pl.DataFrame({"source_id": sorted(registry.sources)}))
    con.register("severity", pl.DataFrame({"verdict": list(SEVERITY), "severity": list(SEVERITY.values())}))
    return write_query(con, home, registry, "deliveries.status", sql(__file__, "status"))


SEVERITY = {"accepted": 0, "below_bound": 1, "above_bound": 2, "damaged": 3, "drifted": 4}
"""Order of verdicts; a source shows the worst among its unresolved deliveries."""


def inspect(source: SourceContract, delivery: Delivery, content: bytes) -> Inspection:
    """Read one delivery and hold it against its contract, first fault first."""
    try:
        records = read_records(source, content)
        _check_header(source, records)
        _check_bounds(source, records)
        table = _as_table(source, records)
        corrections = _check_corrections(source, table)
        _check_declarations(source, table)
        data_from, data_to = _check_dates(source, table)
    except Unreadable as fault:
        return Inspection(delivery, Records((), []), fault.rule_id, fault.params, None, None)
    return Inspection(delivery, records, None, {}, data_from, data_to, corrections)


# --- checks of structure ------------------------------------------------------------------------------------


def _check_header(source: SourceContract, records: Records) -> None:
    repeated = sorted({name for name in records.header if records.header.count(name) > 1})
    if repeated:
        raise Unreadable("repeated_column", columns=", ".join(repeated))
    if not records.rows and not records.header:
        raise Unreadable("too_few_rows", rows=0, minimum=source.rows.min)
    unknown = sorted(set(records.header) - set(source.columns))
    missing = sorted(set(source.columns) - set(records.header))
    if unknown:
        raise Unreadable(
            "unknown_column", columns=", ".join(name or '""' for name in unknown), missing=", ".join(missing) or "-"
        )
    if missing:
        raise Unreadable("missing_column", columns=", ".join(missing))


def _check_bounds(source: SourceContract, records: Records) -> None:
    if len(records.rows) < source.rows.min:
        raise Unreadable("too_few_rows", rows=len(records.rows), minimum=source.rows.min)
    if len(records.rows) > source.rows.max:
        raise Unreadable("too_many_rows", rows=len(records.rows), maximum=source.rows.max)


def _check_corrections(source: SourceContract, table: pl.DataFrame) -> dict[str, int]:
    touched = {fix.id: int(table[fix.column].str.contains(fix.pattern).sum()) for fix in source.corrections}
    for fix in source.corrections:
        if not fix.expect.holds(touched[fix.id]):
            raise Unreadable("correction_not_met", correction=fix.id, column=fix.column, touched=touched[fix.id])
    return touched


def _check_declarations(source: SourceContract, table: pl.DataFrame) -> None:
    for declaration in source.declared:
        touched = int((table[declaration.column] == declaration.equals).sum())
        if not declaration.expect.holds(touched):
            raise Unreadable(
                "declaration_not_met", value=declaration.equals, column=declaration.column, touched=touched
            )


def _check_dates(source: SourceContract, table: pl.DataFrame) -> tuple[date | None, date | None]:
    """First and last date of the content, among dates inside the contract's bounds."""
    column = source.column_of("seized") or source.column_of("year")
    if column is None:
        return None, None
    form = source.columns[column].date_format or "%Y"
    declared = [row.equals for row in source.declared if row.column == column]
    stated = table[column].filter((table[column] != "") & ~table[column].is_in(declared))
    days = stated.str.strptime(pl.Date, form, strict=False)
    wrong = days.null_count()
    if wrong > WRONG_DATES * days.len():
        raise Unreadable("dates_of_another_form", wrong=wrong, rows=days.len(), column=column, form=form)
    days = days.filter(days.is_between(source.dates.earliest, source.dates.latest))
    first, last = days.min(), days.max()
    return (first if isinstance(first, date) else None, last if isinstance(last, date) else None)


def _as_table(source: SourceContract, records: Records) -> pl.DataFrame:
    """The columns that the checks look at, trimmed, of the records that have as many cells as the header."""
    watched = {fix.column for fix in source.corrections} | {row.column for row in source.declared}
    watched |= {column for column in (source.column_of("seized"), source.column_of("year")) if column}
    whole = [cells for cells in records.rows if len(cells) == len(records.header)]
    positions = {name: records.header.index(name) for name in sorted(watched)}
    return pl.DataFrame(
        {
            name: pl.Series([cells[at] for cells in whole], dtype=pl.String).str.strip_chars()
            for name, at in positions.items()
        }
    )


# --- tables -------------------------------------------------------------------------------------------------


def _files(registry: Registry, source: SourceContract, inspections: list[Inspection]) -> pl.DataFrame:
    accepted = [found for found in inspections if found.verdict == "accepted"]
    by_order = sorted(accepted, key=lambda found: found.delivery.order)
    last_accepted = {found.delivery.file_name: found.delivery.order for found in by_order}
    # of one name the last received stands; of several names the one whose content reaches furthest
    of_name = {found.delivery.file_name: found for found in by_order}.values()
    newest = max(
        ((found.data_to or date.min, len(found.records.rows), found.delivery.delivery_id) for found in of_name),
        default=None,
    )
    rows = [
        {
            "delivery_id": found.delivery.delivery_id,
            "source_id": source.source,
            "file_name": found.delivery.file_name,
            "bytes": (found.delivery.folder / "content").stat().st_size,
            "verdict": found.verdict,
            "verdict_rule": found.rule,
            "verdict_params": _entries(found.params),
            "rows_delivered": len(found.records.rows),
            "header": list(found.records.header),
            "corrections": _entries({fix: str(count) for fix, count in found.corrections.items()}),
            "data_from": found.data_from,
            "data_to": found.data_to,
            "is_current": source.restates == "nothing"
            or (newest is not None and newest[2] == found.delivery.delivery_id),
            "is_resolved": found.verdict != "accepted"
            and last_accepted.get(found.delivery.file_name, 0) > found.delivery.order,
            "contract_version": source.version,
        }
        for found in inspections
    ]
    return pl.DataFrame(rows, schema=polars_schema(registry, registry.tables["deliveries.files"]))


def _rows(registry: Registry, inspections: list[Inspection]) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables["deliveries.rows"])
    frames = [
        pl.DataFrame(
            {
                "source_id": [found.delivery.source_id] * len(found.records.rows),
                "delivery_id": [found.delivery.delivery_id] * len(found.records.rows),
                "part": [""] * len(found.records.rows),
                "row_no": range(1, len(found.records.rows) + 1),
                "cells": _lists(found.records.rows),
                "damage": [found.records.damage.get(number) for number in range(1, len(found.records.rows) + 1)],
            },
            schema=schema,
        )
        for found in inspections
        if found.verdict == "accepted"
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _entries(words: dict[str, str]) -> list[dict[str, str]]:
    """The entries of a map, in the order of its keys."""
    return [{"key": key, "value": value} for key, value in sorted(words.items())]


def _lists(rows: list[list[str]]) -> pl.Series:
    """Lists of text as one Arrow array: ten times faster than from Python objects one by one."""
    offsets = pa.array([0, *accumulate(map(len, rows))], pa.int32())
    values = pa.array(list(chain.from_iterable(rows)), pa.string())
    return pl.Series(values=pl.from_arrow(pa.ListArray.from_arrays(offsets, values)))


def withheld(home: Home, registry: Registry) -> list[str]:
    """What is said about each withheld delivery, in its publisher's language, with the file's name."""
    con = connect(home, registry, ["deliveries.files"])
    found = rows(con, sql(__file__, "withheld"))
    return [
        f"{source}: {name}: {registry.messages.render(rule, registry.sources[source].language, params or {})}"
        for source, name, rule, params in found
    ]
