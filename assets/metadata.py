"""Table contracts in Dagster's words: asset specs, column schemas, and what a materialisation reports."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

import dagster as dg

from schemas.contracts import TableContract
from schemas.registry import registry
from schemas.render import TYPES
from schemas.views import tables_of

FRESH_WITHIN = timedelta(hours=30)
"""A nightly table is late once a night has been missed."""


def asset_key(table: str) -> dg.AssetKey:
    """`conformed.lines` is the asset `conformed/lines`."""
    return dg.AssetKey(table.split("."))


def table_spec(table: str, deps: Iterable[str] = ()) -> dg.AssetSpec:
    """The asset of a table, made of its contract."""
    contract = registry().tables[table]
    return dg.AssetSpec(
        key=asset_key(table),
        deps=[asset_key(name) for name in tables_of(deps)],
        group_name=contract.layer,
        description=contract.grain,
        metadata={"dagster/column_schema": column_schema(contract), "dagster/table_name": table},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FRESH_WITHIN)
        if contract.layer == "published"
        else None,
        kinds={"duckdb", "parquet"},
    )


def column_schema(contract: TableContract) -> dg.TableSchema:
    """Columns with type, description, and whether they may be missing."""
    fields = registry().fields
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column,
                type=TYPES[fields[column].type].sql,
                description=fields[column].description.en,
                constraints=dg.TableColumnConstraints(nullable=column in contract.nullable),
            )
            for column in contract.fields
        ]
    )


def materialised(counts: Mapping[str, int]) -> Iterable[dg.MaterializeResult[None]]:
    """One result a table, with its number of rows and nothing of their content."""
    for table, rows in counts.items():
        yield dg.MaterializeResult(asset_key=asset_key(table), metadata={"dagster/row_count": rows})
