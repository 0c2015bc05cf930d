"""A table is written whole or not at all, with its contract's columns and keys, in the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from pipelines.store import (
    Busy,
    Connection,
    Home,
    StoreError,
    add_codes,
    clear_scratch,
    connect,
    frame,
    locked,
    rows,
    sha256_of,
    write_bytes,
    write_frame,
    write_query,
)
from schemas.registry import PROJECT, Registry
from schemas.render import TYPES, literal, quoted

TRY_LOCK = """
import sys
from pipelines.store import Busy, Home, locked
try:
    with locked(Home.at(sys.argv[1])):
        print("free")
except Busy as busy:
    print("busy:", busy)
"""


NAMES = {"area_name_es": "Ninguna parte", "area_name_fr": "Nulle part", "area_name_pt": "Nenhures"}


@pytest.fixture
def con(home: Home, registry: Registry) -> Iterator[Connection]:
    with connect(home, registry) as connection:
        yield connection


def status(*sources: str) -> pl.DataFrame:
    """Rows of deliveries.status, the smallest table without foreign keys."""
    row = {
        "status": "accepted",
        "stale_since": None,
        "n_accepted": 1,
        "n_withheld": 0,
        "data_through": date(2014, 5, 5),
    }
    return pl.DataFrame([{"source_id": source, **row} for source in sources])


def place(registry: Registry, area: str) -> str:
    """Query of one row of reference.places, which has a foreign key to areas."""
    table = registry.tables["reference.places"]
    cells: dict[str, str] = {"place_id": "'IATA:XXX'", "place_kind": "'airport'", "area": literal(area)}
    types = {column: TYPES[registry.fields[column].type].sql for column in table.fields}
    values = (f"CAST({cells.get(column, '0')} AS {types[column]}) AS {quoted(column)}" for column in table.fields)
    return f"SELECT {', '.join(values)}"


def test_a_written_file_replaces_the_old_one_whole_and_leaves_no_other(home: Home) -> None:
    target = home.root / "note"
    write_bytes(target, b"first")
    write_bytes(target, b"second", mode=0o600)
    assert target.read_bytes() == b"second"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.root.iterdir() if path.is_file()] == ["note"]


def test_a_write_that_fails_leaves_the_old_file_as_it_was(home: Home) -> None:
    write_bytes(home.root / "note", b"first")
    with pytest.raises(TypeError):
        write_bytes(home.root / "note", "no bytes")  # type: ignore[arg-type]
    assert (home.root / "note").read_bytes() == b"first"


def test_a_query_that_fails_leaves_the_old_table_as_it_was(con: Connection, home: Home, registry: Registry) -> None:
    path = home.table_file(registry.tables["deliveries.status"])
    write_frame(con, home, registry, "deliveries.status", status("a"))
    before = path.read_bytes()
    with pytest.raises(StoreError):
        write_frame(con, home, registry, "deliveries.status", status("a", "a"))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda rows: rows.with_columns(colour=pl.lit("blue")), r"not in the contract: \['colour'\]"),
        (lambda rows: rows.drop("n_accepted"), r"missing: \['n_accepted'\]"),
        (lambda rows: pl.concat([rows, rows, rows]), r"2 rows repeat the key"),
        (lambda rows: rows.with_columns(n_accepted=pl.lit(None, pl.Int64)), "NOT NULL"),
        (lambda rows: rows.with_columns(n_accepted=pl.lit(-1)), "CHECK"),
    ],
    ids=["an extra column", "a missing column", "a repeated key", "a missing value", "a value out of range"],
)
def test_a_table_that_breaks_its_contract_is_not_written(
    con: Connection, home: Home, registry: Registry, changed, told: str
) -> None:
    with pytest.raises(StoreError, match=told):
        write_frame(con, home, registry, "deliveries.status", changed(status("a")))
    assert not home.table_file(registry.tables["deliveries.status"]).exists()


def test_an_error_of_a_table_names_columns_and_counts_but_no_value(
    con: Connection, home: Home, registry: Registry
) -> None:
    with pytest.raises(StoreError) as raised:
        write_frame(con, home, registry, "deliveries.status", status("a secret", "a secret"))
    assert "secret" not in str(raised.value)


def test_a_value_that_its_parent_table_lacks_is_refused(home: Home, registry: Registry) -> None:
    with pytest.raises(StoreError, match=r"1 values of \(\"area\"\) are not in reference.areas"):
        write_query(connect(home, registry), home, registry, "reference.places", place(registry, "AAA"))
    area = {"area": "AAA", "area_name": "Nowhere", **NAMES, "area_type": "country", "citation": "invented"}
    areas = pl.DataFrame([area]).with_columns(
        pl.lit(None).alias(column) for column in registry.field_names("reference.areas") if column not in area
    )
    write_frame(connect(home, registry), home, registry, "reference.areas", areas)
    assert write_query(connect(home, registry), home, registry, "reference.places", place(registry, "AAA")) == 1


def test_the_same_rows_in_another_order_give_the_same_bytes(home: Home, registry: Registry) -> None:
    names = [f"source {number:04}" for number in range(3000)]
    path = home.table_file(registry.tables["deliveries.status"])
    digests = set()
    for order in (names, names[::-1]):
        assert write_frame(connect(home, registry), home, registry, "deliveries.status", status(*order)) == 3000
        digests.add(sha256_of(path))
    assert len(digests) == 1
    assert pl.read_parquet(path)["source_id"].to_list() == names


def test_values_are_bound_and_cast_to_the_contracts_types(con: Connection, home: Home, registry: Registry) -> None:
    query = (
        "SELECT $name AS source_id, 'accepted' AS status, NULL AS stale_since, '3' AS n_accepted, 0 AS n_withheld, "
        "'2014-05-05' AS data_through"
    )
    write_query(con, home, registry, "deliveries.status", query, {"name": "it's; DROP TABLE x"})
    found = pl.read_parquet(home.table_file(registry.tables["deliveries.status"])).to_dicts()
    assert found[0]["source_id"] == "it's; DROP TABLE x"
    assert (found[0]["n_accepted"], found[0]["data_through"]) == (3, date(2014, 5, 5))


def test_a_partition_is_a_file_of_its_own_and_the_view_holds_all(
    con: Connection, home: Home, registry: Registry
) -> None:
    sources = sorted(registry.sources)[:2]
    for source in sources:
        unmapped = pl.DataFrame({"source_id": [source], "column": ["c"], "value": ["v"], "n_rows": [1]})
        write_frame(con, home, registry, "staging.unmapped", unmapped, partition=source)
    both = connect(home, registry, ["staging.unmapped"])
    assert rows(both, "SELECT source_id FROM staging.unmapped ORDER BY 1") == [
        (s,) for s in sorted(registry.sources)[:2]
    ]
    assert rows(both, "SELECT count(*) FROM staging.unmapped WHERE n_rows = $n", {"n": 1}) == [(2,)]


def test_a_table_without_files_opens_empty_in_its_contracts_shape(home: Home, registry: Registry) -> None:
    con = connect(home, registry, ["conformed.lines"])
    empty = frame(con, "SELECT * FROM conformed.lines")
    assert empty.height == 0
    assert empty.columns == registry.tables["conformed.lines"].fields


def test_a_code_list_opens_as_text_in_full(con: Connection, registry: Registry) -> None:
    add_codes(con, registry, "weekdays")
    (found,) = rows(con, "SELECT count(*) FROM codes.weekdays")[0]
    assert found == len(registry.codes["weekdays"].rows) == 7


def test_a_second_process_is_told_that_the_home_is_busy_until_the_first_is_done(home: Home) -> None:
    with locked(home):
        command = [sys.executable, "-c", TRY_LOCK, str(home.root)]
        second = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
        assert second.stdout.startswith("busy: another run is at work")
        with pytest.raises(Busy), locked(home):
            pass
    with locked(home):
        pass


def test_what_a_killed_run_left_is_cleared_from_scratch_alone(home: Home) -> None:
    (home.scratch / "half").write_bytes(b"x")
    (home.deliveries / "kept").write_bytes(b"x")
    clear_scratch(home)
    assert list(home.scratch.iterdir()) == []
    assert (home.deliveries / "kept").exists()
