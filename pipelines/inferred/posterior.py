"""Posteriors over the places that no report names.

Many evidences are asked the same question: what a group that was never seen would add is nothing, so the model cannot
tell them apart. A question is answered, and its list of places written, once (`inferred.place_lists`); which list is
whose stands in `inferred.evidence_lists`. The view `inferred.route_posteriors` is the two together (`schemas.views`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pipelines.inferred.backtest.areas import read_areas
from pipelines.inferred.backtest.guard import use
from pipelines.inferred.model.calibration import LEVEL
from pipelines.inferred.model.explain import told
from pipelines.inferred.model.likelihood import Contexts, Floats, Whole, once
from pipelines.inferred.model.model import DEPARTURE, MODEL, THREADS, Answers, RouteModel, fit, positions
from pipelines.inferred.model.pooling import ROLES, SEEN
from pipelines.inferred.network.transit import NETWORK_INPUTS, Network, read_network
from pipelines.store import Connection, Home, connect, frame, sql, write_frame, write_query
from schemas.registry import Registry

READ = tuple(dict.fromkeys(("inferred.evidence", "reference.areas", "reference.area_pairs", *NETWORK_INPUTS)))
POSTERIOR_INPUTS = (*READ, "inferred.backtest")
"""The back-test says whether tonight's model may be used."""
LISTS = ("inferred.place_lists", "inferred.evidence_lists")
"""Tables that hold the forecasts; the second refers to the first."""
EVIDENCE_LISTS = "SELECT evidence_id, role, basis, list AS list_no, model_id FROM linked"
REPORTED, INFERRED = "reported", "inferred"
Flags = NDArray[np.bool_]
TRANSIT = "transit"
MASS, LEAST_PLACES, MOST_PLACES = 0.99, 20, 100
"""A list holds the likeliest places with this mass, at least and at most so many; the rest is one row."""
REST_PLACE = -1
"""Stands for all places that are not listed where places are positions."""
DOUBTED = 0.05
"""From this doubt on, the places that may stand behind a reported one are listed beside it."""
MILLION = 1_000_000
SLICE = 8_192
"""Evidences that are forecast at a time, so that memory does not grow with their number."""
REST, NONE = "rest", "none"
"""All places that are not listed; no place, of a transit: nothing lay between."""
EVIDENCE = "SELECT * REPLACE (CAST(n_lines AS DOUBLE) AS n_lines) FROM inferred.evidence ORDER BY evidence_id"


