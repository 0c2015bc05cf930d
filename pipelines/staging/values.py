"""Values of a record: text to dates, numbers and codes as the contract says, and the rules that rows broke.

Belongs here: one function for each kind of target. Does not belong here: how a form is read (`forms`), or what becomes
of the rows (`make`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import polars as pl

from pipelines.forms import (
    DateForm,
    dates,
    latitude,
    longitude,
    number,
    number_part,
    plain_number,
    position,
    unit_part,
)
from pipelines.staging.records import params_of, provenance, text_of, word
from schemas.contracts import (
    COORDINATE_TARGETS,
    DATE_TARGETS,
    LEG_TARGETS,
    LOOKUP_TARGETS,
    ColumnMap,
    SourceContract,
)
from schemas.registry import LookupRow, Registry

UNMAPPED = "unmapped"
VALUE_LENGTH = 80
LARGEST_NUMBER = 999_999_999
"""Beyond a thousand million of any unit; a tonne of it still fits the kilogram columns."""
LARGEST_SUM = 99_999_999_999
"""Of money, which is not weighed: a thousand million Colombian pesos fit into a suitcase."""
LARGEST_WEIGHT_KG = 1_000_000_000
QUARANTINES = frozenset({"reporter", "commodity", "unit", "currency", "weekday", "stage", "stage_state"})
"""Coded targets whose value, where it is not understood, quarantines the row; others keep it as `unmapped`."""
NUMBER_TARGETS: Mapping[str, str] = {
    "quantity": "quantity_reported", "kg": "kg", "n_events": "n_events", "hectares": "hectares", "proceeds": "proceeds",
    "persons_f": "persons_f", "persons_m": "persons_m", "persons_x": "persons_x", "persons_unknown": "persons_unknown",
}  # fmt: skip
OUTCOMES = frozenset({"stage", "stage_date"})
"""What a row of seizures may say of the case, and a row of outcomes must."""
WHOLE_NUMBERS = frozenset({"n_events", "persons_f", "persons_m", "persons_x", "persons_unknown"})
NEEDED_NUMBERS = frozenset({"kg", "hectares"})
"""Numbers without which a row says nothing: the empty cell breaks the rule too, unless the contract declares it."""
STAGED_NAMES: Mapping[str, str] = {
    "unit": "unit_reported", "case_id": "case_key", "seizure_ref": "seizure_key", "agency": "agency_id",
    "origin": "origins", "departure": "departures", "transit": "transits", "destination": "destinations",
}  # fmt: skip
"""Targets that stand under another name once they are parsed."""


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
class Mapped:
    """One of a source's columns, and where its codes are found."""

    registry: Registry
    source: SourceContract
    name: str
    column: ColumnMap


def parse_values(registry: Registry, source: SourceContract, text: pl.DataFrame) -> Parsed:
    """Every target of the source, parsed; and the rules that rows broke."""
    parsed = Parsed(text)
    columns = sorted(source.columns.items(), key=lambda item: item[1].to not in (*DATE_TARGETS, "year"))
    for name, column in columns:  # dates first: lookups may depend on them
        if column.to is not None:
            _parser(column)(parsed, Mapped(registry, source, name, column))
    _set_constants(parsed, source)
    _check_weight(parsed, registry, source)
    weekday = source.column_of("weekday")
    if weekday is not None:
        disagrees = pl.col("weekday") != pl.col("seized_from").dt.weekday().cast(pl.String)
        _mark(parsed, "weekday_disagrees", weekday, disagrees)
    return parsed


def _check_weight(parsed: Parsed, registry: Registry, source: SourceContract) -> None:
    """A weight beyond a million tonnes is a slip or a sign for "not known"; sums of such would overflow."""
    name = source.column_of("quantity") or source.column_of("quantity_with_unit")
    if name is None or "unit_reported" not in parsed.table.columns:
        return
    in_kg = {row["code"]: row["exact_factor"] for row in registry.codes["units"].rows if row["dimension"] == "mass"}
    factor = pl.col("unit_reported").replace_strict(in_kg, default="0", return_dtype=pl.String).cast(pl.Float64)
    beyond = pl.col("quantity_reported").cast(pl.Float64) * factor > LARGEST_WEIGHT_KG
    _mark(parsed, "weight_out_of_bounds", name, beyond, maximum=f"{LARGEST_WEIGHT_KG} kg")


def _parser(column: ColumnMap) -> Callable[[Parsed, Mapped], None]:
    return next((parser for targets, parser in PARSERS if column.to in targets), _parse_text)


