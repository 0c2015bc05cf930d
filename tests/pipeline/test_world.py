"""The simulated world keeps its promises: same bytes, true links from events to rows, real spellings."""

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.world import WorldSummary, make_world

DAYS = ["Lunes", "Martes", "Miércoles", "Jueves", "Viernes", "Sábado", "Domingo"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    return make_world(tmp_path_factory.mktemp("world"), seed=7, seizures=1_000)


@pytest.fixture(scope="module")
def reports(world: WorldSummary) -> pl.DataFrame:
    return pl.read_parquet(world.out / "truth" / "reports.parquet")


def digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def records(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".json":
        rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return rows
    semicolon = path.parent.name in ("unodc_ids", "brazil_pf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";" if semicolon else ","))


def ids_rows(world: WorldSummary) -> list[dict[str, str]]:
    return [row for path in sorted((world.out / "inbox" / "unodc_ids").iterdir()) for row in records(path)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(world: WorldSummary, tmp_path: Path) -> None:
    make_world(tmp_path / "same", seed=7, seizures=1_000)
    make_world(tmp_path / "other", seed=8, seizures=1_000)
    first, same, other = digests(world.out), digests(tmp_path / "same"), digests(tmp_path / "other")
    assert first == same
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_every_report_points_to_a_row_that_exists_and_every_event_is_reported(
    world: WorldSummary, reports: pl.DataFrame
) -> None:
    events = pl.read_parquet(world.out / "truth" / "events.parquet")
    assert events.height == 1_000 <= reports.height == world.reports
    assert set(reports["event_id"]) == set(events["event_id"])
    for (publisher, file_name), rows in reports.group_by("publisher", "file_name"):
        found = records(world.out / "inbox" / str(publisher) / str(file_name))
        data = [row for row in found if row.get("FECHA") != "TOTAL"]
        assert sorted(rows["row_no"]) == list(range(1, len(data) + 1))


def test_a_report_row_names_its_events_reporter_and_unhidden_countries(
    world: WorldSummary, reports: pl.DataFrame
) -> None:
    events = pl.read_parquet(world.out / "truth" / "events.parquet")
    names = {
        "COL": "Colombia",
        "ESP": "Spain",
        "NZL": "New Zealand",
        "VEN": "Venezuela, Bolivarian Republic of",
    }
    linked = reports.filter(pl.col("file_name") == "simulated-ids-2020.csv").join(events, on="event_id", validate="m:1")
    rows = records(world.out / "inbox" / "unodc_ids" / "simulated-ids-2020.csv")
    checked = 0
    for truth in linked.filter(pl.col("seizing_country").is_in(list(names))).iter_rows(named=True):
        row = rows[truth["row_no"] - 1]
        assert row["COUNTRY"] == names[truth["seizing_country"]]
        if truth["hid_departure"]:
            assert row["DEPARTURE_COUNTRY"] in ("", "Unknown", "Other")
        elif truth["label_noise"] is None and truth["departure"] in names:
            assert row["DEPARTURE_COUNTRY"] == names[truth["departure"]]
            checked += 1
    assert checked > 20


def test_the_police_total_is_the_sum_and_the_weekday_fits_the_date(world: WorldSummary) -> None:
    for path in (world.out / "inbox" / "colombia_policia").glob("*.csv"):
        *rows, total = records(path)
        assert int(total["CANTIDAD"]) == sum(int(row["CANTIDAD"]) for row in rows)
        assert [value for value in total.values() if value] == ["TOTAL", total["CANTIDAD"]]
        for row in rows:
            day = datetime.strptime(row["FECHA"], "%m/%d/%Y 12:00:00 AM").replace(tzinfo=UTC)
            assert row["DIA"] == DAYS[day.weekday()]
        assert any(len(row["CÓDIGO DANE"]) == 7 for row in rows)


def test_the_api_holds_the_first_rows_of_the_police_file(world: WorldSummary) -> None:
    for path in (world.out / "inbox" / "colombia_policia").glob("*-api.json"):
        api = records(path)
        rows = records(path.with_name(path.name.replace("-api.json", ".csv")))
        assert 0 < len(api) < len(rows)
        for there, here in zip(api, rows, strict=False):
            assert there["cantidad"] == here["CANTIDAD"]
            assert there["c_digo_dane"] == here["CÓDIGO DANE"]
            assert there["municipio"] == here["MUNICIPIO"]
            day = datetime.strptime(here["FECHA"], "%m/%d/%Y 12:00:00 AM").replace(tzinfo=UTC)
            assert there["fecha"] == f"{day:%Y-%m-%d}T00:00:00.000"


def test_the_files_speak_the_publishers_words(world: WorldSummary) -> None:
    rows = ids_rows(world)
    assert {"Cocaine", "Heroin", "Coca paste", "Cocaine HCL", "Ecstasy", "Opium"} <= {r["DRUG_NAME"] for r in rows}
    assert {"Kilogram", "Gram", "Tablet", "Litre"} == {r["DRUG_UNIT"] for r in rows}
    assert {"Border - inbound", "National territory/domestic seizure", ""} <= {r["ROUTING"] for r in rows}
    assert {"Commercial air", "Commercial sea", "Other", ""} <= {r["TRANSPORT"] for r in rows}
    assert {"Venezuela, Bolivarian Republic of", "Russian Federation"} <= {r["COUNTRY"] for r in rows}
    brazil = records(world.out / "inbox" / "brazil_pf" / "simulated-pf-portos-aeroportos.csv")
    assert {"GRU", "MAO", "BRSSZ"} <= {row["UNIDADE_PADRAO_AEROPORTUARIO"] for row in brazil}
    assert all("," in row["lat"] and "." not in row["QUANTIDADE"] for row in brazil)


def test_the_known_traps_are_planted(world: WorldSummary, reports: pl.DataFrame) -> None:
    rows = ids_rows(world)
    assert all(len(records(p)) >= 100 for p in (world.out / "inbox" / "unodc_ids").iterdir())
    assert sum("\n" in row["PLACE"] for row in rows) == 1
    assert any(row["PLACE"] != row["PLACE"].strip() for row in rows)
    assert any(row["AMOUNT"] == "0.0" for row in rows)
    for flag in ("unit_slip", "is_duplicate", "month_only", "hid_destination"):
        assert reports[flag].any()
    stated = [row for row in rows if row["DESTINATION_COUNTRY"] not in ("", "Unknown", "Other", "None")]
    assert 0.08 < len(stated) / len(rows) < 0.22


def test_annual_totals_are_never_below_the_seizures_behind_them(world: WorldSummary) -> None:
    events = pl.read_parquet(world.out / "truth" / "events.parquet")
    heroin = events.filter(pl.col("commodity") == "Heroin")
    seized = heroin.group_by("seizing_country", pl.col("date").dt.year().alias("year")).agg(pl.col("kg").sum())
    annual = records(world.out / "inbox" / "unodc_annual" / "simulated-annual.csv")
    told = {(r["ISO Code"], int(r["Year"])): float(r["KG Equivalent"]) for r in annual if r["Drug"] == "Heroin"}
    assert told.keys() == set(seized.select("seizing_country", "year").iter_rows())
    assert all(kg - 1e-9 <= told[iso3, year] <= kg * 1.05 + 0.001 for iso3, year, kg in seized.iter_rows())


def test_true_flow_shares_sum_to_one_in_each_group_and_year(world: WorldSummary) -> None:
    corridors = pl.read_parquet(world.out / "truth" / "corridors.parquet")
    sums = corridors.group_by("commodity_group", "year").agg(pl.col("flow_share").sum())
    assert sums["flow_share"].is_between(1 - 1e-9, 1 + 1e-9).all()


@pytest.mark.parametrize(("seed", "seizures"), [(1, 999), (1, 1_000_001), (-1, 1_000)])
def test_a_world_out_of_range_is_refused(tmp_path: Path, seed: int, seizures: int) -> None:
    with pytest.raises(ValueError, match="must"):
        make_world(tmp_path, seed=seed, seizures=seizures)
