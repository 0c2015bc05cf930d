"""The gate: every rule of every table turns red when a row that breaks it is planted, and stays green otherwise.

The sweep takes the rules from the contracts and runs the gate's own query over DuckDB, with all planted tables of a
contract stacked in one; Great Expectations itself, which is slow, judges a few tables from end to end.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
import samples
from nights import Said, finish, start

from assets.gate import _validate, examine, figures_query, gate_results
from pipelines.store import Home, add_codes
from schemas.contracts import TableContract
from schemas.registry import Registry
from schemas.registry import registry as load_registry
from schemas.render import TYPES, GateRule, gate_rules, polars_schema

TABLES = list(load_registry().tables)
Plant = Mapping[str, Any]

SOUND: dict[str, Plant] = {
    "kg_bounds": {"kg_low": Decimal(1), "kg_mid": Decimal(2), "kg_high": Decimal(3)},
    "factor_bounds": {"kg_per_unit_low": Decimal(1), "kg_per_unit_mid": Decimal(2), "kg_per_unit_high": Decimal(3)},
    "factor_product_named": {"factor_product": "equivalent"},
    "year_of_date": {"year": 2020},
    "given_is_mapped_or_not": {"n_given": 3, "n_mapped": 2, "n_unmapped": 1},
    "linked_includes_made": {"n_made": Decimal(1), "n_linked": Decimal(2)},
    "doubt_has_a_reason": {"outlier_flag": "review", "outlier_reason": "above_official_total"},
    "only_values_have_numbers": {"obs_state": "value"},
    "verdict_of_a_total": {"reconciliation_verdict": "agrees"},
    "m49_three_digits": {"m49": "004"},
    "states_add_up": {
        "n_areas": 4,
        "n_areas_value": 1,
        "n_areas_zero": 1,
        "n_areas_not_reported": 1,
        "n_areas_not_covered": 1,
    },
    "within_is_one_group": {"is_within_group": True},
    "lines_in_order": {"seizure_id": "a"},
    "untested_has_no_score": {"test_state": "tested"},
    "border_has_two_sides": {"node_kind": "land_border"},
    "mean_in_bin": {"prob_low": Decimal("0.4"), "mean_probability": Decimal("0.5"), "prob_high": Decimal("0.6")},
    "share_interval_order": {
        "share_true_q05": Decimal("0.4"),
        "share_true": Decimal("0.5"),
        "share_true_q95": Decimal("0.6"),
    },
}
"""Cells that a sound row needs so that its table's own rules hold."""

WRITTEN: dict[str, str] = {
    "hs_2022": "2933.33; 3004", "cites_appendix": "I; II", "iccs_category": "0601", "incb_schedule": "1961-I; 1961-IV",
}  # fmt: skip
"""A text that is written as its field's pattern says."""

IN_ORDER: Plant = {"seizure_id": "a", "other_seizure_id": "b", "decision": "same"}

