"""What goes wrong at night: files of another shape, two runs at once, a run that is killed. The last release stands."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import hostile
import polars as pl
import pytest
import samples
from nights import Killed, Night, Nights, Said, copied, finish, flows_here, kill_and_run, moments, start, visible_faults

import illicit_flows
from illicit_flows.reader import Release
from pipelines.deliveries.audit import noted
from pipelines.published.make import INPUTS, STEPS, as_of_date, make_published
from pipelines.published.release import make_release
from pipelines.published.report import run_report
from pipelines.store import Home, locked
from schemas.registry import Registry

NEW = {"colombia_policia/incautacion-2018.csv": samples.colombia()}


HOSTILE = {
    "environmental_crime/simulated-ambiental-bomb.zip": hostile.zeros("madeira.csv", 1024),
    "environmental_crime/simulated-ambiental-out.zip": hostile.archive(("../../madeira.csv", b"x")),
    "airport_unit/simulated-saisies-aeroport-laughs.xlsx": hostile.laughing(),
    "container_control/simulated-containers-deep.json": b"[" * 100_000 + b"]" * 100_000,
}
"""Files that attack the reader, one for each format that can."""


# --- nothing new, and the same again ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_files_make_the_same_bytes_wherever_whenever_and_in_whatever_order(
    simulated: Night, twin: Night
) -> None:
    """Only the DuckDB file differs: its header is random. What it holds is in the tables."""
    here, there = dict(simulated.release.sums), dict(twin.release.sums)
    assert here.pop("release.duckdb")
    assert there.pop("release.duckdb")
    assert there == here
    assert len([name for name in here if name.endswith(".parquet")]) >= len(simulated.release.index["tables"])


def test_under_other_names_only_the_file_names_differ(registry: Registry, tmp_path: Path) -> None:
    named = {
        "unodc_ids/ids-2014.csv": samples.ids(
            {"DEPARTURE_COUNTRY": "Pakistan", "DESTINATION_COUNTRY": "Kenya"}, {"DRUG_NAME": "no such thing"}
        ),
        "brazil_pf/three.csv": samples.brazil(),
        "colombia_policia/four.csv": samples.colombia(),
        "unodc_annual/five.csv": samples.annual(),
    }
    other = ("another-ids-2014", "9", "8", "7")  # that publisher's names tell the year, and go on doing so
    renamed = {
        f"{name.split('/')[0]}/{new}.csv": content for (name, content), new in zip(named.items(), other, strict=True)
    }
    homes = [Home.at(tmp_path / "a").make(), Home.at(tmp_path / "b").make()]
    for home, files in zip(homes, (named, renamed), strict=True):
        samples.conform(home, registry, files)
        publish(home, registry)
    filled = 0
    for name, table in registry.tables.items():
        first, second = (samples.table(home, registry, name) for home in homes)
        rest = [column for column in table.fields if column != "file_name"]
        assert first.select(rest).equals(second.select(rest)), name
        if "file_name" in table.fields and first.height:
            assert not first.equals(second), name
        filled += bool(first.height)
    assert filled > 15


def publish(home: Home, registry: Registry) -> None:
    """The published tables that rest on conformed ones alone: the model never sees a file's name."""
    as_of = as_of_date(home, registry, None)
    for table, step in STEPS.items():
        if not any(name.startswith("inferred.") for name in INPUTS[table]):
            step(home, registry, table, as_of)


# --- files of another shape -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class After:
    """A copy of the shared home after a second night."""

    home: Home
    said: Said
    second: Said | None = None
    """What a run said that was started on the same home meanwhile."""
    story: Killed = field(default_factory=lambda: Killed(Home(Path())))
    """The nights before that were killed."""

    @property
    def release(self) -> Release:
        return illicit_flows.open(home=self.home.root)


