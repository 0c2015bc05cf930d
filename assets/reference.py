"""Assets of the cited facts."""

from collections.abc import Iterable

import dagster as dg

from assets.house import House
from assets.metadata import materialised, table_spec
from pipelines.reference.make import make_reference
from schemas.registry import registry


@dg.multi_asset(
    name="load_reference", specs=[table_spec(table.qualified) for table in registry().tables_of("reference")]
)
def load_reference(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised(make_reference(house.at, registry()))
