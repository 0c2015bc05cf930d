"""A publisher's database, from the server to conformed lines: snapshots are deliveries like any other."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import samples
from nights import flows_here
from postgres import Server, free_port, postgres

from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.database import variable
from pipelines.deliveries.inspect import read_source
from pipelines.deliveries.receive import Received, deliveries, receive
from pipelines.staging.make import parse_source
from pipelines.store import Home
from schemas.registry import Registry

__all__ = ["postgres"]

SOURCE = "police_register"
READER, SECRET = "night_reader", "only-for-this-server"
REGISTER = f"""
    CREATE SCHEMA export;
    CREATE TABLE public.register (
        record_id text, seized_on date, agency text, commodity text, quantity numeric, unit text, place text,
        country_from text, country_to text, mode text, updated_at date, officer text
    );
    INSERT INTO public.register VALUES
        ('R-1', '2022-03-04', 'police', 'cocaine', 12.5, 'kg', 'Invented Town', 'BRA', 'NLD', 'sea', '2022-04-01', 'x'),
        ('R-2', '2022-03-05', 'customs', 'cocaine', 3, 'kg', 'Invented Port', '', 'ESP', 'air', '2022-04-01', 'x'),
        ('R-3', '2022-03-06', 'police', 'no such drug', 1, 'kg', NULL, NULL, NULL, NULL, '2022-04-01', 'x');
    CREATE VIEW export.seizures AS
        SELECT record_id, seized_on, agency, commodity, quantity, unit, place, country_from, country_to, mode,
            updated_at
        FROM public.register;
    CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}';
    GRANT USAGE ON SCHEMA export TO {READER};
    GRANT SELECT ON export.seizures TO {READER};
"""


@pytest.fixture(scope="module")
def register(postgres: Server) -> Server:
    postgres.run("CREATE DATABASE night")
    postgres.run(REGISTER, "night")
    return postgres


def look(home: Home, registry: Registry, tmp_path: Path) -> Received:
    (tmp_path / "inbox").mkdir(exist_ok=True)
    return receive(home, registry, tmp_path / "inbox")


def lines(home: Home, registry: Registry, name: str) -> pl.DataFrame:
    read_source(home, registry, SOURCE)
    parse_source(home, registry, SOURCE)
    samples.reference(home, registry)
    make_places(home, registry)
    make_lines(home, registry)
    return samples.table(home, registry, name)


def test_a_snapshot_is_taken_once_and_again_when_the_register_has_changed(
    register: Server, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path / "home").make()
    monkeypatch.setenv(variable(SOURCE), register.uri(READER, SECRET, "night"))
    name = f"{SOURCE}/export.seizures.parquet"
    assert look(home, registry, tmp_path).new == (name,)
    again = look(home, registry, tmp_path)
    assert (again.new, again.known, again.unreachable) == ((), (name,), ())
    (held,) = deliveries(home)
    assert (held.folder / "content").stat().st_mode & 0o777 == 0o600
    assert not list(home.scratch.rglob("*.parquet"))

    first = lines(home, registry, "conformed.lines").sort("record_id")
    assert first.select("record_id", "kg_mid", "agency_id").rows()[0][0] == "R-1"
    assert first.height == 2
    (broken,) = samples.table(home, registry, "staging.quarantine").to_dicts()
    assert (broken["rule_id"], broken["column"], broken["value_seen"]) == ("unknown_code", "commodity", "no such drug")

    register.run("UPDATE public.register SET quantity = 9, updated_at = '2022-05-01' WHERE record_id = 'R-1'", "night")
    assert look(home, registry, tmp_path).new == (name,)
    second = lines(home, registry, "conformed.lines").sort("record_id")
    assert [float(kg) for kg in second["kg_mid"]] == [9, 3]
    closed = samples.table(home, registry, "conformed.not_lines").filter(
        pl.col("seizure_id").is_in(second["seizure_id"])
    )
    assert {row["reason"] for row in closed.to_dicts()} == {"superseded"}
    assert {str(row["known_to"]) for row in closed.to_dicts()} == {"2022-05-01"}


def test_a_server_that_is_down_is_told_and_stops_nobody_else(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home.at(tmp_path / "home").make()
    monkeypatch.setenv(variable(SOURCE), f"postgresql://{READER}:{SECRET}@127.0.0.1:{free_port()}/night")
    samples.put(tmp_path / "inbox", {"brazil_pf/one.csv": samples.brazil()})
    found = receive(home, registry, tmp_path / "inbox")
    assert found.new == ("brazil_pf/one.csv",)
    (told,) = found.unreachable
    assert told.startswith(f"{SOURCE}: ")
    assert SECRET not in told


@pytest.mark.slow
def test_a_night_without_the_server_makes_its_release_and_asks_for_a_retry(registry: Registry, tmp_path: Path) -> None:
    inbox = samples.put(tmp_path / "inbox", {"brazil_pf/one.csv": samples.brazil()})
    dead = {variable(SOURCE): f"postgresql://{READER}:{SECRET}@127.0.0.1:{free_port()}/night"}
    said = flows_here("run", "--home", tmp_path / "home", "--inbox", inbox, **dead)
    assert said.code == 75
    assert "not read: police_register" in said.err
    assert SECRET not in said.err
    assert said.out
