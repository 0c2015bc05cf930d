"""What people decided: whether a quantity stands, and whether two reports are of one seizure.

The home's `decisions/*.csv` are append-only files: `append` adds one line and rewrites none. A later line about the
same seizure or pair outranks the earlier one. A decision is one line of text, without a line break in any cell, so that
a quote that is not closed cannot swallow the lines below it. A line that cannot be read as a decision is never applied
and never lost: it is a row with its fault.

Belongs here: the files' form, reading and writing. Does not belong here: what a decision does to a figure
(`conformed`), or whether its seizures exist (`published.report`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.store import Home, connect, write_frame
from schemas.registry import Registry
from schemas.render import polars_schema

TABLE = "staging.decisions"
SEIZURE_ID = re.compile(r"[0-9a-f]{32}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Kind:
    """One decision file: its name, its columns, and the words that its verdict may be."""

    file: str
    columns: tuple[str, ...]
    verdicts: tuple[str, ...]


KINDS: Mapping[str, Kind] = {
    "duplicate": Kind(
        "duplicates.csv", ("seizure_id", "other_seizure_id", "verdict", "who", "when", "why"), ("same", "different")
    ),
    "quantity": Kind("quantities.csv", ("seizure_id", "verdict", "who", "when", "why"), ("keep", "exclude")),
}


class BadDecision(ValueError):
    """A decision that its own file could not hold; the fault is a code of `decision_faults`."""


def make_decisions(home: Home, registry: Registry) -> int:
    """Write `staging.decisions`: every line of both files, the last sound word on each subject standing."""
    found = [row for kind in KINDS for row in read_decisions(home, kind)]
    table = pl.DataFrame(found, schema=polars_schema(registry, registry.tables[TABLE]), orient="row")
    return write_frame(connect(home, registry), home, registry, TABLE, table)


def read_decisions(home: Home, kind: str) -> list[dict[str, Any]]:
    """All lines of one kind as rows of `staging.decisions`, in the file's order."""
    path = home.decisions / KINDS[kind].file
    content = path.read_bytes() if path.is_file() else b""
    rows = list(_rows(kind, content))
    last = {_subject(row): row["file_line"] for row in rows if row["fault"] is None}
    return [row | {"standing": row["fault"] is None and last[_subject(row)] == row["file_line"]} for row in rows]


def append(home: Home, kind: str, decision: Mapping[str, str]) -> Path:
    """Add one decision to the end of its file and return the file; the caller holds the home's lock.

    `decision` gives every column of the kind. Raises `BadDecision` where the line would be faulty. A line that a killed
    command left torn is ended first, so that it stays a faulty line of its own.
    """
    form = KINDS[kind]
    cells = [" ".join(decision[column].split()) for column in form.columns]
    fault, _ = _judged(form, cells)
    if fault is not None:
        raise BadDecision(fault)
    path = home.decisions / form.file
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as stream:
        content = stream.read()
        start = b"" if content.endswith(b"\n") or not content else b"\n"
        header = b"" if content else _line(form.columns)
        stream.write(start + header + _line(cells))
        stream.flush()
        os.fsync(stream.fileno())
    return path


def faulty(home: Home) -> list[str]:
    """A sentence for every line that cannot be read as a decision: its file, its number and its fault."""
    return [
        f"decisions/{KINDS[kind].file}, line {row['file_line']}, is no decision: {row['fault']}"
        for kind in KINDS
        for row in read_decisions(home, kind)
        if row["fault"] is not None
    ]


def _line(cells: tuple[str, ...] | list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _rows(kind: str, content: bytes) -> Iterator[dict[str, Any]]:
    """Rows without `standing`. Of a faulty line nothing is kept but where it stands and its fault."""
    form = KINDS[kind]
    header, *lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    sound_header = _cells(header) == list(form.columns)
    numbered = [*([] if sound_header else [(1, header)]), *enumerate(lines, start=2)]
    for number, line in numbered:
        if not line.strip():
            continue
        cells = _cells(line)
        fault, values = ("wrong_header", {}) if not sound_header else _judged(form, cells)
        told = [str(values.get(column, "")) for column in form.columns if column != "who"] if fault is None else [fault]
        known = "\x1f".join([kind, str(number), *map(str, told)])
        yield {
            "decision_id": hashlib.sha256(known.encode()).hexdigest()[:32],
            "kind": kind,
            "file_line": number,
            "seizure_id": values.get("seizure_id"),
            "other_seizure_id": values.get("other_seizure_id"),
            "decision": values.get("verdict"),
            "decided_on": values.get("when"),
            "why": values.get("why"),
            "fault": fault,
        }


def _cells(line: bytes) -> list[str] | None:
    """The cells of one line without their edge whitespace; None where it is not UTF-8."""
    try:
        text = line.decode()
        return [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except UnicodeDecodeError:
        return None
    except csv.Error:
        return []


def _judged(form: Kind, cells: list[str] | None) -> tuple[str | None, dict[str, Any]]:
    """The fault of a line, or None and its values by column; a pair is in the order of its ids."""
    if cells is None or len(cells) != len(form.columns):
        return "not_text" if cells is None else "wrong_cells", {}
    values: dict[str, Any] = dict(zip(form.columns, cells, strict=True))
    subject = sorted(values[column].lower() for column in form.columns if column.endswith("seizure_id"))
    day = _day(values["when"])
    faults = {
        "missing_value": not all(cells),
        "bad_seizure": not all(map(SEIZURE_ID.fullmatch, subject)),
        "same_seizure_twice": len(set(subject)) < len(subject),
        "bad_verdict": values["verdict"] not in form.verdicts,
        "bad_date": day is None,
    }
    fault = next((name for name, found in faults.items() if found), None)
    if fault is not None:
        return fault, {}
    return None, values | dict(zip(("seizure_id", "other_seizure_id"), subject, strict=False)) | {"when": day}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def _subject(row: Mapping[str, Any]) -> tuple[str, str | None]:
    return row["seizure_id"], row["other_seizure_id"]
