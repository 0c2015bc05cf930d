"""Takes files from the inbox, and snapshots of databases, into the home: each under the SHA-256 of its bytes.

Belongs here: what is claimed by which contract, and keeping it, unedited and readable by its owner alone. Does not
belong here: what is in a file (`inspect`) or how a database is read (`database`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pipelines.deliveries.database import Fetched, Unreachable, fetch_all
from pipelines.store import Home, copy_file, sha256_of, write_bytes
from schemas.contracts import SourceContract
from schemas.registry import Registry

CONTENT = "content"
RECEIPT = "receipt.json"
UNCLAIMED = "unclaimed.json"
UNREACHABLE = "unreachable.json"
FORGOTTEN = "forgotten.json"
"""Stands where a delivery was: the same bytes are not taken again."""
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
    unreachable: tuple[str, ...]
    """Databases that could not be read, each with the reason."""


def receive(home: Home, registry: Registry, inbox: Path) -> Received:
    """Copy every claimed file of `inbox/<publisher>/<file>` into the home.

    The same bytes again are a no-op, under whatever name. Raises FileNotFoundError where the inbox does not exist.
    """
    if not inbox.is_dir():
        raise FileNotFoundError(f"there is no inbox at {inbox}")
    claimed, unclaimed = _look(registry, inbox)
    snapshots = home.scratch / "snapshots"
    fetched = fetch_all(registry, snapshots)
    try:
        claimed += [
            (f"{found.source_id}/{found.file_name}", found.source_id, found.path, sha256_of(found.path))
            for found in fetched
            if isinstance(found, Fetched)
        ]
        new: list[str] = []
        known: list[str] = []
        held = {found.delivery_id: found for found in deliveries(home)}
        for name, source_id, file, digest in _each_bytes_once(claimed, held, unclaimed):
            if (home.deliveries / digest / FORGOTTEN).exists():
                unclaimed.append(f"{name} (forgotten)")
                continue
            taken = _keep(home, source_id, file, digest, held)
            if taken is None:
                unclaimed.append(f"{name} (it changed while it was read)")
            else:
                (new if taken else known).append(name)
    finally:
        shutil.rmtree(snapshots, ignore_errors=True)  # they hold records
    unreachable = [f"{found.source_id}: {found.reason}" for found in fetched if isinstance(found, Unreachable)]
    for note, lines in ((UNCLAIMED, unclaimed), (UNREACHABLE, unreachable)):
        write_bytes(home.deliveries / note, json.dumps(lines, ensure_ascii=False).encode())
    return Received(tuple(new), tuple(known), tuple(unclaimed), tuple(unreachable))


def _look(registry: Registry, inbox: Path) -> tuple[list[Claim], list[str]]:
    """Files that exactly one contract claims, and the names of everything else; a link is never followed."""
    claimed: list[Claim] = []
    unclaimed = []
    for path in sorted(inbox.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not path.is_dir() or not _sources_of_folder(registry, path.name):
            unclaimed.append(_shown(path.name) + ("/" if path.is_dir() else ""))
            continue
        for file in sorted(found for found in path.rglob("*") if not found.is_dir() and not found.name.startswith(".")):
            name = _shown(file.relative_to(inbox).as_posix())
            readable = file.is_file() and not file.is_symlink() and name == file.relative_to(inbox).as_posix()
            claims = list(_claims(registry, path, file)) if readable else []
            try:
                digest = sha256_of(file) if len(claims) == 1 else ""
            except OSError as error:
                unclaimed.append(f"{name} ({error.strerror})")
                continue
            if digest:
                claimed.append((name, claims[0], file, digest))
            else:
                unclaimed.append(name)
    return claimed, unclaimed


def _each_bytes_once(claimed: list[Claim], held: dict[str, Delivery], unclaimed: list[str]) -> Iterator[Claim]:
    """The claims of the source that some bytes belong to: the one that has them already, if the inbox still shows them
    there. The others are named."""
    shown: dict[str, list[str]] = {}
    for _, source_id, _, digest in claimed:
        shown.setdefault(digest, []).append(source_id)
    for name, source_id, file, digest in claimed:
        holder = held[digest].source_id if digest in held else None
        if source_id != (holder if holder in shown[digest] else shown[digest][0]):
            unclaimed.append(f"{name} (the same bytes stand under another source)")
        else:
            yield name, source_id, file, digest


def deliveries(home: Home) -> list[Delivery]:
    """All deliveries that the home holds, in the order of their ids; not those whose forgetting has begun."""
    return [found for found in with_receipt(home) if not (found.folder / FORGOTTEN).exists()]


def with_receipt(home: Home) -> list[Delivery]:
    """All deliveries that have a receipt, in the order of their ids."""
    found = []
    for receipt in sorted(home.deliveries.glob(f"*/{RECEIPT}")):
        stated = json.loads(receipt.read_text(encoding="utf-8"))
        found.append(
            Delivery(receipt.parent.name, stated["source"], stated["file_name"], receipt.parent, stated["order"])
        )
    return found


def _shown(name: str) -> str:
    """A name that can be printed and kept: on one line, in UTF-8. A name that is another then is left alone."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _sources_of_folder(registry: Registry, folder: str) -> list[SourceContract]:
    return [source for source in registry.sources.values() if source.publisher.inbox == folder]


