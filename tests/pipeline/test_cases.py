"""A case is the unit: linked to seizures by keyed numbers, followed by stage; unknown is no "no"; persons counted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import samples
from nights import KEY

from pipelines.conformed.cases import make
from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.published.report import Unbalanced, run_report
from pipelines.store import Home, StoreError
from pipelines.world import make_world
from schemas.contracts import SourceContract
from schemas.registry import Registry

CODE: Any = {"lookup": "@code", "not_known": [""]}
STAGE: Any = {
    "Stage": {"to": "stage", **CODE},
    "Result": {"to": "stage_state", **CODE, "not_known_code": "unknown"},
    "On": {"to": "stage_date", "date_format": ["%Y-%m-%d", "%Y-%m"], "not_known": [""]},
    "Under": {"to": "instrument", **CODE},
    **{f"N{sex}": {"to": f"persons_{sex}", "not_known": [""]} for sex in ("f", "m", "x", "unknown")},
    "Sum": {"to": "proceeds", "not_known": [""]},
    "Money": {"to": "currency", **CODE, "not_known_code": "XXX"},
}
SAYS = "Stage,Result,On,Under,Nf,Nm,Nx,Nunknown,Sum,Money"
COURT = f"Case,Seizure,{SAYS}"
REGISTER = "Day,Drug,Amount,Unit,Record,Incident,Case"
FORM = f"{REGISTER},{SAYS}"


def source(name: str, **changes: Any) -> SourceContract:
    return samples.contract(source=name, publisher={"name": name, "inbox": name}, **changes)


def court(name: str, **changes: Any) -> SourceContract:
    numbers = {"Case": {"to": "case_id"}, "Seizure": {"to": "seizure_ref", "not_known": [""]}}
    return source(name, kind="outcomes", columns={**numbers, **STAGE}, **changes)


def register(name: str, *, keyed: bool = True, stages: bool = False, **changes: Any) -> SourceContract:
    numbers: Any = {
        "Record": {"to": "record_id", "not_known": [""], "keyed": keyed},
        "Incident": {"to": "incident_number", "not_known": [""], "keyed": keyed},
        "Case": {"to": "case_id", "not_known": [""]},
    }
    return source(name, extra={**numbers, **(STAGE if stages else {})}, **changes)


SOURCES = (
    register("kenya"),
    register("in_clear", keyed=False),
    register("uganda", constants={"reporter": "UGA"}),
    register("form", keyed=False, stages=True, restates="record", tlp="GREEN"),
    register("diary", keyed=False, stages=True),
    court("court", tlp="AMBER"),
    court("ministry", tlp="CLEAR"),
    court("by_period", restates="period"),
    court("by_snapshot", restates="snapshot"),
)


@pytest.fixture(scope="module")
def contracts(registry: Registry) -> Registry:
    return samples.known(registry, *SOURCES)


@pytest.fixture(autouse=True, scope="module")
def key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(KEY.items())))
        yield


def seizure(record: str = "", incident: str = "", case: str = "", *, day: int = 1, more: str = "") -> str:
    return f"2020-05-{day:02d},heroin,5,gram,{record},{incident},{case}{more}"


def says(
    stage: str = "trial", result: str = "yes", on: str = "2021-03-14", persons: str = ",,,", money: str = ","
) -> str:
    return f"{stage},{result},{on},domestic_law,{persons},{money}"


@pytest.fixture(scope="module")
def reference(contracts: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of cited facts, made once."""
    home = Home.at(tmp_path_factory.mktemp("reference")).make()
    samples.reference(home, contracts)
    return home.tables / "reference"


@pytest.fixture
def home(reference: Path, tmp_path: Path) -> Home:
    return empty(reference, tmp_path / "home")


def empty(reference: Path, at: Path) -> Home:
    """A home that knows the facts and has no delivery."""
    shutil.copytree(reference, Home.at(at).make().tables / "reference")
    return Home.at(at)


def conform(home: Home, contracts: Registry, **files: tuple[str, list[str]]) -> None:
    """`court=(name of the file, rows)`; the header is that of the kind of source."""
    headers = {"kenya": REGISTER, "in_clear": REGISTER, "uganda": REGISTER, "form": FORM, "diary": FORM}
    delivered = {
        f"{name}/{file}": samples.table_of(*rows, header=headers.get(name, COURT))
        for name, (file, rows) in files.items()
    }
    samples.stage(home, contracts, delivered)
    make_places(home, contracts)
    make_lines(home, contracts)
    make.make_cases(home, contracts)


