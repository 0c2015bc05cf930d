"""Records as trimmed, corrected text: those of another shape, and those that are declared to be no report, apart.

Belongs here: what is done to text before anything is known of its meaning. Does not belong here: dates, numbers and
codes (`values`).
"""

from __future__ import annotations

import polars as pl

from pipelines.forms import DECIMAL, declares, number, plain_text
from schemas.contracts import PART, SourceContract
from schemas.registry import Registry
from schemas.render import polars_schema

KEY = ("delivery_id", "part", "row_no")


def split_by_shape(source: SourceContract, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
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
        *provenance(source),
        "rule_id",
        pl.lit("").alias("column"),
        pl.lit(None, pl.String).alias("value_seen"),
        pl.concat_list(
            pl.struct(pl.lit("cells").alias("key"), cells.cast(pl.String).alias("value")),
            pl.struct(pl.lit("expected").alias("key"), expected.cast(pl.String).alias("value")),
        ).alias("params"),
    )
    names = _columns(source)
    frames = [
        group.with_columns(
            pl.col("cells").list.get(header.index(name), null_on_oob=True).alias(word(name))
            if name in header
            else (pl.col("part") if name == PART else pl.lit("")).alias(word(name))
            for name in names
        ).select(*KEY, "file_name", "contract_version", *map(word, names))
        for (header,), group in judged.filter(pl.col("rule_id").is_null()).group_by("header", maintain_order=True)
    ]
    empty = pl.DataFrame(
        schema={
            **{name: records.schema[name] for name in (*KEY, "file_name", "contract_version")},
            **dict.fromkeys(map(word, names), pl.String()),
        }
    )
    return pl.concat([empty, *frames]), misshapen


def corrected(source: SourceContract, whole: pl.DataFrame) -> pl.DataFrame:
    """Plain text of each column beside the words as received, with the contract's corrections made."""
    text = whole.with_columns(plain_text(pl.col(word(name))).alias(text_of(name)) for name in _columns(source))
    filled = [name for name, column in source.all_columns.items() if column.fill_down]
    # a record that could not be read may have held the value: nothing is carried over it
    unbroken = ((pl.col("row_no").diff() != 1).fill_null(True) | (pl.col("part") != pl.col("part").shift())).cum_sum()
    text = text.with_columns(
        pl.when(pl.col(text_of(name)) != "")
        .then(pl.col(text_of(name)))
        .forward_fill()
        .over("part", unbroken.alias("unbroken"))
        .fill_null("")
        .alias(text_of(name))
        for name in filled
    )
    for fix in source.corrections:
        text = text.with_columns(pl.col(text_of(fix.column)).str.replace(fix.pattern, fix.becomes))
    return text


def split_declared(registry: Registry, source: SourceContract, text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records that the contract declares to be no report, and all others."""
    schema = polars_schema(registry, registry.tables["staging.declared"])
    found = [pl.DataFrame(schema=schema)]
    rest = text
    for rule in source.declared:
        matches = declares(pl.col(text_of(rule.column)), rule)
        hits, rest = rest.filter(matches), rest.filter(~matches)
        stated = sums = pl.lit(None, DECIMAL)
        if rule.compare_sum is not None:
            summed = rule.compare_sum.column
            stated = number(pl.col(text_of(summed)), source.all_columns[summed].numbers or source.numbers)
            sums = pl.col("sum")
            # of the rows of its own part, those included that are declared for another reason
            by_part = text.filter(~matches).group_by("delivery_id", "part").agg(stated.sum().alias("sum"))
            hits = hits.join(by_part, on=["delivery_id", "part"], how="left")
        found.append(declared_rows(registry, source, hits, rule.id, stated, sums))
    return pl.concat(found), rest


def declared_rows(
    registry: Registry,
    source: SourceContract,
    records: pl.DataFrame,
    reason: str,
    stated: pl.Expr | None = None,
    computed: pl.Expr | None = None,
) -> pl.DataFrame:
    """Rows of `staging.declared` for records that are no report."""
    schema = polars_schema(registry, registry.tables["staging.declared"])
    missing = pl.lit(None, DECIMAL)
    return records.select(
        *provenance(source),
        pl.lit(reason).alias("reason"),
        (missing if stated is None else stated).alias("declared_value"),
        (missing if computed is None else computed).alias("computed_value"),
    ).select(pl.col(name).cast(kind) for name, kind in schema.items())


def params_of(*pairs: tuple[str, str]) -> pl.Expr:
    structs = [pl.struct(pl.lit(key).alias("key"), pl.lit(value).alias("value")) for key, value in pairs]
    return pl.concat_list(structs).alias("params")


def provenance(source: SourceContract) -> tuple[pl.Expr | str, ...]:
    return (pl.lit(source.source).alias("source_id"), "delivery_id", "file_name", "part", "row_no", "contract_version")


def word(column: str) -> str:
    """Frame column that holds the words as received."""
    return f"word:{column}"


def text_of(column: str) -> str:
    """Frame column that holds the plain, corrected text."""
    return f"text:{column}"


def _columns(source: SourceContract) -> list[str]:
    """The contract's columns, and the part where the contract reads it."""
    return list(dict.fromkeys([*source.all_columns, *({PART} & source.read_elsewhere)]))
