"""A forecast is taken apart without a remainder: from the told model alone comes what the model itself says."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest

from illicit_flows.explain import OWN_WORDS, Explanation, NotExplained, Role, explain
from pipelines.inferred.model.explain import TOLD, told
from pipelines.inferred.model.geography import Geography, geography
from pipelines.inferred.model.likelihood import Floats
from pipelines.inferred.model.model import RouteModel, fit
from pipelines.inferred.model.pooling import ROLES

PLACES = ("BRA", "COL", "ECU", "ESP", "GHA", "NLD", "PER", "VEN")
KM = 500.0
"""Between neighbours on the line that the places stand on."""
ROUTES = [
    ("COL", "ECU", "NLD"),
    ("COL", "BRA", "ESP"),
    ("PER", "BRA", "GHA"),
    ("COL", "COL", "ESP"),
    ("PER", None, "NLD"),
]
HIDDEN: dict[str, str | None] = {"origin": None, "departure": None, "destination": None}
ASKED: list[dict[str, str | None]] = [
    {},
    {"departure": "BRA"},
    {"origin": "COL", "destination": "NLD"},
    {"destination": "ESP"},
    {"origin": "PER", "departure": "BRA"},
    {"departure": "ESP", "mode_class": "air", "direction": "outbound"},
    {"reporter": "VEN", "subregion": "B"},
    {"reporter": "VEN", "subregion": "B", "origin": "COL"},
    {"commodity": "unheard", "commodity_group": "unheard", "departure": "ECU"},
    {"origin": "XSU"},
]
"""What a report of Spain's that names no place would have to say otherwise."""


def evidence_row(number: int, **cells: object) -> dict[str, object]:
    return {
        "evidence_id": f"e{number:03}", "reporter": "ESP", "subregion": "A", "commodity": "cocaine_hcl",
        "commodity_group": "cocaine", "commodity_family": "drugs", "size_class": "1kg_10kg", "mode_class": "sea",
        "concealment": None, "facility": None, "border_class": "border", "direction": None, "place": "p1",
        "year": 2014, **HIDDEN, "transit": None, "cross_border": "yes", "contradiction": None,
        "source_reliability": None, "n_rows": 1, "n_lines": 1.0, **cells,
    }  # fmt: skip


@pytest.fixture(scope="module")
def at() -> Geography:
    n = len(PLACES)
    km = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) * KM + 50.0
    near = (km > 50) & (km < 2 * KM)
    regions = ["A" if number % 2 else "B" for number in range(n)]
    return geography(PLACES, regions, np.linspace(1e5, 5e7, n), km, near, near.T & (km < KM))


@pytest.fixture(scope="module")
def evidence() -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for number in range(60):
        origin, departure, destination = ROUTES[number % len(ROUTES)]
        reporter = ("ESP", "NLD", "GHA", "ECU")[number % 4]
        rows.append(
            evidence_row(
                number, reporter=reporter, subregion="AB"[PLACES.index(reporter) % 2],
                origin=origin if number % 3 else None, departure=departure if number % 4 != 1 else None,
                destination=destination if number % 5 else reporter, mode_class=("sea", "air", None)[number % 3],
                commodity_group="heroin" if number % 7 == 0 else "cocaine", year=2013 + number % 2,
                n_lines=float(1 + number % 3),
            )
        )  # fmt: skip
    rows += [evidence_row(len(rows) + number, **cells) for number, cells in enumerate(ASKED)]
    unknown = ("concealment", "facility", "transit", "contradiction", "source_reliability")
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(unknown, pl.String))


@pytest.fixture(scope="module")
def model(evidence: pl.DataFrame, at: Geography) -> RouteModel:
    return fit(evidence, at)


