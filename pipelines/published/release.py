"""Makes a release: a folder that is complete, hashed and named in one step, or not there at all.

Belongs here: the release's files, its index and sums, and moving `latest`. Does not belong here: reading one
(`illicit_flows.reader`, which shares no code with this room so that a release can be checked without it).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.keys import fingerprint
from pipelines.published.geo import write_geo
from pipelines.published.report import Report, report_page
from pipelines.store import Home, connect, rows, sha256_of, write_bytes
from schemas.contracts import LANGUAGES, TableContract
from schemas.registry import PROJECT, Registry
from schemas.render import datapackage_resource, ddl, dictionary_page, literal, quoted
from schemas.views import VIEWS

NOT_RELEASED = frozenset(
    {
        "deliveries.rows", "staging.reports", "staging.totals", "staging.outcomes", "staging.cultivation",
        "reference.place_names",
    }
)  # fmt: skip
"""Whole rows as received stay in the home, and so does the list of names that places are looked up by."""
CSV_ROWS = 200_000
TOMBSTONE = ".tombstone.json"
"""Stands beside the releases where one was deleted."""
TLP_ORDER = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


@dataclass(frozen=True)
class Made:
    """The outcome of a night: the release that holds, and whether it is new."""

    version: str
    path: Path
    is_new: bool


def inputs_digest(home: Home, registry: Registry, as_of: date | None) -> str:
    """Digest of all that a release is made of: deliveries, decisions, contracts, facts, code, key, a stated as-of."""
    delivered = sorted(path.parent.name for path in _receipts(home))
    decided = [f"{path.name} {sha256_of(path)}" for path in sorted(home.decisions.glob("*.csv"))]
    return _digest([registry.digest, _code_digest(), str(as_of), fingerprint(home.root), *decided, *delivered])


def current(home: Home, registry: Registry, as_of: date | None) -> Made | None:
    """The latest release if it, or a night after it, was already made of what the home holds now."""
    note, pointer = home.runs / "current.json", home.releases / "latest"
    if not note.exists() or not pointer.exists():
        return None
    path = pointer.resolve()
    same = json.loads(note.read_text(encoding="utf-8")) == _state(home, registry, as_of, path.name)
    return Made(path.name, path, False) if same and (path / "index.json").exists() else None


def _state(home: Home, registry: Registry, as_of: date | None, version: str) -> dict[str, str]:
    """What the home holds: the inputs of a release, and the receipts, which also say what came again."""
    receipts = sorted(f"{path.parent.name} {path.read_text(encoding='utf-8')}" for path in _receipts(home))
    return {"inputs_digest": inputs_digest(home, registry, as_of), "receipts": _digest(receipts), "version": version}


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def make_release(
    home: Home, registry: Registry, *, as_of: date, stated_as_of: date | None, report: Report, gate: dict[str, Any]
) -> Made:
    """Write a release of all tables, name it, and move `latest` to it.

    A night whose tables are those of the latest release makes none. What a killed run left is never named.
    """
    previous = _index_of_latest(home)
    tables = {
        name: table
        for name, table in registry.tables.items()
        if name not in NOT_RELEASED and _exists(home, registry, table)
    }
    building = home.scratch / "release"
    shutil.rmtree(building, ignore_errors=True)
    (building / "tables").mkdir(parents=True)
    tlp = _highest_tlp(registry, report)
    facts = _write_tables(home, registry, building, tables, previous, tlp)
    if previous is not None and _same_tables(previous, facts):
        _note_current(home, _state(home, registry, stated_as_of, previous["version"]))
        return Made(previous["version"], home.releases / previous["version"], False)
    version, sequence = _next_version(home, as_of)
    for fact in facts.values():
        fact["last_change"] = fact["last_change"] or version
    _write_database(registry, building, tables)
    write_geo(home, registry, building / "geo")
    _write_words(registry, building, tables, report, gate, version)
    revisions = _write_revisions(registry, home, building, previous)
    index = {
        "version": version,
        "sequence": sequence,
        "previous": previous["version"] if previous else None,
        "as_of": str(as_of),
        "status": "internal",
        "simulated": any(row["simulated"] for row in report["deliveries"]),
        "tlp": tlp,
        "code_commit": _commit(),
        "inputs_digest": inputs_digest(home, registry, stated_as_of),
        "contracts_digest": registry.digest,
        "content_sha256": hashlib.sha256("".join(f"{n}{f['sha256']}" for n, f in facts.items()).encode()).hexdigest(),
        "tables": facts,
        "views": sorted(VIEWS),
        "accounting": report["deliveries"],
        "sources": report["sources"],
        "unclaimed": report["unclaimed"],
    }
    (building / "CHANGELOG.md").write_text(_changelog(index, previous, revisions), encoding="utf-8")
    (building / "index.json").write_text(_json(index), encoding="utf-8")
    _seal(home, building, version)
    _note_current(home, _state(home, registry, stated_as_of, version))
    return Made(version, home.releases / version, True)


# --- tables -------------------------------------------------------------------------------------------------


def _write_tables(
    home: Home,
    registry: Registry,
    building: Path,
    tables: dict[str, TableContract],
    previous: dict[str, Any] | None,
    tlp: str,
) -> dict[str, dict[str, Any]]:
    """One Parquet file a table, CSV beside it where no single seizure is described; returns their facts."""
    con = connect(home, registry, tables)
    facts: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        target = building / "tables" / f"{name}.parquet"
        source = f"{quoted(table.layer)}.{quoted(table.name)}"
        if table.partitioned_by_source:
            ordered = f"SELECT * FROM {source} ORDER BY {', '.join(map(quoted, table.primary_key))}"
            con.execute(f"COPY ({ordered}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)")
        else:
            shutil.copyfile(home.table_file(table), target)
        (count,) = rows(con, f"SELECT count(*) FROM {source}")[0]
        if not table.record_tier and count <= CSV_ROWS:
            con.execute(f"COPY (FROM {source}) TO {literal(str(target.with_suffix('.csv')))} (FORMAT csv, HEADER)")
        sha256 = sha256_of(target)
        before = (previous or {}).get("tables", {}).get(name)
        facts[name] = {
            "rows": count,
            "bytes": target.stat().st_size,
            "sha256": sha256,
            "last_change": before["last_change"] if before and before["sha256"] == sha256 else None,
            "tlp": tlp,
            "status": "internal",
            "record_tier": table.record_tier,
        }
    return facts


def _write_database(registry: Registry, building: Path, tables: dict[str, TableContract]) -> None:
    """One DuckDB file with every table, its constraints, comments and views: built new, closed, never written again."""
    con = duckdb.connect(str(building / "release.duckdb"), config={"threads": 2, "memory_limit": "1200MB"})
    for layer in dict.fromkeys(table.layer for table in tables.values()):
        con.execute(f"CREATE SCHEMA {quoted(layer)}")
    for name, table in tables.items():
        con.execute(ddl(registry, table))
        target = f"{quoted(table.layer)}.{quoted(table.name)}"
        con.execute(f"INSERT INTO {target} FROM read_parquet({literal(str(building / 'tables' / f'{name}.parquet'))})")
    for name, view in VIEWS.items():
        con.execute(f"CREATE VIEW {name} AS {view.query}")
    con.execute("CHECKPOINT")
    con.close()


# --- words --------------------------------------------------------------------------------------------------


def _write_words(
    registry: Registry,
    building: Path,
    tables: dict[str, TableContract],
    report: Report,
    gate: dict[str, Any],
    version: str,
) -> None:
    for folder in ("dictionary", "codelists", "quality"):
        (building / folder).mkdir()
    for language in LANGUAGES:
        pages = [dictionary_page(registry, table, language) for table in tables.values()]
        (building / "dictionary" / f"dictionary.{language}.md").write_text("\n".join(pages), encoding="utf-8")
    for name, codes in registry.codes.items():
        source = PROJECT / ("data/reference" if name == "areas" else "schemas/codes") / f"{codes.name}.csv"
        shutil.copyfile(source, building / "codelists" / f"{name}.csv")
    package = {
        "name": "illicit-flows",
        "version": version,
        "resources": [
            datapackage_resource(registry, table, _best_known_form(building, name)) for name, table in tables.items()
        ],
    }
    (building / "datapackage.json").write_text(_json(package), encoding="utf-8")
    shutil.copyfile(PROJECT / "docs" / "methodology.md", building / "methodology.md")
    (building / "quality" / "run_report.json").write_text(_json(report), encoding="utf-8")
    (building / "quality" / "run_report.md").write_text(report_page(report), encoding="utf-8")
    (building / "quality" / "gate.json").write_text(_json(gate), encoding="utf-8")
    (building / "CITATION.cff").write_text(_citation(registry, version), encoding="utf-8")


def _best_known_form(building: Path, name: str) -> str:
    """The CSV of a table where it has one (none describes single seizures, or is too long), else its Parquet file."""
    path = f"tables/{name}.csv"
    return path if (building / path).exists() else f"tables/{name}.parquet"


def _citation(registry: Registry, version: str) -> str:
    """Citation File Format 1.2.0; the sources are cited as references."""
    lines = [
        "cff-version: 1.2.0", "message: Cite this release by its version, and the sources that it rests on.",
        "title: illicit-flows release", "type: dataset", f"version: {json.dumps(version)}",
        "authors:", "  - name: illicit-flows contributors", "references:",
    ]  # fmt: skip
    for source in registry.sources.values():
        lines += ["  - type: data", f"    title: {json.dumps(source.title, ensure_ascii=False)}"]
        lines += ["    authors:", f"      - name: {json.dumps(source.publisher.name, ensure_ascii=False)}"]
        lines += [f"    notes: {json.dumps(source.citation, ensure_ascii=False)}"]
    return "\n".join([*lines, ""])


REVISED = {
    "published.seizure_trends": ("n_lines", "kg_mid", "kg_excluded"),
    "published.coverage": ("kg_reported", "coverage_ratio"),
    "published.country_roles": ("n_made", "n_linked"),
    "published.corridor_trends": ("n_reported", "n_inferred"),
}
"""Measures that are compared with the latest release's, cell by cell."""


