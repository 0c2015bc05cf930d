"""The steps of the published layer: each opens its inputs, runs one SQL file, and writes one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipelines.store import Home, StoreError, add_codes, connect, rows, sql, write_query
from schemas.registry import Registry

REPORTING = (
    "conformed.seizures", "deliveries.files", "reference.areas", "reference.scopes", "reference.sources",
)  # fmt: skip


INPUTS: dict[str, tuple[str, ...]] = {
    "published.seizure_trends": (*REPORTING, "conformed.totals"),
    "published.corridor_trends": ("inferred.corridor_seizures",),
    "published.country_roles": (
        "conformed.seizures", "conformed.legs", "inferred.seizure_evidence", "inferred.seizure_scope",
        "inferred.route_posteriors",
    ),
    "published.coverage": (*REPORTING, "conformed.reconciliation"),
    "published.review_queue": ("conformed.seizures", "conformed.outliers"),
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


STEPS: dict[str, Callable[[Home, Registry, str, date], int]] = {
    **dict.fromkeys(INPUTS, make_published),
    "published.seizure_trends": make_seizure_trends,
}
"""The step that makes each published table."""
