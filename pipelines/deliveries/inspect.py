"""The verdict on a delivery as a whole, and the state of a source.

A delivery whose structure is not its contract's is withheld with a rule and its parameters; the other deliveries and
sources go on. Nothing of a withheld delivery is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.deliveries.audit import note, noted
from pipelines.deliveries.notices import Notice, notices_of
from pipelines.deliveries.readers import Unreadable
from pipelines.deliveries.receive import Delivery, deliveries
from pipelines.deliveries.sandbox import read_in_child
from pipelines.forms import DateForm, dates, declares, plain_text
from pipelines.keys import NoKey, read_key
from pipelines.store import Home, connect, remove_table, rows, sql, write_frame, write_query
from schemas.contracts import PART, SourceContract, Target
from schemas.registry import Registry
from schemas.render import polars_schema

OTHER_VERDICTS = {"too_few_rows": "below_bound", "too_many_rows": "above_bound", "no_key": "no_key"}
DRIFT_RULES = frozenset(
    {
        "unknown_column", "missing_column", "repeated_column", "dates_of_another_form", "correction_not_met",
        "declaration_not_met", "no_period_in_name", "sheet_left_out",
        "header_not_found",
    }
)  # fmt: skip
WRONG_DATES = 0.3
"""From this share of unreadable dates on, the publisher has changed their form, and the others are wrong too: day and
month in the other order leaves two fifths of the dates readable."""
LEAST_WRONG_DATES = 3
"""Fewer are quarantined, each with its row: so little says nothing of the publisher's habit."""


@dataclass(frozen=True)
class Inspection:
    """What one delivery holds, and the rule that withholds it, if any."""

    delivery: Delivery
    headers: Mapping[str, tuple[str, ...]]
    records: pl.DataFrame
    """part, row_no, cells, damage."""
    rule: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    content: Content | None = None

    @property
    def verdict(self) -> str:
        if self.rule is None:
            return "accepted"
        return "drifted" if self.rule in DRIFT_RULES else OTHER_VERDICTS.get(self.rule, "damaged")


@dataclass(frozen=True)
class Content:
    """What an accepted delivery says of itself."""

    data_from: date | None
    data_to: date | None
    vintage: date | None
    """As of when it was stated: by the contract's vintage column, else the last date of the content."""
    restates_from: date | None
    restates_to: date | None
    """The days that it restates, where its source restates by period."""
    corrections: Mapping[str, int]
    """Rows that each correction of the contract touches."""
    notices: tuple[Notice, ...]


TABLES = ("deliveries.files", "deliveries.parts", "deliveries.rows", "deliveries.notices")


def read_source(home: Home, registry: Registry, source_id: str) -> dict[str, int]:
    """Write the deliveries tables of one source; returns their numbers of rows."""
    source = registry.sources[source_id]
    delivered = [delivery for delivery in deliveries(home) if delivery.source_id == source_id]
    if not delivered:
        return {name: remove_table(home, registry, name, partition=source_id) for name in TABLES}
    inspections = [inspect(home, source, delivery) for delivery in delivered]
    _note_refusals(home, inspections)
    tables = {
        "deliveries.files": _files(registry, source, inspections),
        "deliveries.parts": _parts(registry, inspections),
        "deliveries.rows": _rows(registry, inspections),
        "deliveries.notices": _notices(registry, inspections),
    }
    con = connect(home, registry)
    return {name: write_frame(con, home, registry, name, table, partition=source_id) for name, table in tables.items()}


def _note_refusals(home: Home, inspections: list[Inspection]) -> None:
    """One line of the audit log for every delivery that is refused, when it is refused first."""
    known = {(line["delivery_id"], line["rule_id"]) for line in noted(home, "refused")}
    for found in inspections:
        if found.rule is not None and (found.delivery.delivery_id, found.rule) not in known:
            about = {"delivery_id": found.delivery.delivery_id, "source_id": found.delivery.source_id}
            note(home, "refused", **about, rule_id=found.rule, verdict=found.verdict)


def summarise(home: Home, registry: Registry) -> int:
    """Write `deliveries.status`, one row a source; returns the number of rows."""
    con = connect(home, registry, ["deliveries.files"])
    con.register("sources", pl.DataFrame({"source_id": sorted(registry.sources)}))
    con.register("severity", pl.DataFrame({"verdict": list(SEVERITY), "severity": list(SEVERITY.values())}))
    return write_query(con, home, registry, "deliveries.status", sql(__file__, "status"))


SEVERITY = {"accepted": 0, "no_key": 1, "below_bound": 2, "above_bound": 3, "damaged": 4, "drifted": 5}
"""Order of verdicts; a source shows the worst among its unresolved deliveries."""