def rows(home: Home, contracts: Registry, name: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(samples.table(home, contracts, f"conformed.{name}").select(*columns).rows(), key=str)


def reasons(home: Home, contracts: Registry) -> list[str]:
    return sorted(samples.table(home, contracts, "conformed.not_outcomes")["reason"])


# --- which seizures a case is about -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linked(contracts: Registry, reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Cases A to F, each with another ground for its seizures, or none."""
    home = empty(reference, tmp_path_factory.mktemp("cases"))
    conform(
        home,
        contracts,
        kenya=("a.csv", [
            seizure("R-1", day=1), seizure("R-2", "I-2", day=2), seizure("R-3", "I-2", day=3),
            seizure("R-4", case="case a", day=4), seizure(case="police only", day=5),
        ]),
        in_clear=("a.csv", [seizure("R-9", "I-9")]),
        uganda=("a.csv", [seizure("R-1"), seizure("R-7", case="CASE A")]),
        court=("a.csv", [
            f"CASE A,r-1,{says()}", f"CASE B,I-2,{says()}", f"CASE C,R-9,{says()}", f"CASE D,R-77,{says()}",
            f"CASE E,,{says()}", f"CASE F,R-1,{says()}", f"CASE A,R-4,{says('conviction')}",
        ]),
    )  # fmt: skip
    return home


def test_a_case_is_linked_by_its_own_number_or_by_that_of_the_record_or_the_interception(
    linked: Home, contracts: Registry
) -> None:
    lines = samples.table(linked, contracts, "conformed.lines").filter(source_id="kenya")
    links = samples.table(linked, contracts, "conformed.case_seizures").filter(reporter="KEN")
    told = samples.table(linked, contracts, "conformed.outcomes").select("reporter", "case_key", case_row="row_no")
    named = links.join(lines.select("seizure_id", seized="row_no"), on="seizure_id")
    by_row = named.join(told, on=["reporter", "case_key"], how="left").sort("case_row", "seized")
    assert by_row.select("case_row", "seized", "link_basis").rows() == [
        (None, 5, "case_number"),
        (1, 1, "record_id"), (1, 4, "case_number"),
        (2, 2, "incident_number"), (2, 3, "incident_number"),
        (6, 1, "record_id"),
        (7, 1, "record_id"), (7, 4, "case_number"),
    ]  # fmt: skip


def test_a_case_whose_seizure_nobody_reported_stays_without_one(linked: Home, contracts: Registry) -> None:
    """A number in clear text never meets a keyed one, and a number of another country is another number."""
    cases = samples.table(linked, contracts, "conformed.cases").filter(reporter="KEN")
    court = cases.filter(pl.col("n_outcomes") > 0)
    assert sorted(court["n_seizures"]) == [0, 0, 0, 1, 2, 2]
    assert cases.filter(n_outcomes=0).select("n_seizures", "first_date").rows() == [(1, None)]


def test_one_number_in_two_countries_is_two_cases(linked: Home, contracts: Registry) -> None:
    cases = samples.table(linked, contracts, "conformed.cases").sort("reporter")
    assert cases["case_key"].n_unique() == cases.height - 1
    ugandan = cases.filter(reporter="UGA").select("n_seizures", "n_outcomes", "source_ids").rows()
    assert ugandan == [(1, 0, ["uganda"])]
    links = samples.table(linked, contracts, "conformed.case_seizures")
    lines = samples.table(linked, contracts, "conformed.lines").select("seizure_id", of="reporter")
    assert links.join(lines, on="seizure_id").filter(pl.col("of") != pl.col("reporter")).is_empty()


def test_a_case_takes_the_strictest_label_of_those_who_speak_of_it(linked: Home, contracts: Registry) -> None:
    cases = samples.table(linked, contracts, "conformed.cases").filter(reporter="KEN")
    mixed = cases.filter(pl.col("source_ids").list.len() == 2)
    assert mixed.select("source_ids", "tlp").rows() == [(["court", "kenya"], "AMBER")]
    links = samples.table(linked, contracts, "conformed.case_seizures")
    assert dict(links.group_by("link_basis").agg(pl.col("tlp").unique().sort()).rows()) == {
        "case_number": ["CLEAR"], "record_id": ["AMBER"], "incident_number": ["AMBER"],
    }  # fmt: skip


# --- what an outcome says ---------------------------------------------------------------------------------------


def test_unknown_is_a_state_and_an_end_without_conviction_is_a_stage(home: Home, contracts: Registry) -> None:
    told = [
        says("charge", "yes", "2020-07"), says("trial", ""), says("conviction", "no"), says("acquittal"),
        says("discontinued"), says("overturned"), says("investigation", "yes", "2020-06-01"),
    ]  # fmt: skip
    conform(home, contracts, court=("a.csv", [f"C-1,,{row}" for row in told]))
    found = rows(home, contracts, "outcomes", "stage", "state", "date", "date_precision")
    day = date(2021, 3, 14)
    assert found == [
        ("acquittal", "yes", day, "day"), ("charge", "yes", date(2020, 7, 1), "month"),
        ("conviction", "no", day, "day"), ("discontinued", "yes", day, "day"),
        ("investigation", "yes", date(2020, 6, 1), "day"), ("overturned", "yes", day, "day"),
        ("trial", "unknown", day, "day"),
    ]  # fmt: skip
    assert rows(home, contracts, "cases", "opened", "first_date", "last_date", "n_outcomes", "n_seizures") == [
        (date(2020, 6, 1), date(2020, 6, 1), day, 7, 0)
    ]


def test_persons_are_counts_by_sex_and_what_is_not_said_is_no_zero(home: Home, contracts: Registry) -> None:
    conform(home, contracts, court=("a.csv", [f"C-1,,{says(persons='1,0,,2')}"]))
    assert rows(home, contracts, "outcomes", "persons_f", "persons_m", "persons_x", "persons_unknown") == [
        (1, 0, None, 2)
    ]
    about_persons = {name for table in make.CASE_TABLES for name in contracts.field_names(f"conformed.{table}")}
    assert {name for name in about_persons if "person" in name or "sex" in name or "name" in name} == {
        "file_name", "persons_f", "persons_m", "persons_x", "persons_unknown",
    }  # fmt: skip


def test_an_amount_is_valued_at_the_rate_of_its_stages_day_or_not_at_all(home: Home, contracts: Registry) -> None:
    told = [
        says("confiscation", on="2015-06-01", money="100,EUR"), says("confiscation", on="2016-06-01", money="100,EUR"),
        says("confiscation", money="100,COP"), says("confiscation", money="100,"), says("trial", money=",USD"),
    ]  # fmt: skip
    conform(home, contracts, court=("a.csv", [f"C-1,,{row}" for row in told]))
    rates = samples.table(home, contracts, "reference.rates").filter(currency="EUR")
    expected = {year: rates.filter(pl.col("valid_from").dt.year() == year).row(0, named=True) for year in (2015, 2016)}
    found = samples.table(home, contracts, "conformed.outcomes").sort("row_no")
    euros = [(expected[year]["rate_id"], expected[year]["usd_per_unit"] * 100) for year in (2015, 2016)]
    assert [(r, round(u, 4)) for r, u in found.select("rate_id", "usd").rows()[:2]] == [
        (r, round(u, 4)) for r, u in euros
    ]
    assert found.select("amount", "currency", "usd", "rate_id").rows()[2:] == [
        (Decimal(100), "COP", None, None), (Decimal(100), "XXX", None, None), (None, None, None, None)
    ]  # fmt: skip


def test_what_rests_on_a_simulated_delivery_says_so_and_nothing_else_does(home: Home, contracts: Registry) -> None:
    conform(
        home, contracts,
        kenya=("a.csv", [seizure("R-1"), seizure("R-2", day=2)]),
        court=("a.csv", [f"C-1,R-1,{says()}"]),
        ministry=("simulated-b.csv", [f"C-2,R-2,{says()}", f"C-1,,{says('conviction')}"]),
    )  # fmt: skip
    assert rows(home, contracts, "outcomes", "source_id", "simulated") == [
        ("court", False), ("ministry", True), ("ministry", True)
    ]  # fmt: skip
    assert rows(home, contracts, "cases", "source_ids", "simulated") == [
        (["court", "ministry"], True), (["ministry"], True)
    ]  # fmt: skip
    assert rows(home, contracts, "case_seizures", "source_id", "simulated") == [("court", False), ("ministry", True)]
    for name in ("cases", "case_seizures", "outcomes"):
        assert any("simulated" in warning for warning in contracts.tables[f"conformed.{name}"].warnings)
        assert contracts.tables[f"conformed.{name}"].record_tier


# --- what is stated anew ----------------------------------------------------------------------------------------


def test_two_rows_alike_in_one_delivery_are_two_and_the_same_rows_again_are_known(
    home: Home, contracts: Registry
) -> None:
    """Two persons of a case convicted on one day are rows alike, since their names stay at the door."""
    told = [f"C-1,,{says('conviction', persons='0,1,0,0')}"] * 2
    conform(home, contracts, court=("a.csv", told))
    conform(home, contracts, court=("b.csv", [*told, f"C-1,,{says('overturned')}"]))
    assert [stage for (stage,) in rows(home, contracts, "outcomes", "stage")] == ["conviction"] * 2 + ["overturned"]
    assert reasons(home, contracts) == ["already_known"] * 2


@pytest.mark.parametrize("name", ["by_period", "by_snapshot"])
def test_an_outcome_that_is_restated_gives_way_and_keeps_its_days(home: Home, contracts: Registry, name: str) -> None:
    older = [f"C-1,,{says(on='2021-03-14')}", f"C-2,,{says(on='2021-05-14')}"]
    newer = [f"C-1,,{says(result='no', on='2021-03-14')}", f"C-3,,{says(on='2021-06-14')}"]
    conform(home, contracts, **{name: ("a.csv", older)})
    conform(home, contracts, **{name: ("b.csv", newer)})
    assert rows(home, contracts, "outcomes", "state", "date") == [
        ("no", date(2021, 3, 14)), ("yes", date(2021, 6, 14))
    ]  # fmt: skip
    assert rows(home, contracts, "not_outcomes", "reason", "known_from", "known_to") == [
        ("superseded", date(2021, 5, 14), date(2021, 6, 14))
    ] * 2  # fmt: skip
    assert len(rows(home, contracts, "cases", "case_key")) == 2


def test_an_outcome_in_a_seizures_row_falls_with_its_record_though_the_new_row_has_none(
    home: Home, contracts: Registry
) -> None:
    conform(home, contracts, form=("a.csv", [seizure("F-1", case="C-1", more=f",{says('charge')}")]))
    assert rows(home, contracts, "outcomes", "stage") == [("charge",)]
    conform(home, contracts, form=("b.csv", [seizure("F-1", case="C-1", day=2, more="," * 10)]))
    assert rows(home, contracts, "outcomes", "stage") == []
    assert reasons(home, contracts) == ["superseded"]
    assert rows(home, contracts, "cases", "n_outcomes", "n_seizures") == [(0, 1)]


def test_goods_side_by_side_repeat_what_became_of_the_case_and_count_once(home: Home, contracts: Registry) -> None:
    said = says("charge", persons="1,2,0,0")
    told = [seizure("F-1", case="C-1", more=f",{said}"), seizure("F-2", case="C-1", day=2, more=f",{said}")]
    conform(home, contracts, form=("a.csv", [*told, seizure("F-3", case="C-2", more=f",{said}")]))
    assert rows(home, contracts, "cases", "n_outcomes", "n_seizures", "case_basis") == [
        (1, 1, "case_number"), (1, 2, "case_number")
    ]  # fmt: skip
    assert reasons(home, contracts) == ["repeated"]


@pytest.mark.parametrize(
    ("name", "numbers", "basis", "n_seizures"),
    [
        ("form", ("F-1", ""), "record_id", 2),
        ("diary", ("", "I-1"), "incident_number", 2),
        ("diary", ("", ""), "row", 1),
    ],
)
def test_an_outcome_without_a_case_number_is_of_the_case_that_its_row_is_about(
    home: Home, contracts: Registry, name: str, numbers: tuple[str, str], basis: str, n_seizures: int
) -> None:
    told = [seizure(*numbers, more=f",{says()}"), seizure(*numbers, day=2, more="," * 10)]
    conform(home, contracts, **{name: ("a.csv", told)})
    assert rows(home, contracts, "cases", "case_basis", "n_outcomes", "n_seizures") == [(basis, 1, n_seizures)]
    assert {found for (found,) in rows(home, contracts, "case_seizures", "link_basis")} == {basis}


# --- nothing is lost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "loss", "says_so"),
    [
        ("outcomes", " AND t.stage <> 'trial'", "2 staged outcomes became 1"),
        ("case_seizures", " WHERE false", "0 links"),
    ],
)
def test_an_outcome_or_a_link_that_is_lost_stops_the_step(
    home: Home, contracts: Registry, monkeypatch: pytest.MonkeyPatch, table: str, loss: str, says_so: str
) -> None:
    conform(
        home, contracts,
        kenya=("a.csv", [seizure("R-1")]), court=("a.csv", [f"C-1,R-1,{says()}", f"C-1,R-1,{says('charge')}"]),
    )  # fmt: skip
    text = make.sql
    monkeypatch.setattr(make, "sql", lambda file, name: text(file, name) + (loss if name == table else ""))
    with pytest.raises(StoreError, match=says_so):
        make.make_cases(home, contracts)


