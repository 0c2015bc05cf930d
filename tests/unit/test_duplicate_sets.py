"""Sets and weights from the probabilities of pairs."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.conformed.duplicates.sets import weigh

SAME, KEPT = 0.6, 0.05


def weighed(*pairs: tuple[str, str, float]) -> dict[str, dict[str, float | str]]:
    table = pl.DataFrame(list(pairs), ["seizure_id", "other_seizure_id", "probability"], orient="row")
    return {row["seizure_id"]: row for row in weigh(table, SAME, KEPT).iter_rows(named=True)}


def weights(*pairs: tuple[str, str, float]) -> dict[str, float]:
    return {seizure_id: round(float(row["line_weight"]), 6) for seizure_id, row in weighed(*pairs).items()}


def test_two_copies_of_one_report_share_one_line() -> None:
    assert weights(("a", "b", 1.0)) == {"a": 0.5, "b": 0.5}


def test_a_doubtful_pair_counts_as_the_expected_number_of_lines() -> None:
    assert weights(("a", "b", 0.4)) == {"a": 0.8, "b": 0.8}


def test_three_copies_count_once() -> None:
    found = weights(("a", "b", 1.0), ("a", "c", 1.0), ("b", "c", 1.0))
    assert found == {"a": 0.333333, "b": 0.333333, "c": 0.333333}


def test_a_chain_of_sure_pairs_counts_once() -> None:
    assert weights(("a", "b", 1.0), ("b", "c", 1.0)) == {"a": 0.333333, "b": 0.333333, "c": 0.333333}


def test_a_mirrored_row_adds_nothing_to_a_doubtful_pair() -> None:
    assert sum(weights(("csv", "json", 1.0), ("csv", "ids", 0.9)).values()) == pytest.approx(1.1, abs=0.04)


def test_merging_every_pair_leaves_one_line_a_cluster() -> None:
    found = weighed(("a", "b", 0.1), ("b", "c", 0.9))
    assert sum(float(row["line_weight_merged"]) for row in found.values()) == pytest.approx(1)


def test_lines_stand_in_one_set_from_the_bound_on() -> None:
    found = weighed(("a", "b", 0.6), ("b", "c", 0.59), ("d", "e", 0.99))
    assert [found[line]["duplicate_set_id"] for line in "abcde"] == ["a", "a", "c", "d", "d"]


def test_lines_that_a_person_set_apart_never_share_a_set() -> None:
    found = weighed(("a", "b", 0.99), ("b", "c", 0.9), ("a", "c", 0.0))
    assert found["a"]["duplicate_set_id"] == found["b"]["duplicate_set_id"] == "a"
    assert found["c"]["duplicate_set_id"] == "c"


def sets(*pairs: tuple[str, str, float]) -> dict[str, str]:
    """The set of each line."""
    return {line: str(row["duplicate_set_id"]) for line, row in weighed(*pairs).items()}


def test_a_line_that_is_like_one_of_two_alone_stays_out_of_their_set() -> None:
    assert sets(("a", "b", 0.9), ("b", "c", 0.8)) == {"a": "a", "b": "a", "c": "c"}


def test_a_line_that_is_like_both_on_average_joins_their_set() -> None:
    assert sets(("a", "b", 0.9), ("b", "c", 0.8), ("a", "c", 0.3)) == dict.fromkeys("abc", "a")


def test_a_line_that_is_like_one_of_two_sure_copies_is_like_both() -> None:
    assert sets(("a", "b", 1.0), ("b", "c", 0.8)) == dict.fromkeys("abc", "a")


def test_no_pair_is_no_row() -> None:
    empty = pl.DataFrame(schema={"seizure_id": pl.String, "other_seizure_id": pl.String, "probability": pl.Float64})
    assert weigh(empty, SAME, KEPT).is_empty()


graphs = st.dictionaries(
    st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda ends: ends[0] < ends[1]),
    st.floats(0.05, 1.0),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(graphs)
def test_weights_are_at_most_one_and_at_least_what_merging_leaves(graph: dict[tuple[int, int], float]) -> None:
    found = weigh(
        pl.DataFrame(
            [(str(one), str(other), p) for (one, other), p in graph.items()],
            ["seizure_id", "other_seizure_id", "probability"],
            orient="row",
        ),
        SAME,
        KEPT,
    )
    assert (found["line_weight"] <= 1.0).all()
    assert (found["line_weight"] > 0.0).all()
    assert (found["line_weight_merged"] <= found["line_weight"]).all()


@settings(deadline=None)
@given(graphs)
def test_the_order_of_the_pairs_changes_nothing(graph: dict[tuple[int, int], float]) -> None:
    pairs = [(str(one), str(other), p) for (one, other), p in graph.items()]
    assert weights(*pairs) == weights(*reversed(pairs))
