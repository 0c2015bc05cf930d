"""Subregions of what is forecast too widely to be read country by country."""

from __future__ import annotations

from pipelines.store import Home, connect, sql, write_query
from schemas.registry import Registry

REGION_INPUTS = ("inferred.evidence_lists", "inferred.place_lists", "reference.areas")


def make_regions(home: Home, registry: Registry) -> int:
    """Write `inferred.evidence_regions`; returns the number of rows."""
    con = connect(home, registry, REGION_INPUTS)
    return write_query(con, home, registry, "inferred.evidence_regions", sql(__file__, "regions"))
