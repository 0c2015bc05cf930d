"""Strangers' files, put under contract by `flows source new` and what it asks for."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from nights import Said, flows_here

from illicit_flows.source.check import Checked, check_file
from illicit_flows.source.proposal import words
from schemas import contracts
from schemas.registry import PROJECT, load

ROWS = 40
DRUGS_ES = ("Cocaína", "MARIHUANA", "Heroína", "Cocayna")
DIAS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")


@dataclass(frozen=True)
class Proposed:
    """What the command said and wrote for a stranger's file."""

    said: Said
    project: Path
    name: str
    file: Path

    @property
    def text(self) -> str:
        return (self.project / "schemas" / "sources" / f"{self.name}.yml").read_text(encoding="utf-8")

    @property
    def contract(self) -> Any:
        return yaml.safe_load(self.text)

    def lookup(self, column: str) -> dict[str, str]:
        path = self.project / "schemas" / "lookups" / f"{self.name}.{column}.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            return {row["value"]: row["code"] for row in csv.DictReader(stream)}

    def check(self) -> Checked:
        registry = load(self.project)
        return check_file(registry, registry.sources[self.name], self.file)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's contracts, reference data and list of samples, to write into."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "schemas", root / "schemas", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(PROJECT / "data" / "reference", root / "data" / "reference")
    (root / "data" / "sample").mkdir()
    shutil.copy(PROJECT / "data" / "sample" / "README.md", root / "data" / "sample" / "README.md")
    return root


@pytest.fixture(scope="module")
def new(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Proposed]:
    """Give the command a stranger's file."""

    def run(name: str, file_name: str, content: bytes, language: str, *more: str) -> Proposed:
        file = tmp_path_factory.mktemp(name) / file_name
        file.write_bytes(content)
        said = flows_here(
            "source", "new", name, "--from", file, "--lang", language, "--project", project, "--json", *more
        )
        return Proposed(said, project, name, file)

    return run


def complete(proposed: Proposed, reporter: str, codes: dict[str, str]) -> None:
    """Do what the comments ask for: name the reporter, and give codes to the spellings that have none."""
    path = proposed.project / "schemas" / "sources" / f"{proposed.name}.yml"
    content = proposed.contract
    if content["columns"].pop("TO DO reporter", None):
        content["constants"] = (content["constants"] or {}) | {"reporter": reporter}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for row in proposed.said.json["suggestions"]:
        if row["spelling"] in codes:
            lookup = proposed.project / "schemas" / "lookups" / f"{row['lookup']}.csv"
            with lookup.open("a", encoding="utf-8") as stream:
                stream.write(f"{row['spelling']},{codes[row['spelling']]}\n")


