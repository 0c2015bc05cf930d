"""The step of the staging layer: parses the accepted deliveries of one source under its contract.

Every record ends in exactly one of three places: staged (`reports`, `totals`, `outcomes` or `cultivation`; several
lines where they stand side by side in it), `staging.quarantine` (with every rule that it broke), or `staging.declared`.
The sums are checked before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.staging.records import KEY, corrected, declared_rows, split_by_shape, split_declared, text_of, word
from pipelines.staging.values import broken_rows, coded_columns, parse_values, unknown_in, unmapped_in
from pipelines.store import (
    Connection,
    Home,
    StoreError,
    connect,
    frame,
    remove_table,
    rows,
    sql,
    write_frame,
    write_query,
)
from schemas.contracts import SourceContract
from schemas.registry import Registry
from schemas.render import literal, polars_schema, quoted

STAGED = {
    "seizures": "staging.reports",
    "totals": "staging.totals",
    "outcomes": "staging.outcomes",
    "cultivation": "staging.cultivation",
}
"""The table that takes the lines of each kind of source."""
SAYS_LINE = frozenset({"commodity", "quantity", "quantity_with_unit", "kg", "hectares"})
"""Where a line has columns of these, they say whether the row has the line: a currency alone is none."""
NO_LINE = "no_line"
"""Why a row is declared in which every line that could stand there is absent."""


@dataclass(frozen=True)
class Staged:
    """The rows that one delivery gives to each staging table, before the tables are written."""

    tables: dict[str, pl.DataFrame]
    endings: dict[str, int]


def parse_source(home: Home, registry: Registry, source_id: str) -> dict[str, int]:
    """Write the staging tables of one source; returns the number of records by ending, and of rows by table.

    Raises `StoreError` where records are lost or counted twice.
    """
    source = registry.sources[source_id]
    con = connect(home, registry, ["deliveries.rows", "deliveries.parts", "deliveries.files"])
    con.register("wanted", pl.DataFrame({"source_id": [source_id]}))
    accepted = [delivery for (delivery,) in rows(con, sql(__file__, "accepted"))]
    # one delivery at a time: its text and its parsed values together are many times the size of its file
    parts = [stage(registry, source, _records(con, delivery)) for delivery in accepted]
    if not parts:
        names = [table.qualified for table in registry.tables_of("staging") if table.partitioned_by_source]
        return {name: remove_table(home, registry, name, partition=source_id) for name in names}
    tables = {name: pl.concat([part.tables[name] for part in parts]) for name in parts[0].tables}
    endings = {ending: sum(part.endings[ending] for part in parts) for ending in parts[0].endings}
    return endings | _write(home, registry, source, tables)


def stage(registry: Registry, source: SourceContract, records: pl.DataFrame) -> Staged:
    """Split the records of one delivery into staged, quarantined and declared records.

    `records` has one row a data record: delivery_id, file_name, part, row_no, contract_version, header, cells, damage.
    Raises `StoreError` where records are lost or counted twice.
    """
    whole, misshapen = split_by_shape(source, records)
    declared, candidates = split_declared(registry, source, corrected(source, whole))
    lines = [_present(source, number, line, candidates) for number, line in enumerate(source.by_line())]
    parsed = [parse_values(registry, view, line) for view, line in zip(source.by_line(), lines, strict=True)]
    broken = [broken_rows(view, values) for view, values in zip(source.by_line(), parsed, strict=True)]
    # a rule that a shared column breaks is broken once, however many lines stand in the row
    quarantine = pl.concat([*broken, misshapen]).unique([*KEY, "rule_id", "column"], keep="first", maintain_order=True)
    without = candidates
    for line in lines:
        without = without.join(line.select(KEY), on=KEY, how="anti", maintain_order="left")
    staged = [
        values.table.join(quarantine.select(KEY).unique(), on=KEY, how="anti", maintain_order="left")
        for values in parsed
    ]
    endings = {
        "records": records.height,
        "staged": pl.concat([line.select(KEY) for line in staged]).n_unique(),
        "quarantined": quarantine.select(KEY).n_unique(),
        "declared": declared.height + without.height,
    }
    if endings["records"] != endings["staged"] + endings["quarantined"] + endings["declared"]:
        raise StoreError(f"{source.source}: the records do not add up: {endings}")
    tables = {name: [_empty(registry, source, name)] for name in STAGED.values()}
    for view, line in zip(source.by_line(), staged, strict=True):
        if not line.is_empty():
            tables[STAGED[source.kind]].append(_table(registry, view, line, STAGED[source.kind]))
            if source.kind == "seizures" and {"stage", "stage_state"} <= set(line.columns):
                told = line.filter(pl.col("stage").is_not_null())
                tables["staging.outcomes"].append(_table(registry, view, told, "staging.outcomes"))
    made = {name: pl.concat(frames, how="diagonal") for name, frames in tables.items()}
    return Staged(
        made
        | {
            "staging.quarantine": quarantine,
            "staging.declared": pl.concat([declared, declared_rows(registry, source, without, NO_LINE)]),
            "staging.mappings": pl.concat(
                [_mappings(view, values.table) for view, values in zip(source.by_line(), parsed, strict=True)]
            ),
            "staging.unmapped": pl.concat(
                [
                    _unmapped_values(registry, view, values.table)
                    for view, values in zip(source.by_line(), parsed, strict=True)
                ]
            ),
        },
        endings,
    )


def _present(source: SourceContract, number: int, view: SourceContract, candidates: pl.DataFrame) -> pl.DataFrame:
    """The records in which a line is present, with the line's number, from 1."""
    numbered = candidates.with_columns(pl.lit(number + 1, pl.Int64).alias("line_no"))
    if not source.lines:
        return numbered
    line = source.lines[number]
    goods = [name for name, column in line.columns.items() if column.to in SAYS_LINE]
    says = goods or [name for name in line.columns if view.columns[name].to is not None]
    own = [pl.col(text_of(name)).is_in(line.absent) for name in says]
    return numbered.filter(~pl.all_horizontal(own))


