"""Writes a fitted model into a folder and reads it back, without running anything that the folder says.

Belongs here: how dataclasses of numbers, names, arrays, sparse arrays and frames become files. Does not belong here:
which model is kept (`backtest.guard`), or what one is.

`model.json` holds the tree; each array is a `.npy` file, each frame a Parquet file. Classes are looked up by name and
only among the dataclasses of `pipelines.inferred`, so that a changed file can at most be wrong. What stands at several
places of a model is written once. The same model gives the same bytes.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array

TREE = "model.json"
OURS = "pipelines.inferred."


def save(model: Any, folder: Path) -> None:
    """Write a model into an empty folder. Raises `TypeError` where it holds anything but what is named above."""
    writer = _Writer(folder)
    tree = writer.node(model)
    (folder / TREE).write_text(json.dumps(tree, sort_keys=True), encoding="utf-8")


def load(folder: Path) -> Any:
    """Read what `save` wrote. Raises `ValueError` where the folder names a class that is none of ours."""
    return _Reader(folder).value(json.loads((folder / TREE).read_text(encoding="utf-8")))


@dataclass
class _Writer:
    folder: Path
    seen: dict[int, int] = field(default_factory=dict)
    """Number of each object that was written, by its address; the model keeps them alive meanwhile."""

    def node(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if id(value) in self.seen:
            return {"same": self.seen[id(value)]}
        number = self.seen[id(value)] = len(self.seen)
        return {"number": number, **self._content(value, number)}

    def _content(self, value: Any, number: int) -> dict[str, Any]:
        if is_dataclass(value) and type(value).__module__.startswith(OURS):
            named = f"{type(value).__module__}:{type(value).__qualname__}"
            return {
                "class": named,
                "fields": {part.name: self.node(getattr(value, part.name)) for part in fields(value)},
            }
        if isinstance(value, Mapping):
            return {"mapping": [[self.node(key), self.node(item)] for key, item in value.items()]}
        if isinstance(value, tuple | list):
            return {type(value).__name__: [self.node(item) for item in value]}
        if isinstance(value, csr_array):
            parts = {name: self.node(getattr(value, name)) for name in ("data", "indices", "indptr")}
            return {"sparse": {"shape": list(value.shape), **parts}}
        if isinstance(value, np.ndarray) and value.dtype != object:
            np.save(self.folder / f"{number}.npy", value, allow_pickle=False)
            return {"array": number}
        if isinstance(value, pl.DataFrame):
            value.write_parquet(self.folder / f"{number}.parquet")
            return {"frame": number}
        raise TypeError(f"a model cannot hold a {type(value).__name__}")


@dataclass
class _Reader:
    folder: Path
    made: dict[int, Any] = field(default_factory=dict)

    def value(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        if "same" in node:
            return self.made[node["same"]]
        made = self._content(node)
        self.made[node["number"]] = made
        return made

    def _content(self, node: dict[str, Any]) -> Any:  # noqa: PLR0911 - one a kind
        if "class" in node:
            return _class(node["class"])(**{name: self.value(part) for name, part in node["fields"].items()})
        if "mapping" in node:
            return {self.value(key): self.value(item) for key, item in node["mapping"]}
        if "list" in node:
            return [self.value(item) for item in node["list"]]
        if "tuple" in node:
            return tuple(self.value(item) for item in node["tuple"])
        if "sparse" in node:
            parts = (self.value(node["sparse"][name]) for name in ("data", "indices", "indptr"))
            return csr_array(tuple(parts), shape=tuple(node["sparse"]["shape"]))
        if "array" in node:
            return np.load(self.folder / f"{int(node['array'])}.npy", allow_pickle=False)
        return pl.read_parquet(self.folder / f"{int(node['frame'])}.parquet")


def _class(named: str) -> type[Any]:
    module, _, name = named.partition(":")
    if not module.startswith(OURS):
        raise ValueError("the kept model names a class that is none of ours")
    found = getattr(importlib.import_module(module), name, None)
    if not (isinstance(found, type) and is_dataclass(found)):
        raise ValueError("the kept model names a class that is none of ours")
    return found
