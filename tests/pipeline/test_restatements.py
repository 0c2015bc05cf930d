"""What a publisher states anew replaces what was stated before, and the older statement is kept with its days."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
import samples

from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.receive import receive
from pipelines.store import Home
from schemas.contracts import SourceContract
from schemas.registry import Registry

ID = {"Id": {"to": "record_id", "not_known": [""]}}
YEAR_IN_NAME = {"restates": "period", "restated_period": {"file_name": r"(?P<year>\d{4})", "example": "2014.csv"}}


def source(name: str, **changes: Any) -> SourceContract:
    return samples.contract(source=name, publisher={"name": name, "inbox": name}, **changes)


SOURCES = (
    source("by_record", restates="record", extra=ID),
    source("by_content", restates="period"),
    source("by_name", **YEAR_IN_NAME),
    source(
        "by_name_or_adds",
        restates="period",
        restated_period={"file_name": r"ids_(?P<year>\d{4})", "example": "ids_2019.csv", "without": "adds"},
    ),
    source("by_snapshot", restates="snapshot"),
    source(
        "by_vintage", restates="record", vintage={"column": "As of", "date_format": "%Y-%m-%d"},
        extra={**ID, "As of": {"drop": "says as of when the row was stated"}},
    ),
    source("by_nothing"),
    source(
        "monthly", kind="totals", restates="period", constants={"reporter": "USA", "unit": "pound"},
        restated_period={
            "file_name": r"fy(?P<first>\d\d)-fy(?P<last>\d\d)",
            "example": "fy19-fy22.csv",
            "fiscal_year_from_month": 10,
        },
        columns={
            "FY": {"drop": "read with the month"},
            "Month": {"to": "period", "date_format": "%Y|%b", "also_with": "FY", "fiscal_year_from_month": 10},
            "Drug": samples.DRUG, "Pounds": {"to": "quantity"},
        },
    ),
    source(
        "yearly", kind="totals", restates="period", constants={"reporter": "USA"},
        columns={"Year": {"to": "year"}, "Drug": samples.DRUG, "Kg": {"to": "kg"}},
    ),
)  # fmt: skip


def report(day: str, amount: int, *more: str) -> str:
    return ",".join((day, "heroin", str(amount), "gram", *more))


WITH_ID = "Day,Drug,Amount,Unit,Id"
WITH_VINTAGE = "Day,Drug,Amount,Unit,Id,As of"
MONTHS = "FY,Month,Drug,Pounds"
YEARS = "Year,Drug,Kg"
FILES = {
    "by_record/a.csv": samples.table_of(
        report("2020-01-01", 1, "R1"), report("2020-01-02", 2, "R2"), report("2020-06-30", 9, ""), header=WITH_ID
    ),
    "by_record/b.csv": samples.table_of(
        report("2020-01-01", 1, "R1"), report("2020-01-02", 3, "R2"), report("2020-12-31", 4, "R3"), header=WITH_ID
    ),
    # a row that is quarantined leaves the older one standing; two rows of one record are two lines of it
    "by_record/c.csv": samples.table_of(
        report("2021-01-01", -5, "R3"), *[report("2021-01-31", 6, "R4")] * 2, header=WITH_ID
    ),
    "by_content/2019.csv": samples.table_of(
        report("2018-07-01", 1), report("2019-01-05", 2), report("2019-03-03", 3), report("2019-12-20", 4)
    ),
    "by_content/again.csv": samples.table_of(report("2019-01-01", 20), report("2019-12-31", 40)),
    "by_name/ids_2019.csv": samples.table_of(
        report("2018-07-01", 1), report("2019-01-05", 2), report("2019-03-03", 3), report("2020-02-02", 4)
    ),
    "by_name/corrected_2019.csv": samples.table_of(report("2019-01-05", 2), report("2020-02-03", 5)),
    "by_name/ids_2020.csv": samples.table_of(report("2019-03-03", 7), report("2020-12-31", 8)),
    "by_name_or_adds/ids_2019.csv": samples.table_of(report("2019-01-05", 2), report("2019-12-31", 3)),
    "by_name_or_adds/some more.csv": samples.table_of(report("2018-07-01", 1), report("2019-01-05", 20)),
    "by_snapshot/a.csv": samples.table_of(report("2019-01-01", 1), report("2019-02-01", 2)),
    "by_snapshot/b.csv": samples.table_of(report("2019-01-01", 1), report("2020-02-01", 3)),
    "by_vintage/long.csv": samples.table_of(
        report("2022-12-31", 1, "R1", "2023-01-01"), report("2022-01-01", 2, "R2", "2023-01-01"), header=WITH_VINTAGE
    ),
    "by_vintage/short.csv": samples.table_of(report("2020-01-01", 10, "R1", "2024-01-01"), header=WITH_VINTAGE),
    "by_nothing/a.csv": samples.table_of(report("2019-01-01", 1), report("2019-01-01", 1), report("2019-02-01", 2)),
    "by_nothing/b.csv": samples.table_of(report("2019-01-01", 1), report("2020-01-01", 3)),
    "monthly/fy19-fy20.csv": samples.table_of(
        "2019,OCT,heroin,5", "2020,OCT,heroin,10", "2020,NOV,heroin,7", "2020,SEP,heroin,1", header=MONTHS
    ),
    "monthly/fy20-fy21.csv": samples.table_of("2020,OCT,heroin,12", "2021,SEP,heroin,1", header=MONTHS),
    "yearly/a.csv": samples.table_of("2018,heroin,1", "2019,heroin,2", header=YEARS),
    "yearly/b.csv": samples.table_of("2019,heroin,3", "2020,heroin,4", header=YEARS),
}
POUND = Decimal("0.45359237")


@pytest.fixture(scope="module")
def contracts(registry: Registry) -> Registry:
    return samples.known(registry, *SOURCES)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, contracts: Registry) -> Home:
    """A home with all files, received in the order of their names."""
    home = Home.at(tmp_path_factory.mktemp("restated") / "first").make()
    samples.conform(home, contracts, FILES)
    return home


def standing(home: Home, contracts: Registry, source_id: str) -> list[tuple[str, int]]:
    """File and amount of the lines that stand."""
    lines = samples.table(home, contracts, "conformed.lines").filter(source_id=source_id)
    return sorted(lines.select("file_name", pl.col("quantity_reported").cast(pl.Int64)).rows())


def given_way(home: Home, contracts: Registry, source_id: str) -> list[tuple[str, int, str]]:
    """File, amount and reason of the rows that do not stand."""
    reports = samples.table(home, contracts, "staging.reports")
    gone = samples.table(home, contracts, "conformed.not_lines").filter(source_id=source_id)
    key = ["delivery_id", "part", "row_no", "line_no"]
    found = gone.join(reports.select(*key, "quantity_reported"), on=key, how="left")
    return sorted(found.select("file_name", pl.col("quantity_reported").cast(pl.Int64), "reason").rows())


def known_between(home: Home, contracts: Registry, source_id: str) -> dict[str, tuple[date | None, date | None]]:
    """From when to when the rows of each file that gave way were known."""
    gone = samples.table(home, contracts, "conformed.not_lines").filter(source_id=source_id)
    rows = gone.select("file_name", "known_from", "known_to").unique().rows()
    assert len(rows) == gone["file_name"].n_unique()
    return {name: (first, last) for name, first, last in rows}


def test_a_record_that_is_stated_anew_replaces_the_older_one_and_all_others_stay(
    world: Home, contracts: Registry
) -> None:
    assert standing(world, contracts, "by_record") == [
        ("a.csv", 9), ("b.csv", 1), ("b.csv", 3), ("b.csv", 4), ("c.csv", 6), ("c.csv", 6),
    ]  # fmt: skip
    assert [row for row in given_way(world, contracts, "by_record") if row[0] == "a.csv"] == [
        ("a.csv", 1, "superseded"), ("a.csv", 2, "superseded"),
    ]  # fmt: skip
    assert known_between(world, contracts, "by_record")["a.csv"] == (date(2020, 6, 30), date(2020, 12, 31))
    lines = samples.table(world, contracts, "conformed.lines").filter(source_id="by_record")
    assert lines["known_from"].is_not_null().all()


def test_a_file_replaces_the_period_between_its_first_and_its_last_date_and_a_stray_row_outside_stays(
    world: Home, contracts: Registry
) -> None:
    assert standing(world, contracts, "by_content") == [("2019.csv", 1), ("again.csv", 20), ("again.csv", 40)]
    assert given_way(world, contracts, "by_content") == [("2019.csv", amount, "superseded") for amount in (2, 3, 4)]
    assert known_between(world, contracts, "by_content") == {"2019.csv": (date(2019, 12, 20), date(2019, 12, 31))}


def test_a_file_that_names_its_year_replaces_the_year_and_all_that_was_delivered_for_it(
    world: Home, contracts: Registry
) -> None:
    # a row of 2019 in the file of 2020 is news; one of 2020 in that of 2019 gives way to the file of 2020
    assert standing(world, contracts, "by_name") == [
        ("corrected_2019.csv", 2),
        ("ids_2020.csv", 7),
        ("ids_2020.csv", 8),
    ]
    assert given_way(world, contracts, "by_name") == [
        ("corrected_2019.csv", 5, "superseded"), *(("ids_2019.csv", amount, "superseded") for amount in (1, 2, 3, 4)),
    ]  # fmt: skip


def test_a_file_whose_name_tells_no_year_adds_where_the_contract_says_so(world: Home, contracts: Registry) -> None:
    # neither does it replace rows of the file of 2019, nor does that file, which reaches further, replace its rows
    assert standing(world, contracts, "by_name_or_adds") == [
        ("ids_2019.csv", 2), ("ids_2019.csv", 3), ("some more.csv", 1), ("some more.csv", 20),
    ]  # fmt: skip
    files = samples.table(world, contracts, "deliveries.files").filter(source_id="by_name_or_adds")
    assert sorted(files.select("file_name", "restates").rows()) == [
        ("ids_2019.csv", "period"), ("some more.csv", "nothing"),
    ]  # fmt: skip


def test_a_snapshot_replaces_all_before_it_also_what_it_repeats(world: Home, contracts: Registry) -> None:
    assert standing(world, contracts, "by_snapshot") == [("b.csv", 1), ("b.csv", 3)]
    assert given_way(world, contracts, "by_snapshot") == [("a.csv", 1, "superseded"), ("a.csv", 2, "superseded")]
    assert known_between(world, contracts, "by_snapshot") == {"a.csv": (date(2019, 2, 1), date(2020, 2, 1))}


def test_the_publishers_own_word_says_which_file_is_newer_and_not_the_dates_of_its_rows(
    world: Home, contracts: Registry
) -> None:
    assert standing(world, contracts, "by_vintage") == [("long.csv", 2), ("short.csv", 10)]
    assert known_between(world, contracts, "by_vintage") == {"long.csv": (date(2023, 1, 1), date(2024, 1, 1))}


def test_where_nothing_is_restated_a_repeated_row_is_known_already_and_twins_in_one_file_are_two(
    world: Home, contracts: Registry
) -> None:
    assert sorted(amount for _, amount in standing(world, contracts, "by_nothing")) == [1, 1, 2, 3]
    assert [row[1:] for row in given_way(world, contracts, "by_nothing")] == [(1, "already_known")]


# --- totals -------------------------------------------------------------------------------------------------


def as_of(totals: pl.DataFrame, day: date) -> dict[date, Decimal]:
    """Figures by the first day of their period, as they were known on a day."""
    known = totals.filter(pl.col("known_from") <= day, pl.col("known_to").is_null() | (pl.col("known_to") > day))
    assert known["period_start"].is_unique().all()
    return dict(known.select("period_start", "kg").rows())


def pounds(*amounts: int) -> list[Decimal]:
    return [(amount * POUND).quantize(Decimal("0.000001")) for amount in amounts]


def test_a_total_is_told_as_it_was_known_on_a_day(world: Home, contracts: Registry) -> None:
    totals = samples.table(world, contracts, "conformed.totals").filter(source_id="monthly")
    assert set(totals["period_type"]) == {"month"}
    assert set(totals["scope"]) == {"agency"}
    october, november, september = date(2019, 10, 1), date(2019, 11, 1), date(2020, 9, 1)
    assert as_of(totals, date(2020, 9, 29)) == {}
    before = dict(zip((date(2018, 10, 1), october, november, september), pounds(5, 10, 7, 1), strict=True))
    assert as_of(totals, date(2020, 9, 30)) == before
    assert as_of(totals, date(2021, 9, 29)) == before
    # the newer file speaks of all fiscal year 2020: a month that it leaves out has no figure any more
    after = dict(zip((date(2018, 10, 1), october, date(2021, 9, 1)), pounds(5, 12, 1), strict=True))
    assert as_of(totals, date(2021, 9, 30)) == after
    assert as_of(totals, date(2030, 1, 1)) == after


def test_totals_of_years_restate_the_years_between_their_first_and_their_last_the_last_one_included(
    world: Home, contracts: Registry
) -> None:
    totals = samples.table(world, contracts, "conformed.totals").filter(source_id="yearly")
    years = [date(year, 1, 1) for year in (2018, 2019, 2020)]
    assert as_of(totals, date(2019, 12, 31)) == dict(zip(years[:2], map(Decimal, (1, 2)), strict=True))
    assert as_of(totals, date(2020, 12, 31)) == dict(zip(years, map(Decimal, (1, 3, 4)), strict=True))


# --- the order of receipt -----------------------------------------------------------------------------------


def delivered(home: Home, contracts: Registry, world: Home, batches: list[Mapping[str, bytes]]) -> None:
    """Receive files batch by batch, then read and conform them; reference tables are those of another home."""
    shutil.copytree(world.tables / "reference", home.tables / "reference")
    for files in batches:
        receive(home, contracts, samples.put(home.inbox, files))
    samples.stage(home, contracts, {})
    make_places(home, contracts)
    make_lines(home, contracts)


def test_the_order_of_receipt_changes_no_byte(world: Home, home: Home, contracts: Registry) -> None:
    """But where single records are restated and nothing but the receipt tells which is the correction."""
    told = [name for name in FILES if not name.startswith("by_record/")]
    untold = [name for name in FILES if name not in told]
    delivered(home, contracts, world, [{name: FILES[name]} for name in (*untold, *reversed(told))])
    layers = ("deliveries", "staging")
    assert samples.table_bytes(home, layers) == samples.table_bytes(world, layers)
    for name in ("lines", "not_lines"):
        assert (
            samples.table_bytes(home)[path_of(home, contracts, name)]
            == samples.table_bytes(world)[path_of(world, contracts, name)]
        )


def path_of(home: Home, contracts: Registry, name: str) -> str:
    return home.table_file(contracts.tables[f"conformed.{name}"]).relative_to(home.tables).as_posix()


CORRECTED: dict[str, tuple[bytes, bytes, list[int]]] = {
    "by_record/a.csv": (
        samples.table_of(report("2020-01-01", 1, "R1"), report("2020-12-31", 2, "R2"), header=WITH_ID),
        samples.table_of(report("2020-01-01", 5, "R1"), header=WITH_ID),
        [2, 5],
    ),
    "by_content/a.csv": (
        samples.table_of(report("2019-01-05", 1), report("2019-05-05", 2), report("2019-12-20", 3)),
        samples.table_of(report("2019-01-05", 1), report("2019-12-20", 4)),
        [1, 4],
    ),
    "by_name/ids_2019.csv": (
        samples.table_of(report("2019-01-05", 1), report("2019-12-20", 3)),
        samples.table_of(report("2019-02-05", 4)),
        [4],
    ),
    "by_snapshot/a.csv": (
        samples.table_of(report("2019-01-05", 1), report("2019-12-20", 3)),
        samples.table_of(report("2019-02-05", 6)),
        [6],
    ),
    "by_vintage/a.csv": (
        samples.table_of(report("2020-01-01", 1, "R1", "2024-01-01"), header=WITH_VINTAGE),
        samples.table_of(report("2020-01-01", 5, "R1", "2023-01-01"), header=WITH_VINTAGE),
        [1],
    ),
}


def test_of_two_files_of_one_name_the_last_received_is_the_newer_unless_the_publisher_says_otherwise(
    world: Home, home: Home, contracts: Registry
) -> None:
    first = {name: older for name, (older, _, _) in CORRECTED.items()}
    second = {name: newer for name, (_, newer, _) in CORRECTED.items()}
    delivered(home, contracts, world, [first, second])
    stand = {name: sorted(n for _, n in standing(home, contracts, name.split("/")[0])) for name in CORRECTED}
    assert stand == {name: amounts for name, (_, _, amounts) in CORRECTED.items()}


def test_a_withheld_file_restates_nothing(world: Home, home: Home, contracts: Registry) -> None:
    broken = {"by_name/ids_2019.csv": b"Day,Drug\n2019-01-01,heroin\n", "by_snapshot/c.csv": b""}
    sound = {name: content for name, content in FILES.items() if name.split("/")[0] in {"by_name", "by_snapshot"}}
    delivered(home, contracts, world, [sound, broken])
    for name in ("by_name", "by_snapshot"):
        assert standing(home, contracts, name) == standing(world, contracts, name)
