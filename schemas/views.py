"""Views: what is kept once and read as if it stood with every row that it holds for.

Belongs here: the queries of views over tables that have contracts, and what they read. Does not belong here: a column
that no table has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A query, and the tables and views that it reads."""

    of: tuple[str, ...]
    query: str


VIEWS = {
    "inferred.route_posteriors": View(
        ("inferred.evidence_lists", "inferred.place_lists"),
        """
        SELECT
            l.evidence_id, l.role, p.country, p.prob_true, p.prob_label,
            -- behind a reported place stand others that may be meant, and nobody reported them
            CASE WHEN p.rank = 1 OR p.country = 'rest' THEN l.basis ELSE 'inferred' END AS basis,
            p.rank, p.in_set90, p.support_n, p.support_reporters, l.model_id
        FROM inferred.evidence_lists AS l
        JOIN inferred.place_lists AS p USING (list_no)  -- n:n
        """,
    ),
    "inferred.seizure_posteriors": View(
        ("inferred.seizure_evidence", "inferred.route_posteriors"),
        """
        SELECT s.seizure_id, p.* EXCLUDE (evidence_id)
        FROM inferred.seizure_evidence AS s
        JOIN inferred.route_posteriors AS p USING (evidence_id)  -- n:n
        """,
    ),
    "inferred.seizure_regions": View(
        ("inferred.seizure_evidence", "inferred.evidence_regions"),
        """
        SELECT s.seizure_id, r.* EXCLUDE (evidence_id)
        FROM inferred.seizure_evidence AS s
        JOIN inferred.evidence_regions AS r USING (evidence_id)  -- n:n
        """,
    ),
}
"""By name, each after the views that it reads."""


def tables_of(names: Iterable[str]) -> tuple[str, ...]:
    """The tables that these tables and views are made of, each once."""
    found = ((name,) if name not in VIEWS else tables_of(VIEWS[name].of) for name in names)
    return tuple(dict.fromkeys(table for tables in found for table in tables))
