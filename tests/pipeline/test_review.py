"""What is worth a person's look: scores, doubts, slips, what a decision does to them, and the queue."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import samples
from nights import Night, copied, flows, flows_here

from pipelines.conformed import make
from pipelines.published.make import make_published, make_seizure_trends
from pipelines.published.report import run_report
from pipelines.staging.decisions import append, make_decisions
from pipelines.store import Home, StoreError, locked
from schemas.registry import Registry


def tons(place: str, country: str, kilograms: str, **more: str) -> dict[str, str]:
    cocaine = {"DRUG_NAME": "Cocaine", "DRUG_UNIT": "Kilogram", "SEIZURE_DATE": "2014-06-01"}
    return {**cocaine, "PLACE": place, "COUNTRY": country, "AMOUNT": kilograms, **more}


COCAINE = [tons(f"Port {n}", "Spain", str(20 + n)) for n in range(30)]
"""A class of 30 lines of one reporter and commodity, 20 to 49 kg."""
TABLETS = [
    {**tons(f"Road {n}", "Thailand", str(1_000_000 + 50_000 * n)), "DRUG_NAME": "Amphetamine", "DRUG_UNIT": "Tablet",
     "SEIZURE_DATE": "2013-06-01"}
    for n in range(30)
]  # fmt: skip
PLANTED = {
    "new country": tons("new country", "Guinea-Bissau", "6500"),
    "new country twice": tons("new country twice", "Togo", "7100"),
    "ordinary": tons("ordinary", "Benin", "30"),
    "lost among others": tons("lost among others", "Spain", "150"),
    "grams": tons("grams", "Gabon", "31000"),
    "small": tons("small", "Congo", "0.999"),
    "tablets as kilograms": {
        **tons("tablets as kilograms", "Thailand", "1500000"), "DRUG_NAME": "Amphetamine", "SEIZURE_DATE": "2014-06-01",
    },
    "tablets": {
        **tons("tablets", "Thailand", "2400000"), "DRUG_NAME": "Amphetamine", "DRUG_UNIT": "Tablet",
        "SEIZURE_DATE": "2015-06-01",
    },
    "rare": {**tons("rare", "Mali", "900"), "DRUG_NAME": "Khat"},
    "known to the state": tons("known to the state", "Ghana", "6000"),
    "more than the state knows": tons("more than the state knows", "Kenya", "6000"),
}  # fmt: skip
ANNUAL = [
    {"country": country, "Year": "2014", "Drug Group": "Cocaine-type", "Drug": "Cocaine salts", "KG Equivalent": kg}
    for country, kg in (("Ghana", "6400"), ("Kenya", "10"), ("Spain", "1000"), ("Togo", "0"))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Home:
    """A home with the planted lines, conformed. Tests read it and write nothing into it."""
    home = Home.at(tmp_path_factory.mktemp("doubted")).make()
    twice = PLANTED["new country twice"]
    files = {
        "unodc_ids/ids_2014.csv": samples.ids(*PLANTED.values(), twice, *COCAINE, *TABLETS),
        "unodc_annual/a.csv": samples.annual(*ANNUAL, {"Year": "2016"}, least=20),
    }
    samples.conform(home, registry, files)
    return home


@pytest.fixture
def own(world: Home, tmp_path: Path) -> Home:
    """A copy of the tables for a test that writes."""
    home = Home.at(tmp_path / "own").make()
    shutil.copytree(world.tables, home.tables, dirs_exist_ok=True)
    return home


def doubts(home: Home, registry: Registry) -> dict[str, dict[str, Any]]:
    """The outlier rows of the planted lines, by their name."""
    lines = samples.table(home, registry, "conformed.lines").select("seizure_id", "place_text")
    found = samples.table(home, registry, "conformed.outliers").join(lines, on="seizure_id")
    return {row["place_text"]: row for row in found.filter(pl.col("place_text").is_in(list(PLANTED))).to_dicts()}


def again(home: Home, registry: Registry) -> None:
    """From the decisions to the queue."""
    make_decisions(home, registry)
    make.make_outliers(home, registry)
    make.make_seizures(home, registry)
    make.make_reconciliation(home, registry)
    for table in ("published.seizure_trends", "published.coverage", "published.review_queue"):
        step = make_seizure_trends if table == "published.seizure_trends" else make_published
        step(home, registry, table, date(2020, 1, 1))


def year(home: Home, registry: Registry, country: str) -> dict[str, Any]:
    (found,) = (
        samples.table(home, registry, "published.seizure_trends")
        .filter(country=country, commodity_group="cocaine", period_type="year", year=2014)
        .to_dicts()
    )
    return found


# --- doubts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "flag", "reason", "slip"),
    [
        ("new country", "review", "extreme_and_alone", "gram_as_kilogram"),
        ("new country twice", "review", "extreme_and_alone", "gram_as_kilogram"),
        ("grams", "review", "extreme_and_alone", "gram_as_kilogram"),
        ("ordinary", "none", None, "none"),
        ("lost among others", "none", None, "none"),
        ("small", "none", None, "none"),
        ("tablets as kilograms", "review", "extreme_and_alone", "tablets_as_kilograms"),
        ("tablets", "none", None, "none"),
        ("rare", "none", None, "none"),
        ("known to the state", "none", None, "none"),
        ("more than the state knows", "impossible", "above_twice_official_total", "gram_as_kilogram"),
    ],
)
def test_a_line_is_doubted_where_it_is_extreme_and_owns_its_total_or_an_official_total_contradicts_it(
    world: Home, registry: Registry, name: str, flag: str, reason: str | None, slip: str
) -> None:
    found = doubts(world, registry)[name]
    assert (found["outlier_flag"], found["outlier_reason"], found["unit_suspect"]) == (flag, reason, slip)


def test_a_multi_ton_seizure_in_a_new_transit_country_stays_in_the_kilograms_and_is_for_review(
    own: Home, registry: Registry
) -> None:
    again(own, registry)
    found = year(own, registry, "GNB")
    assert (found["kg_mid"], found["kg_mid_excl_review"], found["kg_excluded"]) == (6500, 0, 0)
    assert found["obs_flags"] == ["u"]


def test_a_score_is_of_the_narrowest_class_that_has_twenty_lines(world: Home, registry: Registry) -> None:
    found = doubts(world, registry)
    classes = {name: (found[name]["compared_with"], found[name]["n_compared"] >= 20) for name in found}
    assert classes["lost among others"] == ("reporter", True)
    assert classes["new country"] == ("commodity", True)
    assert classes["rare"] == ("commodity", False)
    assert found["lost among others"]["outlier_score"] > 0
    assert found["small"]["outlier_score"] < 0
    assert 20 < found["lost among others"]["kg_expected"] < 50


def test_every_line_has_one_row_and_one_without_weight_has_no_score(world: Home, registry: Registry) -> None:
    lines = samples.table(world, registry, "conformed.lines")
    found = samples.table(world, registry, "conformed.outliers")
    assert set(found["seizure_id"]) == set(lines["seizure_id"])
    assert found.height == lines.height
    assert found["outlier_score"].null_count() == lines["kg_mid"].null_count()


def test_the_same_lines_give_the_same_bytes(world: Home, own: Home, registry: Registry) -> None:
    make.make_outliers(own, registry)
    table = registry.tables["conformed.outliers"]
    assert own.table_file(table).read_bytes() == world.table_file(table).read_bytes()


# --- decisions --------------------------------------------------------------------------------------------------


def decide(home: Home, seizure_id: str, verdict: str) -> None:
    said = {"seizure_id": seizure_id, "verdict": verdict, "who": "w", "when": "2024-05-06", "why": "invented"}
    append(home, "quantity", said)


def test_what_a_person_keeps_is_doubted_no_more_and_stands_in_all_totals(own: Home, registry: Registry) -> None:
    asked = doubts(own, registry)
    for name in ("new country", "more than the state knows"):
        decide(own, asked[name]["seizure_id"], "keep")
    again(own, registry)
    found = doubts(own, registry)
    for name in ("new country", "more than the state knows"):
        row = found[name]
        assert (row["outlier_flag"], row["outlier_reason"], row["decision_id"] is None) == ("none", None, False)
        assert row["outlier_score"] == asked[name]["outlier_score"]
    for country, kilograms in (("GNB", 6500), ("KEN", 6000)):
        trend = year(own, registry, country)
        assert (trend["kg_mid"], trend["kg_mid_excl_review"], trend["kg_excluded"]) == (kilograms, kilograms, 0)
        assert trend["obs_flags"] == []
    queue = samples.table(own, registry, "published.review_queue")
    assert not {asked["new country"]["seizure_id"], asked["more than the state knows"]["seizure_id"]} & set(
        queue["seizure_id"]
    )


def test_what_a_person_excludes_leaves_the_kilograms_as_the_impossible_does_and_still_counts_as_a_line(
    own: Home, registry: Registry
) -> None:
    seizure = doubts(own, registry)["new country"]["seizure_id"]
    decide(own, seizure, "exclude")
    again(own, registry)
    row = doubts(own, registry)["new country"]
    assert (row["outlier_flag"], row["outlier_reason"]) == ("excluded", "decided")
    trend = year(own, registry, "GNB")
    assert (trend["kg_mid"], trend["kg_excluded"], trend["n_lines"]) == (0, 6500, 1)
    assert (trend["n_ge_1kg"], trend["obs_state"], trend["obs_flags"]) == (0, "value", [])
    assert seizure not in samples.table(own, registry, "published.review_queue")["seizure_id"].to_list()
    decide(own, seizure, "keep")
    again(own, registry)
    assert year(own, registry, "GNB")["kg_mid"] == 6500


def test_the_run_report_names_decisions_that_are_not_applied(own: Home, registry: Registry) -> None:
    decide(own, "f" * 32, "keep")
    decide(own, doubts(own, registry)["grams"]["seizure_id"], "exclude")
    with (own.decisions / "quantities.csv").open("a") as stream:
        stream.write("not a decision\n")
    again(own, registry)
    report = run_report(own, registry, [])
    assert [(row["file_line"], row["fault"]) for row in report["decisions_not_applied"]] == [
        (2, "unknown_seizure"),
        (4, "wrong_cells"),
    ]
    assert [(row["decision"], row["n_standing"]) for row in report["decided"]] == [("exclude", 1), ("keep", 1)]


# --- the queue, and reconciliation ------------------------------------------------------------------------------


def test_the_queue_asks_first_what_moves_its_groups_kilograms_most(own: Home, registry: Registry) -> None:
    again(own, registry)
    queue = samples.table(own, registry, "published.review_queue").sort("rank")
    places = dict(samples.table(own, registry, "conformed.lines").select("seizure_id", "place_text").rows())
    named = [places[seizure] for seizure in queue.filter(kind="quantity")["seizure_id"]]
    assert named[:3] == ["tablets as kilograms", "grams", "new country"]
    assert sorted(named[3:]) == ["more than the state knows", "new country twice", "new country twice"]
    assert queue["influence"].to_list() == sorted(queue["influence"], reverse=True)
    impossible = queue.filter(outlier_flag="impossible").to_dicts()[0]
    assert impossible["share_at_stake"] == 1  # nothing else of its cell would be there
    assert impossible["kg_at_stake"] == 6000


def test_sums_are_held_against_the_totals_that_their_reporters_state(world: Home, registry: Registry) -> None:
    table = samples.table(world, registry, "conformed.reconciliation").filter(commodity_group="cocaine", year=2014)
    found = {row["reporter"]: row for row in table.to_dicts()}
    verdicts = {reporter: row["reconciliation_verdict"] for reporter, row in found.items()}
    assert verdicts == {
        "BEN": "no_official_total", "COG": "no_official_total", "ESP": "above", "GAB": "no_official_total",
        "GHA": "agrees", "GNB": "no_official_total", "KEN": "below", "TGO": "official_zero",
    }  # fmt: skip
    assert (found["KEN"]["kg_mid"], found["KEN"]["kg_excluded"], found["KEN"]["official_kg"]) == (0, 6000, 10)
    assert found["GHA"]["ratio"] == Decimal("0.9375")
    assert found["GHA"]["official_source"] == "unodc_annual"
    assert found["TGO"]["share_largest_line"] == Decimal("0.5")


# --- what is conserved ------------------------------------------------------------------------------------------


def test_a_line_that_is_lost_on_the_way_to_seizures_stops_the_run(
    own: Home, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = make.sql
    leaking = "SELECT * FROM ({}) WHERE place_text <> 'ordinary'"
    monkeypatch.setattr(
        make, "sql", lambda file, name: leaking.format(text(file, name)) if name == "seizures" else text(file, name)
    )
    with pytest.raises(StoreError, match="differ: unodc_ids"):
        make.make_seizures(own, registry)


def test_kilograms_that_change_on_the_way_to_seizures_stop_the_run(
    own: Home, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = make.sql
    changed = "SELECT * REPLACE (CASE WHEN kg_mid = 6500 THEN 6499.999999 ELSE kg_mid END AS kg_mid) FROM ({})"
    monkeypatch.setattr(
        make, "sql", lambda file, name: changed.format(text(file, name)) if name == "seizures" else text(file, name)
    )
    with pytest.raises(StoreError, match="differ: unodc_ids"):
        make.make_seizures(own, registry)


# --- the command ------------------------------------------------------------------------------------------------


def largest(night: Night) -> Mapping[str, Any]:
    return night.records(
        "SELECT seizure_id, seizing_area, commodity_group, year, kg_mid FROM conformed.seizures "
        "WHERE in_kg_totals AND line_weight = 1 ORDER BY kg_mid DESC, seizure_id LIMIT 1"
    )[0]


@pytest.mark.slow
def test_a_decision_of_the_command_line_makes_a_new_release_and_is_in_it(simulated: Night, tmp_path: Path) -> None:
    home, line = copied(simulated, tmp_path / "home"), largest(simulated)
    said = flows_here(
        "review", "quantity", line["seizure_id"][:12], "--exclude", "--who", "A person", "--why", "the file, page 3",
        "--when", "2024-05-06", "--home", home.root, "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["seizure_id"] == line["seizure_id"]
    assert "A person" not in said.out
    night = flows("run", "--home", home.root, "--inbox", simulated.inbox, "--json")
    assert (night.code, night.json["is_new"]) == (0, True), night.err
    release = Night(home, simulated.world, night, 0).release
    (row,) = release.table("conformed.outliers").filter(seizure_id=line["seizure_id"]).to_dicts()
    (decision,) = release.table("staging.decisions").to_dicts()
    assert (row["outlier_flag"], row["decision_id"]) == ("excluded", decision["decision_id"])
    assert decision["why"] == "the file, page 3"
    files = [path for path in release.path.rglob("*") if path.suffix in {".csv", ".json", ".md"}]
    assert not [path for path in files if b"A person" in path.read_bytes()]
    cell = {"country": line["seizing_area"], "commodity_group": line["commodity_group"], "year": line["year"]}
    before, after = (
        found.table("published.seizure_trends").filter(period_type="year", **cell)["kg_mid"].item()
        for found in (simulated.release, release)
    )
    assert before - after == line["kg_mid"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("quantity", "f" * 32, "--keep", "--why", "x"), "no such seizure"),
        (("quantity", "0", "--keep", "--why", "x"), "too few digits"),
        (("quantity", "ID", "--why", "x"), "--keep"),
        (("quantity", "ID", "--keep", "--why", " "), "missing_value"),
        (("duplicate", "ID", "ID", "--same", "--why", "x"), "same seizure"),
        (("duplicate", "ID", "f" * 32, "--same", "--why", "x"), "no such seizure"),
    ],
)
def test_a_decision_that_names_no_seizure_or_no_reason_is_refused_and_nothing_is_written(
    simulated: Night, tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    home = Home.at(tmp_path / "home")
    home.root.mkdir()
    (home.root / "releases").symlink_to(simulated.home.releases)
    named = [largest(simulated)["seizure_id"] if arg == "ID" else arg for arg in args]
    said = flows_here("review", *named, "--who", "w", "--home", home.root)
    assert said.code == 2
    assert says in said.err
    assert not home.decisions.exists()


def test_while_a_night_runs_a_decision_waits(simulated: Night, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    home.root.mkdir()
    (home.root / "releases").symlink_to(simulated.home.releases)
    with locked(home):
        said = flows_here(
            "review", "quantity", largest(simulated)["seizure_id"], "--keep", "--who", "w", "--why", "x",
            "--home", home.root,
        )  # fmt: skip
    assert said.code == 75


def test_the_list_is_the_queue_of_the_latest_release_without_what_was_decided_since(
    simulated: Night, tmp_path: Path
) -> None:
    said = flows_here("review", "list", "--home", simulated.home.root, "--json")
    queue = simulated.release.table("published.review_queue").sort("rank")
    assert said.code == 0
    assert [row["seizure_id"] for row in said.json] == queue["seizure_id"].to_list()


def test_the_doctor_names_a_line_that_is_no_decision(simulated: Night, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home").make()
    home.decisions.mkdir()
    (home.decisions / "quantities.csv").write_text("seizure_id,verdict,who,when,why\nx,keep,w,2024-05-06,y\n")
    said = flows_here("doctor", "--home", home.root, "--json")
    (found,) = [row for row in json.loads(said.out) if row["what"] == "decisions"]
    assert (said.code, found["state"]) == (1, "wrong")
    assert "quantities.csv, line 2, is no decision: bad_seizure" in found["found"]