BREAKS: dict[str, list[Plant]] = {
    "kg_bounds": [{"kg_low": Decimal(9)}, {"kg_high": Decimal("1.999999")}],
    "factor_bounds": [{"kg_per_unit_low": Decimal(9)}, {"kg_per_unit_high": Decimal("1.5")}],
    "factor_product_named": [{"equiv_product": None}, {"factor_product": "bulk"}],
    "kg_has_factor": [{"factor_id": None}, {"kg_mid": None}],
    "dates_in_order": [{"last_date": date(2020, 1, 31)}, {"opened": date(2020, 1, 31)}],
    "case_has_a_ground": [{"n_outcomes": 0, "n_seizures": 0}],
    "usd_has_rate": [{"rate_id": None}, {"usd": None}],
    "amount_has_currency": [{"amount": None}, {"currency": None}],
    "date_has_precision": [{"date": None}, {"date_precision": None}],
    "about_a_place": [{"contradiction_areas": []}],
    "value_has_rate": [{"rate_id": None}, {"value_usd": None}],
    "states_a_figure": [{"kg": None, "quantity_reported": None}],
    "border_has_two_sides": [{"other_area": None}, {"node_kind": "centre"}],
    "leg_once": [{"node_id": "p"}],
    "area_pair_apart": [{"other_area": "ABW", "area": "ABW"}],
    "period_order": [{"period_end": date(2020, 1, 31)}],
    "equivalent_apart": [{"equiv_product": None}, {"kg_equiv_mid": None}, {"equiv_factor_id": None}],
    "seized_order": [{"seized_to": date(2020, 1, 31)}],
    "year_of_date": [{"year": 2019}],
    "lines_in_order": [{"seizure_id": "p"}],
    "decision_has_id": [{"decision_id": None}, {"pair_basis": "mirror", "probability": Decimal(1)}],
    "decided_is_sure": [{"probability": Decimal("0.5")}],
    "model_shows_its_bits": [{"pair_basis": "model", "decision_id": None, "bits_chance": None}],
    "lines_bounds": [{"n_lines_merged": Decimal(9)}, {"n_lines_unmerged": 0}],
    "impossible_has_official_total": [{"outlier_flag": "impossible", "official_kg": None}],
    "only_a_person_excludes": [{"outlier_flag": "excluded", "decision_id": None}],
    "score_names_its_class": [{"outlier_score": None}, {"compared_with": None}],
    "verdict_of_a_total": [{"official_kg": None}, {"reconciliation_verdict": "no_official_total"}],
    "out_of_kg_totals": [
        {"in_kg_totals": True, "in_group_kg": True},
        {"in_kg_totals": True, "in_scope": True},
        {"in_kg_totals": True, "in_scope": True, "in_group_kg": True, "outlier_flag": "excluded"},
        {"in_kg_totals": True, "in_scope": True, "in_group_kg": True, "kg_mid": None, "factor_id": None},
    ],
    "doubt_has_a_reason": [{"outlier_reason": None}, {"outlier_flag": "none"}],
    "given_is_mapped_or_not": [{"n_unmapped": 0}, {"n_mapped": 3}],
    "only_values_have_numbers": [{"obs_state": "not_covered"}, {"obs_state": "not_reported"}, {"kg_mid": None}],
    "zero_is_zero": [{"obs_state": "zero", "n_lines": Decimal(3), "n_lines_unmerged": 3}],
    "value_counts": [{"obs_state": "value", "n_lines": Decimal(0), "n_lines_merged": Decimal(0)}],
    "linked_includes_made": [{"n_linked": Decimal("0.5")}],
    "precursors_apart": [{"incb_schedule": "1988-II"}, {"commodity_family": "precursors"}],
    "mapping_is_cited": [{"mapping_citation": None}, dict.fromkeys(WRITTEN)],
    "rest_has_no_place": [{"place_id": None}, {"place_method": "rest"}],
    "faulty_never_stands": [{"standing": True}],
    "sound_is_whole": [{"fault": None, **IN_ORDER, **missing} for missing in ({"decided_on": None}, {"why": None})],
    "pair_in_order": [
        {"fault": None, "decision": "same"},
        {"fault": None, "decision": "same", "other_seizure_id": None},
    ],
    "word_of_its_kind": [
        {"fault": None, **IN_ORDER, "decision": "keep"},
        {"fault": None, **IN_ORDER, "kind": "quantity"},
    ],
    "untested_has_no_score": [{"score": None}, {"test_state": "untested"}],
    "score_interval_order": [{"score_low": Decimal(2)}],
    "mean_in_bin": [{"mean_probability": Decimal("0.3")}, {"mean_probability": Decimal("0.7")}],
    "share_interval_order": [{"share_true": Decimal("0.3")}, {"share_true": Decimal("0.7")}],
    "m49_three_digits": [{"m49": "4"}, {"m49": "00A"}],
    "territory_has_state": [{"area_type": "territory", "state_area": None}],
    "valid_order": [{"valid_from": date(2020, 2, 2)}, {"valid_to": date(2020, 1, 31)}],
    "states_add_up": [{"n_areas": 5}, {"n_areas_zero": 0}],
    "value_has_an_area": [{"n_areas": 3, "n_areas_value": 0}],
    "within_is_one_group": [{"is_within_group": False}],
}
"""For each rule that a table has of its own, cells that break it and nothing else."""

