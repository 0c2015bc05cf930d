"""What is inferred from tiny deliveries: street seizures stay in the street; what only a mirror has counts."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import samples

from assets.gate import examine
from pipelines.inferred import posterior
from pipelines.inferred.backtest.guard import BY_LINE, read_tonight, write_tonight
from pipelines.inferred.backtest.make import make_backtest
from pipelines.inferred.evidence import make_evidence
from pipelines.inferred.posterior import make_posteriors
from pipelines.inferred.routes import make_leg_costs
from pipelines.inferred.scope import make_scope
from pipelines.published.make import make_seizure_trends
from pipelines.store import Home
from schemas.registry import Registry

STREET = {"AMOUNT": "5.0", "DRUG_UNIT": "Gram", "DRUG_NAME": "Cocaine", "COUNTRY": "Ecuador"}
FREIGHT = {"AMOUNT": "500.0", "DRUG_UNIT": "Kilogram", "DRUG_NAME": "Cocaine", "COUNTRY": "Ecuador"}


def infer(home: Home, registry: Registry, rows: list[dict[str, str]]) -> pl.DataFrame:
    """Chance of cross-border traffic beside each line."""
    samples.conform(home, registry, {"unodc_ids/ids-2014.csv": samples.ids(*rows)})
    make_evidence(home, registry)
    make_leg_costs(home, registry)
    make_posteriors(home, registry)
    make_scope(home, registry)
    lines = samples.table(home, registry, "conformed.lines")
    return lines.join(samples.table(home, registry, "inferred.seizure_scope"), on="seizure_id")


def test_street_seizures_that_say_nothing_of_a_route_do_not_become_corridors(home: Home, registry: Registry) -> None:
    silent = [{**STREET, "PLACE": f"corner {number}"} for number in range(80)]
    told = [{**STREET, "DESTINATION_COUNTRY": "Spain", "PLACE": f"post {number}"} for number in range(4)]
    found = infer(home, registry, [*silent, *told]).filter(pl.col("reporter") == "ECU")
    inferred = found.filter(pl.col("basis") == "inferred")
    assert inferred.height == 80
    assert float(inferred["p_cross_border"].max() or 1) < 0.1
    assert found.filter(pl.col("basis") == "reported")["p_cross_border"].unique().to_list() == [1]


def test_a_kind_of_seizure_that_mostly_crosses_a_border_probably_does_so_in_silence_too(
    home: Home, registry: Registry
) -> None:
    told = [{**FREIGHT, "DESTINATION_COUNTRY": "Spain", "PLACE": f"port {number}"} for number in range(80)]
    found = infer(home, registry, [*told, {**FREIGHT, "PLACE": "silent port"}])
    silent = found.filter((pl.col("reporter") == "ECU") & (pl.col("basis") == "inferred"))
    assert silent.height == 1
    assert float(silent["p_cross_border"].item()) > 0.8


def test_the_silence_of_a_form_that_never_asks_is_no_answer(home: Home, registry: Registry) -> None:
    told = [
        {**FREIGHT, "COUNTRY": "Brazil", "INSTALLATION": "Airport", "DESTINATION_COUNTRY": "Spain",
         "PLACE": f"gate {number}"}
        for number in range(40)
    ]  # fmt: skip
    files = {"unodc_ids/ids-2014.csv": samples.ids(*told), "brazil_pf/a.csv": samples.brazil()}
    samples.conform(home, registry, files)
    make_evidence(home, registry)
    make_scope(home, registry)
    lines = samples.table(home, registry, "conformed.lines").filter(pl.col("source_id") == "brazil_pf")
    found = lines.join(samples.table(home, registry, "inferred.seizure_scope"), on="seizure_id")
    assert set(found["basis"]) == {"inferred"}
    assert float(found["p_cross_border"].max() or 0) > 0.3


def test_what_is_reported_decides_whatever_the_counts_say(home: Home, registry: Registry) -> None:
    home_made = {**FREIGHT, "ROUTING": "National territory/domestic seizure"}
    abroad = {**STREET, "DEPARTURE_COUNTRY": "Peru"}
    found = infer(home, registry, [home_made, abroad]).sort("row_no").head(2)
    assert found.select("p_cross_border", "basis").rows() == [(0, "reported"), (1, "reported")]


@pytest.mark.parametrize("month", [date(2018, 6, 1)])
def test_a_month_that_only_a_mirror_reports_counts_as_what_it_reports(
    home: Home, registry: Registry, month: date
) -> None:
    later = {"fecha": "2018-06-14T00:00:00.000", "dia": "Jueves"}
    files = {"colombia_policia/a.csv": samples.colombia(), "colombia_policia/a.json": samples.api(later)}
    samples.conform(home, registry, files)
    make_seizure_trends(home, registry, "published.seizure_trends", date(2018, 12, 31))
    trends = samples.table(home, registry, "published.seizure_trends").filter(
        (pl.col("country") == "COL") & (pl.col("commodity_group") == "cocaine") & (pl.col("period_start") == month)
    )
    assert trends.select("n_rows", "n_lines", "obs_state").rows() == [(1, 1, "value")]


def test_where_there_are_few_labels_the_back_test_says_untested_and_the_night_goes_on(
    home: Home, registry: Registry
) -> None:
    infer(
        home,
        registry,
        [{**FREIGHT, "COUNTRY": who, "DEPARTURE_COUNTRY": "Peru"} for who in ("Ecuador", "Kenya", "Spain")],
    )
    make_backtest(home, registry)
    scored = samples.table(home, registry, "inferred.backtest").filter(pl.col("view") == "hard")
    assert set(scored["test_state"]) == {"untested"}
    assert scored["score"].null_count() == scored.height
    assert read_tonight(home).is_empty()


def test_the_route_model_is_scored_beside_its_baselines_on_what_it_was_not_shown(
    home: Home, registry: Registry
) -> None:
    reporters = ("Ecuador", "Spain", "Kenya", "Senegal", "Jamaica", "Ghana")
    rows = [
        {**FREIGHT, "COUNTRY": who, "SEIZURE_DATE": f"{year}-0{month}-1{day}", "DEPARTURE_COUNTRY": where,
         "AMOUNT": f"{year - 2000}{month}{day}.5"}
        for who in reporters
        for year in (2013, 2014)
        for month in (1, 5)
        for day in (1, 3, 5)
        for where in (("Peru",) if who in ("Ecuador", "Spain") else ("Brazil",))
    ]  # fmt: skip
    infer(home, registry, rows)
    assert all(make_backtest(home, registry).values())
    scored = samples.table(home, registry, "inferred.backtest")
    places, scope = (scored.filter((pl.col("view") == "scope") == is_scope) for is_scope in (False, True))
    assert set(places["method"]) == {"route_model", "mention_counts", "gravity"}
    assert set(scope["method"]) == {"scope_model", "size_shares"}
    assert set(scored["split"]) == {"temporal", "loco"}
    tested = scored.filter(split="temporal", view="hard", role="departure", slice="all", metric="log_loss")
    assert set(tested["test_state"]) == {"tested"}
    assert set(scored.filter(role="origin", view="hard")["test_state"]) <= {"untested"}
    assert set(scope.filter(slice="all", split="temporal")["test_state"]) == {"tested"}
    curves = samples.table(home, registry, "inferred.reliability")
    assert {"hard", "scope"} <= set(curves["view"])
    assert all(
        examine(home, registry, registry.tables[f"inferred.{name}"]).holds for name in ("backtest", "reliability")
    )


def test_a_model_that_scores_worse_than_the_one_in_use_does_not_replace_it_and_the_table_says_which_was_used(
    home: Home, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used() -> list[str]:
        return samples.table(home, registry, "inferred.route_posteriors")["model_id"].unique().to_list()

    def tonight(loss: float) -> pl.DataFrame:
        lines = [(f"{who} {line}", "origin", who, 1.0, loss) for who in ("KEN", "ESP", "BRA") for line in range(20)]
        return pl.DataFrame(lines, schema=BY_LINE, orient="row")

    infer(home, registry, [{**FREIGHT, "DEPARTURE_COUNTRY": "Peru"}])  # without a back-test nothing is judged or kept
    assert not home.model.exists()
    for name, loss, wins in (("first", 2.0, "first"), ("worse", 2.5, "first"), ("better", 1.9, "better")):
        monkeypatch.setattr(posterior, "model_name", lambda _, name=name: name)
        write_tonight(home, tonight(loss))
        make_posteriors(home, registry)
        assert used() == [wins]


def test_a_former_state_that_reports_stops_no_night_and_its_words_stand_alone(home: Home, registry: Registry) -> None:
    former = {**FREIGHT, "COUNTRY": "Netherlands Antilles", "DEPARTURE_COUNTRY": "Peru"}
    rows = [
        {**former, "COUNTRY": who, "SEIZURE_DATE": f"{year}-0{month}-11", "AMOUNT": f"{year}{month}.5"}
        for who in ("Netherlands Antilles", "Ecuador", "Kenya", "Spain")
        for year in (2008, 2009)
        for month in range(1, 10)
    ]
    found = infer(home, registry, rows).filter(pl.col("reporter") == "ANT")
    make_backtest(home, registry)
    linked = found.join(samples.table(home, registry, "inferred.seizure_evidence"), on="seizure_id")
    said = samples.table(home, registry, "inferred.route_posteriors").join(linked, on="evidence_id", how="semi")
    assert set(said.select("role", "country", "basis").rows()) == {
        ("departure", "PER", "reported"), ("departure", "rest", "reported"),
    }  # fmt: skip


def test_the_grade_that_a_sender_gives_reaches_the_evidence_and_none_is_made_up(home: Home, registry: Registry) -> None:
    grades = {
        "Source": {"to": "source_reliability", "lookup": "@code", "not_known": [""]},
        "Info": {"to": "info_accuracy", "lookup": "@code", "not_known": [""]},
    }
    contracts = samples.known(registry, samples.contract(extra=grades))
    rows = ("2020-01-01,heroin,1,kilogram,B,2", "2020-01-02,heroin,2,kilogram,,", "2020-01-03,heroin,3,kilogram,E,5")
    header = "Day,Drug,Amount,Unit,Source,Info"
    samples.conform(home, contracts, {"planted/a.csv": samples.table_of(*rows, header=header)})
    make_evidence(home, contracts)
    seizures = samples.table(home, contracts, "conformed.seizures").sort("row_no")
    assert seizures.select("source_reliability", "info_accuracy").rows() == [("B", "2"), (None, None), ("E", "5")]
    evidence = samples.table(home, contracts, "inferred.evidence")
    assert sorted(evidence["source_reliability"].to_list(), key=str) == ["B", "E", None]
