"""Assets of the conformed layer."""

from collections.abc import Iterable

import dagster as dg

from assets.house import House
from assets.metadata import materialised, table_spec
from pipelines.conformed.cases.make import CASE_INPUTS, CASE_TABLES, make_cases
from pipelines.conformed.make import (
    GROUP_INPUTS,
    LINE_INPUTS,
    OUTLIER_INPUTS,
    PAIR_INPUTS,
    RECONCILIATION_INPUTS,
    SEIZURE_INPUTS,
    make_contradictions,
    make_cultivation,
    make_duplicate_pairs,
    make_groups,
    make_legs,
    make_lines,
    make_outliers,
    make_reconciliation,
    make_seizures,
    make_totals,
)
from pipelines.conformed.places.candidates import PLACE_INPUTS, make_places
from schemas.registry import registry


@dg.multi_asset(
    name="conform_places",
    specs=[
        table_spec("conformed.place_questions", PLACE_INPUTS),
        table_spec("conformed.place_candidates", PLACE_INPUTS),
    ],
)
def conform_places(house: House) -> Iterable[dg.MaterializeResult[None]]:
    counts = make_places(house.at, registry())
    yield from materialised({f"conformed.{name}": count for name, count in counts.items()})


@dg.multi_asset(
    name="conform_lines",
    specs=[table_spec("conformed.lines", LINE_INPUTS), table_spec("conformed.not_lines", LINE_INPUTS)],
)
def conform_lines(house: House) -> Iterable[dg.MaterializeResult[None]]:
    counts = make_lines(house.at, registry())
    yield from materialised({f"conformed.{name}": count for name, count in counts.items()})


@dg.multi_asset(
    name="conform_legs",
    specs=[table_spec("conformed.legs", ["conformed.lines", "staging.reports", "reference.areas"])],
)
def conform_legs(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.legs": make_legs(house.at, registry())})


@dg.multi_asset(
    name="find_contradictions",
    specs=[table_spec("conformed.contradictions", ["conformed.lines", "conformed.legs"])],
)
def find_contradictions(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.contradictions": make_contradictions(house.at, registry())})


@dg.multi_asset(
    name="follow_cases",
    specs=[table_spec(f"conformed.{name}", CASE_INPUTS) for name in CASE_TABLES],
)
def follow_cases(house: House) -> Iterable[dg.MaterializeResult[None]]:
    counts = make_cases(house.at, registry())
    yield from materialised({f"conformed.{name}": count for name, count in counts.items()})


@dg.multi_asset(
    name="conform_totals",
    specs=[
        table_spec(
            "conformed.totals", ["staging.totals", "deliveries.files", "reference.commodities", "reference.scopes"]
        )
    ],
)
def conform_totals(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.totals": make_totals(house.at, registry())})


@dg.multi_asset(
    name="conform_cultivation",
    specs=[table_spec("conformed.cultivation", ["staging.cultivation", "deliveries.files"])],
)
def conform_cultivation(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.cultivation": make_cultivation(house.at, registry())})


@dg.multi_asset(name="doubt_quantities", specs=[table_spec("conformed.outliers", OUTLIER_INPUTS)])
def doubt_quantities(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.outliers": make_outliers(house.at, registry())})


@dg.multi_asset(name="pair_lines", specs=[table_spec("conformed.duplicate_pairs", PAIR_INPUTS)])
def pair_lines(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.duplicate_pairs": make_duplicate_pairs(house.at, registry())})


@dg.multi_asset(name="group_lines", specs=[table_spec("conformed.groups", GROUP_INPUTS)])
def group_lines(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.groups": make_groups(house.at, registry())})


@dg.multi_asset(name="weigh_seizures", specs=[table_spec("conformed.seizures", SEIZURE_INPUTS)])
def weigh_seizures(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.seizures": make_seizures(house.at, registry())})


@dg.multi_asset(name="reconcile_totals", specs=[table_spec("conformed.reconciliation", RECONCILIATION_INPUTS)])
def reconcile_totals(house: House) -> Iterable[dg.MaterializeResult[None]]:
    yield from materialised({"conformed.reconciliation": make_reconciliation(house.at, registry())})
