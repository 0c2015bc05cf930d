"""What people decide is kept line by line: the last sound word stands, a bad line is kept and never applied."""

from __future__ import annotations

from datetime import date

import pytest
import samples

from pipelines.published.release import inputs_digest
from pipelines.staging.decisions import KINDS, BadDecision, append, make_decisions
from pipelines.store import Home
from schemas.registry import Registry

A, B, C = "a" * 32, "b" * 32, "c" * 32
PAIR = {"seizure_id": A, "other_seizure_id": B, "verdict": "same", "who": "A. Person", "when": "2024-05-06", "why": "x"}
QUANTITY = {"seizure_id": A, "verdict": "keep", "who": "A. Person", "when": "2024-05-06", "why": "the file, page 3"}


def decided(home: Home, registry: Registry) -> list[dict[str, object]]:
    make_decisions(home, registry)
    return samples.table(home, registry, "staging.decisions").sort("kind", "file_line").to_dicts()


def written(home: Home, kind: str, *lines: str, header: str | None = None) -> None:
    home.decisions.mkdir(exist_ok=True)
    text = "".join(f"{line}\n" for line in (header or ",".join(KINDS[kind].columns), *lines))
    (home.decisions / KINDS[kind].file).write_bytes(text.encode("utf-8", "surrogateescape"))


def test_a_home_without_decisions_has_an_empty_table(home: Home, registry: Registry) -> None:
    assert decided(home, registry) == []


def test_a_later_line_outranks_an_earlier_one_about_the_same_pair_in_either_order(
    home: Home, registry: Registry
) -> None:
    append(home, "duplicate", PAIR)
    append(home, "duplicate", {**PAIR, "other_seizure_id": C})
    append(home, "duplicate", {**PAIR, "seizure_id": B, "other_seizure_id": A.upper(), "verdict": "different"})
    found = decided(home, registry)
    assert [(row["seizure_id"], row["other_seizure_id"], row["decision"], row["standing"]) for row in found] == [
        (A, B, "same", False),
        (A, C, "same", True),
        (A, B, "different", True),
    ]
    assert len({row["decision_id"] for row in found}) == 3
    assert found[0]["decided_on"] == date(2024, 5, 6)


def test_a_quantity_and_a_pair_of_one_seizure_are_two_subjects(home: Home, registry: Registry) -> None:
    append(home, "duplicate", PAIR)
    append(home, "quantity", QUANTITY)
    assert [row["standing"] for row in decided(home, registry)] == [True, True]


def test_who_decided_is_in_no_table(home: Home, registry: Registry) -> None:
    append(home, "quantity", QUANTITY)
    before = decided(home, registry)
    assert "A. Person" not in str(before)
    assert "A. Person" in (home.decisions / "quantities.csv").read_text()
    (home.decisions / "quantities.csv").unlink()
    append(home, "quantity", {**QUANTITY, "who": "Somebody else"})
    assert decided(home, registry) == before  # nor can a name be guessed from the hash


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f"{A},{B},same,w,2024-05-06", "wrong_cells"),
        (f'{A},{B},same,w,2024-05-06,"open', "wrong_cells"),
        (f"{A},{B},same,,2024-05-06,x", "missing_value"),
        (f"{A},{B},same,w,2024-05-06, ", "missing_value"),
        (f"{A},17,same,w,2024-05-06,x", "bad_seizure"),
        (f"{A},{A},same,w,2024-05-06,x", "same_seizure_twice"),
        (f"{A},{B},keep,w,2024-05-06,x", "bad_verdict"),
        (f"{A},{B},same,w,06/05/2024,x", "bad_date"),
        (f"{A},{B},same,w,2024-02-30,x", "bad_date"),
        (f"{A},{B},same,w,2024-05-06,\udcff", "not_text"),
    ],
)
def test_a_bad_line_is_kept_with_its_fault_and_neither_applied_nor_a_bar_to_the_others(
    home: Home, registry: Registry, line: str, fault: str
) -> None:
    sound = f"{A},{B},different,w,2024-05-06,x"
    written(home, "duplicate", sound, line, sound.replace(A, C))
    found = decided(home, registry)
    assert [(row["file_line"], row["fault"], row["standing"]) for row in found] == [
        (2, None, True),
        (3, fault, False),
        (4, None, True),
    ]
    told = {name for name, value in found[1].items() if value is not None}
    assert told == {"decision_id", "kind", "file_line", "standing", "fault"}


def test_a_file_with_other_columns_is_faulty_from_its_first_line_on(home: Home, registry: Registry) -> None:
    written(home, "quantity", f"{A},w,keep,2024-05-06,x", header="seizure_id,who,verdict,when,why")
    assert [(row["file_line"], row["fault"]) for row in decided(home, registry)] == [
        (1, "wrong_header"),
        (2, "wrong_header"),
    ]


def test_a_file_that_a_spreadsheet_wrote_is_read(home: Home, registry: Registry) -> None:
    text = "\ufeff" + ",".join(KINDS["quantity"].columns) + f'\r\n{A},exclude,w,2024-05-06,"one, two"\r\n\r\n'
    home.decisions.mkdir()
    (home.decisions / "quantities.csv").write_bytes(text.encode())
    (found,) = decided(home, registry)
    assert (found["decision"], found["why"], found["standing"]) == ("exclude", "one, two", True)


def test_what_is_appended_leaves_what_was_there_byte_for_byte_and_ends_a_torn_line(
    home: Home, registry: Registry
) -> None:
    written(home, "quantity", f"{A},keep,w,2024-05-06,x")
    path = home.decisions / "quantities.csv"
    torn = path.read_bytes() + A[:20].encode()
    path.write_bytes(torn)
    append(home, "quantity", {**QUANTITY, "seizure_id": B, "why": 'a "word",\nand another'})
    assert path.read_bytes().startswith(torn + b"\n")
    assert [(row["fault"], row["why"]) for row in decided(home, registry)] == [
        (None, "x"),
        ("wrong_cells", None),
        (None, 'a "word", and another'),
    ]


@pytest.mark.parametrize("bad", [{"verdict": "same"}, {"when": "today"}, {"why": " "}, {"seizure_id": "7"}])
def test_a_decision_that_would_be_faulty_is_not_written(home: Home, bad: dict[str, str]) -> None:
    with pytest.raises(BadDecision):
        append(home, "quantity", {**QUANTITY, **bad})
    assert not home.decisions.exists()


def test_a_new_decision_is_news_for_the_night(home: Home, registry: Registry) -> None:
    before = inputs_digest(home, registry, None)
    append(home, "quantity", QUANTITY)
    assert inputs_digest(home, registry, None) != before
