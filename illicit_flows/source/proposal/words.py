"""Words of headers and cells, in English, Spanish, French and Portuguese.

Belongs here: finding a word in a header, and folding texts so that it can be found. Does not belong here: the words
themselves (`words.yml`), or what is concluded from one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.spellings import without_accents
from schemas.contracts import Language

WORDS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
SEIZURES: tuple[str, ...] = tuple(WORDS["seizures"])
OUTCOMES: tuple[str, ...] = (*WORDS["outcomes"], "currency", "reporter")
PERSONAL: Mapping[str, list[str]] = WORDS["personal"]
INVENTED: Mapping[str, Mapping[Language, str]] = WORDS["invented"]
SPELLINGS: Mapping[str, Mapping[str, str]] = {
    codes: {spelling: code for code, spellings in rows.items() for spelling in spellings}
    for codes, rows in WORDS["spellings"].items()
}
"""Common spellings by closed list, with their codes."""
HEADERS: Mapping[str, list[str]] = {**WORDS["seizures"], **WORDS["outcomes"], **WORDS["hints"]}
CELLS: Mapping[str, frozenset[str]] = {name: frozenset(words) for name, words in WORDS["cells"].items()}


def bare(text: str) -> str:
    """A text without accents, capitals and marks, its words parted by one space: `N° op.` becomes `n op`."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", text)
    return " ".join(re.findall(r"[a-z0-9%$€£³²]+", without_accents(re.sub("[º°]", "", spaced))))


def folded(text: str) -> str:
    """A cell without accents and capitals, its marks kept: so that `-` and `?` stay what they are."""
    return without_accents(text.strip())


def strength(header: str, of: str) -> float:
    """How well a header says what is meant by a target or a hint: 1 where it says nothing else, 0 where not at all."""
    return strength_of(header, HEADERS[of])


def strength_of(header: str, phrases: list[str]) -> float:
    """How well a header says one of some phrases."""
    best = 0.0
    for name in (bare(part) for part in (header, *re.split(r"[/|(\[]", header))):
        for phrase in phrases:
            if phrase == name:
                return 1.0
            if f" {phrase} " in f" {name} ":
                best = max(best, 0.35 + 0.5 * len(phrase.split()) / len(name.split()))
    return best


def is_not_known(cell: str, *, among_codes: bool = False) -> bool:
    """Whether a cell says that nothing is known. Among codes of two letters NA is Namibia and SD the Sudan."""
    return folded(cell) in CELLS["not_known"] and not (among_codes and re.fullmatch("[A-Za-z]{2}", cell))