def _set_constants(parsed: Parsed, source: SourceContract) -> None:
    for target, value in source.constants.items():
        if target == "year":
            first = pl.date(int(value), 1, 1)
            _set_period(parsed, first, pl.date(int(value), 12, 31), pl.lit("year"), DateForm(["%Y"], ("en",)))
        elif target in LEG_TARGETS:
            parsed.table = parsed.table.with_columns(pl.concat_list(pl.lit(value)).alias(STAGED_NAMES[target]))
        elif target in WHOLE_NUMBERS or target in NUMBER_TARGETS:
            parsed.table = parsed.table.with_columns(
                pl.lit(value).cast(pl.Decimal(18, 6)).alias(NUMBER_TARGETS[target])
            )
        else:
            parsed.table = parsed.table.with_columns(pl.lit(value).alias(STAGED_NAMES.get(target, target)))


# --- one target each ----------------------------------------------------------------------------------------


def _parse_date(parsed: Parsed, mapped: Mapped) -> None:
    source, name, column = mapped.source, mapped.name, mapped.column
    written = DateForm(
        column.date_format or ["%Y"], tuple(column.month_names or [source.language]), column.fiscal_year_from_month
    )
    empty = (pl.col(text_of(name)) == "") | pl.col(text_of(name)).is_in(column.not_known)
    stated = _joined(name, column)
    first, last, precision = dates(stated, written)
    if column.to == "stage_date":
        parsed.table = parsed.table.with_columns(first.alias("stage_date"), precision.alias("stage_date_precision"))
        day = pl.col("stage_date")
    elif column.to == "seized":
        parsed.table = parsed.table.with_columns(
            first.alias("seized_from"), last.alias("seized_to"), precision.alias("date_precision")
        )
        day = pl.col("seized_from")
    else:
        _set_period(parsed, first, last, precision, written)
        day = pl.col("period_start")
    bounds = source.dates
    if _needed(source, column):
        _mark(parsed, "missing_value", name, empty)
    _mark(parsed, "not_a_date", name, day.is_null() & ~empty, form=" | ".join(written.patterns))
    outside = ~day.is_between(bounds.earliest, bounds.latest)
    _mark(parsed, "date_out_of_bounds", name, outside, minimum=str(bounds.earliest), maximum=str(bounds.latest))


def _set_period(parsed: Parsed, first: pl.Expr, last: pl.Expr, precision: pl.Expr, written: DateForm) -> None:
    """Period and its kind; the year of a fiscal year is the one in which it ends, as publishers name it."""
    kind = pl.when(precision == "year").then(pl.lit("fiscal_year")).otherwise(precision)
    parsed.table = parsed.table.with_columns(
        first.alias("period_start"),
        last.alias("period_end"),
        (kind if written.fiscal_year_from_month else precision).alias("period_type"),
        last.dt.year().cast(pl.Int64).alias("year"),
    )


def _parse_number(parsed: Parsed, mapped: Mapped) -> None:
    _set_number(parsed, mapped, pl.col(text_of(mapped.name)))


def _set_number(parsed: Parsed, mapped: Mapped, text: pl.Expr) -> None:
    source, name, column = mapped.source, mapped.name, mapped.column
    marks = column.numbers or source.numbers
    target = NUMBER_TARGETS.get(str(column.to), "quantity_reported")
    given = ~pl.col(text_of(name)).is_in(column.not_known)
    digits = plain_number(text, marks)
    parsed.table = parsed.table.with_columns(pl.when(given).then(number(text, marks)).alias(target))
    form = f"1{marks.thousands}234{marks.decimal}5"
    _mark(parsed, "not_a_number", name, given & digits.is_null(), form=form)
    _mark(parsed, "negative_number", name, pl.col(target) < 0)
    if column.to in WHOLE_NUMBERS:
        _mark(parsed, "not_a_whole_number", name, pl.col(target) != pl.col(target).cast(pl.Int64, strict=False))
    if column.to in NEEDED_NUMBERS:
        _mark(parsed, "missing_value", name, ~given)
    is_money = column.to == "proceeds" or source.constants.get("unit") == "currency_unit"
    largest = LARGEST_SUM if is_money else LARGEST_NUMBER
    beyond = (pl.col(target) > largest) | (given & pl.col(target).is_null() & digits.is_not_null())
    _mark(parsed, "number_out_of_bounds", name, beyond, minimum="0", maximum=str(largest))