def test_an_outcome_that_no_table_holds_stops_the_night(home: Home, contracts: Registry) -> None:
    conform(home, contracts, court=("a.csv", [f"C-1,,{says()}", f"C-2,,{says()}"]))
    report = run_report(home, contracts, [])
    (told,) = (row for row in report["deliveries"] if row["source_id"] == "court")
    assert (told["outcomes"], told["standing_outcomes"], told["not_outcomes"]) == (2, 2, 0)
    assert report["outcomes"] == [
        {"source_id": "court", "simulated": False, "stage": "trial", "state": "yes", "n_cases": 2, "n_linked_cases": 0}
    ]
    path = home.table_file(contracts.tables["conformed.outcomes"])
    pl.read_parquet(path).head(1).write_parquet(path)
    with pytest.raises(Unbalanced):
        run_report(home, contracts, [])


def test_the_same_deliveries_give_the_same_bytes_in_whatever_order_they_came(
    contracts: Registry, reference: Path, tmp_path: Path
) -> None:
    told = {"a.csv": [f"C-1,R-1,{says()}"], "b.csv": [f"C-1,R-1,{says()}", f"C-2,R-1,{says()}"]}
    made = []
    for place, names in (("one", ["a.csv", "b.csv"]), ("two", ["b.csv", "a.csv"])):
        home = empty(reference, tmp_path / place)
        for name in names:
            conform(home, contracts, kenya=("a.csv", [seizure("R-1")]), court=(name, told[name]))
        made.append(samples.table_bytes(home, ["conformed"]))
    assert made[0] == made[1]