@pytest.fixture(scope="module")
def withheld(simulated: Night, tmp_path_factory: pytest.TempPathFactory) -> dict[str, After]:
    """Two homes side by side, each with a release before.

    One gets drifted files and a good one, and a second run meanwhile. The other gets a file that has only its header,
    and is killed at some moments before it may run to its end.
    """
    base = tmp_path_factory.mktemp("withheld")
    drifted, cut = copied(simulated, base / "drifted"), copied(simulated, base / "cut short")
    empty = samples.put(base / "empty", {"unodc_ids/ids-2031.csv": samples.ids().splitlines(keepends=True)[0]})
    sent = samples.put(
        base / "sent",
        {
            "unodc_ids/renamed-ids-2014.csv": samples.ids().replace(b"DRUG_NAME", b"SUBSTANCE", 1),
            "brazil_pf/unknown.csv": samples.brazil({"NOVA_COLUNA": "x"}),
            "unodc_annual/missing.csv": without_column(samples.annual(), "Drug Group"),
            **HOSTILE,
            **NEW,
        },
    )
    with ThreadPoolExecutor(1) as pool:
        story = pool.submit(kill_and_run, cut, empty, moments(20, 2))
        process = start("run", "--home", drifted.root, "--inbox", sent, "--json")
        while_held(drifted, process)
        second = finish(start("run", "--home", drifted.root, "--inbox", sent))
        said = finish(process)
        return {
            "drifted": After(drifted, said, second),
            "header_only": After(cut, story.result().said, story=story.result()),
        }


def without_column(content: bytes, column: str) -> bytes:
    lines = [line.split(",") for line in content.decode().splitlines()]
    at = lines[0].index(column)
    return "".join(",".join(cells[:at] + cells[at + 1 :]) + "\n" for cells in lines).encode()


