"""Holds the lists of areas against each other: areas, groups of areas, and who belongs to which group when.

Belongs here: checks that span rows of `data/reference/areas.csv`, `data/reference/area_members.csv`,
`schemas/codes/area_groups.csv` and `area_group_kinds.csv`, and the chain of M49 groups above an area. A row's own shape
is a rule of its table (`schemas/tables/reference.yml`). Does not belong here: reading the files (`registry`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations

Row = Mapping[str, str]
AREAS = "data/reference/areas.csv"
MEMBERS = "data/reference/area_members.csv"
GROUPS = "codes/area_groups"


def group_chain(groups: Sequence[Row], label: str) -> list[str]:
    """Codes of the M49 group with an English label and of those that it is part of, the smallest first."""
    by_code = {row["code"]: row for row in groups}
    at = next((row for row in groups if row["label_en"] == label and row["m49"]), None)
    chain: list[str] = []
    while at is not None and at["code"] not in chain:
        chain.append(at["code"])
        at = by_code.get(at["parent"])
    return chain


def area_faults(
    areas: Sequence[Row], groups: Sequence[Row], kinds: Sequence[Row], members: Sequence[Row]
) -> Iterator[str]:
    """Every fault of the four lists, each with its file and row."""
    undated = [
        f"{file}: {_name(row)}: a period that is no ISO date, or that ends before it begins"
        for file, rows in ((AREAS, areas), (MEMBERS, members))
        for row in rows
        if not _is_period(row)
    ]
    yield from undated
    yield from _state_faults(areas)
    yield from _code_faults(areas)
    yield from _group_faults(areas, groups, kinds)
    yield from _member_faults(areas, groups, members)
    if not undated:
        yield from _reuse_faults(areas)
        yield from _overlap_faults(groups, kinds, members)


def _state_faults(areas: Sequence[Row]) -> Iterator[str]:
    countries = {row["area"] for row in areas if row["area_type"] == "country"}
    for row in areas:
        if row["area_type"] == "territory" and not row["state_area"]:
            yield f"{AREAS}: {row['area']}: a territory names no state"
        elif row["state_area"] and row["state_area"] not in countries:
            yield f"{AREAS}: {row['area']}: the state {row['state_area']!r} is no country of the list"
        elif row["state_area"] and row["area_type"] not in ("territory", "historical"):
            yield f"{AREAS}: {row['area']}: a {row['area_type']} belongs to no other state"


def _code_faults(areas: Sequence[Row]) -> Iterator[str]:
    for row in areas:
        if row["m49"] and not re.fullmatch("[0-9]{3}", row["m49"]):
            yield f"{AREAS}: {row['area']}: the M49 code {row['m49']!r} is not three digits"
        if row["area_type"] == "historical" and not row["valid_to"]:
            yield f"{AREAS}: {row['area']}: a former state has no last day"
        for column in ("area_name", "area_name_es", "area_name_fr", "area_name_pt", "source"):
            if not row[column].strip():
                yield f"{AREAS}: {row['area']}: {column} is empty"


def _reuse_faults(areas: Sequence[Row]) -> Iterator[str]:
    """ISO gives a code again after a while (CS: Czechoslovakia, then Serbia and Montenegro), never to two at a time."""
    for column in ("iso2", "m49"):
        for first, second in combinations([row for row in areas if row[column]], 2):
            if first[column] == second[column] and _overlap(first, second):
                yield f"{AREAS}: {first['area']} and {second['area']}: both are {column} {first[column]} at one time"


def _group_faults(areas: Sequence[Row], groups: Sequence[Row], kinds: Sequence[Row]) -> Iterator[str]:
    known, codes = {row["code"] for row in kinds}, {row["code"]: row for row in groups}
    for row in groups:
        if row["kind"] not in known:
            yield f"{GROUPS}: {row['code']}: the kind {row['kind']!r} is unknown"
        if row["parent"] and row["parent"] not in codes:
            yield f"{GROUPS}: {row['code']}: the parent {row['parent']!r} is unknown"
        if row["m49"] and not re.fullmatch("[0-9]{3}", row["m49"]):
            yield f"{GROUPS}: {row['code']}: the M49 code {row['m49']!r} is not three digits"
    for row in areas:
        chain = group_chain(groups, row["subregion"])
        if row["subregion"] and not chain:
            yield f"{AREAS}: {row['area']}: the subregion {row['subregion']!r} is no M49 group"
        elif chain and codes[chain[-1]]["label_en"] != row["region"]:
            yield f"{AREAS}: {row['area']}: {row['subregion']} is not a part of {row['region']}"
        elif row["region"] and not row["subregion"]:
            yield f"{AREAS}: {row['area']}: a region without a subregion"


def _member_faults(areas: Sequence[Row], groups: Sequence[Row], members: Sequence[Row]) -> Iterator[str]:
    known, stated = {row["area"] for row in areas}, {row["code"] for row in groups if not row["m49"]}
    for row in members:
        if row["area"] not in known:
            yield f"{MEMBERS}: {_name(row)}: the area is unknown"
        if row["area_group"] not in stated:
            yield f"{MEMBERS}: {_name(row)}: no group whose members are listed here"
        if not row["source"].strip():
            yield f"{MEMBERS}: {_name(row)}: no citation"
        if not row["valid_from"]:
            yield f"{MEMBERS}: {_name(row)}: no first day"
    for group in sorted(stated - {row["area_group"] for row in members}):
        yield f"{MEMBERS}: {group} has no member"


def _overlap_faults(groups: Sequence[Row], kinds: Sequence[Row], members: Sequence[Row]) -> Iterator[str]:
    """An area is in a group once at a time, and in one group at a time of a kind that parts the world."""
    kind = {row["code"]: row["kind"] for row in groups}
    parting = {row["code"] for row in kinds if row["is_partition"] == "true"}
    by_area: dict[str, list[Row]] = {}
    for row in members:
        by_area.setdefault(row["area"], []).append(row)
    for area, rows in by_area.items():
        for first, second in combinations(rows, 2):
            one, other = first["area_group"], second["area_group"]
            same_kind = kind.get(one) in parting and kind.get(one) == kind.get(other)
            if (one == other or same_kind) and _overlap(first, second):
                yield f"{MEMBERS}: {area}: in {one} and {other} at one time"


def _is_period(row: Row) -> bool:
    try:
        first, last = _period(row)
    except ValueError:
        return False
    return first <= last


def _period(row: Row) -> tuple[date, date]:
    """First and last day; an open end is the first or the last day that there is."""
    first, last = row["valid_from"], row["valid_to"]
    return date.fromisoformat(first) if first else date.min, date.fromisoformat(last) if last else date.max


def _overlap(first: Row, second: Row) -> bool:
    (a_from, a_to), (b_from, b_to) = _period(first), _period(second)
    return a_from <= b_to and b_from <= a_to


def _name(row: Row) -> str:
    return " ".join(part for part in (row.get("area_group"), row["area"]) if part)


def spells(members: Iterable[Row]) -> Iterator[tuple[Row, int]]:
    """Each membership with its number: 1, or 2 where an area left a group and came back."""
    count: dict[tuple[str, str], int] = {}
    for row in sorted(members, key=lambda row: (row["area_group"], row["area"], row["valid_from"])):
        key = row["area_group"], row["area"]
        count[key] = count.get(key, 0) + 1
        yield row, count[key]