def _write_revisions(registry: Registry, home: Home, building: Path, previous: dict[str, Any] | None) -> int:
    """Figures of cells that both releases have and that differ, as `revisions.csv`; returns their number."""
    con = duckdb.connect()
    parts = []
    for name, measures in REVISED.items():
        key = registry.tables[name].primary_key
        new = literal(str(building / "tables" / f"{name}.parquet"))
        old = literal(str(home.releases / previous["version"] / "tables" / f"{name}.parquet")) if previous else new
        label = " || '|' || ".join(f"CAST({quoted(column)} AS VARCHAR)" for column in key)
        parts += [
            f"""
            SELECT {literal(name)} AS table_name, {label} AS key, {literal(measure)} AS measure,
                CAST(o.{quoted(measure)} AS DECIMAL(18, 6)) AS value_before,
                CAST(n.{quoted(measure)} AS DECIMAL(18, 6)) AS value_now,
                o.obs_state AS state_before, n.obs_state AS state_now
            FROM read_parquet({old}) AS o
            JOIN read_parquet({new}) AS n USING ({", ".join(map(quoted, key))})
            WHERE o.{quoted(measure)} IS DISTINCT FROM n.{quoted(measure)} OR o.obs_state IS DISTINCT FROM n.obs_state
            """
            for measure in measures
        ]
    con.execute(f"CREATE TABLE revisions AS {' UNION ALL '.join(parts)}")
    con.execute(
        f"COPY (FROM revisions ORDER BY ALL) TO {literal(str(building / 'revisions.csv'))} (FORMAT csv, HEADER)"
    )
    (count,) = rows(con, "SELECT count(*) FROM revisions")[0]
    return int(count)