NEEDS: dict[str, Plant] = {
    "compared_with_complete": {"outlier_score": None},
    "kg_mid_range": {"kg_low": None, "kg_high": None},
    "kg_high_range": {"kg_low": None, "kg_mid": None, "factor_id": None, "obs_state": "not_covered"},
    "kg_mid_complete": {"factor_id": None},
    "factor_product_codes": {"equiv_product": None},
    "n_mapped_range": {"n_given": 0},
    "n_unmapped_range": {"n_given": 1},
    "other_area_complete": {"node_kind": "centre"},
    "node_kind_codes": {"other_area": None},
}
"""Cells that change with a planted one, so that the plant breaks its own rule alone."""

IMPLIED: dict[str, str] = {
    "year_range": "year_of_date",
    "n_linked_range": "linked_includes_made",
    "n_given_range": "given_is_mapped_or_not",
    "kg_per_unit_mid_range": "factor_bounds",
    "kg_per_unit_high_range": "factor_bounds",
    **dict.fromkeys(
        (
            "n_areas_range",
            "n_areas_value_range",
            "n_areas_zero_range",
            "n_areas_not_reported_range",
            "n_areas_not_covered_range",
        ),
        "states_add_up",
    ),
    "probability_range": "decided_is_sure",
    "pair_basis_codes": "decision_has_id",
    "departure_group_codes": "within_is_one_group",
    "destination_group_codes": "within_is_one_group",
}
"""Rules of a table's own that break with a range, whatever else the row says."""


# --- sound rows, and what is planted in them --------------------------------------------------------------------


def sound_rows(registry: Registry, table: TableContract, number: int) -> pl.DataFrame:
    """Rows that keep every rule: distinct keys, codes of the lists, numbers inside the bounds, nothing missing."""
    own = {name: value for rule in table.rules for name, value in SOUND.get(rule.id, {}).items()}
    rows = [[own.get(name, sound_value(registry, table, name, at)) for name in table.fields] for at in range(number)]
    return pl.DataFrame(rows, schema=polars_schema(registry, table), orient="row")


def sound_value(registry: Registry, table: TableContract, name: str, at: int) -> Any:
    field = registry.fields[name]
    if field.codes is not None:
        codes = sorted(registry.codes[field.codes].codes)
        code = codes[_of_key(registry, table, name, at) % len(codes)] if name in table.primary_key else codes[0]
        return [code] if field.type == "texts" else code
    if field.pattern is not None:
        return WRITTEN[name]
    if name in table.primary_key and field.type == "count":
        return max(int(field.minimum or 0), 1) + at
    return {
        "text": f"{name} {at}", "texts": [name], "words": [{"key": name, "value": str(at)}], "json": "{}",
        "flag": False, "count": max(int(field.minimum or 0), 1), "date": date(2020, 2, 1), "decimal": Decimal(1),
        "factor": Decimal(1), "share": Decimal(1), "degrees": 1.0, "geometry": b"",
    }[field.type]  # fmt: skip


def _of_key(registry: Registry, table: TableContract, name: str, at: int) -> int:
    """Which code a key column has in a row; the other area of a pair is never the area itself."""
    n_codes = len(registry.codes[str(registry.fields[name].codes)].codes)
    return at + 1 + at // n_codes if name == "other_area" else at


