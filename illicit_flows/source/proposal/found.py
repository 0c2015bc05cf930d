"""What the rooms of a proposal hand to one another.

Belongs here: a guess with its evidence, a sample as it was read, and the draft of a contract that each room adds to.
Does not belong here: anything that guesses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from illicit_flows.source.proposal.cells import Column
from illicit_flows.source.proposal.codes import Codes, Suggestion
from illicit_flows.source.proposal.dates import Dates
from illicit_flows.source.proposal.numbers import Numbers
from pipelines.deliveries.sandbox import Read
from schemas.contracts import REQUIRED_TARGETS, FileFormat, Kind, Language
from schemas.registry import Registry

Reader = Callable[[FileFormat], Read]
"""Reads the sample under a format, in the child process where a format needs it."""


class CannotPropose(Exception):
    """No contract can be proposed for this file; says why."""


@dataclass(frozen=True)
class Guess:
    """One line of the contract that was guessed, and what speaks for it."""

    key: str
    value: str
    evidence: str
    sure: bool = True


@dataclass
class Shape:
    """A format, and what was guessed on the way to it."""

    form: FileFormat
    guesses: list[Guess] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    """Texts above the header."""


@dataclass
class Sample:
    """A file as it was read under a guessed format."""

    shape: Shape
    table: pl.DataFrame
    """Each column of the header as plain text, all parts together."""
    parts: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        return self.table.columns


@dataclass
class Choice:
    """What becomes of one column, as the contract will write it, and why."""

    name: str
    keys: dict[str, Any]
    guesses: list[Guess] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)

    @property
    def target(self) -> str | None:
        return self.keys.get("to")

    @property
    def lookup(self) -> str | None:
        return self.keys.get("lookup") or self.keys.get("unit_lookup")


@dataclass
class Line:
    """One of several quantities that stand side by side in a row."""

    column: str
    constants: dict[str, str]
    evidence: str


@dataclass
class Draft:
    """A contract on its way: each room reads what those before it have settled."""

    sample: Sample
    registry: Registry
    source: str
    language: Language
    named_in: list[str]
    """Texts in which the reporter may be named: the publisher, the file's name, titles."""
    codes: Codes
    total_rows: list[int]
    note_rows: list[int]
    columns: dict[str, Column]
    """The cells of each column, without the closing rows."""
    n_rows: int
    weekday: Column | None = None
    dates: dict[str, Dates] = field(default_factory=dict)
    kind: Kind = "seizures"
    kind_guess: Guess = field(default_factory=lambda: Guess("kind", "", ""))
    lines: list[Line] = field(default_factory=list)
    choices: dict[str, Choice] = field(default_factory=dict)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    """New lookups: spellings with their codes."""
    numbers: Numbers | None = None
    constants: dict[str, Guess] = field(default_factory=dict)
    declared: list[tuple[dict[str, Any], Guess]] = field(default_factory=list)
    vintage: tuple[str, str] | None = None
    to_do: list[str] = field(default_factory=list)

    def column_of(self, *targets: str) -> Choice | None:
        """The column that fills the first of some targets that one fills."""
        by_target = {choice.target: choice for choice in self.choices.values()}
        return next((by_target[target] for target in targets if target in by_target), None)

    @property
    def left(self) -> dict[str, Column]:
        """Columns of which nothing has been said yet."""
        of_lines = {line.column for line in self.lines}
        return {name: column for name, column in self.columns.items() if name not in {*self.choices, *of_lines}}

    @property
    def amount(self) -> str:
        """The target of what is counted."""
        return "hectares" if self.kind == "cultivation" else "quantity"

    @property
    def filled(self) -> set[str]:
        """Targets that a column, a constant or the lines fill."""
        of_lines = {target for line in self.lines for target in (*line.constants, self.amount)}
        return {choice.target for choice in self.choices.values() if choice.target} | of_lines | set(self.constants)

    @property
    def missing(self) -> dict[str, str]:
        """Targets that a contract of this kind must have and nothing fills, with the column that stands in for each."""
        filled = self.filled
        groups = [group for group in REQUIRED_TARGETS[self.kind] if not group & filled]
        first = ("quantity", "unit", "year")
        targets = [next(name for name in (*first, *sorted(group)) if name in group) for group in groups]
        return {target: f"TO DO {target}" for target in targets}

    @property
    def dated(self) -> Dates | None:
        choice = self.column_of("seized", "stage_date", "period")
        return self.dates.get(choice.name) if choice else None

    def drop(self, column: str, reason: str, evidence: str, *, personal: bool = False, sure: bool = True) -> Choice:
        keys: dict[str, Any] = {"drop": reason} | ({"personal": True} if personal else {})
        self.choices[column] = Choice(column, keys, [Guess("drop", reason, evidence, sure)])
        return self.choices[column]