def while_held(home: Home, process: subprocess.Popen[str]) -> None:
    """Wait until a run holds the home's lock."""
    while process.poll() is None:
        with (home.root / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        time.sleep(0.2)


@pytest.mark.slow
def test_a_file_of_another_shape_is_withheld_and_its_columns_are_named(withheld: dict[str, After]) -> None:
    after = withheld["drifted"]
    assert after.said.code == 4
    for file_name, column in (("renamed-ids-2014", "SUBSTANCE"), ("unknown", "NOVA_COLUNA"), ("missing", "Drug Group")):
        (line,) = [line for line in after.said.err.splitlines() if f"{file_name}.csv" in line]
        assert column in line
    drifted = [row for row in after.said.json["withheld"] if row["verdict"] == "drifted"]
    assert {row["file_name"]: row["verdict"] for row in drifted} == {
        "renamed-ids-2014.csv": "drifted", "unknown.csv": "drifted", "missing.csv": "drifted"
    }  # fmt: skip


@pytest.mark.slow
def test_a_hostile_file_is_refused_with_a_line_in_the_log_and_leaves_nothing_behind(withheld: dict[str, After]) -> None:
    after = withheld["drifted"]
    refused = [row for row in after.said.json["withheld"] if row["verdict"] == "damaged"]
    assert {f"{row['source_id']}/{row['file_name']}" for row in refused} == set(HOSTILE)
    lines = {line["delivery_id"]: line["rule_id"] for line in noted(after.home, "refused")}
    assert {lines[row["delivery_id"]] for row in refused} == {
        "too_large_inside", "unsafe_member", "entities_inside", "nested_too_deep"
    }  # fmt: skip
    beside = after.home.root.parent
    assert {path.name for path in beside.iterdir()} == {"drifted", "cut short", "empty", "sent"}
    assert not list(beside.rglob("madeira.csv"))
    assert not list(after.home.scratch.rglob("read-*"))


@pytest.mark.slow
def test_the_publisher_is_told_in_its_own_language(withheld: dict[str, After]) -> None:
    says = {row["file_name"]: row["says"] for row in withheld["drifted"].said.json["withheld"]}
    assert says["renamed-ids-2014.csv"].startswith("These columns are not in the agreed format")
    assert "colunas" in says["unknown.csv"]


@pytest.mark.slow
def test_the_other_sources_publish_while_one_is_withheld(simulated: Night, withheld: dict[str, After]) -> None:
    after = withheld["drifted"]
    assert after.said.json["is_new"] is True
    assert after.release.faults() == []
    accepted = [row for row in after.release.index["accounting"] if row["file_name"] == "incautacion-2018.csv"]
    assert [(row["verdict"], row["lines"]) for row in accepted] == [("accepted", 20)]
    lines = after.release.table("conformed.lines")
    before = simulated.release.table("conformed.lines")
    assert lines.height == before.height + 20
    assert before["seizure_id"].is_in(lines["seizure_id"].implode()).all()


@pytest.mark.slow
def test_a_withheld_source_is_stale_since_its_last_accepted_data(simulated: Night, withheld: dict[str, After]) -> None:
    through = {row["source_id"]: row["data_through"] for row in simulated.release.index["sources"]}
    sources = {row["source_id"]: row for row in withheld["drifted"].release.index["sources"]}
    for name in ("unodc_ids", "brazil_pf", "unodc_annual"):
        assert sources[name]["status"] == "drifted"
        assert sources[name]["stale_since"] == through[name] is not None
    assert (sources["colombia_policia"]["status"], sources["colombia_policia"]["stale_since"]) == ("accepted", None)


@pytest.mark.slow
def test_a_file_with_only_a_header_is_below_its_bound(withheld: dict[str, After]) -> None:
    after = withheld["header_only"]
    assert after.said.code == 5
    (row,) = after.said.json["withheld"]
    assert (row["file_name"], row["verdict"]) == ("ids-2031.csv", "below_bound")
    assert "ids-2031.csv" in after.said.err
    assert after.release.faults() == []
    stale = {row["source_id"]: row["stale_since"] for row in after.release.index["sources"]}
    assert [name for name, since in stale.items() if since] == ["unodc_ids"]


@pytest.mark.slow
def test_the_figures_of_the_last_good_files_stand_while_a_source_is_withheld(
    simulated: Night, withheld: dict[str, After]
) -> None:
    before, after = simulated.release.index["tables"], withheld["header_only"].release.index["tables"]
    changed = {name for name in after if after[name]["sha256"] != before[name]["sha256"]}
    assert changed == {"deliveries.files", "deliveries.status"}
    assert {name for name in after if after[name]["last_change"] == withheld["header_only"].release.version} == changed


@pytest.mark.slow
def test_a_second_release_says_what_changed_since_the_first(simulated: Night, withheld: dict[str, After]) -> None:
    before, release = simulated.release, withheld["drifted"].release
    assert release.index["previous"] == before.version
    assert illicit_flows.releases(withheld["drifted"].home.root) == [simulated.release.version, release.version]
    changes = (release.path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "- new delivery: colombia_policia, incautacion-2018.csv, accepted" in changes
    assert "Stale: unodc_ids (drifted) since " in changes
    assert f"{before.version} had too" in changes


@pytest.mark.slow
def test_revisions_are_the_figures_of_both_releases_that_differ(
    simulated: Night, registry: Registry, withheld: dict[str, After]
) -> None:
    before, after = simulated.release, withheld["drifted"].release
    revised = pl.read_csv(after.path / "revisions.csv", infer_schema=False)
    assert revised.height > 0
    stated = {*revised.select("table_name", "measure").iter_rows(), ("published.seizure_trends", "kg_mid")}
    for name, measure in sorted(stated):
        both = before.table(name).join(after.table(name), on=registry.tables[name].primary_key)
        figure, state = pl.col(measure), pl.col("obs_state")
        differs = figure.ne_missing(pl.col(f"{measure}_right")) | (state != pl.col("obs_state_right"))
        said = revised.filter(table_name=name, measure=measure).height
        assert both.filter(differs).height == said, (name, measure)


@pytest.mark.slow
def test_a_second_run_at_the_same_time_gives_way(withheld: dict[str, After]) -> None:
    second = withheld["drifted"].second
    assert second is not None
    assert second.code == 75
    assert "another run is at work" in second.err
    assert second.out == ""


def test_while_the_lock_is_held_nothing_is_touched(home: Home, tmp_path: Path) -> None:
    samples.put(tmp_path / "inbox", NEW)
    with locked(home):
        said = flows_here("run", "--home", home.root, "--inbox", tmp_path / "inbox")
    assert said.code == 75
    assert list(home.deliveries.iterdir()) == []


def test_a_lock_left_by_a_killed_process_holds_nobody_up(home: Home) -> None:
    (home.root / "lock").write_text("left behind")
    with locked(home):
        pass


# --- a run that is killed ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_a_kill_the_last_release_is_whole_and_is_still_the_latest(
    simulated: Night, withheld: dict[str, After]
) -> None:
    story = withheld["header_only"].story
    assert story.moments
    cut_short = story.seen[: len(story.moments)]
    assert cut_short == [(simulated.release.version, [])] * len(story.moments)


@pytest.mark.slow
def test_the_run_after_a_kill_makes_the_release_and_clears_what_was_left(
    simulated: Night, withheld: dict[str, After]
) -> None:
    after = withheld["header_only"]
    assert after.said.json["is_new"] is True
    assert after.release.faults() == []
    assert after.release.index["previous"] == simulated.release.version
    assert visible_faults(after.home) == []
    assert list(after.home.scratch.iterdir()) == []


@pytest.mark.slow
def test_killed_before_its_first_release_a_home_has_none_and_then_makes_it(nights: Nights, twin: Night) -> None:
    story = nights.twin_story
    assert story.moments
    assert story.seen[: len(story.moments)] == [(None, [])] * len(story.moments)
    assert story.said.json["is_new"] is True
    assert twin.release.faults() == []
    assert list(twin.home.scratch.iterdir()) == []


class Kill(BaseException):
    """Stands for the end of the process: nothing in the house catches it."""


def test_at_whichever_rename_it_ends_a_release_is_whole_or_not_there(
    simulated: Night, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copied(simulated, tmp_path / "home")
    make_published(
        home, registry, "published.country_roles", date(2020, 6, 1)
    )  # a table that differs from the release's
    renames: list[str] = []
    real = os.replace

    def seal(end_before: int | None) -> None:
        renames.clear()

        def counted(source: Path, target: Path) -> None:
            if len(renames) == end_before:
                raise Kill
            renames.append(Path(target).name)
            real(source, target)

        monkeypatch.setattr(os, "replace", counted)
        report = run_report(home, registry, [])
        make_release(home, registry, as_of=date(2020, 6, 1), stated_as_of=None, report=report, gate={})

    for number in range(3):
        with pytest.raises(Kill):
            seal(number)
        assert (home.releases / "latest").resolve().name == simulated.release.version
        assert visible_faults(home) == []
    seal(None)
    assert renames[2:3] == ["latest"]  # it moves after all else of the release
    release = illicit_flows.open(home=home.root)
    assert release.version.startswith("2020-06-01.")
    assert release.faults() == []
    assert illicit_flows.releases(home.root)[-1] == release.version


def test_a_full_disk_leaves_the_latest_release_as_it_was(simulated: Night, tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192m", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        home = copied(simulated, small / "home")
        size = shutil.disk_usage(small).free - 256 * 1024
        (small / "ballast").write_bytes(b"\0" * size)
        said = flows_here("run", "--home", home.root, "--inbox", samples.put(tmp_path / "inbox", NEW))
        assert said.code == 75, said.err
        assert "disk" in said.err
        assert illicit_flows.open(home=home.root).faults() == []
        assert illicit_flows.open(home=home.root).version == simulated.release.version
    finally:
        subprocess.run(["umount", small], check=True)


def test_what_a_run_cost_is_kept_outside_the_release(simulated: Night) -> None:
    (record,) = [json.loads(path.read_text()) for path in simulated.home.runs.glob("*-*.json")]
    assert record["outcome"] == "finished"
    assert 0 < record["wall_seconds"] < simulated.seconds
    text = (simulated.release.path / "index.json").read_text(encoding="utf-8")
    assert "wall_seconds" not in text
    assert str(simulated.home.root) not in text