def _changelog(index: dict[str, Any], previous: dict[str, Any] | None, revisions: int) -> str:
    lines = [f"# Release {index['version']}", ""]
    if index["simulated"]:
        lines += ["**This release holds simulated data.**", ""]
    if previous is None:
        lines += ["The first release of this home.", ""]
    else:
        compared = ", ".join(f"{name} ({', '.join(measures)})" for name, measures in REVISED.items())
        lines += [f"Of the figures that {previous['version']} had too, {revisions} differ (revisions.csv).", ""]
        lines += [f"Compared: {compared}.", ""]
        known = {row["delivery_id"] for row in previous["accounting"]}
        arrived = [row for row in index["accounting"] if row["delivery_id"] not in known]
        lines += [f"- new delivery: {row['source_id']}, {row['file_name']}, {row['verdict']}" for row in arrived] + [""]
    lines += ["| table | rows | before |", "|---|---|---|"]
    for name, fact in index["tables"].items():
        before = (previous or {}).get("tables", {}).get(name, {}).get("rows", "")
        lines.append(f"| {name} | {fact['rows']} | {before} |")
    stale = [row for row in index["sources"] if row["n_withheld"]]
    lines += ["", *(f"Stale: {row['source_id']} ({row['status']}) since {row['stale_since']}." for row in stale)]
    return "\n".join([*lines, ""])


# --- naming -------------------------------------------------------------------------------------------------


