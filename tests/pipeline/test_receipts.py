"""Receipts: what their senders learn of files and rows, in four languages, and what is never repeated."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
import python_calamine
import samples
import xlsxwriter
from nights import flows_here

from illicit_flows.source.annotate import harmless
from illicit_flows.source.phrases import catalogue
from illicit_flows.source.receipt import SHOWN_ROWS, find, readable_form, write_receipt
from pipelines.deliveries.receive import receive
from pipelines.store import Home
from schemas.contracts import LANGUAGES, Language
from schemas.registry import PROJECT, Registry

SAMPLE = PROJECT / "data" / "sample"
ASKS: Mapping[Language, tuple[str, ...]] = {
    "en": ("please",), "es": ("le rogamos",), "fr": ("veuillez",), "pt": ("pedimos", "por favor"),
}  # fmt: skip
"""How a sentence asks its reader to do something."""
NOTHING_TO_DO = {"no_key"}
"""Rules that are ours to mend; their sentences say so."""


# --- helpers ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources with case numbers are read under a key."""
    key = tmp_path_factory.mktemp("key") / "key"
    key.write_text("0" * 64)
    monkeypatch.setenv("FLOWS_KEY_FILE", str(key))


def receipt_of(
    home: Home, registry: Registry, name: str, content: bytes, out: Path, language: Language = "en"
) -> tuple[str, Path | None]:
    """Deliver one file and write its receipt; gives the page and the annotated copy."""
    receive(home, registry, samples.put(home.inbox, {name: content}))
    _, paths = write_receipt(home, registry, find(home, name.rpartition("/")[2]), language, out)
    page, *copy = paths
    return page.read_text(encoding="utf-8"), copy[0] if copy else None


def sample(source: str) -> tuple[str, bytes]:
    """Inbox name and bytes of a source's sample."""
    file = min((SAMPLE / source).iterdir())
    return f"{source}/{file.name}", file.read_bytes()


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    said: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            said.append(data)

    Reader().feed(page)
    return " ".join(" ".join(said).split())


def comments_of(workbook: Path) -> dict[str, str]:
    """Comments of all sheets, by cell."""
    with zipfile.ZipFile(workbook) as archive:
        parts = [
            archive.read(name).decode() for name in archive.namelist() if re.fullmatch(r"xl/comments[0-9]+\.xml", name)
        ]
    found = {}
    for part in parts:
        for cell, comment in re.findall(r'<comment ref="([A-Z]+[0-9]+)".*?>(.*?)</comment>', part, re.DOTALL):
            found[cell] = re.sub("<[^>]+>", "", comment).replace("&apos;", "'")
    return found