def inspect(home: Home, source: SourceContract, delivery: Delivery) -> Inspection:
    """Read one delivery in a child process and hold it against its contract, first fault first."""
    try:
        key = read_key(home.root) if source.has_keyed else None
    except NoKey as fault:
        return _withheld(delivery, Unreadable("no_key", reason=str(fault)))
    return inspect_file(source, delivery, delivery.folder / "content", scratch=home.scratch, key=key)


def inspect_file(
    source: SourceContract, delivery: Delivery, file: Path, *, scratch: Path, key: bytes | None
) -> Inspection:
    """The same for a file that need not lie in the home."""
    try:
        read = read_in_child(source, file, scratch=scratch, key=key)
        _check_headers(source, read.headers)
        _check_bounds(source, read.delivered)
        records = pl.DataFrame(pl.from_arrow(read.records))
        table = _watched(source, read.headers, records)
        corrections = _check_corrections(source, table)
        _check_declarations(source, table)
        data_from, data_to = _check_dates(source, table)
        first, last = _restated(source, delivery.file_name, data_from, data_to)
        content = Content(
            data_from,
            data_to,
            _vintage(source, table) or data_to,
            first,
            last,
            corrections,
            notices_of(source, read.headers, records),
        )
    except Unreadable as fault:
        return _withheld(delivery, fault)
    return Inspection(delivery, read.headers, records, content=content)


def _withheld(delivery: Delivery, fault: Unreadable) -> Inspection:
    return Inspection(delivery, {}, pl.DataFrame(), fault.rule_id, fault.params)


# --- checks of structure ------------------------------------------------------------------------------------


def _check_headers(source: SourceContract, headers: Mapping[str, tuple[str, ...]]) -> None:
    """Every part has the contract's columns, whatever their order."""
    columns = source.all_columns
    needed = {name for name, column in columns.items() if not column.optional} - {PART}
    for header in headers.values():
        if header and len(needed & set(header)) < len(needed) / 2:
            # what stands there may be a record, so none of it is repeated
            raise Unreadable("header_not_found", found=len(needed & set(header)), columns=len(needed))
        repeated = sorted({name for name in header if header.count(name) > 1})
        if repeated:
            raise Unreadable("repeated_column", columns=", ".join(name or '""' for name in repeated))
        unknown, missing = sorted(set(header) - set(columns)), sorted(needed - set(header))
        if unknown:
            raise Unreadable(
                "unknown_column", columns=", ".join(name or '""' for name in unknown), missing=", ".join(missing) or "-"
            )
        if missing and header:
            raise Unreadable("missing_column", columns=", ".join(missing))


def _check_bounds(source: SourceContract, n_rows: int) -> None:
    if n_rows < source.rows.min:
        raise Unreadable("too_few_rows", rows=n_rows, minimum=source.rows.min)
    if n_rows > source.rows.max:
        raise Unreadable("too_many_rows", rows=n_rows, maximum=source.rows.max)


def _check_corrections(source: SourceContract, table: pl.DataFrame) -> dict[str, int]:
    touched = {fix.id: int(table[fix.column].str.contains(fix.pattern).sum()) for fix in source.corrections}
    for fix in source.corrections:
        if not fix.expect.holds(touched[fix.id]):
            raise Unreadable("correction_not_met", correction=fix.id, column=fix.column, touched=touched[fix.id])
    return touched


def _check_declarations(source: SourceContract, table: pl.DataFrame) -> None:
    rest = table
    for declaration in source.declared:
        hits = rest.select(declares(pl.col(declaration.column), declaration)).to_series()
        touched, rest = int(hits.sum()), rest.filter(~hits)
        if not declaration.expect.holds(touched):
            raise Unreadable(
                "declaration_not_met", value=declaration.condition, column=declaration.column, touched=touched
            )


def _check_dates(source: SourceContract, table: pl.DataFrame) -> tuple[date | None, date | None]:
    """First and last date of the content, among dates inside the contract's bounds; declared rows have none."""
    for declaration in source.declared:
        table = table.filter(~declares(pl.col(declaration.column), declaration))
    column = next((found for target in DATED for found in [source.column_of(target)] if found), None)
    if column is None:
        years = [int(line.constants["year"]) for line in source.lines if "year" in line.constants]
        return (date(min(years), 1, 1), date(max(years), 12, 31)) if years else (None, None)
    days = _days(source, table, column)
    wrong = days["first"].null_count()
    if wrong >= LEAST_WRONG_DATES and wrong > WRONG_DATES * days.height:
        form = " | ".join(source.all_columns[column].date_format or ["%Y"])
        raise Unreadable("dates_of_another_form", wrong=wrong, rows=days.height, column=column, form=form)
    days = days.filter(pl.col("first").is_between(source.dates.earliest, source.dates.latest))
    first, last = days["first"].min(), days["last"].max()
    return (first if isinstance(first, date) else None, last if isinstance(last, date) else None)


