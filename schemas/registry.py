"""Loads every contract, holds them against each other, and reports all faults together.

Belongs here: reading `schemas/` and the closed list of areas, and the checks that span files.
Does not belong here: the shape of one file (`contracts`) or what is made of it (`render`).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.areas import area_faults
from schemas.contracts import (
    BUILT_IN_LOOKUPS,
    LANGUAGES,
    LAYERS,
    LEG_TARGETS,
    PROVENANCE,
    ColumnMap,
    FieldContract,
    SourceContract,
    TableContract,
)
from schemas.factors import Factor, factor_faults, read_factors
from schemas.messages import Catalogue, read_catalogue

Model = TypeVar("Model", bound=BaseModel)
PROJECT = Path(__file__).resolve().parents[1]
FACTORS = "data/reference/factors.csv"
CODES_OF_TARGET: dict[str, str] = {
    "reporter": "areas", **dict.fromkeys(LEG_TARGETS, "areas"), "commodity": "commodities", "unit": "units",
    "transport_mode": "transport_modes", "concealment": "concealments", "facility": "facilities",
    "direction": "directions", "weekday": "weekdays", "currency": "currencies", "agency": "agencies",
    "vessel_flag": "areas", "seal_state": "seal_states", "bill_of_lading": "bills_of_lading",
    "calibre_class": "calibre_classes", "source_reliability": "source_reliabilities",
    "info_accuracy": "info_accuracies", "stage": "outcome_stages", "stage_state": "outcome_states",
    "instrument": "instruments",
}  # fmt: skip
"""Closed list that the lookup of a target must map into."""
SUGGESTED = "# "
"""What a row of a lookup begins with while it is only a suggestion."""
MAPPINGS = ("hs_2022", "cites_appendix", "iccs_category", "incb_schedule")
"""Columns of the commodities that name a class of somebody else's list."""


class ContractFaults(Exception):
    """Every fault found in the contracts, one per line."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = sorted(faults)
        super().__init__(f"{len(faults)} contract faults:\n" + "\n".join(f"- {fault}" for fault in self.faults))


@dataclass(frozen=True)
class CodeList:
    """A closed list: codes in file order, and all columns of each row."""

    name: str
    rows: tuple[Mapping[str, str], ...]

    @property
    def key(self) -> str:
        return next(iter(self.rows[0])) if self.rows else "code"

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(row[self.key] for row in self.rows)


@dataclass(frozen=True)
class LookupRow:
    """One spelling and its code, valid between two dates (an open end is None)."""

    value: str
    code: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Registry:
    """All contracts, cross-checked. `digest` changes when any byte of them does."""

    fields: Mapping[str, FieldContract]
    tables: Mapping[str, TableContract]
    sources: Mapping[str, SourceContract]
    codes: Mapping[str, CodeList]
    lookups: Mapping[str, tuple[LookupRow, ...]]
    messages: Catalogue
    factors: tuple[Factor, ...]
    digest: str
    area_members: tuple[Mapping[str, str], ...] = ()
    """Who belongs to which organisation or programme, and when; UN M49 groups follow from the areas themselves."""

    @property
    def code_rows(self) -> dict[str, tuple[Mapping[str, str], ...]]:
        """The rows of every code list, and of the areas."""
        return {name: codes.rows for name, codes in self.codes.items()}

    def field_names(self, table: str) -> list[str]:
        return list(self.tables[table].fields)

    def tables_of(self, layer: str) -> list[TableContract]:
        return [table for table in self.tables.values() if table.layer == layer]

    def lookup_of(self, column: ColumnMap) -> tuple[LookupRow, ...]:
        """Spellings and codes of a looked-up column; `@code` gives every code of the target for itself."""
        if column.lookup == "@code":
            return tuple(LookupRow(code, code) for code in sorted(self.codes[CODES_OF_TARGET[str(column.to)]].codes))
        return self.lookups[column.lookup or ""]

    def source_groups(self, source: SourceContract) -> frozenset[str]:
        """Commodity groups inside a source's scope."""
        scope, groups = source.scope, self.codes["commodity_groups"].rows
        families = {row["family"] for row in groups} if scope.commodity_families == "all" else scope.commodity_families
        of_families = {row["code"] for row in groups if row["family"] in families}
        stated = of_families if scope.commodity_groups == "all" else scope.commodity_groups
        return frozenset(stated) - frozenset(scope.not_commodity_groups)


