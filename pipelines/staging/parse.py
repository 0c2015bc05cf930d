"""Parses the accepted deliveries of one source under its contract.

Every record ends in exactly one of three tables: `staging.reports` or `staging.totals`, `staging.quarantine` (with every
rule that it broke), or `staging.declared`. The sums are checked before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.store import Connection, Home, StoreError, connect, frame, rows, write_frame, write_query
from schemas.contracts import LOOKUP_TARGETS, ColumnMap, NumberFormat, SourceContract
from schemas.registry import LookupRow, Registry
from schemas.render import literal, polars_schema, quoted

KEY = ("delivery_id", "part", "row_no")
UNMAPPED = "unmapped"
VALUE_LENGTH = 80
NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
LARGEST_NUMBER = 999_999_999
"""Beyond a thousand million of any unit; a tonne of it still fits the kilogram columns."""
DECIMAL = pl.Decimal(18, 6)
QUARANTINES = frozenset({"reporter", "commodity", "unit", "seized", "year", "kg", "weekday"})
"""Targets whose value, where it is not understood, quarantines the row; other targets keep it as `unmapped`."""


@dataclass
class Parsed:
    """A frame of records with their parsed targets, and the rules that rows broke (mask columns by rule and column)."""

    table: pl.DataFrame
    broken: list[Broken] = field(default_factory=list)


@dataclass(frozen=True)
class Broken:
    """A rule, the publisher's column, and the name of the boolean column that marks the rows that broke it."""

    rule_id: str
    column: str
    mask: str
    params: tuple[tuple[str, str], ...] = ()


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
    accepted = [delivery for (delivery,) in rows(con, ACCEPTED)]
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
    whole, misshapen = _split_by_shape(source, records)
    text = _corrected(source, whole)
    declared, candidates = _split_declared(registry, source, text)
    parsed = _parse(registry, source, candidates)
    quarantine = pl.concat([_broken_rows(source, parsed), misshapen])
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


# --- steps --------------------------------------------------------------------------------------------------

ACCEPTED = """
    SELECT delivery_id FROM deliveries.files JOIN wanted USING (source_id) WHERE verdict = 'accepted' ORDER BY delivery_id
"""
RECORDS = """
    SELECT r.delivery_id, f.file_name, r.part, r.row_no, f.contract_version, f.header, r.cells, r.damage
    FROM deliveries.rows AS r
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
    JOIN wanted_delivery AS w USING (delivery_id)  -- n:1
    ORDER BY r.part, r.row_no
"""


def _records(con: Connection, delivery_id: str) -> pl.DataFrame:
    con.register("wanted_delivery", pl.DataFrame({"delivery_id": [delivery_id]}))
    return frame(con, RECORDS)


