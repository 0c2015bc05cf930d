"""The step of the staging layer: parses the accepted deliveries of one source under its contract.

Every record ends in exactly one of three places: `staging.reports` or `staging.totals`, `staging.quarantine` (with
every rule that it broke), or `staging.declared`. The sums are checked before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.staging.records import KEY, corrected, split_by_shape, split_declared, word
from pipelines.staging.values import broken_rows, parse_values, unknown_in, unmapped_in
from pipelines.store import Connection, Home, StoreError, connect, frame, rows, sql, write_frame, write_query
from schemas.contracts import LOOKUP_TARGETS, SourceContract
from schemas.registry import Registry
from schemas.render import literal, polars_schema, quoted


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
    con = connect(home, registry, ["deliveries.rows", "deliveries.files"])
    con.register("wanted", pl.DataFrame({"source_id": [source_id]}))
    accepted = [delivery for (delivery,) in rows(con, sql(__file__, "accepted"))]
    # one delivery at a time: its text and its parsed values together are many times the size of its file
    parts = [_stage(registry, source, _records(con, delivery)) for delivery in accepted]
    parts = parts or [_stage(registry, source, _records(con, ""))]
    tables = {name: pl.concat([part.tables[name] for part in parts]) for name in parts[0].tables}
    endings = {ending: sum(part.endings[ending] for part in parts) for ending in parts[0].endings}
    if endings["records"] != endings["staged"] + endings["quarantined"] + endings["declared"]:
        raise StoreError(f"{source_id}: the records do not add up: {endings}")
    return endings | _write(home, registry, source, tables)


def _stage(registry: Registry, source: SourceContract, records: pl.DataFrame) -> Staged:
    """Split the records of one delivery into reports, quarantined and declared records."""
    whole, misshapen = split_by_shape(source, records)
    text = corrected(source, whole)
    declared, candidates = split_declared(registry, source, text)
    parsed = parse_values(registry, source, candidates)
    quarantine = pl.concat([broken_rows(source, parsed), misshapen])
    staged = parsed.table.join(quarantine.select(KEY).unique(), on=KEY, how="anti", maintain_order="left")
    seizures = source.kind == "seizures"
    return Staged(
        {
            "staging.reports": _reports(registry, source, staged if seizures else staged.clear()),
            "staging.totals": _totals(registry, source, staged.clear() if seizures else staged),
            "staging.quarantine": quarantine,
            "staging.declared": declared,
            "staging.mappings": _mappings(source, parsed.table),
            "staging.unmapped": _unmapped_values(registry, source, parsed.table),
        },
        {
            "records": records.height,
            "staged": staged.height,
            "quarantined": quarantine.select(KEY).n_unique(),
            "declared": declared.height,
        },
    )


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
    partition = source.source
    return {
        name: write_query(con, home, registry, name, queries[name], partition=partition)
        if name in queries
        else write_frame(con, home, registry, name, table, partition=partition)
        for name, table in tables.items()
    }


def _reports(registry: Registry, source: SourceContract, staged: pl.DataFrame) -> pl.DataFrame:
    """The parsed targets, the words as received, and what the seizure's identity is made of."""
    schema = polars_schema(registry, registry.tables["staging.reports"])
    made_by_query = {"seizure_id", "words"}
    words = [word(name) for name, column in source.columns.items() if column.to is not None]
    if staged.is_empty():
        kept = {name: kind for name, kind in schema.items() if name not in made_by_query}
        return pl.DataFrame(schema={**kept, **dict.fromkeys([*words, "identity"], pl.String()), "ordinal": pl.Int64()})
    precision = pl.lit("day")
    for rule in source.date_precision:
        coarse = (pl.col("reporter") == rule.reporter) & (pl.col("seized_from").dt.day() == rule.day_of_month)
        precision = pl.when(coarse).then(pl.lit(rule.precision)).otherwise(precision)
    ends = (
        pl.when(pl.col("date_precision") == "month")
        .then(pl.col("seized_from").dt.month_end())
        .when(pl.col("date_precision") == "year")
        .then(pl.date(pl.col("seized_from").dt.year(), 12, 31))
        .otherwise(pl.col("seized_from"))
    )
    identity = pl.concat_str(
        pl.lit(source.source),
        *(pl.col(word(name)).str.normalize("NFC").str.strip_chars() for name in source.columns),
        separator="\x1f",
    )
    known = staged.with_columns(
        pl.lit(source.source).alias("source_id"), precision.alias("date_precision"), identity.alias("identity")
    ).with_columns(ends.alias("seized_to"), pl.int_range(pl.len()).over("delivery_id", "identity").alias("ordinal"))
    complete = known.with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
        if name not in known.columns and name not in made_by_query
    )
    return complete.select(
        *(pl.col(name).cast(kind) for name, kind in schema.items() if name not in made_by_query),
        *words,
        "identity",
        "ordinal",
    )


def _reports_query(registry: Registry, source: SourceContract) -> str:
    """SQL over the frame `parsed`: the seizure's id is a hash of source, words and ordinal among identical rows."""
    columns = [name for name in registry.field_names("staging.reports") if name not in ("seizure_id", "words")]
    names = [name for name, column in source.columns.items() if column.to is not None]
    words = ", ".join(f"{literal(name)}: {quoted(word(name))}" for name in names)
    return (
        f"SELECT {', '.join(map(quoted, columns))}, CAST(to_json({{{words}}}) AS VARCHAR) AS words, "
        "left(sha256(identity || chr(31) || ordinal), 32) AS seizure_id FROM parsed"
    )


def _totals(registry: Registry, source: SourceContract, staged: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables["staging.totals"])
    if staged.is_empty():
        return pl.DataFrame(schema=schema)
    return staged.with_columns(pl.lit(source.source).alias("source_id")).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )


def _mappings(source: SourceContract, table: pl.DataFrame) -> pl.DataFrame:
    """How much of each looked-up column has a code, over all records that are reports."""
    counts = []
    for name, column in source.columns.items():
        if column.to in LOOKUP_TARGETS:
            not_known = int(table[unknown_in(name)].sum())
            unmapped = table.height - table[unmapped_in(name)].null_count()
            counts.append((source.source, name, str(column.to), table.height - not_known, unmapped, not_known))
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
        for name, column in source.columns.items()
        if column.to in LOOKUP_TARGETS
    ]
    return pl.concat([pl.DataFrame(schema=schema), *frames])
