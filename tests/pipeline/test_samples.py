"""The samples in `data/sample/`: each row ends where their table says, file by file and many in one home.

Each source has a file that is right throughout and one with faults. They hold much the same rows, so each kind is
carried into a home of its own: in one, the rows of the second would count as known already.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
import samples
from typer.testing import CliRunner

from illicit_flows.cli import app
from illicit_flows.source.check import check_file
from pipelines.deliveries.receive import Received
from pipelines.keys import new_key
from pipelines.staging.make import parse_source
from pipelines.store import Home
from schemas.registry import PROJECT, Registry

FOLDER = PROJECT / "data" / "sample"
WITH_FAULTS = "-with-faults"
ROW = re.compile(r"^\| (\w+) \| ([\w.-]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$")


class Sample(NamedTuple):
    source: str
    file: str
    records: int
    staged: int
    quarantined: int
    declared: int

    @property
    def path(self) -> Path:
        return FOLDER / self.source / self.file

    @property
    def endings(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("records", "staged", "quarantined", "declared")}

    @property
    def has_faults(self) -> bool:
        return Path(self.file).stem.endswith(WITH_FAULTS)


def stated() -> list[Sample]:
    """The rows of the table in the samples' README."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    return [Sample(row[1], row[2], *map(int, row.groups()[2:])) for line in lines if (row := ROW.match(line))]


SAMPLES = stated()
RIGHT = [sample for sample in SAMPLES if not sample.has_faults]
FAULTY = [sample for sample in SAMPLES if sample.has_faults]
SOURCES = sorted({sample.source for sample in SAMPLES})
by_file = pytest.mark.parametrize("sample", SAMPLES, ids=[f"{sample.source}/{sample.file}" for sample in SAMPLES])