def _claims(registry: Registry, folder: Path, file: Path) -> Iterator[str]:
    if file.parent == folder:
        for source in _sources_of_folder(registry, folder.name):
            if fnmatchcase(file.name, source.files):
                yield source.source


def _keep(home: Home, source_id: str, file: Path, delivery_id: str, held: dict[str, Delivery]) -> bool | None:
    """Store one file, and note it in `held`; True if it is new, None if it changed while it was read.

    The receipt is written last, so a delivery without one is written again.
    """
    folder = home.deliveries / delivery_id
    known = held.get(delivery_id)
    moved = known is not None and known.source_id != source_id
    if known is not None and not moved and not _came_back(known, file.name, held.values()):
        return False
    if known is None and not copy_file(file, folder / CONTENT, sha256=delivery_id, mode=0o600):
        return None
    order = 1 + max((delivery.order for delivery in held.values()), default=0)
    receipt = {"source": source_id, "file_name": file.name, "order": order}
    write_bytes(folder / RECEIPT, json.dumps(receipt, ensure_ascii=False).encode())
    held[delivery_id] = Delivery(delivery_id, source_id, file.name, folder, order)
    return known is None or moved


def _came_back(known: Delivery, file_name: str, held: Iterable[Delivery]) -> bool:
    """True where a file is in the inbox again under a name that another file had in between."""
    return known.file_name == file_name and any(
        other.order > known.order and (other.source_id, other.file_name) == (known.source_id, file_name)
        for other in held
    )


def read_unclaimed(home: Home) -> list[str]:
    """Files and folders that the last look into the inbox found without a contract."""
    return _note(home, UNCLAIMED)


def read_unreachable(home: Home) -> list[str]:
    """Databases that the last look could not read, each with the reason."""
    return _note(home, UNREACHABLE)


def _note(home: Home, name: str) -> list[str]:
    note = home.deliveries / name
    return list(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else []


def mark_forgotten(delivery: Delivery) -> None:
    """The first step of forgetting: from here on the delivery is not read, and the same bytes are not taken again."""
    write_bytes(delivery.folder / FORGOTTEN, json.dumps({"source": delivery.source_id}).encode())


def remove(delivery: Delivery) -> None:
    """The last step: everything of the delivery but the mark goes, its receipt last, so that a killed one can go on."""
    for path in delivery.folder.iterdir():
        if path.name not in (FORGOTTEN, RECEIPT):
            path.unlink()
    (delivery.folder / RECEIPT).unlink(missing_ok=True)
