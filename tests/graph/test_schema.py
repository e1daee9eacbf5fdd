"""The JSON Schema of the documentation holds for what is written, and refuses what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from long_programs import LONG
from places import DOCS

import bpviz

jsonschema = pytest.importorskip("jsonschema", reason="it comes with nbconvert: pip install jsonschema")
SCHEMA = json.loads((DOCS / "static" / "bpviz-1.schema.json").read_text(encoding="utf-8"))


def infinite(x: Any = np.array([0.0, 1.0]), w: float = 2.0) -> Any:
    y = np.log(x[:1]) * w
    return y.reshape(()).sum()


@pytest.mark.parametrize("fn", [infinite, *LONG[:4]], ids=lambda fn: fn.__name__)
def test_what_is_written_is_valid(fn: Callable[..., Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(bpviz.draw(fn).to_json()), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"bpviz": 2},
        {"nodes": [{"name": "x"}]},
        {"nodes": [{"name": "y", "kind": "operation"}]},
        {"nodes": [{"name": "x", "kind": "input", "value": {"list of": 3}}]},
        {"groups": [{"id": 1, "title": "layer"}]},
    ],
)
def test_what_is_not_is_refused(change: dict[str, Any]) -> None:
    document = json.loads(bpviz.draw(lambda x=3.0: x * x).to_json())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | change, SCHEMA)


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = bpviz.draw(lambda x=3.0: x * x).save(tmp_path / "square.json")
    assert bpviz.load(path).grads == {"x": 6.0}
    with pytest.raises(bpviz.UsageError, match="cannot be read as JSON"):
        bpviz.load(tmp_path / "missing.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(bpviz.UsageError, match="cannot be read as JSON"):
        bpviz.load(tmp_path / "bytes.json")
