"""How right the places of the real reports are, against a sample that was checked by hand.

`place_answers.csv` holds ids and answers, no word of a report. 300 rows of `unodc_ids` with a place text, drawn by
sha256(seizure_id || 'places-300'): stratum A the first 150 rows, stratum B 150 distinct texts outside Colombia. They
were answered without sight of what the resolver says, and the resolver was not tuned on them. `level` is what the text
means; `also_city` marks provinces named like their capital, where the capital is right too; several ids may be right.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import polars as pl

ANSWERS = Path(__file__).with_name("place_answers.csv")
FINE = ("city", "point")
WITHIN_KM = 25


def verdicts(lines: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """One row an answer, with level, confidence, stratum, place_method, place_precision and `verdict`.

    right: the same place or within 25 km, or the same division; coarser: right as far as it goes; wrong: another place.
    Rows that the hand left undecided are `held` where nothing fine was chosen, else `chosen`.
    """
    answers = pl.read_csv(ANSWERS, infer_schema=False)
    columns = ["seizure_id", "place_id", "place_precision", "place_method", "lat", "lon"]
    joined = answers.join(lines.select(columns), on="seizure_id", how="inner", suffix="_found")  # 1:1
    register = {row["place_id"]: row for row in places.to_dicts()}
    return joined.with_columns(
        pl.Series("verdict", [_verdict(row, register) for row in joined.to_dicts()], dtype=pl.String)
    )


def _verdict(row: dict[str, object], register: dict[str, dict[str, object]]) -> str:
    found = str(row["place_precision"])
    known = [register[name] for name in str(row["answer_ids"] or "").split("|") if name in register]
    if row["level"] == "undecidable":
        return "chosen" if found in FINE else "held"
    if found in FINE:
        points = [(place["lat"], place["lon"]) for place in known]
        points += [(float(str(row["lat"])), float(str(row["lon"])))] if row["lat"] else []
        near = any(_km(row["lat_found"], row["lon_found"], *point) <= WITHIN_KM for point in points)
        meant = row["level"] in FINE or row["also_city"] == "true"
        return "right" if near and meant else "wrong"
    if found == "admin1":
        division = register[str(row["place_id"])]
        same = {place["geonames_admin1"] for place in known} & {division["geonames_admin1"]}
        near = (
            bool(row["lat"])
            and _km(division["lat"], division["lon"], float(str(row["lat"])), float(str(row["lon"]))) < 60
        )
        if row["level"] == "admin1":
            return "right" if same or (not known and near) else "wrong"
        return "coarser" if same or not known else "wrong division"
    return "right" if row["level"] == found else "coarser"


def _km(lat: object, lon: object, other_lat: object, other_lon: object) -> float:
    a, b, c, d = (math.radians(float(str(angle))) for angle in (lat, lon, other_lat, other_lon))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371 * math.asin(min(1, math.sqrt(half)))


def precision_and_recall(judged: pl.DataFrame) -> tuple[float, float]:
    """Of places given as town or point, the share that is right; of texts that mean one, the share that is found."""
    meant = judged.filter(pl.col("level").is_in(FINE))
    given = meant.filter(pl.col("place_precision").is_in(FINE))
    right = given.filter(pl.col("verdict") == "right").height
    return right / given.height, right / meant.height


def by_method(judged: pl.DataFrame) -> dict[str, Counter[str]]:
    """Verdicts by method and precision."""
    found: dict[str, Counter[str]] = {}
    for precision, method, verdict in judged.select("place_precision", "place_method", "verdict").iter_rows():
        found.setdefault(f"{precision} by {method}", Counter())[verdict] += 1
    return found
