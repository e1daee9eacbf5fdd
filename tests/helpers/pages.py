"""Living pages in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from devtools import Page, opened

import bpviz

__all__ = ["LIVE", "living", "plain"]

LIVE = "document.querySelector('figure').bpviz"


@contextmanager
def living(tmp_path: Path, target: Any, **options: Any) -> Iterator[Page]:
    """Open the living page of a target."""
    place = bpviz.draw(target, **{"live": True, **options}).save(tmp_path / "page.html")
    with opened(place) as page:
        yield page


def plain(given: dict[str, Any]) -> str:
    """Return values of inputs as JSON."""
    return json.dumps({name: np.asarray(value).tolist() for name, value in given.items()})
