"""Evidence: the distinct combinations of what the model may see, and which seizure has which."""

from __future__ import annotations

from pipelines.store import Home, add_codes, connect, sql, write_query
from schemas.registry import Registry

EVIDENCE_INPUTS = ("conformed.seizures", "conformed.legs", "conformed.contradictions", "reference.areas")
SEEN = (
    "reporter", "subregion", "commodity", "commodity_group", "commodity_family", "size_class", "mode_class",
    "concealment", "facility", "border_class", "direction", "place", "year", "origin", "departure", "transit",
    "destination", "cross_border", "contradiction", "source_reliability",
)  # fmt: skip
"""Columns that the model may see. Nothing about a person is, or may become, one of them."""


def make_evidence(home: Home, registry: Registry) -> dict[str, int]:
    """Write `inferred.evidence` and `inferred.seizure_evidence`; returns their numbers of rows."""
    con = connect(home, registry, EVIDENCE_INPUTS)
    add_codes(con, registry, "contradiction_kinds")
    seen = ", ".join(SEEN)
    words = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '-')" for name in SEEN)
    fingerprint = f"left(sha256(concat_ws('|', {words})), 24)"
    con.execute(f"CREATE TEMP TABLE seen AS SELECT *, {fingerprint} AS evidence_id FROM ({sql(__file__, 'evidence')})")
    distinct = f"""
        SELECT evidence_id, {seen}, count(*) AS n_rows, CAST(sum(line_weight) AS DECIMAL(18, 6)) AS n_lines
        FROM seen GROUP BY evidence_id, {seen}
    """
    return {
        "evidence": write_query(con, home, registry, "inferred.evidence", distinct),
        "seizure_evidence": write_query(
            con, home, registry, "inferred.seizure_evidence", "SELECT seizure_id, evidence_id FROM seen"
        ),
    }