def _records(con: Connection, delivery_id: str) -> pl.DataFrame:
    con.register("wanted_delivery", pl.DataFrame({"delivery_id": [delivery_id]}))
    return frame(con, sql(__file__, "records"))


def _write(home: Home, registry: Registry, source: SourceContract, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    con = connect(home, registry)
    con.register("parsed", tables["staging.reports"])
    con.register("mapped", tables["staging.mappings"])
    con.register("unmapped", tables["staging.unmapped"])
    queries = {
        "staging.reports": _reports_query(registry, source),
        "staging.mappings": sql(__file__, "mappings"),
        "staging.unmapped": sql(__file__, "unmapped"),
    }
    return {
        name: _write_table(con, home, registry, name, table, queries.get(name), source.source)
        for name, table in tables.items()
    }


def _write_table(
    con: Connection, home: Home, registry: Registry, name: str, table: pl.DataFrame, query: str | None, partition: str
) -> int:
    """Write one table of a source; a source of another kind has no file in it."""
    if table.is_empty() and name in STAGED.values():
        return remove_table(home, registry, name, partition=partition)
    if query is not None:
        return write_query(con, home, registry, name, query, partition=partition)
    return write_frame(con, home, registry, name, table, partition=partition)


# --- tables -------------------------------------------------------------------------------------------------

MADE_BY_QUERY = ("seizure_id", "words")
"""Columns of `staging.reports` that are made when it is written: a hash and a text of many columns."""


def _table(registry: Registry, source: SourceContract, lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """The lines of a source in the columns of their table; what the source does not say is missing."""
    schema = polars_schema(registry, registry.tables[name])
    if name == "staging.reports":
        lines = _told_apart(source, _with_precision(source, lines))
        extra = [*_word_columns(source), "identity", "ordinal"]
    else:
        extra = []
    known = lines.with_columns(pl.lit(source.source).alias("source_id"))
    complete = known.with_columns(pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in known)
    kept = [pl.col(name).cast(kind) for name, kind in schema.items() if name not in MADE_BY_QUERY]
    return complete.select(*kept, *extra)


def _empty(registry: Registry, source: SourceContract, name: str) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables[name])
    if name != "staging.reports":
        return pl.DataFrame(schema=schema)
    kept = {name: kind for name, kind in schema.items() if name not in MADE_BY_QUERY}
    words = dict.fromkeys(_word_columns(source), pl.String())
    return pl.DataFrame(schema={**kept, **words, "identity": pl.String(), "ordinal": pl.Int64()})


def _with_precision(source: SourceContract, lines: pl.DataFrame) -> pl.DataFrame:
    """The dates of reporters that are less precise than they look."""
    for rule in source.date_precision:
        coarse = (
            (pl.col("reporter") == rule.reporter)
            & (pl.col("seized_from").dt.day() == rule.day_of_month)
            & (pl.col("date_precision") == "day")
        )
        end = (
            pl.col("seized_from").dt.month_end()
            if rule.precision == "month"
            else pl.date(pl.col("seized_from").dt.year(), 12, 31)
        )
        lines = lines.with_columns(
            pl.when(coarse).then(pl.lit(rule.precision)).otherwise(pl.col("date_precision")).alias("date_precision"),
            pl.when(coarse).then(end).otherwise(pl.col("seized_to")).alias("seized_to"),
        )
    return lines


def _told_apart(source: SourceContract, lines: pl.DataFrame) -> pl.DataFrame:
    """What tells a seizure from others: the publisher's record id or the row's words; and which of its like it is."""
    names = source.identity or [name for name, column in source.columns.items() if column.to is not None]
    of_words = pl.concat_str(
        pl.lit(source.source),
        pl.col("line_no").cast(pl.String),
        *(pl.col(word(name)).str.normalize("NFC").str.strip_chars() for name in names),
        separator="\x1f",
    )
    identity = of_words
    # a record id names a record across deliveries where the contract says so; else a running number would tell nothing
    if source.restates == "record":
        of_record = pl.concat_str(
            pl.lit(source.source), pl.lit("record"), pl.col("line_no").cast(pl.String), "record_id", separator="\x1f"
        )
        identity = pl.when(pl.col("record_id").is_not_null()).then(of_record).otherwise(of_words)
    told = lines.with_columns(identity.alias("identity"))
    return told.with_columns(pl.int_range(pl.len()).over("delivery_id", "identity").alias("ordinal"))


def _word_columns(source: SourceContract) -> list[str]:
    return [word(name) for name, column in source.all_columns.items() if column.to is not None]


def _reports_query(registry: Registry, source: SourceContract) -> str:
    """SQL over the frame `parsed`: the seizure's id is a hash of its identity and its place among identical rows."""
    columns = [name for name in registry.field_names("staging.reports") if name not in MADE_BY_QUERY]
    names = [name for name, column in source.all_columns.items() if column.to is not None]
    words = ", ".join(f"{literal(name)}: {quoted(word(name))}" for name in names)
    return (
        f"SELECT {', '.join(map(quoted, columns))}, CAST(to_json({{{words}}}) AS VARCHAR) AS words, "
        "left(sha256(identity || chr(31) || ordinal), 32) AS seizure_id FROM parsed"
    )


def _mappings(source: SourceContract, table: pl.DataFrame) -> pl.DataFrame:
    """How much of each looked-up column has a code, over all records that are reports."""
    counts = []
    for name, target in coded_columns(source):
        not_known = int(table[unknown_in(name)].sum())
        unmapped = table.height - table[unmapped_in(name)].null_count()
        counts.append((source.source, name, target, table.height - not_known, unmapped, not_known))
    names = dict.fromkeys(("source_id", "column", "target"), pl.String())
    return pl.DataFrame(
        counts, schema={**names, **dict.fromkeys(("n_given", "n_unmapped", "n_not_known"), pl.Int64())}, orient="row"
    )


def _unmapped_values(registry: Registry, source: SourceContract, table: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables["staging.unmapped"])
    frames = [
        table.filter(pl.col(unmapped_in(name)).is_not_null())
        .group_by(pl.col(unmapped_in(name)).alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("n_rows"))
        .select(pl.lit(source.source).alias("source_id"), pl.lit(name).alias("column"), "value", "n_rows")
        for name, _ in coded_columns(source)
    ]
    return pl.concat([pl.DataFrame(schema=schema), *frames])
