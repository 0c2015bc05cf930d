"""Makes the reference tables from tracked files, code lists and packaged registers."""

from __future__ import annotations

import polars as pl

from pipelines.reference.gazetteer import make_gazetteer
from pipelines.store import Home, connect, write_frame
from schemas.areas import group_chain, spells
from schemas.factors import reference_rows
from schemas.registry import PROJECT, Registry
from schemas.render import polars_schema

RATES = PROJECT / "data" / "reference" / "rates.csv"
AREA_COLUMNS = {"source": "citation"}
COMMODITY_COLUMNS = {"code": "commodity", "source": "citation", "mapping_source": "mapping_citation"}
GROUP_COLUMNS = {
    "code": "area_group", "kind": "area_group_kind", "parent": "parent_group", "source": "citation",
}  # fmt: skip
M49_SAYS = "UN M49"
PLACED = "not in today's UN M49; placed here where its territory lies"


def make_reference(home: Home, registry: Registry) -> dict[str, int]:
    """Write all reference tables; returns their numbers of rows."""
    con = connect(home, registry)
    places, place_names = make_gazetteer(registry)
    tables = {
        "reference.areas": _as_table(registry, "reference.areas", _areas(registry)),
        "reference.area_groups": _as_table(registry, "reference.area_groups", _area_groups(registry)),
        "reference.area_members": _as_table(registry, "reference.area_members", _area_members(registry)),
        "reference.commodities": _as_table(registry, "reference.commodities", _commodities(registry)),
        "reference.factors": _as_table(registry, "reference.factors", _factors(registry)),
        "reference.places": _as_table(registry, "reference.places", places),
        "reference.place_names": _as_table(registry, "reference.place_names", place_names),
        "reference.rates": _as_table(registry, "reference.rates", _rates()),
        "reference.scopes": _as_table(registry, "reference.scopes", _scopes(registry)),
        "reference.sources": _as_table(registry, "reference.sources", _sources(registry)),
    }
    return {name: write_frame(con, home, registry, name, table) for name, table in tables.items()}


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
