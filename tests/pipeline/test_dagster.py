"""The Dagster project: layers are groups, the gate guards every table, and all state lies below the home."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import samples
from nights import Night, copied, environment, own_environment

from assets.definitions import defs
from assets.deliveries import ALL_SOURCES
from assets.house import House, dagster_environment
from assets.night import every_night
from pipelines.store import Busy, Home, locked
from schemas.registry import PROJECT, Registry

LAYERS = ["reference", "deliveries", "staging", "conformed", "inferred", "published"]
"""In the order in which data flow."""
BIN = Path(sys.executable).parent
GRAPH = defs.resolve_asset_graph()


def keys() -> list[dg.AssetKey]:
    return sorted(GRAPH.get_all_asset_keys())


# --- definitions ------------------------------------------------------------------------------------------------


def test_every_table_is_an_asset_and_every_asset_but_the_release_is_a_table(registry: Registry) -> None:
    assert {".".join(key.path) for key in keys()} == {*registry.tables, "published.release"}


def test_the_groups_of_assets_are_the_layers() -> None:
    groups = {key: GRAPH.get(key).group_name for key in keys()}
    assert set(groups.values()) == set(LAYERS)
    assert all(group == key.path[0] for key, group in groups.items())


def test_no_asset_depends_on_a_later_layer() -> None:
    found = [
        (key.to_user_string(), parent.to_user_string())
        for key in keys()
        for parent in GRAPH.get(key).parent_keys
        if LAYERS.index(parent.path[0]) > LAYERS.index(key.path[0])
    ]
    assert found == []


def test_only_the_release_and_published_tables_depend_on_published_ones() -> None:
    release = GRAPH.get(dg.AssetKey(["published", "release"]))
    assert {parent.path[0] for parent in release.parent_keys} == set(LAYERS)
    assert not release.child_keys


def test_every_table_has_a_check_that_blocks_what_comes_after() -> None:
    checked = {check.asset_key for check in GRAPH.asset_check_keys if GRAPH.get_check_spec(check).blocking}
    assert checked == {key for key in keys() if key.path[-1] != "release"}


def test_every_asset_says_what_a_row_is_and_what_its_columns_are(registry: Registry) -> None:
    for key in keys():
        node = GRAPH.get(key)
        assert node.description
        if key.path[-1] != "release":
            schema = node.metadata["dagster/column_schema"]
            assert [column.name for column in schema.columns] == registry.tables[".".join(key.path)].fields
            assert all(column.description for column in schema.columns)


def test_published_tables_are_late_once_a_night_is_missed() -> None:
    with_policy = {key for key in keys() if GRAPH.get(key).freshness_policy is not None}
    assert with_policy == {key for key in keys() if key.path[0] == "published" and key.path[-1] != "release"}
    for key in with_policy:
        window = GRAPH.get(key).freshness_policy.fail_window.to_timedelta()
        assert 24 < window.total_seconds() / 3600 < 48


def test_sources_are_partitions_that_one_run_takes_together(registry: Registry) -> None:
    for name in ("deliveries.rows", "staging.reports"):
        node = GRAPH.get(dg.AssetKey(name.split(".")))
        assert set(node.partitions_def.get_partition_keys()) == set(registry.sources)
        assert node.backfill_policy.policy_type == dg.BackfillPolicy.single_run().policy_type


# --- the schedule -----------------------------------------------------------------------------------------------


def test_the_night_begins_at_two_oclock_utc() -> None:
    schedule = defs.resolve_schedule_def("every_night")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "UTC")
    assert schedule.job_name == "nightly"


def test_the_schedule_skips_a_night_without_news_and_asks_for_one_run_of_all_sources_otherwise(
    simulated: Night, registry: Registry, tmp_path: Path
) -> None:
    home = copied(simulated, tmp_path / "home")
    with own_environment(FLOWS_HOME=str(home.root)):
        skipped = every_night(dg.build_schedule_context())
        assert isinstance(skipped, dg.SkipReason)
        assert simulated.release.version in str(skipped.skip_message)
        samples.put(home.inbox, {"colombia_policia/incautacion-2018.csv": samples.colombia()})
        asked = every_night(dg.build_schedule_context())
    assert isinstance(asked, dg.RunRequest)
    first, last = min(registry.sources), max(registry.sources)
    assert asked.tags["dagster/asset_partition_range_start"] == first
    assert asked.tags["dagster/asset_partition_range_end"] == last


def test_a_run_that_is_not_the_commands_takes_the_homes_lock_too(home: Home) -> None:
    with locked(home), own_environment(**dagster_environment(home)), dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            resources={"house": House(home=str(home.root))},
            tags=ALL_SOURCES,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    assert not result.success
    assert not list(home.tables.rglob("*.parquet"))
    assert any(Busy.__name__ in str(event.event_specific_data) for event in result.all_events)


# --- the instance -----------------------------------------------------------------------------------------------


def test_telemetry_is_off_and_freshness_is_on(home: Home) -> None:
    with own_environment(**dagster_environment(home)), dg.DagsterInstance.get() as instance:
        assert instance.get_settings("telemetry") == {"enabled": False}
        assert instance.get_settings("freshness") == {"enabled": True}


@pytest.mark.slow
def test_dagsters_state_lies_below_the_home_though_the_run_began_elsewhere(twin: Night) -> None:
    elsewhere = twin.home.root.parent
    assert {path.name for path in elsewhere.iterdir()} == {"in tray", twin.home.root.name}
    with sqlite3.connect(twin.home.dagster / "history" / "runs.db") as runs:
        *_, last = runs.execute("SELECT pipeline_name, status FROM runs ORDER BY id").fetchall()
    assert last == ("nightly", "SUCCESS")


@pytest.fixture
def untouched() -> Iterator[None]:
    """The project's folder, which must not gain a file."""
    before = set(PROJECT.iterdir())
    yield
    caches = {PROJECT / name for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")}
    assert set(PROJECT.iterdir()) - before <= caches


@pytest.mark.slow
def test_the_run_log_holds_counts_and_no_value_of_a_report(twin: Night) -> None:
    """What Dagster stores may be seen by anyone who opens its page."""
    place = twin.rows("SELECT place_text FROM conformed.lines WHERE length(place_text) > 8 LIMIT 1")[0][0]
    logs = [path.read_bytes() for path in twin.home.dagster.rglob("*") if path.is_file() and not path.is_symlink()]
    assert logs
    assert not any(place.encode() in log for log in logs)


# --- Dagster's own programs -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_dg_finds_no_fault_in_the_definitions(home: Home, untouched: None) -> None:
    said = subprocess.run(
        [BIN / "dg", "check", "defs"],
        cwd=PROJECT,
        env=environment(**dagster_environment(home)),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert "successfully" in said.stdout + said.stderr


@pytest.fixture
def page(home: Home) -> Iterator[str]:
    """Dagster's page on loopback, in a group of processes that is ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [BIN / "dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-m", "assets.definitions"],
        cwd=PROJECT,
        env=environment(**dagster_environment(home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.mark.slow
def test_the_page_starts_on_loopback_and_lists_the_assets(untouched: None, page: str, registry: Registry) -> None:
    answer = asked(page, "{ assetNodes { assetKey { path } groupName hasAssetChecks } }", within=120)
    nodes = {".".join(node["assetKey"]["path"]): node for node in answer["data"]["assetNodes"]}
    assert set(nodes) == {*registry.tables, "published.release"}
    assert all(nodes[name]["hasAssetChecks"] for name in registry.tables)
    assert {node["groupName"] for node in nodes.values()} == set(LAYERS)


def asked(page: str, query: str, within: float) -> dict[str, dict[str, list[dict[str, object]]]]:
    """The answer to a GraphQL query, once the page is there."""
    body, headers = json.dumps({"query": query}), {"Content-Type": "application/json"}
    until = time.monotonic() + within
    while True:
        connection = http.client.HTTPConnection(page, timeout=within)
        try:
            connection.request("POST", "/graphql", body, headers)
            return json.loads(connection.getresponse().read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        finally:
            connection.close()
