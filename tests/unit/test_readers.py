"""Each format becomes parts of text records under its contract, and a file that is something else is refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from pydantic import TypeAdapter

from pipelines.deliveries.readers import READERS, Unreadable, read_parts
from schemas.contracts import FileFormat

Parts = dict[str, tuple[tuple[str, ...], list[list[str]]]]
CSV: dict[str, Any] = {"type": "csv", "encoding": "utf-8", "delimiter": ";", "final_newline": True}
JSON: dict[str, Any] = {"type": "json", "encoding": "utf-8"}
NDJSON: dict[str, Any] = {"type": "ndjson", "encoding": "utf-8"}
XLSX: dict[str, Any] = {"type": "xlsx"}
PARQUET: dict[str, Any] = {"type": "parquet"}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[dict[str, Any], bytes], Parts]:
    def read(form: dict[str, Any], content: bytes) -> Parts:
        file = tmp_path / "content"
        file.write_bytes(content)
        found = read_parts(TypeAdapter(FileFormat).validate_python(form), file)
        return {part.name: (part.header, [cells for cells, _ in part.records]) for part in found}

    return read


Read = Callable[[dict[str, Any], bytes], Parts]


def refusal(read: Read, form: dict[str, Any], content: bytes) -> tuple[str, dict[str, str]]:
    with pytest.raises(Unreadable) as fault:
        read(form, content)
    return fault.value.rule_id, fault.value.params


def book(fill: Callable[[Any], None], **options: object) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, **options}) as made:
        fill(made)
    return content.getvalue()


def one_sheet(*rows: list[Any], name: str = "S") -> bytes:
    def fill(made: Any) -> None:
        sheet = made.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return book(fill)


def packed(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, inside in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), inside)
    return content.getvalue()


def parquet(columns: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def test_each_format_of_a_contract_has_a_reader() -> None:
    kinds = {kind["properties"]["type"]["const"] for kind in TypeAdapter(FileFormat).json_schema()["$defs"].values()}
    assert set(READERS) == kinds


# --- delimited text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_delimited_text_is_read_in_the_encoding_that_is_agreed(read: Read, encoding: str) -> None:
    content = "País\tQuantité\r\nPanamá\t1 250,5\r\n".encode(encoding)
    assert read({**CSV, "encoding": encoding, "delimiter": "\t"}, content) == {
        "": (("País", "Quantité"), [["Panamá", "1 250,5"]])
    }


def test_lines_above_the_header_are_title_and_never_parsed(read: Read) -> None:
    content = b'A "title; that\n\nnobody parses\na;b\n1;2\n'
    assert read({**CSV, "header_row": 4}, content) == {"": (("a", "b"), [["1", "2"]])}


def test_a_file_that_ends_above_its_header_is_refused(read: Read) -> None:
    assert refusal(read, {**CSV, "header_row": 3}, b"title\n") == ("no_header", {"row": "3"})


def test_repeated_headers_are_numbered_where_the_contract_says_so(read: Read) -> None:
    content = "País;País;;;País\n1;2;3;4;5\n".encode()
    assert read({**CSV, "repeated_headers": "numbered"}, content)[""][0] == ("País", "País (2)", "", "", "País (3)")
    assert read(CSV, content)[""][0] == ("País", "País", "", "", "País")


def test_the_names_of_a_header_lose_what_cannot_be_seen(read: Read) -> None:
    content = "\ufeffPai\u0301s\u200b ;\u202eb;c\u00a0\n1;2\u200b;3\n".encode()
    assert read(CSV, content) == {"": (("País", "b", "c"), [["1", "2\u200b", "3"]])}


def test_a_last_record_without_a_line_end_is_marked_as_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"a;b\n1;2\n3;4")
    (part,) = read_parts(TypeAdapter(FileFormat).validate_python(CSV), file)
    assert [(cells, rule) for cells, rule in part.records] == [(["1", "2"], None), (["3", "4"], "truncated_record")]


def test_a_byte_that_does_not_fit_is_told_with_its_place_wherever_it_stands(read: Read) -> None:
    rows = b"x;y\n" * 300_000
    assert refusal(read, CSV, b"a;b\n" + rows + b"Canc\xfan;y\n") == (
        "wrong_encoding", {"encoding": "utf-8", "position": str(4 + len(rows) + 4), "line": "300002"},
    )  # fmt: skip
    assert refusal(read, CSV, "a;é\n".encode()[:-2]) == (
        "wrong_encoding", {"encoding": "utf-8", "position": "2", "line": "1"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "rule", "params"),
    [
        (b"a;b\n1;2\n3;4\n", None, {}),
        (b'a;b\n1;2\n3;"4\n5;6\n', "unclosed_quote", {"record": "2", "line": "3"}),
        (b'a;b\n1;"2"3\n', "broken_quoting", {"record": "1", "line": "2"}),
        (b"a;b\n1;\x002\n", "nul_character", {"record": "2"}),
        (b"\n \n", "empty_file", {}),
    ],
)
def test_what_is_broken_in_delimited_text_is_told_with_its_place(
    read: Read, content: bytes, rule: str | None, params: dict[str, str]
) -> None:
    if rule is None:
        assert len(read(CSV, content)[""][1]) == 2
    else:
        assert refusal(read, CSV, content) == (rule, params)


# --- JSON ---------------------------------------------------------------------------------------------------


def test_nested_objects_become_columns_named_by_path_and_lists_one_cell(read: Read) -> None:
    document = {"report": {"rows": [
        {"no": "1", "goods": {"kg": 512.30, "ok": True}, "route": {"via": ["PAONX", "JMKIN", None]}},
        {"no": 2, "goods": None, "route": {"via": []}},
    ]}}  # fmt: skip
    assert read({**JSON, "records": "report.rows"}, json.dumps(document).encode()) == {
        "report.rows": (
            ("goods.kg", "goods.ok", "no", "route.via"),
            [["512.3", "true", "1", "PAONX; JMKIN"], ["", "", "2", ""]],
        )
    }


def test_numbers_keep_the_text_in_which_they_were_written(read: Read) -> None:
    content = b'[{"a": 1.10, "b": 1E5, "c": 9007199254740993000, "d": -0}]'
    assert read(JSON, content)[""][1] == [["1.10", "1E5", "9007199254740993000", "-0"]]


def test_ndjson_is_read_line_by_line_and_a_missing_key_is_an_empty_cell(read: Read) -> None:
    content = '{"b": {"c": "é"}}\r\n\r\n{"a": 1.0}\n'.encode()
    assert read(NDJSON, content) == {"": (("a", "b.c"), [["", "é"], ["1.0", ""]])}


@pytest.mark.parametrize(
    ("form", "content", "rule"),
    [
        (JSON, b'{"a": 1}', "not_an_array"),
        (JSON, b'[{"a": 1}, 2]', "not_an_array"),
        (JSON, b'[{"a": [{"b": 1}]}]', "not_plain_value"),
        (JSON, b'[{"a": 1, "a": 2}]', "repeated_column"),
        (JSON, b'[{"a.b": 1, "a": {"b": 2}}]', "repeated_column"),
        (JSON, b'[{"a": NaN}]', "not_json_number"),
        (JSON, b'[{"a": 1}', "not_json"),
        ({**JSON, "records": "x.y"}, b'{"x": {}}', "no_such_path"),
        (NDJSON, b'{"a": 1}\n{"a"\n', "not_json"),
        (NDJSON, b"[1]\n", "not_an_array"),
        (NDJSON, b"\n", "empty_file"),
    ],
)
def test_objects_of_another_form_are_refused(read: Read, form: dict[str, Any], content: bytes, rule: str) -> None:
    assert refusal(read, form, content)[0] == rule


# --- XLSX ---------------------------------------------------------------------------------------------------


def test_cells_of_a_workbook_become_text_with_iso_dates_and_plain_numbers(read: Read) -> None:
    def fill(made: Any) -> None:
        sheet, day = made.add_worksheet("S"), made.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet.write_row("A1", ["day", "moment", "whole", "part", "small", "yes", "text", "sum"])
        sheet.write_datetime("A2", datetime(2023, 3, 5), day)  # noqa: DTZ001
        sheet.write_datetime("B2", datetime(2023, 3, 5, 14, 30), day)  # noqa: DTZ001
        sheet.write_row("C2", [1250.0, 694147.53, 0.0000001, True, "007"])
        sheet.write_formula("H2", "=1+1", None, 2)

    assert read(XLSX, book(fill))["S"][1] == [
        ["2023-03-05", "2023-03-05T14:30:00", "1250", "694147.53", "0.0000001", "true", "007", "2"]
    ]


def test_a_header_of_two_merged_rows_below_a_title_is_joined(read: Read) -> None:
    def fill(made: Any) -> None:
        sheet = made.add_worksheet("Saisies 2023")
        made.add_worksheet("Lisez-moi").write("A1", "rien")
        sheet.merge_range("A1:E1", "Cellule (simulée)")
        sheet.merge_range("A4:A5", "N°")
        sheet.merge_range("B4:C4", "Produit")
        sheet.write_row("B5", ["Nature", "Quantité"])
        sheet.merge_range("D4:D5", "Vol")
        sheet.write_row("A6", ["2023/1", "cocaïne", "2,35 kg", "X1"])
        sheet.write_row("A8", ["2023/2", "cannabis", "12 kg"])

    form = {**XLSX, "sheets": ["Saisies *"], "header_row": 5, "header_rows": 2}
    assert read(form, book(fill)) == {
        "Saisies 2023": (
            ("N°", "Produit / Nature", "Produit / Quantité", "Vol"),
            [["2023/1", "cocaïne", "2,35 kg", "X1"], ["2023/2", "cannabis", "12 kg", ""]],
        )
    }


@pytest.mark.parametrize(("merged", "second"), [("fill", ["port", "2"]), ("blank", ["", "2"])])
def test_a_merged_cell_below_the_header_stands_in_each_of_its_rows_or_in_the_first(
    read: Read, merged: str, second: list[str]
) -> None:
    def fill(made: Any) -> None:
        sheet = made.add_worksheet("S")
        sheet.write_row("B2", ["place", "no"])
        sheet.merge_range("B3:B4", "port")
        sheet.write("C3", 1)
        sheet.write("C4", 2)

    found = read({**XLSX, "header_row": 2, "merged": merged}, book(fill))
    assert found == {"S": (("place", "no"), [["port", "1"], second])}


def test_each_sheet_that_matches_is_a_part_and_repeated_headers_are_numbered(read: Read) -> None:
    def fill(made: Any) -> None:
        for year in ("2021", "2022", "notes"):
            made.add_worksheet(year).write_row("A1", ["País", "País"])

    form = {**XLSX, "sheets": ["20*"], "repeated_headers": "numbered", "left_out": "ignored"}
    assert {name: header for name, (header, _) in read(form, book(fill)).items()} == {
        "2021": ("País", "País (2)"),
        "2022": ("País", "País (2)"),
    }


def test_a_sheet_that_is_left_out_though_it_has_the_header_refuses_the_file(read: Read) -> None:
    def fill(made: Any) -> None:
        for name, header in (("2022", "Fecha"), ("Resumen", "Año"), ("2023 corregido", "Fecha")):
            made.add_worksheet(name).write_column("A1", [header, "1"])

    with pytest.raises(Unreadable) as caught:
        read({**XLSX, "sheets": ["20[0-9][0-9]"]}, book(fill))
    assert (caught.value.rule_id, caught.value.params["sheet"]) == ("sheet_left_out", "2023 corregido")


def test_columns_behind_the_header_count_only_if_something_stands_in_them(read: Read) -> None:
    content = one_sheet(["a", "b", " "], ["1", "", ""], ["2", "3", "stray"], ["", " "])
    assert read(XLSX, content) == {"S": (("a", "b"), [["1", ""], ["2", "3", "stray"]])}


@pytest.mark.parametrize(
    ("form", "content", "rule"),
    [
        ({**XLSX, "sheets": ["T"]}, one_sheet(["a"]), "no_sheet"),
        ({**XLSX, "header_row": 9}, one_sheet(["a"]), "no_header_in_sheet"),
        (XLSX, b"a;b\n1;2\n", "not_a_workbook"),
        (XLSX, packed(a_csv=b"a\n"), "not_a_workbook"),
        (XLSX, b"", "empty_file"),
    ],
)
def test_a_workbook_of_another_form_is_refused(read: Read, form: dict[str, Any], content: bytes, rule: str) -> None:
    assert refusal(read, form, content)[0] == rule


# --- Parquet ------------------------------------------------------------------------------------------------


def test_plain_columns_of_parquet_become_text(read: Read) -> None:
    content = parquet(
        {
            "text": ["x", None],
            "day": [date(2023, 3, 5), None],
            "moment": [datetime(2023, 3, 5, 14, 30, tzinfo=UTC), None],
            "count": pa.array([12, None], pa.int64()),
            "share": [1e-7, 2.0],
            "money": [Decimal("1250.50"), None],
            "yes": [True, False],
            "word": pa.array(["a", "a"]).dictionary_encode(),
            "nothing": pa.nulls(2),
        }
    )
    header, rows = read(PARQUET, content)[""]
    assert header == ("text", "day", "moment", "count", "share", "money", "yes", "word", "nothing")
    assert rows == [
        ["x", "2023-03-05", "2023-03-05T14:30:00+00:00", "12", "0.0000001", "1250.50", "true", "a", ""],
        ["", "", "", "", "2", "", "false", "a", ""],
    ]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (parquet({"a": [{"b": 1}]}), "not_plain_column"),
        (parquet({"a": [[1]]}), "not_plain_column"),
        (parquet({"a": [b"x"]}), "not_plain_column"),
        (parquet({"a": ["x\0"]}), "nul_character"),
        (b"PAR1", "not_parquet"),
    ],
)
def test_parquet_of_another_form_is_refused(read: Read, content: bytes, rule: str) -> None:
    assert refusal(read, PARQUET, content)[0] == rule


def test_a_table_of_a_database_is_read_as_the_parquet_file_that_it_became(read: Read) -> None:
    content = parquet({"a": ["x"]})
    assert read({"type": "postgres", "relation": "export.seizures"}, content) == read(PARQUET, content)


# --- zip ----------------------------------------------------------------------------------------------------


def test_members_that_match_are_parts_in_the_order_of_their_names(read: Read) -> None:
    content = packed(b_csv=b"a\n2\n", a_csv=b"a\n1\n", LEIA_txt=b"nothing", in__c_csv=b"a\n3\n")
    form = {"type": "zip", "members": "*.csv", "content": CSV}
    assert read(form, content) == {
        "a.csv": (("a",), [["1"]]),
        "b.csv": (("a",), [["2"]]),
        "in/c.csv": (("a",), [["3"]]),
    }


def test_a_sheet_of_a_workbook_in_an_archive_is_named_by_both(read: Read) -> None:
    content = packed(a_xlsx=one_sheet(["a"], ["1"]))
    assert list(read({"type": "zip", "members": "*.xlsx", "content": XLSX}, content)) == ["a.xlsx/S"]


def test_an_archive_in_which_no_member_matches_is_refused(read: Read) -> None:
    form = {"type": "zip", "members": "*.csv", "content": CSV}
    assert refusal(read, form, packed(a_txt=b"x")) == ("no_member", {"pattern": "*.csv"})
    assert refusal(read, form, b"not packed") == ("not_an_archive", {})


def test_a_number_of_a_cell_is_told_from_a_text_that_looks_like_one(read: Read) -> None:
    def fill(made: Any) -> None:
        made.add_worksheet("a").write_column("A1", ["kg", 2.125, "2.125"])

    ((_, records),) = read(XLSX, book(fill)).values()
    assert [type(cells[0]).__name__ for cells in records] == ["TypedNumber", "str"]
