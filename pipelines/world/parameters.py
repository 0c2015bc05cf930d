"""The numbers that drive the world, and how someone else sets them.

Belongs here: reading `numbers/*.yml` (where every figure stands with its source, or is marked as invented) and laying a
file of overrides over them. Does not belong here: a figure, or how it is used.

A file of overrides has the shape of what `write_parameters` writes, and may leave out whatever is to stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from pipelines.world import words
from pipelines.world.draws import shares

NUMBERS = Path(__file__).with_name("numbers")
PARTS = ("flows.yml", "reports.yml", "publishers.yml")
OPEN = frozenset({"hubs", "departures", "onward", "drift", "domestic", "found_at_home", "stated", "enforcement"})
"""Sections by country: a file may name countries that the defaults leave out."""


class BadParameters(ValueError):
    """A file of parameters that cannot be used; says which key, in which line, and why."""


class Parameters:
    """The parameters of a world, by dotted name: `number("ids.swapped")`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._mixes: dict[str, dict[str, float]] = {}
        self._numbers: dict[str, dict[str, float]] = {}

    def at(self, name: str) -> Any:
        """What stands under a name. Raises `KeyError` where nothing does."""
        found: Any = self._document
        for key in name.split("."):
            found = found[key]
        return found

    def number(self, name: str) -> float:
        return float(self.at(name))

    def whole(self, name: str) -> int:
        return int(self.at(name))

    def text(self, name: str) -> str:
        return str(self.at(name))

    def numbers(self, name: str) -> dict[str, float]:
        """Numbers by key."""
        if name not in self._numbers:
            self._numbers[name] = {str(key): float(value) for key, value in self.at(name).items()}
        return self._numbers[name]

    def row(self, name: str) -> list[float]:
        return [float(value) for value in self.at(name)]

    def mix(self, name: str) -> dict[str, float]:
        """Shares that sum to one."""
        if name not in self._mixes:
            self._mixes[name] = shares(self.text(name))
        return self._mixes[name]

    def mix_of(self, name: str) -> dict[str, float]:
        """Numbers by key, made to sum to one."""
        numbers = self.numbers(name)
        return {key: value / sum(numbers.values()) for key, value in numbers.items()}

    def mixes(self, name: str) -> dict[str, dict[str, float]]:
        return {str(key): shares(str(value)) for key, value in self.at(name).items()}

    def size(self, name: str) -> tuple[float, float]:
        """Median, and standard deviation of the logarithm."""
        return size(self.text(name))

    def sizes(self, name: str) -> dict[str, tuple[float, float]]:
        return {str(key): size(str(value)) for key, value in self.at(name).items()}

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the world, ascending."""
        return tuple(self.whole("years.first") + i for i in range(len(self.row("years.weights"))))

    @cached_property
    def police_years(self) -> tuple[int, ...]:
        return tuple(int(year) for year in self.row("years.police"))


def size(text: str) -> tuple[float, float]:
    """Read `"2.0 1.1"`; a unit in front is passed over."""
    median, spread = text.split()[-2:]
    return float(median), float(spread)


def read_parameters(overrides: Path | None = None) -> Parameters:
    """The defaults, with what a file says laid over them.

    Raises:
        BadParameters: for a file that is no YAML mapping, a key that the defaults do not have, or a value of another
            kind; all of them at once, each with its name and line.
    """
    document: dict[str, Any] = {}
    for part in PARTS:
        document |= yaml.safe_load((NUMBERS / part).read_text(encoding="utf-8"))
    if overrides is None:
        return Parameters(document)
    try:
        stated = yaml.compose(overrides.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParameters(f"{overrides.name} is no YAML in UTF-8: {error}") from None
    faults: list[str] = []
    defaults = deepcopy(document)
    if stated is not None:
        _lay_over(document, stated, (), faults)
    faults = faults or _disagreements(document, defaults)
    if faults:
        raise BadParameters(f"{overrides.name}: " + "; ".join(faults))
    return Parameters(document)


def write_parameters(path: Path) -> None:
    """Write the defaults with their sources, as a file that can be changed and given back."""
    parts = [(NUMBERS / part).read_text(encoding="utf-8").strip() for part in PARTS]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8", newline="\n")


def _lay_over(into: dict[Any, Any], stated: yaml.Node, above: Sequence[str], faults: list[str]) -> None:
    if not isinstance(stated, yaml.MappingNode):
        faults.append(f"line {stated.start_mark.line + 1}: {'.'.join(above) or 'the document'} must be a mapping")
        return
    for key_node, value_node in stated.value:
        key = yaml.safe_load(yaml.serialize(key_node))
        name, line = ".".join([*above, str(key)]), key_node.start_mark.line + 1
        if key not in into and not (above and above[0] in OPEN):
            faults.append(f"line {line}: {name} is no parameter")
        elif isinstance(into.get(key), dict):
            _lay_over(into[key], value_node, [*above, str(key)], faults)
        else:
            value = yaml.safe_load(yaml.serialize(value_node))
            fault = _unlike(into.get(key), value)
            if fault:
                faults.append(f"line {line}: {name} {fault}")
            else:
                into[key] = value


def _disagreements(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """What does not fit together: a way that ends nowhere, a country or a thing that the world does not know."""
    found = []
    for market in document["markets"]:
        rows = document["departures"].get(market, {})
        origins = shares(document["origins"][market])
        departures = {country for origin in origins for country in shares(rows.get(origin, f"{origin} 1"))}
        lost = sorted(departures - set(document["onward"][market]))
        found += [f"onward.{market}.{country} is missing" for country in lost]
    at_home = document["found_at_home"]
    found += [f"found_at_home.{country} is missing" for country in document["domestic"] if country not in at_home]
    known = {"products": set(words.GROUP_OF), "found_at_home": set(words.GROUP_OF), "modes": set(document["kilograms"])}
    for section, names in known.items():
        for key, mix in document[section].items():
            found += [f"{section}.{key} names an unknown {word}" for word in sorted(set(shares(mix)) - names)]
    for publisher, menu in document["menus"].items():
        for key in ("countries", "seized", "products", "modes"):
            unknown = set(shares(menu[key])) - set(shares(defaults["menus"][publisher][key]))
            found += [f"menus.{publisher}.{key} names {word}, which it never tells of" for word in sorted(unknown)]
    return found


def _unlike(default: Any, value: Any) -> str | None:
    """What is wrong with a value in the place of a default."""
    if isinstance(value, bool) != isinstance(default, bool) and default is not None:
        return "must be true or false" if isinstance(default, bool) else "must not be true or false"
    if isinstance(default, int | float) and not isinstance(value, int | float):
        return "must be a number"
    if isinstance(value, int | float) and value < 0:
        return "must not be negative"
    if isinstance(default, list) and (
        not isinstance(value, list) or not all(isinstance(v, int | float) for v in value)
    ):
        return "must be a list of numbers"
    if isinstance(default, str) and (not isinstance(value, str) or not _same_kind(default, value)):
        return "must be " + ("a mix like the default" if _is_mix(default) else "a text like the default")
    return None


def _same_kind(default: str, value: str) -> bool:
    return _is_mix(value) if _is_mix(default) else bool(value.strip())


def _is_mix(text: str) -> bool:
    try:
        return bool(shares(text))
    except (ValueError, ZeroDivisionError):
        return False
