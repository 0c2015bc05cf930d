"""Assets of the published layer, and the release that holds them."""

from collections.abc import Iterable

import dagster as dg

from assets.gate import gate_results
from assets.house import House
from assets.metadata import asset_key, materialised, table_spec
from pipelines.deliveries.receive import read_unclaimed
from pipelines.published.make import INPUTS, STEPS, as_of_date
from pipelines.published.release import NOT_RELEASED, make_release
from pipelines.published.report import run_report
from schemas.registry import registry

RELEASED = [name for name in registry().tables if name not in NOT_RELEASED]


def _published(table: str) -> dg.AssetsDefinition:
    """The asset of one published table."""

    @dg.multi_asset(name=f"publish_{table.split('.')[1]}", specs=[table_spec(table, INPUTS[table])])
    def publish(house: House) -> Iterable[dg.MaterializeResult[None]]:
        as_of = as_of_date(house.at, registry(), house.stated_as_of)
        yield from materialised({table: STEPS[table](house.at, registry(), table, as_of)})

    return publish


published_tables = [_published(table) for table in STEPS]


@dg.asset(
    key=dg.AssetKey(["published", "release"]),
    group_name="published",
    deps=[asset_key(name) for name in RELEASED],
    kinds={"duckdb", "parquet"},
)
def release(house: House) -> dg.MaterializeResult[None]:
    """All tables in one folder that is complete, hashed and named, or not there."""
    made = make_release(
        house.at,
        registry(),
        as_of=as_of_date(house.at, registry(), house.stated_as_of),
        stated_as_of=house.stated_as_of,
        report=run_report(house.at, registry(), read_unclaimed(house.at)),
        gate=gate_results(house.at),
    )
    return dg.MaterializeResult(metadata={"version": made.version, "is_new": made.is_new})
