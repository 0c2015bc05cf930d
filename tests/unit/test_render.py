"""What is made of a table contract: DDL that enforces it, schemas that agree with the files, rules, the dictionary."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.store import Connection, Home, add_codes, connect, write_query
from schemas.contracts import LANGUAGES, TableContract
from schemas.registry import Registry
from schemas.render import (
    TYPES,
    arrow_schema,
    datapackage_resource,
    ddl,
    dictionary_page,
    gate_rules,
    literal,
    polars_schema,
    quoted,
)

NAMES = {"area_name_es": "Ninguna parte", "area_name_fr": "Nulle part", "area_name_pt": "Nenhures"}


@pytest.fixture
def con(registry: Registry) -> Connection:
    """An empty database with the schemas of all layers."""
    connection = duckdb.connect()
    for layer in {table.layer for table in registry.tables.values()}:
        connection.execute(f"CREATE SCHEMA {layer}")
    return connection


def insert(con: Connection, table: TableContract, **cells: object) -> None:
    columns = ", ".join(map(quoted, cells))
    con.execute(f"INSERT INTO {table.qualified} ({columns}) VALUES ({', '.join('?' * len(cells))})", [*cells.values()])


def factor(**changed: object) -> dict[str, object]:
    """Cells of a sound row of reference.factors."""
    bounds = {"kg_per_unit_low": 0.5, "kg_per_unit_mid": 1, "kg_per_unit_high": 2}
    row = {
        "factor_id": "f", "factor_product": "bulk", "specificity": 1, "unit": "gram", "unit_size": "0.001",
        "cited_low": "1", "cited_mid": "1", "cited_high": "1", "cited_unit": "kg", "figure_basis": "exact",
        "range_basis": "exact", "citation": "invented", **bounds,
    }  # fmt: skip
    return {**row, **changed}


def figure(con: Connection, registry: Registry, name: str, rule_id: str) -> float:
    """What a gate rule measures on a table."""
    rule = next(rule for rule in gate_rules(registry, registry.tables[name]) if rule.id == rule_id)
    return float(con.execute(f"SELECT {rule.sql} FROM {name}").fetchall()[0][0])


def test_a_missing_value_breaks_the_ddl(con: Connection, registry: Registry) -> None:
    table = registry.tables["reference.factors"]
    con.execute(ddl(registry, table))
    insert(con, table, **factor())
    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        insert(con, table, **factor(factor_id="g", citation=None))


def test_a_value_out_of_range_breaks_the_ddl_and_an_absent_one_does_not(con: Connection, registry: Registry) -> None:
    table = registry.tables["reference.areas"]
    con.execute(ddl(registry, table))
    area = {"area_name": "Nowhere", **NAMES, "area_type": "country", "citation": "invented"}
    insert(con, table, area="AAA", lat=None, lon=None, **area)
    insert(con, table, area="BBB", lat=90.0, lon=-180.0, **area)
    with pytest.raises(duckdb.ConstraintException, match="CHECK"):
        insert(con, table, area="CCC", lat=90.5, lon=0.0, **area)


def test_comments_of_the_ddl_describe_table_and_columns(con: Connection, registry: Registry) -> None:
    table = registry.tables["conformed.lines"]
    con.execute(ddl(registry, table))
    grain = con.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'lines'").fetchall()
    assert grain == [(table.grain,)]
    comments = dict(
        con.execute("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'lines'").fetchall()
    )
    assert list(comments) == table.fields
    assert comments["kg_mid"].startswith(registry.fields["kg_mid"].description.en)
    assert "[kg]" in comments["kg_mid"]
    assert "(codes: forms)" in comments["form"]


def test_the_parquet_of_every_table_has_the_types_that_its_schemas_promise(home: Home, registry: Registry) -> None:
    con = connect(home, registry)
    for name, table in registry.tables.items():
        types = {column: TYPES[registry.fields[column].type] for column in table.fields}
        nulls = ", ".join(f"CAST(NULL AS {kind.sql}) AS {quoted(column)}" for column, kind in types.items())
        assert write_query(con, home, registry, name, f"SELECT {nulls} WHERE false") == 0
        path = home.table_file(table)
        # frames carry words as a list of entries, which `write_frame` takes; the file holds a map
        maps = {column: pl.Map(pl.String, pl.String) for column in types if registry.fields[column].type == "words"}
        assert pl.read_parquet_schema(path) == polars_schema(registry, table) | maps, name
        written, promised = pq.read_schema(path), arrow_schema(registry, table)
        assert written.names == promised.names == table.fields
        assert [plain(kind) for kind in written.types] == [plain(kind) for kind in promised.types], name


def plain(kind: pa.DataType) -> str:
    """A type without the names that a writer gives to its inner parts."""
    if pa.types.is_list(kind):
        return f"list of {plain(kind.value_type)}"
    if pa.types.is_map(kind):
        return f"map of {plain(kind.key_type)} to {plain(kind.item_type)}"
    return str(kind)


def test_the_arrow_schema_tells_what_may_be_missing_and_what_a_column_means(registry: Registry) -> None:
    table = registry.tables["conformed.lines"]
    schema = arrow_schema(registry, table)
    assert {field.name for field in schema if field.nullable} == table.nullable
    assert all(field.metadata[b"description"] for field in schema)


def test_every_range_and_code_list_is_paired_with_a_completeness_rule_unless_the_contract_says_zero(
    registry: Registry,
) -> None:
    for name, table in registry.tables.items():
        ids = {rule.id for rule in gate_rules(registry, table)}
        guarded = [column for column in table.fields if ids & {f"{column}_range", f"{column}_codes"}]
        may_be_empty = {column for column, share in table.completeness.items() if share == 0}
        assert {f"{column}_complete" for column in guarded if column not in may_be_empty} <= ids, name


def test_a_list_with_one_foreign_code_turns_its_gate_rule_red(con: Connection, registry: Registry) -> None:
    listed = next(
        (name, column)
        for name, table in registry.tables.items()
        for column in table.fields
        if registry.fields[column].type == "texts" and registry.fields[column].codes
    )
    name, column = listed
    con.execute(f"CREATE TABLE {name} ({quoted(column)} VARCHAR[])")
    sound = min(registry.codes[registry.fields[column].codes or ""].codes)
    con.execute(f"INSERT INTO {name} VALUES (['{sound}']), ([]), (['{sound}', 'no such code'])")
    assert figure(con, registry, name, f"{column}_codes") == 1


def test_a_bad_row_turns_its_gate_rule_red(con: Connection, registry: Registry) -> None:
    name = "reference.factors"
    table = registry.tables[name]
    add_codes(con, registry, *registry.codes)
    loose = table.model_copy(update={"nullable": frozenset(table.fields)})
    con.execute(ddl(registry, loose).replace(" CHECK (", " CHECK (true OR "))
    insert(con, loose, **factor())
    rules = ("key_unique", "unit_complete", "unit_codes", "factor_bounds", "factor_product_named")
    assert [figure(con, registry, name, rule) for rule in rules] == [0, 0, 0, 0, 0]
    insert(con, loose, **factor(unit=None))
    insert(con, loose, **factor(factor_id="g", unit="handful"))
    insert(con, loose, **factor(factor_id="h", kg_per_unit_low=9))
    insert(con, loose, **factor(factor_id="i", equiv_product="cocaine_hcl"))
    assert [figure(con, registry, name, rule) for rule in rules] == [1, 1, 1, 1, 1]


def test_a_range_and_a_share_that_is_too_thin_are_measured(con: Connection, registry: Registry) -> None:
    name = "reference.areas"
    table = registry.tables[name]
    con.execute(ddl(registry, table).replace(" CHECK (", " CHECK (true OR "))
    area = {"area_name": "Nowhere", **NAMES, "area_type": "country", "citation": "invented"}
    insert(con, table, area="AAA", lat=91.0, **area)
    insert(con, table, area="BBB", **area)
    assert figure(con, registry, name, "lat_range") == 1
    assert figure(con, registry, name, "lat_complete") == 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dictionary_names_every_column_in_every_language(registry: Registry, language: str) -> None:
    for table in registry.tables.values():
        page = dictionary_page(registry, table, language)
        told = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")]
        assert told == [f"`{column}`" for column in table.fields]
        assert table.grain in page
        assert all(warning in page for warning in table.warnings)


def test_the_data_package_names_every_column_and_the_key(registry: Registry) -> None:
    table = registry.tables["conformed.lines"]
    entry = datapackage_resource(registry, table, "tables/conformed.lines.parquet")
    assert [field["name"] for field in entry["schema"]["fields"]] == table.fields
    assert entry["schema"]["primaryKey"] == ["seizure_id"]
    required = {field["name"] for field in entry["schema"]["fields"] if field["constraints"]["required"]}
    assert required == set(table.fields) - table.nullable


def test_an_identifier_and_a_text_with_quotes_stay_what_they_are(con: Connection) -> None:
    name, text = 'a"b', "it's; DROP TABLE t"
    con.execute(f"CREATE TABLE t ({quoted(name)} TEXT)")
    con.execute(f"INSERT INTO t VALUES ({literal(text)})")
    assert con.sql("SELECT * FROM t").pl().to_dicts() == [{name: text}]
