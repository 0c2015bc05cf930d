"""A night over a simulated world: what the release says adds up, and leads back to the rows that were delivered."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import geopandas as gpd
import polars as pl
import pytest
from delivered import numbers, records
from nights import Night, Said, flows_here

import illicit_flows
from illicit_flows.trace import trace
from pipelines.world import make_world
from schemas.contracts import LANGUAGES
from schemas.registry import Registry
from schemas.registry import registry as load_registry

PUBLISHED = [name for name in load_registry().tables if name.startswith("published.")]
TRACED = [name for name, table in load_registry().tables.items() if table.trace is not None]
MILLIONTH = Decimal("0.000001")
LINE = ["file_name", "part", "row_no", "line_no"]


def told(night: Night, *args: str) -> Said:
    """A command about the shared home."""
    return flows_here(*args, "--home", str(night.home.root))


# --- rows are not lost ------------------------------------------------------------------------------------------


def test_every_delivered_row_ends_in_exactly_one_place(simulated: Night) -> None:
    accounting = simulated.release.index["accounting"]
    assert len(accounting) == len([path for path in simulated.inbox.rglob("*") if path.is_file()])
    for row in accounting:
        assert row["verdict"] == "accepted"
        assert row["rows_delivered"] == row["staged"] + row["quarantined"] + row["declared"], row
        assert row["reports"] == row["lines"] + row["not_lines"], row
        assert row["staged"] <= row["reports"] + row["totals"] + row["outcomes"] + row["cultivation"], row


def test_the_accounting_counts_the_records_that_lie_in_the_files(simulated: Night) -> None:
    found = {row["file_name"]: row["rows_delivered"] for row in simulated.release.index["accounting"]}
    assert found == {
        path.name: sum(map(len, records(path).values())) for path in simulated.inbox.rglob("*") if path.is_file()
    }


def test_the_accounting_is_what_the_tables_hold(simulated: Night) -> None:
    for table in ("lines", "not_lines"):
        counted = dict(simulated.rows(f"SELECT delivery_id, count(*) FROM conformed.{table} GROUP BY ALL"))
        stated = {row["delivery_id"]: row[table] for row in simulated.release.index["accounting"] if row[table]}
        assert stated == counted
    counted = dict(simulated.rows("SELECT delivery_id, count(*) FROM staging.declared GROUP BY ALL"))
    assert {r["delivery_id"]: r["declared"] for r in simulated.release.index["accounting"] if r["declared"]} == counted


def test_the_truth_about_every_row_joins_to_what_became_of_it(simulated: Night) -> None:
    truth = pl.read_parquet(simulated.world / "truth" / "reports.parquet").select(*LINE)
    endings = pl.concat(
        simulated.release.table(name).select(*(pl.col(column).cast(truth.schema[column]) for column in LINE))
        for name in ("conformed.lines", "conformed.not_lines")
    )
    assert truth.height == truth.unique().height == truth.join(endings, on=LINE).height
    assert endings.join(truth, on=LINE, how="anti").is_empty()
    assert simulated.rows("SELECT count(*) FROM staging.quarantine")[0][0] == 0


def test_a_line_says_what_happened_where_the_report_hid_nothing(simulated: Night) -> None:
    """The truth is no part of the home, so this says that rows were not mixed up on the way."""
    reports = pl.read_parquet(simulated.world / "truth" / "reports.parquet")
    events = pl.read_parquet(simulated.world / "truth" / "events.parquet")
    lines = simulated.release.table("conformed.lines").with_columns(
        pl.col(column).cast(reports.schema[column]) for column in LINE
    )
    joined = reports.join(events, on="event_id").join(lines, on=LINE)
    assert (joined["seizing_country"] == joined["reporter"]).all()
    same_group = (joined["commodity_group"] == joined["commodity_group_right"]).mean()
    assert same_group is not None
    assert same_group > 0.95


# --- the model's numbers ----------------------------------------------------------------------------------------


def test_places_of_every_evidence_and_role_sum_to_one_with_the_rest(simulated: Night) -> None:
    sums = simulated.rows("""
        SELECT evidence_id, role, sum(prob_true), sum(prob_label), any_value(basis),
            count(*) FILTER (WHERE country = 'rest')
        FROM inferred.route_posteriors GROUP BY ALL
    """)
    (n_evidence,) = simulated.rows("SELECT count(*) FROM inferred.evidence")[0]
    assert {(total, label) for _, _, total, label, _, _ in sums} == {(Decimal(1), Decimal(1))}
    assert {(basis, rest) for *_, basis, rest in sums} == {("reported", 1), ("inferred", 1)}
    roles = Counter(role for _, role, *_ in sums)
    assert roles["origin"] == roles["departure"] == roles["destination"] == n_evidence


def test_a_place_that_a_report_names_is_its_word_with_probability_one_and_may_be_doubted(simulated: Night) -> None:
    wrong = simulated.rows("""
        WITH named AS (
            UNPIVOT (SELECT evidence_id, origin, departure, transit, destination FROM inferred.evidence)
            ON origin, departure, transit, destination INTO NAME role VALUE country
        )
        SELECT n.*, p.* FROM named AS n
        FULL JOIN (
            SELECT * FROM inferred.route_posteriors WHERE basis = 'reported' AND country <> 'rest'
        ) AS p USING (evidence_id, role)
        WHERE n.country IS DISTINCT FROM p.country OR p.prob_label <> 1 OR p.rank <> 1 OR NOT p.in_set90
            OR (n.role = 'transit' AND p.prob_true <> 1)
    """)
    assert wrong == []
    n, least, doubted = simulated.rows("""
        SELECT count(*), min(prob_true), count(*) FILTER (WHERE prob_true < 1)
        FROM inferred.route_posteriors WHERE basis = 'reported' AND country <> 'rest'
    """)[0]
    assert n > 100
    assert doubted > 0
    assert least > 0


def test_every_reported_leg_of_a_country_reaches_the_posteriors(simulated: Night) -> None:
    """Of several transits the last; of several places in another role none is known to be the one."""
    (lost,) = simulated.rows("""
        WITH named AS (
            SELECT *, count(*) OVER place AS n, seq = max(seq) OVER place AS is_last
            FROM conformed.legs
            WHERE role <> 'seizure' AND area_type IN ('country', 'territory', 'historical')
            WINDOW place AS (PARTITION BY seizure_id, role)
        )
        SELECT count(*) FROM named AS g
        JOIN inferred.seizure_evidence AS l USING (seizure_id)
        ANTI JOIN inferred.route_posteriors AS p
            ON p.evidence_id = l.evidence_id AND p.role = g.role AND p.country = g.area AND p.basis = 'reported'
        WHERE g.n = 1 OR (g.role = 'transit' AND g.is_last)
    """)[0]
    assert lost == 0


def test_inferred_lists_are_ranked_by_probability_and_name_no_place_twice(simulated: Night) -> None:
    (wrong,) = simulated.rows("""
        SELECT count(*) FROM (
            SELECT *, lag(prob_label) OVER way AS before, row_number() OVER way AS place
            FROM inferred.route_posteriors
            ANTI JOIN (SELECT evidence_id, role FROM inferred.route_posteriors WHERE basis = 'reported')
                USING (evidence_id, role)
            WHERE country <> 'rest'
            WINDOW way AS (PARTITION BY evidence_id, role ORDER BY rank)
        ) WHERE prob_label > before OR place <> rank
    """)[0]
    assert wrong == 0


def test_every_list_is_somebodys_and_names_no_place_twice(simulated: Night) -> None:
    (repeated, places, lists) = simulated.rows("""
        SELECT count(*) - count(DISTINCT (list_no, country)), count(*), count(DISTINCT list_no)
        FROM inferred.place_lists
    """)[0]
    (linked, of_all, shown) = simulated.rows("""
        SELECT
            count(DISTINCT list_no), count(*),
            (SELECT count(*) FROM inferred.route_posteriors)
        FROM inferred.evidence_lists
    """)[0]
    assert repeated == 0
    assert lists == linked < of_all
    assert places < shown


def test_what_may_stand_behind_a_doubtful_word_is_inferred_and_no_word_of_the_report(simulated: Night) -> None:
    behind, wrong = simulated.rows("""
        SELECT count(*), count(*) FILTER (WHERE b.prob_label > 0 OR b.in_set90 OR r.prob_true >= 0.95 OR b.rank < 2)
        FROM inferred.route_posteriors AS b
        JOIN inferred.route_posteriors AS r USING (evidence_id, role)  -- n:1
        WHERE r.basis = 'reported' AND r.rank = 1 AND b.basis = 'inferred'
    """)[0]
    assert behind > 0
    assert wrong == 0


def test_an_inferred_list_holds_the_mass_that_it_promises(simulated: Night) -> None:
    """Each of n places is cut to a whole millionth. Of transits, that no country lay between is a row of its own."""
    (short,) = simulated.rows("""
        SELECT count(*) FROM (
            SELECT role, sum(prob_label) AS mass, count(*) AS n
            FROM inferred.route_posteriors
            ANTI JOIN (SELECT evidence_id, role FROM inferred.route_posteriors WHERE basis = 'reported')
                USING (evidence_id, role)
            WHERE country <> 'rest'
            GROUP BY evidence_id, role
        ) WHERE n NOT BETWEEN 20 AND 100 OR (n < 100 AND mass < 0.99 - n / 1000000)
    """)[0]
    assert short == 0


def test_a_transit_may_be_none_and_its_90_percent_set_holds_as_much(simulated: Night) -> None:
    roles = simulated.rows("SELECT DISTINCT role, basis FROM inferred.route_posteriors WHERE country = 'none'")
    assert roles == [("transit", "inferred")]
    (n, least, too_wide) = simulated.rows("""
        SELECT count(*), min(mass), count(*) FILTER (WHERE mass - last >= 0.9)
        FROM (
            SELECT
                sum(prob_true) FILTER (WHERE in_set90) AS mass, min(prob_true) FILTER (WHERE in_set90) AS last,
                count(*) FILTER (WHERE country = 'none') AS nones
            FROM inferred.route_posteriors WHERE role = 'transit' AND basis = 'inferred'
            GROUP BY evidence_id HAVING nones = 1
        )
    """)[0]
    assert n > 100
    assert least >= Decimal("0.9") - Decimal("0.0001")  # each of its places is cut to a whole millionth
    assert too_wide == 0


def test_sets_of_more_than_ten_countries_and_no_others_are_summed_by_subregion(simulated: Night) -> None:
    wrong = simulated.rows("""
        WITH wide AS (
            SELECT evidence_id, role FROM inferred.route_posteriors
            WHERE basis = 'inferred' AND in_set90 AND country NOT IN ('rest', 'none')
            GROUP BY ALL HAVING count(*) > 10
        ),
        sums AS (
            SELECT evidence_id, role, sum(prob_true) AS prob_true, sum(prob_label) AS prob_label
            FROM inferred.evidence_regions GROUP BY ALL
        )
        SELECT * FROM wide FULL JOIN sums USING (evidence_id, role)
        WHERE prob_true IS DISTINCT FROM 1 OR prob_label IS DISTINCT FROM 1 OR wide.evidence_id IS NULL
    """)
    assert wrong == []
    assert simulated.rows("SELECT count(*) > 100, bool_or(subregion = 'Caribbean') FROM inferred.seizure_regions") == [
        (True, True)
    ]


def test_small_domestic_seizures_of_the_street_are_never_cross_border(simulated: Night) -> None:
    street = simulated.rows("""
        SELECT DISTINCT x.p_cross_border, x.basis
        FROM conformed.seizures AS s
        JOIN inferred.seizure_scope AS x USING (seizure_id)
        JOIN inferred.seizure_evidence AS l USING (seizure_id)
        JOIN inferred.evidence AS e USING (evidence_id)
        WHERE s.kg_mid < 0.1 AND s.direction = 'domestic'
            AND coalesce(e.departure, s.reporter) = s.reporter
            AND coalesce(e.transit, s.reporter) = s.reporter
            AND coalesce(e.destination, s.reporter) = s.reporter
    """)
    assert street == [(Decimal(0), "reported")]


def test_small_seizures_away_from_a_border_weigh_little_in_corridors(simulated: Night) -> None:
    means = dict(
        simulated.rows("""
        SELECT s.kg_mid < 0.1 AND s.border_class = 'inland', CAST(avg(x.p_cross_border) AS DOUBLE)
        FROM conformed.seizures AS s JOIN inferred.seizure_scope AS x USING (seizure_id)
        WHERE x.basis = 'inferred' GROUP BY ALL
    """)
    )
    assert means[True] < means[False]


def test_corridors_of_a_cell_add_up_to_its_cross_border_lines(simulated: Night) -> None:
    wrong = simulated.records("""
        WITH lines AS (
            SELECT s.commodity_group, coalesce(nullif(s.mode_class, 'unmapped'), 'unknown') AS mode,
                make_date(s.year, 1, 1) AS period_start, s.line_weight * x.p_cross_border AS p, s.seizure_id
            FROM conformed.seizures AS s JOIN inferred.seizure_scope AS x USING (seizure_id)
            WHERE s.in_scope
        ),
        expected AS (
            SELECT pair_type, commodity_group, unnest([mode, 'all']) AS mode, period_start, p
            FROM lines CROSS JOIN (SELECT unnest(['dep_dst', 'org_dst']) AS pair_type)
        ),
        cells AS (
            SELECT pair_type, commodity_group, mode, period_start, sum(p) AS n, count(*) AS n_seizures
            FROM expected WHERE p > 0 GROUP BY ALL
        ),
        found AS (
            SELECT pair_type, commodity_group, mode, period_start, sum(n_reported + n_inferred) AS n, count(*) AS pairs,
                count(*) FILTER (WHERE place_a = 'rest' AND destination = 'rest') AS rests
            FROM inferred.corridor_seizures GROUP BY ALL
        )
        SELECT * FROM cells FULL JOIN found USING (pair_type, commodity_group, mode, period_start)
        WHERE found.n IS NULL OR cells.n IS NULL OR rests <> 1
            -- each pair is rounded to a millionth, and each seizure's weight is
            OR abs(cells.n - found.n) > 0.000001 * (pairs + n_seizures)
    """)
    assert wrong == []
    assert simulated.rows("SELECT sum(n_inferred) > 100 FROM inferred.corridor_seizures") == [(True,)]


def test_no_corridor_ends_where_it_begins(simulated: Night) -> None:
    for table, first in (("inferred.corridor_seizures", "place_a"), ("published.corridor_trends", "departure")):
        assert simulated.rows(f"SELECT count(*) FROM {table} WHERE {first} = destination AND {first} <> 'rest'") == [
            (0,)
        ]


def test_the_intervals_of_a_corridor_are_in_order_and_hold_what_was_reported(simulated: Night) -> None:
    assert simulated.rows("""
        SELECT * FROM inferred.corridor_seizures
        WHERE NOT (floor(n_reported) <= n_q05 AND n_q05 <= n_q50 AND n_q50 <= n_q95)
            OR (place_a <> 'rest' AND (n_q05 <> floor(n_q05) OR n_q95 <> floor(n_q95)))
            OR NOT (seized_kg_q05 <= seized_kg_q50 AND seized_kg_q50 <= seized_kg_q95)
    """) == []  # fmt: skip


# --- the published tables ---------------------------------------------------------------------------------------


def test_trends_count_every_seizure_once_a_year(simulated: Night) -> None:
    (counted, held) = simulated.rows("""
        SELECT (SELECT sum(n_rows) FROM published.seizure_trends WHERE period_type = 'year'),
            (SELECT count(*) FROM conformed.seizures)
    """)[0]
    assert counted == held > 2_000


def test_months_hold_what_their_year_holds_but_for_what_has_no_month(simulated: Night) -> None:
    found = simulated.records("""
        WITH months AS (
            SELECT country, commodity_group, year, sum(n_rows) AS n, sum(kg_mid) AS kg
            FROM published.seizure_trends WHERE period_type = 'month' GROUP BY ALL
        ),
        undated AS (
            SELECT seizing_area AS country, commodity_group, year, count(*) AS undated
            FROM conformed.seizures WHERE date_precision = 'year' GROUP BY ALL
        )
        SELECT
            y.n_rows = m.n + coalesce(u.undated, 0)
            AND (u.undated > 0 OR coalesce(y.kg_mid, 0) = coalesce(m.kg, 0)) AS holds,
            count(*) AS n,
            count(u.undated) AS n_undated
        FROM published.seizure_trends AS y
        JOIN months AS m USING (country, commodity_group, year)
        LEFT JOIN undated AS u USING (country, commodity_group, year)
        WHERE y.period_type = 'year' AND y.obs_state = 'value'
        GROUP BY ALL
    """)
    assert [row["holds"] for row in found] == [True]
    assert found[0]["n"] > 100
    assert found[0]["n_undated"] > 0


def test_the_kilograms_of_a_trend_are_those_of_the_lines(simulated: Night) -> None:
    (published, held) = simulated.rows("""
        SELECT (SELECT sum(kg_mid) FROM published.seizure_trends WHERE period_type = 'year'),
            (SELECT sum(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight) FROM conformed.seizures
             WHERE in_kg_totals)
    """)[0]
    assert published > 0
    assert abs(published - held) < 1  # each of some thousand cells is rounded to a milligram


def test_what_is_not_covered_or_not_reported_has_no_figure_and_a_zero_is_zero(simulated: Night) -> None:
    figures = [
        "n_lines", "n_incidents", "n_ge_1kg", "kg_low", "kg_mid", "kg_high", "kg_mid_excl_review", "kg_excluded",
        "kg_unknown_rows",
    ]  # fmt: skip
    trends = simulated.release.table("published.seizure_trends")
    states = set(trends["obs_state"])
    assert {"value", "zero", "not_covered"} <= states
    silent = trends.filter(pl.col("obs_state").is_in(["not_covered", "not_reported"]))
    assert silent.select(
        pl.all_horizontal(pl.col([*figures, "share_largest_seizure", "n_undated"]).is_null()).all()
    ).item()
    zero = trends.filter(obs_state="zero")
    assert zero.select(pl.all_horizontal(pl.col(figures) == 0).all()).item()
    assert zero["n_rows"].sum() == 0
    value = trends.filter(obs_state="value")
    assert value.select(pl.all_horizontal(pl.col(figures).is_not_null()).all()).item()
    assert (value["n_lines"] > 0).any()


def test_a_group_that_no_source_of_a_country_covers_is_never_a_zero(simulated: Night) -> None:
    """UNODC's extract has no cannabis: a country that reports to it alone has no zeros there."""
    found = simulated.rows("""
        WITH of_country AS (
            SELECT reporter AS country, bool_or(p.in_scope) AS covered, p.commodity_group
            FROM (SELECT DISTINCT reporter, source_id FROM conformed.seizures)
            JOIN reference.scopes AS p USING (source_id)
            GROUP BY reporter, p.commodity_group
        )
        SELECT t.obs_state, count(*) FROM published.seizure_trends AS t
        JOIN of_country AS o USING (country, commodity_group) WHERE NOT o.covered GROUP BY ALL
    """)
    assert [state for state, _ in found] == ["not_covered"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_row_states_how_it_is_to_be_read(simulated: Night, registry: Registry, name: str) -> None:
    table = simulated.release.table(name)
    for column in ("obs_state", "obs_flags", "conf_flag", "release_status"):
        assert table[column].null_count() == 0
    assert set(table["obs_state"]) <= set(registry.codes["obs_states"].codes)
    assert all(list(flags) == sorted(set(flags)) for flags in table["obs_flags"])


def test_what_lies_after_the_last_data_is_provisional(simulated: Night) -> None:
    as_of = date.fromisoformat(simulated.release.index["as_of"])
    (newest,) = simulated.rows("SELECT max(seized_from) FROM conformed.seizures")[0]
    assert as_of == newest
    rows = simulated.records("SELECT DISTINCT year, 'p' IN obs_flags AS p, release_status FROM published.country_roles")
    assert {(r["year"], r["p"], r["release_status"]) for r in rows} == {
        (year, date(year, 12, 31) > as_of, "provisional" if date(year, 12, 31) > as_of else "final")
        for year in {r["year"] for r in rows}
    }


def test_seizures_linked_to_a_country_include_those_made_there(simulated: Night) -> None:
    assert simulated.rows("SELECT count(*) FROM published.country_roles WHERE n_linked < n_made") == [(0,)]
    (made, linked) = simulated.rows("SELECT sum(n_made), sum(n_linked) FROM published.country_roles")[0]
    (lines,) = simulated.rows("SELECT sum(line_weight) FROM conformed.seizures WHERE in_scope")[0]
    assert made == lines < linked


# --- the release's files ----------------------------------------------------------------------------------------


def test_the_release_says_that_it_is_simulated_wherever_it_is_read_first(simulated: Night) -> None:
    assert simulated.release.index["simulated"] is True
    assert "simulated" in (simulated.release.path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "simulated" in simulated.said.err
    assert "simulated" in told(simulated, "release", "show").err


def test_the_sums_name_every_file_and_hold(simulated: Night) -> None:
    folder = simulated.release.path
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    stated = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert stated == found
    beside = folder.with_name(f"{folder.name}.sha256").read_text(encoding="utf-8").strip()
    assert beside == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()


def test_the_index_describes_the_tables_as_they_lie(simulated: Night) -> None:
    for name, fact in simulated.release.index["tables"].items():
        path = simulated.release.path / "tables" / f"{name}.parquet"
        assert fact["bytes"] == path.stat().st_size
        assert fact["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert fact["rows"] == pl.scan_parquet(path).select(pl.len()).collect().item()
        assert fact["last_change"] == simulated.release.version


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dictionary_describes_every_column_in_every_language(
    simulated: Night, registry: Registry, language: str
) -> None:
    text = (simulated.release.path / "dictionary" / f"dictionary.{language}.md").read_text(encoding="utf-8")
    for name in simulated.release.index["tables"]:
        assert f"## {name}\n" in text
        for column in registry.tables[name].fields:
            described = registry.fields[column].description.in_language(language).replace("|", "\\|")  # type: ignore[arg-type]
            assert f"| `{column}` |" in text
            assert described in text


def test_geo_files_open_with_their_coordinate_system(simulated: Night) -> None:
    places, corridors, paths = (
        gpd.read_parquet(simulated.release.path / "geo" / f"{n}.parquet")
        for n in ("places", "corridors", "route_paths")
    )
    for table in (places, corridors, paths):
        assert table.crs is not None
        assert table.crs.to_authority() == ("OGC", "CRS84")
        assert len(table) > 0
        assert table.geometry.is_valid.all()
        west, south, east, north = table.total_bounds
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
    assert set(places.geom_type) == {"Point"}
    assert set(corridors.geom_type) | set(paths.geom_type) == {"MultiLineString"}
    assert set(corridors["path_basis"]) | set(paths["path_basis"]) == {"schematic"}
    drawn = {path for (path,) in simulated.rows("SELECT path_id FROM inferred.routes")}
    assert drawn == set(paths["path_id"])
    known = dict(simulated.rows("SELECT place_id, (lon, lat) FROM reference.places"))
    assert {row.place_id: (row.geometry.x, row.geometry.y) for row in places.itertuples()} == {
        place: known[place] for place in places["place_id"]
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_csv_of_a_published_table_holds_the_parquets_rows(simulated: Night, registry: Registry, name: str) -> None:
    path = simulated.release.path / "tables" / f"{name}.csv"
    if registry.tables[name].record_tier:
        assert not path.exists()  # single seizures leave the house in no spreadsheet
        return
    con = duckdb.connect()
    columns = ", ".join(f'CAST("{column}" AS VARCHAR) AS "{column}"' for column in registry.tables[name].fields)
    parquet = con.execute(f"SELECT {columns} FROM read_parquet('{path.with_suffix('.parquet')}')").fetchall()
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == registry.tables[name].fields
    assert [tuple(row) for row in rows] == [tuple("" if cell is None else cell for cell in row) for row in parquet]


def test_no_table_of_single_seizures_is_a_csv(simulated: Night, registry: Registry) -> None:
    csvs = {path.stem for path in (simulated.release.path / "tables").glob("*.csv")}
    assert csvs
    assert not csvs & {name for name, table in registry.tables.items() if table.record_tier}


def test_text_as_received_stays_in_the_home(simulated: Night) -> None:
    held = {path.stem for path in (simulated.release.path / "tables").iterdir()}
    assert not held & {"deliveries.rows", "staging.reports", "staging.totals"}


def test_the_data_package_names_files_that_are_there_with_the_columns_that_they_have(simulated: Night) -> None:
    package = json.loads((simulated.release.path / "datapackage.json").read_text(encoding="utf-8"))
    assert {resource["name"] for resource in package["resources"]} == {
        name.replace(".", "-") for name in simulated.release.index["tables"]
    }
    for resource in package["resources"]:
        path = simulated.release.path / resource["path"]
        columns = (
            list(pl.read_parquet_schema(path))
            if path.suffix == ".parquet"
            else path.read_text(encoding="utf-8").splitlines()[0].split(",")
        )
        assert columns == [field["name"] for field in resource["schema"]["fields"]]


def test_the_database_explains_its_columns_and_keeps_its_constraints(simulated: Night, registry: Registry) -> None:
    columns = simulated.rows(
        "SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    )
    views = set(simulated.release.index["views"])
    silent = [(s, t, c) for s, t, c, comment in columns if not comment and f"{s}.{t}" not in views]
    assert silent == []
    assert {f"{s}.{t}" for s, t, *_ in columns} == {*simulated.release.index["tables"], *views}


def test_the_gates_verdicts_are_kept_in_the_release_and_all_hold(simulated: Night, registry: Registry) -> None:
    verdicts = json.loads((simulated.release.path / "quality" / "gate.json").read_text(encoding="utf-8"))
    assert set(verdicts) == set(registry.tables)
    assert all(verdict["holds"] for verdict in verdicts.values())


# --- the reader -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["published.seizure_trends", "conformed.lines", "inferred.seizure_posteriors"])
def test_a_table_opens_in_polars_and_in_duckdb_with_the_same_rows(simulated: Night, name: str) -> None:
    release = illicit_flows.open("latest", simulated.home.root)
    in_polars = release.table(name)
    relation = release.table(name, "duckdb")
    assert isinstance(in_polars, pl.DataFrame)
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert relation.columns == in_polars.columns
    assert relation.aggregate("count(*)").fetchall() == [(in_polars.height,)]
    assert in_polars.height > 0


@pytest.mark.parametrize("name", ["geo.places", "geo.corridors"])
def test_places_and_corridors_open_in_geopandas(simulated: Night, name: str) -> None:
    table = illicit_flows.open(home=simulated.home.root).table(name, "geopandas")
    assert isinstance(table, gpd.GeoDataFrame)
    assert len(table) > 0


def test_every_table_that_the_release_names_can_be_read(simulated: Night) -> None:
    release = illicit_flows.open(simulated.release.version, simulated.home.root)
    for name in release.tables():
        assert len(release.table(name).columns) > 1, name


def test_a_table_that_is_not_there_is_named_beside_those_that_are(simulated: Night) -> None:
    with pytest.raises(KeyError, match=r"published\.nothing.*published\.seizure_trends"):
        simulated.release.table("published.nothing")
    with pytest.raises(illicit_flows.NoRelease, match=r"1999-01-01\.1"):
        illicit_flows.open("1999-01-01.1", simulated.home.root)


def test_a_release_is_opened_by_its_name_alone_never_by_a_path(simulated: Night) -> None:
    for name in ("..", "../releases/latest/tables", "/etc", ""):
        with pytest.raises(illicit_flows.NoRelease):
            illicit_flows.open(name, simulated.home.root)


# --- from a figure to the rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TRACED)
def test_a_figure_is_exactly_the_sum_of_rows_that_exist_in_the_delivered_files(
    simulated: Night, registry: Registry, table: str
) -> None:
    key = registry.tables[table].primary_key
    way = registry.tables[table].trace
    assert way is not None
    named = ", ".join(f'CAST("{column}" AS VARCHAR) AS "{column}"' for column in key)
    # the largest, the smallest and some between, chosen by hash
    rows = simulated.records(f"""
        WITH figures AS (SELECT {named}, {way.measure} AS figure FROM {table} WHERE {way.measure} > 0)
        (FROM figures ORDER BY figure DESC, COLUMNS(*) LIMIT 3)
        UNION ALL (FROM figures ORDER BY figure, COLUMNS(*) LIMIT 3)
        UNION ALL (FROM figures ORDER BY hash(figures) LIMIT 6)
    """)
    assert rows
    for row in rows:
        stated = row.pop("figure")
        trail = trace(simulated.release, registry, table, row)
        assert trail.stated == trail.summed == stated, row
        assert trail.rests_on, row
        for line in trail.rests_on:
            file = simulated.inbox / line["source_id"].removesuffix("_api") / line["file_name"]
            record = records(file)[line["part"]][line["row_no"] - 1]
            assert line["quantity_reported"] is None or line["quantity_reported"].normalize() in numbers(record)


def test_every_figure_of_a_traced_table_is_the_sum_of_its_lines(simulated: Night, registry: Registry) -> None:
    """The same for all rows at once, without the files."""
    from illicit_flows.trace import LEGS

    for name in TRACED:
        table, way = registry.tables[name], registry.tables[name].trace
        assert way is not None
        joined = " AND ".join(f"{expression} = p.{column}" for column, expression in way.keys.items())
        key = ", ".join(f"p.{column}" for column in table.primary_key)
        wrong = simulated.rows(f"""
            WITH s AS ({LEGS}), summed AS (
                SELECT {key}, sum({way.line_measure}) AS summed
                FROM {name} AS p {way.through} JOIN s ON {joined} AND ({way.where})
                GROUP BY ALL
            )
            SELECT p.{way.measure}, q.summed, {key} FROM {name} AS p LEFT JOIN summed AS q
            USING ({", ".join(table.primary_key)}) WHERE coalesce(p.{way.measure}, 0) <> round(coalesce(q.summed, 0), 6)
        """)
        assert wrong == [], name


# --- the command ------------------------------------------------------------------------------------------------


def test_the_run_names_the_release_that_it_made(simulated: Night) -> None:
    said = simulated.said.json
    assert said["is_new"] is True
    assert said["release"] == simulated.release.version
    assert Path(said["path"]) == simulated.release.path
    assert said["withheld"] == []


def test_again_with_nothing_new_makes_no_release(simulated: Night) -> None:
    before = (simulated.home.releases / "latest").lstat().st_mtime_ns
    said = told(simulated, "run", "--inbox", str(simulated.inbox), "--json")
    assert (said.code, said.json["is_new"], said.json["release"]) == (0, False, simulated.release.version)
    assert illicit_flows.releases(simulated.home.root) == [simulated.release.version]
    assert (simulated.home.releases / "latest").lstat().st_mtime_ns == before


def test_query_prints_rows_as_text_and_as_json(simulated: Night) -> None:
    sql = "SELECT 'São Tomé' AS place, n_rows, kg_mid, period_start FROM published.seizure_trends LIMIT 2"
    as_text, as_json = told(simulated, "query", sql), told(simulated, "query", sql, "--json")
    assert as_text.code == as_json.code == 0
    header, *rows = as_text.out.splitlines()
    assert header.split("\t") == ["place", "n_rows", "kg_mid", "period_start"]
    assert len(rows) == len(as_json.json) == 2
    assert as_json.json[0]["place"] == "São Tomé"
    date.fromisoformat(as_json.json[0]["period_start"])


def test_query_explains_a_mistake_and_prints_no_data(simulated: Night) -> None:
    said = told(simulated, "query", "SELECT nothing FROM published.seizure_trends")
    assert said.code == 2
    assert said.out == ""
    assert "nothing" in said.err


def test_trace_leads_from_a_figure_to_files_and_rows(simulated: Night) -> None:
    row = simulated.records("""
        SELECT country, commodity_group, year FROM published.seizure_trends
        WHERE period_type = 'year' AND obs_state = 'value' ORDER BY kg_mid DESC, country LIMIT 1
    """)[0]
    keys = [f"{name}={value}" for name, value in row.items()]
    said = told(simulated, "trace", "published.seizure_trends", *keys, "period_type=year", "--json")
    assert said.code == 0
    found = said.json
    assert found["stated"] == found["summed"]
    assert sum(Decimal(str(line["contributes"])) for line in found["rests_on"]) == Decimal(str(found["stated"]))
    assert {"source_id", "file_name", "part", "row_no", "delivery_id"} <= set(found["rests_on"][0])
    words = told(simulated, "trace", "published.seizure_trends", *keys, "period_type=year", "--limit", "1")
    assert words.code == 0
    assert f"{len(found['rests_on'])} rows add up to" in words.err
    assert len(words.out.splitlines()) == 2


def test_trace_leads_from_a_seizure_to_its_row(simulated: Night) -> None:
    seizure_id, file_name, row_no = simulated.rows("SELECT seizure_id, file_name, row_no FROM conformed.lines LIMIT 1")[
        0
    ]
    said = told(simulated, "trace", "conformed.seizures", f"seizure_id={seizure_id}", "--json")
    (row,) = said.json["rests_on"]
    assert (row["file_name"], row["row_no"]) == (file_name, row_no)


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("published.seizure_trends", "country=COL"), "commodity_group"),
        (("published.seizure_trends", "land=COL"), "land"),
        (("published.nothing", "country=COL"), "published.coverage"),
        (("published.coverage", "country"), "COLUMN=VALUE"),
        (("published.seizure_trends", "year=soon"), "soon"),
    ],
)
def test_a_question_that_leads_nowhere_is_a_usage_error_that_says_what_would(
    simulated: Night, args: tuple[str, ...], named: str
) -> None:
    said = told(simulated, "trace", *args)
    assert said.code == 2
    assert said.out == ""
    assert named in said.err


def test_releases_are_listed_shown_and_verified(simulated: Night) -> None:
    version = simulated.release.version
    assert told(simulated, "release", "list", "--json").json == [{"release": version, "latest": True}]
    assert told(simulated, "release", "show", "--json").json == simulated.release.index
    assert version in told(simulated, "release", "show", version).err
    said = told(simulated, "release", "verify", "latest", "--json")
    assert (said.code, said.json) == (0, {"release": version, "whole": True, "faults": []})


def test_the_doctor_finds_nothing_wrong_and_says_what_it_looked_at(simulated: Night) -> None:
    said = told(simulated, "doctor", "--json")
    wrong = [finding for finding in said.json if finding["state"] != "ok"]
    assert (wrong, said.code) == ([], 0)
    assert {finding["what"] for finding in said.json} >= {"python", "contracts", "disk", "lock", "dagster", "release"}


def test_world_says_what_it_wrote(tmp_path: Path) -> None:
    said = flows_here("world", "--out", tmp_path, "--seed", "3", "--seizures", "1000", "--json")
    assert said.code == 0
    files = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "inbox").rglob("*") if path.is_file()}
    assert set(said.json["rows"]) == files
    assert said.json["rows"] == make_world(tmp_path / "again", seed=3, seizures=1_000).rows_by_file


def test_a_home_without_a_release_says_how_to_make_one(tmp_path: Path) -> None:
    for args in (("query", "SELECT 1"), ("release", "show"), ("release", "verify")):
        said = flows_here(*args, "--home", tmp_path)
        assert said.code == 2
        assert "flows run" in said.err
    assert flows_here("release", "list", "--home", tmp_path, "--json").json == []
