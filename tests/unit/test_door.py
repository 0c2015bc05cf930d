"""Nothing that a contract does not keep gets past the door; a case id becomes a hash under a key of its own."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from pipelines.deliveries.door import door
from pipelines.keys import NoKey, keyed_hash, new_key, read_key
from schemas.contracts import SourceContract

KEY = bytes(range(32))
HEADER = ("Day", "Drug", "Amount", "Unit", "Officer", "Remarks", "Zone")
PLAIN = samples.contract(
    extra={
        "Officer": {"drop": "name of a person", "personal": True},
        "Remarks": {"drop": "free text"},
        "Zone": {"drop": "read together with the drug"},
        "Kind": {"drop": "only seizures are reports"},
        "Case": {"to": "case_id", "not_known": ["", "n/a"]},
        "Seizure": {"to": "seizure_ref", "not_known": [""]},
    },
    declared=[
        {"id": "other", "column": "Kind", "not_in": ["seizure"], "reason": dict.fromkeys(("en", "es", "fr", "pt"), "x")}
    ],
    corrections=[
        {
            "id": "c",
            "column": "Zone",
            "pattern": "^x$",
            "becomes": "y",
            "reason": "r",
            "since": "2020-01-01",
            "expect": {},
        }
    ],
)


def passed(header: tuple[str, ...], *cells: str, source: SourceContract = PLAIN, key: bytes | None = KEY) -> list[str]:
    return door(source, header, key)(list(cells))


def test_a_dropped_column_comes_out_empty_unless_another_key_of_the_contract_reads_it() -> None:
    header = (*HEADER, "Kind")
    cells = ("2020-01-01", "heroin", "1", "gram", "A. Name", "called +1 555", "x", "seizure")
    assert passed(header, *cells) == ["2020-01-01", "heroin", "1", "gram", "", "", "x", "seizure"]


def test_the_order_of_the_columns_is_that_of_the_file() -> None:
    assert passed(("Remarks", "Drug", "Officer"), "a", "b", "c") == ["", "b", ""]


def test_a_personal_column_may_not_be_read_by_any_other_key() -> None:
    with pytest.raises(ValueError, match="personal columns that another key reads: Officer"):
        samples.contract(extra={"Officer": {"drop": "a name", "personal": True}}, identity=["Day", "Officer"])
    with pytest.raises(ValueError, match="a personal column is dropped, never mapped"):
        samples.contract(extra={"Officer": {"to": "place_text", "personal": True}})


@pytest.mark.parametrize("cells", [("a", "b"), ("a", "b", "c", "A. Name"), ()], ids=["few", "many", "none"])
def test_of_a_record_whose_cells_have_shifted_nothing_is_kept_but_their_number(cells: tuple[str, ...]) -> None:
    assert passed(("Drug", "Officer", "Amount"), *cells) == [""] * len(cells)


def test_a_record_of_another_shape_stays_where_the_contract_keeps_all_it_has() -> None:
    assert passed(("Day", "Drug", "Amount", "Unit"), "a", "b", source=samples.contract(), key=None) == ["a", "b"]


def test_a_case_id_is_an_hmac_and_an_empty_one_stays_empty() -> None:
    header = ("Case", "Seizure")
    (case, seizure) = passed(header, " 123/á ", "123/á")
    expected = hmac.new(KEY, "case_id\x1f123/Á".encode(), hashlib.sha256).hexdigest()[:32]
    assert case == expected
    assert seizure == keyed_hash(KEY, "seizure_ref", "123/á")
    assert case != seizure
    assert passed(header, "123/a\u0301", "") == [case, ""]
    assert passed(header, "n/a", "  ") == ["n/a", "  "]


def test_without_a_key_no_case_id_gets_in() -> None:
    with pytest.raises(NoKey):
        door(PLAIN, ("Case",), None)
    assert passed(("Day", "Drug"), "a", "b", key=None) == ["a", "b"]


@given(st.binary(min_size=32, max_size=64), st.text(max_size=30))
def test_a_hash_has_32_digits_and_another_key_or_kind_gives_another(key: bytes, text: str) -> None:
    found = keyed_hash(key, "case_id", text)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert found == keyed_hash(key, "case_id", f" {text} ") or text != text.strip()
    assert found != keyed_hash(key + b"x", "case_id", text)
    assert found != keyed_hash(key, "seizure_ref", text)


# --- the key ------------------------------------------------------------------------------------------------


def test_a_key_is_read_from_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "key"))
    key = read_key(tmp_path / "home")
    assert len(key) >= 32
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_new_key_never_replaces_one(tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    with pytest.raises(FileExistsError):
        new_key(tmp_path / "key")


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (b"short", "key", "has 5 bytes, and needs 32"),
        (b"x" * 64, "home/key", "lies inside the home"),
        (None, "key", "cannot be read"),
    ],
    ids=["too short", "inside the home", "not there"],
)
def test_an_unfit_key_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, place: str, said: str
) -> None:
    (tmp_path / "home").mkdir()
    if content is not None:
        (tmp_path / place).write_bytes(content)
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / place))
    with pytest.raises(NoKey, match=said) as raised:
        read_key(tmp_path / "home")
    assert content is None or content.decode() not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_a_link_out_of_the_home_into_it_is_inside_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "key").write_bytes(b"x" * 64)
    (tmp_path / "link").symlink_to(tmp_path / "home" / "key")
    monkeypatch.setenv("FLOWS_KEY_FILE", str(tmp_path / "link"))
    with pytest.raises(NoKey, match="lies inside the home"):
        read_key(tmp_path / "home")


def test_without_a_named_file_and_a_key_of_the_project_it_is_said_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWS_KEY_FILE", raising=False)
    monkeypatch.setattr("pipelines.keys.DEFAULT_KEY", tmp_path / "nowhere")
    with pytest.raises(NoKey, match="make one with `flows key"):
        read_key(tmp_path / "home")
