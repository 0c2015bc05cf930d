"""The key under which a publisher's case ids are hashed. It lies outside the home: who gets the data does not get it.

Part of the floor: the room that receives hashes with it, and a release rests on it. Belongs here: where the key is,
what makes it unfit, and the hash. Does not belong here: which column is hashed (`deliveries.door`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

from schemas.contracts import ID_TARGETS
from schemas.registry import PROJECT

KEY_FILE = "FLOWS_KEY_FILE"
DEFAULT_KEY = PROJECT / "data" / "case.key"
LEAST_KEY_BYTES = 32


class NoKey(Exception):
    """A publisher's case ids cannot be kept: the key for them is missing or unfit. Says how to make one."""


def read_key(forbidden: Path) -> bytes:
    """The key for case ids, from the file that `FLOWS_KEY_FILE` names, or the project's `data/case.key`.

    It must not lie below `forbidden` (the home): who gets the data must not get the key with it. Raises `NoKey`.
    """
    stated = os.environ.get(KEY_FILE)
    path = Path(stated).expanduser().resolve() if stated else DEFAULT_KEY
    if not stated and not path.exists():
        raise NoKey(f"{KEY_FILE} names no file; make one with `flows key FILE` and set {KEY_FILE} to it")
    if path.is_relative_to(forbidden):
        raise NoKey(f"the key of {KEY_FILE} lies inside the home; move it out")
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise NoKey(f"the file that {KEY_FILE} names cannot be read ({error.strerror})") from None
    if len(key) < LEAST_KEY_BYTES:
        raise NoKey(f"the key of {KEY_FILE} has {len(key)} bytes, and needs {LEAST_KEY_BYTES}")
    return key


def new_key(path: Path) -> None:
    """Write a new key, readable by its owner alone. Raises FileExistsError rather than lose a key that is in use."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_hex(LEAST_KEY_BYTES).encode() + b"\n")


def fingerprint(forbidden: Path) -> str:
    """What tells one key from another without giving it away; empty where there is none."""
    try:
        return keyed_hash(read_key(forbidden), "fingerprint", "")
    except NoKey:
        return ""


def kind_of_id(target: str) -> str:
    """A seizure's number is one kind, whether its publisher states it or a prosecution service: so the two can meet."""
    return "seizure_ref" if target in ID_TARGETS else target


def keyed_hash(key: bytes, name: str, text: str) -> str:
    """HMAC-SHA256 of an identifier (NFC, upper case, without spaces or what shows nothing), as 32 hexadecimal digits.

    RFC 2104. The kind of identifier is part of the message, so that a case and a seizure of one number stay apart.
    """
    shown = (letter for letter in text if unicodedata.category(letter)[0] not in "CZ")
    plain = unicodedata.normalize("NFC", "".join(shown)).upper()
    return hmac.new(key, f"{name}\x1f{plain}".encode(), hashlib.sha256).hexdigest()[:32]
