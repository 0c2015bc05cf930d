"""The steps of the published layer: each opens its inputs, runs one SQL file, and writes one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipelines.store import Home, StoreError, add_codes, connect, rows, sql, write_query
from schemas.registry import Registry

REPORTING = (
    "conformed.seizures", "deliveries.files", "reference.areas", "reference.scopes", "reference.sources",
)  # fmt: skip

GROUPS = ("reference.areas", "reference.area_groups", "reference.area_members")

INPUTS: dict[str, tuple[str, ...]] = {
    "published.seizure_trends": (*REPORTING, "conformed.totals"),
    "published.corridor_trends": ("inferred.corridor_seizures",),
    "published.country_roles": (
        "conformed.seizures", "conformed.legs", "inferred.seizure_evidence", "inferred.seizure_scope",
        "inferred.evidence_lists", "inferred.place_lists",
    ),
    "published.coverage": (*REPORTING, "conformed.reconciliation"),
    "published.review_queue": ("conformed.seizures", "conformed.outliers", "conformed.duplicate_pairs"),
    "published.seizure_trends_by_area": ("published.seizure_trends", *GROUPS),
    "published.coverage_by_area": ("published.coverage", *GROUPS),
    "published.country_roles_by_area": (
        "published.country_roles", "conformed.seizures", "conformed.legs", *GROUPS,
    ),
    "published.corridor_trends_by_area": ("published.corridor_trends", *GROUPS),
}  # fmt: skip
"""What each published table is made of."""


def as_of_date(home: Home, registry: Registry, stated: date | None) -> date:
    """The day that ageing is counted from: as stated, or the newest date in the reports. Raises `StoreError`."""
    if stated is not None:
        return stated
    con = connect(home, registry, ["conformed.seizures"])
    (newest,) = rows(con, "SELECT max(seized_from) FROM conformed.seizures")[0]
    if not isinstance(newest, date):
        raise StoreError("there is no seizure yet: no event delivery has been accepted")
    return newest


def make_published(home: Home, registry: Registry, table: str, as_of: date) -> int:
    """Write one published table; returns the number of rows."""
    con = connect(home, registry, INPUTS[table])
    add_codes(con, registry, "commodity_groups")
    return write_query(con, home, registry, table, sql(__file__, table.split(".")[1]), {"as_of": as_of})


def make_seizure_trends(home: Home, registry: Registry, table: str, as_of: date) -> int:
    """Write `published.seizure_trends`. Raises `StoreError` where rows of seizures are lost on the way."""
    written = make_published(home, registry, table, as_of)
    con = connect(home, registry, [table, "conformed.seizures"])
    (counted,) = rows(con, "SELECT sum(n_rows) FROM published.seizure_trends WHERE period_type = 'year'")[0]
    (held,) = rows(con, "SELECT count(*) FROM conformed.seizures")[0]
    if counted != held:
        raise StoreError(f"{table} counts {counted} rows of {held} seizures")
    return written


ROLLED_UP = {
    "published.seizure_trends_by_area": ("published.seizure_trends", "country", ("n_rows", "n_lines", "kg_mid")),
    "published.coverage_by_area": ("published.coverage", "country", ("n_rows", "kg_reported", "kg_official")),
    "published.country_roles_by_area": ("published.country_roles", "country", ("n_made", "n_departure_inferred")),
    "published.corridor_trends_by_area": ("published.corridor_trends", "departure", ("n_reported", "n_inferred")),
}
"""Each table of groups: the table that it sums, whose area it goes by, and measures that must come through whole."""


def make_rolled_up(home: Home, registry: Registry, table: str, as_of: date) -> int:
    """Write a table of groups. Raises `StoreError` where the M49 regions do not add up to their countries.

    The regions part the world, so their sum is the sum of all areas that are in a region; of a corridor, both ends are.
    """
    written = make_published(home, registry, table, as_of)
    source, area, measures = ROLLED_UP[table]
    con = connect(home, registry, [table, source, "reference.area_members", "reference.area_groups"])
    kind = (
        "departure_group_kind = 'm49_region' AND destination_group_kind" if area == "departure" else "area_group_kind"
    )
    ends = ("departure", "destination") if area == "departure" else (area,)
    placed = """
        SELECT area FROM reference.area_members JOIN reference.area_groups USING (area_group)
        WHERE area_group_kind = 'm49_region'
    """
    inside = " AND ".join(f"{end} IN ({placed})" for end in ends)
    sums = ", ".join(f"coalesce(sum({measure}), 0)" for measure in measures)
    above = rows(con, f"SELECT {sums} FROM {table} WHERE {kind} = 'm49_region'")
    below = rows(con, f"SELECT {sums} FROM {source} WHERE {inside}")
    if above != below:
        raise StoreError(f"{table}: its regions do not add up to {source} in {', '.join(measures)}")
    return written


STEPS: dict[str, Callable[[Home, Registry, str, date], int]] = {
    **dict.fromkeys(INPUTS, make_published),
    "published.seizure_trends": make_seizure_trends,
    **dict.fromkeys(ROLLED_UP, make_rolled_up),
}
"""The step that makes each published table."""
