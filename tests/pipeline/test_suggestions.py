"""A spelling without a code is quarantined or listed, never guessed; its steward is told what it may be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import samples
from nights import flows, flows_here

import illicit_flows
from illicit_flows.source.check import check_file
from schemas.registry import Registry

MISSPELLED = samples.ids(
    {"DRUG_NAME": "Herroin"},
    {"DRUG_NAME": "Herroin", "PLACE": "Another village"},
    {"TRANSPORT": "Comercial air", "HIDING_PLACE": "Qqqq"},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ids_2014.csv"
    path.write_bytes(MISSPELLED)
    return path


def test_a_misspelled_commodity_is_quarantined_by_name_and_not_mapped(registry: Registry, file: Path) -> None:
    found = check_file(registry, registry.sources["unodc_ids"], file)
    assert found.endings() == {"records": 100, "staged": 98, "quarantined": 2, "declared": 0}
    held = found.quarantine.select("rule_id", "column", "value_seen").unique().rows()
    assert held == [("unknown_code", "DRUG_NAME", "Herroin")]
    assert found.staged is not None
    assert found.staged.tables["staging.reports"]["row_no"].min() == 3


def test_the_nearest_codes_are_offered_for_it_and_for_a_lesser_column(registry: Registry, file: Path) -> None:
    found = check_file(registry, registry.sources["unodc_ids"], file).suggestions(registry)
    best = {row["value"]: row for row in reversed(found)}
    assert set(best) == {"Herroin", "Comercial air"}  # nothing is like Qqqq
    assert best["Herroin"] == {
        "column": "DRUG_NAME", "value": "Herroin", "n_rows": 2, "lookup": "unodc_ids.drug_name", "code": "heroin",
        "like": "Heroin", "score": 0.92, "row": "# Herroin,heroin",
    }  # fmt: skip
    assert (best["Comercial air"]["code"], best["Comercial air"]["column"]) == ("air_commercial", "TRANSPORT")


def test_the_command_prints_rows_to_paste_and_says_that_none_is_applied(file: Path) -> None:
    said = flows_here("source", "check", file, "--source", "unodc_ids", "--json")
    assert said.code == 3
    assert "no code yet: DRUG_NAME = Herroin (2 rows)" in said.err
    assert "not applied; for schemas/lookups/unodc_ids.drug_name.csv" in said.err
    assert "0.92 like 'Heroin':  # Herroin,heroin" in said.err
    assert {"Herroin", "Comercial air"} == {row["value"] for row in said.json["suggestions"]}


@pytest.mark.slow
def test_the_run_report_lists_them_for_the_steward(tmp_path: Path) -> None:
    inbox = samples.put(tmp_path / "inbox", {"unodc_ids/ids_2014.csv": MISSPELLED})
    said = flows("run", "--home", tmp_path / "home", "--inbox", inbox)
    assert said.code == 0, said.err
    quality = illicit_flows.open(home=tmp_path / "home").path / "quality"
    report = json.loads((quality / "run_report.json").read_text(encoding="utf-8"))
    rows = {row["row"] for row in report["suggestions"]}
    assert {"# Herroin,heroin", "# Comercial air,air_commercial"} <= rows
    page = (quality / "run_report.md").read_text(encoding="utf-8")
    assert "# Herroin,heroin" in page
    assert "none applied" in page
