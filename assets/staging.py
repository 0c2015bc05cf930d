"""Assets of the staging layer: what sources say, partitioned by source, and what people decided."""

from collections.abc import Iterable

import dagster as dg

from assets.deliveries import SOURCES
from assets.house import House
from assets.metadata import materialised, table_spec
from pipelines.staging.decisions import make_decisions
from pipelines.staging.make import parse_source
from schemas.registry import registry

TABLES = [table.qualified for table in registry().tables_of("staging") if table.partitioned_by_source]


@dg.multi_asset(
    name="parse_reports",
    specs=[table_spec(table, ["deliveries.files", "deliveries.parts", "deliveries.rows"]) for table in TABLES],
    partitions_def=SOURCES,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def parse_reports(context: dg.AssetExecutionContext, house: House) -> Iterable[dg.MaterializeResult[None]]:
    counts = [parse_source(house.at, registry(), source) for source in context.partition_keys]
    yield from materialised({table: sum(count[table] for count in counts) for table in TABLES})


@dg.multi_asset(name="read_decisions", specs=[table_spec("staging.decisions")])
def read_decisions(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"staging.decisions": make_decisions(house.at, registry())})
