"""Published tables rolled up by groups of areas: sums are kept whole, and every cell says on whom it rests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from nights import Night, copied, flows_here

from pipelines.published.make import ROLLED_UP, make_rolled_up
from pipelines.store import StoreError, connect, write_frame
from schemas.registry import Registry

PARTITIONS = ("m49_region", "m49_subregion")
LAST_DAY = "CASE period_type WHEN 'year' THEN make_date(year, 12, 31) ELSE last_day(period_start) END"
MEMBER = "coalesce(m.valid_from, DATE '0001-01-01') AND coalesce(m.valid_to, DATE '9999-12-31')"


@pytest.mark.parametrize("kind", PARTITIONS)
def test_the_groups_of_a_kind_that_parts_the_world_add_up_to_its_countries(simulated: Night, kind: str) -> None:
    measures = "sum(n_rows), sum(n_lines), sum(n_incidents), sum(kg_low), sum(kg_mid), sum(kg_high), sum(kg_excluded)"
    for period in ("year", "month"):
        (groups,) = simulated.rows(
            f"SELECT {measures} FROM published.seizure_trends_by_area"
            f" WHERE area_group_kind = '{kind}' AND period_type = '{period}'"
        )
        (countries,) = simulated.rows(f"SELECT {measures} FROM published.seizure_trends WHERE period_type = '{period}'")
        assert groups == countries
        assert groups[0] > 0


def test_no_row_of_a_seizure_is_lost_above_the_countries(simulated: Night) -> None:
    (rows,) = simulated.rows("""
        SELECT sum(n_rows), (SELECT count(*) FROM conformed.seizures) FROM published.seizure_trends_by_area
        WHERE area_group_kind = 'm49_region' AND period_type = 'year'
    """)
    assert rows[0] == rows[1]


def test_a_figure_of_a_group_is_the_sum_over_its_members_on_the_last_day(simulated: Night) -> None:
    wrong = simulated.rows(f"""
        WITH cells AS (SELECT *, {LAST_DAY} AS last_day FROM published.seizure_trends),
        summed AS (
            SELECT m.area_group, c.commodity_group, c.period_type, c.period_start,
                sum(c.n_lines) AS n_lines, sum(c.kg_mid) AS kg_mid, sum(c.n_rows) AS n_rows,
                count(*) FILTER (WHERE c.obs_state = 'value') AS n_value,
                count(*) FILTER (WHERE c.obs_state = 'zero') AS n_zero
            FROM cells AS c
            JOIN reference.area_members AS m ON m.area = c.country AND c.last_day BETWEEN {MEMBER}
            GROUP BY ALL
        )
        SELECT t.* FROM published.seizure_trends_by_area AS t
        JOIN summed AS s USING (area_group, commodity_group, period_type, period_start)
        WHERE t.n_areas_value <> s.n_value OR t.n_areas_zero <> s.n_zero OR t.n_rows <> s.n_rows
            OR (t.obs_state = 'value' AND (t.n_lines <> s.n_lines OR t.kg_mid <> s.kg_mid))
    """)
    assert wrong == []


def test_the_united_kingdom_is_in_the_union_in_2019_and_not_in_2021(simulated: Night) -> None:
    def sums(where: str) -> dict[int, object]:
        return dict(simulated.rows(f"SELECT year, sum(n_rows) FROM {where} AND period_type = 'year' GROUP BY year"))

    union = sums("published.seizure_trends_by_area WHERE area_group = 'eu'")
    members = "SELECT area FROM reference.area_members WHERE area_group = 'eu' AND valid_to IS NULL"
    rest = sums(f"published.seizure_trends WHERE country IN ({members})")
    british = sums("published.seizure_trends WHERE country = 'GBR'")
    assert british[2019] > 0, "the world holds British seizures"  # type: ignore[operator]
    assert union[2019] == rest[2019] + british[2019]  # type: ignore[operator]
    assert union[2021] == rest[2021]
    sizes = dict(
        simulated.rows("""
            SELECT year, any_value(n_areas) FROM published.seizure_trends_by_area
            WHERE area_group = 'eu' AND period_type = 'year' GROUP BY year
        """)
    )
    assert sizes[2019] - sizes[2020] == 2  # the United Kingdom and Gibraltar
    flags = simulated.rows("""
        SELECT DISTINCT year FROM published.seizure_trends_by_area
        WHERE area_group = 'eu' AND period_type = 'year' AND list_contains(obs_flags, 'b')
    """)
    assert (2020,) in flags


def test_a_state_of_a_group_says_no_more_than_its_members(simulated: Night) -> None:
    wrong = simulated.rows("""
        SELECT * FROM published.seizure_trends_by_area
        WHERE n_areas <> n_areas_value + n_areas_zero + n_areas_not_reported + n_areas_not_covered
            OR least(n_areas_value, n_areas_zero, n_areas_not_reported, n_areas_not_covered) < 0
            OR (obs_state = 'value') <> (n_areas_value > 0)
            OR (obs_state = 'zero') <> (n_areas_zero = n_areas)
            OR (obs_state = 'not_covered') <> (n_areas_not_covered = n_areas)
            OR (obs_state IN ('value', 'zero')) <> (n_lines IS NOT NULL)
            OR share_largest_seizure NOT BETWEEN 0 AND 1
    """)
    assert wrong == []


def test_coverage_of_a_group_is_the_ratio_of_its_sums(simulated: Night) -> None:
    found = simulated.records("SELECT * FROM published.coverage_by_area WHERE obs_state = 'value' AND kg_official > 0")
    assert found
    for row in found:
        assert float(row["coverage_ratio"]) == pytest.approx(float(row["kg_reported"] / row["kg_official"]), abs=1e-5)
        assert row["n_areas_without_total"] >= 0
    (same,) = simulated.rows("""
        SELECT (SELECT sum(kg_official) FROM published.coverage_by_area WHERE area_group_kind = 'm49_region')
            = (SELECT sum(kg_official) FROM published.coverage)
    """)[0]
    assert same


def test_a_line_that_names_two_members_is_one_line_of_the_group(simulated: Night) -> None:
    (row,) = simulated.rows("""
        SELECT sum(g.n_made), sum(g.n_linked), (SELECT sum(n_made) FROM published.country_roles),
            (SELECT sum(n_linked) FROM published.country_roles), (SELECT sum(n_lines) FROM published.seizure_trends
            WHERE period_type = 'year')
        FROM published.country_roles_by_area AS g WHERE g.area_group_kind = 'm49_region'
    """)
    made, linked, made_by_country, linked_by_country, lines = row
    assert made == made_by_country == lines
    assert lines < linked < linked_by_country


def test_corridors_between_regions_add_up_and_show_what_stays_within_one(simulated: Night) -> None:
    rows = simulated.rows("""
        SELECT is_within_group, departure_group = destination_group, sum(n_reported + n_inferred)
        FROM published.corridor_trends_by_area
        WHERE departure_group_kind = 'm49_region' AND destination_group_kind = 'm49_region' GROUP BY ALL
    """)
    assert {(within, same) for within, same, _ in rows} == {(True, True), (False, False)}
    (total,) = simulated.rows("""
        SELECT sum(n_reported + n_inferred) FROM published.corridor_trends
        WHERE departure IN (SELECT area FROM reference.area_members WHERE area_group IN
            ('africa', 'americas', 'asia', 'europe', 'oceania'))
        AND destination IN (SELECT area FROM reference.area_members WHERE area_group IN
            ('africa', 'americas', 'asia', 'europe', 'oceania'))
    """)[0]
    assert sum(n for *_, n in rows) == total


@pytest.mark.parametrize("table", ROLLED_UP)
def test_the_reader_opens_a_table_of_groups(simulated: Night, registry: Registry, table: str) -> None:
    found = simulated.release.table(table)
    assert found.columns == registry.tables[table].fields
    assert found.height > 0


def test_a_group_s_figure_leads_to_the_rows_of_its_members(simulated: Night) -> None:
    keys = ("area_group=eu", "commodity_group=cocaine", "period_type=year", "year=2020")
    said = flows_here("trace", "published.seizure_trends_by_area", *keys, "--home", simulated.home.root)
    assert said.code == 0, said.err
    figure, summed = said.err.split("kg_mid = ")[1].split(";")[0], said.err.split("add up to ")[1].split()[0]
    assert figure == summed
    assert "GBR" not in said.out


@pytest.mark.parametrize("table", ROLLED_UP)
def test_regions_that_do_not_add_up_stop_the_run(
    simulated: Night, registry: Registry, table: str, tmp_path: Path
) -> None:
    home = copied(simulated, tmp_path / "home")
    name = "reference.area_members"
    members = pl.read_parquet(home.table_file(registry.tables[name]))
    twice = members.filter(area_group="europe").with_columns(area_group=pl.lit("africa"))
    write_frame(connect(home, registry), home, registry, name, pl.concat([members, twice]))
    with pytest.raises(StoreError, match="its regions do not add up"):
        make_rolled_up(home, registry, table, date(2023, 12, 31))
