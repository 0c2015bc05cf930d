"""The steps of the published layer: each opens its inputs, runs one SQL file, and writes one table."""

from __future__ import annotations

from datetime import date

from pipelines.store import Connection, Home, StoreError, add_codes, connect, rows, sql, write_query
from schemas.registry import Registry

REPORTING = (
    "conformed.seizures", "deliveries.files", "reference.areas", "reference.scopes", "reference.sources",
)  # fmt: skip


def newest_data_date(home: Home, registry: Registry) -> date:
    """The newest date in the accepted event deliveries: the day that ageing is counted from. Raises `StoreError`."""
    con = connect(home, registry, ["conformed.seizures"])
    (newest,) = rows(con, "SELECT max(seized_from) FROM conformed.seizures")[0]
    if not isinstance(newest, date):
        raise StoreError("there is no seizure yet: no event delivery has been accepted")
    return newest


def make_seizure_trends(home: Home, registry: Registry, as_of: date) -> int:
    """Write `published.seizure_trends`. Raises `StoreError` where rows of seizures are lost on the way."""
    con = _reporting(home, registry)
    written = write_query(
        con, home, registry, "published.seizure_trends", sql(__file__, "seizure_trends"), {"as_of": as_of}
    )
    published = connect(home, registry, ["published.seizure_trends", "conformed.seizures"])
    (counted, held) = rows(
        published,
        """
        SELECT
            (SELECT sum(n_rows) FROM published.seizure_trends WHERE period_type = 'year'),
            (SELECT count(*) FROM conformed.seizures)
        """,
    )[0]
    if counted != held:
        raise StoreError(f"published.seizure_trends counts {counted} rows of {held} seizures")
    return written


def make_corridor_trends(home: Home, registry: Registry, as_of: date) -> int:
    """Write `published.corridor_trends`."""
    con = connect(home, registry, ["inferred.corridor_seizures"])
    return write_query(
        con, home, registry, "published.corridor_trends", sql(__file__, "corridor_trends"), {"as_of": as_of}
    )


def make_country_roles(home: Home, registry: Registry, as_of: date) -> int:
    """Write `published.country_roles`."""
    con = connect(
        home,
        registry,
        ["conformed.seizures", "conformed.legs", "inferred.seizure_evidence", "inferred.seizure_scope",
         "inferred.route_posteriors"],
    )  # fmt: skip
    return write_query(con, home, registry, "published.country_roles", sql(__file__, "country_roles"), {"as_of": as_of})


def make_coverage(home: Home, registry: Registry, as_of: date) -> int:
    """Write `published.coverage`."""
    con = connect(home, registry, [*REPORTING, "conformed.totals"])
    return write_query(con, home, registry, "published.coverage", sql(__file__, "coverage"), {"as_of": as_of})


def make_review_queue(home: Home, registry: Registry, as_of: date) -> int:
    """Write `published.review_queue`."""
    con = connect(home, registry, ["conformed.seizures"])
    return write_query(con, home, registry, "published.review_queue", sql(__file__, "review_queue"), {"as_of": as_of})


def _reporting(home: Home, registry: Registry) -> Connection:
    con = connect(home, registry, REPORTING)
    add_codes(con, registry, "commodity_groups")
    return con