def _split_by_shape(source: SourceContract, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records as columns of text, in the contract's order; and the quarantine rows of those that have another shape."""
    cells, expected = pl.col("cells").list.len(), pl.col("header").list.len()
    rule = (
        pl.when(pl.col("damage").is_not_null())
        .then(pl.col("damage"))
        .when(cells < expected)
        .then(pl.lit("too_few_cells"))
        .when(cells > expected)
        .then(pl.lit("too_many_cells"))
    )
    judged = records.with_columns(rule_id=rule)
    misshapen = judged.filter(pl.col("rule_id").is_not_null()).select(
        *_provenance(source),
        "rule_id",
        pl.lit("").alias("column"),
        pl.lit(None, pl.String).alias("value_seen"),
        pl.concat_list(
            pl.struct(pl.lit("cells").alias("key"), cells.cast(pl.String).alias("value")),
            pl.struct(pl.lit("expected").alias("key"), expected.cast(pl.String).alias("value")),
        ).alias("params"),
    )
    frames = [
        group.with_columns(
            pl.col("cells").list.get(position, null_on_oob=True).alias(_word(name))
            for position, name in enumerate(header)
        ).select(*KEY, "file_name", "contract_version", *map(_word, source.columns))
        for (header,), group in judged.filter(pl.col("rule_id").is_null()).group_by("header", maintain_order=True)
    ]
    empty = pl.DataFrame(
        schema={
            **{name: records.schema[name] for name in (*KEY, "file_name", "contract_version")},
            **dict.fromkeys(map(_word, source.columns), pl.String()),
        }
    )
    return pl.concat([empty, *frames]), misshapen


def _corrected(source: SourceContract, whole: pl.DataFrame) -> pl.DataFrame:
    """Trimmed NFC text of each column beside the words as received, with the contract's corrections made."""
    text = whole.with_columns(
        pl.col(_word(name)).str.normalize("NFC").str.strip_chars().alias(_text(name)) for name in source.columns
    )
    for fix in source.corrections:
        text = text.with_columns(pl.col(_text(fix.column)).str.replace(fix.pattern, fix.becomes))
    return text


def _split_declared(
    registry: Registry, source: SourceContract, text: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records that the contract declares to be no report, and all others."""
    schema = polars_schema(registry, registry.tables["staging.declared"])
    found = [pl.DataFrame(schema=schema)]
    rest = text
    for rule in source.declared:
        matches = pl.col(_text(rule.column)) == rule.equals
        hits, rest = rest.filter(matches), rest.filter(~matches)
        stated = sums = pl.lit(None, DECIMAL)
        if rule.compare_sum is not None:
            stated = _number(pl.col(_text(rule.compare_sum.column)), source.numbers)
            sums = pl.col("sum")
            by_delivery = rest.group_by("delivery_id").agg(
                _number(pl.col(_text(rule.compare_sum.column)), source.numbers).sum().alias("sum")
            )
            hits = hits.join(by_delivery, on="delivery_id", how="left")
        found.append(
            hits.select(
                *_provenance(source),
                pl.lit(rule.id).alias("reason"),
                stated.alias("declared_value"),
                sums.alias("computed_value"),
            ).select(pl.col(name).cast(kind) for name, kind in schema.items())
        )
    return pl.concat(found), rest


def _parse(registry: Registry, source: SourceContract, text: pl.DataFrame) -> Parsed:
    """Every target of the source, parsed; and the rules that rows broke."""
    parsed = Parsed(text)
    columns = sorted(source.columns.items(), key=lambda item: item[1].to not in ("seized", "year"))
    for name, column in columns:  # dates first: lookups may depend on them
        if column.to == "seized":
            _parse_date(parsed, source, name, column)
        elif column.to == "year":
            _parse_year(parsed, source, name)
        elif column.to in ("quantity", "kg"):
            _parse_amount(parsed, source, name, column)
        elif column.to in ("lat", "lon"):
            _parse_coordinate(parsed, source, name, column)
        elif column.to in LOOKUP_TARGETS:
            _parse_code(parsed, registry, name, column)
        elif column.to is not None:
            known = pl.when(~pl.col(_text(name)).is_in(column.not_known)).then(column.prefix + pl.col(_text(name)))
            parsed.table = parsed.table.with_columns(known.alias(column.to))
    parsed.table = parsed.table.with_columns(
        pl.lit(value).alias("unit_reported" if target == "unit" else target)
        for target, value in source.constants.items()
    )
    weekday = source.column_of("weekday")
    if weekday is not None:
        disagrees = pl.col("weekday") != pl.col("seized_from").dt.weekday().cast(pl.String)
        _mark(parsed, "weekday_disagrees", weekday, disagrees)
    return parsed


def _parse_date(parsed: Parsed, source: SourceContract, name: str, column: ColumnMap) -> None:
    form, bounds = column.date_format or "", source.dates
    parsed.table = parsed.table.with_columns(seized_from=pl.col(_text(name)).str.strptime(pl.Date, form, strict=False))
    day = pl.col("seized_from")
    _mark(parsed, "missing_value", name, pl.col(_text(name)) == "")
    _mark(parsed, "not_a_date", name, day.is_null() & (pl.col(_text(name)) != ""), form=form)
    outside = ~day.is_between(bounds.earliest, bounds.latest)
    _mark(parsed, "date_out_of_bounds", name, outside, minimum=str(bounds.earliest), maximum=str(bounds.latest))


def _parse_year(parsed: Parsed, source: SourceContract, name: str) -> None:
    first, last = source.dates.earliest.year, source.dates.latest.year
    parsed.table = parsed.table.with_columns(
        year=pl.when(pl.col(_text(name)).str.contains(r"^\d{4}$")).then(
            pl.col(_text(name)).cast(pl.Int64, strict=False)
        )
    )
    _mark(parsed, "not_a_date", name, pl.col("year").is_null(), form="YYYY")
    outside = ~pl.col("year").is_between(first, last)
    _mark(parsed, "date_out_of_bounds", name, outside, minimum=str(first), maximum=str(last))


def _parse_amount(parsed: Parsed, source: SourceContract, name: str, column: ColumnMap) -> None:
    target = "kg" if column.to == "kg" else "quantity_reported"
    given = ~pl.col(_text(name)).is_in(column.not_known)
    plain = _plain(pl.col(_text(name)), source.numbers)
    parsed.table = parsed.table.with_columns(_number(pl.col(_text(name)), source.numbers).alias(target))
    form = f"{source.numbers.decimal} as decimal mark"
    _mark(parsed, "not_a_number", name, given & plain.is_null(), form=form)
    _mark(parsed, "negative_number", name, pl.col(target) < 0)
    beyond = (pl.col(target) > LARGEST_NUMBER) | (pl.col(target).is_null() & plain.is_not_null())  # no decimal holds it
    _mark(parsed, "number_out_of_bounds", name, beyond, minimum="0", maximum=str(LARGEST_NUMBER))


def _parse_coordinate(parsed: Parsed, source: SourceContract, name: str, column: ColumnMap) -> None:
    limit = 90 if column.to == "lat" else 180
    degrees = _plain(pl.col(_text(name)), source.numbers).cast(pl.Float64, strict=False)
    parsed.table = parsed.table.with_columns(
        pl.when(degrees.is_between(-limit, limit)).then(degrees).alias(str(column.to))
    )


def _parse_code(parsed: Parsed, registry: Registry, name: str, column: ColumnMap) -> None:
    """Code of a spelling. A spelling without a code breaks a rule or becomes `unmapped`, by what the target needs."""
    target = "unit_reported" if column.to == "unit" else str(column.to)
    spelling = pl.col(_text(name))
    if column.also_with is not None:
        spelling = pl.concat_str(pl.col(_text(column.also_with)), spelling, separator="|")
    empty = pl.col(_text(name)) == ""
    not_known = spelling.is_in(column.not_known)
    code = _code(spelling, registry.lookups[column.lookup or ""], parsed.table)
    parsed.table = parsed.table.with_columns(
        pl.when(~not_known).then(code).otherwise(pl.lit(column.not_known_code, pl.String)).alias(target),
        pl.when(~not_known & ~empty & code.is_null()).then(spelling).alias(_unmapped(name)),
        (not_known | empty).alias(_unknown(name)),
    )
    unmapped = pl.col(_unmapped(name)).is_not_null()
    if column.to in QUARANTINES:
        _mark(parsed, "missing_value", name, pl.col(target).is_null() & empty)
        _mark(parsed, "unknown_code", name, unmapped)
    else:
        kept = pl.when(unmapped).then(pl.lit(UNMAPPED)).otherwise(pl.col(target))
        parsed.table = parsed.table.with_columns(kept.alias(target))


def _code(spelling: pl.Expr, lookup: Sequence[LookupRow], table: pl.DataFrame) -> pl.Expr:
    """The code that a spelling has on the row's date."""
    always = {row.value: row.code for row in lookup if row.valid_from is None and row.valid_to is None}
    code = spelling.replace_strict(always, default=None, return_dtype=pl.String)
    day = pl.col("seized_from") if "seized_from" in table.columns else pl.date(pl.col("year"), 7, 1)
    day = day.fill_null(date.max)  # a row without a date breaks the date's rule, not this one
    for row in lookup:
        if row.value not in always:
            holds = spelling == row.value
            holds = holds & (day >= row.valid_from) if row.valid_from else holds
            holds = holds & (day <= row.valid_to) if row.valid_to else holds
            code = pl.when(holds).then(pl.lit(row.code)).otherwise(code)
    return code


# --- tables -------------------------------------------------------------------------------------------------


def _write(home: Home, registry: Registry, source: SourceContract, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    con = connect(home, registry)
    con.register("parsed", tables["staging.reports"])
    con.register("mapped", tables["staging.mappings"])
    con.register("unmapped", tables["staging.unmapped"])
    queries = {
        "staging.reports": _reports_query(registry, source),
        "staging.mappings": MAPPINGS,
        "staging.unmapped": UNMAPPED_VALUES,
    }
    partition = source.source
    return {
        name: write_query(con, home, registry, name, queries[name], partition=partition)
        if name in queries
        else write_frame(con, home, registry, name, table, partition=partition)
        for name, table in tables.items()
    }


MAPPINGS = """
    SELECT
        source_id, "column", target,
        sum(n_given) AS n_given,
        sum(n_given - n_unmapped) AS n_mapped,
        sum(n_unmapped) AS n_unmapped,
        sum(n_not_known) AS n_not_known,
        CASE WHEN sum(n_given) = 0 THEN 1 ELSE sum(n_given - n_unmapped) / sum(n_given) END AS share_mapped
    FROM mapped GROUP BY source_id, "column", target
"""
UNMAPPED_VALUES = """
    SELECT source_id, "column", value, sum(n_rows) AS n_rows FROM unmapped GROUP BY source_id, "column", value
"""


def _reports(registry: Registry, source: SourceContract, staged: pl.DataFrame) -> pl.DataFrame:
    """The parsed targets, the words as received, and what the seizure's identity is made of."""
    schema = polars_schema(registry, registry.tables["staging.reports"])
    made_by_query = {"seizure_id", "words"}
    words = [_word(name) for name, column in source.columns.items() if column.to is not None]
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
        *(pl.col(_word(name)).str.normalize("NFC").str.strip_chars() for name in source.columns),
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
    words = ", ".join(f"{literal(name)}: {quoted(_word(name))}" for name in names)
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


def _broken_rows(source: SourceContract, parsed: Parsed) -> pl.DataFrame:
    """One row for each rule that a record broke."""
    frames = [
        parsed.table.filter(pl.col(broken.mask)).select(
            *_provenance(source),
            pl.lit(broken.rule_id).alias("rule_id"),
            pl.lit(broken.column).alias("column"),
            pl.col(_word(broken.column)).str.slice(0, VALUE_LENGTH).alias("value_seen"),
            _params(("column", broken.column), *broken.params),
        )
        for broken in parsed.broken
    ]
    empty = parsed.table.clear().select(
        *_provenance(source),
        pl.lit("").alias("rule_id"),
        pl.lit("").alias("column"),
        pl.lit(None, pl.String).alias("value_seen"),
        _params(("column", "")),
    )
    return pl.concat([empty, *frames])


def _mappings(source: SourceContract, table: pl.DataFrame) -> pl.DataFrame:
    """How much of each looked-up column has a code, over all records that are reports."""
    counts = []
    for name, column in source.columns.items():
        if column.to in LOOKUP_TARGETS:
            not_known = int(table[_unknown(name)].sum())
            unmapped = table.height - table[_unmapped(name)].null_count()
            counts.append((source.source, name, str(column.to), table.height - not_known, unmapped, not_known))
    names = dict.fromkeys(("source_id", "column", "target"), pl.String())
    return pl.DataFrame(
        counts, schema={**names, **dict.fromkeys(("n_given", "n_unmapped", "n_not_known"), pl.Int64())}, orient="row"
    )


def _unmapped_values(registry: Registry, source: SourceContract, table: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables["staging.unmapped"])
    frames = [
        table.filter(pl.col(_unmapped(name)).is_not_null())
        .group_by(pl.col(_unmapped(name)).alias("value"))
        .agg(pl.len().cast(pl.Int64).alias("n_rows"))
        .select(pl.lit(source.source).alias("source_id"), pl.lit(name).alias("column"), "value", "n_rows")
        for name, column in source.columns.items()
        if column.to in LOOKUP_TARGETS
    ]
    return pl.concat([pl.DataFrame(schema=schema), *frames])


# --- small parts --------------------------------------------------------------------------------------------


def _mark(parsed: Parsed, rule_id: str, column: str, breaks: pl.Expr, **params: str) -> None:
    mask = f"broken:{rule_id}:{column}"
    parsed.table = parsed.table.with_columns(breaks.fill_null(False).alias(mask))
    parsed.broken.append(Broken(rule_id, column, mask, tuple(params.items())))


def _number(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """Decimal number of a text under the publisher's marks; null where it is none."""
    return _plain(text, form).cast(DECIMAL, strict=False)


def _plain(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """A number's text with a point as decimal mark and no thousands mark; null where it is no number."""
    plain = text.str.replace_all(form.thousands, "", literal=True) if form.thousands else text
    if form.decimal != ".":
        # a point is no decimal mark here: taking it for one would make grams of kilograms
        plain = pl.when(~plain.str.contains(".", literal=True)).then(plain.str.replace(form.decimal, ".", literal=True))
    return pl.when(plain.str.contains(NUMBER)).then(plain)


def _params(*pairs: tuple[str, str]) -> pl.Expr:
    structs = [pl.struct(pl.lit(key).alias("key"), pl.lit(value).alias("value")) for key, value in pairs]
    return pl.concat_list(structs).alias("params")


def _provenance(source: SourceContract) -> tuple[pl.Expr | str, ...]:
    return (pl.lit(source.source).alias("source_id"), "delivery_id", "file_name", "part", "row_no", "contract_version")


def _word(column: str) -> str:
    """Frame column that holds the words as received."""
    return f"word:{column}"


def _text(column: str) -> str:
    """Frame column that holds the trimmed, corrected text."""
    return f"text:{column}"


def _unmapped(column: str) -> str:
    """Frame column that holds the spellings without a code."""
    return f"unmapped:{column}"


def _unknown(column: str) -> str:
    """Frame column that marks the rows in which the column says that nothing is known, or nothing at all."""
    return f"unknown:{column}"