def colour_of(workbook: Path, sheet: int, cell: str) -> str | None:
    """The colour behind a cell, as the workbook's XML states it."""
    with zipfile.ZipFile(workbook) as archive:
        rows = archive.read(f"xl/worksheets/sheet{sheet}.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    style = re.search(rf'<c r="{cell}"(?: s="([0-9]+)")?', rows)
    if style is None or style.group(1) is None:
        return None
    formats = re.findall(r"<xf [^>]*?fillId=\"([0-9]+)\"", styles.split("<cellXfs")[1])
    fills = re.findall(r"<fill>(.*?)</fill>", styles)
    colour = re.search(r'fgColor rgb="FF([0-9A-F]{6})"', fills[int(formats[int(style.group(1))])])
    return colour.group(1) if colour else None


# --- the sentences ----------------------------------------------------------------------------------------------


def raised_in_code() -> set[str]:
    """Every rule id that the rooms of deliveries and staging can give a file or a row."""
    found: set[str] = set()
    for path in [*(PROJECT / "pipelines/deliveries").rglob("*.py"), *(PROJECT / "pipelines/staging").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        found |= {rule for node in ast.walk(tree) for rule in rules_of(node, constants)}
    return found


def rules_of(node: ast.AST, constants: Mapping[str, object]) -> Iterator[str]:
    """Rule ids that one piece of code names."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = {"Unreadable": 0, "_mark": 1, "members": 1, "unpacked": 2}.get(name)
        if place is not None and len(node.args) > place:
            given = node.args[place]
            value = constants.get(given.id) if isinstance(given, ast.Name) else getattr(given, "value", None)
            if isinstance(value, str):
                yield value
        if name == "then" and isinstance(node.args[0], ast.Call) and getattr(node.args[0].func, "attr", "") == "lit":
            value = getattr(node.args[0].args[0], "value", None)
            if isinstance(value, str) and re.fullmatch(r"too_\w+", value):
                yield value
    if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
        yield from (
            inner.value
            for inner in ast.walk(node.value.elts[-1])
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value
        )


def test_every_rule_that_code_can_give_has_a_sentence_in_four_languages(registry: Registry) -> None:
    raised = raised_in_code()
    assert len(raised) > 50
    missing = [
        (rule, lang) for rule in sorted(raised) for lang in LANGUAGES if not registry.messages.sentences[lang].get(rule)
    ]
    assert missing == []


def test_no_sentence_is_kept_for_a_rule_that_code_no_longer_gives(registry: Registry) -> None:
    assert registry.messages.rule_ids - raised_in_code() == set()


def test_a_rule_in_code_without_a_sentence_would_be_found() -> None:
    code = (
        "raise Unreadable('a_rule', row=1)\n_mark(parsed, 'b_rule', name, x)\npl.when(x).then(pl.lit('too_odd'))\n"
        "def f():\n    yield cells, 'c_rule' if cut else None\nraise Unreadable(BROKEN)\n"
    )
    found = {rule for node in ast.walk(ast.parse(code)) for rule in rules_of(node, {"BROKEN": "d_rule"})}
    assert found == {"a_rule", "b_rule", "too_odd", "c_rule", "d_rule"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_says_what_to_do(registry: Registry, language: Language) -> None:
    silent = [
        rule
        for rule, sentence in registry.messages.sentences[language].items()
        if not any(ask in sentence.lower() for ask in ASKS[language])
    ]
    assert set(silent) == NOTHING_TO_DO


def test_the_words_of_receipts_and_forms_stand_in_four_languages() -> None:
    assert list(catalogue().faults()) == []


def test_the_words_that_code_asks_for_are_there() -> None:
    template = (PROJECT / "illicit_flows/source/receipt_page.html.j2").read_text(encoding="utf-8")
    asked = {f"receipt_{name}" for name in re.findall(r'say\("(\w+)"', template)}
    assert asked
    assert asked - catalogue().rule_ids == set()


# --- the page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_row_of_a_csv_file_is_told_its_end(
    home: Home, registry: Registry, tmp_path: Path, language: Language
) -> None:
    rows = [{"FECHA": "13/45/2018 12:00:00 AM"}, {"CLASE DE ESTUPEFACIENTE": "POLVO INVENTADO"}, {}]
    content = samples.colombia(*rows).replace(b"PUEBLO INVENTADO 3,", b"", 1)
    page, copy = receipt_of(home, registry, "colombia_policia/a.csv", content, tmp_path, language)
    assert copy is not None
    records = list(csv.reader(io.StringIO(copy.read_text(encoding="utf-8"))))
    status = {key: catalogue().sentences[language][f"receipt_{key}"] for key in ("accepted", "quarantined", "declared")}
    assert records[0][-2:] == [catalogue().sentences[language][f"receipt_{key}"] for key in ("status", "reasons")]
    ends = [row[-2] for row in records[1:]]
    assert ends[:3] == [status["quarantined"], status["quarantined"], status["accepted"]]
    assert ends[-1] == status["declared"]
    assert ends.count(status["quarantined"]) == 3  # the third has too few cells
    assert "FECHA" in records[1][-1]
    assert readable_form("%m/%d/%Y", language) in records[1][-1]
    assert f'<html lang="{language}">' in page
    said = text_of(page)
    assert records[1][-1] in said
    assert "POLVO INVENTADO" in said
    assert f"{len(ends)} = {ends.count(status['accepted'])} + 3 + 1" in said


def test_the_copy_keeps_what_was_sent_cell_by_cell(home: Home, registry: Registry, tmp_path: Path) -> None:
    name, content = sample("maritime_operations")
    _, copy = receipt_of(home, registry, name, content, tmp_path, "fr")
    assert copy is not None
    sent, told = (
        list(csv.reader(io.StringIO(data.decode("cp1252"), newline=""), delimiter=";"))
        for data in (content, copy.read_bytes())
    )
    assert [row[:-2] for row in told] == sent
    assert copy.read_bytes().count(b"\r\n") == content.count(b"\r\n")


def test_lines_above_the_header_stay_and_a_row_with_a_cell_too_many_keeps_it(
    home: Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = registry.sources["unodc_ids"]
    form = source.format.model_copy(update={"header_row": 3})
    monkeypatch.setitem(registry.sources, "unodc_ids", source.model_copy(update={"format": form}))  # type: ignore[arg-type]
    lines = samples.ids().decode().splitlines()
    lines[2] += ";one more"
    content = "\n".join(["A title", "", *lines, ""]).encode()
    _, copy = receipt_of(home, registry, "unodc_ids/ids-2014.csv", content, tmp_path)
    assert copy is not None
    told = copy.read_text(encoding="utf-8").splitlines()
    assert told[:2] == ["A title", ""]
    assert told[2].endswith(';;Status;"Reasons, and what to do"') or told[2].endswith(
        ";;Status;Reasons, and what to do"
    )
    assert ";one more;held back;" in told[4]
    assert told[3].endswith(";;accepted;")


def test_a_page_lists_a_thousand_rows_and_says_that_the_copy_has_them_all(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    content = samples.ids(*({"DRUG_NAME": f"invented {number}"} for number in range(SHOWN_ROWS + 5)))
    page, copy = receipt_of(home, registry, "unodc_ids/ids-2014.csv", content, tmp_path)
    assert copy is not None
    assert copy.read_text(encoding="utf-8").count("held back") == SHOWN_ROWS + 5
    assert "first 1,000 of 1,005" in text_of(page)
    assert page.count("<bdi>invented ") == 2 * SHOWN_ROWS + 5  # rows, and spellings without a code


def test_what_a_file_holds_cannot_become_markup(home: Home, registry: Registry, tmp_path: Path) -> None:
    page, _ = receipt_of(
        home, registry, "unodc_ids/ids-2014.csv", samples.ids({"DRUG_NAME": "<script>alert(1)</script>"}), tmp_path
    )
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert not re.search(r"\b(?:src|href)=|https?://|@import|url\(", page)


def test_a_withheld_delivery_gets_a_page_with_the_reason_and_no_copy(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    page, copy = receipt_of(
        home, registry, "unodc_ids/ids-2014.csv", samples.ids().replace(b"DRUG_NAME", b"DRUG", 1), tmp_path, "pt"
    )
    assert copy is None
    assert "DRUG_NAME" in text_of(page)
    assert catalogue().sentences["pt"]["receipt_withheld"] in text_of(page)


def test_a_missing_key_is_told_as_ours_to_mend(
    home: Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "nowhere"))  # the demo leaves a key where one lies by default
    page, copy = receipt_of(home, registry, *sample("prosecution_outcomes"), tmp_path)
    assert copy is None
    assert registry.messages.sentences["en"]["no_key"] in text_of(page)


@pytest.mark.parametrize("source", ["airport_unit", "prosecution_outcomes"])
def test_values_of_personal_and_keyed_columns_are_nowhere_on_the_page(
    home: Home, registry: Registry, tmp_path: Path, source: str
) -> None:
    name, content = sample(source)
    columns = registry.sources[source].all_columns
    hidden = {"vol retiré", "nom retiré"}
    if source == "prosecution_outcomes":
        rows = list(csv.DictReader(io.StringIO(content.decode("latin-1")), delimiter=";"))
        hidden = {row[column] for row in rows for column in ("Expediente", "Nº de incautación", "Imputado")} - {""}
        hidden -= {"sin dato"}
    page, copy = receipt_of(home, registry, name, content, tmp_path / "out", "fr")
    assert hidden
    assert [value for value in hidden if value in page] == []
    assert copy is not None
    said = text_of(page)
    dropped = [column for column, mapping in columns.items() if mapping.personal]
    assert dropped
    assert all(f"{column} retirée : données personnelles" in said for column in dropped)
    assert [mapping.drop for mapping in columns.values() if mapping.drop and mapping.drop in said] == []


def test_a_column_that_looks_personal_is_named(home: Home, registry: Registry, tmp_path: Path) -> None:
    content = samples.ids(*({"PLACE": f"invented{number}@example.org"} for number in range(5)))
    page, _ = receipt_of(home, registry, "unodc_ids/ids-2014.csv", content, tmp_path, "es")
    assert "PLACE una dirección de correo electrónico 5" in text_of(page)
    assert "@example.org" not in page


def test_a_total_is_not_doubted_before_the_rows_of_its_sheet_are_mended(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    for number, (hectares, asked) in enumerate([("7", "Please check which is right"), ("x", "mend these rows first")]):
        content = io.BytesIO()
        book = xlsxwriter.Workbook(content, {"in_memory": True})
        sheet = book.add_worksheet("Coca")
        sheet.write_row(2, 0, ["Departamento", "CODDEPTO", "2019", "2020", "2021", "2022"])
        for row in range(8):
            sheet.write_row(3 + row, 0, [f"Invented {row}", "1", 5, 6, 7, 8])
        sheet.write_string(10, 5, hectares)
        sheet.write_row(11, 0, ["Total", "", 0, 0, 0, 1])
        book.close()
        name = f"crop_monitoring/simulated-cultivos-{number}.xlsx"
        page, _ = receipt_of(home, registry, name, content.getvalue(), tmp_path)
        assert asked in text_of(page)


# --- rows that count without a value ----------------------------------------------------------------------------


def counted_without(language: Language) -> str:
    return catalogue().sentences[language]["receipt_without"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_of_text_that_counts_without_a_value_says_which(
    home: Home, registry: Registry, tmp_path: Path, language: Language
) -> None:
    name, content = sample("maritime_operations")
    lines = content.decode("cp1252").split("\r\n")
    header = lines[0].split(";")
    first, second = (lines[number].split(";") for number in (1, 2))
    first[header.index("From / De")] = " Pays\u00a0inventé "
    second[header.index("Position")] = "somewhere at sea"
    lines[1:3] = [";".join(first), ";".join(second)]
    page, copy = receipt_of(home, registry, name, "\r\n".join(lines).encode("cp1252"), tmp_path, language)
    assert copy is not None
    told = list(csv.reader(io.StringIO(copy.read_bytes().decode("cp1252"), newline=""), delimiter=";"))
    assert [row[-2] for row in told[1:3]] == [counted_without(language)] * 2
    assert "From / De" in told[1][-1]
    assert "Pays inventé" in told[1][-1]
    assert "Position" in told[2][-1]
    assert "14°32'N 20°15'W" in told[2][-1]
    said = text_of(page)
    assert "From / De Pays inventé 1 2" in said
    assert "Position somewhere at sea 1 3" in said
    rows = sum(row[-2] == counted_without(language) for row in told)
    assert catalogue().sentences[language]["receipt_some_without"].replace("{rows}", str(rows)) in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_cell_of_a_workbook_that_was_not_understood_has_a_colour_of_its_own_and_a_comment(
    home: Home, registry: Registry, tmp_path: Path, language: Language
) -> None:
    name, content = sample("airport_unit")
    page, copy = receipt_of(home, registry, name, content, tmp_path, language)
    assert copy is not None
    rows = python_calamine.load_workbook(str(copy)).get_sheet_by_name("Saisies 2023").to_python(skip_empty_area=False)
    assert rows[13][12] == counted_without(language)
    comment = comments_of(copy)["H14"]
    assert comment == rows[13][13]
    assert str(rows[13][7]) in comment
    assert colour_of(copy, 2, "H14") not in (None, colour_of(copy, 2, "B16"), colour_of(copy, 2, "A16"))
    assert colour_of(copy, 2, "G14") is None
    assert colour_of(copy, 2, "M14") == colour_of(copy, 2, "H14")
    assert f"Dissimulation {rows[13][7]} 1 Saisies 2023 : 14" in text_of(page)


def test_one_of_several_places_in_a_cell_is_enough_for_a_row_without_a_value(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    name, content = sample("container_control")
    document = json.loads(content)
    route = document["report"]["seizures"][0]["route"]
    route["transhipment"] = ["PAONX", "nowhere"]
    _, copy = receipt_of(home, registry, name, json.dumps(document).encode(), tmp_path)
    assert copy is not None
    told = json.loads(copy.read_bytes())["report"]["seizures"][0]["_receipt"]
    assert told["Status"] == counted_without("en")
    assert ["nowhere" in reason and "PAONX" not in reason for reason in told["Reasons, and what to do"]] == [True]


def test_a_row_that_is_held_back_is_not_said_to_count(home: Home, registry: Registry, tmp_path: Path) -> None:
    name, content = sample("cash_declarations")
    lines = [json.loads(line) for line in content.decode().splitlines()]
    lines[0] |= {"ocultacao": "inventado", "valor": "muito"}
    lines[1] |= {"ocultacao": "inventado"}
    page, copy = receipt_of(home, registry, name, "\n".join(map(json.dumps, lines)).encode(), tmp_path)
    assert copy is not None
    told = [json.loads(line)["_receipt"]["Status"] for line in copy.read_text(encoding="utf-8").splitlines()]
    assert told[:2] == ["held back", counted_without("en")]
    assert "ocultacao inventado 2 1, 2" in text_of(page)


# --- the copies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_comes_back_with_its_titles_and_its_broken_cells_coloured_and_explained(
    home: Home, registry: Registry, tmp_path: Path, language: Language
) -> None:
    name, content = sample("airport_unit")
    page, copy = receipt_of(home, registry, name, content, tmp_path, language)
    assert copy is not None
    before, after = (python_calamine.load_workbook(io.BytesIO(data)) for data in (content, copy.read_bytes()))
    assert after.sheet_names == before.sheet_names
    for sheet in before.sheet_names:
        old, new = before.get_sheet_by_name(sheet), after.get_sheet_by_name(sheet)
        width = old.width
        assert [row[:width] for row in new.to_python(skip_empty_area=False)] == old.to_python(skip_empty_area=False)
        assert sorted(new.merged_cell_ranges or ()) == sorted(old.merged_cell_ranges or ())
    rows = after.get_sheet_by_name("Saisies 2023").to_python(skip_empty_area=False)
    assert rows[15][1] == "32/13/2023"
    assert rows[15][12] == catalogue().sentences[language]["receipt_quarantined"]
    assert rows[4][12:] == [catalogue().sentences[language][f"receipt_{key}"] for key in ("status", "reasons")]
    said = comments_of(copy)
    assert set(said) == {"B16", "C17", "D18", "H14"}
    assert said["B16"] == rows[15][13]
    assert said["B16"] in text_of(page)
    assert colour_of(copy, 2, "B16") not in (None, colour_of(copy, 2, "A16"))
    assert colour_of(copy, 2, "A16") is not None
    assert colour_of(copy, 2, "A15") is None
    assert "Saisies 2023 16 11 Date de saisie 32/13/2023" in text_of(page)


def test_no_cell_of_a_copied_workbook_is_a_formula(home: Home, registry: Registry, tmp_path: Path) -> None:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    sheet = book.add_worksheet("Coca")
    sheet.write_string(0, 0, "=1+1")
    sheet.write_row(2, 0, ["Departamento", "CODDEPTO", "2019", "2020", "2021", "2022"])
    for number in range(8):
        sheet.write_row(3 + number, 0, [f"Invented {number}", "1", 5, 6, 7, 8])
    sheet.write_string(3, 0, "=HYPERLINK(A1)")
    sheet.write_formula(4, 2, "=2+3", None, 5)
    sheet.write_string(11, 0, "Total")
    book.close()
    _, copy = receipt_of(home, registry, "crop_monitoring/simulated-cultivos-1.xlsx", content.getvalue(), tmp_path)
    assert copy is not None
    with zipfile.ZipFile(copy) as archive:
        assert not any(b"<f>" in archive.read(name) or b"<f " in archive.read(name) for name in archive.namelist())
    rows = python_calamine.load_workbook(str(copy)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert (rows[0][0], rows[3][0], rows[4][2]) == ("=1+1", "=HYPERLINK(A1)", 5)


@pytest.mark.parametrize(
    ("cell", "copied"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"),
        ("-2+3", "'-2+3"), (" =1", "' =1"), ("-12,5", "-12,5"), ("+1 250.5", "+1 250.5"), ("-", "-"), ("a=1", "a=1"),
        ("-1e3", "-1e3"), ("", ""),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_work_out_gets_an_apostrophe(cell: str, copied: str) -> None:
    assert harmless(cell) == copied


def test_objects_get_one_key_more_and_keep_their_numbers_as_written(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    name, content = sample("container_control")
    _, copy = receipt_of(home, registry, name, content, tmp_path)
    assert copy is not None
    told = json.loads(copy.read_bytes(), parse_float=str)
    ends = [record.pop("_receipt")["Status"] for record in told["report"]["seizures"]]
    assert told == json.loads(content, parse_float=str)
    assert ends.count("held back") == 2
    name, content = sample("cash_declarations")
    _, copy = receipt_of(home, registry, name, content, tmp_path)
    assert copy is not None
    lines = [json.loads(line) for line in copy.read_text(encoding="utf-8").splitlines()]
    assert [{key: value for key, value in line.items() if key != "_receipt"} for line in lines] == [
        json.loads(line) for line in content.decode().splitlines()
    ]
    assert sum(line["_receipt"]["Status"] == "held back" for line in lines) == 2


def test_parquet_comes_back_as_csv_and_an_archive_as_an_archive(home: Home, registry: Registry, tmp_path: Path) -> None:
    name, content = sample("falsified_medicines")
    _, copy = receipt_of(home, registry, name, content, tmp_path)
    assert copy is not None
    assert copy.suffix == ".csv"
    records = list(csv.reader(io.StringIO(copy.read_text(encoding="utf-8-sig"))))
    sent = pl.read_parquet(io.BytesIO(content))
    assert records[0][:-2] == sent.columns
    assert len(records) == sent.height + 1
    page, copy = receipt_of(home, registry, *sample("environmental_crime"), tmp_path)
    assert copy is not None
    with zipfile.ZipFile(copy) as archive:
        assert sorted(archive.namelist()) == ["madeira.csv", "ouro.csv", "residuos.csv"]
        told = "".join(archive.read(each).decode("utf-8-sig") for each in archive.namelist())
    assert told.count(";held back;") == 2
    assert "madeira.csv" in page or "ouro.csv" in page or "residuos.csv" in page


@pytest.mark.parametrize("source", sorted(path.name for path in SAMPLE.iterdir() if path.is_dir()))
def test_every_sample_has_a_receipt_that_adds_up_and_is_the_same_again(
    home: Home, registry: Registry, tmp_path: Path, source: str
) -> None:
    name, content = sample(source)
    folder = registry.sources[source].publisher.inbox
    receive(home, registry, samples.put(home.inbox, {f"{folder}/{name.rpartition('/')[2]}": content}))
    made = [
        write_receipt(home, registry, find(home, name.rpartition("/")[2]), "es", tmp_path / again)
        for again in ("one", "two")
    ]
    (receipt, first), (_, second) = made
    endings = receipt.checked.endings()
    assert endings["records"] == endings["staged"] + endings["quarantined"] + endings["declared"] > 0
    assert len(first) == 2
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in first)


# --- the command ------------------------------------------------------------------------------------------------


def test_the_command_finds_a_delivery_by_name_or_digits_and_prints_what_it_wrote(
    home: Home, registry: Registry, tmp_path: Path
) -> None:
    receive(home, registry, samples.put(home.inbox, {"unodc_ids/ids-2014.csv": samples.ids({"AMOUNT": "x"})}))
    digits = find(home, "ids-2014.csv").delivery_id[:8]
    for named in ("ids-2014.csv", digits, digits.upper()):
        said = flows_here("source", "receipt", named, "--home", home.root, "--out", tmp_path / "out", "--json")
        assert said.code == 0, said.err
        assert said.json["quarantined"] == 1
        assert [Path(path).exists() for path in said.json["files"]] == [True, True]
    said = flows_here(
        "source", "receipt", "ids-2014.csv", "--home", home.root, "--out", tmp_path / "out", "--lang", "fr"
    )
    assert [Path(line).name.split(".")[0] for line in said.out.splitlines()] == ["receipt", "annotated"]
    assert flows_here("source", "receipt", digits[:7], "--home", home.root).code == 2
    assert flows_here("source", "receipt", "no-such-file.csv", "--home", home.root).code == 2
    assert flows_here("source", "receipt", "ids-2014.csv", "--home", home.root, "--lang", "de").code == 2


def test_of_two_files_of_one_name_the_newer_is_meant(home: Home, registry: Registry) -> None:
    for row in ({}, {"AMOUNT": "x"}):
        receive(home, registry, samples.put(home.inbox, {"unodc_ids/ids-2014.csv": samples.ids(row)}))
    assert b";x;" in find(home, "ids-2014.csv").content()
