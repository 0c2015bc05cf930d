"""What every command shares: exit codes, the home, and printing: data on stdout, words on stderr.

Belongs here: how something is said. Does not belong here: what is said (`cli`, `source.commands`).
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from illicit_flows import reader

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal may take for a command; a sender's words may hold it."""


class Words(Console):
    """What is said on stderr, without a terminal's commands in it."""

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(CONTROLS.sub("\ufffd", str(said)) for said in objects), **how)


words = Words(stderr=True, highlight=False, soft_wrap=True, markup=False)
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything is kept. Default: FLOWS_HOME, or data/home.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Exit(IntEnum):
    """Exit codes. Only `TEMPORARY` is worth a retry. Where several hold, the first of 7, 6, 75, 5, 4 is given."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    INVALID_ROWS = 3
    DRIFTED = 4
    BELOW_BOUND = 5
    REFUSED = 6
    INTEGRITY = 7
    TEMPORARY = 75


def home_path(home: Path | None) -> Path:
    return (home or reader.default_home()).expanduser().resolve()


def enter(home: Path | None) -> Any:
    """The home, made ready; Dagster's state goes below it from here on."""
    from pipelines.store import Home

    house = Home.at(home_path(home)).make()
    from assets.house import dagster_environment

    os.environ.update(dagster_environment(house))
    return house


def print_records(records: list[dict[str, Any]], names: list[str], as_json: bool) -> None:
    if as_json:
        print_json([{name: record.get(name) for name in names} for record in records])
    elif sys.stdout.isatty():
        table = Table(*names)
        for record in records:
            table.add_row(*(_cell(record.get(name)) for name in names))
        Console().print(table)
    else:
        typer.echo("\t".join(names))
        for record in records:
            typer.echo("\t".join(_cell(record.get(name)) for name in names))


def print_json(value: Any) -> None:
    typer.echo(json.dumps(_finite(value), default=_plain, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: both are missing there."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _cell(value: Any) -> str:
    """One cell of a line: a tab or a line break inside a value is written as \\t or \\n."""
    text = "" if value is None else str(value)
    text = CONTROLS.sub("\ufffd", text.replace("\r", "\n")) if CONTROLS.search(text) else text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
