"""What cannot all be true of a route is typed and counted, and no label is overwritten."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
import samples

from pipelines.conformed.make import make_contradictions, make_legs
from pipelines.inferred.evidence import make_evidence
from pipelines.store import Home
from schemas.registry import Registry

HEADER = "Day,Drug,Amount,Unit,Way,Site,From,Via,To,Made"
PLACES = {"Kenya": "KEN", "Uganda": "UGA", "Spain": "ESP", "Peru": "PER", "Brazil": "BRA", "several": "XMU"}
WAYS = {"home": "domestic", "in": "inbound", "out": "outbound", "through": "transit", "sea": "international_waters"}

PLANTED: dict[str, tuple[str, list[str]]] = {
    "departure_is_destination_elsewhere": (",,Spain,,Spain,", ["ESP"]),
    "domestic_with_foreign_departure": ("home,,Uganda,,Kenya,", ["UGA"]),
    "domestic_with_foreign_destination": ("home,,Kenya,,Spain,", ["ESP"]),
    "domestic_with_foreign_transit": ("home,,Kenya,Uganda;Peru,Kenya,", ["PER", "UGA"]),
    "domestic_on_high_seas": ("home,sea,,,,", ["XHS"]),
    "inbound_from_itself": ("in,,Kenya,,Spain,", ["KEN"]),
    "outbound_to_itself": ("out,,Uganda,,Kenya,", ["KEN"]),
    "transit_from_itself": ("through,,Kenya,,Spain,", ["KEN"]),
    "transit_to_itself": ("through,,Uganda,,Kenya,", ["KEN"]),
    "departure_named_as_transit": (",,Brazil,Uganda;Brazil,Spain,", ["BRA"]),
    "destination_named_as_transit": (",,Brazil,Spain,Spain,", ["ESP"]),
    "origin_named_as_transit": (",,Brazil,Peru,Spain,Peru", ["PER"]),
    "destination_is_origin": (",,Brazil,,Peru,Peru", ["PER"]),
}
"""For each kind: way, site, from, via, to, made of a line that Kenya reports, and the places that it is about."""

SOUND = [
    ",,,,,", "home,,Kenya,,Kenya,", "home,,,,,Peru", "in,,Uganda,,Kenya,Peru", "in,,Uganda,,Spain,",
    "out,,Kenya,,Spain,", "out,,Uganda,,Spain,", "through,,Brazil,Uganda;Kenya,Spain,Peru", "sea,sea,,,Spain,",
    ",,Peru,,Spain,Peru", ",,Kenya,,Kenya,", ",,Kenya,,Kenya,Kenya", "home,,,,several,",
    "in,,several,,several,",
]  # fmt: skip
"""Lines that hold together: transit countries see goods come in and go out, and several countries are no place."""


def known(registry: Registry) -> Registry:
    def leg(target: str, word: str) -> Any:
        return {"to": target, "lookup": "planted.places", "role_word": word, "not_known": [""], "split": ";"}

    extra = {
        "Way": {"to": "direction", "lookup": "planted.ways", "not_known": [""]},
        "Site": {"to": "facility", "lookup": "planted.sites", "not_known": [""]},
        "From": leg("departure", "from"),
        "Via": leg("transit", "via"),
        "To": leg("destination", "to"),
        "Made": leg("origin", "made in"),
    }
    source = samples.contract(extra=extra)
    return samples.known(registry, source, places=PLACES, ways=WAYS, sites={"sea": "international_waters"})


@pytest.fixture(scope="module")
def contracts(registry: Registry) -> Registry:
    return known(registry)


@pytest.fixture(scope="module")
def made(contracts: Registry, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a planted line of each kind, in the list's order, and the sound ones after them."""
    home = Home.at(tmp_path_factory.mktemp("contradictions")).make()
    told = [route for route, _ in PLANTED.values()] + SOUND
    rows = [f"2020-05-{number + 1:02d},cocaine_hcl,5,kilogram,{route}" for number, route in enumerate(told)]
    samples.conform(home, contracts, {"planted/a.csv": samples.table_of(*rows, header=HEADER)})
    return home


def test_each_kind_is_found_where_it_was_planted_and_nowhere_else(made: Home, contracts: Registry) -> None:
    found = samples.table(made, contracts, "conformed.contradictions").sort("row_no")
    assert set(PLANTED) == contracts.codes["contradiction_kinds"].codes
    expected = [(number, kind, areas) for number, (kind, (_, areas)) in enumerate(PLANTED.items(), start=1)]
    assert found.select("row_no", "contradiction", "contradiction_areas").rows() == expected
    assert found["seizing_area"].unique().to_list() == ["KEN"]


def test_one_line_may_contradict_itself_in_several_ways(home: Home, contracts: Registry) -> None:
    row = "2020-05-01,cocaine_hcl,5,kilogram,home,,Spain,Spain,Spain,"
    samples.conform(home, contracts, {"planted/a.csv": samples.table_of(row, header=HEADER)})
    found = samples.table(home, contracts, "conformed.contradictions")
    assert set(found["contradiction"]) == {
        "departure_is_destination_elsewhere", "domestic_with_foreign_departure", "domestic_with_foreign_destination",
        "domestic_with_foreign_transit", "departure_named_as_transit", "destination_named_as_transit",
    }  # fmt: skip
    make_evidence(home, contracts)
    evidence = samples.table(home, contracts, "inferred.evidence")
    assert evidence["contradiction"].to_list() == ["departure_is_destination_elsewhere"]


def test_no_label_is_overwritten(made: Home, contracts: Registry) -> None:
    before = samples.table_bytes(made, ["conformed"])
    make_contradictions(made, contracts)
    assert samples.table_bytes(made, ["conformed"]) == before
    make_legs(made, contracts)
    assert samples.table_bytes(made, ["conformed"]) == before
    legs = samples.table(made, contracts, "conformed.legs").filter(pl.col("role") != "seizure").sort("row_no", "seq")
    told = legs.group_by("row_no", maintain_order=True).agg("role", "area")
    assert told.row(1) == (2, ["departure", "destination"], ["UGA", "KEN"])
    assert samples.table(made, contracts, "conformed.lines").sort("row_no")["direction"][1] == "domestic"


def test_the_model_sees_of_each_line_the_first_kind_of_the_list(made: Home, contracts: Registry) -> None:
    make_evidence(made, contracts)
    lines = samples.table(made, contracts, "conformed.lines")
    seen = samples.table(made, contracts, "inferred.seizure_evidence").join(lines, on="seizure_id")
    evidence = samples.table(made, contracts, "inferred.evidence").select("evidence_id", "contradiction")
    told = seen.join(evidence, on="evidence_id").sort("row_no")["contradiction"].to_list()
    assert told == [*PLANTED, *([None] * len(SOUND))]