def plants(registry: Registry, table: TableContract, rule: GateRule) -> Iterator[Plant | str]:
    """What breaks a rule: cells of one row, or `repeat` (a row twice), `empty` (no row), `never <column>`."""
    if rule.id in {own.id for own in table.rules}:
        yield from BREAKS[rule.id]
    elif rule.id == "row_floor":
        yield "empty"
    elif rule.id == "key_unique":
        yield "repeat"
    else:
        column, kind = rule.id.rsplit("_", 1)
        field = registry.fields[column]
        needs = needed(table, rule.id)
        if kind == "codes":
            yield {column: ["nonsense"] if field.type == "texts" else "nonsense", **needs}
        elif kind == "pattern":
            yield from ({column: text} for text in ("nonsense", f"{WRITTEN[column]};", ""))
        elif kind == "range":
            beyond = [field.minimum - 1] if field.minimum is not None else []
            beyond += [field.maximum + 1] if field.maximum is not None else []
            yield from ({column: NUMBERS.get(field.type, Decimal)(int(value)), **needs} for value in beyond)
        else:
            yield f"never {column}" if column in table.nullable else {column: None}


NUMBERS: dict[str, type] = {"count": int, "degrees": float}


def needed(table: TableContract, rule_id: str) -> Plant:
    return {name: value for name, value in NEEDS.get(rule_id, {}).items() if name in table.fields}


def planted(table: TableContract, sound: pl.DataFrame, plant: Plant | str) -> pl.DataFrame:
    if plant == "repeat":
        return pl.concat([sound, sound.head(1)])
    if isinstance(plant, str):
        column = plant.removeprefix("never ")
        nothing = {column: None, **needed(table, f"{column}_complete")}
        return sound.with_columns(pl.lit(value, sound.schema[name]).alias(name) for name, value in nothing.items())
    bad = pl.DataFrame([sound.row(0, named=True) | dict(plant)], schema=sound.schema)
    return pl.concat([bad, sound.slice(1)])


def expected(table: TableContract, rule: GateRule) -> set[str]:
    """The planted rule, and those that cannot hold without it."""
    also = {IMPLIED[rule.id]} & {own.id for own in table.rules} if rule.id in IMPLIED else set()
    if [rule.id] == [f"{column}_complete" for column in table.primary_key]:
        also |= {"key_unique"}  # where the only column of a key is missing, the key names no row
    return {rule.id} | also


def opened(registry: Registry, table: TableContract, cases: Sequence[pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """One table with the rows of all cases, told apart by a column that no contract knows."""
    con = duckdb.connect()
    add_codes(con, registry, *sorted({registry.fields[name].codes or "areas" for name in table.fields}))
    rows = [case.with_columns(pl.lit(number).alias("the case")) for number, case in enumerate(cases)]
    con.register("_rows", pl.concat(rows))
    columns = ", ".join(
        f'map_from_entries("{name}") AS "{name}"'
        if registry.fields[name].type == "words"
        else f'CAST("{name}" AS {TYPES[registry.fields[name].type].sql}) AS "{name}"'
        for name in table.fields
    )
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.layer}"')
    con.execute(f'CREATE TABLE "{table.layer}"."{table.name}" AS SELECT {columns}, "the case" FROM _rows')
    return con


def figures_of(con: duckdb.DuckDBPyConnection, table: TableContract, rules: list[GateRule]) -> list[dict[str, float]]:
    """The gate's figures of each case, in the order of the cases."""
    query = f'{figures_query(table, rules)} GROUP BY "the case" ORDER BY "the case"'
    return list(con.sql(query).pl().iter_rows(named=True))


def broken(rules: list[GateRule], figures: Mapping[str, float]) -> set[str]:
    """Rules that the figures break, by the bounds that the suite is made of."""
    found = set()
    for rule in rules:
        figure = figures[rule.id]
        assert figure is not None, f"{rule.id} has no figure, and a suite passes what is missing"
        low = rule.minimum is not None and figure < rule.minimum
        high = rule.maximum is not None and figure > rule.maximum
        found |= {rule.id} if low or high else set()
    return found


@pytest.fixture(scope="module", autouse=True)
def refused_begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, subprocess.Popen[str]]]:
    """A night whose only file is sound row by row, but gives almost no quantity. It runs beside the sweep."""
    base = tmp_path_factory.mktemp("refused")
    silent = [{"AMOUNT": "", "PLACE": f"Silent {number}"} for number in range(95)]
    inbox = samples.put(base / "inbox", {"unodc_ids/ids_2014.csv": samples.ids(*silent, least=100)})
    process = start("run", "--home", base / "home", "--inbox", inbox)
    yield Home.at(base / "home"), process
    process.kill()
    process.communicate()


