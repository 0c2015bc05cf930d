"""The run report: what happened to every row, how much has a code, what is withheld, what a person should look at."""

from __future__ import annotations

import json
from typing import Any

from pipelines.store import Home, connect, rows
from schemas.registry import Registry

REPORTED = (
    "deliveries.files", "deliveries.status", "staging.reports", "staging.totals", "staging.quarantine",
    "staging.declared", "staging.mappings", "staging.unmapped", "conformed.lines", "conformed.not_lines",
    "conformed.seizures", "conformed.totals", "published.review_queue", "inferred.seizure_scope",
)  # fmt: skip
Report = dict[str, Any]


class Unbalanced(Exception):
    """Rows were lost or counted twice between a delivery and the tables."""


def read_unclaimed(home: Home) -> list[str]:
    """Files and folders that the last look into the inbox found without a contract."""
    note = home.deliveries / "unclaimed.json"
    return list(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else []


def run_report(home: Home, registry: Registry, unclaimed: list[str]) -> Report:
    """All figures of a run, as plain data. Raises `Unbalanced`, naming every delivery whose rows do not add up."""
    con = connect(home, registry, REPORTED)
    deliveries = _records(con, ACCOUNTING)
    wrong = [row["delivery_id"] for row in deliveries if row["verdict"] == "accepted" and not _balances(row)]
    if wrong:
        raise Unbalanced(f"the rows of these deliveries do not add up: {', '.join(wrong)}")
    for row in deliveries:
        row["says"] = _sentence(registry, row)
    return {
        "sources": _records(con, SOURCES),
        "deliveries": deliveries,
        "unclaimed": unclaimed,
        "quarantine": _records(con, QUARANTINE),
        "declared_totals": _records(con, DECLARED_TOTALS),
        "mappings": _records(con, MAPPINGS),
        "unmapped": _records(con, UNMAPPED),
        "places": _records(con, PLACES),
        "weights": _records(con, WEIGHTS),
        "doubts": _records(con, DOUBTS),
        "scope": _records(con, SCOPE),
        "kg": _records(con, KILOGRAMS),
    }


def report_page(report: Report) -> str:
    """The run report as Markdown, one table a section."""
    lines = ["# Run report", ""]
    titles = {
        "sources": "Sources", "deliveries": "Deliveries: every row ends in one place", "quarantine": "Quarantined rows",
        "declared_totals": "Declared totals against sums", "mappings": "Coverage of the mappings",
        "unmapped": "Spellings without a code yet", "places": "Places", "weights": "Rows with a bulk weight",
        "doubts": "Doubted quantities", "scope": "Rows in and out of scope", "kg": "Kilograms carried through",
    }  # fmt: skip
    for key, title in titles.items():
        lines += [f"## {title}", "", *_markdown(report[key]), ""]
    lines += ["## Files and folders without a contract", ""]
    lines += [f"- {name}" for name in report["unclaimed"]] or ["none"]
    return "\n".join([*lines, ""])


def _balances(row: dict[str, Any]) -> bool:
    whole = row["rows_delivered"] == row["staged"] + row["quarantined"] + row["declared"]
    return bool(whole and row["staged"] == row["lines"] + row["not_lines"] + row["totals"])


def _sentence(registry: Registry, row: dict[str, Any]) -> str | None:
    """Why a delivery was withheld, in its publisher's language."""
    if row["verdict_rule"] is None:
        return None
    language = registry.sources[row["source_id"]].language
    return registry.messages.render(row["verdict_rule"], language, row.pop("verdict_params") or {})


def _records(con: Any, query: str) -> list[dict[str, Any]]:
    found = rows(con, query)
    names = [column[0] for column in con.description]
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in found]


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, dict, type(None))):
        return value
    return str(value)


def _markdown(records: list[dict[str, Any]]) -> list[str]:
    if not records:
        return ["none"]
    names = list(records[0])
    table = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return table + [
        "| " + " | ".join(str(row.get(name, "") if row.get(name) is not None else "") for name in names) + " |"
        for row in records
    ]


