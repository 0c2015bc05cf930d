"""The chain over countries: what its closed forms say is what adding up ways says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from pipelines.inferred.network.chain import NOBODY, Chain, chains
from pipelines.inferred.network.costs import LEAST, PRIORS, Told, fit, log_likelihood, told
from pipelines.inferred.network.transit import Network
from pipelines.inferred.network.ways import Floats, Ways

PRIOR = {name: prior.mean for name, prior in PRIORS.items()}


def ways_of(n: int, seed: int = 1) -> Ways:
    """n invented countries, strewn over a plane of 10,000 km, with borders where they are near."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 10_000, (n, 2))
    km = np.linalg.norm(at[:, None] - at[None], axis=-1)
    np.fill_diagonal(km, np.inf)
    land = np.where(km < 2_500, km, np.inf)
    language = np.triu((rng.uniform(size=(n, n)) < 0.2).astype(float), 1)
    return Ways(
        areas=tuple(f"A{number:02d}" for number in range(n)),
        km={"air": km, "sea": km * 1.3, "land": land},
        language=language + language.T,
        people=rng.normal(2, 1, n),
        ships=rng.uniform(0, 3, n),
    )


def line_of_three() -> Ways:
    """A borders B borders C, and nothing else leads anywhere."""
    nothing = np.full((3, 3), np.inf)
    land = nothing.copy()
    land[0, 1] = land[1, 0] = land[1, 2] = land[2, 1] = 500.0
    return Ways(
        ("A", "B", "C"), {"air": nothing, "sea": nothing, "land": land}, np.zeros((3, 3)), np.zeros(3), np.zeros(3)
    )


def taboo(step: Floats, without: list[int]) -> Floats:
    """Visits of a chain that never comes to some countries, by powers of its steps."""
    kept = step.copy()
    kept[:, without] = kept[without] = 0
    total, power = np.eye(len(step)), np.eye(len(step))
    for _ in range(200):
        power = power @ kept
        total += power
    return total


@pytest.fixture(scope="module")
def ways() -> Ways:
    return ways_of(9)


@pytest.fixture(scope="module", params=["air", "sea", "land", "unknown"])
def chain(request: pytest.FixtureRequest, ways: Ways) -> Chain:
    return chains(ways, PRIOR)[request.param].inbound


def test_steps_are_a_share_of_one_leg(chain: Chain) -> None:
    assert np.allclose(chain.step.sum(axis=1), PRIOR["next_leg"])
    assert np.allclose(chain.modes.sum(axis=0)[chain.step > 0], 1)
    assert not np.diag(chain.step).any()


def test_the_chance_to_pass_a_country_is_that_of_all_ways_through_it(chain: Chain) -> None:
    f, t, k = 0, 5, 3
    to_end = taboo(chain.step, [t])
    whole = to_end[f] @ chain.step[:, t]
    around = taboo(chain.step, [t, k])[f] @ chain.step[:, t]
    found = chain.through(np.array([f]), np.array([t]))[0]
    assert found[k] == pytest.approx(1 - around / whole)
    assert found[f] == found[t] == 1
    assert chain.reach[f, t] == pytest.approx(whole)


def test_the_last_country_before_the_end_is_that_of_the_last_legs(chain: Chain) -> None:
    end = 4
    last, itself = chain.last_before(np.eye(len(chain.step)), end)
    legs = taboo(chain.step, [end])[0] * chain.step[:, end]
    assert last[0] == pytest.approx(legs / legs.sum())
    assert np.allclose(np.delete(last, end, axis=0).sum(axis=1), 1)
    assert not last[end].any()
    assert itself == pytest.approx(np.diag(np.diag(last)))
    mixed = np.full((1, len(last)), 1 / len(last))
    assert chain.last_before(mixed, end)[0] == pytest.approx(mixed @ last)


def test_the_most_probable_ways_are_found_in_their_order(chain: Chain) -> None:
    end, start = 2, 7
    n = len(chain.step)
    every: dict[tuple[int, ...], float] = {(): chain.step[start, end]}
    others = [k for k in range(n) if k not in (start, end)]
    every |= {(k,): chain.step[start, k] * chain.step[k, end] for k in others}
    every |= {
        (k, m): chain.step[start, k] * chain.step[k, m] * chain.step[m, end] for k in others for m in others if k != m
    }
    best = sorted(every.items(), key=lambda item: -item[1])[:2]
    found, back = chain.segments_to(end), chain.segments_from(start)
    for rank, (between, weight) in enumerate(best):
        assert found.prob[start, rank] == pytest.approx(weight / chain.reach[start, end])
        assert tuple(k for k in found.between[start, rank] if k != NOBODY) == between
        assert tuple(k for k in back.between[end, rank] if k != NOBODY) == between
        assert back.prob[end, rank] == pytest.approx(found.prob[start, rank])


def test_where_there_is_one_way_it_is_certain() -> None:
    chain = chains(line_of_three(), PRIOR)["land"].inbound
    assert chain.through(np.array([0]), np.array([2]))[0, 1] == pytest.approx(1)
    assert chain.last_before(np.eye(3), 2)[0][0, 1] == pytest.approx(1)