@cache
def registry() -> Registry:
    """The project's own contracts, loaded once per process."""
    return load(PROJECT)


def load(project: Path) -> Registry:
    """Read and cross-check all contracts below a project root.

    Raises `ContractFaults` that lists every fault of every file.
    """
    schemas = project / "schemas"
    faults: list[str] = []
    fields = dict(_models(schemas / "fields.yml", FieldContract, faults, project))
    tables = {
        table.qualified: table
        for layer in LAYERS
        for _, table in _models(schemas / "tables" / f"{layer}.yml", TableContract, faults, project, layer=layer)
    }
    sources, lines = {}, {}
    for path in sorted((schemas / "sources").glob("*.yml")):
        content = _yaml(path, faults, project)
        source = _validated(path, SourceContract, content, faults, project) if content else None
        if source is not None:
            lines[source.source] = Lines(path)
            if source.source != path.stem:
                faults.append(f"{path.relative_to(project)}:1: source: must be the file's name, {path.stem}")
            sources[source.source] = source
    codes = {path.stem: CodeList(path.stem, _csv(path)) for path in sorted((schemas / "codes").glob("*.csv"))}
    codes["areas"] = CodeList("areas", _csv(project / "data" / "reference" / "areas.csv"))
    members = _csv(project / "data" / "reference" / "area_members.csv")
    lookups = {path.stem: _lookup(path, faults, project) for path in sorted((schemas / "lookups").glob("*.csv"))}
    lookups |= _built_in_lookups(codes["areas"], sources)
    messages = read_catalogue(schemas / "messages")
    faults += messages.faults()
    factors = read_factors(project / FACTORS, faults)
    loaded = Registry(fields, tables, sources, codes, lookups, messages, factors, _digest(project), members)
    faults += [*_table_faults(loaded), *_source_faults(loaded, lines), *_code_faults(loaded)]
    faults += factor_faults(FACTORS, factors, loaded.code_rows)
    faults += area_faults(codes["areas"].rows, codes["area_groups"].rows, codes["area_group_kinds"].rows, members)
    if faults:
        raise ContractFaults(faults)
    return loaded


# --- checks that span files ---------------------------------------------------------------------------------


def _table_faults(registry: Registry) -> Iterator[str]:
    for name, table in registry.tables.items():
        yield from _column_faults(registry, name, table)
        yield from _bound_faults(registry, name, table)
        yield from _key_faults(registry, name, table)
    used = {field for table in registry.tables.values() for field in table.fields}
    for field, contract in registry.fields.items():
        if field not in used:
            yield f"fields.yml: {field} is in no table"
        if contract.codes is not None and contract.codes not in registry.codes:
            yield f"fields.yml: {field} names the unknown code list {contract.codes}"


def _column_faults(registry: Registry, name: str, table: TableContract) -> Iterator[str]:
    known = set(table.fields)
    for field in table.fields:
        if field not in registry.fields:
            yield f"{name}: column {field} is not in fields.yml"
    named: dict[str, Iterable[str]] = {
        "primary key": table.primary_key,
        "nullable": table.nullable,
        "completeness": table.completeness,
        "foreign key": [column for key in table.foreign_keys for column in key.columns],
        "trace": table.trace.keys if table.trace else [],
    }
    for label, columns in named.items():
        for column in columns:
            if column not in known:
                yield f"{name}: {label} names {column}, which the table does not have"
    if table.layer in ("staging", "conformed") and "row_no" in known:
        for column in PROVENANCE:
            if column not in known:
                yield f"{name}: provenance column {column} is missing"