# --- the sweep --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_sound_table_is_green_and_each_planted_fault_turns_its_own_rule_red(registry: Registry, name: str) -> None:
    table = registry.tables[name]
    rules = gate_rules(registry, table)
    sound = sound_rows(registry, table, max(table.row_floor, 2))
    cases = [(rule, plant) for rule in rules if rule.minimum != 0 for plant in plants(registry, table, rule)]
    assert {rule.id for rule, _ in cases} == {rule.id for rule in rules if rule.minimum != 0}
    cases = [(rule, plant) for rule, plant in cases if plant != "empty"]
    con = opened(registry, table, [sound, *(planted(table, sound, plant) for _, plant in cases)])
    green, *figures = figures_of(con, table, rules)
    assert broken(rules, green) == set()
    red = {(rule.id, str(plant)): broken(rules, found) for (rule, plant), found in zip(cases, figures, strict=True)}
    assert red == {(rule.id, str(plant)): expected(table, rule) for rule, plant in cases}


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_breaks_its_row_floor_and_nothing_else(registry: Registry, name: str) -> None:
    table = registry.tables[name]
    rules = gate_rules(registry, table)
    con = opened(registry, table, [sound_rows(registry, table, 0)])
    (figures,) = con.sql(figures_query(table, rules)).pl().iter_rows(named=True)
    assert broken(rules, figures) == ({"row_floor"} if table.row_floor else set())


@pytest.mark.parametrize("name", [name for name in TABLES if load_registry().tables[name].row_floor > 1])
def test_one_row_below_its_floor_a_table_is_red(registry: Registry, name: str) -> None:
    table = registry.tables[name]
    rules = gate_rules(registry, table)
    con = opened(registry, table, [sound_rows(registry, table, table.row_floor - 1)])
    assert broken(rules, figures_of(con, table, rules)[0]) == {"row_floor"}


@pytest.mark.parametrize("name", TABLES)
def test_every_rule_about_values_stands_beside_one_about_missing_values(registry: Registry, name: str) -> None:
    """Otherwise a column that is empty passes its range and its code list. A zero in the contract says that it may."""
    table = registry.tables[name]
    ids = [rule.id for rule in gate_rules(registry, table)]
    assert len(ids) == len(set(ids))
    about_values = {found.rsplit("_", 1)[0] for found in ids if found.endswith(("_range", "_codes", "_pattern"))}
    may_be_empty = {column for column, share in table.completeness.items() if share == 0}
    assert may_be_empty <= table.nullable
    guarded = {found.removesuffix("_complete") for found in ids if found.endswith("_complete")}
    assert about_values <= guarded | may_be_empty
    assert not guarded & may_be_empty
    assert {"row_floor", "key_unique"} <= set(ids)


def test_no_rule_but_a_row_floor_of_nothing_can_never_be_red(registry: Registry) -> None:
    for table in registry.tables.values():
        silent = {rule.id for rule in gate_rules(registry, table) if rule.minimum == 0}
        assert silent == (set() if table.row_floor else {"row_floor"}), table.qualified


def test_no_plant_is_kept_for_a_rule_that_no_table_has(registry: Registry) -> None:
    assert set(BREAKS) == {rule.id for table in registry.tables.values() for rule in table.rules}


# --- Great Expectations, from end to end ------------------------------------------------------------------------


def put_table(home: Home, registry: Registry, table: TableContract, rows: pl.DataFrame) -> None:
    """Write rows past the checks that `write_query` makes, as a broken step or disk would."""
    con = opened(registry, table, [rows])
    target = home.table_file(table)
    target.parent.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"""COPY (SELECT * EXCLUDE ("the case") FROM "{table.layer}"."{table.name}") TO '{target}' (FORMAT parquet)"""
    )