# --- transit ----------------------------------------------------------------------------------------------------


def evidence(reporters: list[str], modes: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"reporter": reporters, "mode_class": modes}, schema={"reporter": pl.String, "mode_class": pl.String}
    )


def test_transit_sums_to_one_with_none_and_is_nowhere_in_the_ends(ways: Ways) -> None:
    network = Network(ways, chains(ways, PRIOR))
    rows = evidence(["A01", "A01", "A02"], ["air", None, "road"])
    departure = np.full((3, 9), 1 / 9)
    transit, none = network.transit(rows, departure, ways.areas)
    assert transit.sum(axis=1) + none == pytest.approx(np.ones(3))
    assert transit[0, 1] == transit[1, 1] == transit[2, 2] == 0
    assert none.min() > 0.5  # most ways are thought to be direct


def test_goods_that_left_from_the_seizing_country_have_no_transit_before_it(ways: Ways) -> None:
    network = Network(ways, chains(ways, PRIOR))
    transit, none = network.transit(evidence(["A03"], [None]), np.eye(9)[[3]], ways.areas)
    assert none.tolist() == [1]
    assert not transit.any()


def test_the_order_of_evidence_and_of_places_changes_nothing(ways: Ways) -> None:
    network = Network(ways, chains(ways, PRIOR))
    rows = evidence([f"A{k:02d}" for k in range(8)], ["air", "sea", "road", None] * 2)
    departure = np.random.default_rng(3).dirichlet(np.ones(9), 8)
    transit, _ = network.transit(rows, departure, ways.areas)
    order, places = np.array([5, 2, 7, 0, 1, 6, 4, 3]), np.array([8, 0, 3, 1, 2, 7, 6, 5, 4])
    again, _ = network.transit(rows[order], departure[order][:, places], [ways.areas[k] for k in places])
    assert again == pytest.approx(transit[order][:, places], abs=1e-12)


def test_places_of_no_way_have_no_transit(ways: Ways) -> None:
    network = Network(ways, chains(ways, PRIOR))
    transit, none = network.transit(evidence(["SUN"], [None]), np.array([[0.5, 0.5]]), ["A01", "SUN"])
    assert (transit.sum(), none.tolist()) == (0, [1])


# --- costs ------------------------------------------------------------------------------------------------------


def drawn(ways: Ways, costs: dict[str, float], n: int) -> Told:
    """Ways that reports tell in a world with these costs, each country reporting alike."""
    rng = np.random.default_rng(5)
    size = len(ways.areas)
    chain, seen = chains(ways, costs)["air"], np.ones(size)
    start, end = rng.integers(0, size, n), rng.integers(0, size, n)
    start, end = start[start != end], end[start != end]
    passed = chain.inbound.reached(start, end) * chain.onward.reach[:, end].T
    at = np.arange(len(start))
    passed[at, start] = passed[at, end] = 0
    passed /= passed.sum(axis=1, keepdims=True)
    middle: NDArray[np.int64] = np.array([rng.choice(size, p=row) for row in passed])
    return Told({"air": (start, middle, end)}, {}, seen, ways.people)


def test_costs_come_nearer_to_those_of_the_world_than_the_priors() -> None:
    ways = ways_of(25)
    truth = PRIOR | {"km_air": -0.5, "language": 1.5}
    said = drawn(ways, truth, 600)
    found = fit(ways, said)
    assert found.is_fitted
    for name in ("km_air", "language"):
        assert abs(found.values[name] - truth[name]) < abs(PRIOR[name] - truth[name]) / 2, name
        assert found.sds[name] < PRIORS[name].sd
    fitted, prior = (
        log_likelihood(chains(ways, values), said, said.seen(values)).sum() for values in (found.values, PRIOR)
    )
    assert fitted > prior


def test_few_ways_leave_the_priors_as_they_are() -> None:
    ways = ways_of(25)
    found = fit(ways, drawn(ways, PRIOR | {"km_air": -2.0}, LEAST // 2))
    assert not found.is_fitted
    assert found.values == pytest.approx(PRIOR)


def test_a_way_counts_once_however_often_it_was_reported(ways: Ways) -> None:
    rows = pl.DataFrame(
        [
            ("A01", "A00", None, "A02", "air", 1),
            ("A01", "A00", None, "A02", "air", 500),
            ("A01", "A00", "A04", None, None, 1),
            ("A01", "A01", None, "A02", "air", 1),
            ("A01", "A00", "A01", None, None, 1),
            ("A01", "A00", None, "A00", "air", 1),
        ],
        schema=["reporter", "departure", "transit", "destination", "mode_class", "n_rows"],
        orient="row",
    )
    said = told(rows, ways)
    assert {mode: [part.tolist() for part in found] for mode, found in said.passed.items()} == {"air": [[0], [1], [2]]}
    assert {mode: [part.tolist() for part in found] for mode, found in said.before.items()} == {
        "unknown": [[0], [4], [1]]
    }
    assert said.looking[1] == 505
    assert replace(said, passed={}).n == 1
