"""Turns a table contract into plain data that other tools understand.

Belongs here: Arrow and Polars schemas, DuckDB DDL, gate rules as SQL, the dictionary page and the datapackage entry.
Does not belong here: anything that imports Dagster or Great Expectations; `assets` turns this plain data into theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from schemas.contracts import FieldContract, FieldType, Language, TableContract
from schemas.registry import Registry


@dataclass(frozen=True)
class ColumnType:
    """One field type in the three type systems that the house uses, and in the words of a data package."""

    sql: str
    arrow: pa.DataType
    polars: pl.DataType
    frictionless: str


TYPES: dict[FieldType, ColumnType] = {
    "text": ColumnType("VARCHAR", pa.string(), pl.String(), "string"),
    "flag": ColumnType("BOOLEAN", pa.bool_(), pl.Boolean(), "boolean"),
    "count": ColumnType("BIGINT", pa.int64(), pl.Int64(), "integer"),
    "date": ColumnType("DATE", pa.date32(), pl.Date(), "date"),
    "decimal": ColumnType("DECIMAL(18,6)", pa.decimal128(18, 6), pl.Decimal(18, 6), "number"),
    "factor": ColumnType("DECIMAL(18,9)", pa.decimal128(18, 9), pl.Decimal(18, 9), "number"),
    "share": ColumnType("DECIMAL(9,6)", pa.decimal128(9, 6), pl.Decimal(9, 6), "number"),
    "degrees": ColumnType("DOUBLE", pa.float64(), pl.Float64(), "number"),
    "texts": ColumnType("VARCHAR[]", pa.list_(pa.string()), pl.List(pl.String()), "array"),
    "words": ColumnType(
        "MAP(VARCHAR, VARCHAR)",
        pa.map_(pa.string(), pa.string()),
        pl.List(pl.Struct({"key": pl.String(), "value": pl.String()})),
        "object",
    ),
    # a JSON object as text: a tenth of the time and the bytes of a MAP with a dozen keys
    "json": ColumnType("VARCHAR", pa.string(), pl.String(), "object"),
    "geometry": ColumnType("BLOB", pa.binary(), pl.Binary(), "any"),
}


@dataclass(frozen=True)
class GateRule:
    """One figure that a table must keep: a count of broken rows, a share that is complete, or a number of rows."""

    id: str
    sql: str
    """Aggregate expression over the table."""
    minimum: float | None
    maximum: float | None
    says: str


def quoted(identifier: str) -> str:
    """A SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def polars_schema(registry: Registry, table: TableContract) -> dict[str, pl.DataType]:
    """Column name to Polars type, in contract order."""
    return {name: TYPES[registry.fields[name].type].polars for name in table.fields}


def arrow_schema(registry: Registry, table: TableContract) -> pa.Schema:
    """Arrow schema with nullability and the English description as field metadata."""
    return pa.schema(
        [
            pa.field(
                name,
                TYPES[registry.fields[name].type].arrow,
                nullable=name in table.nullable,
                metadata={"description": registry.fields[name].description.en},
            )
            for name in table.fields
        ]
    )


def ddl(registry: Registry, table: TableContract, name: str | None = None) -> str:
    """CREATE TABLE with NOT NULL and the range checks, and COMMENT ON statements."""
    target = name or f"{quoted(table.layer)}.{quoted(table.name)}"
    columns = []
    for column in table.fields:
        field = registry.fields[column]
        null = "" if column in table.nullable else " NOT NULL"
        checks = [f"{quoted(column)} >= {field.minimum}"] if field.minimum is not None else []
        checks += [f"{quoted(column)} <= {field.maximum}"] if field.maximum is not None else []
        check = f" CHECK ({' AND '.join(checks)})" if checks else ""
        columns.append(f"  {quoted(column)} {TYPES[field.type].sql}{null}{check}")
    comments = [f"COMMENT ON TABLE {target} IS {literal(table.grain)};"]
    comments += [
        f"COMMENT ON COLUMN {target}.{quoted(column)} IS {literal(_comment(registry.fields[column]))};"
        for column in table.fields
    ]
    return f"CREATE TABLE {target} (\n" + ",\n".join(columns) + "\n);\n" + "\n".join(comments)


def gate_rules(registry: Registry, table: TableContract) -> list[GateRule]:
    """All content rules of a table: row floor, key, ranges, code lists, patterns, completeness, its own rules.

    The code lists must be open as tables `codes.<name>`.
    """
    return list(_gate_rules(registry, table))