def _seal(home: Home, building: Path, version: str) -> None:
    """Hash every file, write the sums, name the folder, and move `latest` last."""
    files = sorted(path for path in building.rglob("*") if path.is_file())
    sums = "".join(f"{sha256_of(path)}  {path.relative_to(building).as_posix()}\n" for path in files)
    (building / "SHA256SUMS").write_text(sums, encoding="utf-8")
    for path in building.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    write_bytes(home.releases / f"{version}.sha256", f"{sha256_of(building / 'SHA256SUMS')}\n".encode())
    os.replace(building, home.releases / version)
    _point_to(home, version)


def _point_to(home: Home, version: str) -> None:
    pointer = home.releases / f".latest.{os.getpid()}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(version)
    os.replace(pointer, home.releases / "latest")


def releases_on(home: Home, delivery_id: str) -> list[dict[str, Any]]:
    """The indexes of all releases that rest on a delivery, the oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in home.releases.glob("*.*/index.json")]
    resting = [index for index in found if any(row["delivery_id"] == delivery_id for row in index["accounting"])]
    return sorted(resting, key=lambda index: int(index["sequence"]))


def delete_release(home: Home, index: dict[str, Any], because: str) -> None:
    """Delete a release whole, and leave a stone that names it: its number is never given again.

    `latest` moves to the newest release that is left, or goes away with the last one.
    """
    version = index["version"]
    stone = {"version": version, "sequence": index["sequence"], "because": because}
    write_bytes(home.releases / f"{version}{TOMBSTONE}", _json(stone).encode())
    latest = home.releases / "latest"
    was_latest = latest.is_symlink() and latest.readlink().name == version
    if was_latest:
        latest.unlink()
    home.scratch.mkdir(parents=True, exist_ok=True)
    os.replace(
        home.releases / version, home.scratch / f"deleted-{version}"
    )  # in one step, so that no half of it is left
    shutil.rmtree(home.scratch / f"deleted-{version}")
    (home.releases / f"{version}.sha256").unlink(missing_ok=True)
    left = _index_of_latest(home)
    if was_latest and left is not None:
        _point_to(home, left["version"])


def _next_version(home: Home, as_of: date) -> tuple[str, int]:
    """`<as-of>.<n>`: the first number that no release of that day has; the sequence counts all releases."""
    number = 1
    while any((home.releases / f"{as_of}.{number}{kind}").exists() for kind in ("", TOMBSTONE)):
        number += 1
    known = [*home.releases.glob("*/index.json"), *home.releases.glob(f"*{TOMBSTONE}")]
    sequences = (int(json.loads(path.read_text(encoding="utf-8"))["sequence"]) for path in known)
    return f"{as_of}.{number}", 1 + max(sequences, default=0)


def _index_of_latest(home: Home) -> dict[str, Any] | None:
    """The index of the latest release; where the pointer is lost, of the release with the highest number."""
    latest = home.releases / "latest" / "index.json"
    paths = [latest] if latest.exists() else list(home.releases.glob("*/index.json"))
    found = [dict(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return max(found, key=lambda index: int(index["sequence"]), default=None)


def _note_current(home: Home, state: dict[str, str]) -> None:
    write_bytes(home.runs / "current.json", _json(state).encode())


def _same_tables(previous: dict[str, Any], facts: dict[str, dict[str, Any]]) -> bool:
    before = {name: fact["sha256"] for name, fact in previous["tables"].items()}
    return before == {name: fact["sha256"] for name, fact in facts.items()}


def _exists(home: Home, registry: Registry, table: TableContract) -> bool:
    partitions: Iterable[str | None] = registry.sources if table.partitioned_by_source else [None]
    return any(home.table_file(table, partition).exists() for partition in partitions)


def _highest_tlp(registry: Registry, report: Report) -> str:
    """The strictest label among the sources that the release rests on."""
    used = {row["source_id"] for row in report["deliveries"] if row["verdict"] == "accepted"}
    return max((registry.sources[source_id].tlp for source_id in used), key=TLP_ORDER.index)


def _receipts(home: Home) -> list[Path]:
    return list(home.deliveries.glob("*/receipt.json"))


def _code_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("schemas", "pipelines", "assets"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in {".py", ".sql"}:
                digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update((PROJECT / "docs" / "methodology.md").read_bytes())
    return digest.hexdigest()


def _commit() -> str:
    """The commit of the code, or `unknown` outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    found = subprocess.run([git, "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip() or "unknown"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
