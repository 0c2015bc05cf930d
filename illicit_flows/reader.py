"""The release reader: nothing is read before its SHA-256 has been checked.

It shares no code with what makes a release, so that a release can be checked without trusting its maker.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

if TYPE_CHECKING:
    import geopandas as gpd
    import polars as pl

    from illicit_flows.explain import Explanation

LATEST = "latest"
SUMS = "SHA256SUMS"
DATABASE = "release.duckdb"
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "lock_configuration": "true",
}
"""Given when the database is opened: a second connection of one process cannot set what the first has locked."""
GEO = {
    "geo.places": "geo/places.parquet",
    "geo.corridors": "geo/corridors.parquet",
    "geo.route_paths": "geo/route_paths.parquet",
}


class NoRelease(LookupError):
    """There is no release of that name in the home."""


class IntegrityError(Exception):
    """A file of the release is not what its sums say. `faults` names every such file."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


def default_home() -> Path:
    """`FLOWS_HOME`, or `data/home` of the project."""
    return Path(os.environ.get("FLOWS_HOME") or Path(__file__).resolve().parents[1] / "data" / "home").resolve()


def releases(home: Path | str | None = None) -> list[str]:
    """Names of the releases of a home, the oldest first (by their sequence)."""
    folder = Path(home or default_home()) / "releases"
    found = [path.parent for path in folder.glob("*/index.json") if path.parent.name != LATEST]
    return [path.name for path in sorted(found, key=lambda path: int(_read_json(path / "index.json")["sequence"]))]


def open(version: str = LATEST, home: Path | str | None = None) -> Release:  # noqa: A001
    """Open a release by name. Raises `NoRelease`."""
    folder = Path(home or default_home()) / "releases"
    path = (folder / version).resolve()
    if version == LATEST and not path.is_dir() and any(folder.glob("*/index.json")):
        raise IntegrityError([f"{LATEST} points to no release, and there are some: {', '.join(releases(home))}"])
    if path.parent != folder.resolve() or not path.is_dir():
        raise NoRelease(f"there is no release {version} in {folder}")
    return Release(path)


@dataclass(frozen=True)
class Release:
    """One release: immutable, and checked file by file before it is read."""

    path: Path

    @property
    def version(self) -> str:
        return self.path.name

    @cached_property
    def index(self) -> dict[str, Any]:
        """The release's index: as-of date, tables, accounting, sources."""
        self.check("index.json")
        return _read_json(self.path / "index.json")

    @cached_property
    def sums(self) -> Mapping[str, str]:
        """File name to SHA-256, once the sums themselves have been checked against the digest beside the folder."""
        try:
            stated = self.path.with_name(f"{self.version}.sha256").read_text(encoding="utf-8").strip()
            content = (self.path / SUMS).read_bytes()
        except OSError as error:
            raise IntegrityError([f"{Path(str(error.filename)).name} is missing"]) from None
        if hashlib.sha256(content).hexdigest() != stated:
            raise IntegrityError([f"{SUMS} is not what {self.version}.sha256 says"])
        lines = (line.split("  ", 1) for line in content.decode().splitlines())
        return {name: digest for digest, name in lines}

    def faults(self) -> list[str]:
        """Every file that is missing, extra, or not what the sums say; empty where the release is whole."""
        try:
            sums = self.sums
        except IntegrityError as error:
            return error.faults
        leaves = (path for path in self.path.rglob("*") if path.is_symlink() or not path.is_dir() or _is_empty(path))
        present = {path.relative_to(self.path).as_posix() for path in leaves}
        found = [f"{name} is missing" for name in sorted(set(sums) - present)]
        found += [f"{name} does not belong to the release" for name in sorted(present - set(sums) - {SUMS})]
        changed = (name for name in sorted(set(sums) & present) if _sha256(self.path / name) != sums[name])
        return found + [f"{name} is not what {SUMS} says" for name in changed]

    def verify(self) -> None:
        """Raise `IntegrityError`, naming every fault, unless the release is whole."""
        faults = self.faults()
        if faults:
            raise IntegrityError(faults)

    def check(self, name: str) -> Path:
        """Path of one file, once it has been checked. Raises `IntegrityError`."""
        path = self.path / name
        if name not in self.sums:
            raise IntegrityError([f"{name} does not belong to the release"])
        if not path.is_file():
            raise IntegrityError([f"{name} is missing"])
        if _sha256(path) != self.sums[name]:
            raise IntegrityError([f"{name} is not what {SUMS} says"])
        return path

    def tables(self) -> list[str]:
        """Names of the tables and views of the release."""
        return [*self.index["tables"], *self.index["views"], *GEO]

    def table(self, name: str, kind: Literal["polars", "duckdb", "geopandas"] = "polars") -> Any:
        """A table as a Polars frame, a DuckDB relation, or (for `geo.*`) a GeoPandas frame.

        Raises KeyError for an unknown table, `IntegrityError` where its file is not what the sums say.
        """
        if name in GEO:
            return self._geo(name)
        if name in self.index["views"] or kind == "duckdb":
            layer, table = name.split(".")
            relation = self.connect().sql(f'SELECT * FROM "{layer}"."{table}"')
            return relation if kind == "duckdb" else relation.pl()
        if name not in self.index["tables"]:
            raise KeyError(f"release {self.version} has no table {name}; it has {', '.join(self.tables())}")
        return self._polars(name)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The release's database, checked and read-only, without access to any other file or to a network."""
        return duckdb.connect(str(self.check(DATABASE)), read_only=True, config=CLOSED)

    def explain(self, seizure_id: str, top: int = 3) -> Explanation:
        """Why a seizure's places are forecast as they are: of each role the `top` likeliest, taken apart by evidence.

        Raises `illicit_flows.explain.NotExplained`, a LookupError, where there is no such seizure or no forecast.
        """
        from illicit_flows.explain import explain

        con = self.connect()
        try:
            return explain(con, seizure_id, top)
        finally:
            con.close()

    def _polars(self, name: str) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(self.check(f"tables/{name}.parquet"))

    def _geo(self, name: str) -> gpd.GeoDataFrame:
        import geopandas as gpd

        return gpd.read_parquet(self.check(GEO[name]))


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise IntegrityError([f"{path.name} of {path.parent.name} is not what {SUMS} says"]) from None
