"""Which factor each line should have, found anew from the tables, without the order that the project ranks them by."""

from __future__ import annotations

from datetime import date

import polars as pl
import samples

from pipelines.store import Home
from schemas.registry import Registry

ASKED = ("commodity", "commodity_group", "form", "unit_reported", "reporter", "seized_from")
ENDS = date(1, 1, 1), date(9999, 12, 31)


def applicable(lines: pl.DataFrame, factors: pl.DataFrame, areas: pl.DataFrame) -> pl.DataFrame:
    """Every distinct question that lines ask, with every factor whose unit, goods, place and days fit it.

    The columns `goods`, `place` and `days` say how general the factor is; the smallest in this order is the most
    specific. `lines` has `unit_reported`; the factors are of one product.
    """
    asked = lines.select(ASKED).unique()
    places = areas.select(reporter="area", its_region="region", its_subregion="subregion")
    offered = factors.select(
        "factor_id", "valid_from", "valid_to", "factor_region", unit_reported="unit", of_commodity="commodity",
        of_group=pl.when(pl.col("commodity").is_null()).then("commodity_group"), of_form="form",
    )  # fmt: skip
    first = pl.col("valid_from").fill_null(ENDS[0])
    last = pl.col("valid_to").fill_null(ENDS[1])
    everywhere = pl.col("factor_region").is_null()
    return (
        asked.join(places, on="reporter", validate="m:1")
        .join(offered, on="unit_reported")
        .filter(
            pl.col("of_commodity").is_null() | (pl.col("of_commodity") == pl.col("commodity")),
            pl.col("of_group").is_null() | (pl.col("of_group") == pl.col("commodity_group")),
            pl.col("of_form").is_null() | (pl.col("of_form") == pl.col("form")),
            everywhere | pl.any_horizontal(pl.col("factor_region") == pl.col(c) for c in PLACES),
            pl.col("seized_from").is_between(first, last),
        )
        .with_columns(
            goods=pl.when(pl.col("of_commodity").is_not_null()).then(0)
            .when(pl.col("of_form").is_not_null()).then(1)
            .when(pl.col("of_group").is_not_null()).then(2)
            .otherwise(3),
            place=pl.when(everywhere).then(3)
            .when(pl.col("factor_region") == pl.col("reporter")).then(0)
            .when(pl.col("factor_region") == pl.col("its_subregion")).then(1)
            .otherwise(2),
            days=(last - first).dt.total_days(),
        )
    )  # fmt: skip


PLACES = ("reporter", "its_subregion", "its_region")


def misweighed(home: Home, registry: Registry) -> dict[str, list[dict[str, object]]]:
    """What is wrong with the factors of all lines: ties, and lines whose factor is not the most specific."""
    lines = samples.table(home, registry, "conformed.lines")
    factors = samples.table(home, registry, "reference.factors").filter(factor_product="bulk")
    fitting = applicable(lines, factors, samples.table(home, registry, "reference.areas"))
    order = ["goods", "place", "days"]
    best = fitting.sort([*ASKED, *order]).group_by(ASKED, maintain_order=True).first()
    ties = fitting.join(best.select(*ASKED, *order), on=[*ASKED, *order], how="semi").filter(pl.len().over(ASKED) > 1)
    weighed = lines.with_columns(weighable=pl.col("quantity_reported").fill_null(0) > 0)
    expected = weighed.join(best.select(*ASKED, expected="factor_id"), on=ASKED, how="left", validate="m:1")
    wrong = expected.filter(
        pl.col("factor_id").ne_missing(pl.when("weighable").then("expected"))
        | (pl.col("factor_id").is_null() != pl.col("kg_mid").is_null())
    )
    return {"ties": ties.to_dicts(), "wrong": wrong.select(*ASKED, "factor_id", "expected").to_dicts()}