def _gate_rules(registry: Registry, table: TableContract) -> Iterator[GateRule]:
    yield GateRule("row_floor", "count(*)", table.row_floor, None, f"at least {table.row_floor} rows")
    key = ", ".join(quoted(column) for column in table.primary_key)
    yield GateRule("key_unique", f"count(*) - count(DISTINCT ({key}))", None, 0, f"({key}) names one row")
    for column in table.fields:
        name, field = quoted(column), registry.fields[column]
        bounds = [f"{name} < {field.minimum}"] if field.minimum is not None else []
        bounds += [f"{name} > {field.maximum}"] if field.maximum is not None else []
        share = table.completeness.get(column, 0.0)
        if share > 0:
            sql = f"CASE WHEN count(*) = 0 THEN 1.0 ELSE count({name}) / count(*) END"
            yield GateRule(f"{column}_complete", sql, share, None, f"at least {share:.0%} of {column} is filled")
        elif column not in table.nullable and (bounds or field.codes is not None or field.pattern is not None):
            # a missing value passes every range, list and pattern; of other columns it is refused when they are written
            yield GateRule(f"{column}_complete", f"count(*) - count({name})", None, 0, f"{column} is never missing")
        if bounds:
            says = f"{column} is between {field.minimum} and {field.maximum}"
            yield GateRule(f"{column}_range", f"count(*) FILTER (WHERE {' OR '.join(bounds)})", None, 0, says)
        if field.codes is not None:
            list_name, says = registry.codes[field.codes], f"{column} is a code of {field.codes}"
            codes = f"SELECT {quoted(list_name.key)} FROM codes.{quoted(list_name.name)}"
            outside = f"{name} NOT IN ({codes})"
            if field.type == "texts":
                known = ", ".join(literal(code) for code in sorted(list_name.codes))
                outside = f"len(list_filter({name}, lambda x: x NOT IN ({known}))) > 0"
            yield GateRule(f"{column}_codes", f"count(*) FILTER (WHERE {outside})", None, 0, says)
        if field.pattern is not None:
            malformed = f"NOT regexp_full_match({name}, {literal(field.pattern)})"
            says = f"{column} is written as {field.pattern}"
            yield GateRule(f"{column}_pattern", f"count(*) FILTER (WHERE {malformed})", None, 0, says)
    for rule in table.rules:
        yield GateRule(rule.id, f"count(*) FILTER (WHERE {rule.breaks})", None, 0, rule.says)


def dictionary_page(registry: Registry, table: TableContract, language: Language = "en") -> str:
    """Markdown page of a table: grain, key, columns with type, unit, codes and description."""
    lines = [f"## {table.qualified}", "", table.grain, "", f"Key: {', '.join(f'`{c}`' for c in table.primary_key)}", ""]
    lines += [f"> {warning}" for warning in table.warnings] + ([""] if table.warnings else [])
    lines += ["| column | type | unit | may be missing | codes | of a single seizure | description |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for column in table.fields:
        field = registry.fields[column]
        description = field.description.in_language(language).replace("|", "\\|")
        nullable, record = column in table.nullable, field.sensitivity == "record"
        about = [field.type, field.unit or "", _yes(nullable), field.codes or "", _yes(record), description]
        lines.append(f"| `{column}` | " + " | ".join(about) + " |")
    return "\n".join([*lines, ""])


def datapackage_resource(registry: Registry, table: TableContract, path: str) -> dict[str, Any]:
    """Entry of a Frictionless data package (Tabular Data Resource, 2021)."""
    return {
        "name": table.qualified.replace(".", "-"),
        "path": path,
        "description": table.grain,
        "schema": {
            "fields": [
                {
                    "name": column,
                    "type": TYPES[registry.fields[column].type].frictionless,
                    "description": registry.fields[column].description.en,
                    "constraints": _constraints(registry.fields[column], column not in table.nullable),
                }
                for column in table.fields
            ],
            "primaryKey": table.primary_key,
        },
    }


def _constraints(field: FieldContract, required: bool) -> dict[str, Any]:
    return {"required": required} | ({"pattern": field.pattern} if field.pattern is not None else {})


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _comment(field: FieldContract) -> str:
    unit = f" [{field.unit}]" if field.unit else ""
    codes = f" (codes: {field.codes})" if field.codes else ""
    return field.description.en + unit + codes
