"""The home's log of what was refused and what was forgotten: one line an event, only ever added to.

Belongs here: writing a line. Does not belong here: a record's value, or a publisher's file name, in any line.
"""

from __future__ import annotations

import json
import os
import time

from pipelines.store import Home

LOG = "audit.jsonl"


def note(home: Home, event: str, **facts: object) -> None:
    """Add one line: when, what, and facts that name no record."""
    line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, **facts}
    home.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.root / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def noted(home: Home, event: str) -> list[dict[str, str]]:
    """All lines of one kind of event, the oldest first."""
    log = home.root / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line for line in map(json.loads, lines) if line["event"] == event]