def delimited(header: list[str], rows: list[list[str]], delimiter: str, *titles: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([[title] for title in titles])
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


# --- four strangers -----------------------------------------------------------------------------------------


def spanish() -> bytes:
    """Semicolons, cp1252, the month first though no day is above 12, weekdays beside the dates, a total."""
    header = ["Fecha del hecho", "Día", "Departamento", "Sustancia", "Cantidad", "Unidad de medida", "País de destino",
              "Nombre del detenido", "Observaciones"]  # fmt: skip
    rows = []
    for number in range(ROWS):
        day = date(2023, 1 + number % 12, 1 + (number * 7) % 12)
        rows.append(
            [day.strftime("%m/%d/%Y"), DIAS[day.weekday()], f"Departamento {number % 4}", DRUGS_ES[number % 4],
             ("1.250,5", "3", "0,75")[number % 3], ("kg", "gramos")[number % 2], ("España", "sin dato")[number % 2],
             "eliminado", f"texto inventado {number}"]
        )  # fmt: skip
    rows.append(["TOTAL", "", "", "", "17.000,00", "", "", "", ""])
    return delimited(header, rows, ";").encode("cp1252")


def french() -> bytes:
    """A workbook with titles, a header of two merged rows, French dates, quantities with their unit."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    months = ("janvier", "févr.", "mars", "août")
    for year in (2022, 2023):
        sheet = book.add_worksheet(f"Saisies {year}")
        sheet.merge_range(0, 0, 0, 6, "Office central du Bénin")
        for column, name in ((0, "N° PV"), (1, "Date de saisie"), (6, "Nom du prévenu")):
            sheet.merge_range(2, column, 3, column, name)
        sheet.merge_range(2, 2, 2, 3, "Produit")
        sheet.merge_range(2, 4, 2, 5, "Itinéraire")
        sheet.write_row(3, 2, ["Nature", "Quantité", "Provenance", "Destination"])
        for number in range(ROWS // 2):
            sheet.write_row(
                4 + number, 0,
                [f"{year}/{number:03d}", f"{1 + number} {months[number % 4]} {year}",
                 ("Cocaïne", "Tramadol")[number % 2], ("2,35 kg", "1\u202f250 g", "300 comprimés")[number % 3],
                 ("Nigéria", "inconnu")[number % 2], ("France", "Kenya; Éthiopie")[number % 2], "supprimé"],
            )  # fmt: skip
    book.add_worksheet("Lisez-moi").write(0, 0, "Ceci est une notice")
    book.close()
    return stream.getvalue()


def english() -> bytes:
    """What a spreadsheet saves as Unicode Text, with the unit in the header."""
    header = ["Ref No", "Date Seized", "Port of Entry", "Drug", "Weight (lbs)", "Country From", "Officer", "Phone"]
    rows = []
    for number in range(ROWS):
        day = date(2022, 1, 2) + timedelta(days=8 * number)
        rows.append(
            [f"R-{number:04d}", day.strftime("%b %d, %Y"), f"Invented port {number % 3}",
             ("Cocaine", "Marijuana")[number % 2], ("1,250.5", "12", "0.4")[number % 3],
             ("Colombia", "Unknown")[number % 2], "removed", "removed"]
        )  # fmt: skip
    return delimited(header, rows, "\t").encode("utf-16")


def portuguese() -> bytes:
    """Title lines above the header, decimal comma, coordinates, a word for a unit, several spellings of nothing."""
    header = ["Nº do processo", "Data da apreensão", "Município", "Entorpecente", "Qtde", "Unidade", "Latitude",
              "Longitude", "Origem", "CPF do autuado"]  # fmt: skip
    rows = []
    for number in range(ROWS):
        day = date(2021, 1, 20) + timedelta(days=8 * number)
        rows.append(
            [f"{number + 1}/2021", day.strftime("%d/%m/%Y"), f"Município inventado {number % 5}",
             ("Cocaína", "Maconha", "Haxixe")[number % 3], ("1.250,5", "12,25", "3")[number % 3],
             ("kg", "gramas")[number % 2], f"-{number % 9},1{number}", f"-{40 + number % 9},5{number}",
             ("Bolívia", "Não informado", "-")[number % 3], "removido"]
        )  # fmt: skip
    return delimited(header, rows, ";", "Polícia inventada", "Apreensões de 2021").encode("utf-8-sig")


@pytest.fixture(scope="module")
def strangers(new: Callable[..., Proposed]) -> dict[str, Proposed]:
    return {
        "es": new("stranger_es", "Incautaciones 2023.csv", spanish(), "es", "--publisher", "Policía inventada"),
        "fr": new("stranger_fr", "saisies.xlsx", french(), "fr"),
        "en": new("stranger_en", "export.txt", english(), "en"),
        "pt": new("stranger_pt", "apreensoes.csv", portuguese(), "pt"),
    }


# --- what is proposed ---------------------------------------------------------------------------------------


def test_every_stranger_gets_a_contract_that_loads_and_says_what_its_guesses_rest_on(
    strangers: dict[str, Proposed], project: Path
) -> None:
    loaded = load(project)
    for proposed in strangers.values():
        assert proposed.said.code == 0, proposed.said.err
        assert proposed.name in loaded.sources
        assert proposed.text.count("# guess") > 10
        assert all("because" in line for line in proposed.text.splitlines() if "# guess" in line)
        assert "# TO DO" in proposed.text


def test_a_weekday_column_proves_that_the_month_comes_first(strangers: dict[str, Proposed]) -> None:
    spanish = strangers["es"]
    assert spanish.contract["columns"]["Fecha del hecho"] == {"to": "seized", "date_format": "%m/%d/%Y"}
    assert spanish.contract["columns"]["Día"]["to"] == "weekday"
    assert re.search(r"names the weekday of the date in 40 of 40 rows with the month first", spanish.text)


def test_the_dialect_of_a_text_file_is_found(strangers: dict[str, Proposed]) -> None:
    forms = {language: proposed.contract["format"] for language, proposed in strangers.items()}
    assert (forms["es"]["encoding"], forms["es"]["delimiter"]) == ("cp1252", ";")
    assert (forms["en"]["encoding"], forms["en"]["delimiter"]) == ("utf-16", "\t")
    assert (forms["pt"]["encoding"], forms["pt"]["header_row"]) == ("utf-8-sig", 3)
    marks = {language: proposed.contract["numbers"] for language, proposed in strangers.items()}
    assert marks["es"] == marks["pt"] == {"decimal": ",", "thousands": "."}
    assert marks["en"] == {"decimal": ".", "thousands": ","}
    assert marks["fr"] == {"decimal": ",", "thousands": " "}


def test_a_merged_header_of_two_rows_is_found_below_titles(strangers: dict[str, Proposed]) -> None:
    french = strangers["fr"].contract
    assert (french["format"]["header_row"], french["format"]["header_rows"]) == (4, 2)
    assert french["format"]["sheets"] == ["Saisies [12][0-9][0-9][0-9]"]
    assert french["columns"]["Produit / Quantité"]["to"] == "quantity_with_unit"
    assert french["columns"]["Itinéraire / Destination"]["split"] == ";"
    assert french["constants"] == {"reporter": "BEN"}


def test_a_unit_in_the_header_is_a_constant(strangers: dict[str, Proposed]) -> None:
    english = strangers["en"].contract
    assert english["constants"]["unit"] == "pound"
    assert english["columns"]["Weight (lbs)"]["to"] == "quantity"


def test_personal_columns_are_dropped_as_personal_and_none_of_their_cells_is_repeated(
    strangers: dict[str, Proposed],
) -> None:
    named = {"es": ["Nombre del detenido", "Observaciones"], "fr": ["Nom du prévenu"], "en": ["Officer", "Phone"],
             "pt": ["CPF do autuado"]}  # fmt: skip
    for language, columns in named.items():
        for column in columns:
            assert strangers[language].contract["columns"][column]["personal"] is True
    assert "texto inventado" not in strangers["es"].text + strangers["es"].said.out + strangers["es"].said.err


def test_spellings_of_not_known_are_listed(strangers: dict[str, Proposed]) -> None:
    assert strangers["es"].contract["columns"]["País de destino"]["not_known"] == ["", "sin dato"]
    assert strangers["pt"].contract["columns"]["Origem"]["not_known"] == ["", "-", "Não informado"]


def test_a_likely_code_is_suggested_and_not_applied(strangers: dict[str, Proposed]) -> None:
    spanish = strangers["es"]
    assert spanish.lookup("sustancia") == {
        "Cocaína": "cocaine", "Heroína": "heroin", "MARIHUANA": "cannabis_herb",
    }  # fmt: skip
    (suggested,) = spanish.said.json["suggestions"]
    assert (suggested["spelling"], suggested["perhaps"]) == ("Cocayna", "cocaine")
    assert "Cocayna" in spanish.said.err
    assert "perhaps cocaine" in spanish.text


def test_a_total_at_the_end_is_declared_and_its_sum_compared(strangers: dict[str, Proposed]) -> None:
    (declared,) = strangers["es"].contract["declared"]
    assert (declared["column"], declared["equals"]) == ("Fecha del hecho", "TOTAL")
    assert declared["compare_sum"] == {"column": "Cantidad"}


# --- what it is worth ---------------------------------------------------------------------------------------


def test_a_check_names_the_reporter_that_nobody_has_stated(strangers: dict[str, Proposed]) -> None:
    found = strangers["en"].check()
    assert found.inspection.rule == "missing_column"
    assert "TO DO reporter" in found.inspection.params["columns"]


@pytest.mark.parametrize(("language", "reporter"), [("es", "GTM"), ("fr", "BEN"), ("en", "TTO"), ("pt", "BRA")])
def test_nearly_every_row_is_staged_once_the_obvious_is_filled_in(
    strangers: dict[str, Proposed], tmp_path: Path, language: str, reporter: str
) -> None:
    given = strangers[language]
    shutil.copytree(given.project, tmp_path / "project")
    proposed = Proposed(given.said, tmp_path / "project", given.name, given.file)
    complete(proposed, reporter, {"Cocayna": "cocaine"})
    found = proposed.check()
    assert found.inspection.rule is None
    assert found.endings()["records"] == ROWS + (language == "es")
    assert found.endings()["staged"] >= 0.9 * ROWS
    assert found.unmapped() == []


def test_the_invented_sample_ends_as_the_table_of_samples_says(strangers: dict[str, Proposed], project: Path) -> None:
    table = (project / "data" / "sample" / "README.md").read_text(encoding="utf-8")
    for language, reporter in (("es", "GTM"), ("fr", "BEN"), ("en", "TTO"), ("pt", "BRA")):
        proposed = strangers[language]
        sample = proposed.said.json["sample"]
        assert sample["verdict"] == "accepted"
        assert (sample["staged"], sample["quarantined"]) == (8, 1)
        numbers = " | ".join(str(sample[name]) for name in ("records", "staged", "quarantined", "declared"))
        assert f"| {proposed.name} | {sample['file']} | {numbers} |\n" in table
        assert reporter


def test_no_row_of_the_real_file_is_in_the_invented_one(strangers: dict[str, Proposed], project: Path) -> None:
    invented = (project / "data" / "sample" / "stranger_pt" / "simulated-stranger-pt-with-faults.csv").read_text(
        encoding="utf-8-sig"
    )
    real = set(portuguese().decode("utf-8-sig").splitlines()[3:])
    assert real.isdisjoint(invented.splitlines())
    assert "Município inventado" not in invented


def test_the_same_sample_gives_the_same_bytes(
    strangers: dict[str, Proposed], new: Callable[..., Proposed], project: Path
) -> None:
    folder = project / "data" / "sample" / "stranger_fr"
    paths = [project / path for path in strangers["fr"].said.json["written"] if "README" not in path]
    before = {path: path.read_bytes() for path in paths}
    for path in paths:
        path.unlink()
    folder.rmdir()
    assert new("stranger_fr", "saisies.xlsx", french(), "fr").said.code == 0
    assert {path: path.read_bytes() for path in paths} == before


# --- what it cannot know, and what it refuses -----------------------------------------------------------------


def test_dates_that_fit_both_orders_are_marked_as_undecided(new: Callable[..., Proposed]) -> None:
    rows = [[f"{1 + (5 * n) % 12:02d}/{1 + (7 * n) % 12:02d}/2023", "cocaína", "1.500", "gramos"] for n in range(24)]
    text = delimited(["Fecha", "Sustancia", "Peso", "Unidad"], rows, ";")
    proposed = new("undecided", "datos.csv", text.encode(), "es")
    assert "# guess (not sure): date_format %d/%m/%Y" in proposed.text
    assert "say whether day or month comes first" in proposed.text
    assert "check the marks of numbers" in proposed.text
    assert any("day or month" in item for item in proposed.said.json["to_do"])


def test_quantities_side_by_side_become_lines(new: Callable[..., Proposed]) -> None:
    rows = [[f"2023-0{1 + n % 9}-15", str(n % 4), str((n + 1) % 3), f"Invented town {n % 2}"] for n in range(12)]
    text = delimited(["Date", "Cocaine (kg)", "Heroin (kg)", "Town"], rows, ",")
    proposed = new("side_by_side", "wide.csv", text.encode(), "en")
    assert [line["constants"] for line in proposed.contract["lines"]] == [
        {"commodity": "cocaine", "unit": "kilogram"}, {"commodity": "heroin", "unit": "kilogram"},
    ]  # fmt: skip


def test_an_array_inside_a_json_document_is_found(new: Callable[..., Proposed]) -> None:
    items = [
        {"id": f"X{n}", "date": f"2023-01-{10 + n}", "what": {"drug": "heroin", "kg": str(n)}, "from": "AF"}
        for n in range(12)
    ]
    proposed = new("in_json", "x.json", json.dumps({"data": {"items": items}}).encode(), "en")
    assert proposed.contract["format"] == {"type": "json", "encoding": "utf-8", "records": "data.items"}
    assert proposed.contract["columns"]["from"]["lookup"] == "@iso2"
    assert proposed.contract["columns"]["what.kg"]["to"] == "quantity"


def test_codes_of_countries_are_not_taken_for_words_of_not_known(new: Callable[..., Proposed]) -> None:
    """NA is Namibia and SD the Sudan among codes, and "not available" among names."""
    codes, names = ("NA", "SD", "ZA", "KE"), ("Kenya", "NR", "Namibia", "ND")
    rows = [[f"2023-03-{10 + n}", "cocaine", "3", "kg", codes[n % 4], names[n % 4]] for n in range(16)]
    text = delimited(["Date", "Drug", "Quantity", "Unit", "Origin", "Destination"], rows, ",")
    columns = new("codes_or_words", "x.csv", text.encode(), "en").contract["columns"]
    assert (columns["Origin"]["lookup"], columns["Origin"]["not_known"]) == ("@iso2", [""])
    assert columns["Destination"]["not_known"] == ["", "ND", "NR"]


def test_a_column_whose_header_names_a_category_is_mapped_though_no_spelling_is_known(
    new: Callable[..., Proposed],
) -> None:
    rows = [[f"{1 + n % 9}/{13 + n}/2023", "Cocaine", "3", "kg", f"Word without a code {n % 3}"] for n in range(12)]
    text = delimited(["Date", "Drug", "Qty", "Unit", "Hiding place"], rows, ",")
    proposed = new("unknown_words", "x.csv", text.encode(), "en")
    assert proposed.contract["columns"]["Date"]["date_format"] == "%m/%d/%Y"
    assert proposed.contract["columns"]["Hiding place"]["to"] == "concealment"
    assert proposed.lookup("hiding_place") == {}
    assert len(proposed.said.json["suggestions"]) == 3


def test_a_name_that_is_taken_is_refused_and_nothing_is_changed(
    strangers: dict[str, Proposed], new: Callable[..., Proposed]
) -> None:
    before = strangers["es"].text
    again = new("stranger_es", "other.csv", b"a,b\n1,2\n", "en")
    assert again.said.code == 2
    assert "already" in again.said.err
    assert strangers["es"].text == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04broken", "read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xlsx"),
    ],
    ids=["empty", "pdf", "broken zip", "old workbook"],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    new: Callable[..., Proposed], content: bytes, says: str, project: Path
) -> None:
    refused = new("no_table", "file.bin", content, "en")
    assert refused.said.code == 2
    assert says in refused.said.err
    assert not (project / "schemas" / "sources" / "no_table.yml").exists()


# --- the words ------------------------------------------------------------------------------------------------


def test_every_word_for_a_header_is_written_as_headers_are_compared() -> None:
    groups = [words.WORDS[name] for name in ("seizures", "outcomes", "hints", "personal")]
    assert [word for group in groups for listed in group.values() for word in listed if words.bare(word) != word] == []


def test_every_common_spelling_has_a_code_that_exists() -> None:
    codes = load(PROJECT).codes
    named = {(kind, code) for kind, spellings in words.SPELLINGS.items() for code in spellings.values()}
    named |= {("commodities", code) for code in words.WORDS["crops"].values()}
    assert [(kind, code) for kind, code in sorted(named) if code not in codes[kind].codes] == []


# --- the guide ------------------------------------------------------------------------------------------------

GUIDE = (PROJECT / "docs" / "guides" / "add-a-source.md").read_text(encoding="utf-8")


def test_the_example_of_the_guide_ends_as_the_guide_says(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(project, root)
    example = GUIDE[GUIDE.index("## An example by hand") : GUIDE.index("## The contract's language")]
    (contract,) = re.findall(r"^```yaml\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
    delivered, *lookups = re.findall(r"^```text\n(.*?)^```", example, re.MULTILINE | re.DOTALL)
    names = re.findall(r"exemplo_alfandega\.\w+(?=\.csv`)", example)
    (root / "schemas" / "sources" / "exemplo_alfandega.yml").write_text(contract, encoding="utf-8")
    for name, rows in zip(names, lookups, strict=True):
        (root / "schemas" / "lookups" / f"{name}.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "apreensoes-2024.csv").write_text(delivered, encoding="utf-8")
    registry = load(root)
    found = check_file(registry, registry.sources["exemplo_alfandega"], tmp_path / "apreensoes-2024.csv")
    assert found.endings() == {"records": 4, "staged": 3, "quarantined": 0, "declared": 1}


def test_the_guide_names_every_key_of_the_contract_language() -> None:
    models = (
        contracts.SourceContract, contracts.ColumnMap, contracts.CsvFormat, contracts.XlsxFormat, contracts.JsonFormat,
        contracts.NdjsonFormat, contracts.PostgresFormat, contracts.ZipFormat, contracts.LineColumns,
        contracts.Correction, contracts.Declaration, contracts.Expect, contracts.PrecisionRule, contracts.Scope,
        contracts.RestatedPeriod, contracts.Vintage,
    )  # fmt: skip
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", GUIDE))))
    missing = {key for model in models for key in model.model_fields} - named
    assert missing == set()
    targets = set().union(*contracts.TARGETS.values())
    assert targets - named == set()
    assert {lookup.removeprefix("@") for lookup in contracts.BUILT_IN_LOOKUPS} <= named
