"""The route model on invented evidence: what it recovers, what it falls back to, and what it may never say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from pipelines.inferred.model.calibration import LEVEL, Held, calibrate, mass_before
from pipelines.inferred.model.conventions import WRONG_ONE_OF_TWO, Conventions, fit_conventions
from pipelines.inferred.model.geography import FEATURES, Geography, features, geography, hear
from pipelines.inferred.model.joint import Joint, Kernel, Pairs, couple, fit_kernel, relation
from pipelines.inferred.model.likelihood import Contexts, Floats, LogLinear, Term, Whole, fit, softmax
from pipelines.inferred.model.model import RouteModel, positions
from pipelines.inferred.model.model import fit as fit_model
from pipelines.inferred.model.pooling import ROLES, SEEN, Parts, Pool, fit_role
from pipelines.inferred.posterior import DOUBTED, LEAST_PLACES, MILLION, REST_PLACE, _ranked, posterior_lists

PLACES = ["BRA", "COL", "DOM", "ESP", "KEN", "SEN"]
N = len(PLACES)
TEXTS = [
    "reporter", "subregion", "commodity", "commodity_group", "commodity_family", "size_class", "border_class",
    "mode_class", "concealment", "facility", "direction", "place", "origin", "departure", "transit", "destination",
    "cross_border", "contradiction", "source_reliability",
]  # fmt: skip
NEXT = {"BRA": "COL", "COL": "DOM", "DOM": "COL", "ESP": "DOM", "KEN": "ESP"}
"""Where each reporter's goods come from: a place beside it on the line. Nobody ever heard of SEN."""


def world() -> Geography:
    """Six places on a line, 1,000 km apart."""
    km = np.abs(np.arange(N)[:, None] - np.arange(N)) * 1000.0 + 50
    nothing = np.zeros((N, N), dtype=bool)
    return geography(PLACES, ["South"] * 3 + ["East"] * 3, np.full(N, 1e6), km, nothing, nothing)


