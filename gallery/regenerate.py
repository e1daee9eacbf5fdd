"""Draw every model of the gallery again and write README.md, which shows them all.

python gallery/regenerate.py            write what has changed
python gallery/regenerate.py --check    write nothing; exit 1 and say which files are stale
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import bpviz
from bpviz.load import load

HERE = Path(__file__).parent


def models() -> list[Path]:
    """The model files, in the order of the articles."""
    order = ["apples", "pencils", "gradient", "perceptron", "neuron"]
    found = [path for path in HERE.glob("*.py") if path.name != Path(__file__).name]
    return sorted(found, key=lambda path: (order.index(path.stem) if path.stem in order else len(order), path.stem))


def pictures() -> dict[Path, bytes]:
    """Every file of the gallery that is made from the models, as it should be."""
    made: dict[Path, bytes] = {}
    lines = [
        "# Gallery",
        "",
        "One small model file per figure; `python gallery/regenerate.py` draws them all again.",
        "",
    ]
    for path in models():
        drawing = bpviz.draw(load(str(path)).thing)
        picture = path.with_suffix(".svg")
        made[picture] = drawing.to_svg().encode()
        source = path.read_text(encoding="utf-8")
        summary = " ".join((ast.get_docstring(ast.parse(source)) or path.stem).split())
        lines += [
            f"## [{path.name}]({path.name})",
            "",
            summary,
            "",
            f"![{drawing.figure.description}]({picture.name})",
            "",
        ]
    made[HERE / "README.md"] = "\n".join(lines).encode()
    return made


def stale() -> list[Path]:
    """The files that are not what the models give now."""
    return [path for path, data in pictures().items() if not path.exists() or path.read_bytes() != data]


if __name__ == "__main__":
    changed = stale()
    if "--check" in sys.argv[1:]:
        print("\n".join(f"stale: {path.name}" for path in changed) or "the gallery is up to date")
        sys.exit(bool(changed))
    for path, data in pictures().items():
        if path in changed:
            path.write_bytes(data)
            print(f"wrote {path.relative_to(HERE.parent)}")
