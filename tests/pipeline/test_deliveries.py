"""Files are taken as they are, once; a file of another shape is withheld with the rule it broke, and alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
import samples

from pipelines.conformed.make import make_lines
from pipelines.conformed.places.candidates import make_places
from pipelines.deliveries.inspect import Inspection, inspect_file, withheld
from pipelines.deliveries.receive import Delivery, deliveries, receive
from pipelines.keys import keyed_hash, new_key, read_key
from pipelines.store import Home
from schemas.contracts import SourceContract
from schemas.messages import PLACEHOLDER
from schemas.registry import PROJECT, Registry


class Withheld(NamedTuple):
    """A file, and what must be said of it."""

    source: str
    content: bytes
    verdict: str
    rule: str
    params: dict[str, str]
    name: str = "ids_2014.csv"


def header_of(content: bytes) -> bytes:
    return content.split(b"\n", 1)[0] + b"\n"


def swapped(content: bytes, old: str, new: str | bytes) -> bytes:
    """Content with one text replaced; the text must be there once at least."""
    assert old.encode() in content
    return content.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)


MANY = 130
CUSTOMS = PROJECT / "data" / "sample" / "us_cbp" / "simulated-nationwide-drugs-fy20-fy21.csv"
WITHHELD = {
    "an empty file": Withheld("unodc_ids", b"", "damaged", "empty_file", {}),
    "a byte order mark and nothing else": Withheld("brazil_pf", b"\xef\xbb\xbf", "damaged", "empty_file", {}),
    "an empty JSON file": Withheld("colombia_policia_api", b" \n", "damaged", "empty_file", {}),
    "a header and no row": Withheld(
        "unodc_ids", header_of(samples.ids()), "below_bound", "too_few_rows", {"rows": "0", "minimum": "100"}
    ),
    "a JSON array of nothing": Withheld(
        "colombia_policia_api", b"[]", "below_bound", "too_few_rows", {"rows": "0", "minimum": "1"}
    ),
    "too few rows": Withheld(
        "unodc_ids", samples.ids(least=99), "below_bound", "too_few_rows", {"rows": "99", "minimum": "100"}
    ),
    "too many rows": Withheld(
        "unodc_ids", samples.ids(least=MANY + 1), "above_bound", "too_many_rows",
        {"rows": str(MANY + 1), "maximum": str(MANY)},
    ),
    "a renamed column": Withheld(
        "unodc_ids", swapped(samples.ids(), "AMOUNT", "QUANTITY"), "drifted", "unknown_column",
        {"columns": "QUANTITY", "missing": "AMOUNT"},
    ),
    "days and months in the other order": Withheld(
        "brazil_pf", samples.brazil(*[{"DATA": "31/01/2020"}] * 20), "drifted", "dates_of_another_form",
        {"wrong": "20", "rows": "20", "column": "DATA", "form": "%m/%d/%Y"},
    ),
    "an extra column": Withheld(
        "brazil_pf", swapped(samples.brazil(), "lat;lon", "lat;lon;COR"), "drifted", "unknown_column",
        {"columns": "COR", "missing": "-"},
    ),
    "a missing column": Withheld(
        "unodc_annual", swapped(samples.annual(), ",KG Equivalent", ""), "drifted", "missing_column",
        {"columns": "KG Equivalent"},
    ),
    "a key that no object has": Withheld(
        "colombia_policia_api", samples.api().replace(b'"zona"', b'"area"'), "drifted", "unknown_column",
        {"columns": "area", "missing": "zona"},
    ),
    "a repeated column": Withheld(
        "brazil_pf", swapped(samples.brazil(), ";lat;lon", ";lat;lat"), "drifted", "repeated_column", {"columns": "lat"}
    ),
    "another encoding": Withheld(
        "unodc_ids", swapped(samples.ids(), "village 7", "Cancún".encode("latin-1")), "damaged", "wrong_encoding",
        {"encoding": "utf-8", "position": str(samples.ids().index(b"village 7") + 4), "line": "9"},
    ),
    "a quotation mark that never closes": Withheld(
        "unodc_ids", swapped(samples.ids(), "Invented village 7", '"Invented village 7'), "damaged", "unclosed_quote",
        {"record": "8", "line": "9"},
    ),
    "a quotation mark inside a quoted text": Withheld(
        "unodc_ids", swapped(samples.ids(), "Invented village 7", '"Invented "village" 7"'), "damaged",
        "broken_quoting", {"record": "8", "line": "9"},
    ),
    "JSON that was cut off": Withheld(
        "colombia_policia_api", b'[\n{"fecha": "2018-01-03', "damaged", "not_json", {"line": "2", "position": "11"}
    ),
    "an object instead of an array": Withheld(
        "colombia_policia_api", b'{"data": []}', "damaged", "not_an_array", {"record": "1"}
    ),
    "a number among objects": Withheld(
        "colombia_policia_api", b'[{"fecha": "x"}, 3]', "damaged", "not_an_array", {"record": "2"},
    ),
    "an object inside an object": Withheld(
        "colombia_policia_api", samples.api().replace(b'"URBANA"', b'{"name": "URBANA"}'), "drifted",
        "unknown_column", {"columns": "zona.name", "missing": "zona"},
    ),
    "a name that does not tell the period": Withheld(
        "us_cbp", CUSTOMS.read_bytes(), "drifted", "no_period_in_name", {"form": "nationwide-drugs-fy19-fy22.csv"},
        "latest.csv",
    ),
    "a correction that has nothing left to mend": Withheld(
        "colombia_policia", samples.colombia().replace(b",5999000,", b",05999000,"), "drifted", "correction_not_met",
        {"correction": "dane_leading_zero", "column": "CÓDIGO DANE", "touched": "0"},
    ),
    "a total that is not there": Withheld(
        "colombia_policia", samples.colombia(total=None), "drifted", "declaration_not_met",
        {"value": "TOTAL", "column": "FECHA", "touched": "0"},
    ),
    "a total that stands twice": Withheld(
        "colombia_policia", samples.colombia() + b"TOTAL,,,,,,,,,140\n", "drifted", "declaration_not_met",
        {"value": "TOTAL", "column": "FECHA", "touched": "2"},
    ),
}  # fmt: skip


def looked_at(source: SourceContract, content: bytes, name: str = "ids_2014.csv") -> Inspection:
    bounded = source.model_copy(update={"rows": source.rows.model_copy(update={"max": MANY})})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        delivery = Delivery("0" * 64, source.source, name, file.parent, 1)
        return inspect_file(bounded, delivery, file, scratch=Path(folder) / "scratch", key=None)


def state(home: Home, registry: Registry, source: str) -> dict[str, object]:
    return samples.table(home, registry, "deliveries.status").filter(source_id=source).to_dicts()[0]


# --- receiving ----------------------------------------------------------------------------------------------


def test_a_file_is_kept_byte_for_byte_under_its_sha256_and_never_again(home: Home, registry: Registry) -> None:
    content = samples.ids()
    inbox = samples.put(home.inbox, {"unodc_ids/ids_2014.csv": content})
    assert receive(home, registry, inbox).new == ("unodc_ids/ids_2014.csv",)
    (kept,) = deliveries(home)
    assert kept.delivery_id == hashlib.sha256(content).hexdigest()
    assert (kept.source_id, kept.file_name, kept.content()) == ("unodc_ids", "ids_2014.csv", content)
    assert (inbox / "unodc_ids" / "ids_2014.csv").read_bytes() == content
    again = receive(home, registry, inbox)
    assert (again.new, again.known) == ((), ("unodc_ids/ids_2014.csv",))


def test_the_same_bytes_under_two_names_are_one_delivery(home: Home, registry: Registry) -> None:
    files = {"unodc_ids/ids_2014.csv": samples.ids(), "unodc_ids/ids_2015.csv": samples.ids()}
    received = samples.deliver(home, registry, files)
    assert (received.new, received.known) == (("unodc_ids/ids_2014.csv",), ("unodc_ids/ids_2015.csv",))
    assert samples.table(home, registry, "deliveries.files").height == 1
    assert samples.table(home, registry, "deliveries.rows").height == 100


def test_files_and_folders_that_no_contract_claims_are_named_and_left_alone(home: Home, registry: Registry) -> None:
    strays = ("notes.txt", "unknown_agency/x.csv", "unodc_ids/readme.md", "unodc_ids/old/ids.csv")
    inbox = samples.put(home.inbox, dict.fromkeys(strays, b"x") | {".hidden": b"x", "unodc_ids/.hidden.csv": b"x"})
    received = receive(home, registry, inbox)
    assert received.unclaimed == ("notes.txt", "unknown_agency/", "unodc_ids/old/ids.csv", "unodc_ids/readme.md")
    assert (received.new, received.known, deliveries(home)) == ((), (), [])
    assert all((inbox / stray).read_bytes() == b"x" for stray in strays)


def test_a_file_that_two_contracts_claim_is_given_to_neither(home: Home, registry: Registry) -> None:
    greedy = registry.sources["colombia_policia_api"].model_copy(update={"files": "*"})
    both = dataclasses.replace(registry, sources={**registry.sources, "colombia_policia_api": greedy})
    inbox = samples.put(home.inbox, {"colombia_policia/a.csv": samples.colombia()})
    assert receive(home, both, inbox).unclaimed == ("colombia_policia/a.csv",)


def test_one_inbox_folder_may_feed_two_sources_by_file_name(home: Home, registry: Registry) -> None:
    samples.deliver(
        home, registry, {"colombia_policia/a.csv": samples.colombia(), "colombia_policia/a.json": samples.api()}
    )
    assert {kept.source_id for kept in deliveries(home)} == {"colombia_policia", "colombia_policia_api"}


def test_an_inbox_that_is_not_there_is_an_error(home: Home, registry: Registry) -> None:
    with pytest.raises(FileNotFoundError, match="no inbox"):
        receive(home, registry, home.root / "nowhere")


def test_a_delivery_that_a_killed_run_left_without_receipt_is_written_again(home: Home, registry: Registry) -> None:
    content = samples.ids()
    folder = home.deliveries / hashlib.sha256(content).hexdigest()
    folder.mkdir()
    (folder / "content").write_bytes(content[:50])
    assert deliveries(home) == []
    assert receive(home, registry, samples.put(home.inbox, {"unodc_ids/ids_2014.csv": content})).new == (
        "unodc_ids/ids_2014.csv",
    )
    assert deliveries(home)[0].content() == content


def test_the_order_of_receipt_changes_no_byte_of_any_table(tmp_path: Path, registry: Registry) -> None:
    shared = {"PLACE": "Seen twice", "AMOUNT": "31"}
    files = {
        "unodc_ids/ids_2014.csv": samples.ids(shared, {"SEIZURE_DATE": "2014-02-31"}),
        "unodc_ids/ids_2015.csv": samples.ids(shared, {"SEIZURE_DATE": "2015-01-01"}, least=101),
        "brazil_pf/a.csv": samples.brazil({"DATA": "01/31/2020"}),
        "brazil_pf/b.csv": samples.brazil({"DATA": "01/31/2021"}),
        "unodc_annual/a.csv": samples.annual(),
        "unodc_annual/b.csv": samples.annual({"Year": "2011"}),
        "unodc_annual/c.csv": b"broken",
    }
    found = []
    for name, order in (("first", list(files)), ("second", list(files)[::-1])):
        home = Home.at(tmp_path / name).make()
        for file in order:
            receive(home, registry, samples.put(home.inbox, {file: files[file]}))
        if found:
            shutil.copytree(tmp_path / "first" / "tables" / "reference", home.tables / "reference")
        else:
            samples.reference(home, registry)
        samples.stage(home, registry, {})
        make_places(home, registry)
        make_lines(home, registry)
        found.append(samples.table_bytes(home))
    assert len(found[0]) > 15
    assert found[0] == found[1]


# --- the verdict on a file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITHHELD)
def test_a_file_of_another_shape_is_withheld_with_rule_and_place(registry: Registry, name: str) -> None:
    case = WITHHELD[name]
    found = looked_at(registry.sources[case.source], case.content, case.name)
    assert (found.verdict, found.rule) == (case.verdict, case.rule)
    assert found.params == case.params
    assert (found.records.is_empty(), found.headers, found.content) == (True, {}, None)


@pytest.mark.parametrize("name", WITHHELD)
def test_the_publisher_is_told_in_their_language_with_nothing_left_to_fill(registry: Registry, name: str) -> None:
    case = WITHHELD[name]
    source = registry.sources[case.source]
    said = registry.messages.render(case.rule, source.language, case.params)
    assert set(PLACEHOLDER.findall(registry.messages.sentences[source.language][case.rule])) <= set(case.params)
    assert all(value in said for value in case.params.values())
    assert said != registry.messages.render(case.rule, "fr", case.params)


@pytest.mark.parametrize("source", samples.BUILDERS)
def test_a_sound_file_of_each_source_is_accepted(registry: Registry, source: str) -> None:
    found = looked_at(registry.sources[source], samples.BUILDERS[source]())
    assert (found.verdict, found.rule, found.params) == ("accepted", None, {})
    assert found.content is not None
    assert found.content.data_from is not None


def test_columns_in_another_order_are_the_same_format(home: Home, registry: Registry) -> None:
    turned = [
        {name: row[name] for name in reversed(samples.IDS)} for row in samples.filled(samples.IDS, (), 100, "PLACE")
    ]
    counts = samples.stage(home, registry, {"unodc_ids/ids_2014.csv": samples.delimited(turned, ";")})
    assert counts["unodc_ids"]["staged"] == 100
    assert samples.table(home, registry, "staging.reports")["reporter"].unique().to_list() == ["KEN"]


def test_line_ends_of_windows_and_empty_lines_change_no_row(registry: Registry) -> None:
    source = registry.sources["unodc_ids"]
    plain = looked_at(source, samples.ids()).records
    windows = looked_at(source, samples.ids().replace(b"\n", b"\r\n") + b"\r\n\r\n").records
    assert windows.equals(plain)


def test_a_key_that_only_some_objects_lack_is_an_empty_cell(registry: Registry) -> None:
    objects = json.loads(samples.api(least=2))
    del objects[1]["municipio"]
    found = looked_at(registry.sources["colombia_policia_api"], json.dumps(objects).encode())
    assert found.verdict == "accepted"
    assert found.records["cells"][1][found.headers[""].index("municipio")] == ""


def test_a_number_in_json_is_kept_as_it_was_written(registry: Registry) -> None:
    content = samples.api({"cantidad": "QUANTITY"}).replace(b'"QUANTITY"', b"1.10")
    found = looked_at(registry.sources["colombia_policia_api"], content)
    assert found.records["cells"][0][found.headers[""].index("cantidad")] == "1.10"


def test_nothing_of_a_withheld_file_is_used_and_the_others_go_on(home: Home, registry: Registry) -> None:
    drifted = swapped(samples.ids(least=120), "AMOUNT", "QUANTITY")
    counts = samples.stage(
        home,
        registry,
        {
            "unodc_ids/ids_2014.csv": drifted,
            "unodc_ids/ids_2015.csv": samples.ids(),
            "brazil_pf/a.csv": samples.brazil(),
        },
    )
    files = samples.table(home, registry, "deliveries.files").filter(verdict="drifted").to_dicts()
    assert [(row["file_name"], row["verdict_rule"], row["rows_delivered"]) for row in files] == [
        ("ids_2014.csv", "unknown_column", 0)
    ]
    assert samples.table(home, registry, "deliveries.rows").height == 120
    assert (counts["unodc_ids"]["staged"], counts["brazil_pf"]["staged"]) == (100, 20)
    assert state(home, registry, "brazil_pf")["status"] == "accepted"


# --- the state of a source ----------------------------------------------------------------------------------


def test_a_source_that_never_delivered_is_said_to_have_delivered_nothing(home: Home, registry: Registry) -> None:
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids()})
    found = samples.table(home, registry, "deliveries.status")
    assert set(found["source_id"]) == set(registry.sources)
    assert set(found.filter(pl.col("source_id") != "unodc_ids")["status"]) == {"none_received"}


def test_a_source_is_stale_since_its_newest_accepted_data_date(home: Home, registry: Registry) -> None:
    typed_wrongly = {"SEIZURE_DATE": "2214-05-05"}
    files = {
        "unodc_ids/ids_2013.csv": samples.ids({"SEIZURE_DATE": "2013-12-31"}, typed_wrongly),
        "unodc_ids/ids_2012.csv": samples.ids({"SEIZURE_DATE": "2012-01-01"}, least=101),
    }
    samples.deliver(home, registry, files)
    assert state(home, registry, "unodc_ids")["stale_since"] is None
    samples.deliver(home, registry, {"unodc_ids/ids_2015.csv": swapped(samples.ids(least=102), "AMOUNT", "QUANTITY")})
    found = state(home, registry, "unodc_ids")
    assert found["status"] == "drifted"
    assert (found["n_accepted"], found["n_withheld"]) == (2, 1)
    assert found["stale_since"] == found["data_through"] == date(2014, 5, 5)


def test_a_source_shows_the_worst_of_its_withheld_files(home: Home, registry: Registry) -> None:
    files = {
        "unodc_ids/few.csv": samples.ids(least=9),
        "unodc_ids/drifted.csv": swapped(samples.ids(), "AMOUNT", "X"),
        "unodc_ids/empty.csv": b"",
    }
    samples.deliver(home, registry, files)
    found = state(home, registry, "unodc_ids")
    assert (found["status"], found["n_withheld"], found["stale_since"]) == ("drifted", 3, None)


def test_a_withheld_file_that_is_sent_again_under_its_name_and_accepted_is_resolved(
    home: Home, registry: Registry
) -> None:
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids(least=9)})
    assert state(home, registry, "unodc_ids")["status"] == "below_bound"
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids()})
    found = state(home, registry, "unodc_ids")
    assert (found["status"], found["n_accepted"], found["n_withheld"], found["stale_since"]) == ("accepted", 1, 0, None)
    files = samples.table(home, registry, "deliveries.files")
    assert dict(zip(files["verdict"], files["is_resolved"], strict=True)) == {"below_bound": True, "accepted": False}


def test_a_broken_file_under_the_name_of_an_accepted_one_leaves_the_source_stale(
    home: Home, registry: Registry
) -> None:
    samples.deliver(home, registry, {"brazil_pf/latest.csv": samples.brazil()})
    samples.deliver(home, registry, {"brazil_pf/latest.csv": swapped(samples.brazil(), "DROGA", "SUBSTANCIA")})
    assert state(home, registry, "brazil_pf")["status"] == "drifted"


@pytest.mark.parametrize("older_first", [True, False])
def test_the_snapshot_that_reaches_furthest_replaces_the_others(
    home: Home, registry: Registry, older_first: bool
) -> None:
    older = {"brazil_pf/older.csv": samples.brazil({"DATA": "12/31/2019"}, least=25)}
    newer = {"brazil_pf/newer.csv": samples.brazil({"DATA": "01/01/2020"})}
    for files in (older, newer) if older_first else (newer, older):
        samples.deliver(home, registry, files)
    files = samples.table(home, registry, "deliveries.files")
    assert dict(zip(files["file_name"], files["is_current"], strict=True)) == {"older.csv": False, "newer.csv": True}


def test_a_corrected_snapshot_under_the_same_name_replaces_the_older_one_even_if_shorter(
    home: Home, registry: Registry
) -> None:
    long, short = samples.annual(least=12), samples.annual(least=11)
    samples.deliver(home, registry, {"unodc_annual/totals.csv": long})
    samples.deliver(home, registry, {"unodc_annual/totals.csv": short})
    files = samples.table(home, registry, "deliveries.files")
    assert dict(zip(files["rows_delivered"], files["is_current"], strict=True)) == {12: False, 11: True}


def test_a_file_that_is_moved_to_the_right_publisher_is_read_there(home: Home, registry: Registry) -> None:
    inbox = samples.put(home.inbox, {"unodc_annual/ids_2014.csv": samples.ids(), "brazil_pf/b.csv": samples.brazil()})
    receive(home, registry, inbox)
    (inbox / "unodc_ids").mkdir()
    (inbox / "unodc_annual" / "ids_2014.csv").rename(inbox / "unodc_ids" / "ids_2014.csv")
    assert receive(home, registry, inbox).new == ("unodc_ids/ids_2014.csv",)
    assert {delivery.file_name: delivery.source_id for delivery in deliveries(home)} == {
        "ids_2014.csv": "unodc_ids",
        "b.csv": "brazil_pf",
    }


def test_the_same_bytes_under_two_publishers_are_named(home: Home, registry: Registry) -> None:
    inbox = samples.put(home.inbox, {"brazil_pf/empty.csv": b"", "unodc_annual/empty.csv": b""})
    received = receive(home, registry, inbox)
    assert received.new == ("brazil_pf/empty.csv",)
    assert [name.split(" ")[0] for name in received.unclaimed] == ["unodc_annual/empty.csv"]


def test_a_link_that_leads_nowhere_is_named(home: Home, registry: Registry) -> None:
    inbox = samples.put(home.inbox, {"brazil_pf/b.csv": samples.brazil()})
    (inbox / "brazil_pf" / "lost.csv").symlink_to(inbox / "nowhere.csv")
    assert receive(home, registry, inbox).unclaimed == ("brazil_pf/lost.csv",)


def test_a_withheld_snapshot_replaces_nothing(home: Home, registry: Registry) -> None:
    newer = swapped(samples.brazil({"DATA": "01/01/2020"}), "DROGA", "SUBSTANCIA")
    samples.deliver(home, registry, {"brazil_pf/older.csv": samples.brazil(), "brazil_pf/newer.csv": newer})
    files = samples.table(home, registry, "deliveries.files")
    assert dict(zip(files["file_name"], files["is_current"], strict=True)) == {"older.csv": True, "newer.csv": False}
    assert state(home, registry, "brazil_pf")["status"] == "drifted"


def test_every_delivery_of_a_source_that_restates_nothing_stands(home: Home, registry: Registry) -> None:
    assert registry.sources["colombia_policia"].restates == "nothing"
    files = {"colombia_policia/a.csv": samples.colombia(), "colombia_policia/b.csv": samples.colombia(least=21)}
    samples.deliver(home, registry, files)
    found = samples.table(home, registry, "deliveries.files")
    assert found["is_current"].to_list() == [True, True]
    assert found["restates_from"].to_list() == [None, None]


# --- what is written of an accepted delivery ----------------------------------------------------------------


def test_the_header_is_kept_once_a_part_and_the_cells_without_what_the_contract_drops(
    home: Home, registry: Registry
) -> None:
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids({"REGION": "Secret", "PLACE": "Kept"})})
    (part,) = samples.table(home, registry, "deliveries.parts").to_dicts()
    assert (part["part"], part["header"], part["rows_delivered"]) == ("", list(samples.IDS), 100)
    (row,) = samples.by_row(samples.table(home, registry, "deliveries.rows"), 1)
    cells = dict(zip(part["header"], row["cells"], strict=True))
    assert (cells["PLACE"], cells["REGION"], cells["SUBREGION"], row["damage"]) == ("Kept", "", "", None)


def test_a_delivery_tells_its_period_its_vintage_and_how_often_each_correction_touched_it(
    home: Home, registry: Registry
) -> None:
    short_code, long_code = {"CÓDIGO DANE": "5999000"}, {"CÓDIGO DANE": "91999000"}
    files = {
        "unodc_ids/ids_2014.csv": samples.ids(),
        "colombia_policia/a.csv": samples.colombia(short_code, *[long_code] * 19),
    }
    samples.deliver(home, registry, files)
    found = {row["source_id"]: row for row in samples.table(home, registry, "deliveries.files").to_dicts()}
    ids, police = found["unodc_ids"], found["colombia_policia"]
    assert (ids["restates"], ids["restates_from"], ids["restates_to"]) == (
        "period", date(2014, 1, 1), date(2014, 12, 31),
    )  # fmt: skip
    assert (ids["data_from"], ids["data_to"], ids["vintage"], ids["vintage_rank"]) == (*[date(2014, 5, 5)] * 3, 1)
    assert (police["restates"], police["restates_from"]) == ("nothing", None)
    assert dict(police["corrections"]) == {"dane_leading_zero": "1"}


# --- what never gets past the door --------------------------------------------------------------------------

SECRETS = ("Ana Secreta", "called +1 868 555 0100", "CASE/77-SECRET", "SEIZED/88-SECRET", "shifted secret")
"""Of an officer, a remark, a case, a seizure; and of a row whose cells have shifted."""


def private_source(**changes: Any) -> SourceContract:
    columns = {
        "Officer": {"drop": "name of a person", "personal": True},
        "Remarks": {"drop": "free text may hold personal data"},
        "Case": {"to": "case_id", "not_known": [""]},
        "Seizure": {"to": "seizure_ref", "not_known": [""]},
        "Stage": {"to": "stage", "lookup": "@code"},
        "Result": {"to": "stage_state", "lookup": "@code"},
        "On": {"to": "stage_date", "date_format": "%Y-%m-%d"},
    }
    return samples.contract(extra=columns, **changes)


def private_rows() -> bytes:
    officer, remark, case, seizure, shifted = SECRETS
    good = f"2020-03-14,heroin,1,gram,{officer},{remark},{case},{seizure},trial,yes,2021-01-01"
    bad = f"2020-03-14,tea,1,gram,{officer},{remark},{case},{seizure},trial,perhaps,2021-01-01"
    return samples.table_of(
        good, bad, f"2020-03-14,heroin,{shifted},1,gram,{officer},{remark},{case},{seizure},trial,yes,2021-01-01",
        header="Day,Drug,Amount,Unit,Officer,Remarks,Case,Seizure,Stage,Result,On",
    )  # fmt: skip


def test_what_a_contract_drops_or_hashes_is_nowhere_in_the_home_but_in_the_delivery_itself(
    home: Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "key"))
    contracts = samples.known(registry, private_source())
    inbox = samples.put(tmp_path / "inbox", {"planted/a.csv": private_rows()})
    receive(home, contracts, inbox)
    counts = samples.conform(home, contracts, {})
    assert counts["planted"] == {"records": 3, "staged": 1, "quarantined": 2, "declared": 0}
    content = deliveries(home)[0].folder / "content"
    assert content.stat().st_mode & 0o777 == 0o600
    assert all(secret.encode() in content.read_bytes() for secret in SECRETS)
    everything = [
        samples.table(home, contracts, name).write_json().encode()
        for name, table in contracts.tables.items()
        if table.layer in {"deliveries", "staging", "conformed"}
    ]
    everything += [path.read_bytes() for path in home.root.rglob("*") if path.is_file() and path != content]
    assert not [secret for secret in SECRETS for text in everything if secret.encode() in text]
    (outcome,) = samples.table(home, contracts, "staging.outcomes").to_dicts()
    (line,) = samples.table(home, contracts, "conformed.lines").filter(source_id="planted").to_dicts()
    assert outcome["case_key"] == line["case_key"] == keyed_hash(read_key(home.root), "case_id", SECRETS[2])
    assert outcome["seizure_key"] == keyed_hash(read_key(home.root), "seizure_ref", SECRETS[3])
    assert (outcome["stage"], outcome["stage_state"], outcome["stage_date"]) == ("trial", "yes", date(2021, 1, 1))


def test_without_a_key_a_source_with_case_ids_is_withheld_until_there_is_one_and_the_others_go_on(
    home: Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "nowhere"))
    contracts = samples.known(registry, private_source())
    files = {"planted/a.csv": private_rows(), "brazil_pf/a.csv": samples.brazil()}
    samples.deliver(home, contracts, files)
    found = {row["source_id"]: row for row in samples.table(home, contracts, "deliveries.files").to_dicts()}
    assert (found["planted"]["verdict_rule"], found["brazil_pf"]["verdict"]) == ("no_key", "accepted")
    assert set(samples.table(home, contracts, "deliveries.rows")["source_id"]) == {"brazil_pf"}
    assert state(home, contracts, "planted")["n_withheld"] == 1
    (said,) = withheld(home, contracts)
    assert said.startswith("planted: a.csv: ")
    assert "{" not in said
    new_key(tmp_path / "nowhere")
    assert samples.stage(home, contracts, {})["planted"]["staged"] == 1
    assert state(home, contracts, "planted")["status"] == "accepted"


def test_a_column_that_looks_personal_is_noticed_in_the_home_and_nothing_of_it_is_said(
    home: Home, registry: Registry
) -> None:
    rows = [{"PLACE": f"Sra. Invented {number}"} for number in range(5)]
    samples.deliver(home, registry, {"unodc_ids/ids_2014.csv": samples.ids(*rows)})
    (found,) = samples.table(home, registry, "deliveries.notices").to_dicts()
    assert (found["source_id"], found["column"], found["looks_like"], found["n_rows"]) == (
        "unodc_ids", "PLACE", "name", 5,
    )  # fmt: skip