def _bound_faults(registry: Registry, name: str, table: TableContract) -> Iterator[str]:
    """A missing value passes every range, code list and pattern: how many may be missing must be said."""
    for column in sorted(table.nullable & set(table.fields)):
        field = registry.fields.get(column)
        if field is None or column in table.completeness:
            continue
        if field.codes or field.pattern or field.minimum is not None or field.maximum is not None:
            yield f"{name}: {column} has a range, a code list or a pattern and is nullable, so it needs `completeness`"


def _key_faults(registry: Registry, name: str, table: TableContract) -> Iterator[str]:
    for column in set(table.primary_key) & table.nullable:
        yield f"{name}: {column} is in the primary key and nullable"
    for key in table.foreign_keys:
        target = registry.tables.get(key.table)
        if target is None:
            yield f"{name}: foreign key to the unknown table {key.table}"
        elif set(key.references) - set(target.fields):
            yield f"{name}: foreign key to columns that {key.table} does not have"
    ids = [rule.id for rule in table.rules]
    for rule_id in sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        yield f"{name}: rule {rule_id} stands twice"


def _source_faults(registry: Registry, lines: Mapping[str, Lines]) -> Iterator[str]:
    """Faults of sources, each with the file, the line and the key."""
    for name, source in registry.sources.items():
        for keys, fault in (*_reference_faults(registry, source), *_column_map_faults(registry, source)):
            at = f"schemas/sources/{name}.yml:{lines[name].of(keys)}: {'.'.join(map(str, keys))}"
            yield f"{at}: {fault}"
    for first, second in _claims_twice(registry):
        yield f"schemas/sources/{second}.yml:{lines[second].of(('files',))}: files: {first} claims some of them too"


Keys = tuple[str | int, ...]
"""Where something stands in a contract: keys and positions from the top down."""


def _reference_faults(registry: Registry, source: SourceContract) -> Iterator[tuple[Keys, str]]:
    """Names in a contract that nothing in the house has."""
    if source.mirrors is not None and source.mirrors not in registry.sources:
        yield ("mirrors",), f"mirrors the unknown source {source.mirrors}"
    views: list[tuple[Keys, Mapping[Any, str]]] = [(("constants",), source.constants)]
    views += [(("lines", number, "constants"), line.constants) for number, line in enumerate(source.lines)]
    for keys, constants in views:
        for target, code in constants.items():
            if target in CODES_OF_TARGET and code not in registry.codes[CODES_OF_TARGET[target]].codes:
                yield (*keys, target), f"the constant {target} is {code!r}, which is no code"
    groups, families = registry.codes["commodity_groups"].codes, registry.codes["commodity_families"].codes
    for key, stated, known in (
        ("commodity_groups", source.scope.commodity_groups, groups),
        ("not_commodity_groups", source.scope.not_commodity_groups, groups),
        ("commodity_families", source.scope.commodity_families, families),
    ):
        for code in [] if stated == "all" else sorted(set(stated) - known):
            yield ("scope", key), f"scope names the unknown {code}"
    for number, rule in enumerate(source.date_precision):
        if rule.reporter not in registry.codes["areas"].codes:
            yield ("date_precision", number), f"date_precision names the unknown reporter {rule.reporter}"


def _column_map_faults(registry: Registry, source: SourceContract) -> Iterator[tuple[Keys, str]]:
    views: list[tuple[Keys, Mapping[str, ColumnMap]]] = [(("columns",), source.columns)]
    views += [(("lines", number, "columns"), line.columns) for number, line in enumerate(source.lines)]
    for keys, columns in views:
        for column, mapping in columns.items():
            for key, fault in _lookup_faults(registry, mapping):
                yield (*keys, column, key), fault