def evidence(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Rows of `inferred.evidence`; what is not named is not known."""
    plain: dict[str, Any] = dict.fromkeys(TEXTS) | {
        "reporter": "ESP", "commodity": "cocaine", "commodity_group": "cocaine", "commodity_family": "drugs",
        "size_class": "1kg_10kg", "border_class": "port", "cross_border": "unknown", "year": 2014, "n_rows": 1,
        "n_lines": 1.0,
    }  # fmt: skip
    made = [plain | {"evidence_id": f"e{number:05}"} | dict(row) for number, row in enumerate(rows)]
    return pl.DataFrame(made, schema_overrides=dict.fromkeys(TEXTS, pl.String))


def told() -> pl.DataFrame:
    """Two years of five reporters; KEN writes the departure as the origin, the others name DOM or COL."""
    return evidence(*(
        {
            "reporter": who, "departure": where, "year": year, "n_lines": lines, "size_class": size,
            "origin": where if who == "KEN" else "DOM" if who in ("BRA", "COL") else "COL",
            "destination": "ESP" if who in ("BRA", "COL", "DOM") else None,
        }
        for who, where in NEXT.items()
        for year, lines in ((2013, 30.0), (2014, 20.0))
        for size in ("1kg_10kg", "ge_10kg")
    ))  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> RouteModel:
    return fit_model(told(), world())


# --- the likelihood -------------------------------------------------------------------------------------------------


def labelled(shares: Mapping[str, list[float]], lines: float = 10_000.0) -> pl.DataFrame:
    """Labels in exact shares, by group."""
    rows = [
        {"group": group, "label": label, "weight": lines * share, "feature_row": 0, "barred": -1}
        for group, of_group in shares.items()
        for label, share in enumerate(of_group)
        if share > 0
    ]
    return pl.DataFrame(rows)


def asked(*groups: str | None) -> pl.DataFrame:
    return pl.DataFrame({"group": groups, "feature_row": [0] * len(groups)}, schema_overrides={"group": pl.String})


def scores(model: LogLinear, rows: pl.DataFrame, x: Floats, barred: Whole | None = None) -> Floats:
    return model.scores(model.groups(Contexts(rows)), rows["feature_row"].to_numpy(), x, barred)


def test_known_shares_are_recovered_and_an_unseen_group_gets_those_of_all() -> None:
    shares = {"a": [0.7, 0.2, 0.1], "b": [0.1, 0.2, 0.7]}
    model = fit(labelled(shares), 3, [Term((), 0.3), Term(("group",), 1.0)])
    no_features = np.zeros((1, 3, 0))
    found = softmax(scores(model, asked("a", "b", "z", None), no_features))
    assert found[:2] == pytest.approx(np.array([shares["a"], shares["b"]]), abs=0.01)
    assert scores(model, asked("z"), no_features)[0] == pytest.approx(model.levels[0].values.toarray()[0])
    assert found[2] == pytest.approx(found[3])


def test_a_place_that_a_group_never_named_keeps_the_score_of_all() -> None:
    model = fit(labelled({"a": [0.5, 0.5, 0.0], "b": [0.0, 0.5, 0.5]}, 50), 3, [Term((), 0.3), Term(("group",), 1.0)])
    of_all, of_a = scores(model, asked("z", "a"), np.zeros((1, 3, 0)))
    assert of_a[2] == of_all[2]
    assert softmax(of_a[None])[0, 2] > 0


def test_the_slope_of_a_feature_is_recovered_and_what_is_barred_cannot_be() -> None:
    x = np.array([[[0.0], [1.0], [2.0]]])
    rows = labelled({"a": softmax(0.8 * x[:, :, 0])[0].tolist()})
    model = fit(rows, 3, [Term(("group",), 1e9)], [Term((), 0.3)], x)
    assert model.slopes[0].values.toarray() == pytest.approx(np.array([[0.8]]), abs=0.01)
    scored = scores(model, asked("new", "new"), x, np.array([2, -1]))
    assert softmax(scored)[0] == pytest.approx([*softmax(0.8 * x[:, :2, 0])[0], 0], abs=0.01)
    assert softmax(scored)[1, 2] > 0.5


def test_slopes_of_groups_act_on_the_features_of_each_row_of_the_evidence() -> None:
    x = np.array([[[0.0], [1.0], [2.0]], [[1.0], [0.0], [0.0]]])
    slopes = {"a": 0.8, "b": -0.5}
    rows = pl.concat(
        labelled({group: softmax(slope * x[row, :, 0]).tolist()}).with_columns(feature_row=pl.lit(row))
        for group, slope in slopes.items()
        for row in (1, 0)
    )
    model = fit(rows, 3, [Term((), 1e9)], [Term(("group",), 0.3)], x)
    assert model.slopes[0].values.toarray() == pytest.approx(np.array([[0.8], [-0.5]]), abs=0.01)
    mixed = asked("b", "a", "b", "a").with_columns(feature_row=pl.Series([0, 1, 1, 0]))
    expected = [slopes[group] * x[row, :, 0] for group, row in mixed.rows()]
    assert scores(model, mixed, x) == pytest.approx(np.array(expected), abs=0.02)


# --- geography ------------------------------------------------------------------------------------------------------


def test_what_others_name_leaves_out_what_the_reporter_says_itself() -> None:
    louder = told().with_columns(n_lines=pl.col("n_lines") * pl.when(pl.col("reporter") == "KEN").then(9).otherwise(1))
    named = [FEATURES.index(name) for name in ("named_group", "named_all")]
    (before, row), (after, _) = (
        features(hear(rows, "departure", world()), Contexts(told())) for rows in (told(), louder)
    )
    own, others = row[told()["reporter"].index_of("KEN")], row[told()["reporter"].index_of("BRA")]
    assert (before[own][:, named] == after[own][:, named]).all()
    assert (before[others, PLACES.index("ESP")][named] < after[others, PLACES.index("ESP")][named]).all()
    of_ken = before[own][:, named]
    assert (of_ken[PLACES.index("ESP")] == of_ken.min(axis=0)).all()  # nobody but KEN names it
    assert (of_ken[PLACES.index("COL")] > of_ken[PLACES.index("ESP")]).all()


# --- pooling --------------------------------------------------------------------------------------------------------


def test_pooled_forecasts_sum_to_one_whatever_the_pool() -> None:
    rng = np.random.default_rng(3)
    reporter = np.arange(5)
    own, shared = rng.normal(size=(2, 5, N)) * 3
    own[reporter, reporter] = shared[reporter, reporter] = -1e30
    parts = Parts(rng.random(5), own, shared, np.array([0.0, 1, 5, 50, 5_000]), reporter)
    for pool in (Pool(), Pool(0.3, 20.0, 0.4, 0.6, 2.0), Pool(own=0.0), Pool(escape=0.0, sharpness=0.01)):
        forecast = parts.pooled(pool)
        assert forecast.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-12)
        assert forecast[reporter, reporter] == pytest.approx(parts.home)
        assert (forecast >= 0).all()


def test_without_history_a_reporters_own_part_has_no_say() -> None:
    own, shared = np.array([[9.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    parts = Parts(np.zeros(1), own, shared, np.zeros(1), np.array([1]))
    other = Parts(np.zeros(1), -own, shared, np.zeros(1), np.array([1]))
    assert parts.pooled(Pool()).tobytes() == other.pooled(Pool()).tobytes()


def test_ten_times_the_rows_of_the_same_variety_are_no_more_contexts_and_no_more_effects() -> None:
    one = told()
    ten = pl.concat([one.with_columns(pl.col("evidence_id") + f".{copy}") for copy in range(10)])
    assert ten.select(SEEN).unique().sort(SEEN).equals(one.select(SEEN).unique().sort(SEEN))
    small, large = (fit_role(rows, "departure", world(), ("shared",)) for rows in (one, ten))
    shapes = [[effects.values.nnz for effects in model.shared.levels] for model in (small, large)]
    assert shapes[0] == shapes[1]


# --- the joint ------------------------------------------------------------------------------------------------------


def forecasts(rows: int, places: int) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(11)
    first, second, third = (softmax(rng.normal(size=(rows, places))) for _ in ROLES)
    return first, second, third


def kernel(seed: int) -> Kernel:
    """Ratios of relations, of group x, and of two of its reporters."""
    rng = np.random.default_rng(seed)

    def ratios() -> csr_array:
        return csr_array(np.where(rng.random((4, 4)) < 0.4, rng.uniform(-1.5, 2, (4, 4)), 0))

    return Kernel(4, rng.uniform(0.3, 3, 5), {"x": ratios()}, {(0, "x"): ratios(), (2, "x"): ratios()})


REPORTERS = np.array([2, 0, 1])
"""Of three evidences; 1 has no pairs of its own."""


def dense(one: Kernel, group: str) -> Floats:
    """K of each evidence but for a factor, shape (evidences, places, places)."""
    return np.stack([1 + one.differences(int(reporter), group).toarray() for reporter in REPORTERS])


@pytest.fixture
def joint() -> Joint:
    first, second = (kernel(seed).ratios("x", REPORTERS) for seed in (12, 13))
    return couple(*forecasts(3, 4), first, second)


def whole_of(joint: Joint) -> Floats:
    """J(o, d, t) of each evidence, shape (evidences, places, places, places), summing to 1."""
    first, second = (dense(kernel(seed), "x") for seed in (12, 13))
    a, b, c = joint.factors
    whole = np.einsum("oe,eod,de,edt,te->eodt", a, first, b, second, c)
    shares: Floats = whole / whole.sum(axis=(1, 2, 3), keepdims=True)
    return shares


@pytest.mark.parametrize("group", ["x", "of which nobody named a pair"])
@pytest.mark.parametrize("of_all", [False, True])
def test_all_evidences_go_through_the_kernels_of_their_reporters_at_once(group: str, of_all: bool) -> None:
    factor = forecasts(4, 3)[0]
    one = kernel(12).of_all() if of_all else kernel(12)
    there, back = one.ratios(group, REPORTERS)
    assert there.through(factor) == pytest.approx(np.einsum("exy,ye->xe", dense(one, group), factor))
    assert back.through(factor) == pytest.approx(np.einsum("exy,xe->ye", dense(one, group), factor))


def given(joint: Joint, *reported: Whole) -> list[Floats]:
    """The marginals of the three roles, given these places."""
    return [joint.given(*reported).marginal(role) for role in range(len(ROLES))]


def test_the_joint_keeps_the_forecast_of_every_role_whose_others_are_hidden(joint: Joint) -> None:
    whole, hidden = whole_of(joint), np.full(3, -1)
    summed = whole.sum(axis=(2, 3)), whole.sum(axis=(1, 3)), whole.sum(axis=(1, 2))
    for found, by_hand, forecast in zip(given(joint, hidden, hidden, hidden), summed, forecasts(3, 4), strict=True):
        assert found == pytest.approx(by_hand, abs=1e-12)
        assert found == pytest.approx(forecast, abs=0.01)


def test_given_a_reported_place_the_others_are_the_conditionals_of_the_joint(joint: Joint) -> None:
    whole, hidden, named = whole_of(joint), np.full(3, -1), np.array([2, 0, 3])
    rows = np.arange(3)

    def shares(values: Floats) -> Floats:
        divided: Floats = values / values.sum(axis=1, keepdims=True)
        return divided

    _, departure, destination = given(joint, named, hidden, hidden)
    assert departure == pytest.approx(shares(whole[rows, named].sum(axis=2)))
    assert destination == pytest.approx(shares(whole[rows, named].sum(axis=1)))
    origin, between, _ = given(joint, hidden, hidden, named)
    assert origin == pytest.approx(shares(whole[rows, :, :, named].sum(axis=2)))
    assert between == pytest.approx(shares(whole[rows, :, :, named].sum(axis=1)))
    _, both, _ = given(joint, named, hidden, named)
    assert both == pytest.approx(shares(whole[rows, named][rows, :, named]))


def test_a_kernel_raises_the_pairs_that_reports_name_oftener_than_forecasts_expect() -> None:
    even = np.full((400, 4), 0.25)
    first = np.arange(400) % 3 + 1
    pairs = Pairs(np.zeros(400, dtype=np.int64), np.full(400, "x", dtype=object), first, first % 3 + 1, even, even,
                  np.ones(400))  # fmt: skip
    kernel = fit_kernel(pairs, 4)
    ratio = 1 + kernel.differences(0, "x").toarray()
    assert ratio[1, 2] > 3 * ratio[1, 3]
    assert ratio[1, 2] > 3 * ratio[1, 1]
    assert fit_kernel(pairs, 4).differences(2, "unheard of").shape == (4, 4)


def test_where_nothing_was_reported_a_kernel_is_one_everywhere() -> None:
    nothing, empty = np.zeros(0, dtype=np.int64), np.zeros((0, 4))
    kernel = fit_kernel(Pairs(nothing, np.zeros(0, dtype=object), nothing, nothing, empty, empty, np.zeros(0)), 4)
    assert not kernel.differences(1, "x").toarray().any()


def test_a_kernel_knows_whether_two_places_are_the_reporter_the_same_or_neither() -> None:
    reporter, first, second = np.zeros(5, dtype=np.int64), np.array([0, 1, 0, 1, 1]), np.array([0, 1, 1, 0, 2])
    assert relation(reporter, first, second).tolist() == [0, 1, 2, 3, 4]
    ratios = np.array([5.0, 4, 3, 2, 1])
    assert 1 + Kernel(3, ratios, {}, {}).differences(0, "x").toarray() == pytest.approx(
        np.array([[5, 3, 3], [2, 4, 1], [2, 1, 4]])
    )


# --- conventions ----------------------------------------------------------------------------------------------------


def conventions() -> Conventions:
    """Of two reporters with 500 lines a year, KEN always writes the departure as origin, ESP as chance would."""
    rows = [
        {"reporter": who, "year": year, "departure": "COL", "origin": origin, "n_lines": lines}
        for year in (2013, 2014)
        for who, origin, lines in (("KEN", "COL", 500.0), ("ESP", "COL", 100.0), ("ESP", "DOM", 400.0))
    ]
    both = evidence(*rows)
    return fit_conventions(both, both, np.full(both.height, 0.2))


def test_who_always_writes_the_departure_as_origin_copies_and_who_does_as_chance_would_does_not() -> None:
    found = conventions()
    assert found.copies_of["KEN"] > 0.95
    assert found.copies_of["ESP"] < 0.1
    by_year = dict(found.copies.group_by("reporter").agg(pl.col("habit").max()).iter_rows())
    assert by_year["KEN"] > 0.97
    assert by_year["ESP"] < 0.1


def test_a_copied_origin_is_doubted_another_is_not_and_a_contradicted_place_has_an_even_chance() -> None:
    rows = evidence(
        {"reporter": "KEN", "departure": "COL", "origin": "COL"},
        {"reporter": "KEN", "departure": "COL", "origin": "DOM"},
        {"reporter": "ESP", "departure": "COL", "origin": "COL"},
        {"reporter": "ESP", "departure": "COL", "contradiction": "inbound_from_itself"},
    )
    copied, other, chance, _ = conventions().doubt(rows, "origin", np.full(4, 0.2))
    assert copied > 0.95
    assert other < 0.05
    assert chance < 0.2
    assert conventions().doubt(rows, "departure")[3] == WRONG_ONE_OF_TWO


def test_places_of_a_graded_source_are_as_doubtful_as_lines_of_its_grade_contradict_themselves() -> None:
    """Every fourth line of grade E questions its departure, one in a hundred of grade A, and of ungraded ones none."""
    rows = [
        {"reporter": who, "departure": "COL", "source_reliability": grade, "n_lines": lines, "contradiction": said}
        for who in ("KEN", "ESP")
        for grade, wrong in (("A", 2.0), ("E", 50.0), (None, 0.0))
        for lines, said in ((200.0 - wrong, None), (wrong, "inbound_from_itself"))
    ]
    asked = [{"reporter": who, "departure": "COL", "source_reliability": grade}
             for who, grade in (("KEN", "A"), ("KEN", "E"), ("KEN", None), ("SEN", "E"), ("SEN", "F"))]  # fmt: skip
    told = evidence(*rows)
    doubted = fit_conventions(told, told.head(0), np.empty(0)).doubt(evidence(*asked), "departure")
    reliable, unreliable, ungraded, of_another, unseen = doubted
    assert 0.12 < unreliable < 0.13
    assert 0.004 < reliable < 0.01
    assert ungraded < 0.004
    assert abs(of_another - unreliable) < 0.01  # what the grade tells of a reporter that never used it
    assert reliable < unseen < unreliable  # of a grade that nobody used, what all lines tell


# --- calibration ----------------------------------------------------------------------------------------------------


def held(rows: int, seed: int) -> Held:
    """Labels drawn from a softmax of scores that the parts give twice as sharp."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(rows, 12)) * 1.5
    scores[:, 0] = -1e30  # the reporter
    cumulated = softmax(scores).cumsum(axis=1)
    label = (rng.random(rows)[:, None] > cumulated).sum(axis=1)
    classes = pl.DataFrame(
        {"commodity_family": ["drugs"] * rows, "subregion": ["-"] * rows, "reporter": ["KEN"] * rows}
    )
    nobody, no_own = np.zeros(rows), np.zeros((rows, 12))
    return Held(Parts(nobody, no_own, 2 * scores, nobody, nobody.astype(np.int64)), label, np.ones(rows), classes)


def at_home(lines: Held) -> Held:
    """The same lines, half of which name the reporter."""
    half = np.arange(len(lines.label)) % 2 == 0
    parts = replace(lines.parts, home=np.full(len(half), 0.5))
    return replace(lines, parts=parts, label=np.where(half, 0, lines.label))


def test_sharpness_is_undone_and_nine_of_ten_held_out_places_lie_in_their_set() -> None:
    learnt = calibrate(None, held(1_500, 1))
    assert 0.45 < learnt.pool.sharpness_new < 0.9  # a prior pulls it to 1, one reporter's lines being few
    fresh = held(3_000, 2)
    covered = mass_before(fresh.forecast(learnt.pool), fresh.label) < learnt.level(fresh.classes, abroad=True)
    assert covered.mean() == pytest.approx(LEVEL, abs=0.03)
    elsewhere = pl.DataFrame({"commodity_family": ["arms"], "subregion": ["elsewhere"]})
    assert learnt.level(elsewhere) == learnt.levels["all", "all"]


def test_a_set_counts_the_reporter_as_any_other_place() -> None:
    """Half of the lines name the reporter, with half a chance each: the set abroad cannot hold nine of ten of them."""
    half, fresh = at_home(held(1_500, 5)), at_home(held(3_000, 6))
    learnt = calibrate(None, half)
    covered = mass_before(fresh.parts.pooled(learnt.pool), fresh.label) < learnt.level(fresh.classes)
    assert covered.mean() == pytest.approx(LEVEL, abs=0.03)
    assert learnt.levels["all", "all"] != learnt.levels_abroad["all", "all"]


def test_sets_are_as_wide_as_boasting_forecasts_need() -> None:
    boasting, fresh = held(1_500, 3), held(3_000, 4)
    learnt = calibrate(boasting, None)
    covered = mass_before(fresh.forecast(learnt.pool), fresh.label) < learnt.level(fresh.classes, abroad=True)
    assert covered.mean() == pytest.approx(LEVEL, abs=0.03)


def test_with_too_few_labels_the_numbers_of_the_pool_stand() -> None:
    learnt = calibrate(None, None)
    assert learnt.pool == Pool()
    assert learnt.levels == learnt.levels_abroad == {("all", "all"): LEVEL}


# --- the whole ------------------------------------------------------------------------------------------------------


def forecast(model: RouteModel, rows: pl.DataFrame) -> dict[str, Floats]:
    return {role: answers.each for role, answers in model.score(model.ask(rows)).items()}


def listed(model: RouteModel, rows: pl.DataFrame) -> pl.DataFrame:
    """The lists of each row and role."""
    lists = posterior_lists(model, rows)
    assert set(lists.places["list"]) == set(lists.linked["list"]) == set(range(lists.n_lists))
    return lists.linked.join(lists.places, on="list").sort("row", "role", "rank")  # n:n


def test_every_forecast_sums_to_one_and_a_reported_place_is_the_reporters_word(fitted: RouteModel) -> None:
    rows = evidence({}, {"departure": "COL"}, {"reporter": "SEN", "origin": "BRA", "destination": "ESP"})
    scored = forecast(fitted, rows)
    for role in ROLES:
        assert scored[role].sum(axis=1) == pytest.approx(np.ones(3))
        at = positions(rows, role, fitted.at)
        assert (scored[role][at >= 0, at[at >= 0]] == 1).all()


def test_the_order_of_the_evidence_changes_no_bit(fitted: RouteModel) -> None:
    again = fit_model(told().sample(fraction=1, shuffle=True, seed=5), world())
    rows = evidence({}, {"reporter": "KEN", "departure": "COL"}, {"reporter": "SEN"})
    one, other = forecast(fitted, rows), forecast(again, rows)
    assert {role: one[role].tobytes() for role in ROLES} == {role: other[role].tobytes() for role in ROLES}
    backwards = forecast(fitted, rows.reverse())
    assert all(backwards[role][::-1].tobytes() == one[role].tobytes() for role in ROLES)


def test_a_country_that_nobody_has_heard_of_gets_geography_and_no_zero(fitted: RouteModel) -> None:
    departure = forecast(fitted, evidence({"reporter": "SEN"}))["departure"][0]
    assert (departure > 0).all()
    beside, across = PLACES.index("KEN"), PLACES.index("BRA")  # neither was ever named as a departure
    assert departure[beside] > departure[across]


def test_a_written_place_is_never_doubted_more_than_conventions_and_noise_say(fitted: RouteModel) -> None:
    rows = told().with_columns(contradiction=pl.when(pl.col("year") == 2013).then(pl.lit("inbound_from_itself")))
    assert fitted.conventions is not None
    for role in ROLES:
        named = rows.filter(pl.col(role).is_not_null())
        at = positions(named, role, fitted.at)
        asked = fitted.ask(named)
        label = fitted.score(asked)[role]
        believed = fitted.true(asked, role, label)
        assert (label.each[np.arange(named.height), at] == 1).all()
        true = believed.each
        departure = positions(named, "departure", fitted.at)
        q = fitted.meant(asked, role).each[np.arange(named.height), departure]
        doubt = fitted.conventions.doubt(named, role, q)
        assert true.sum(axis=1) == pytest.approx(np.ones(named.height))
        assert (true[np.arange(named.height), at] >= 1 - doubt - 1e-12).all()


def test_behind_a_doubtful_word_of_a_report_stand_the_places_that_may_be_meant() -> None:
    """KEN copies all departures, so where its goods were made is asked of the others; BRA's origin is no copy."""
    copies = (
        {"reporter": "KEN", "departure": where, "origin": where, "evidence_id": f"copy-{where}"}
        for where in ("BRA", "COL", "DOM", "SEN")
    )
    rows = pl.concat([told(), evidence(*copies)])
    lists = listed(fit_model(rows, world()), rows).filter(role="origin")
    named = lists.join(rows.with_row_index("row").select("row", "reporter"), on="row")
    copied = named.filter(reporter="KEN").filter(pl.col("row") == pl.col("row").min()).sort("rank")
    assert copied.height > 2
    assert copied["label"].to_list() == [MILLION, *[0] * (copied.height - 1)]
    assert copied["true"][0] < (1 - DOUBTED) * MILLION
    assert copied["true"][1] == copied["true"][1:-1].max()
    assert copied["true"][-1] <= 0.01 * (MILLION - copied["true"][0]) + N
    assert not copied["in_set90"][1:].any()
    plain = named.filter(pl.col("reporter") == "BRA", pl.col("row") == pl.col("row").min().over("reporter"))
    assert plain["rank"].to_list() == [1, 2]


def test_a_list_and_its_rest_make_a_million_in_both_probabilities(fitted: RouteModel) -> None:
    rows = pl.concat([told(), evidence({"reporter": "SEN", "evidence_id": "new"})])
    table = listed(fitted, rows)
    listing, rest = pl.col("place") != REST_PLACE, pl.col("place") == REST_PLACE
    sums = table.group_by("row", "role").agg(pl.col("label", "true").sum(), rest=rest.sum(), last=pl.col("rank").max())
    assert set(sums["label"]) | set(sums["true"]) == {MILLION}
    assert set(sums["rest"]) == {1}
    last = table.filter(rest).join(sums, on=["row", "role"])  # 1:1
    assert last["rank"].equals(last["last"])
    hidden = table.filter(basis="inferred")
    assert set(hidden.group_by("row", "role").agg(listing.sum())["place"]) == {min(N, LEAST_PLACES)}
    assert set(table.filter(listing, basis="reported", rank=1)["label"]) == {MILLION}
    assert (table["true"] >= 0).all()


def test_what_is_asked_in_words_that_nobody_used_before_is_answered_once(fitted: RouteModel) -> None:
    unseen = evidence(*({"concealment": name, "place": f"{name}-port"} for name in ("hull", "tyre", "belt")))
    beside = ({"concealment": "hull", "departure": "COL"}, {"concealment": "tyre", "departure": "COL"})
    rows = pl.concat([unseen, evidence(*beside, {"concealment": "belt", "year": 1})])
    lists = posterior_lists(fitted, rows)
    by_row = lists.linked.filter(role="destination").sort("row")["list"].to_list()
    assert by_row[0] == by_row[1] == by_row[2] == by_row[5]
    assert by_row[3] == by_row[4] != by_row[0]
    alone = [posterior_lists(fitted, rows[row]) for row in range(rows.height)]
    whole = listed(fitted, rows)
    for row, one in enumerate(alone):
        of_row = one.linked.join(one.places, on="list").sort("role", "rank").drop("row", "list")
        assert whole.filter(row=row).sort("role", "rank").drop("row", "list").equals(of_row)


def test_ties_go_by_code_and_the_ranked_mass_is_that_of_the_forecast() -> None:
    prob = np.array([[0.1, 0.3, 0.3, 0.0, 0.3, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
    order, ranked, before = _ranked(prob, 5)
    assert order.tolist() == [[1, 2, 4, 0, 3], [5, 0, 1, 2, 3]]
    assert ranked[0].tolist() == [0.3, 0.3, 0.3, 0.1, 0.0]
    assert before[0] == pytest.approx([0, 0.3, 0.6, 0.9, 1.0])