def test_the_suite_judges_as_the_bounds_do_and_keeps_what_it_saw(home: Home, registry: Registry) -> None:
    table = registry.tables["published.seizure_trends"]
    faults: list[Plant] = [
        {"kg_low": Decimal(9)}, {"obs_state": "not_covered"}, {"country": "Ruritania"}, {"n_lines": Decimal(-1)},
        {"conf_flag": None}, {"obs_flags": ["x"]},
    ]  # fmt: skip
    sound = sound_rows(registry, table, len(faults) + 1)
    bad = [sound.row(at, named=True) | dict(fault) for at, fault in enumerate(faults, start=1)]
    put_table(home, registry, table, pl.concat([sound.head(1), sound.head(1), pl.DataFrame(bad, schema=sound.schema)]))
    verdict = examine(home, registry, table)
    red = {
        "kg_bounds", "only_values_have_numbers", "country_codes", "n_lines_range", "conf_flag_complete",
        "obs_flags_codes", "key_unique",
    }  # fmt: skip
    assert not verdict.holds
    assert set(verdict.broken) == red
    rules = gate_rules(registry, table)
    assert [rule["id"] for rule in verdict.rules] == [rule.id for rule in rules]
    assert broken(rules, {rule["id"]: rule["figure"] for rule in verdict.rules}) == red
    kept = gate_results(home)[table.qualified]
    assert {rule["id"] for rule in kept["rules"] if not rule["holds"]} == red
    assert not kept["holds"]


def test_the_suite_is_green_for_a_sound_table_and_its_page_fetches_nothing(home: Home, registry: Registry) -> None:
    table = registry.tables["published.country_roles"]
    put_table(home, registry, table, sound_rows(registry, table, 3))
    verdict = examine(home, registry, table)
    assert verdict.holds
    assert verdict.broken == []
    page = (home.quality / "gate" / f"{table.qualified}.html").read_text(encoding="utf-8")
    assert "linked_includes_made" in page
    tags = [tag for tag in page.replace(">", ">\n").splitlines() if "<link" in tag or "<script" in tag]
    assert [tag for tag in tags if "http" in tag] == []


def test_the_suite_counts_a_bound_itself_as_kept() -> None:
    rules = [GateRule("low", "", 0.5, None, "at least half"), GateRule("high", "", None, 0, "none")]
    for low, high, holds in ((0.5, 0, [True, True]), (0.499, 0, [False, True]), (0.5, 1, [True, False])):
        figures = pl.DataFrame({"low": [float(low)], "high": [float(high)]})
        result = json.loads(str(_validate("edges", rules, figures)))
        assert [outcome["success"] for outcome in result["results"]] == holds


# --- a red gate in a night --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def refused(refused_begun: tuple[Home, subprocess.Popen[str]]) -> tuple[Home, Said]:
    """What that night said."""
    home, process = refused_begun
    return home, finish(process)


@pytest.mark.slow
def test_a_red_table_stops_all_that_rests_on_it_and_no_release_is_made(refused: tuple[Home, Said]) -> None:
    home, said = refused
    assert said.code == 6
    assert said.out == ""
    assert "nothing was published" in said.err
    verdict = gate_results(home)["staging.reports"]
    assert [rule["id"] for rule in verdict["rules"] if not rule["holds"]] == ["quantity_reported_complete"]
    assert (home.tables / "staging" / "reports").is_dir()
    written = {path.name for path in home.tables.iterdir()}
    assert written == {"reference", "deliveries", "staging"}
    assert list(home.releases.iterdir()) == []


@pytest.mark.slow
def test_what_the_gate_refused_is_named_on_the_command_line(refused: tuple[Home, Said]) -> None:
    _, said = refused
    assert "staging" in said.err
    assert "reports" in said.err
    assert "Silent" not in said.err
