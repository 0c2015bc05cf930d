"""The step of cases: opens staged outcomes and standing lines, and writes four tables that meet in the case."""

from __future__ import annotations

from pathlib import Path

from pipelines.store import Home, StoreError, connect, rows, sql, write_query
from schemas.registry import Registry

CASE_INPUTS = (
    "staging.outcomes", "staging.reports", "deliveries.files", "conformed.lines", "conformed.not_lines",
    "reference.rates", "reference.sources",
)  # fmt: skip
CASE_TABLES = ("cases", "case_seizures", "outcomes", "not_outcomes")
"""In the order in which they are written: the others name a case."""
LAYER = str(Path(__file__).parent)
"""Beside this folder lie the rules of vintages, which are those of lines."""


def make_cases(home: Home, registry: Registry) -> dict[str, int]:
    """Write `conformed.cases`, `case_seizures`, `outcomes` and `not_outcomes`; returns their numbers of rows.

    Every staged outcome ends in exactly one of the last two. Raises `StoreError` where the numbers do not add up, be it
    of outcomes or of linked seizures.
    """
    con = connect(home, registry, CASE_INPUTS)
    con.execute(sql(__file__, "stated_outcomes"))
    con.execute(sql(LAYER, "versions"))
    con.execute(sql(__file__, "told"))
    con.execute(sql(__file__, "links"))
    counts = {name: write_query(con, home, registry, f"conformed.{name}", sql(__file__, name)) for name in CASE_TABLES}
    (staged,) = rows(con, "SELECT count(*) FROM staging.outcomes")[0]
    if staged != counts["outcomes"] + counts["not_outcomes"]:
        raise StoreError(
            f"{staged} staged outcomes became {counts['outcomes']} outcomes and {counts['not_outcomes']} declared rows"
        )
    con = connect(home, registry, ["conformed.cases"])
    sums = "SELECT coalesce(sum(n_outcomes), 0), coalesce(sum(n_seizures), 0) FROM conformed.cases"
    n_outcomes, n_links = rows(con, sums)[0]
    made, linked = counts["outcomes"], counts["case_seizures"]
    if (n_outcomes, n_links) != (made, linked):
        raise StoreError(f"cases count {n_outcomes} of {made} outcomes and {n_links} of {linked} links")
    return counts
