"""Records as trimmed, corrected text: those of another shape, and those that are declared to be no report, apart."""

from __future__ import annotations

import polars as pl

from schemas.contracts import NumberFormat, SourceContract
from schemas.registry import Registry
from schemas.render import polars_schema

KEY = ("delivery_id", "part", "row_no")
NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
DECIMAL = pl.Decimal(18, 6)


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
    frames = [
        group.with_columns(
            pl.col("cells").list.get(position, null_on_oob=True).alias(word(name))
            for position, name in enumerate(header)
        ).select(*KEY, "file_name", "contract_version", *map(word, source.columns))
        for (header,), group in judged.filter(pl.col("rule_id").is_null()).group_by("header", maintain_order=True)
    ]
    empty = pl.DataFrame(
        schema={
            **{name: records.schema[name] for name in (*KEY, "file_name", "contract_version")},
            **dict.fromkeys(map(word, source.columns), pl.String()),
        }
    )
    return pl.concat([empty, *frames]), misshapen


def corrected(source: SourceContract, whole: pl.DataFrame) -> pl.DataFrame:
    """Trimmed NFC text of each column beside the words as received, with the contract's corrections made."""
    text = whole.with_columns(
        pl.col(word(name)).str.normalize("NFC").str.strip_chars().alias(text_of(name)) for name in source.columns
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
        matches = pl.col(text_of(rule.column)) == rule.equals
        hits, rest = rest.filter(matches), rest.filter(~matches)
        stated = sums = pl.lit(None, DECIMAL)
        if rule.compare_sum is not None:
            stated = number(pl.col(text_of(rule.compare_sum.column)), source.numbers)
            sums = pl.col("sum")
            by_delivery = rest.group_by("delivery_id").agg(
                number(pl.col(text_of(rule.compare_sum.column)), source.numbers).sum().alias("sum")
            )
            hits = hits.join(by_delivery, on="delivery_id", how="left")
        found.append(
            hits.select(
                *provenance(source),
                pl.lit(rule.id).alias("reason"),
                stated.alias("declared_value"),
                sums.alias("computed_value"),
            ).select(pl.col(name).cast(kind) for name, kind in schema.items())
        )
    return pl.concat(found), rest


def number(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """Decimal number of a text under the publisher's marks; null where it is none."""
    return plain(text, form).cast(DECIMAL, strict=False)


def plain(text: pl.Expr, form: NumberFormat) -> pl.Expr:
    """A number's text with a point as decimal mark and no thousands mark; null where it is no number."""
    plain = text.str.replace_all(form.thousands, "", literal=True) if form.thousands else text
    if form.decimal != ".":
        # a point is no decimal mark here: taking it for one would make grams of kilograms
        plain = pl.when(~plain.str.contains(".", literal=True)).then(plain.str.replace(form.decimal, ".", literal=True))
    return pl.when(plain.str.contains(NUMBER)).then(plain)


def params_of(*pairs: tuple[str, str]) -> pl.Expr:
    structs = [pl.struct(pl.lit(key).alias("key"), pl.lit(value).alias("value")) for key, value in pairs]
    return pl.concat_list(structs).alias("params")


def provenance(source: SourceContract) -> tuple[pl.Expr | str, ...]:
    return (pl.lit(source.source).alias("source_id"), "delivery_id", "file_name", "part", "row_no", "contract_version")


def word(column: str) -> str:
    """Frame column that holds the words as received."""
    return f"word:{column}"


def text_of(column: str) -> str:
    """Frame column that holds the trimmed, corrected text."""
    return f"text:{column}"
