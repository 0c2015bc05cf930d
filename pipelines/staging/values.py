"""Values of a record: text to dates, numbers and codes as the contract says, and the rules that rows broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.staging.records import number, params_of, plain, provenance, text_of, word
from schemas.contracts import LOOKUP_TARGETS, ColumnMap, SourceContract
from schemas.registry import LookupRow, Registry

UNMAPPED = "unmapped"
VALUE_LENGTH = 80
LARGEST_NUMBER = 999_999_999
"""Beyond a thousand million of any unit; a tonne of it still fits the kilogram columns."""
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


def parse_values(registry: Registry, source: SourceContract, text: pl.DataFrame) -> Parsed:
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
            known = pl.when(~pl.col(text_of(name)).is_in(column.not_known)).then(column.prefix + pl.col(text_of(name)))
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
    parsed.table = parsed.table.with_columns(
        seized_from=pl.col(text_of(name)).str.strptime(pl.Date, form, strict=False)
    )
    day = pl.col("seized_from")
    _mark(parsed, "missing_value", name, pl.col(text_of(name)) == "")
    _mark(parsed, "not_a_date", name, day.is_null() & (pl.col(text_of(name)) != ""), form=form)
    outside = ~day.is_between(bounds.earliest, bounds.latest)
    _mark(parsed, "date_out_of_bounds", name, outside, minimum=str(bounds.earliest), maximum=str(bounds.latest))


def _parse_year(parsed: Parsed, source: SourceContract, name: str) -> None:
    first, last = source.dates.earliest.year, source.dates.latest.year
    parsed.table = parsed.table.with_columns(
        year=pl.when(pl.col(text_of(name)).str.contains(r"^\d{4}$")).then(
            pl.col(text_of(name)).cast(pl.Int64, strict=False)
        )
    )
    _mark(parsed, "not_a_date", name, pl.col("year").is_null(), form="YYYY")
    outside = ~pl.col("year").is_between(first, last)
    _mark(parsed, "date_out_of_bounds", name, outside, minimum=str(first), maximum=str(last))


def _parse_amount(parsed: Parsed, source: SourceContract, name: str, column: ColumnMap) -> None:
    target = "kg" if column.to == "kg" else "quantity_reported"
    given = ~pl.col(text_of(name)).is_in(column.not_known)
    digits = plain(pl.col(text_of(name)), source.numbers)
    parsed.table = parsed.table.with_columns(number(pl.col(text_of(name)), source.numbers).alias(target))
    form = f"{source.numbers.decimal} as decimal mark"
    _mark(parsed, "not_a_number", name, given & digits.is_null(), form=form)
    _mark(parsed, "negative_number", name, pl.col(target) < 0)
    beyond = (pl.col(target) > LARGEST_NUMBER) | (
        pl.col(target).is_null() & digits.is_not_null()
    )  # no decimal holds it
    _mark(parsed, "number_out_of_bounds", name, beyond, minimum="0", maximum=str(LARGEST_NUMBER))


def _parse_coordinate(parsed: Parsed, source: SourceContract, name: str, column: ColumnMap) -> None:
    limit = 90 if column.to == "lat" else 180
    degrees = plain(pl.col(text_of(name)), source.numbers).cast(pl.Float64, strict=False)
    parsed.table = parsed.table.with_columns(
        pl.when(degrees.is_between(-limit, limit)).then(degrees).alias(str(column.to))
    )


def _parse_code(parsed: Parsed, registry: Registry, name: str, column: ColumnMap) -> None:
    """Code of a spelling. A spelling without a code breaks a rule or becomes `unmapped`, by what the target needs."""
    target = "unit_reported" if column.to == "unit" else str(column.to)
    spelling = pl.col(text_of(name))
    if column.also_with is not None:
        spelling = pl.concat_str(pl.col(text_of(column.also_with)), spelling, separator="|")
    empty = pl.col(text_of(name)) == ""
    not_known = spelling.is_in(column.not_known)
    code = _code(spelling, registry.lookups[column.lookup or ""], parsed.table)
    parsed.table = parsed.table.with_columns(
        pl.when(~not_known).then(code).otherwise(pl.lit(column.not_known_code, pl.String)).alias(target),
        pl.when(~not_known & ~empty & code.is_null()).then(spelling).alias(unmapped_in(name)),
        (not_known | empty).alias(unknown_in(name)),
    )
    unmapped = pl.col(unmapped_in(name)).is_not_null()
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


def broken_rows(source: SourceContract, parsed: Parsed) -> pl.DataFrame:
    """One row for each rule that a record broke."""
    frames = [
        parsed.table.filter(pl.col(broken.mask)).select(
            *provenance(source),
            pl.lit(broken.rule_id).alias("rule_id"),
            pl.lit(broken.column).alias("column"),
            pl.col(word(broken.column)).str.slice(0, VALUE_LENGTH).alias("value_seen"),
            params_of(("column", broken.column), *broken.params),
        )
        for broken in parsed.broken
    ]
    empty = parsed.table.clear().select(
        *provenance(source),
        pl.lit("").alias("rule_id"),
        pl.lit("").alias("column"),
        pl.lit(None, pl.String).alias("value_seen"),
        params_of(("column", "")),
    )
    return pl.concat([empty, *frames])


def _mark(parsed: Parsed, rule_id: str, column: str, breaks: pl.Expr, **params: str) -> None:
    mask = f"broken:{rule_id}:{column}"
    parsed.table = parsed.table.with_columns(breaks.fill_null(False).alias(mask))
    parsed.broken.append(Broken(rule_id, column, mask, tuple(params.items())))


def unmapped_in(column: str) -> str:
    """Frame column that holds the spellings without a code."""
    return f"unmapped:{column}"


def unknown_in(column: str) -> str:
    """Frame column that marks the rows in which the column says that nothing is known, or nothing at all."""
    return f"unknown:{column}"
