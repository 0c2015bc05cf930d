"""Takes files from the inbox into the home, each under the SHA-256 of its bytes, and never edits them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pipelines.store import Home, sha256_of, write_bytes
from schemas.contracts import SourceContract
from schemas.registry import Registry

CONTENT = "content"
RECEIPT = "receipt.json"
UNCLAIMED = "unclaimed.json"
Claim = tuple[str, str, Path, str]
"""Name in the inbox, source, file, and the SHA-256 of its bytes."""


@dataclass(frozen=True)
class Delivery:
    """One file as received."""

    delivery_id: str
    source_id: str
    file_name: str
    folder: Path
    order: int
    """Which delivery of the home it is. It says what came again under one name, and nothing else."""

    def content(self) -> bytes:
        return (self.folder / CONTENT).read_bytes()


@dataclass(frozen=True)
class Received:
    """What a look into the inbox found; paths are relative to it."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    unclaimed: tuple[str, ...]
    """Files and folders that no contract claims, or that two contracts claim: named, and left alone."""


def receive(home: Home, registry: Registry, inbox: Path) -> Received:
    """Copy every claimed file of `inbox/<publisher>/<file>` into the home.

    The same bytes again are a no-op, under whatever name. Raises FileNotFoundError where the inbox does not exist.
    """
    if not inbox.is_dir():
        raise FileNotFoundError(f"there is no inbox at {inbox}")
    claimed, unclaimed = _look(registry, inbox)
    new, known = [], []
    source_of = _sources_of_bytes(claimed)
    for name, source_id, file, digest in claimed:
        if source_id != source_of(home, digest):
            unclaimed.append(f"{name} (the same bytes stand under another source)")
        elif _keep(home, source_id, file, digest):
            new.append(name)
        else:
            known.append(name)
    write_bytes(home.deliveries / UNCLAIMED, json.dumps(unclaimed, ensure_ascii=False).encode())
    return Received(tuple(new), tuple(known), tuple(unclaimed))


def _look(registry: Registry, inbox: Path) -> tuple[list[Claim], list[str]]:
    """Files that exactly one contract claims, and the names of everything else."""
    claimed: list[Claim] = []
    unclaimed = []
    for path in sorted(inbox.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir() or not _sources_of_folder(registry, path.name):
            unclaimed.append(path.name + ("/" if path.is_dir() else ""))
            continue
        for file in sorted(found for found in path.rglob("*") if not found.is_dir() and not found.name.startswith(".")):
            name = file.relative_to(inbox).as_posix()
            claims = list(_claims(registry, path, file)) if file.is_file() else []
            if len(claims) == 1:
                claimed.append((name, claims[0], file, sha256_of(file)))
            else:
                unclaimed.append(name)
    return claimed, unclaimed


def _sources_of_bytes(claimed: list[Claim]) -> Callable[[Home, str], str]:
    """Which source some bytes belong to: the one that has them already, if the inbox still shows them there."""
    shown: dict[str, list[str]] = {}
    for _, source_id, _, digest in claimed:
        shown.setdefault(digest, []).append(source_id)

    def source_of(home: Home, digest: str) -> str:
        held = next((found.source_id for found in deliveries(home) if found.delivery_id == digest), None)
        return held if held in shown[digest] else shown[digest][0]

    return source_of


def deliveries(home: Home) -> list[Delivery]:
    """All deliveries that the home holds, in the order of their ids."""
    found = []
    for receipt in sorted(home.deliveries.glob(f"*/{RECEIPT}")):
        stated = json.loads(receipt.read_text(encoding="utf-8"))
        found.append(
            Delivery(receipt.parent.name, stated["source"], stated["file_name"], receipt.parent, stated["order"])
        )
    return found


def _sources_of_folder(registry: Registry, folder: str) -> list[SourceContract]:
    return [source for source in registry.sources.values() if source.publisher.inbox == folder]


def _claims(registry: Registry, folder: Path, file: Path) -> Iterator[str]:
    if file.parent == folder:
        for source in _sources_of_folder(registry, folder.name):
            if fnmatchcase(file.name, source.files):
                yield source.source


def _keep(home: Home, source_id: str, file: Path, delivery_id: str) -> bool:
    """Store one file; the receipt is written last, so a delivery without one is written again."""
    folder = home.deliveries / delivery_id
    held = deliveries(home)
    known = next((delivery for delivery in held if delivery.delivery_id == delivery_id), None)
    moved = known is not None and known.source_id != source_id
    if known is not None and not moved and not _came_back(known, file.name, held):
        return False
    if known is None:
        write_bytes(folder / CONTENT, file.read_bytes(), mode=0o600)
    order = 1 + max((delivery.order for delivery in held), default=0)
    receipt = {"source": source_id, "file_name": file.name, "order": order}
    write_bytes(folder / RECEIPT, json.dumps(receipt, ensure_ascii=False).encode())
    return known is None or moved


def _came_back(known: Delivery, file_name: str, held: list[Delivery]) -> bool:
    """True where a file is in the inbox again under a name that another file had in between."""
    return known.file_name == file_name and any(
        other.order > known.order and (other.source_id, other.file_name) == (known.source_id, file_name)
        for other in held
    )


def read_unclaimed(home: Home) -> list[str]:
    """Files and folders that the last look into the inbox found without a contract."""
    note = home.deliveries / UNCLAIMED
    return list(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else []
