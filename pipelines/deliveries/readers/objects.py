"""JSON and NDJSON: objects become records, nested objects columns named by path, lists of plain values one cell.

Numbers keep the text in which they were written. The header is every name that any object has, in sorted order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.deliveries.readers.part import (
    LONGEST_CELL,
    MOST_COLUMNS,
    Part,
    TypedNumber,
    Unreadable,
    header_of,
    name_of,
    shown,
    whole_text,
)
from pipelines.deliveries.readers.text import Lines, decoded
from schemas.contracts import JsonFormat, NdjsonFormat

BETWEEN = "; "
"""Between the values of a list in one cell."""


def read(form: JsonFormat, file: Path) -> Iterator[Part]:
    """The one part of a JSON document: the array at the contract's path. Raises `Unreadable`."""
    text = decoded(file, form.encoding)
    if not text.strip():
        raise Unreadable("empty_file")
    array = _at(_parsed(text, 1), form.records)
    del text
    if not isinstance(array, list):
        raise Unreadable("not_an_array", record=1)
    for number, element in enumerate(array, start=1):
        array[number - 1] = _flat(element, number)
    yield _part(form.records, lambda: iter(array))


def read_lines(form: NdjsonFormat, file: Path) -> Iterator[Part]:
    """The one part of an NDJSON file, walked twice: for the names, then for the records. Raises `Unreadable`."""

    def elements() -> Iterator[dict[str, str | None]]:
        lines, number = Lines(file, form.encoding), 0
        for line in lines:
            lines.held = 0
            if line.strip():
                number += 1
                yield _flat(_parsed(line.rstrip("\r\n"), lines.number), number)
        if number == 0:
            raise Unreadable("empty_file")

    yield _part("", elements)


def _part(name: str, elements: Callable[[], Iterator[dict[str, str | None]]]) -> Part:
    names = _names(elements())
    return Part(name, header_of(names), (([element.get(key) or "" for key in names], None) for element in elements()))


def _names(elements: Iterable[dict[str, str | None]]) -> list[str]:
    """All names, sorted. A name that never has a value and that others go through (`route`, beside `route.loading`) is
    an object that was left out, no column."""
    valued: set[str] = set()
    empty: set[str] = set()
    for element in elements:
        for name, value in element.items():
            (empty if value is None else valued).add(name)
        if len(valued) + len(empty) > 2 * MOST_COLUMNS:
            raise Unreadable("too_many_columns", columns=len(valued | empty), maximum=MOST_COLUMNS)
    through = {name[:dot] for name in valued | empty for dot in range(len(name)) if name[dot] == "."}
    return sorted(valued | (empty - through))


def _parsed(text: str, line: int) -> Any:
    try:
        return json.loads(
            text, parse_float=TypedNumber, parse_int=TypedNumber, parse_constant=_no_number, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise Unreadable("not_json", line=line + error.lineno - 1, position=error.colno) from None
    except RecursionError:
        raise Unreadable("nested_too_deep") from None


def _no_number(word: str) -> Any:
    """`NaN` and `Infinity` are words of JavaScript, not of JSON."""
    raise Unreadable("not_json_number", word=word)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each: of a repeated key, one value would be lost in silence."""
    found = {_key(name): value for name, value in pairs}
    if len(found) < len(pairs):
        names = [_key(name) for name, _ in pairs]
        repeated = sorted({shown(name) for name in names if names.count(name) > 1})
        raise Unreadable("repeated_column", columns=", ".join(repeated[:20]))
    return found


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """A key as a column's name; objects repeat the same few."""
    return name_of(name)


def _at(document: Any, path: str) -> Any:
    for key in path.split(".") if path else ():
        if not isinstance(document, dict) or key not in document:
            raise Unreadable("no_such_path", path=path)
        document = document[key]
    return document


def _flat(element: Any, number: int) -> dict[str, str | None]:
    """One object as columns; None for a value that is null or an object without keys. Raises `Unreadable`."""
    if not isinstance(element, dict):
        raise Unreadable("not_an_array", record=number)
    found: dict[str, str | None] = {}
    _flatten(element, "", number, found)
    return found


def _flatten(element: dict[str, Any], prefix: str, number: int, found: dict[str, str | None]) -> None:
    """Values of an object and of those inside it (the parser has bounded their depth)."""
    for key, value in element.items():
        name = prefix + key
        if isinstance(value, dict) and value:
            _flatten(value, f"{name}.", number, found)
            continue
        if name in found:
            raise Unreadable("repeated_column", columns=shown(name))
        cell = _cell(value, name, number)
        if cell is not None and len(cell) > LONGEST_CELL:
            raise Unreadable("cell_too_long", record=number, maximum=LONGEST_CELL)
        if cell is not None and "\0" in cell:
            raise Unreadable("nul_character", record=number)
        found[name] = cell


def _cell(value: Any, name: str, number: int) -> str | None:
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if any(isinstance(inner, (dict, list)) for inner in value):
            raise Unreadable("not_plain_value", record=number, column=shown(name))
        return BETWEEN.join(_cell(inner, name, number) or "" for inner in value if inner is not None)
    return None