SIMULATED = "simulated"
"""How the file names of invented deliveries begin; a release says so if it rests on one."""
DATED: tuple[Target, ...] = ("seized", "period", "year", "stage_date")
"""Targets that say when a row's matter was, the first that a contract has."""


def _days(source: SourceContract, table: pl.DataFrame, column: str) -> pl.DataFrame:
    """First and last day of every stated date of a column; null where it cannot be read."""
    mapping = source.all_columns[column]
    stated = table.filter((pl.col(column) != "") & ~pl.col(column).is_in(mapping.not_known))
    text = pl.col(column)
    if mapping.also_with is not None:
        text = pl.concat_str(pl.col(mapping.also_with), text, separator="|")
    form = DateForm(
        mapping.date_format or ["%Y"], tuple(mapping.month_names or [source.language]), mapping.fiscal_year_from_month
    )
    first, last, _ = dates(text, form)
    return stated.select(first.alias("first"), last.alias("last"))


def _vintage(source: SourceContract, table: pl.DataFrame) -> date | None:
    if source.vintage is None:
        return None
    form = DateForm([source.vintage.date_format], (source.language,))
    newest = table.select(dates(pl.col(source.vintage.column), form)[0]).to_series().max()
    return newest if isinstance(newest, date) else None


def _restated(
    source: SourceContract, file_name: str, data_from: date | None, data_to: date | None
) -> tuple[date | None, date | None]:
    """First and last day of the period that a delivery restates. Raises `Unreadable` where its name should tell."""
    rule = source.restated_period
    if source.restates != "period":
        return None, None
    if rule.file_name is None:
        return data_from, data_to
    found = re.search(rule.file_name, file_name)
    if found is None and rule.without == "adds":
        return None, None
    if found is None:
        raise Unreadable("no_period_in_name", form=rule.example or "")
    named = found.groupdict()
    first, last = (_full_year(named.get(name) or named["year"]) for name in ("first", "last"))
    month = rule.fiscal_year_from_month
    if month is None:
        return date(first, 1, 1), date(last, 12, 31)
    return date(first - 1, month, 1), date.fromordinal(date(last, month, 1).toordinal() - 1)


def _restates(source: SourceContract, file_name: str) -> str:
    """What one delivery restates: what its source does, or nothing, where its name may and does not tell the period."""
    rule = source.restated_period
    tells = rule.file_name is None or re.search(rule.file_name, file_name) is not None
    return "nothing" if source.restates == "period" and rule.without == "adds" and not tells else source.restates


def _full_year(digits: str) -> int:
    return int(digits) if len(digits) > 2 else 2000 + int(digits)


def _watched(source: SourceContract, headers: Mapping[str, tuple[str, ...]], records: pl.DataFrame) -> pl.DataFrame:
    """The columns that the checks look at, as plain text, of the records that have as many cells as their header."""
    names = {column for target in DATED if (column := source.column_of(target)) is not None}
    names |= source.read_elsewhere
    frames = []
    for part, header in headers.items():
        whole = records.filter((pl.col("part") == part) & (pl.col("cells").list.len() == len(header)))
        frames.append(
            whole.select(
                plain_text(
                    pl.col("cells").list.get(header.index(name), null_on_oob=True)
                    if name in header
                    else pl.lit(part if name == PART else "").repeat_by(1).list.first()
                ).alias(name)
                for name in sorted(names)
            )
        )
    empty = pl.DataFrame(schema=dict.fromkeys(sorted(names), pl.String()))
    return pl.concat([empty, *frames])


# --- tables -------------------------------------------------------------------------------------------------


def _files(registry: Registry, source: SourceContract, inspections: list[Inspection]) -> pl.DataFrame:
    ranks = _ranks(source, inspections)
    last_accepted: dict[str, int] = {}
    for found in inspections:
        if found.verdict == "accepted":
            name = found.delivery.file_name
            last_accepted[name] = max(last_accepted.get(name, 0), found.delivery.order)
    made = [
        {
            "delivery_id": found.delivery.delivery_id,
            "source_id": source.source,
            "file_name": found.delivery.file_name,
            "simulated": found.delivery.file_name.startswith(SIMULATED),
            "bytes": (found.delivery.folder / "content").stat().st_size,
            "verdict": found.verdict,
            "verdict_rule": found.rule,
            "verdict_params": _entries(found.params),
            "rows_delivered": found.records.height,
            "corrections": _entries({fix: str(n) for fix, n in found.content.corrections.items()})
            if found.content
            else [],
            "data_from": found.content and found.content.data_from,
            "data_to": found.content and found.content.data_to,
            "vintage": found.content and found.content.vintage,
            "vintage_rank": ranks.get(found.delivery.delivery_id),
            "restates": _restates(source, found.delivery.file_name),
            "restates_from": found.content and found.content.restates_from,
            "restates_to": found.content and found.content.restates_to,
            "is_current": source.restates != "snapshot" or ranks.get(found.delivery.delivery_id) == len(ranks),
            "is_resolved": found.verdict != "accepted"
            and last_accepted.get(found.delivery.file_name, 0) > found.delivery.order,
            "contract_version": source.version,
        }
        for found in inspections
    ]
    return pl.DataFrame(made, schema=polars_schema(registry, registry.tables["deliveries.files"]))


