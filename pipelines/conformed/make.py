"""The steps of the conformed layer: each opens its inputs, runs one SQL file, and writes one table."""

from __future__ import annotations

import polars as pl

from pipelines.conformed.duplicates.link import compare, groups_query, pairs_query
from pipelines.conformed.places.points import located
from pipelines.conformed.places.questions import asked
from pipelines.store import Home, StoreError, add_codes, connect, rows, sql, write_query
from schemas.contracts import LEG_TARGETS
from schemas.registry import Registry

LINE_INPUTS = (
    "staging.reports", "deliveries.files", "reference.areas", "reference.commodities", "reference.factors",
    "reference.places", "reference.rates", "reference.scopes", "reference.sources", "conformed.place_questions",
)  # fmt: skip
OUTLIER_INPUTS = ("conformed.lines", "conformed.totals", "reference.areas", "staging.decisions")
PAIR_INPUTS = ("conformed.lines", "conformed.legs", "staging.decisions")
GROUP_INPUTS = ("conformed.lines", "conformed.legs", "conformed.duplicate_pairs")
SEIZURE_INPUTS = ("conformed.lines", "conformed.groups", "conformed.outliers")
RECONCILIATION_INPUTS = ("conformed.seizures", "conformed.totals")
LINE_CODES = ("units", "transport_modes", "facilities", "size_classes")


def make_lines(home: Home, registry: Registry) -> dict[str, int]:
    """Write `conformed.lines` and `conformed.not_lines`; every staged row ends in exactly one of them.

    Raises `StoreError` where the numbers do not add up.
    """
    con = connect(home, registry, LINE_INPUTS)
    add_codes(con, registry, *LINE_CODES)
    con.execute(sql(__file__, "stated_lines"))
    con.execute(sql(__file__, "versions"))
    con.register("place_asked", asked(con))
    con.register("points", located(con, registry))
    counts = {
        "lines": write_query(con, home, registry, "conformed.lines", sql(__file__, "lines")),
        "not_lines": write_query(con, home, registry, "conformed.not_lines", sql(__file__, "not_lines")),
    }
    (staged,) = rows(con, "SELECT count(*) FROM staging.reports")[0]
    if staged != sum(counts.values()):
        raise StoreError(f"{staged} staged rows became {counts['lines']} lines and {counts['not_lines']} declared rows")
    return counts


def make_legs(home: Home, registry: Registry) -> int:
    """Write `conformed.legs`: the reported places of each line in their roles, and the place of the seizure."""
    con = connect(home, registry, ["conformed.lines", "staging.reports", "reference.areas"])
    words = [
        (source.source, column.to, column.role_word)
        for source in registry.sources.values()
        for column in source.all_columns.values()
        if column.to in LEG_TARGETS
    ]
    words = sorted({(source, role): (source, role, word) for source, role, word in words}.values())
    con.register("role_words", pl.DataFrame(words, schema=["source_id", "role", "role_reported"], orient="row"))
    return write_query(con, home, registry, "conformed.legs", sql(__file__, "legs"))


def make_contradictions(home: Home, registry: Registry) -> int:
    """Write `conformed.contradictions`: what cannot all be true of a line's route. The legs stay as reported."""
    con = connect(home, registry, ["conformed.lines", "conformed.legs"])
    return write_query(con, home, registry, "conformed.contradictions", sql(__file__, "contradictions"))


def make_totals(home: Home, registry: Registry) -> int:
    """Write `conformed.totals`: what sources that publish totals state and have stated."""
    con = connect(home, registry, ["staging.totals", "deliveries.files", "reference.commodities", "reference.scopes"])
    add_codes(con, registry, "units")
    return write_query(con, home, registry, "conformed.totals", sql(__file__, "totals"))


def make_cultivation(home: Home, registry: Registry) -> int:
    """Write `conformed.cultivation`: areas under crops, which say where goods may come from."""
    con = connect(home, registry, ["staging.cultivation", "deliveries.files"])
    return write_query(con, home, registry, "conformed.cultivation", sql(__file__, "cultivation"))


def make_outliers(home: Home, registry: Registry) -> int:
    """Write `conformed.outliers`: the score of every line's quantity, and the doubt about it.

    It reads lines alone and no weights of duplicates, so that a doubt does not depend on what else is a duplicate.
    Raises `StoreError` where a line is lost.
    """
    con = connect(home, registry, OUTLIER_INPUTS)
    add_codes(con, registry, "commodity_groups")
    con.execute(sql(__file__, "official"))
    written = write_query(con, home, registry, "conformed.outliers", sql(__file__, "outliers"))
    (lines,) = rows(con, "SELECT count(*) FROM conformed.lines")[0]
    if written != lines:
        raise StoreError(f"conformed.outliers: {lines} lines became {written} rows")
    return written


def make_duplicate_pairs(home: Home, registry: Registry) -> int:
    """Write `conformed.duplicate_pairs`: pairs of lines that may tell of one seizure, with their probability."""
    con = connect(home, registry, PAIR_INPUTS)
    compare(con, {source.source: source.mirrors for source in registry.sources.values() if source.mirrors})
    query, parameters = pairs_query(con)
    return write_query(con, home, registry, "conformed.duplicate_pairs", query, parameters)


def make_groups(home: Home, registry: Registry) -> int:
    """Write `conformed.groups`: the duplicate set, the incident and the weights of every line.

    Raises `StoreError` where a line is lost.
    """
    con = connect(home, registry, GROUP_INPUTS)
    written = write_query(con, home, registry, "conformed.groups", groups_query(con))
    (lines,) = rows(con, "SELECT count(*) FROM conformed.lines")[0]
    if written != lines:
        raise StoreError(f"conformed.groups: {lines} lines became {written} rows")
    return written


def make_seizures(home: Home, registry: Registry) -> int:
    """Write `conformed.seizures`: lines with their weight, their incident and the doubt about their quantity.

    Raises `StoreError` where the rows or the kilograms of a source are not those of its lines.
    """
    con = connect(home, registry, SEIZURE_INPUTS)
    written = write_query(con, home, registry, "conformed.seizures", sql(__file__, "seizures"))
    check_conserved(home, registry)
    return written


def check_conserved(home: Home, registry: Registry) -> None:
    """Raise `StoreError` unless lines and seizures have the same rows and the same kilograms of every source."""
    con = connect(home, registry, ["conformed.lines", "conformed.seizures"])
    differing = [source for (source,) in rows(con, sql(__file__, "conserved"))]
    if differing:
        raise StoreError(f"rows or kilograms of lines and seizures differ: {', '.join(differing)}")


def make_reconciliation(home: Home, registry: Registry) -> int:
    """Write `conformed.reconciliation`: what lines come to, against the official annual totals."""
    con = connect(home, registry, RECONCILIATION_INPUTS)
    con.execute(sql(__file__, "official"))
    return write_query(con, home, registry, "conformed.reconciliation", sql(__file__, "reconciliation"))
