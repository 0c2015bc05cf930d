"""The night: one run over all sources, its schedule, and the door that `flows run` uses.

A night without news makes no release: the inputs are compared before anything is run.
"""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from assets.deliveries import ALL_SOURCES
from assets.house import House
from pipelines.deliveries.receive import Received, receive
from pipelines.published.release import Made, current
from pipelines.store import Home, clear_scratch, locked, write_bytes
from schemas.registry import registry

nightly = dg.define_asset_job("nightly", selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor)


@dg.schedule(
    job=nightly,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def every_night() -> dg.RunRequest | dg.SkipReason:
    """At 02:00 UTC, unless nothing has come since the latest release."""
    house = House()
    house.at.make()
    house.inbox_at.mkdir(exist_ok=True)
    found = look(house.at, house.inbox_at, house.stated_as_of)
    if found.made is not None:
        return dg.SkipReason(f"nothing new since release {found.made.version}")
    return dg.RunRequest(tags=ALL_SOURCES)


@dataclass(frozen=True)
class Look:
    """What lies in the inbox, and the release that already holds all of it, if one does."""

    received: Received
    made: Made | None


def look(home: Home, inbox: Path, as_of: date | None) -> Look:
    """Take what is new from the inbox, and say whether the latest release already rests on all of it."""
    received = receive(home, registry(), inbox)
    return Look(received, current(home, registry(), as_of))


def run_night(defs: dg.Definitions, home: Home, inbox: Path, as_of: date | None, *, verbose: bool = False) -> Made:
    """Run the nightly job in this process and return the release that holds afterwards.

    Raises `Busy` where another run is at work, `DagsterAssetCheckFailedError` where the gate is red, and whatever a
    step raises.
    """
    home.make()
    with locked(home):
        clear_scratch(home)
        found = look(home, inbox, as_of)
        if found.made is not None:
            return found.made
        house = House(home=str(home.root), inbox=str(inbox), as_of=str(as_of or ""), lock_is_held=True)
        before = _latest(home)
        with _recorded(home):
            level = "INFO" if verbose else "CRITICAL"
            defs.resolve_job_def("nightly").execute_in_process(
                instance=dg.DagsterInstance.get(),
                resources={"house": house},
                tags=ALL_SOURCES,
                run_config={"loggers": {"console": {"config": {"log_level": level}}}},
            )
        after = _latest(home)
        assert after is not None  # the job ends with a release or raises
        return Made(after, home.releases / after, after != before)


def _latest(home: Home) -> str | None:
    pointer = home.releases / "latest"
    return pointer.resolve().name if pointer.exists() else None


@contextmanager
def _recorded(home: Home) -> Iterator[None]:
    """Wall time and peak memory of a run, kept in the home and nowhere in the release."""
    started, clock = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "finished"
    finally:
        record = {
            "started": started,
            "outcome": outcome,
            "wall_seconds": round(time.monotonic() - clock, 3),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "process": os.getpid(),
        }
        write_bytes(home.runs / f"{started}-{os.getpid()}.json", json.dumps(record, indent=1).encode())