def _ranks(source: SourceContract, inspections: list[Inspection]) -> dict[str, int]:
    """The accepted deliveries of a source from the oldest vintage (1) to the newest, by delivery_id.

    Of two files with one name the last received is the newer, unless the publisher states the vintage himself; between
    files of other names the order of receipt says nothing, so that the same files give the same tables. Single records
    that are restated without a vintage are the exception: nothing but the receipt tells which is the correction.
    """
    accepted = [found for found in inspections if found.content is not None]

    by_receipt = source.restates == "record" and source.vintage is None

    def stated(found: Inspection) -> tuple[date, int, str]:
        vintage = found.content.vintage if found.content else None
        if by_receipt:  # a correction holds few rows, often old ones: its content does not say that it is newer
            return (date.min, found.delivery.order, "")
        return (vintage or date.min, found.records.height, found.delivery.delivery_id)

    def within_name(found: Inspection) -> tuple[date, int]:
        return (stated(found)[0] if source.vintage else date.min, found.delivery.order)

    ranks = {found.delivery.delivery_id: rank for rank, found in enumerate(sorted(accepted, key=stated), start=1)}
    names = {found.delivery.file_name for found in accepted}
    for name in names:
        same = [found for found in accepted if found.delivery.file_name == name]
        places = sorted(ranks[found.delivery.delivery_id] for found in same)
        for place, found in zip(places, sorted(same, key=within_name), strict=True):
            ranks[found.delivery.delivery_id] = place
    return ranks


def _parts(registry: Registry, inspections: list[Inspection]) -> pl.DataFrame:
    made = [
        {
            "delivery_id": found.delivery.delivery_id,
            "source_id": found.delivery.source_id,
            "part": part,
            "header": list(header),
            "rows_delivered": found.records.filter(pl.col("part") == part).height,
        }
        for found in inspections
        for part, header in found.headers.items()
    ]
    return pl.DataFrame(made, schema=polars_schema(registry, registry.tables["deliveries.parts"]))


def _rows(registry: Registry, inspections: list[Inspection]) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables["deliveries.rows"])
    frames = [
        found.records.with_columns(
            pl.lit(found.delivery.source_id).alias("source_id"), pl.lit(found.delivery.delivery_id).alias("delivery_id")
        ).select(pl.col(name).cast(kind) for name, kind in schema.items())
        for found in inspections
        if found.content is not None
    ]
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _notices(registry: Registry, inspections: list[Inspection]) -> pl.DataFrame:
    made = [
        {
            "delivery_id": found.delivery.delivery_id,
            "source_id": found.delivery.source_id,
            "column": notice.column,
            "looks_like": notice.looks_like,
            "n_rows": notice.n_rows,
        }
        for found in inspections
        if found.content is not None
        for notice in found.content.notices
    ]
    return pl.DataFrame(made, schema=polars_schema(registry, registry.tables["deliveries.notices"]))


def _entries(words: Mapping[str, str]) -> list[dict[str, str]]:
    """The entries of a map, in the order of its keys."""
    return [{"key": key, "value": value} for key, value in sorted(words.items())]


def withheld(home: Home, registry: Registry) -> list[str]:
    """What is said about each withheld delivery, in its publisher's language, with the file's name."""
    con = connect(home, registry, ["deliveries.files"])
    found = rows(con, sql(__file__, "withheld"))
    return [
        f"{source}: {name}: {registry.messages.render(rule, registry.sources[source].language, params or {})}"
        + (f" ({params['reason']})" if rule == "no_key" else "")
        for source, name, rule, params in found
    ]


def personal_looking(home: Home, registry: Registry) -> list[str]:
    """What is said to the operator about each column that looks personal; never a value."""
    con = connect(home, registry, ["deliveries.notices"])
    found = rows(con, sql(__file__, "personal_looking"))
    return [f"{source}: the column {column} looks personal ({kind}, {n} rows)" for source, column, kind, n in found]
