"""A dry run of one file under one contract: what a night would make of it. Nothing is written outside a scratch folder
that is gone afterwards."""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.deliveries.inspect import Inspection, inspect_file
from pipelines.deliveries.receive import Delivery
from pipelines.keys import LEAST_KEY_BYTES
from pipelines.spellings import offers
from pipelines.staging.make import Staged, stage
from pipelines.store import sha256_of
from schemas.contracts import Language, SourceContract
from schemas.registry import Registry


@dataclass(frozen=True)
class Checked:
    """What a night would make of a file: the verdict on the whole and, if it is accepted, the end of every record."""

    source: SourceContract
    inspection: Inspection
    staged: Staged | None

    @property
    def quarantine(self) -> pl.DataFrame:
        return self.staged.tables["staging.quarantine"] if self.staged else pl.DataFrame()

    def endings(self) -> dict[str, int]:
        """Number of records, and how many end staged, quarantined and declared."""
        nothing = dict.fromkeys(("records", "staged", "quarantined", "declared"), 0)
        return dict(self.staged.endings) if self.staged else nothing

    def broken(self, registry: Registry, language: Language) -> list[dict[str, object]]:
        """Each rule that rows broke: column, number of rows, the first of them, and what is to be done about it."""
        if self.staged is None:
            return []
        found: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], dict[str, object]] = {}
        for row in self.quarantine.sort("part", "row_no").iter_rows(named=True):
            key = (row["rule_id"], row["column"])
            found[key] += 1
            params = {entry["key"]: entry["value"] for entry in row["params"]}
            says = registry.messages.render(row["rule_id"], language, params)
            first.setdefault(key, {"part": row["part"], "first_row": row["row_no"], "says": says})
        return [
            {"rule_id": rule, "column": column, "rows": count, **first[rule, column]}
            for (rule, column), count in sorted(found.items())
        ]

    def unmapped(self) -> list[dict[str, object]]:
        """Values that have no code yet, in columns that do not quarantine their row."""
        if self.staged is None:
            return []
        table = self.staged.tables["staging.unmapped"].group_by("column", "value").agg(pl.col("n_rows").sum())
        return table.sort("column", "value").to_dicts()

    def suggestions(self, registry: Registry) -> list[dict[str, object]]:
        """Codes that such values may have, nearest first, each with the row that would say so; none is applied."""
        values = [{"source_id": self.source.source, **row} for row in self.unmapped()]
        return [{name: item for name, item in row.items() if name != "source_id"} for row in offers(registry, values)]


def to_do(project: Path, source: SourceContract) -> list[str]:
    """What a proposed contract still leaves to be decided: its lines with `TO DO`, each with its number."""
    path = project / "schemas" / "sources" / f"{source.source}.yml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [
        f"line {number}: {line.strip().lstrip('# ')}" for number, line in enumerate(lines, start=1) if "TO DO" in line
    ]


def check_file(registry: Registry, source: SourceContract, file: Path) -> Checked:
    """Read and parse one file as a night would. Case ids are hashed under a key that is thrown away.

    Raises FileNotFoundError where there is no such file.
    """
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    with tempfile.TemporaryDirectory(prefix="flows-check-") as scratch:
        delivery = Delivery(sha256_of(file), source.source, file.name, file.parent, 1)
        key = secrets.token_bytes(LEAST_KEY_BYTES)
        inspection = inspect_file(source, delivery, file, scratch=Path(scratch), key=key)
        return conclude(registry, source, inspection)


def conclude(registry: Registry, source: SourceContract, inspection: Inspection) -> Checked:
    """What a night would make of what was read: the records of an accepted file are parsed."""
    if inspection.rule is not None:
        return Checked(source, inspection, None)
    return Checked(source, inspection, stage(registry, source, _records(source, inspection)))


def _records(source: SourceContract, inspection: Inspection) -> pl.DataFrame:
    headers = pl.DataFrame(
        {"part": list(inspection.headers), "header": [list(header) for header in inspection.headers.values()]},
        schema={"part": pl.String, "header": pl.List(pl.String)},
    )
    return inspection.records.join(headers, on="part", how="left", maintain_order="left").select(
        pl.lit(inspection.delivery.delivery_id).alias("delivery_id"),
        pl.lit(inspection.delivery.file_name).alias("file_name"),
        "part",
        "row_no",
        pl.lit(source.version, pl.Int64).alias("contract_version"),
        "header",
        "cells",
        "damage",
    )