# --- the simulated world ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """The container unit's and the prosecution service's files of a world, and where its truth lies."""
    base = tmp_path_factory.mktemp("world")
    make_world(base / "world", seed=7, seizures=6_000)
    home = Home.at(base / "home").make()
    files = {
        path.relative_to(base / "world" / "inbox").as_posix(): path.read_bytes()
        for name in ("container_control", "prosecution_outcomes")
        for path in sorted((base / "world" / "inbox" / name).iterdir())
    }
    samples.conform(home, registry, files)
    return home, base / "world" / "truth"


def test_in_the_world_every_stage_is_as_it_was_said_and_none_is_lost(
    world: tuple[Home, Path], registry: Registry
) -> None:
    home, truth = world
    said = pl.read_parquet(truth / "outcomes.parquet").sort("row_no")
    found = samples.table(home, registry, "conformed.outcomes").sort("row_no")
    assert found.height == said.height > 50
    assert found["simulated"].all()
    assert found["row_no"].to_list() == said["row_no"].to_list()
    assert found["stage"].to_list() == said["stage"].to_list()
    assert found["state"].to_list() == said["state_said"].to_list()
    first_of_month = pl.when("month_only").then(pl.col("date").dt.month_start()).otherwise("date")
    assert found["date"].to_list() == said.select(first_of_month).to_series().to_list()
    for column in ("persons_f", "persons_m", "persons_x", "persons_unknown"):
        assert found[column].to_list() == said[column].to_list()
    assert [None if a is None else float(a) for a in found["amount"]] == said["proceeds"].to_list()
    assert found["case_key"].n_unique() == said["case_id"].n_unique()
    assert said.with_columns(key=found["case_key"]).group_by("case_id").agg(pl.col("key").n_unique())["key"].max() == 1


