"""The gate: Great Expectations over the counts of broken rules, as blocking checks on whole tables.

One DuckDB query a table counts the rows that break each rule: one wide row, a column a rule. The suite is generated in
memory from the table's contract and validates that row, so its cost is one scan, however long the table is. Results
and Data Docs lie below the home's `quality/`.
"""

import json
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import dagster as dg
import polars as pl

from assets.house import House
from assets.metadata import asset_key
from pipelines.store import Home, add_codes, connect, frame, write_bytes
from schemas.contracts import TableContract
from schemas.registry import Registry, registry
from schemas.render import GateRule, gate_rules, quoted

REMOTE = re.compile(r"<(?:link|script)[^>]*(?:href|src)=\"?https?://[^>]*>(?:\s*</script>)?", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What the gate saw in one table: each rule's figure and whether it holds."""

    table: str
    holds: bool
    rules: list[dict[str, Any]]

    @property
    def broken(self) -> list[str]:
        return [rule["id"] for rule in self.rules if not rule["holds"]]


def gate_checks(tables: Sequence[TableContract]) -> list[dg.AssetChecksDefinition]:
    """A blocking check for every table."""
    return [_gate_check(table) for table in tables]


def _gate_check(table: TableContract) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(table.qualified),
        name="contract",
        blocking=True,
        description=f"Every rule of the contract of {table.qualified} holds.",
    )
    def contract(house: House) -> dg.AssetCheckResult:
        verdict = examine(house.at, registry(), table)
        return dg.AssetCheckResult(
            passed=verdict.holds,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={"rules": len(verdict.rules), "broken": ", ".join(verdict.broken) or "none"},
        )

    return contract


def examine(home: Home, contracts: Registry, table: TableContract) -> Verdict:
    """Hold one table against its contract, and keep the result."""
    rules = gate_rules(contracts, table)
    con = connect(home, contracts, [table.qualified])
    add_codes(con, contracts, *sorted({contracts.fields[name].codes or "areas" for name in table.fields}))
    figures = frame(con, figures_query(table, rules))
    result = _validate(table.qualified, rules, figures)
    found = {outcome["expectation_config"]["kwargs"]["column"]: outcome["success"] for outcome in result["results"]}
    verdict = Verdict(
        table.qualified,
        bool(result["success"]),
        [
            {
                "id": rule.id,
                "says": rule.says,
                "figure": figures[rule.id].item(),
                "minimum": rule.minimum,
                "maximum": rule.maximum,
                "holds": bool(found[rule.id]),
            }
            for rule in rules
        ],
    )
    folder = home.quality / "gate"
    kept = {"table": verdict.table, "holds": verdict.holds, "rules": verdict.rules}
    write_bytes(folder / f"{table.qualified}.json", json.dumps(kept, indent=1).encode())
    write_bytes(folder / f"{table.qualified}.html", _data_docs(result).encode())
    return verdict


def gate_results(home: Home) -> dict[str, Any]:
    """The kept results of all tables, by name."""
    results = [json.loads(path.read_text()) for path in sorted((home.quality / "gate").glob("*.json"))]
    return {result["table"]: result for result in results}


def figures_query(table: TableContract, rules: Sequence[GateRule]) -> str:
    """One aggregate query with a column for each rule."""
    columns = ", ".join(f"CAST({rule.sql} AS DOUBLE) AS {quoted(rule.id)}" for rule in rules)
    return f"SELECT {columns} FROM {quoted(table.layer)}.{quoted(table.name)}"


def _validate(name: str, rules: Sequence[GateRule], figures: pl.DataFrame) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        batch = (
            context.data_sources.add_pandas("figures")
            .add_dataframe_asset(name)
            .add_batch_definition_whole_dataframe("all")
            .get_batch(batch_parameters={"dataframe": figures.to_pandas()})
        )
        # of a column with one row the largest value is the figure, at two thirds of the cost of a look at each value
        expectations = [
            gx.expectations.ExpectColumnMaxToBeBetween(
                column=rule.id, min_value=rule.minimum, max_value=rule.maximum, severity="critical", notes=rule.says
            )
            for rule in rules
        ]
        return batch.validate(gx.ExpectationSuite(name=name, expectations=expectations), result_format="BOOLEAN_ONLY")


def _data_docs(result: Any) -> str:
    """The page of Data Docs for one result, without the styles and scripts that it would fetch from a network."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    return REMOTE.sub("", _page_view().render(ValidationResultsPageRenderer().render(result)))


@cache
def _page_view() -> Any:
    """One view for all pages: making one compiles its templates anew."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()