@pytest.fixture(scope="module")
def release(model: RouteModel, evidence: pl.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """What a release holds of it, each seizure with an evidence of its own."""
    con = duckdb.connect()
    con.execute("CREATE SCHEMA inferred")
    con.execute("CREATE SCHEMA reference")
    tables = {
        **told(model, evidence),
        "inferred.evidence": evidence,
        "inferred.seizure_evidence": evidence.select(
            "evidence_id", seizure_id=pl.col("evidence_id").str.replace("e", "s")
        ),
        "reference.areas": pl.DataFrame(
            {"area": [*PLACES, "XSU"], "area_type": [*["country"] * len(PLACES), "historical"]}
        ),
        "inferred.route_posteriors": published(model, evidence),
    }
    for name, rows in tables.items():
        con.register("_rows", rows)
        con.execute(f"CREATE TABLE {name} AS FROM _rows")
    yield con
    con.close()


def forecasts(model: RouteModel, evidence: pl.DataFrame) -> dict[str, Floats]:
    return {role: answers.each for role, answers in model.score(model.ask(evidence)).items()}


def published(model: RouteModel, evidence: pl.DataFrame) -> pl.DataFrame:
    scored = forecasts(model, evidence)
    rows = [
        (name, role, place, scored[role][row, k], scored[role][row, k], "model-x")
        for row, name in enumerate(evidence["evidence_id"])
        for role in ROLES
        for k, place in enumerate(PLACES)
    ]
    names = ("evidence_id", "role", "country", "prob_label", "prob_true", "model_id")
    return pl.DataFrame(rows, schema=list(names), orient="row")


def asked(evidence: pl.DataFrame) -> pl.DataFrame:
    return evidence.tail(len(ASKED))


def explained(release: duckdb.DuckDBPyConnection, number: int, top: int = 3) -> Explanation:
    """Of the report that says ASKED[number]."""
    return explain(release, f"s{60 + number:03}", top)


def inferred(told_of: Explanation) -> dict[str, Role]:
    return {name: role for name, role in told_of.roles.items() if role.basis == "inferred"}


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_contributions_sum_to_the_models_own_log_odds(
    release: duckdb.DuckDBPyConnection, model: RouteModel, evidence: pl.DataFrame, number: int
) -> None:
    scored = forecasts(model, asked(evidence))
    told_of = explained(release, number, top=len(PLACES))
    reporter = str(told_of.evidence["reporter"])
    for name, role in inferred(told_of).items():
        p = dict(zip(PLACES, scored[name][number], strict=True))
        assert {place.country: place.prob_label for place in role.places} == pytest.approx(p, abs=1e-5)
        assert role.off_by < 1e-5
        abroad = np.log([p[place] for place in PLACES if place != reporter])
        for place in role.places:
            home = np.log(p[reporter] / (1 - p[reporter]))
            odds = home if place.country == reporter else np.log(p[place.country]) - abroad.mean()
            assert place.log_odds == pytest.approx(odds, abs=1e-4)
            assert sum(part.log_odds for part in place.contributions) == pytest.approx(place.log_odds, abs=1e-9)


@pytest.mark.parametrize("number", [1, 2, 6, 7])
def test_what_would_change_the_answer_is_what_the_model_says_without_it(
    release: duckdb.DuckDBPyConnection, model: RouteModel, evidence: pl.DataFrame, number: int
) -> None:
    row = asked(evidence)[number]
    without = {
        "mode_class": row.with_columns(mode_class=pl.lit(None, pl.String)),
        "commodity": row.with_columns(commodity=pl.lit("-"), commodity_group=pl.lit("-")),
        **{role: row.with_columns(pl.lit(None, pl.String).alias(role)) for role in ROLES if row[role].item()},
    }
    for name, role in inferred(explained(release, number)).items():
        found = {change.without: change for change in role.changes}
        assert [c.total_variation for c in role.changes] == sorted(
            (c.total_variation for c in role.changes), reverse=True
        )
        assert {"origin", "departure", "destination"} & set(found) == {leg for leg in ROLES if row[leg].item()}
        for piece, other in without.items():
            p, q = forecasts(model, row)[name][0], forecasts(model, other)[name][0]
            assert found[piece].total_variation == pytest.approx(0.5 * np.abs(p - q).sum(), abs=1e-5)
            assert found[piece].country == PLACES[int(np.argmax(q))]


def test_a_reporter_that_was_never_heard_of_has_no_habits_to_take_away(release: duckdb.DuckDBPyConnection) -> None:
    for number, none in ((6, True), (0, False)):
        for name in ("departure", "destination"):  # another report of the same country names an origin
            role = inferred(explained(release, number))[name]
            moved = {change.without: change.total_variation for change in role.changes}[OWN_WORDS]
            assert (moved < 1e-9) is none


def test_a_reported_place_is_a_contribution_by_name_and_needs_no_explanation_itself(
    release: duckdb.DuckDBPyConnection,
) -> None:
    told_of = explained(release, 1)
    assert [place.country for place in told_of.roles["departure"].places] == ["BRA"]
    assert told_of.roles["departure"].basis == "reported"
    for role in inferred(told_of).values():
        assert ("departure reported", "BRA") in {(part.by, part.value) for part in role.places[0].contributions}
    former = explained(release, 9)
    assert former.roles["origin"].places[0].country == "XSU"
    assert not any("reported" in part.by for part in former.roles["departure"].places[0].contributions)


def test_similar_records_name_the_role_and_share_most_first(release: duckdb.DuckDBPyConnection) -> None:
    for role in inferred(explained(release, 1)).values():
        shared = [one.terms_shared for one in role.similar]
        assert len(shared) == 5
        assert shared == sorted(shared, reverse=True)
        assert all(one.seizure_ids and one.country in PLACES for one in role.similar)
        assert "reporter" in role.similar[0].shares


def test_a_seizure_that_is_not_there_and_a_release_without_a_model_say_so(
    release: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(NotExplained, match="no seizure nobody"):
        explain(release, "nobody")
    with pytest.raises(NotExplained, match=TOLD[0]):
        explain(duckdb.connect(), "s001")