def test_in_the_world_a_case_is_linked_to_its_own_seizure_with_precision_and_recall_of_one(
    world: tuple[Home, Path], registry: Registry
) -> None:
    """Of the reports that carry the number which the prosecution states: those of the container unit."""
    home, truth = world
    said = pl.read_parquet(truth / "outcomes.parquet").select("row_no", "event_id")
    outcomes = samples.table(home, registry, "conformed.outcomes").select("row_no", "case_key")
    told = pl.read_parquet(truth / "reports.parquet").filter(publisher="container_control")
    place = ["file_name", "part", "row_no", "line_no"]
    lines = samples.table(home, registry, "conformed.lines").select("seizure_id", *place)
    seized = lines.cast({name: told.schema[name] for name in place}).join(told.select("event_id", *place), on=place)
    expected = set(said.join(outcomes, on="row_no").join(seized, on="event_id").select("case_key", "seizure_id").rows())
    links = samples.table(home, registry, "conformed.case_seizures")
    found = set(links.select("case_key", "seizure_id").rows())
    precision, recall = len(found & expected) / len(found), len(found & expected) / len(expected)
    assert (precision, recall) == (1.0, 1.0)
    assert set(links["link_basis"]) == {"record_id"}
    assert len(expected) == said["event_id"].n_unique()