def test_every_contract_has_a_sample_and_every_sample_stands_in_the_table(registry: Registry) -> None:
    assert set(SOURCES) == set(registry.sources)
    files = {path for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md"}
    assert {sample.path for sample in SAMPLES} == files
    assert all(sample.file.startswith("simulated-") for sample in SAMPLES)
    assert all(sample.records == sample.staged + sample.quarantined + sample.declared for sample in SAMPLES)


def test_every_source_has_a_faulty_sample_and_the_shipped_ones_one_that_is_right_throughout(
    registry: Registry,
) -> None:
    """A source that was proposed from a sample has a faulty one alone, until its own are written."""
    assert {sample.source for sample in FAULTY} == set(registry.sources)
    assert len({sample.source for sample in RIGHT}) >= 20
    assert [sample.file for sample in SAMPLES if sample.has_faults != bool(sample.quarantined)] == []


@by_file
def test_a_sample_has_the_endings_that_its_table_states(registry: Registry, sample: Sample) -> None:
    found = check_file(registry, registry.sources[sample.source], sample.path)
    assert (found.inspection.rule, found.inspection.params) == (None, {})
    assert found.endings() == sample.endings
    assert found.inspection.content is not None
    assert found.inspection.content.notices == ()
    assert sample.has_faults or found.unmapped() == []


@by_file
def test_the_command_says_so_with_its_exit_code_and_in_the_publishers_words(registry: Registry, sample: Sample) -> None:
    said = CliRunner().invoke(app, ["source", "check", str(sample.path), "--source", sample.source, "--json"])
    assert said.exit_code == (3 if sample.has_faults else 0), said.stderr
    told = json.loads(said.stdout)
    assert {name: told[name] for name in sample.endings} == sample.endings
    assert (told["verdict"], told["file"], told["source_id"]) == ("accepted", sample.file, sample.source)
    assert len({(row["rule_id"], row["column"]) for row in told["broken"]}) == len(told["broken"])
    assert all("{" not in row["says"] for row in told["broken"])
    assert sum(row["rows"] for row in told["broken"]) >= sample.quarantined
    assert bool(told["broken"]) == bool(sample.quarantined)


# --- all sources in one home --------------------------------------------------------------------------------


class Carried(NamedTuple):
    samples: list[Sample]
    home: Home
    received: Received
    counts: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Carried:
    """A home with the samples that are right, conformed. Tests read it and write nothing into it."""
    right = carry(tmp_path_factory.mktemp("right"), registry, RIGHT)
    samples.reference(right.home, registry)
    samples.conformed(right.home, registry)
    return right


@pytest.fixture(scope="module")
def carried_with_faults(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Carried:
    """A home with the faulty samples, staged. Tests read it and write nothing into it."""
    return carry(tmp_path_factory.mktemp("faulty"), registry, FAULTY)


@pytest.fixture(params=["carried", "carried_with_faults"])
def either(request: pytest.FixtureRequest) -> Carried:
    """Both homes, one after the other."""
    found: Carried = request.getfixturevalue(request.param)
    return found


def carry(base: Path, registry: Registry, carried: list[Sample]) -> Carried:
    home = Home.at(base / "home").make()
    for sample in carried:
        folder = home.inbox / registry.sources[sample.source].publisher.inbox
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(sample.path, folder / sample.file)
    with pytest.MonkeyPatch.context() as patch:
        new_key(base / "key")
        patch.setenv("FLOWS_KEY_FILE", str(base / "key"))
        received = samples.deliver(home, registry, {})
        counts = {name: samples.endings(parse_source(home, registry, name)) for name in samples.delivering(home)}
    return Carried(carried, home, received, counts)


def shown(carried: Carried, registry: Registry) -> set[tuple[str, str]]:
    """What the samples of each source show of its contract: values by field, several places, declarations, fixes."""
    found = set()
    for name in ("reports", "outcomes", "totals", "cultivation"):
        rows = samples.table(carried.home, registry, f"staging.{name}")
        for (source,), of_source in rows.group_by("source_id"):
            for column in of_source.iter_columns():
                several = column.dtype == pl.List(pl.String) and (column.list.len() > 1).any()
                held = column.list.len().sum() if isinstance(column.dtype, pl.List) else column.count()
                found |= {(str(source), f"{name}.{column.name}")} if held else set()
                found |= {(str(source), f"several {column.name}")} if several else set()
    declared = samples.table(carried.home, registry, "staging.declared")
    found |= {(source, f"declared {reason}") for source, reason in declared.select("source_id", "reason").iter_rows()}
    files = samples.table(carried.home, registry, "deliveries.files").select("source_id", "corrections")
    return found | {(source, f"fixes {fix}") for source, fixes in files.iter_rows() for fix in fixes}


def test_every_sample_is_claimed_by_its_contract_and_by_no_other(either: Carried, registry: Registry) -> None:
    assert either.received.unclaimed == ()
    assert len(either.received.new) == len(either.samples)
    files = samples.table(either.home, registry, "deliveries.files")
    claimed = set(files.select("source_id", "file_name").rows())
    assert claimed == {(sample.source, sample.file) for sample in either.samples}
    assert set(files["verdict"]) == {"accepted"}
    status = samples.table(either.home, registry, "deliveries.status").filter(pl.col("source_id").is_in(SOURCES))
    assert set(status["status"]) == {"accepted"}
    assert status["data_through"].null_count() == 0


def test_a_night_gives_the_same_endings_as_a_dry_run(either: Carried) -> None:
    stated_by_source: dict[str, dict[str, int]] = {}
    for sample in either.samples:
        sums = stated_by_source.setdefault(sample.source, dict.fromkeys(sample.endings, 0))
        for name, number in sample.endings.items():
            sums[name] += number
    assert either.counts == stated_by_source


def test_a_right_sample_shows_of_its_contract_whatever_the_faulty_one_shows(
    carried: Carried, carried_with_faults: Carried, registry: Registry
) -> None:
    assert shown(carried_with_faults, registry) - shown(carried, registry) == set()


def test_every_staged_row_is_a_line_or_has_a_reason_and_every_kind_of_source_has_its_table(
    carried: Carried, registry: Registry
) -> None:
    home = carried.home
    reports = samples.table(home, registry, "staging.reports")
    lines = samples.table(home, registry, "conformed.lines")
    gone = samples.table(home, registry, "conformed.not_lines")
    assert reports.height == lines.height + gone.height
    assert sorted(gone.select("source_id", "reason").rows()) == [("police_register", "superseded")] * 2
    kinds = {source: registry.sources[source].kind for source in SOURCES}
    for name, kind in (("lines", "seizures"), ("seizures", "seizures"), ("legs", "seizures"), ("totals", "totals"),
                       ("cultivation", "cultivation")):  # fmt: skip
        found = set(samples.table(home, registry, f"conformed.{name}")["source_id"])
        assert found == {source for source, of in kinds.items() if of == kind}, name
    told = {source for source in SOURCES if registry.sources[source].column_of("stage") is not None}
    assert set(samples.table(home, registry, "staging.outcomes")["source_id"]) == told


def test_every_word_of_the_samples_has_a_code_but_for_those_that_are_wrong_on_purpose(
    either: Carried, registry: Registry
) -> None:
    mappings = samples.table(either.home, registry, "staging.mappings")
    unmapped = samples.table(either.home, registry, "staging.unmapped")
    assert unmapped["n_rows"].sum() == mappings["n_unmapped"].sum()
    assert set(unmapped["source_id"]) <= {sample.source for sample in either.samples if sample.has_faults}
    rows = samples.table(either.home, registry, "staging.reports")
    assert set(rows["commodity"]) <= registry.codes["commodities"].codes
    assert rows.filter(pl.col("reporter").is_in(["unmapped", "unknown"])).is_empty()


def test_several_lines_of_one_row_are_one_incident_and_several_places_of_one_role_stand_in_their_order(
    carried: Carried, registry: Registry
) -> None:
    seizures = samples.table(carried.home, registry, "conformed.seizures")
    wide = seizures.filter(source_id="caribbean_customs")
    rows = wide.group_by("row_no").agg(pl.len(), pl.col("incident_id").n_unique(), pl.col("incident_weight").sum())
    assert rows["len"].max() > 1
    assert set(rows["incident_id"]) == {1}
    assert wide["incident_weight"].sum() == wide["incident_id"].n_unique()
    legs = samples.table(carried.home, registry, "conformed.legs")
    transits = legs.filter(role="transit").group_by("seizure_id").len()
    assert transits["len"].max() > 1
    for _, route in legs.group_by("seizure_id"):
        assert sorted(route["seq"]) == list(range(1, route.height + 1))


def test_money_has_a_value_where_a_rate_is_dated_and_none_elsewhere(carried: Carried, registry: Registry) -> None:
    lines = samples.table(carried.home, registry, "conformed.lines").filter(amount_semantics="currency")
    assert lines.height
    rates = samples.table(carried.home, registry, "reference.rates")
    judged = lines.join(rates, on="currency", how="left").with_columns(
        holds=pl.col("seized_from").is_between(pl.col("valid_from"), pl.col("valid_to"))
    )
    holding = judged.filter(pl.col("holds"))
    valued = lines.filter(pl.col("value_usd").is_not_null())
    assert set(valued["seizure_id"]) == set(holding["seizure_id"])
    for row in holding.to_dicts():
        assert float(row["value_usd"]) == pytest.approx(float(row["quantity_reported"] * row["usd_per_unit"]), abs=1e-5)
    assert lines["kg_mid"].null_count() == lines.height


def test_no_dropped_column_and_no_case_id_is_anywhere_in_the_home_but_in_the_delivery(
    either: Carried, registry: Registry
) -> None:
    rows = samples.table(either.home, registry, "deliveries.rows")
    parts = samples.table(either.home, registry, "deliveries.parts")
    cells = rows.join(parts.select("delivery_id", "part", "header"), on=["delivery_id", "part"])
    for source in registry.sources.values():
        kept = set(source.kept_columns)
        for row in cells.filter(source_id=source.source).to_dicts():
            if len(row["cells"]) == len(row["header"]):
                seen = dict(zip(row["header"], row["cells"], strict=True))
                assert not any(text for name, text in seen.items() if name not in kept), source.source
    case = re.compile(r"^[0-9a-f]{32}$")
    outcomes = samples.table(either.home, registry, "staging.outcomes")
    assert all(case.match(key) for key in outcomes["case_key"])
    assert all(case.match(key) for key in outcomes["seizure_key"].drop_nulls())


def test_the_samples_conform_to_the_same_bytes_again(carried: Carried, registry: Registry, tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home").make()
    shutil.copytree(carried.home.tables, home.tables, dirs_exist_ok=True)
    shutil.rmtree(home.tables / "conformed")
    samples.conformed(home, registry)
    assert samples.table_bytes(home, ["conformed"]) == samples.table_bytes(carried.home, ["conformed"])
