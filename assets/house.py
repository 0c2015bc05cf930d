"""Where a run works: the home, the inbox and the as-of date, as one Dagster resource."""

import os
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from pipelines.store import Home, clear_scratch, locked
from schemas.registry import PROJECT

DEFAULT_HOME = PROJECT / "data" / "home"


def default_home() -> Path:
    """`FLOWS_HOME`, or `data/home` of the project; absolute."""
    return Path(os.environ.get("FLOWS_HOME") or DEFAULT_HOME).expanduser().resolve()


def dagster_environment(home: Home) -> dict[str, str]:
    """What Dagster needs so that all its state lies below the home, whatever the working directory.

    `DAGSTER_HOME` is a folder of the home in which the project's `dagster.yaml` is linked: some of Dagster's commands
    make folders there whatever their settings say.
    """
    home.dagster.mkdir(parents=True, exist_ok=True)
    link, settings = home.dagster / "dagster.yaml", PROJECT / "dagster.yaml"
    if not (link.is_symlink() and link.readlink() == settings):
        fresh = link.with_name(f".{link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(settings)
        os.replace(fresh, link)
    return {
        "FLOWS_HOME": str(home.root),
        "FLOWS_DAGSTER_DIR": str(home.dagster),
        "DAGSTER_HOME": str(home.dagster),
    }


class House(dg.ConfigurableResource[None]):
    """The home of a run. Empty fields mean the defaults: `FLOWS_HOME`, its `inbox`, the newest data date."""

    home: str = ""
    inbox: str = ""
    as_of: str = ""
    lock_is_held: bool = False
    """True where the caller holds the home's lock already, as `flows run` does."""

    _lock: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Take the home's lock for the whole run. Raises `Busy` where another run is at work."""
        if not self.lock_is_held:
            self._lock.enter_context(locked(self.at.make()))
            clear_scratch(self.at)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        self._lock.close()

    @property
    def at(self) -> Home:
        return Home.at(self.home or default_home())

    @property
    def inbox_at(self) -> Path:
        return Path(self.inbox).expanduser().resolve() if self.inbox else self.at.inbox

    @property
    def stated_as_of(self) -> date | None:
        return date.fromisoformat(self.as_of) if self.as_of else None
