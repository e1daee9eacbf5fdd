"""Draw every model of the gallery again and write README.md, which shows them all.

    python gallery/regenerate.py            write what has changed
    python gallery/regenerate.py --check    write nothing; exit 1 and name the stale files

Plots (a model file with a function ``plot``) are drawn by matplotlib, whose bytes differ from version to version: they
are written where they are missing, and are never stale.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import sys
from pathlib import Path

import bpviz
from bpviz.drawing.load import load
from bpviz.fingerprint import found_in

HERE = Path(__file__).parent
ORDER = (
    *("apples", "apples_symbols", "apples_rules", "apples_moving"),
    *("apples_what_if", "apples_explained", "apples_japanese"),
    *("pencils", "gradient", "descent"),
    *("layer", "layer_elements", "layer_beside", "layer_bias"),
    *("perceptron", "perceptron_symbols", "perceptron_shared", "perceptron_backward", "neuron", "softmax_with_loss"),
    *("circuit", "circuit_max", "many_steps", "mazur", "two_layers", "batch_norm", "conv_pool"),
    *("residual_chain", "rnn", "rnn_three_steps", "lstm", "gru", "transformer_block"),
    "tanh_derivatives",
    *("secant", "differences", "gradient_field"),
)
WHAT_IF = {
    "apples_explained": {"t": 1.2, "p": 200, "n": 5},
    "apples_japanese": {"消費税": 1.2, "りんごの単価": 200, "りんごの個数": 5},
}
"""The models that are also explained in words, each with the changes of its what-if."""
LIVING = ("apples", "layer", "perceptron", "softmax_with_loss", "rnn_three_steps")
"""The models that have a living page as well, whose numbers follow its inputs."""
CARDS = ("general", "add", "multiply", "matmul", "relu", "sigmoid", "softmax_cross_entropy")


def models() -> list[Path]:
    """Return the model files, in the order of the articles."""
    found = [path for path in HERE.glob("*.py") if path.name != Path(__file__).name]
    return sorted(found, key=lambda path: (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem))


def is_plot(path: Path) -> bool:
    """Return whether a model file draws with matplotlib."""
    return "def plot(" in path.read_text(encoding="utf-8")


def plot(path: Path) -> bytes:
    """Return the picture of a plot, as PNG."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    file = io.BytesIO()
    module.plot().savefig(file, format="png", dpi=120, metadata={"Software": None})
    return file.getvalue()


def pictures() -> dict[Path, bytes]:
    """Return the content of every gallery file that is made from a model, except plots."""
    made: dict[Path, bytes] = {}
    lines = [
        "# Gallery",
        "",
        "One small model file per figure; `python gallery/regenerate.py` draws them all again.",
        "",
    ]
    for path in models():
        source = path.read_text(encoding="utf-8")
        summary = " ".join((ast.get_docstring(ast.parse(source)) or path.stem).split())
        lines += [f"## [{path.name}]({path.name})", "", summary, ""]
        if is_plot(path):
            lines += [f"![{summary}]({path.stem}.png)", ""]
            continue
        drawing = bpviz.draw(load(str(path)).thing)
        made[path.with_suffix(".svg")] = drawing.to_svg().encode()
        if path.stem in LIVING:
            living = bpviz.draw(drawing, live=True, theme="auto")
            made[path.with_suffix(".html")] = living.to_bytes("html")
            lines += [f"Living, for a browser: [{path.stem}.html]({path.stem}.html)", ""]
        if path.stem in WHAT_IF:
            explanation = bpviz.explain(drawing, what_if=WHAT_IF[path.stem])
            made[path.with_suffix(".md")] = explanation.to_markdown().encode()
            lines += [f"In words: [{path.stem}.md]({path.stem}.md)", ""]
        lines += [f"![{drawing.figure.description}]({path.stem}.svg)", ""]
    lines += ["## Cards", "", "One operation each, forward and backward in symbols: `bpviz card NAME`.", ""]
    for name in CARDS:
        card = bpviz.card(name)
        made[HERE / "cards" / f"{name}.svg"] = card.to_svg().encode()
        lines += [f"![{card.figure.description}](cards/{name}.svg)", ""]
    made[HERE / "README.md"] = "\n".join(lines).encode()
    return made


def stale() -> list[Path]:
    """Return the stale files."""
    return [path for path, data in pictures().items() if not path.exists() or _differs(path.read_bytes(), data)]


def _differs(old: bytes, new: bytes) -> bool:
    """Return whether a file is stale; pictures are compared by their marks, whichever Graphviz drew them."""
    return found_in(old) != found_in(new) or (not found_in(new) and old != new)


def write(path: Path, data: bytes) -> None:
    """Write a file of the gallery, and say so."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    print(f"wrote {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    changed = stale()
    if "--check" in sys.argv[1:]:
        print("\n".join(f"stale: {path.name}" for path in changed) or "the gallery is up to date")
        sys.exit(bool(changed))
    for path, data in pictures().items():
        if path in changed:
            write(path, data)
    for path in models():
        if is_plot(path) and not path.with_suffix(".png").exists():
            write(path.with_suffix(".png"), plot(path))
