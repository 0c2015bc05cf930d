"""The words of receipts and forms, in four languages, beside the sentences of the rules.

Belongs here: finding a word in the catalogue. Does not belong here: the words themselves (`schemas/messages/words/`).
"""

from __future__ import annotations

from functools import cache

from schemas.contracts import Language
from schemas.messages import Catalogue, read_catalogue
from schemas.registry import PROJECT


@cache
def catalogue() -> Catalogue:
    """All words, read once per process."""
    return read_catalogue(PROJECT / "schemas" / "messages" / "words")


def phrase(name: str, language: Language, **params: object) -> str:
    """One word or sentence with its parameters filled in. Raises KeyError for an unknown one."""
    return catalogue().render(name, language, {key: str(value) for key, value in params.items()})
