"""The joint of departure and destination: it has the marginals that it was made from, and the kernel's pairs."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from pipelines.inferred.corridors import Ratios
from pipelines.inferred.model.joint import Kernel, flat_kernel
from pipelines.inferred.model.likelihood import Floats
from pipelines.inferred.pairing import Coupled, couple, read_kernel

PLACES = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"]
N = len(PLACES)
RELATIONS = np.array([1.2, 1.4, 1.6, 1.5, 1.0])
FIRST, SECOND, LIFTED = 1, 3, 6.0


def planted(lift: float = LIFTED) -> Kernel:
    """One pair of places stands together oftener in the group, another in the lines of one reporter."""
    of_group = csr_array((np.array([np.log(lift)]), ([FIRST], [SECOND])), shape=(N, N))
    of_reporter = csr_array((np.array([np.log(4.0), np.log(0.5)]), ([4, 2], [5, 2])), shape=(N, N))
    return Kernel(N, RELATIONS, {"cocaine": of_group}, {(0, "cocaine"): of_reporter})


def about(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"reporter": [PLACES[row % 3] for row in range(rows)], "commodity_group": ["cocaine", "khat"] * (rows // 2)}
    )


def forecasts(rows: int) -> tuple[Floats, Floats]:
    p, q = np.random.default_rng(3).gamma(0.5, size=(2, rows, N))
    q[0] = np.eye(N)[4]  # reported
    p[1], q[1] = np.eye(N)[FIRST], np.eye(N)[SECOND]
    p[3, 2:] = 0.0  # not listed
    return p / p.sum(axis=1, keepdims=True), 0.9 * q / q.sum(axis=1, keepdims=True)


def whole(coupled: Coupled) -> Floats:
    every = np.tile(np.arange(N), (len(coupled.first), 1))
    return coupled.cells(every, every)


def test_the_marginals_of_the_joint_are_the_forecasts() -> None:
    p, q = forecasts(40)
    joint = whole(couple(planted(), about(40), PLACES, p, q))
    assert joint.sum(axis=2) == pytest.approx(p, abs=1e-6)
    assert joint.sum(axis=1) == pytest.approx(q / 0.9, abs=1e-6)


def test_a_reported_end_leaves_the_other_as_it_is_and_two_are_certain() -> None:
    p, q = forecasts(40)
    joint = whole(couple(planted(), about(40), PLACES, p, q))
    assert joint[0, :, 4] == pytest.approx(p[0])
    assert joint[1, FIRST, SECOND] == pytest.approx(1)


def test_without_a_kernel_the_joint_is_the_product() -> None:
    p, q = forecasts(40)
    joint = whole(couple(flat_kernel(N), about(40), PLACES, p, q))
    assert joint == pytest.approx(p[:, :, None] * (q / 0.9)[:, None], abs=1e-9)


def test_a_row_depends_on_itself_alone_to_the_last_bit() -> None:
    p, q = forecasts(40)
    asked = about(40)
    order = np.random.default_rng(5).permutation(40)
    one = couple(planted(), asked, PLACES, p, q)
    other = couple(planted(), asked[order.tolist()], PLACES, p[order], q[order])
    assert whole(one)[order].tobytes() == whole(other).tobytes()
    assert one.same[order].tobytes() == other.same.tobytes()


def test_places_that_differ_share_the_whole_and_no_list_no_chance() -> None:
    p, q = forecasts(40)
    p[5] = 0.0  # nothing is listed
    p[6] = q[6] = np.eye(N)[2]  # both reported, and the same place
    asked = about(40)
    kernel = planted()
    coupled = couple(kernel, asked, PLACES, p, q)
    first, second = coupled.apart()
    apart = np.eye(N) == 0
    for row, (reporter, group) in enumerate(asked.iter_rows()):
        ratio = Ratios(kernel, group, np.array([PLACES.index(reporter)]))
        found = ratio.expected(first[row : row + 1], second[row : row + 1], np.ones(1))
        a, b = np.nonzero(apart)
        assert first[row, a] * second[row, b] * ratio.of_pairs(a, b)[0] == pytest.approx(found[apart])
        assert found[apart].sum() == pytest.approx(0 if row in (5, 6) else 1, abs=1e-6)
        given = whole(coupled)[row][apart]
        assert found[apart] == pytest.approx(given / max(given.sum(), 1e-9), abs=1e-6)


def test_a_pair_of_the_kernel_has_more_seizures_and_its_places_as_many_as_before() -> None:
    p = q = np.full((8, N), 1 / N)
    asked = pl.DataFrame({"reporter": ["FFF"] * 8, "commodity_group": ["cocaine"] * 8})
    pairs = {}
    for name, kernel in (("flat", planted(1.0)), ("lifted", planted())):
        coupled = couple(kernel, asked, PLACES, p, q)
        assert whole(coupled).sum(axis=2) == pytest.approx(p, abs=1e-6)
        ratios = Ratios(kernel, "cocaine", np.full(8, PLACES.index("FFF")))
        pairs[name] = ratios.expected(*coupled.apart(), np.ones(8))
    assert pairs["lifted"][FIRST, SECOND] > 2 * pairs["flat"][FIRST, SECOND]
    assert pairs["lifted"][FIRST, 0] < pairs["flat"][FIRST, 0]


def test_the_kernel_is_read_as_it_was_told() -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA inferred")
    told = [
        *(("departure_destination", "relation", name, "-", "-", np.log(ratio))
          for name, ratio in zip(("both_home", "same_place", "first_home", "second_home"), RELATIONS, strict=False)),
        ("departure_destination", "commodity_group", "cocaine", "BBB", "DDD", np.log(LIFTED)),
        ("departure_destination", "commodity_group", "cocaine", "SUN", "DDD", 1.0),
        ("departure_destination", "reporter+commodity_group", "AAA|cocaine", "EEE", "FFF", np.log(4.0)),
        ("departure_destination", "reporter+commodity_group", "AAA|cocaine", "CCC", "CCC", np.log(0.5)),
        ("departure_destination", "reporter+commodity_group", "SUN|cocaine", "CCC", "CCC", 1.0),
        ("origin_departure", "commodity_group", "cocaine", "BBB", "DDD", 1.0),
    ]  # fmt: skip
    names = ["role_pair", "term", "term_group", "candidate", "other_candidate", "effect"]
    con.register("told", pl.DataFrame(told, schema=names, orient="row"))
    con.execute("CREATE TABLE inferred.route_pairs AS FROM told")
    read, meant = read_kernel(con, PLACES), planted()
    for reporter, group in ((0, "cocaine"), (1, "cocaine"), (0, "khat")):
        one, other = (kernel.differences(reporter, group).toarray() for kernel in (read, meant))
        assert one == pytest.approx(other)
