"""Assets of the inferred layer."""

from collections.abc import Iterable

import dagster as dg

from assets.house import House
from assets.metadata import materialised, table_spec
from pipelines.inferred.backtest.make import BACKTEST_INPUTS, make_backtest
from pipelines.inferred.corridors import CORRIDOR_INPUTS, make_corridors
from pipelines.inferred.evidence import EVIDENCE_INPUTS, make_evidence
from pipelines.inferred.model.explain import TOLD
from pipelines.inferred.posterior import LISTS, POSTERIOR_INPUTS, make_posteriors
from pipelines.inferred.regions import REGION_INPUTS, make_regions
from pipelines.inferred.routes import COST_INPUTS, ROUTE_INPUTS, make_leg_costs, make_routes
from pipelines.inferred.scope import SCOPE_INPUTS, make_scope
from schemas.registry import registry


@dg.multi_asset(
    name="gather_evidence",
    specs=[
        table_spec("inferred.evidence", EVIDENCE_INPUTS),
        table_spec("inferred.seizure_evidence", EVIDENCE_INPUTS),
    ],
)
def gather_evidence(house: House) -> Iterable[dg.MaterializeResult[None]]:
    counts = make_evidence(house.at, registry())
    yield from materialised({f"inferred.{name}": count for name, count in counts.items()})


@dg.multi_asset(name="weigh_legs", specs=[table_spec("inferred.leg_costs", COST_INPUTS)])
def weigh_legs(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"inferred.leg_costs": make_leg_costs(house.at, registry())})


@dg.multi_asset(
    name="draw_routes",
    specs=[table_spec("inferred.route_paths", ROUTE_INPUTS), table_spec("inferred.routes", ROUTE_INPUTS)],
)
def draw_routes(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised(make_routes(house.at, registry()))


@dg.multi_asset(
    name="infer_places",
    specs=[table_spec(name, POSTERIOR_INPUTS) for name in (*LISTS, *TOLD)],
)
def infer_places(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised(make_posteriors(house.at, registry()))


@dg.multi_asset(name="sum_regions", specs=[table_spec("inferred.evidence_regions", REGION_INPUTS)])
def sum_regions(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"inferred.evidence_regions": make_regions(house.at, registry())})


@dg.multi_asset(
    name="infer_scope",
    specs=[table_spec("inferred.seizure_scope", SCOPE_INPUTS)],
)
def infer_scope(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"inferred.seizure_scope": make_scope(house.at, registry())})


@dg.multi_asset(name="attribute_corridors", specs=[table_spec("inferred.corridor_seizures", CORRIDOR_INPUTS)])
def attribute_corridors(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"inferred.corridor_seizures": make_corridors(house.at, registry())})


@dg.multi_asset(
    name="score_routes",
    specs=[table_spec(name, BACKTEST_INPUTS) for name in ("inferred.backtest", "inferred.reliability")],
)
def score_routes(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised(make_backtest(house.at, registry()))
