"""A delivery that must be forgotten: it and all that was made of it go, a mark and a line of the log stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import samples
from nights import Night, copied, flows_here

from pipelines.deliveries.audit import noted
from pipelines.deliveries.receive import FORGOTTEN, Delivery, deliveries, receive
from pipelines.store import Home, locked
from schemas.registry import Registry


@pytest.fixture(scope="module")
def before(simulated: Night, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(simulated, tmp_path_factory.mktemp("forget") / "home")


@pytest.fixture(scope="module")
def delivery(before: Home) -> Delivery:
    return min(deliveries(before), key=lambda found: found.delivery_id)


@pytest.fixture(scope="module")
def after(before: Home, delivery: Delivery) -> Home:
    said = flows_here("source", "forget", delivery.delivery_id[:12], "--home", before.root, "--json")
    assert said.code == 0, said.err
    assert said.json["delivery_id"] == delivery.delivery_id
    assert len(said.json["releases"]) == 1
    return before


def test_its_bytes_and_its_receipt_are_gone_and_a_mark_stays(after: Home, delivery: Delivery) -> None:
    assert [path.name for path in delivery.folder.iterdir()] == [FORGOTTEN]
    assert delivery.delivery_id not in {found.delivery_id for found in deliveries(after)}


def test_the_releases_that_rest_on_it_are_gone_and_their_numbers_are_kept(after: Home, delivery: Delivery) -> None:
    (stone,) = [json.loads(path.read_text()) for path in after.releases.iterdir()]
    assert delivery.delivery_id in stone["because"]
    assert stone["sequence"] == 1


def test_no_table_of_the_home_is_left(after: Home) -> None:
    assert list(after.root.rglob("*.parquet")) == []
    assert flows_here("release", "show", "--home", after.root).code == 2


def test_a_line_of_proof_stays_in_the_log(after: Home, delivery: Delivery) -> None:
    (line,) = noted(after, "forgotten")
    assert (line["delivery_id"], line["source_id"]) == (delivery.delivery_id, delivery.source_id)
    assert (after.root / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_same_bytes_are_not_taken_again(
    after: Home, delivery: Delivery, simulated: Night, registry: Registry
) -> None:
    found = receive(after, registry, simulated.inbox)
    assert [name for name in found.unclaimed if name.endswith(f"{delivery.file_name} (forgotten)")]
    assert delivery.delivery_id not in {held.delivery_id for held in deliveries(after)}
    assert len(found.known) > 5
    assert found.new == ()


@pytest.mark.parametrize("named", ["abc", "ffffffffff"])
def test_what_names_no_delivery_is_refused(tmp_path: Path, registry: Registry, named: str) -> None:
    home = Home.at(tmp_path / "home").make()
    samples.deliver(home, registry, {"brazil_pf/one.csv": samples.brazil()})
    assert flows_here("source", "forget", named, "--home", home.root).code == 2
    assert len(deliveries(home)) == 1


def test_nothing_is_forgotten_while_a_run_is_at_work(tmp_path: Path, registry: Registry) -> None:
    home = Home.at(tmp_path / "home").make()
    samples.deliver(home, registry, {"brazil_pf/one.csv": samples.brazil()})
    (held,) = deliveries(home)
    with locked(home):
        assert flows_here("source", "forget", held.delivery_id, "--home", home.root).code == 75
    assert len(deliveries(home)) == 1