def _lookup_faults(registry: Registry, mapping: ColumnMap) -> Iterator[tuple[str, str]]:
    looked_up = [("lookup", mapping.lookup, str(mapping.to)), ("unit_lookup", mapping.unit_lookup, "unit")]
    for key, lookup, target in looked_up:
        if lookup is None or mapping.to is None:
            continue
        codes = registry.codes[CODES_OF_TARGET[target]].codes
        if lookup.startswith("@") and lookup not in BUILT_IN_LOOKUPS:
            yield key, f"names the unknown lookup {lookup}; built in are {', '.join(sorted(BUILT_IN_LOOKUPS))}"
        elif lookup in AREA_LOOKUPS and CODES_OF_TARGET[target] != "areas":
            yield key, f"{lookup} gives areas, and {target} is none"
        elif lookup != "@code" and lookup not in registry.lookups:
            yield key, f"names the unknown lookup {lookup}"
        elif not lookup.startswith("@"):
            for row in registry.lookups[lookup]:
                if row.code not in codes:
                    yield key, f"lookups/{lookup}: {row.value!r} maps to {row.code!r}, which is no code of {target}"
        if mapping.not_known_code is not None and mapping.not_known_code not in codes:
            yield "not_known_code", f"stands for the unknown code {mapping.not_known_code}"


def _claims_twice(registry: Registry) -> Iterator[tuple[str, str]]:
    """Pairs of sources with one folder and the same pattern: no file would ever be claimed."""
    seen: dict[tuple[str, str], str] = {}
    for name, source in registry.sources.items():
        first = seen.setdefault((source.publisher.inbox, source.files), name)
        if first != name:
            yield first, name


def _code_faults(registry: Registry) -> Iterator[str]:
    for name, code_list in registry.codes.items():
        keys = [row[code_list.key] for row in code_list.rows]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            yield f"codes/{name}: {key} stands twice"
        for row in code_list.rows:
            for fault in _cell_faults(registry, row):
                yield f"codes/{name}: {row[code_list.key]} {fault}"
    for child, column, parent in (
        ("commodities", "commodity_group", "commodity_groups"),
        ("commodities", "form", "forms"),
        ("commodity_groups", "family", "commodity_families"),
    ):
        for row in registry.codes[child].rows:
            if row[column] not in registry.codes[parent].codes:
                yield f"codes/{child}: {row['code']} names the unknown {column} {row[column]!r}"
    yield from _commodity_faults(registry)


