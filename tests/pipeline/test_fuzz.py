"""Whatever bytes arrive, a reader gives cells or a rule that can be told; and what was written is what is read."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipelines.deliveries.readers import Unreadable, read_parts
from schemas.contracts import LANGUAGES, FileFormat
from schemas.messages import PLACEHOLDER, read_catalogue
from schemas.registry import PROJECT

FIXED = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""The same examples each time: seven formats and two round trips make more than a thousand."""
CATALOGUE = read_catalogue(PROJECT / "schemas" / "messages")
CSV = {"type": "csv", "encoding": "utf-8", "delimiter": ";", "final_newline": True}
FORMS: dict[str, dict[str, Any]] = {
    "csv": CSV,
    "utf-16": {**CSV, "encoding": "utf-16", "delimiter": "\t", "header_row": 2, "repeated_headers": "numbered"},
    "json": {"type": "json", "encoding": "utf-8", "records": "a"},
    "ndjson": {"type": "ndjson", "encoding": "utf-8"},
    "xlsx": {"type": "xlsx", "header_row": 2, "header_rows": 2, "merged": "fill"},
    "parquet": {"type": "parquet"},
    "zip": {"type": "zip", "members": "*", "content": CSV},
}


def sound(name: str) -> bytes:
    """A small sound file of a format, for the fuzzer to damage."""
    rows = [["a", "b"], ["1", "é"], ["", 'x"y']]
    content = io.BytesIO()
    if name == "csv":
        return delimited(rows, ";").encode()
    if name == "utf-16":
        return ("title\n" + delimited(rows, "\t")).encode("utf-16")
    if name == "json":
        return json.dumps({"a": [{"b": {"c": 1.5}, "d": ["x", None]}, {"b": None}]}).encode()
    if name == "ndjson":
        return b'{"a": "x", "b": {"c": true}}\n\n{"a": null}\n'
    if name == "parquet":
        pq.write_table(pa.table({"a": ["x", None, "y"], "b": [1.5, 2.0, None]}), content, compression="none")
    elif name == "zip":
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", delimited(rows, ";"))
            archive.writestr("b.csv", delimited(rows, ";") * 9)
    else:
        with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
            sheet = book.add_worksheet("S")
            sheet.merge_range("A1:B1", "over")
            sheet.write_row("A2", ["a", "b"])
            sheet.merge_range("A3:A4", "x")
            sheet.write("B3", 1.5)
    return content.getvalue()


def delimited(rows: list[list[str]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def read(form: dict[str, Any], content: bytes) -> list[tuple[tuple[str, ...], list[list[str]]]]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        parts = read_parts(TypeAdapter(FileFormat).validate_python(form), Path(file.name))
        return [(part.header, [cells for cells, _ in part.records]) for part in parts]


SOUND = {name: sound(name) for name in FORMS}


MARKS = [b'"', b"\0", b"\xef\xbb\xbf", b"\r", b"{", b"[[", b"<c>", b"</row>", b'r="XFD9"', b"1e999", b"\xff"]


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A file with some bytes changed, cut out, doubled or put in, also inside a packed member; or bytes of any kind."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=300))
    if name not in {"xlsx", "zip"} or draw(st.booleans()):
        return changed(draw, SOUND[name])
    packed, again = zipfile.ZipFile(io.BytesIO(SOUND[name])), io.BytesIO()
    chosen = draw(st.sampled_from(packed.namelist()))
    with zipfile.ZipFile(again, "w") as archive:
        for member in packed.namelist():
            content = packed.read(member)
            archive.writestr(member, changed(draw, content) if member == chosen else content)
    return again.getvalue()


def changed(draw: st.DrawFn, sound: bytes) -> bytes:
    content = bytearray(sound)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        length = draw(st.integers(0, 12))
        match draw(st.sampled_from(["change", "cut", "double", "insert", "end"])):
            case "change":
                content[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case "cut":
                del content[at : at + length]
            case "double":
                content[at:at] = content[at : at + length]
            case "insert":
                content[at:at] = draw(
                    st.sampled_from([b'"', b"\0", b"\xef\xbb\xbf", b"\r", b"{", b"[[", b"<!", b"\xff"])
                )
            case _:
                del content[at:]
    return bytes(content)


@pytest.mark.parametrize("name", FORMS)
def test_any_bytes_become_cells_or_a_rule_that_can_be_told(name: str) -> None:
    @FIXED
    @given(damaged(name))
    def holds(content: bytes) -> None:
        try:
            parts = read(FORMS[name], content)
        except Unreadable as fault:
            for language in LANGUAGES:
                placeholders = set(PLACEHOLDER.findall(CATALOGUE.sentences[language][fault.rule_id]))
                assert placeholders == set(fault.params)  # noqa: PT017
            return
        for header, records in parts:
            assert all(isinstance(cell, str) for cells in (header, *records) for cell in cells)
            "".join(cell for cells in (header, *records) for cell in cells).encode()

    holds()


@pytest.mark.parametrize("name", FORMS)
def test_the_sound_file_that_is_damaged_here_can_be_read(name: str) -> None:
    assert all(records for _, records in read(FORMS[name], SOUND[name]))


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@FIXED
@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5), st.sampled_from(",;\t|"))
def test_what_was_written_as_delimited_text_is_what_is_read(rows: list[list[str]], delimiter: str) -> None:
    content = delimited([["a", "b"], *rows], delimiter)
    assert read({**CSV, "delimiter": delimiter}, content.encode()) == [(("a", "b"), rows)]


@FIXED
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), CELLS), min_size=1, max_size=5))
def test_what_was_written_as_objects_is_what_is_read(objects: list[dict[str, str]]) -> None:
    names = sorted(set().union(*objects))
    cells = [[element.get(name, "") for name in names] for element in objects]
    for form, content in (
        ({"type": "json", "encoding": "utf-8"}, json.dumps(objects)),
        (FORMS["ndjson"], "".join(json.dumps(element) + "\n" for element in objects)),
    ):
        assert read(form, content.encode()) == [(tuple(names), cells)]
