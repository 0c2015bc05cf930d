"""Assets of the deliveries layer, partitioned by source."""

from collections.abc import Iterable

import dagster as dg

from assets.house import House
from assets.metadata import materialised, table_spec
from pipelines.deliveries.inspect import read_source, summarise
from pipelines.deliveries.receive import receive
from schemas.registry import registry

SOURCES = dg.StaticPartitionsDefinition(sorted(registry().sources))
ALL_SOURCES = {
    "dagster/asset_partition_range_start": SOURCES.get_first_partition_key() or "",
    "dagster/asset_partition_range_end": SOURCES.get_last_partition_key() or "",
}
"""Run tags that put every source into one run."""


READ = ["deliveries.files", "deliveries.parts", "deliveries.rows", "deliveries.notices"]


@dg.multi_asset(
    name="read_deliveries",
    specs=[table_spec(table) for table in READ],
    partitions_def=SOURCES,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def read_deliveries(context: dg.AssetExecutionContext, house: House) -> Iterable[dg.MaterializeResult[None]]:
    receive(house.at, registry(), house.inbox_at)
    counts = [read_source(house.at, registry(), source) for source in context.partition_keys]
    yield from materialised({table: sum(count[table] for count in counts) for table in READ})


@dg.multi_asset(name="summarise_deliveries", specs=[table_spec("deliveries.status", ["deliveries.files"])])
def summarise_deliveries(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"deliveries.status": summarise(house.at, registry())})
