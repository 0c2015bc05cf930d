"""What the real reports come to: every record accounted for, every word mapped, the known difference found."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
import samples

from pipelines.conformed.make import make_lines
from pipelines.deliveries.inspect import read_source, summarise
from pipelines.deliveries.receive import Received, receive
from pipelines.reference.make import make_reference
from pipelines.staging.make import parse_source
from pipelines.store import Home
from schemas.registry import Registry

pytestmark = [pytest.mark.real, pytest.mark.slow]

COUNTS = {
    "unodc_ids": {"records": 263_485, "staged": 263_485, "quarantined": 0, "declared": 0},
    "brazil_pf": {"records": 6_089, "staged": 6_089, "quarantined": 0, "declared": 0},
    "colombia_policia": {"records": 41_393, "staged": 41_392, "quarantined": 0, "declared": 1},
    "colombia_policia_api": {"records": 1_000, "staged": 1_000, "quarantined": 0, "declared": 0},
    "unodc_annual": {"records": 51_201, "staged": 50_694, "quarantined": 0, "declared": 507},
}
LINES = 263_485 + 6_089 + 41_392 + 1_000


class Night(NamedTuple):
    """A home with the real reports, and what its steps said."""

    home: Home
    received: Received
    counts: dict[str, dict[str, int]]
    lines: dict[str, int]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, registry: Registry, real_reports: Path) -> Night:
    """The real reports, delivered, staged and conformed to lines (about 30 seconds)."""
    home = Home.at(tmp_path_factory.mktemp("real")).make()
    received = receive(home, registry, real_reports)
    counts = {}
    for source in COUNTS:
        read_source(home, registry, source)
        counts[source] = samples.endings(parse_source(home, registry, source))
    summarise(home, registry)
    make_reference(home, registry)
    return Night(home, received, counts, make_lines(home, registry))


@pytest.mark.parametrize("source", COUNTS)
def test_every_record_is_staged_or_declared_and_none_is_quarantined(night: Night, source: str) -> None:
    assert night.counts[source] == COUNTS[source]


def test_every_delivery_is_accepted(night: Night, registry: Registry) -> None:
    files = samples.table(night.home, registry, "deliveries.files").filter(pl.col("source_id").is_in(list(COUNTS)))
    assert files["verdict"].unique().to_list() == ["accepted"]
    assert files.height == 9


def test_files_without_a_contract_are_named_and_left_alone(night: Night, real_reports: Path) -> None:
    claimed = {*night.received.new, *night.received.known}
    assert night.received.unclaimed
    for name in night.received.unclaimed:
        assert (real_reports / name).exists()
        assert not any(file.startswith(name) for file in claimed)


def test_every_word_has_a_code(night: Night, registry: Registry) -> None:
    mappings = samples.table(night.home, registry, "staging.mappings").filter(pl.col("source_id").is_in(list(COUNTS)))
    assert mappings.height == 23
    assert mappings["share_mapped"].unique().to_list() == [Decimal(1)]
    assert samples.table(night.home, registry, "staging.unmapped").is_empty()


def test_the_police_total_is_140_grams_below_the_sum_of_its_rows(night: Night, registry: Registry) -> None:
    (found,) = samples.table(night.home, registry, "staging.declared").filter(source_id="colombia_policia").to_dicts()
    assert (found["declared_value"], found["computed_value"]) == (Decimal(205_262_262), Decimal(205_262_402))
    assert (found["reason"], found["row_no"]) == ("total_row", 41_393)


def test_every_staged_row_is_one_line_and_every_line_a_seizure_of_its_own(night: Night, registry: Registry) -> None:
    assert night.lines == {"lines": LINES, "not_lines": 0}
    lines = samples.table(night.home, registry, "conformed.lines")
    assert lines.height == lines["seizure_id"].n_unique() == LINES


def test_the_interface_repeats_the_events_of_the_file_and_holds_some_that_are_newer(
    night: Night, registry: Registry
) -> None:
    values = [
        "seized_from", "commodity", "quantity_reported", "unit_reported", "facility", "admin1", "place_text",
        "place_code",
    ]  # fmt: skip
    reports = samples.table(night.home, registry, "staging.reports").select("source_id", *values)
    file = reports.filter(source_id="colombia_policia")
    interface = reports.filter(source_id="colombia_policia_api")
    shared = interface.filter(pl.col("seized_from") <= file["seized_from"].max())
    absent = shared.join(file, on=values, how="anti", nulls_equal=True)
    assert (interface.height, shared.height, absent.height) == (1_000, 839, 5)


def test_a_text_with_a_line_break_is_one_record(night: Night, registry: Registry) -> None:
    lines = samples.table(night.home, registry, "conformed.lines")
    assert lines.filter(pl.col("place_text").str.contains("\n", literal=True)).height == 3


def test_new_zealands_first_of_month_is_a_month(night: Night, registry: Registry) -> None:
    lines = samples.table(night.home, registry, "conformed.lines")
    theirs = lines.filter(reporter="NZL", source_id="unodc_ids")
    assert theirs.filter(date_precision="month").height / theirs.height > 0.9
    assert lines.filter(date_precision="month")["reporter"].unique().to_list() == ["NZL"]
