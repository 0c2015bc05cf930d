"""Why a place is forecast, asked at the front door of a night over a simulated world."""

from __future__ import annotations

import pytest
from nights import Night, flows_here
from test_reader_alone import alone

from illicit_flows.explain import Explanation
from illicit_flows.trace import EXPLAINED, TOLD

ASKED = """
    SELECT seizure_id FROM inferred.seizure_evidence JOIN inferred.evidence USING (evidence_id)
    WHERE {} ORDER BY sha256(seizure_id) LIMIT 6
"""
KINDS = {
    "silent": "origin IS NULL AND departure IS NULL AND destination IS NULL",
    "with a departure": "departure IS NOT NULL AND (origin IS NULL OR destination IS NULL)",
    "with a destination": "destination IS NOT NULL AND departure IS NULL",
    "with both ends": "origin IS NOT NULL AND destination IS NOT NULL AND departure IS NULL",
    "with all": "origin IS NOT NULL AND departure IS NOT NULL AND destination IS NOT NULL",
}


def explanations(night: Night, kind: str) -> list[Explanation]:
    return [night.release.explain(seizure_id) for (seizure_id,) in night.rows(ASKED.format(KINDS[kind]))]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_published_is_what_its_contributions_sum_to(simulated: Night, kind: str) -> None:
    found = explanations(simulated, kind)
    assert found
    for told in found:
        for role in told.roles.values():
            assert role.off_by < 1e-4
            for place in role.places if role.basis == "inferred" else []:
                assert sum(part.log_odds for part in place.contributions) == pytest.approx(place.log_odds, abs=1e-9)


def test_the_likeliest_place_is_the_first_of_the_published_list(simulated: Night) -> None:
    for told in explanations(simulated, "silent"):
        first = dict(
            simulated.rows(f"""
                SELECT role, country FROM inferred.seizure_posteriors
                WHERE seizure_id = '{told.seizure_id}' AND rank = 1
            """)
        )
        assert {name: role.places[0].country for name, role in told.roles.items()} == {
            name: first[name] for name in told.roles
        }
        assert told.model_id


def test_similar_records_are_those_of_the_release(simulated: Night) -> None:
    for told in explanations(simulated, "silent"):
        for name, role in told.roles.items():
            for one in role.similar:
                stated = simulated.rows(f"SELECT {name} FROM inferred.evidence WHERE evidence_id = '{one.evidence_id}'")
                assert stated == [(one.country,)]
                assert told.seizure_id not in one.seizure_ids


@pytest.mark.parametrize("table", EXPLAINED)
def test_trace_explains_a_forecast_for_people_and_for_programs(simulated: Night, table: str) -> None:
    (seizure_id,) = simulated.rows(ASKED.format(KINDS["silent"]))[0]
    home = ("--home", str(simulated.home.root))
    said = flows_here("trace", table, f"seizure_id={seizure_id}", *home, "--json")
    assert said.code == 0, said.err
    assert list(said.json["roles"]) == ["origin", "departure", "destination"]
    assert said.json["evidence"]["reporter"]
    words = flows_here("trace", table, f"seizure_id={seizure_id}", "role=departure", "--limit", "2", *home)
    header, *lines = (line.split("\t") for line in words.out.splitlines())
    assert tuple(header) == TOLD
    tells = [line[1] for line in lines]
    assert {line[0] for line in lines} == {"departure"}
    assert set(tells) == {"inferred", "log-odds", "because of", "without", "similar"}
    assert tells.count("without") == tells.count("similar") == 2
    assert "saw: reporter" in words.err


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        (["seizure_id=nobody"], "no seizure nobody"),
        (["role=departure"], "seizure_id="),
        (["seizure_id=nobody", "rank=1"], "seizure_id="),
        (["seizure_id={}", "role=transit"], "network"),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error_that_says_why(simulated: Night, keys: list[str], named: str) -> None:
    (seizure_id,) = simulated.rows(ASKED.format(KINDS["silent"]))[0]
    asked = [key.format(seizure_id) for key in keys]
    said = flows_here("trace", EXPLAINED[0], *asked, "--home", str(simulated.home.root))
    assert (said.code, said.out) == (2, "")
    assert named in said.err


def test_the_reader_explains_without_what_makes_releases(simulated: Night) -> None:
    (seizure_id,) = simulated.rows(ASKED.format(KINDS["silent"]))[0]
    found = alone(f"""
import illicit_flows as flows
told = flows.open(home={str(simulated.home.root)!r}).explain({seizure_id!r})
print(len(told.roles["departure"].places[0].contributions) > 3)
""")
    assert found.returncode == 0, found.stderr
    assert found.stdout == "True\n"
