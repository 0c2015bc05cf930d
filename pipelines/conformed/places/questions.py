"""What reports ask: distinct questions for a place, the names that they try, and the divisions that they state.

Belongs here: taking a question's words apart. Does not belong here: looking anything up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import polars as pl

from pipelines.names import LINKS, core, name_key, parts, pieces
from pipelines.store import Connection, frame, sql

WHOLE, CORE, PART, PART_CORE, KIND_PART = 1.0, 0.95, 0.8, 0.75, 0.3
"""How much is left of a match when not the whole text is the name: (invented, see decision 21)."""
OF_AREAS = ("admin", "district")
"""Generic words that say that the name is an area's: the town of the name is a guess."""
OF_PORTS = ("airport", "seaport")
ARTICLES = ("el", "la", "los", "las")
"""Registers and reports differ in whether they count as part of a name."""
Variant = tuple[str, str, str, float, str]
Context = tuple[str, str, str, str, str]
VARIANT = {"place_key": pl.String, "name_key": pl.String, "origin": pl.String, "weight": pl.Float64, "hint": pl.String}
CONTEXT = {"place_key": pl.String, "origin": pl.String, "context": pl.String, "core": pl.String, "kind": pl.String}


def asked(con: Connection) -> pl.DataFrame:
    """Distinct questions as written, each with its `place_key`; the connection must know `staging.reports`.

    It makes the macro `place_site(facility, direction)`, which says of what kind the stated place is.
    """
    con.execute(sql(__file__, "place_site"))
    raw = frame(con, sql(__file__, "asked"))
    keys = raw.select(
        "reporter",
        name_key(pl.col("place_text").fill_null("")).alias("text_key"),
        name_key(pl.col("admin1").fill_null("")).alias("admin1_key"),
        pl.col("place_code").fill_null(""),
        "place_site",
    )
    return raw.with_columns(
        keys.select("text_key", "admin1_key"),
        place_key=pl.Series([hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:16] for row in keys.iter_rows()]),
    )


def distinct(raw: pl.DataFrame) -> pl.DataFrame:
    """One row a question; spellings that share their keys ask the same, and the first of them speaks for all."""
    return (
        raw.sort("place_key", "place_text", "admin1", nulls_last=True)
        .group_by("place_key", maintain_order=True)
        .agg(pl.exclude("n_rows").first(), pl.col("n_rows").sum())
    )


def taken_apart(questions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The names that each question tries (`VARIANT`), and what it states of the division (`CONTEXT`)."""
    texts = questions["place_text"].drop_nulls().unique(maintain_order=True).to_list()
    divisions = questions["admin1"].drop_nulls().unique(maintain_order=True).to_list()
    named = _keys({text: _named_parts(text) for text in texts})
    hyphened = _keys({text: pieces(text) for text in texts})
    stated = _keys({text: [text, *parts(text)] for text in divisions})
    variants: list[Variant] = []
    contexts: list[Context] = []
    for row in questions.select("place_key", "place_text", "text_key", "admin1", "place_code").iter_rows():
        place_key, text, whole, division, code = row
        of_text = [key for key in named.get(text, []) if key != whole]
        if whole:
            variants += _variants(place_key, whole, of_text, hyphened.get(text, []))
        contexts += _contexts(place_key, stated.get(division, []), code or "", of_text)
    return (
        pl.DataFrame(variants, schema=VARIANT, orient="row"),
        pl.DataFrame(contexts, schema=CONTEXT, orient="row"),
    )


def _keys(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """The keys of the names of each text, without repetition and in order."""
    listed = pl.DataFrame(
        {"text": list(names), "name": list(names.values())}, schema_overrides={"name": pl.List(pl.String)}
    )
    keyed = listed.explode("name").drop_nulls().with_columns(name_key=name_key(pl.col("name")))
    kept = keyed.filter(pl.col("name_key") != "").unique(["text", "name_key"], maintain_order=True)
    return dict(kept.group_by("text", maintain_order=True).agg("name_key").iter_rows())


def _named_parts(text: str) -> list[str]:
    """The parts of a text; an article that was put behind its name (`Prat de Llobregat (El)`) is put before it."""
    found = parts(text)
    if len(found) == 2 and found[1].lower() in LINKS:
        return [f"{found[1]} {found[0]}", found[0]]
    return found


def _variants(place_key: str, whole: str, named: list[str], hyphened: list[str]) -> Iterator[Variant]:
    bare = core(whole)
    hint = _hint(bare.kinds)
    yield place_key, whole, "whole", WHOLE, hint
    if bare.key and bare.key != whole:
        yield place_key, bare.key, "whole", KIND_PART if hint in OF_AREAS else CORE, hint
    for other in _with_or_without_article(core(whole).key):
        yield place_key, other, "whole", PART_CORE, hint
    for number, piece in enumerate(named):
        bare = core(piece)
        kind = _hint(bare.kinds) or (hint if hint in OF_PORTS else "")
        if bare.key:
            yield place_key, piece, f"part{number}", KIND_PART if kind in OF_AREAS else PART, kind
            if bare.key != piece:
                yield place_key, bare.key, f"part{number}", KIND_PART if kind in OF_AREAS else PART_CORE, kind
    for piece in hyphened:
        if piece not in named:
            yield place_key, piece, "hyphen", KIND_PART, hint if hint in OF_PORTS else ""


def _with_or_without_article(key: str) -> list[str]:
    first, _, rest = key.partition(" ")
    if first in ARTICLES:
        return [rest]
    return [f"{article} {key}" for article in ARTICLES] if key else []


def _contexts(place_key: str, stated: list[str], code: str, named: list[str]) -> Iterator[Context]:
    if code[:5] in {"DANE:", "IBGE:"}:
        # both registers begin with two digits of the division
        register = f"{code[:4].lower()} {code[5:7]}"
        yield place_key, "code", register, register, ""
    origins = [*(("admin1", key) for key in stated), *((f"part{number}", key) for number, key in enumerate(named))]
    for origin, key in origins:
        bare = core(key)
        if bare.key or origin == "admin1":
            yield place_key, origin, key, bare.key, _hint(bare.kinds)


def _hint(kinds: frozenset[str]) -> str:
    """Of several kinds of generic words the one that says most of the place."""
    return next((kind for kind in ("airport", "seaport", "admin", "district", "city") if kind in kinds), "")