def _cell_faults(registry: Registry, row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the cells of one row of any list: their number, labels, and texts that have a pattern."""
    if None in row or None in row.values():  # what `csv` makes of a row that is too long or too short
        yield "has not as many cells as the list has columns"
        return
    labels = [f"label_{language}" for language in LANGUAGES]
    if "label_en" in row:
        yield from (f"has no {label}" for label in labels if not row.get(label))
    for column, text in row.items():
        field = registry.fields.get(column)
        if field is not None and field.pattern is not None and text and not re.fullmatch(field.pattern, text):
            yield f"has the {column} {text!r}, which is not written as {field.pattern}"


def _commodity_faults(registry: Registry) -> Iterator[str]:
    """Labels that do not tell two commodities of a group apart, and classes that contradict one another."""
    family = {row["code"]: row.get("family") for row in registry.codes["commodity_groups"].rows}
    named: dict[tuple[str, str, str], str] = {}
    for row in registry.codes["commodities"].rows:
        code, schedule = row["code"], row.get("incb_schedule") or ""
        for label in (f"label_{language}" for language in LANGUAGES):
            if text := row.get(label):
                first = named.setdefault((row["commodity_group"], label, text.casefold()), code)
                if first != code:
                    yield f"codes/commodities: {code} has the {label} of {first}, {text!r}"
        if schedule and schedule.startswith("1988") != (family.get(row["commodity_group"]) == "precursors"):
            yield f"codes/commodities: {code} is in {schedule}; the 1988 Convention lists precursors and nothing else"
        is_mapped = any(row.get(column) for column in MAPPINGS)
        if is_mapped != bool(row.get("mapping_source")):
            yield f"codes/commodities: {code} has a class of another list without its mapping_source, or the reverse"


# --- reading ------------------------------------------------------------------------------------------------


def _models(
    path: Path, model: type[Model], faults: list[str], project: Path, **fixed: str
) -> Iterator[tuple[str, Model]]:
    for name, content in (_yaml(path, faults, project) or {}).items():
        extra = {"name": name, **fixed} if fixed else {}
        found = _validated(path, model, {**(content or {}), **extra}, faults, project, name)
        if found is not None:
            yield name, found


def _validated(
    path: Path, model: type[Model], content: Any, faults: list[str], project: Path, name: str = ""
) -> Model | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = Lines(path)
        for problem in error.errors(include_url=False):
            keys: Keys = tuple(key for key in (name, *problem["loc"]) if key != "")
            where = ".".join(map(str, keys))
            faults.append(f"{path.relative_to(project)}:{lines.of(keys)}: {where}: {problem['msg']}")
        return None


class Lines:
    """On which line of a YAML file a key stands."""

    def __init__(self, path: Path) -> None:
        self._top = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)

    def of(self, keys: Keys) -> int:
        """Line of the innermost key that is there, from 1; what is missing is looked for where it should stand."""
        node, line = self._top, 1
        for key in keys:
            if isinstance(node, yaml.MappingNode):
                found = next(((name, value) for name, value in node.value if name.value == str(key)), None)
                if found is None:
                    continue  # Pydantic names the kind of a format, which is no key
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                node = node.value[key]
                line = node.start_mark.line + 1
        return int(line)


def _yaml(path: Path, faults: list[str], project: Path) -> Any:
    try:
        loader = yaml.CSafeLoader(path.read_text(encoding="utf-8"))  # the safe loader, parsed in C: ten times faster
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (OSError, yaml.YAMLError) as error:
        faults.append(f"{path.relative_to(project)}: {error}")
        return {}


def _csv(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def _lookup(path: Path, faults: list[str], project: Path) -> tuple[LookupRow, ...]:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    try:
        rows = tuple(
            LookupRow(row["value"], row["code"], day(row.get("valid_from")), day(row.get("valid_to")))
            for row in _csv(path)
        )
    except (KeyError, ValueError) as error:
        faults.append(f"{path.relative_to(project)}: {type(error).__name__}: {error}")
        return ()
    seen: set[tuple[str, date | None]] = set()
    for row in rows:
        if row.value.startswith(SUGGESTED):
            says = "is only a suggestion: take the mark away if it is right, or the row if it is not"
            faults.append(f"{path.relative_to(project)}: {row.value!r} {says}")
        if (row.value, row.valid_from) in seen:
            faults.append(f"{path.relative_to(project)}: {row.value!r} stands twice")
        seen.add((row.value, row.valid_from))
    return rows


NO_AREA = frozenset({"none", "rest"})
"""Types of areas that say something of our reading, and that no report means where it has such a word."""
AREA_LOOKUPS = frozenset({"@iso2", "@iso3", "@iata", "@locode"})


def _built_in_lookups(areas: CodeList, sources: Mapping[str, SourceContract]) -> dict[str, tuple[LookupRow, ...]]:
    """Areas by ISO 3166-1 code; by the first two letters of a UN/LOCODE; by airport where a contract needs them."""
    standing = [row for row in areas.rows if row["area_type"] != "historical"]
    iso2 = {row["iso2"]: row["area"] for row in standing if row["iso2"]}
    by_code = tuple(LookupRow(code, area) for code, area in sorted(iso2.items()))
    found = {
        "@iso2": by_code,
        "@locode": by_code,
        "@iso3": tuple(LookupRow(row["area"], row["area"]) for row in standing if row["area_type"] not in NO_AREA),
    }
    if any(column.lookup == "@iata" for source in sources.values() for column in source.all_columns.values()):
        import airportsdata  # 7,900 airports, read only where a contract names them

        found["@iata"] = tuple(
            LookupRow(code, iso2[airport["country"]])
            for code, airport in sorted(airportsdata.load("IATA").items())
            if airport["country"] in iso2
        )
    return found


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    for folder in ("schemas", "data/reference"):
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in {".yml", ".csv", ".po"}:
                digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
