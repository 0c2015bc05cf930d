"""A fitted model is written and read back as it was, and nothing in the folder is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from pipelines.inferred.backoff import BackOff, fit
from pipelines.inferred.kept import TREE, load, save

LEVELS = ((), ("reporter",))


def model() -> BackOff:
    labelled = pl.DataFrame({"reporter": ["KEN", "ESP", "ESP"], "outcome": ["A", "A", "B"], "n": [3.0, 1.0, 2.0]})
    return fit(labelled, LEVELS, ["A", "B"])


def written(value: Any, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    save(value, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_that_is_read_back_forecasts_the_same_to_the_last_bit(tmp_path: Path) -> None:
    written(model(), tmp_path / "kept")
    asked = pl.DataFrame({"reporter": ["KEN", "ESP", "BRA"]})
    assert load(tmp_path / "kept").predict(asked).tobytes() == model().predict(asked).tobytes()


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(model(), tmp_path / "one") == written(model(), tmp_path / "two")


def test_arrays_sparse_ones_and_mappings_come_back_and_what_is_shared_stays_shared(tmp_path: Path) -> None:
    shared = np.arange(3.0)
    held: dict[Any, Any] = {
        ("a", 1): csr_array(np.eye(3)), "x": shared, "y": [shared, None, True, 2, 0.1], "z": np.float64(0.5),
    }  # fmt: skip
    written(held, tmp_path / "kept")
    found: Mapping[Any, Any] = load(tmp_path / "kept")
    assert list(found) == list(held)
    assert (found["a", 1] != held["a", 1]).nnz == 0
    assert found["x"].tobytes() == shared.tobytes()
    assert found["y"][0] is found["x"]
    assert found["y"][1:] == [None, True, 2, 0.1]
    assert found["z"] == 0.5


@dataclass(frozen=True)
class Foreign:
    """No class of the room."""

    text: str


@pytest.mark.parametrize("thing", [Foreign("x"), {1, 2}, np.array([object()]), Path("x")])
def test_what_no_model_is_made_of_is_not_written(tmp_path: Path, thing: object) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        save(thing, tmp_path)


@pytest.mark.parametrize("named", ["subprocess:Popen", "pipelines.inferred.backoff:fit", "pipelines.store:Home"])
def test_a_folder_that_names_another_class_is_refused(tmp_path: Path, named: str) -> None:
    (tmp_path / TREE).write_text(json.dumps({"number": 0, "class": named, "fields": {}}))
    with pytest.raises(ValueError, match="none of ours"):
        load(tmp_path)
