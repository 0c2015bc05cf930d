"""Where a run works: the home, the inbox and the as-of date, as one Dagster resource."""

import os
from datetime import date
from pathlib import Path

import dagster as dg

from pipelines.store import Home
from schemas.registry import PROJECT

DEFAULT_HOME = PROJECT / "data" / "home"


def default_home() -> Path:
    """`FLOWS_HOME`, or `data/home` of the project; absolute."""
    return Path(os.environ.get("FLOWS_HOME") or DEFAULT_HOME).expanduser().resolve()


def dagster_environment(home: Home) -> dict[str, str]:
    """What Dagster needs so that all its state lies below the home, whatever the working directory."""
    return {
        "FLOWS_HOME": str(home.root),
        "FLOWS_DAGSTER_DIR": str(home.dagster),
        "DAGSTER_HOME": str(PROJECT),
    }


class House(dg.ConfigurableResource[None]):
    """The home of a run. Empty fields mean the defaults: `FLOWS_HOME`, its `inbox`, the newest data date."""

    home: str = ""
    inbox: str = ""
    as_of: str = ""

    @property
    def at(self) -> Home:
        return Home.at(self.home or default_home())

    @property
    def inbox_at(self) -> Path:
        return Path(self.inbox).expanduser().resolve() if self.inbox else self.at.inbox

    @property
    def stated_as_of(self) -> date | None:
        return date.fromisoformat(self.as_of) if self.as_of else None