def _parse_quantity_with_unit(parsed: Parsed, mapped: Mapped) -> None:
    """The number in front and the unit behind; a number alone has the unit that the contract gives for none."""
    registry, name, column = mapped.registry, mapped.name, mapped.column
    text = pl.col(text_of(name))
    _set_number(parsed, mapped, number_part(text))
    given = ~text.is_in(column.not_known)
    unit = pl.when(given).then(unit_part(text)).otherwise(pl.lit(""))
    code = _code(unit, registry.lookups[column.unit_lookup or ""], parsed.table)
    unknown = ~given | (unit == "")
    parsed.table = parsed.table.with_columns(
        pl.when(unknown & code.is_null())
        .then(pl.lit(column.not_known_code, pl.String))
        .otherwise(code)
        .alias("unit_reported"),
        pl.when(~unknown & code.is_null()).then(unit).alias(unmapped_in(name)),
        unknown.alias(unknown_in(name)),
    )
    _mark(parsed, "missing_unit", name, unknown & pl.col("unit_reported").is_null())
    _mark(parsed, "unknown_code", name, pl.col(unmapped_in(name)).is_not_null())


def _parse_coordinate(parsed: Parsed, mapped: Mapped) -> None:
    source, name, column = mapped.source, mapped.name, mapped.column
    text, marks = pl.col(text_of(name)), column.numbers or source.numbers
    given = (text != "") & ~text.is_in(column.not_known)
    if column.to == "position":
        lat, lon = position(text, column.coordinates, marks, source.language)
        found = {"lat": lat, "lon": lon}
    elif column.to == "lat":
        found = {"lat": latitude(text, column.coordinates, marks)}
    else:
        found = {"lon": longitude(text, column.coordinates, marks, source.language)}
    both = pl.all_horizontal(value.is_not_null() for value in found.values())
    parsed.table = parsed.table.with_columns(pl.when(given & both).then(value).alias(k) for k, value in found.items())
    unread = given & pl.col(next(iter(found))).is_null()
    parsed.table = parsed.table.with_columns(
        pl.when(unread).then(text).alias(unmapped_in(name)), (~given).alias(unknown_in(name))
    )


def _parse_leg(parsed: Parsed, mapped: Mapped) -> None:
    """The areas of a leg, as a list: a cell may name several where the contract says how they are split."""
    name, column = mapped.name, mapped.column
    target = STAGED_NAMES[str(column.to)]
    if column.split is None:
        _parse_code(parsed, mapped)
        area = pl.col(target)
        parsed.table = parsed.table.with_columns(pl.when(area.is_not_null()).then(pl.concat_list(area)).alias(target))
        return
    cells = (
        parsed.table.with_row_index("record")
        .with_columns(pl.col(text_of(name)).str.split(column.split).alias(text_of(name)))
        .explode(text_of(name), empty_as_null=True)
        .with_columns(pl.col(text_of(name)).fill_null("").str.strip_chars())
    )
    single = Parsed(cells)
    _parse_code(single, mapped)
    together = (
        single.table.group_by("record", maintain_order=True)
        .agg(
            pl.col(target).drop_nulls().unique(maintain_order=True),
            pl.col(unmapped_in(name)).drop_nulls().str.join(column.split),
            pl.col(unknown_in(name)).all(),
        )
        .drop("record")
    )
    parsed.table = parsed.table.hstack(
        together.with_columns(
            pl.when(pl.col(target).list.len() > 0).then(pl.col(target)).alias(target),
            pl.when(pl.col(unmapped_in(name)) != "").then(pl.col(unmapped_in(name))).alias(unmapped_in(name)),
        )
    )


def _parse_code(parsed: Parsed, mapped: Mapped) -> None:
    """Code of a spelling. A spelling without a code breaks a rule or becomes `unmapped`, by what the target needs."""
    registry, source, name, column = mapped.registry, mapped.source, mapped.name, mapped.column
    target = STAGED_NAMES.get(str(column.to), str(column.to))
    spelling = _joined(name, column)
    empty = pl.col(text_of(name)) == ""
    not_known = spelling.is_in(column.not_known)
    code = _code(_lookup_key(spelling, column), registry.lookup_of(column), parsed.table)
    parsed.table = parsed.table.with_columns(
        pl.when(~not_known).then(code).otherwise(pl.lit(column.not_known_code, pl.String)).alias(target),
        pl.when(~not_known & ~empty & code.is_null()).then(spelling).alias(unmapped_in(name)),
        (not_known | (empty & code.is_null())).alias(unknown_in(name)),
    )
    unmapped = pl.col(unmapped_in(name)).is_not_null()
    if column.to in QUARANTINES:
        if _needed(source, column):
            _mark(parsed, "missing_value", name, pl.col(target).is_null() & empty)
        _mark(parsed, "unknown_code", name, unmapped)
    else:
        kept = pl.when(unmapped).then(pl.lit(UNMAPPED)).otherwise(pl.col(target))
        parsed.table = parsed.table.with_columns(kept.alias(target))


