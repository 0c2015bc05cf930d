"""The one `Definitions` of the project."""

import dagster as dg

from assets import conformed, deliveries, inferred, published, reference, staging
from assets.gate import gate_checks
from assets.house import House
from assets.night import every_night, nightly
from schemas.registry import registry

defs = dg.Definitions(
    assets=[
        *dg.load_assets_from_modules([reference, deliveries, staging, conformed, inferred]),
        *published.published_tables,
        published.release,
    ],
    asset_checks=gate_checks(list(registry().tables.values())),
    jobs=[nightly],
    schedules=[every_night],
    resources={"house": House()},
    executor=dg.in_process_executor,
)