@dataclass(frozen=True)
class Lists:
    """Ranked lists of places, numbered from 0, and whose they are."""

    n_lists: int
    places: pl.DataFrame
    """One row a place: list, rank, place (its position), label and true in whole millionths, in_set90; in the
    order of list and rank, the rest last."""
    linked: pl.DataFrame
    """One row for each row of the evidence and role that has a list: row, role, basis, list."""

    @classmethod
    def together(cls, found: Iterable[Lists]) -> Lists:
        """Lists of one table of evidence, numbered on."""
        parts = list(found)
        *starts, n_lists = np.cumsum([0, *(one.n_lists for one in parts)]).tolist()

        def numbered_on(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
            start = np.repeat(starts, [table.height for table in tables])
            return pl.concat(tables).with_columns(pl.col("list") + pl.Series(start))

        return cls(n_lists, *(numbered_on([getattr(one, name) for one in parts]) for name in ("places", "linked")))

    def later(self, rows: int) -> Lists:
        """The same lists, of evidence that stands so many rows further down."""
        return replace(self, linked=self.linked.with_columns(pl.col("row") + rows))


def make_posteriors(home: Home, registry: Registry) -> dict[str, int]:
    """Write the tables of `LISTS` and the model that made them (`model.explain`); returns their numbers of rows."""
    con = connect(home, registry, READ)
    evidence = frame(con, EVIDENCE)
    model, model_id, counts = make_model(con, home, registry, evidence)
    return counts | make_lists(con, home, registry, evidence, model, model_id)


def make_model(
    con: Connection, home: Home, registry: Registry, evidence: pl.DataFrame
) -> tuple[RouteModel, str, dict[str, int]]:
    """Fit tonight's model and write it as tables; returns it, its name, and the tables' numbers of rows.

    Where it scores worse than the one in use beyond noise (`backtest.guard`), that one stays, and is named.
    """
    learnt, model_id = use(home, model_name(evidence), evidence)  # what is kept is what it is fitted on
    model = fit(learnt, read_areas(con).geography)
    known = evidence.filter(pl.col("reporter").is_in(model.at.places))
    counts = {name: write_frame(con, home, registry, name, rows) for name, rows in told(model, known).items()}
    return model, model_id, counts


def make_lists(
    con: Connection, home: Home, registry: Registry, evidence: pl.DataFrame, model: RouteModel, model_id: str
) -> dict[str, int]:
    """Write the tables of `LISTS`; returns their numbers of rows.

    For each evidence and role: the place that is reported, and the likeliest that may stand behind it where it is
    doubtful; or the smallest list of places that holds 0.99 of `prob_label` (20 to 100 places, of transits with
    `none`); and one `rest` row. Both probabilities are whole millionths and sum to 1.
    """
    known = evidence.filter(pl.col("reporter").is_in(model.at.places))
    # what is asked alike is asked together, and one commodity group after the other
    asked = known.sort("commodity_group", "reporter", *SEEN, *ROLES, "evidence_id", nulls_last=True)
    network = read_network(con)

    def lists_from(start: int) -> Lists:
        return posterior_lists(model, asked[start : start + SLICE], network).later(start)

    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as threads:  # slices share nothing
        lists = Lists.together(threads.map(lists_from, range(0, asked.height, SLICE)))
    linked, places, countries = _with_words(evidence, asked, lists, model.at.places)
    con.register("lists", _supported(con, linked, places, countries))
    con.register("linked", linked.with_columns(model_id=pl.lit(model_id)))
    queries = dict(zip(LISTS, (sql(__file__, "place_lists"), EVIDENCE_LISTS), strict=True))
    return {name: write_query(con, home, registry, name, query) for name, query in queries.items()}


def _with_words(
    evidence: pl.DataFrame, asked: pl.DataFrame, lists: Lists, places: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Which list is whose (evidence_id, role, commodity_group, basis, list), the places of the lists, and their codes.

    Beside what was asked stand former states, and what they report: a report's word, of which the model says nothing.
    """
    named = asked.select("evidence_id", "commodity_group").with_row_index("row")
    linked = lists.linked.join(named, on="row", how="left", maintain_order="left").drop("row")  # n:1
    reports = evidence.unpivot([*ROLES, TRANSIT], index=["evidence_id", "commodity_group"], variable_name="role",
                            value_name="country").drop_nulls("country")  # fmt: skip
    alone = reports.join(linked, on=["evidence_id", "role"], how="anti").sort("role", "commodity_group", "country")
    word = alone.select(pl.struct("role", "commodity_group", "country").rle_id()).to_series().to_numpy()
    countries = [*places, NONE, *sorted(set(alone["country"]) - set(places)), REST]
    said = alone["country"][np.unique(word, return_index=True)[1]]
    at = np.array([countries.index(name) for name in said], dtype=np.int64)[:, None]
    sure = np.ones(at.shape)
    words = _rows(np.arange(len(said)), at, sure, sure, sure > 0, sure > 0)
    alone = alone.with_columns(list=pl.Series(words.of_question[word] + lists.n_lists), basis=pl.lit(REPORTED))
    rows = words.places.with_columns(pl.col("list") + lists.n_lists)
    return pl.concat([linked, alone.select(linked.columns)]), pl.concat([lists.places, rows]), countries


def _supported(con: Connection, linked: pl.DataFrame, places: pl.DataFrame, countries: Sequence[str]) -> pl.DataFrame:
    """Rows of lists with the code of their place, and the lines and reporters that name it in the role and group."""
    kinds = linked.select("role", "commodity_group").unique().sort(pl.all()).with_row_index("kind")
    con.register("kinds", kinds)
    con.register("places", pl.DataFrame({"place": range(len(countries)), "country": countries}))
    support = frame(con, sql(__file__, "support")).with_columns(pl.col("country").cast(pl.Enum(countries)))
    of_list = (
        linked.unique("list")
        .sort("list")
        .select("role", "commodity_group")
        .join(kinds, on=["role", "commodity_group"], how="left", nulls_equal=True, maintain_order="left")["kind"]  # n:1
        .cast(pl.Int64)
    )
    place = places["place"].cast(pl.Int64)
    rest = pl.lit(len(countries) - 1)
    at = (
        of_list.gather(places["list"]) * len(countries)
        + pl.select(pl.when(place == REST_PLACE).then(rest).otherwise(place)).to_series()
    )
    return pl.concat([places, support[at]], how="horizontal")


def model_name(evidence: pl.DataFrame) -> str:
    """Name of the model that is fitted on this evidence: the kind of model, and a digest of what it learns from."""
    told = "\n".join(
        f"{one} {lines:.6f}" for one, lines in evidence.select("evidence_id", "n_lines").sort("evidence_id").rows()
    )
    return f"{MODEL}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def posterior_lists(model: RouteModel, evidence: pl.DataFrame, network: Network | None = None) -> Lists:
    """The lists of each role. With a network, what may have crossed a border has a list of transits too."""
    asked = model.ask(evidence)
    scored, group = model.score(asked), asked.group
    found = []
    for role in ROLES:
        label, true = scored[role], model.true(asked, role, scored[role])
        named = asked.place(role)
        # a former state is the reporter's word, but no place that can be forecast
        hidden = np.flatnonzero(evidence[role].is_null().to_numpy())
        first, kind = once(true.row[hidden, None])
        rows = hidden[first]
        level = model.calibrations[role].level(evidence[rows])
        listed = _listed(group[rows], label.of[label.row[rows]], true.of[true.row[rows]], level)
        reported = np.flatnonzero(named >= 0)
        first, word = once(np.column_stack([true.row, named, group])[reported])
        rows = reported[first]
        said = _reported(group[rows], named[rows], true.of[true.row[rows]])
        found += [_linked(role, INFERRED, hidden, kind, listed), _linked(role, REPORTED, reported, word, said)]
        if role == DEPARTURE and network is not None:
            found += _transits(model, evidence, true, group, network)
    return Lists.together(found)


def _transits(
    model: RouteModel, evidence: pl.DataFrame, departure: Answers, group: Whole, network: Network
) -> list[Lists]:
    """Lists of the last country before the seizing one, by the ways of the network from where the goods probably left.

    Nothing is learnt of how reporters name transits, so both probabilities are one. That no country lay between is an
    answer like any other, at the position after the last place.
    """
    named = positions(evidence, TRANSIT, model.at)
    hidden = np.flatnonzero((evidence[TRANSIT].is_null() & (evidence["cross_border"] != "no")).to_numpy())
    _, way = Contexts(evidence).kinds("reporter", "mode_class")
    first, kind = once(np.column_stack([departure.row, group, way])[hidden])
    rows = hidden[first]
    passed, nothing = network.transit(evidence[rows], departure.of[departure.row[rows]], model.at.places)
    answers = np.column_stack([passed, nothing])
    reported = np.flatnonzero(named >= 0)
    first, word = once(np.column_stack([named, group])[reported])
    telling = reported[first]
    certain = np.zeros((len(telling), len(model.at.places)))
    certain[np.arange(len(telling)), named[telling]] = 1.0
    listed = _listed(group[rows], answers, answers, np.full(len(rows), LEVEL))
    said = _reported(group[telling], named[telling], certain)
    return [_linked(TRANSIT, INFERRED, hidden, kind, listed), _linked(TRANSIT, REPORTED, reported, word, said)]


@dataclass(frozen=True)
class _Ranked:
    """Lists of one role, each once: as in `Lists.places`, and for every question which list is its answer."""

    n_lists: int
    places: pl.DataFrame
    of_question: Whole


def _linked(role: str, basis: str, rows: Whole, question: Whole, ranked: _Ranked) -> Lists:
    """Lists of one role with the rows of the evidence that they answer; `question` is what each row asks."""
    role_of, basis_of = (pl.Series([word]).new_from_index(0, len(rows)) for word in (role, basis))
    linked = {"row": rows, "role": role_of, "basis": basis_of, "list": ranked.of_question[question]}
    return Lists(ranked.n_lists, ranked.places, pl.DataFrame(linked))


def _listed(group: Whole, label: Floats, true: Floats, level: Floats) -> _Ranked:
    """The likeliest places with 0.99 of `label`. Forecasts have the shape (questions, places), ρ (questions,)."""
    order, ranked, before = _ranked(label, MOST_PLACES)
    listed = (before < MASS * label.sum(axis=1, keepdims=True)) | (np.arange(order.shape[1]) < LEAST_PLACES)
    return _rows(group, order, ranked, np.take_along_axis(true, order, axis=1), listed, before < level[:, None])


def _reported(group: Whole, named: Whole, true: Floats) -> _Ranked:
    """Reported places: the reporter's word has probability 1, its truth less where words and places differ.

    Behind a doubtful one stand the likeliest places with 0.99 of the doubt, at most `LEAST_PLACES`: inferred, and no
    word of the report.
    """
    lists = np.arange(len(named))
    word = true[lists, named][:, None]
    meant = true.copy()
    meant[lists, named] = 0.0
    order, ranked, before = _ranked(meant, LEAST_PLACES)
    behind = (word < 1 - DOUBTED) & (before < MASS * meant.sum(axis=1, keepdims=True))
    is_word = np.broadcast_to(np.arange(order.shape[1] + 1) == 0, (len(named), order.shape[1] + 1))
    return _rows(
        group,
        np.column_stack([named, order]),
        is_word * 1.0,
        np.column_stack([word, ranked]),
        np.column_stack([np.ones(len(named), dtype=bool), behind]),
        is_word,
    )


def _ranked(prob: Floats, most: int) -> tuple[Whole, Floats, Floats]:
    """The likeliest places, their probabilities and the mass before each, shape (rows, at most `most`).

    The last bits of a probability give way to the place's number, so that ties go by code and whole numbers are sorted.
    """
    n = prob.shape[1]
    last = np.int64((1 << n.bit_length()) - 1)
    keys = (np.ascontiguousarray(prob).view(np.int64) & ~last) | (last - np.arange(n))  # doubles ≥ 0 sort as their bits
    keys.sort(axis=1)
    order = last - (keys[:, : -min(most, n) - 1 : -1] & last)
    ranked = np.take_along_axis(prob, order, axis=1)
    return order, ranked, np.cumsum(ranked, axis=1) - ranked


def _rows(group: Whole, place: Whole, label: Floats, true: Floats, listed: Flags, in_set90: Flags) -> _Ranked:
    """Lists from arrays of shape (questions, ranks), of which the first ones of each question are `listed`.

    Millionths are cut, never rounded up, and the rest takes what is left of both probabilities. Lists of one commodity
    group that hold the same are one.
    """
    places, *millionths = (
        np.where(listed, cells, 0).astype(np.int32)
        for cells in (place, *(np.floor(prob * MILLION + 1e-9) for prob in (label, true)))
    )
    n_listed, n_in_set = listed.sum(axis=1), (listed & in_set90).sum(axis=1)
    first, of_question = once(np.column_stack([group, n_listed, n_in_set, places, *millionths]).astype(np.int32))
    rank = np.arange(listed.shape[1] + 1)
    size = n_listed[first, None]
    kept = rank <= size  # the rest comes after what is listed

    def with_rest(cells: NDArray[np.int32], rest: NDArray[np.int32]) -> NDArray[np.int32]:
        whole = np.column_stack([cells[first], np.zeros(len(first), dtype=np.int32)])
        found: NDArray[np.int32] = np.where(rank == size, rest, whole)[kept]
        return found

    table = {
        "list": np.repeat(np.arange(len(first)), size[:, 0] + 1),
        "rank": np.broadcast_to(rank + 1, kept.shape)[kept],
        "place": with_rest(places, np.array(REST_PLACE, dtype=np.int32)),
        "in_set90": (rank < n_in_set[first, None])[kept],
    }
    for name, cells in zip(("label", "true"), millionths, strict=True):
        table[name] = with_rest(cells, MILLION - cells[first].sum(axis=1, dtype=np.int32, keepdims=True))
    return _Ranked(len(first), pl.DataFrame(table), of_question)
