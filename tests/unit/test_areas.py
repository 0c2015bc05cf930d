"""Areas, groups of areas, their members: the tracked rows, and every check that spans them with a planted bad row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl
import pytest
from babel import Locale

from pipelines.reference.make import make_reference
from pipelines.store import Home
from schemas.areas import area_faults, group_chain, spells
from schemas.registry import Registry

Row = Mapping[str, str]
KINDS = [{"code": "m49_region", "is_partition": "true"}, {"code": "organisation", "is_partition": "false"}]
LEAGUES = {"code": "league", "is_partition": "true"}


def area(code: str, **cells: str) -> Row:
    names = dict.fromkeys(("area_name", "area_name_es", "area_name_fr", "area_name_pt"), code)
    empty = dict.fromkeys(("state_area", "iso2", "m49", "region", "subregion", "valid_from", "valid_to"), "")
    return {"area": code, **names, **empty, "area_type": "country", "source": "invented", **cells}


def group(code: str, **cells: str) -> Row:
    return {"code": code, "kind": "organisation", "parent": "", "m49": "", "label_en": code.title(), **cells}


def member(area_group: str, area: str, valid_from: str = "1990-01-01", valid_to: str = "", **cells: str) -> Row:
    return {
        "area_group": area_group, "area": area, "valid_from": valid_from, "valid_to": valid_to, "source": "invented",
        **cells,
    }  # fmt: skip


AREAS = [
    area("AAA", m49="001", region="North", subregion="North"),
    area("BBB", iso2="BB", valid_to="1999-12-31", area_type="historical"),
    area("CCC", iso2="BB", valid_from="2000-01-01"),
    area("DDD", area_type="territory", state_area="AAA"),
]
GROUPS = [group("north", kind="m49_region", m49="002"), group("pact")]
MEMBERS = [member("pact", "AAA", "1990-01-01", "1994-12-31"), member("pact", "AAA", "2001-05-01")]


def said(
    areas: Sequence[Row] = (), groups: Sequence[Row] = (), members: Sequence[Row] = (), kinds: Sequence[Row] = ()
) -> list[str]:
    """Faults of the sound lists with more rows; a row of the same code replaces its own."""
    new = {row["area"] for row in areas}
    kept = [row for row in AREAS if row["area"] not in new]
    return list(area_faults([*kept, *areas], [*GROUPS, *groups], [*KINDS, *kinds], [*MEMBERS, *members]))


def test_sound_lists_have_no_fault_and_a_code_may_be_given_again() -> None:
    assert said() == []


PLANTED: dict[str, tuple[dict[str, Sequence[Row]], str]] = {
    "a territory without a state": ({"areas": [area("EEE", area_type="territory")]}, "EEE: a territory names no state"),
    "a state that is none": (
        {"areas": [area("EEE", area_type="territory", state_area="DDD")]},
        "EEE: the state 'DDD' is no country of the list",
    ),
    "a country of another state": (
        {"areas": [area("EEE", state_area="AAA")]},
        "EEE: a country belongs to no other state",
    ),
    "an M49 code of two digits": ({"areas": [area("EEE", m49="12")]}, "the M49 code '12' is not three digits"),
    "a group's M49 code": (
        {"groups": [group("south", kind="m49_region", m49="1a2")]},
        "south: the M49 code '1a2' is not three digits",
    ),
    "a former state without an end": (
        {"areas": [area("EEE", area_type="historical")]},
        "EEE: a former state has no last day",
    ),
    "an area without a name": ({"areas": [area("EEE", area_name_pt=" ")]}, "EEE: area_name_pt is empty"),
    "an area without a source": ({"areas": [area("EEE", source="")]}, "EEE: source is empty"),
    "one code for two at a time": (
        {"areas": [area("CCC", iso2="BB", valid_from="1999-12-31")]},
        "BBB and CCC: both are iso2 BB at one time",
    ),
    "one number for two at a time": ({"areas": [area("EEE", m49="001")]}, "AAA and EEE: both are m49 001 at one time"),
    "an area that ends before it begins": (
        {"areas": [area("EEE", valid_from="2001-01-01", valid_to="2000-01-01")]},
        "EEE: a period that is no ISO date, or that ends before it begins",
    ),
    "a date of another form": ({"members": [member("pact", "CCC", "01/05/2001")]}, "pact CCC: a period that is no ISO"),
    "an unknown subregion": (
        {"areas": [area("EEE", region="North", subregion="Nowhere")]},
        "EEE: the subregion 'Nowhere' is no M49 group",
    ),
    "a subregion of another region": (
        {"areas": [area("EEE", region="South", subregion="North")]},
        "EEE: North is not a part of South",
    ),
    "a region alone": ({"areas": [area("EEE", region="North")]}, "EEE: a region without a subregion"),
    "an unknown kind": (
        {"groups": [group("club", kind="guild")], "members": [member("club", "AAA")]},
        "club: the kind 'guild' is unknown",
    ),
    "an unknown parent": (
        {"groups": [group("south", kind="m49_region", m49="003", parent="world")]},
        "south: the parent 'world' is unknown",
    ),
    "an unknown member": ({"members": [member("pact", "ZZZ")]}, "pact ZZZ: the area is unknown"),
    "a member of no group": ({"members": [member("union", "AAA")]}, "union AAA: no group whose members are listed"),
    "a listed member of a region": ({"members": [member("north", "CCC")]}, "north CCC: no group whose members are"),
    "a membership without a citation": ({"members": [member("pact", "CCC", source="")]}, "pact CCC: no citation"),
    "a membership without a first day": ({"members": [member("pact", "CCC", "")]}, "pact CCC: no first day"),
    "a group without members": ({"groups": [group("club")]}, "club has no member"),
    "a member twice at one time": (
        {"members": [member("pact", "AAA", "1994-12-31", "1995-01-01")]},
        "AAA: in pact and pact at one time",
    ),
    "two groups of one kind at a time": (
        {
            "kinds": [LEAGUES],
            "groups": [group("east", kind="league"), group("west", kind="league")],
            "members": [member("east", "CCC"), member("west", "CCC", "2010-01-01"), member("west", "DDD")],
        },
        "CCC: in east and west at one time",
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_row_is_the_one_fault_that_is_reported(kind: str) -> None:
    planted, says = PLANTED[kind]
    (fault,) = said(**planted)
    assert says in fault


def test_two_groups_of_a_kind_that_may_overlap_hold_one_area(registry: Registry) -> None:
    assert said(groups=[group("club")], members=[member("club", "AAA")]) == []


def test_an_area_that_came_back_has_a_second_spell() -> None:
    assert [(row["valid_from"], spell) for row, spell in spells(reversed(MEMBERS))] == [
        ("1990-01-01", 1),
        ("2001-05-01", 2),
    ]


def test_the_names_of_areas_are_those_of_cldr(registry: Registry) -> None:
    for language in ("es", "fr", "pt"):
        names = Locale(language).territories
        told = {row["area"]: row[f"area_name_{language}"] for row in registry.codes["areas"].rows if row["iso2"]}
        known = {row["area"]: names.get(row["iso2"]) for row in registry.codes["areas"].rows if row["iso2"]}
        assert {code: name for code, name in told.items() if known[code] not in (None, name)} == {}


# --- the tables -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def members(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    home = Home.at(tmp_path_factory.mktemp("reference"))
    make_reference(home, registry)
    return pl.read_parquet(home.table_file(registry.tables["reference.area_members"]))


def of(members: pl.DataFrame, area_group: str, day: date) -> set[str]:
    """The members of a group on a day."""
    first, last = pl.col("valid_from").fill_null(day), pl.col("valid_to").fill_null(day)
    return set(members.filter(pl.col("area_group") == area_group, first <= day, last >= day)["area"])


@pytest.mark.parametrize(
    ("area_group", "code", "last_out", "first_in", "last_in", "first_out"),
    [
        ("eu", "GBR", date(1972, 12, 31), date(1973, 1, 1), date(2020, 1, 31), date(2020, 2, 1)),
        ("eu", "HRV", date(2013, 6, 30), date(2013, 7, 1), date(2025, 1, 1), None),
        ("eu", "MYT", date(2013, 12, 31), date(2014, 1, 1), date(2025, 1, 1), None),
        ("ecowas", "MLI", date(1975, 5, 27), date(1975, 5, 28), date(2025, 1, 28), date(2025, 1, 29)),
        ("ecowas", "MRT", date(1975, 5, 27), date(1975, 5, 28), date(2000, 12, 25), date(2000, 12, 26)),
        ("mercosur", "VEN", date(2012, 8, 11), date(2012, 8, 12), date(2017, 8, 4), date(2017, 8, 5)),
        ("mercosur", "BOL", date(2024, 7, 7), date(2024, 7, 8), date(2025, 1, 1), None),
        ("caricom", "HTI", date(2002, 7, 1), date(2002, 7, 2), date(2025, 1, 1), None),
        ("crimjust", "GNB", date(2016, 1, 31), date(2016, 2, 1), date(2025, 1, 1), None),
    ],
)
def test_a_membership_holds_between_its_days(
    members: pl.DataFrame, area_group: str, code: str, last_out: date, first_in: date, last_in: date,
    first_out: date | None,
) -> None:  # fmt: skip
    days = {last_out: False, first_in: True, last_in: True, **({first_out: False} if first_out else {})}
    assert {day: code in of(members, area_group, day) for day in days} == days


def test_groups_have_as_many_members_as_their_treaties_say(members: pl.DataFrame, registry: Registry) -> None:
    countries = {row["area"] for row in registry.codes["areas"].rows if row["area_type"] == "country"}
    counts = {
        ("eu", date(2000, 1, 1)): 15, ("eu", date(2004, 5, 1)): 25, ("eu", date(2007, 1, 1)): 27,
        ("eu", date(2019, 12, 31)): 28, ("eu", date(2020, 12, 31)): 27,
        ("ecowas", date(1999, 1, 1)): 16, ("ecowas", date(2024, 12, 31)): 15, ("ecowas", date(2025, 12, 31)): 12,
        ("mercosur", date(2010, 1, 1)): 4, ("mercosur", date(2014, 1, 1)): 5, ("mercosur", date(2018, 1, 1)): 4,
        ("crimjust", date(2017, 1, 1)): 12, ("crimjust", date(2022, 1, 1)): 27,
    }  # fmt: skip
    assert {key: len(of(members, *key) & countries) for key in counts} == counts
    assert len(of(members, "caricom", date(2020, 1, 1))) == 15  # Montserrat, a territory, is a full member


def test_m49_groups_part_all_areas_that_have_a_region_and_hold_territories_and_former_states(
    members: pl.DataFrame, registry: Registry
) -> None:
    rows = registry.codes["areas"].rows
    groups = registry.codes["area_groups"].rows
    regions = [row["code"] for row in groups if row["kind"] == "m49_region"]
    placed = members.filter(pl.col("area_group").is_in(regions))
    assert placed["area"].is_unique().all()
    assert set(placed["area"]) == {row["area"] for row in rows if row["region"]}
    without = {row["area"] for row in rows if row["area_type"] in ("country", "territory", "historical")}
    assert without - set(placed["area"]) == {"ATA"}
    assert {"ANT", "CUW", "PRI", "GLP"} <= of(members, "caribbean", date(2012, 1, 1))
    assert group_chain(groups, "Western Africa") == ["western_africa", "sub_saharan_africa", "africa"]


def test_every_membership_says_where_it_is_from(members: pl.DataFrame) -> None:
    assert members.filter(pl.col("citation").str.len_chars() < 10).is_empty()
    apart = members.filter(pl.col("area").is_in(["TWN", "XKX", "SUN"]))
    assert apart["citation"].str.contains("not in today's UN M49").all()
