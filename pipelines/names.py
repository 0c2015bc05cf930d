"""How place names are written: the key under which two spellings of a name meet, and what is name and what is not.

Part of the floor: the gazetteer (`reference`) and the reports (`conformed`) make their keys in the same way. Belongs
here: the key, the words that say what kind of place a name belongs to, and the parts of a text. Does not belong here:
which place a name means.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

WORDS = Path(__file__).with_name("generic_words.csv")
LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ı": "i",
    "ħ": "h",
    "ŧ": "t",
    "ə": "a",
    "ǝ": "a",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
}
"""Letters that no normal form takes apart."""
CYRILLIC = dict(
    zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True),
    ж="zh", х="kh", ц="ts", ч="ch", ш="sh", щ="shch", ъ="", ь="", ю="yu", я="ya",
)  # fmt: skip
"""Romanisation of Russian in keys (BGN/PCGN 1947; й has lost its breve and reads i), as ISO 3166-2 spells divisions."""
SEPARATORS = re.compile(r"[,;/()\[\]\"«»“”|\n\r]|\s[-–—]+\s|[-–—]{2,}|(?<=\w{4})\.\s")
"""What stands between two names in one text; a hyphen only where it is set off, for names hold hyphens too."""
BARE_HYPHEN = re.compile(r"[-–—]")
LINKS = frozenset(
    [
        "de",
        "del",
        "la",
        "las",
        "los",
        "el",
        "da",
        "do",
        "dos",
        "das",
        "of",
        "the",
        "du",
        "des",
        "di",
        "d",
        "y",
        "e",
        "and",
    ]
)
"""Words that stay behind when a generic word is taken off, and are no part of a name's beginning or end there."""


class Core(NamedTuple):
    """A key without its generic words, and the kinds of those."""

    key: str
    kinds: frozenset[str]


def name_key(name: pl.Expr) -> pl.Expr:
    """Names as keys: lower case, no accents, no apostrophes, one space for all else that is no letter or digit."""
    # NFKD makes a space of ´, and capitals of rare letters
    plain = name.str.replace_all("´", "'", literal=True).str.normalize("NFKD").str.to_lowercase()
    bare = plain.str.replace_all(r"[\p{M}'’‘ʻʼ`′ʹ]+", "")
    return bare.str.replace_many(LETTERS).str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")


def in_latin(key: str) -> str:
    """A key in Latin letters, where it is in Cyrillic ones."""
    return "".join(CYRILLIC.get(letter, letter) for letter in key)


def core(key: str) -> Core:
    """A name's key without the generic words at its ends: `aeropuerto internacional el dorado` is `el dorado`.

    A key that is nothing but generic words has an empty core.
    """
    words, kinds = key.split(), set[str]()
    longest, known = _generic()
    while words:
        taken = _at_an_end(words, longest, known)
        if taken is None:
            break
        words, kind = taken
        kinds.add(kind)
        if words and words[0] in {"de", "del", "of", "di", "du", "des"}:
            words = words[1:]
    return Core(" ".join(words), frozenset(kinds))


def parts(text: str) -> list[str]:
    """The names that a text may hold, as written and in order: what stands between separators.

    A text without separators has no parts.
    """
    found = [part.strip() for part in SEPARATORS.split(text)]
    found = [part for part in found if part]
    return list(dict.fromkeys(found)) if len(found) > 1 else []


def pieces(text: str) -> list[str]:
    """What bare hyphens set apart in a text. Most names with a hyphen are one name, so these are tried last."""
    found = [piece.strip() for part in parts(text) or [text] for piece in BARE_HYPHEN.split(part)]
    return [piece for piece in dict.fromkeys(found) if len(piece) > 2] if BARE_HYPHEN.search(text) else []


def runs(key: str, longest: int = 4) -> Iterator[str]:
    """All runs of one to four words of a key that are shorter than the key, longest first, then from the left."""
    words = key.split()
    for size in range(min(longest, len(words) - 1), 0, -1):
        for start in range(len(words) - size + 1):
            if words[start] not in LINKS and words[start + size - 1] not in LINKS:
                yield " ".join(words[start : start + size])


def _at_an_end(words: list[str], longest: int, known: dict[str, str]) -> tuple[list[str], str] | None:
    for size in range(min(longest, len(words)), 0, -1):
        if kind := known.get(" ".join(words[:size])):
            return words[size:], kind
        if kind := known.get(" ".join(words[-size:])):
            return words[:-size], kind
    return None


@cache
def _generic() -> tuple[int, dict[str, str]]:
    """The generic words by their key, and how many words the longest has."""
    with WORDS.open(encoding="utf-8", newline="") as stream:
        known = {row["words"]: row["kind"] for row in csv.DictReader(stream)}
    return max(len(words.split()) for words in known), known
