"""The catalogue of what is said to publishers, keyed by rule id, in four languages.

Belongs here: the gettext catalogues (`<language>.po`) and their reader. The ``msgid`` is the rule's id, the ``msgstr``
a sentence with ``{placeholders}``. Does not belong here: words for analysts (the dictionary is made of contracts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

from schemas.contracts import LANGUAGES, Language

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Catalogue:
    """Rule id → sentence, for each language."""

    sentences: Mapping[Language, Mapping[str, str]]

    @property
    def rule_ids(self) -> frozenset[str]:
        return frozenset(self.sentences["en"])

    def render(self, rule_id: str, language: Language, params: Mapping[str, str]) -> str:
        """The sentence of a rule with its parameters filled in. Raises KeyError for an unknown rule."""
        return PLACEHOLDER.sub(
            lambda found: params.get(found.group(1), found.group(0)), self.sentences[language][rule_id]
        )

    def faults(self) -> Iterator[str]:
        """Rules that a language lacks, or where it uses other placeholders than English does."""
        for language in LANGUAGES:
            for rule_id in sorted(set().union(*map(set, self.sentences.values()))):
                sentence = self.sentences[language].get(rule_id, "")
                if not sentence:
                    yield f"messages/{language}.po: {rule_id} has no sentence"
                elif set(PLACEHOLDER.findall(sentence)) != set(
                    PLACEHOLDER.findall(self.sentences["en"].get(rule_id, ""))
                ):
                    yield f"messages/{language}.po: {rule_id} has other placeholders than English"


def read_catalogue(folder: Path) -> Catalogue:
    """Read `<language>.po` for every language of the programme from a folder."""
    sentences: dict[Language, Mapping[str, str]] = {}
    for language in LANGUAGES:
        with (folder / f"{language}.po").open("rb") as stream:
            catalogue = read_po(stream, locale=language)
        sentences[language] = {str(message.id): str(message.string) for message in catalogue if message.id}
    return Catalogue(sentences)
