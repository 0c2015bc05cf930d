"""The run report: what happened to every row, how much has a code, what is withheld, what a person should look at."""

from __future__ import annotations

from typing import Any

from pipelines.spellings import offers
from pipelines.store import Home, connect, rows, sql
from schemas.registry import Registry

REPORTED = (
    "deliveries.files", "deliveries.status", "staging.reports", "staging.totals", "staging.outcomes",
    "staging.cultivation", "staging.decisions", "staging.quarantine", "staging.declared", "staging.mappings",
    "staging.unmapped", "conformed.lines", "conformed.not_lines", "conformed.contradictions", "conformed.seizures",
    "conformed.totals", "conformed.cases", "conformed.outcomes", "conformed.not_outcomes", "conformed.reconciliation",
    "published.review_queue", "inferred.seizure_scope",
)  # fmt: skip
Report = dict[str, Any]
ENDINGS = (
    "rows_delivered", "staged", "quarantined", "declared", "reports", "lines", "not_lines", "totals", "outcomes",
    "standing_outcomes", "not_outcomes", "cultivation",
)  # fmt: skip


class Unbalanced(Exception):
    """Rows were lost or counted twice between a delivery and the tables."""


def run_report(home: Home, registry: Registry, unclaimed: list[str]) -> Report:
    """All figures of a run, as plain data. Raises `Unbalanced`, naming every delivery whose rows do not add up."""
    con = connect(home, registry, REPORTED)
    deliveries = _records(con, sql(__file__, "reports/accounting"))
    wrong = [row["delivery_id"] for row in deliveries if row["verdict"] == "accepted" and not _balances(row)]
    if wrong:
        raise Unbalanced(f"the rows of these deliveries do not add up: {', '.join(wrong)}")
    quarantine = _records(con, sql(__file__, "reports/quarantine"))
    unmapped = _records(con, sql(__file__, "reports/unmapped"))
    for row in deliveries:
        row["says"] = _sentence(registry, row["source_id"], row["verdict_rule"], row.pop("verdict_params"))
    for row in quarantine:
        row["says"] = _sentence(registry, row["source_id"], row["rule_id"], row.pop("params"))
    return {
        "sources": [
            row | _sums(deliveries, row["source_id"]) for row in _records(con, sql(__file__, "reports/sources"))
        ],
        "deliveries": deliveries,
        "unclaimed": unclaimed,
        "quarantine": quarantine,
        "corrections": _records(con, sql(__file__, "reports/corrections")),
        "declared_totals": _records(con, sql(__file__, "reports/declared_totals")),
        "mappings": _records(con, sql(__file__, "reports/mappings")),
        "unmapped": unmapped,
        "suggestions": offers(registry, unmapped),
        "places": _records(con, sql(__file__, "reports/places")),
        "weights": _records(con, sql(__file__, "reports/weights")),
        "contradictions": _records(con, sql(__file__, "reports/contradictions")),
        "outcomes": _records(con, sql(__file__, "reports/outcomes")),
        "doubts": _records(con, sql(__file__, "reports/doubts")),
        "reconciliation": _records(con, sql(__file__, "reports/reconciliation")),
        "decided": _records(con, sql(__file__, "reports/decided")),
        "decisions_not_applied": _records(con, sql(__file__, "reports/decisions")),
        "scope": _records(con, sql(__file__, "reports/scope")),
        "kg": _records(con, sql(__file__, "reports/kilograms")),
    }


def report_page(report: Report) -> str:
    """The run report as Markdown, one table a section."""
    lines = ["# Run report", ""]
    titles = {
        "sources": "Sources", "deliveries": "Deliveries: every row ends in one place", "quarantine": "Quarantined rows",
        "corrections": "Corrections", "declared_totals": "Declared totals against sums",
        "mappings": "Coverage of the mappings",
        "unmapped": "Spellings without a code yet",
        "suggestions": "Codes that they may have, none applied: a row for the lookup, without its mark if it is right",
        "places": "Places", "weights": "Rows with a bulk weight",
        "contradictions": "Contradictions in reported routes", "outcomes": "Outcomes of cases, by stage and state",
        "doubts": "Doubted quantities",
        "scope": "Rows in and out of scope", "kg": "Kilograms carried through",
    }  # fmt: skip
    for key, title in titles.items():
        lines += [f"## {title}", "", *_markdown(report[key]), ""]
    lines += ["## Files and folders without a contract", ""]
    lines += [f"- {name}" for name in report["unclaimed"]] or ["none"]
    return "\n".join([*lines, ""])


def _balances(row: dict[str, Any]) -> bool:
    whole = row["rows_delivered"] == row["staged"] + row["quarantined"] + row["declared"]
    lines = row["reports"] == row["lines"] + row["not_lines"]
    return bool(whole and lines and row["outcomes"] == row["standing_outcomes"] + row["not_outcomes"])


def _sentence(registry: Registry, source_id: str, rule_id: str | None, params: dict[str, str] | None) -> str | None:
    """What is said to the publisher about a broken rule, in the source's language."""
    if rule_id is None:
        return None
    return registry.messages.render(rule_id, registry.sources[source_id].language, params or {})


def _sums(deliveries: list[dict[str, Any]], source_id: str) -> dict[str, int]:
    """The endings of all rows of a source."""
    own = [row for row in deliveries if row["source_id"] == source_id]
    return {ending: sum(row[ending] for row in own) for ending in ENDINGS}


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
    return table + ["| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in records]


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(str(value).replace("|", "\\|").splitlines())