def _parse_text(parsed: Parsed, mapped: Mapped) -> None:
    source, name, column = mapped.source, mapped.name, mapped.column
    target = STAGED_NAMES.get(str(column.to), str(column.to))
    text = pl.col(text_of(name))
    known = pl.when(~text.is_in(column.not_known) & (text != "")).then(column.prefix + text)
    parsed.table = parsed.table.with_columns(known.alias(target))
    if source.kind == "outcomes" and column.to == "case_id":
        _mark(parsed, "missing_value", name, pl.col(target).is_null())


PARSERS: tuple[tuple[frozenset[str], Callable[[Parsed, Mapped], None]], ...] = (
    (DATE_TARGETS | {"year"}, _parse_date),
    (frozenset({"quantity_with_unit"}), _parse_quantity_with_unit),
    (frozenset(NUMBER_TARGETS), _parse_number),
    (COORDINATE_TARGETS, _parse_coordinate),
    (frozenset(LEG_TARGETS), _parse_leg),
    (LOOKUP_TARGETS, _parse_code),
)
"""What reads which targets; all others are text. A leg is looked up too, so it stands before the lookups."""


# --- what they share ----------------------------------------------------------------------------------------


def _joined(name: str, column: ColumnMap) -> pl.Expr:
    """The text that is read: the column's own, with that of a second column in front where the contract says so."""
    if column.also_with is None:
        return pl.col(text_of(name))
    return pl.concat_str(pl.col(text_of(column.also_with)), pl.col(text_of(name)), separator="|")


def _needed(source: SourceContract, column: ColumnMap) -> bool:
    """Whether an empty cell holds its row back: what became of a seizure need not be known yet."""
    return source.kind == "outcomes" or column.to not in OUTCOMES


def _lookup_key(spelling: pl.Expr, column: ColumnMap) -> pl.Expr:
    """What a built-in lookup looks up: codes in capitals, the country of a seaport, the code before a label."""
    if column.lookup == "@locode":
        # five letters are no seaport: PARIS does not lie in Panama
        return pl.when(spelling.str.to_uppercase().is_in(_seaports())).then(spelling.str.slice(0, 2).str.to_uppercase())
    if column.lookup == "@code":
        return spelling.str.split(" · ").list.first()
    return spelling.str.to_uppercase() if (column.lookup or "").startswith("@") else spelling


@cache
def _seaports() -> list[str]:
    """UN/LOCODE of the seaports that are known; it takes a third of a second to read them."""
    from searoute.data.ports_dict import node_list

    return sorted({str(port["port"]) for port in node_list.values() if port.get("port")})


def _code(spelling: pl.Expr, lookup: tuple[LookupRow, ...], table: pl.DataFrame) -> pl.Expr:
    """The code that a spelling has on the row's date."""
    always = {row.value: row.code for row in lookup if row.valid_from is None and row.valid_to is None}
    code = spelling.replace_strict(always, default=None, return_dtype=pl.String)
    stated = next((name for name in ("seized_from", "period_start", "stage_date") if name in table.columns), None)
    day = pl.col(stated) if stated else pl.lit(None, pl.Date)
    # the middle of a year that is stated as such; a row without a date breaks the date's rule, not this one
    day = (day.dt.offset_by("6mo") if stated == "period_start" else day).fill_null(date.max)
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
            _value_seen(source, broken.column).alias("value_seen"),
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


def _value_seen(source: SourceContract, column: str) -> pl.Expr:
    """The words of a broken cell; not those of an identifier that is kept as a key alone."""
    if source.columns[column].is_keyed:
        return pl.lit(None, pl.String)
    return pl.col(word(column)).str.slice(0, VALUE_LENGTH)


def _mark(parsed: Parsed, rule_id: str, column: str, breaks: pl.Expr, **params: str) -> None:
    mask = f"broken:{rule_id}:{column}"
    parsed.table = parsed.table.with_columns(breaks.fill_null(False).alias(mask))
    parsed.broken.append(Broken(rule_id, column, mask, tuple(params.items())))


def coded_columns(source: SourceContract) -> list[tuple[str, str]]:
    """The columns of a source whose values may stay without a meaning, each with its target."""
    return [
        (name, "unit" if column.to == "quantity_with_unit" else str(column.to))
        for name, column in source.columns.items()
        if column.to in LOOKUP_TARGETS | COORDINATE_TARGETS | {"quantity_with_unit"}
    ]


def unmapped_in(column: str) -> str:
    """Frame column that holds the spellings without a code."""
    return f"unmapped:{column}"


def unknown_in(column: str) -> str:
    """Frame column that marks the rows in which the column says that nothing is known, or nothing at all."""
    return f"unknown:{column}"
