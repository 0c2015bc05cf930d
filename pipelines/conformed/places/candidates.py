"""Makes `conformed.place_questions` and `conformed.place_candidates`: which places reports may mean.

Questions are distinct combinations of words, not rows: 312,000 rows of real reports ask 22,000 questions. Each is tried
by names and codes first; what these leave open is tried by similar names and by names within the text. See
`docs/methodology.md` and decision 21.
"""

from __future__ import annotations

import polars as pl
from rapidfuzz import fuzz, process

from pipelines.conformed.places.questions import asked, distinct, taken_apart
from pipelines.names import core, in_latin, runs
from pipelines.store import Connection, Home, connect, frame, sql, write_query
from schemas.registry import Registry

PLACE_INPUTS = ("staging.reports", "reference.areas", "reference.places", "reference.place_names")
MATCH = pl.Schema({
    "place_key": pl.String, "place_id": pl.String, "origin": pl.String, "hint": pl.String, "place_method": pl.String,
    "weight": pl.Float64, "name_similarity": pl.Float64,
})  # fmt: skip
OPEN_BELOW = 15
"""A question whose candidates weigh less together than the places which no gazetteer holds is still open."""
LEAST_SIMILAR = 84
"""Least ratio of two names, of 100, at which they may be one name misspelled."""
FUZZY_WEIGHT = 0.7
"""How much is left of a match when the name only differs in its spaces."""
RUN_WEIGHT = 0.25
"""How much is left of a match when the name is a run of words within the text."""


def make_places(home: Home, registry: Registry) -> dict[str, int]:
    """Write `conformed.place_questions` and `conformed.place_candidates`; returns their numbers of rows."""
    con = connect(home, registry, PLACE_INPUTS)
    _ask(con)
    _match_names(con)
    _match_divisions(con)
    _weigh(con)
    _match_what_is_open(con)
    _weigh(con)
    for step in ("candidates", "answers", "offered"):
        con.execute(sql(__file__, step))
    return {
        name: write_query(con, home, registry, f"conformed.{name}", sql(__file__, name))
        for name in ("place_questions", "place_candidates")
    }


def _ask(con: Connection) -> None:
    """Tables `questions`, `variants` and `contexts`."""
    con.register("asked_questions", distinct(asked(con)))
    con.execute(sql(__file__, "areas"))
    variants, contexts = taken_apart(frame(con, "FROM questions ORDER BY place_key"))
    con.register("variants", variants)
    con.register("contexts", contexts)


def _match_names(con: Connection) -> None:
    """Table `matches`: by name, by code, by words for the sea."""
    con.execute(sql(__file__, "towns_stated"))
    parts = [sql(__file__, name) for name in ("matches", "matches_by_code", "matches_at_sea")]
    con.execute("CREATE OR REPLACE TEMP TABLE matches AS " + " UNION ALL BY NAME ".join(f"({part})" for part in parts))


def _match_divisions(con: Connection) -> None:
    """Table `divisions_alike`: for words that are no name of a division, the one whose name is most like them.

    Words in Cyrillic are compared in Latin letters: ISO 3166-2 lists `Astrakhanskaya oblast'`.
    """
    known: dict[str, dict[str, str]] = {}
    for area, name, place_id in frame(con, sql(__file__, "divisions_known")).iter_rows():
        known.setdefault(area, {}).setdefault(core(name).key or name, place_id)
    rows = []
    for area, context, bare in frame(con, sql(__file__, "divisions_unknown")).iter_rows():
        names = known.get(area, {})
        if len(bare) >= 5 and (
            best := process.extractOne(in_latin(bare), list(names), scorer=fuzz.ratio, score_cutoff=LEAST_SIMILAR)
        ):
            rows.append((area, context, names[best[0]]))
    con.register("divisions_alike", pl.DataFrame(rows, schema=["area", "context", "place_id"], orient="row"))


def _weigh(con: Connection) -> None:
    for step in ("evidence", "weighed"):
        con.execute(sql(__file__, step))


def _match_what_is_open(con: Connection) -> None:
    """Add to `matches`, for questions still open: stated towns, similar names, names that are words within the text."""
    con.register("open_below", pl.DataFrame({"mass": [OPEN_BELOW]}))
    con.execute(f"INSERT INTO matches BY NAME {sql(__file__, 'matches_by_town')}")
    still_open = frame(con, sql(__file__, "still_open"))
    con.register("tried_runs", _runs(still_open))
    con.register("tried_areas", still_open.select(pl.col("place_area").alias("area")).unique())
    within = frame(con, sql(__file__, "matches_within"))
    similar = _similar(still_open, frame(con, sql(__file__, "names_nearby")))
    con.register("more", pl.concat([within.select(list(MATCH)).cast(MATCH), similar]))
    con.execute("INSERT INTO matches BY NAME SELECT * FROM more ORDER BY ALL")


def _runs(still_open: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (key, area, run, RUN_WEIGHT * (0.6 + 0.2 * min(len(run.split()), 2)))
        for key, area, text in still_open.select("place_key", "place_area", "text_key").iter_rows()
        for run in runs(text)
        if len(run) >= 4 and not run.isdigit()
    ]
    return pl.DataFrame(rows, schema=["place_key", "area", "name_key", "weight"], orient="row").cast(
        {"place_key": pl.String, "area": pl.String, "name_key": pl.String, "weight": pl.Float64}
    )


def _similar(still_open: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Names of the same area that begin with the same letter and are about as long, by normalised indel similarity.

    `names` holds area, name_key and place_id. Returns rows of `MATCH`.
    """
    wanted: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, area, text in still_open.select("place_key", "place_area", "text_key").iter_rows():
        bare = core(text).key.replace(" ", "")
        if 5 <= len(bare) <= 30:
            wanted.setdefault((area, bare[0]), []).append((key, bare))
    listed: dict[tuple[str, str], dict[str, list[str]]] = {}
    for area, name, place_id in names.select("area", "name_key", "place_id").iter_rows():
        bare = name.replace(" ", "")
        if len(bare) >= 5 and (area, bare[0]) in wanted:
            listed.setdefault((area, bare[0]), {}).setdefault(bare, []).append(place_id)
    rows = [
        (key, place_id, "whole", "", "fuzzy", FUZZY_WEIGHT * ((score - 80) / 20) ** 2, round(score / 100, 6))
        for block, questions in sorted(wanted.items())
        if block in listed
        for (key, _), name, score in _alike(questions, sorted(listed[block]))
        for place_id in listed[block][name]
    ]
    return pl.DataFrame(rows, schema=MATCH, orient="row")


def _alike(questions: list[tuple[str, str]], names: list[str]) -> list[tuple[tuple[str, str], str, float]]:
    scores = process.cdist([bare for _, bare in questions], names, scorer=fuzz.ratio, score_cutoff=LEAST_SIMILAR)
    return [
        (questions[row], names[column], float(scores[row, column]))
        for row, column in zip(*scores.nonzero(), strict=True)
    ]