SOURCES = """
    SELECT source_id, status, stale_since, n_accepted, n_withheld, data_through FROM deliveries.status ORDER BY source_id
"""
ACCOUNTING = """
    WITH counts AS (
        SELECT delivery_id, 'staged' AS ending, count(*) AS n FROM staging.reports GROUP BY delivery_id
        UNION ALL SELECT delivery_id, 'staged', count(*) FROM staging.totals GROUP BY delivery_id
        UNION ALL SELECT delivery_id, 'totals', count(*) FROM staging.totals GROUP BY delivery_id
        UNION ALL SELECT delivery_id, 'quarantined', count(DISTINCT (part, row_no)) FROM staging.quarantine GROUP BY ALL
        UNION ALL SELECT delivery_id, 'declared', count(*) FROM staging.declared GROUP BY delivery_id
        UNION ALL SELECT delivery_id, 'lines', count(*) FROM conformed.lines GROUP BY delivery_id
        UNION ALL SELECT delivery_id, 'not_lines', count(*) FROM conformed.not_lines GROUP BY delivery_id
    ),
    wide AS (
        SELECT
            delivery_id,
            coalesce(sum(n) FILTER (WHERE ending = 'staged'), 0) AS staged,
            coalesce(sum(n) FILTER (WHERE ending = 'quarantined'), 0) AS quarantined,
            coalesce(sum(n) FILTER (WHERE ending = 'declared'), 0) AS declared,
            coalesce(sum(n) FILTER (WHERE ending = 'lines'), 0) AS lines,
            coalesce(sum(n) FILTER (WHERE ending = 'not_lines'), 0) AS not_lines,
            coalesce(sum(n) FILTER (WHERE ending = 'totals'), 0) AS totals
        FROM counts GROUP BY delivery_id
    )
    SELECT
        f.source_id, f.file_name, f.delivery_id, f.simulated, f.verdict, f.is_resolved, f.verdict_rule,
        f.verdict_params, f.rows_delivered,
        CAST(coalesce(w.staged, 0) AS BIGINT) AS staged,
        CAST(coalesce(w.quarantined, 0) AS BIGINT) AS quarantined,
        CAST(coalesce(w.declared, 0) AS BIGINT) AS declared,
        CAST(coalesce(w.lines, 0) AS BIGINT) AS lines,
        CAST(coalesce(w.not_lines, 0) AS BIGINT) AS not_lines,
        CAST(coalesce(w.totals, 0) AS BIGINT) AS totals
    FROM deliveries.files AS f
    LEFT JOIN wide AS w USING (delivery_id)
    ORDER BY f.source_id, f.file_name, f.delivery_id
"""
QUARANTINE = """
    SELECT source_id, rule_id, "column", count(*) AS n FROM staging.quarantine GROUP BY ALL ORDER BY ALL
"""
DECLARED_TOTALS = """
    SELECT source_id, file_name, row_no, declared_value, computed_value, declared_value - computed_value AS difference
    FROM staging.declared WHERE declared_value IS NOT NULL ORDER BY ALL
"""
MAPPINGS = """
    SELECT source_id, "column", target, n_given, n_mapped, n_unmapped, n_not_known, share_mapped
    FROM staging.mappings ORDER BY source_id, "column"
"""
UNMAPPED = """
    SELECT source_id, "column", value, n_rows FROM staging.unmapped ORDER BY n_rows DESC, source_id, "column", value
    LIMIT 200
"""
PLACES = """
    SELECT source_id, count(place_code) AS with_code, count(place_id) AS resolved, count(lat) AS with_coordinates,
        count(*) AS n_rows
    FROM conformed.lines GROUP BY source_id ORDER BY source_id
"""
WEIGHTS = """
    SELECT source_id, amount_semantics, count(*) AS n_rows, count(kg_mid) AS with_kg
    FROM conformed.lines GROUP BY ALL ORDER BY ALL
"""
DOUBTS = """
    SELECT outlier_flag, count(*) AS n_rows, sum(kg_mid) AS kg FROM conformed.seizures WHERE outlier_flag <> 'none'
    GROUP BY outlier_flag ORDER BY outlier_flag
"""
SCOPE = """
    SELECT source_id, commodity_group, in_scope, count(*) AS n_rows FROM conformed.lines
    WHERE NOT in_scope GROUP BY ALL ORDER BY ALL
"""
KILOGRAMS = """
    SELECT l.source_id, sum(l.kg_mid) AS kg_lines,
        (SELECT sum(s.kg_mid) FROM conformed.seizures AS s WHERE s.source_id = l.source_id) AS kg_seizures
    FROM conformed.lines AS l GROUP BY l.source_id ORDER BY l.source_id
"""
