"""Reads a delivered file into records of text, under the format that its contract states. Nothing is sniffed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.contracts import CsvFormat, JsonFormat, SourceContract


class Unreadable(Exception):
    """The file cannot be read to its end; carries the rule and the parameters of its message, never a value."""

    def __init__(self, rule_id: str, **params: str | int) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id
        self.params = {name: str(value) for name, value in params.items()}


@dataclass(frozen=True)
class Records:
    """Header and data records of a file, as text. `damage` maps a record's number (from 1) to the rule it broke."""

    header: tuple[str, ...]
    rows: list[list[str]]
    damage: Mapping[int, str] = field(default_factory=dict)


def read_records(source: SourceContract, content: bytes) -> Records:
    """Read a file under its source's format. Raises `Unreadable`."""
    return READERS[source.format.type](source, content)


def _read_csv(source: SourceContract, content: bytes) -> Records:
    """RFC 4180 with the contract's delimiter; empty lines hold no record, a quoted cell may span lines."""
    form = source.format
    assert isinstance(form, CsvFormat)
    text = _decoded(content, form.encoding)
    if not text.strip():
        raise Unreadable("empty_file")
    csv.field_size_limit(max(len(text), csv.field_size_limit()))  # a cell may be as long as its file
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, quotechar=form.quote, strict=True)
    rows: list[list[str]] = []
    started = 1
    try:
        for cells in reader:
            if cells:
                rows.append(cells)
            started = reader.line_num + 1
    except csv.Error as error:
        rule = "unclosed_quote" if "unexpected end of data" in str(error) else "broken_quoting"
        raise Unreadable(rule, record=max(len(rows), 1), line=started) from None
    header, data = tuple(cell.strip() for cell in rows[0]), rows[1:]
    cut = bool(data) and form.final_newline and not text.endswith(("\n", "\r"))
    return Records(header, data, {len(data): "truncated_record"} if cut else {})


def _read_json(source: SourceContract, content: bytes) -> Records:
    """One array of flat objects; the header is every key in sorted order, a key that is not there an empty cell."""
    form = source.format
    assert isinstance(form, JsonFormat)
    text = _decoded(content, form.encoding)
    if not text.strip():
        raise Unreadable("empty_file")
    try:
        parsed = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise Unreadable("not_json", line=error.lineno, position=error.colno) from None
    if not isinstance(parsed, list):
        raise Unreadable("not_an_array", record=1)
    for number, element in enumerate(parsed, start=1):
        if not isinstance(element, dict) or any(isinstance(value, (dict, list)) for value in element.values()):
            raise Unreadable("not_an_array", record=number)
    header = tuple(sorted({key for element in parsed for key in element}))
    return Records(header, [[_cell(element.get(key)) for key in header] for element in parsed])


READERS: Mapping[str, Callable[[SourceContract, bytes], Records]] = {"csv": _read_csv, "json": _read_json}


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable("wrong_encoding", encoding=encoding, position=error.start, line=line) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each: of a repeated key, one value would be lost in silence."""
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise Unreadable("repeated_column", columns=", ".join(repeated))
    return dict(pairs)


def _cell(value: str | bool | None) -> str:
    return "" if value is None else str(value)
