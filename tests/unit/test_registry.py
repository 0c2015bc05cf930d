"""The contracts are held against each other when they are loaded, and all their faults are told at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from schemas.contracts import LANGUAGES, PROVENANCE
from schemas.registry import PROJECT, ContractFaults, Registry, _digest, load


def copied(folder: Path) -> Path:
    """A copy of everything that the registry reads."""
    shutil.copytree(PROJECT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "data" / "reference", folder / "data" / "reference")
    return folder


def changed(path: Path, old: str, new: str) -> None:
    """Replace text in a file; the text must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def appended(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


class Planted:
    """Faults planted in one copy: each in a source contract, table, list or catalogue of its own where possible."""

    def __init__(self, project: Path) -> None:
        self.schemas = project / "schemas"
        self.plant_sources()
        self.plant_tables()
        self.plant_lists()
        self.plant_messages()

    def source(self, name: str, change: Callable[[dict], object]) -> None:
        contract = yaml.safe_load((self.schemas / "sources" / "brazil_pf.yml").read_text(encoding="utf-8"))
        contract["source"] = name
        contract["files"] = f"{name}*"  # what two contracts claim is a fault of its own
        change(contract)
        text = yaml.safe_dump(contract, allow_unicode=True)
        (self.schemas / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")

    def plant_sources(self) -> None:
        (self.schemas / "lookups" / "planted.csv").write_text(
            "value,code,note\nx,no_such_drug,\ny,heroin,\ny,crack,\n# z,crack,\n"
        )
        self.source("extra_key", lambda c: c.update(colour="blue"))
        self.source("extra_nested_key", lambda c: c["columns"]["DROGA"].update(colour="blue"))
        self.source("filled_twice", lambda c: c["columns"]["UNIDADE"].update(to="admin1", drop=None))
        self.source("unfilled", lambda c: c.update(columns={k: v for k, v in c["columns"].items() if k != "DATA"}))
        self.source("neither_mapped_nor_dropped", lambda c: c["columns"].update(UF={}))
        self.source("no_lookup", lambda c: c["columns"].update(DROGA={"to": "commodity"}))
        self.source("no_date_format", lambda c: c["columns"].update(DATA={"to": "seized"}))
        self.source("no_role_word", lambda c: c["columns"].update(UF={"to": "departure", "lookup": "areas.en"}))
        self.source("column_not_described", lambda c: c["columns"]["DROGA"].update(also_with="NADA"))
        self.source("claims_twice", lambda c: c.update(files="extra_constant*"))
        self.source("extra_constant", lambda c: c.update(constants={"reporter": "BRA"}))
        self.source("misnamed", lambda c: c.update(source="another_name"))
        self.source("bad_code_in_lookup", lambda c: c["columns"]["DROGA"].update(lookup="planted"))
        self.source("unknown_lookup", lambda c: c["columns"]["DROGA"].update(lookup="nowhere"))
        self.source("bad_not_known_code", lambda c: c["columns"]["UNIDADE_MEDIDA"].update(not_known_code="handful"))
        self.source("unknown_built_in", lambda c: c["columns"]["DROGA"].update(lookup="@iso9"))
        self.source("areas_for_drugs", lambda c: c["columns"]["DROGA"].update(lookup="@iso3"))
        self.source("bad_constant", lambda c: c.update(constants={"reporter": "ATL"}))
        own = {"columns": {"LEG": {"to": "departure", "lookup": "nowhere_else", "role_word": "de"}}}
        self.source("bad_lines", lambda c: c.update(lines=[{**own, "constants": {"direction": "sideways"}}]))
        self.source("bad_family", lambda c: c["scope"].update(commodity_families=["spices"]))
        self.source("bad_mirror", lambda c: c.update(mirrors="nobody"))
        self.source("bad_scope", lambda c: c["scope"].update(not_commodity_groups=["tea"]))
        precision = [{"reporter": "ATL", "day_of_month": 1, "precision": "month", "reason": "planted"}]
        self.source("bad_precision", lambda c: c.update(date_precision=precision))
        (self.schemas / "sources" / "not_yaml.yml").write_text("source: [unclosed", encoding="utf-8")

    def plant_tables(self) -> None:
        appended(
            self.schemas / "tables" / "conformed.yml",
            """
planted:
  grain: One row is one planted fault.
  primary_key: [seizure_id, kg_low]
  fields: [seizure_id, row_no, kg_low, kg_mid, commodity, no_such_field, place_text]
  nullable: [kg_low, kg_mid, commodity, no_such_column]
  completeness: {kg_mid: 0.5}
  row_floor: 0
  foreign_keys:
    - {columns: [commodity], table: reference.nowhere, references: [commodity]}
    - {columns: [commodity], table: reference.areas, references: [commodity]}
  rules:
    - {id: same, breaks: "false", says: once}
    - {id: same, breaks: "false", says: twice}
planted_extra:
  grain: One row is one planted fault.
  primary_key: [seizure_id]
  fields: [seizure_id]
  row_floor: 0
  colour: blue
""",
        )
        text = "{en: a, es: b, fr: c, pt: d}"
        appended(self.schemas / "fields.yml", f"\nlonely:\n  type: text\n  description: {text}\n")
        appended(self.schemas / "fields.yml", f"unlisted:\n  type: text\n  codes: nowhere\n  description: {text}\n")
        appended(self.schemas / "fields.yml", "untold:\n  type: text\n  description: {en: a, es: b, fr: c}\n")

    def plant_lists(self) -> None:
        for row in (
            "heroin,heroin,unspecified,true,a,b,c,d,,,,,planted,",
            "planted_drug,tea,crumbs,true,e,f,g,h,,,,,planted,",
            "planted_short,heroin,base,true,Planted",
            "planted_unnamed,heroin,base,true,i,,k,l,,,,,planted,",
            "planted_alike,heroin,base,true,m,HEROÍNA BASE,o,p,,,,,planted,",
            "planted_classes,heroin,base,true,q,r,s,t,29391,IV,6011,1961-V,planted,planted",
            "planted_precursor,heroin,base,true,u,v,w,x,,,,1988-I,planted,planted",
            "planted_chemical,precursors,chemical,true,y,z,aa,bb,,,,1971-IV,planted,planted",
            "planted_uncited,heroin,base,true,cc,dd,ee,ff,2939.11,,,,planted,",
        ):
            appended(self.schemas / "codes" / "commodities.csv", f"{row}\n")
        appended(self.schemas / "codes" / "commodity_groups.csv", "planted_group,no_family,true,a,b,c,d\n")

    def plant_messages(self) -> None:
        messages = self.schemas / "messages"
        appended(messages / "en.po", '\nmsgid "planted_rule"\nmsgstr "Only English."\n')
        changed(messages / "fr.po", "{encoding}", "{codage}")


FAULTS = {
    "a key that nobody described": ["schemas/sources/extra_key.yml:", ": colour: Extra inputs are not permitted"],
    "a nested key that nobody described": [
        "schemas/sources/extra_nested_key.yml:",
        "columns.DROGA.colour: Extra inputs are not permitted",
    ],
    "a table key that nobody described": ["schemas/tables/conformed.yml:", "planted_extra.colour: Extra inputs"],
    "a target filled twice": ["schemas/sources/filled_twice.yml", "targets filled twice: admin1"],
    "a target that nothing fills": ["schemas/sources/unfilled.yml", "targets that nothing fills: seized"],
    "a column neither mapped nor dropped": ["neither_mapped_nor_dropped.yml:", ": columns.UF: ", "either mapped"],
    "a coded target without lookup": ["no_lookup.yml:", ": columns.DROGA: ", "`commodity` needs a `lookup`"],
    "a date without format": ["no_date_format.yml:", ": columns.DATA: ", "needs a `date_format`"],
    "a leg without role word": ["no_role_word.yml:", ": columns.UF: ", "`role_word`"],
    "a column that the contract does not describe": ["column_not_described.yml", "does not describe: NADA"],
    "a file that is not named after its source": ["misnamed.yml:1: source: must be the file's name, misnamed"],
    "a file that is no YAML": ["schemas/sources/not_yaml.yml", "expected ',' or ']'"],
    "an unknown code in a lookup": [
        "bad_code_in_lookup.yml:",
        "lookups/planted: 'x' maps to 'no_such_drug', which is no code of commodity",
    ],
    "a suggestion that nobody decided": ["schemas/lookups/planted.csv: '# z' is only a suggestion"],
    "a spelling that stands twice": ["schemas/lookups/planted.csv: 'y' stands twice"],
    "an unknown lookup": ["unknown_lookup.yml:", "columns.DROGA.lookup: names the unknown lookup nowhere"],
    "an unknown built-in lookup": [
        "unknown_built_in.yml:",
        "columns.DROGA.lookup: names the unknown lookup @iso9",
        "@iso2",
    ],
    "areas for a commodity": ["areas_for_drugs.yml:", "columns.DROGA.lookup: @iso3 gives areas, and commodity is none"],
    "an unknown lookup of one of several lines": ["bad_lines.yml:", ": lines.0.columns.LEG.lookup: ", "nowhere_else"],
    "an unknown constant of one of several lines": ["bad_lines.yml:", ": lines.0.constants.direction: ", "'sideways'"],
    "files that another contract claims": ["extra_constant.yml:", ": files: claims_twice claims some of them too"],
    "an unknown code for not known": [
        "bad_not_known_code.yml:",
        "UNIDADE_MEDIDA.not_known_code: ",
        "unknown code handful",
    ],
    "an unknown constant": ["bad_constant.yml:", "the constant reporter is 'ATL', which is no code"],
    "a mirror of nobody": ["bad_mirror.yml:", ": mirrors: mirrors the unknown source nobody"],
    "an unknown group in a scope": ["bad_scope.yml:", ": scope.not_commodity_groups: ", "the unknown tea"],
    "an unknown family in a scope": ["bad_family.yml:", ": scope.commodity_families: ", "the unknown spices"],
    "an unknown reporter of coarse dates": ["bad_precision.yml:", "date_precision names the unknown reporter ATL"],
    "a column without a field": ["conformed.planted: column no_such_field is not in fields.yml"],
    "a nullable column that is not there": ["conformed.planted: nullable names no_such_column"],
    "a nullable key": ["conformed.planted: kg_low is in the primary key and nullable"],
    "a nullable range without completeness": ["conformed.planted: kg_low has a range, a code list or a pattern and is"],
    "a nullable code without completeness": ["conformed.planted: commodity has a range, a code list or a pattern and"],
    "a foreign key to no table": ["conformed.planted: foreign key to the unknown table reference.nowhere"],
    "a foreign key to no column": ["conformed.planted: foreign key to columns that reference.areas does not have"],
    "a rule that stands twice": ["conformed.planted: rule same stands twice"],
    "a field in no table": ["fields.yml: lonely is in no table"],
    "a field of an unknown list": ["fields.yml: unlisted names the unknown code list nowhere"],
    "a description missing in one language": ["schemas/fields.yml:", ": untold.description.pt: Field required"],
    "a code that stands twice": ["codes/commodities: heroin stands twice"],
    "a row that is too short": ["codes/commodities: planted_short has not as many cells as the list has columns"],
    "a code without a label in one language": ["codes/commodities: planted_unnamed has no label_es"],
    "a label that another of the group has": ["codes/commodities: planted_alike has the label_es of heroin_base"],
    "no HS subheading": ["codes/commodities: planted_classes has the hs_2022 '29391', which is not written as"],
    "no CITES appendix": ["codes/commodities: planted_classes has the cites_appendix 'IV'"],
    "no ICCS category": ["codes/commodities: planted_classes has the iccs_category '6011'"],
    "no schedule": ["codes/commodities: planted_classes has the incb_schedule '1961-V'"],
    "a precursor among drugs": ["codes/commodities: planted_precursor is in 1988-I; the 1988 Convention lists"],
    "a drug among precursors": ["codes/commodities: planted_chemical is in 1971-IV; the 1988 Convention lists"],
    "a class without its source": ["codes/commodities: planted_uncited has a class of another list without its"],
    "an unknown commodity group": ["codes/commodities: planted_drug names the unknown commodity_group 'tea'"],
    "an unknown form": ["codes/commodities: planted_drug names the unknown form 'crumbs'"],
    "an unknown family": ["codes/commodity_groups: planted_group names the unknown family 'no_family'"],
    "a message with other placeholders": ["messages/fr.po: wrong_encoding has other placeholders than English"],
    **{
        f"a message missing in {language}": [f"messages/{language}.po: planted_rule has no sentence"]
        for language in LANGUAGES
        if language != "en"
    },
    **{
        f"a row without its {column}": [f"conformed.planted: provenance column {column} is missing"]
        for column in PROVENANCE
        if column != "row_no"
    },
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What one load says of a copy with every fault planted."""
    project = copied(tmp_path_factory.mktemp("planted"))
    Planted(project)
    with pytest.raises(ContractFaults) as raised:
        load(project)
    assert str(raised.value).startswith(f"{len(raised.value.faults)} contract faults:")
    assert all(fault in str(raised.value) for fault in raised.value.faults)
    return raised.value.faults


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_reported_with_its_place(faults: list[str], kind: str) -> None:
    said = [fault for fault in faults if all(part in fault for part in FAULTS[kind])]
    assert len(said) == 1, "\n".join(faults)


def test_all_faults_are_reported_together_and_nothing_else_is(faults: list[str]) -> None:
    expected = [*FAULTS.values(), ["unlisted is in no table"]]
    assert [fault for fault in faults if not any(all(part in fault for part in parts) for parts in expected)] == []


def test_a_fault_names_the_line_of_its_key_in_the_file(tmp_path: Path) -> None:
    project = copied(tmp_path)
    path = project / "schemas" / "sources" / "brazil_pf.yml"
    changed(path, "lookup: brazil_pf.droga", "lookup: nowhere")
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "lookup: nowhere" in text)
    with pytest.raises(ContractFaults) as raised:
        load(project)
    assert raised.value.faults == [
        f"schemas/sources/brazil_pf.yml:{line}: columns.DROGA.lookup: names the unknown lookup nowhere"
    ]


def test_an_untouched_copy_has_no_faults_and_one_more_byte_changes_the_digest(
    tmp_path: Path, registry: Registry
) -> None:
    project = copied(tmp_path)
    assert _digest(project) == registry.digest
    appended(project / "data" / "reference" / "factors.csv", "\n")
    assert load(project).digest != registry.digest


def test_every_table_has_a_key_and_a_row_floor_and_every_source_a_scope(registry: Registry) -> None:
    assert all(table.primary_key and table.row_floor >= 0 for table in registry.tables.values())
    groups = registry.codes["commodity_groups"].codes
    assert all(registry.source_groups(source) <= groups for source in registry.sources.values())
    drugs = {row["code"] for row in registry.codes["commodity_groups"].rows if row["family"] in {"drugs", "precursors"}}
    assert registry.source_groups(registry.sources["unodc_ids"]) == drugs - {"cannabis"}
    assert drugs < groups


def test_a_sentence_is_filled_with_its_parameters_and_an_unknown_rule_is_refused(registry: Registry) -> None:
    said = registry.messages.render("too_few_cells", "es", {"cells": "3", "expected": "16"})
    assert "3" in said
    assert "16" in said
    with pytest.raises(KeyError):
        registry.messages.render("no_such_rule", "es", {})
