"""The newcomer's protocol: what a stranger does in the first minutes, in an empty folder, with the times.

    python tools/newcomer.py                 print the protocol, as a table
    python tools/newcomer.py --python 3.13   with another Python

It clones this repository and follows the README to the letter; then it puts one figure into a notebook, into Sphinx and
into LaTeX, and fails if one of them does not show the number 220. It needs a package index; LaTeX is left out where
there is no ``pdflatex``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent

NOTEBOOK = r"""
import nbformat
from nbconvert.preprocessors import ExecutePreprocessor

cells = ["import bpviz\nfrom apples import total", "bpviz.draw(total)"]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
ExecutePreprocessor(kernel_name="python3").preprocess(notebook)
print(notebook.cells[1].outputs[0].data["image/svg+xml"])
"""
SPHINX = {
    "site/conf.py": 'extensions = ["bpviz.hosts.sphinx"]\nbpviz_inline = True\n',
    "site/index.rst": "Apples\n======\n\n.. bpviz:: ../apples.py\n",
}
PAPER = r"\documentclass{article}\usepackage{tikz}\begin{document}\input{apples}\end{document}"


class Protocol:
    """The rows of the table; a step that fails ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone, self.programs = (
            folder / "clone",
            folder / ".venv" / ("Scripts" if sys.platform == "win32" else "bin"),
        )

    def time(self, what: str, do: Callable[[], str]) -> None:
        """Do something and print how long it took, with what it says."""
        started = perf_counter()
        found = do()
        print(f"| {what} | {perf_counter() - started:.1f} s | {found} |", flush=True)

    def run(self, *command: str | Path, where: Path | None = None) -> str:
        """Run a command and return what it prints; raises `SystemExit` with its messages if it fails."""
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=where or self.folder, capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            sys.exit(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def size(self) -> int:
        """Return how many megabytes the environment has."""
        files = (path for path in (self.folder / ".venv").rglob("*") if path.is_file() and not path.is_symlink())
        return round(sum(path.stat().st_size for path in files) / 1e6)

    def shows(self, text: str) -> str:
        """Return that the number is there, or end."""
        if "220" not in re.sub(r"<[^>]*>", " ", text):
            sys.exit("the figure does not show 220")
        return "shows 220"

    def pip(self, *packages: str) -> None:
        """Install packages."""
        self.run(self.programs / "python", "-m", "pip", "install", "-q", *packages)

    def clone_it(self) -> str:
        """Clone the repository."""
        self.run("git", "clone", "-q", ROOT, self.clone)
        return ""

    def first_command(self, python: str) -> str:
        """Make the environment, install bpviz and draw."""
        self.run(python, "-m", "venv", self.folder / ".venv")
        before = self.size()
        self.pip("-e", str(self.clone))
        self.run(self.programs / "bpviz", "render", self.clone / "gallery" / "apples.py")
        self.shows((self.folder / "apples.svg").read_text(encoding="utf-8"))
        return f"shows 220; brought {self.size() - before} MB"

    def snippets(self) -> str:
        """Install what the second command does, and run every snippet of both READMEs, as their tests do."""
        self.pip("-e", f"{self.clone}[test]")
        done = self.run(self.programs / "python", "-m", "pytest", "-q", "tests/test_readme.py", where=self.clone)
        return done.strip().splitlines()[-1].strip("= ").partition(" in ")[0]

    def notebook(self) -> str:
        """Run a notebook with a figure."""
        self.pip("nbconvert", "ipykernel")
        shutil.copy(self.clone / "gallery" / "apples.py", self.folder)
        return self.shows(self.run(self.programs / "python", "-c", NOTEBOOK))

    def sphinx(self) -> str:
        """Build a page with a figure."""
        self.pip("sphinx")
        for name, text in SPHINX.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        self.run(self.programs / "python", "-m", "sphinx", "-q", "-W", "site", "html")
        return self.shows((self.folder / "html" / "index.html").read_text(encoding="utf-8"))

    def latex(self) -> str:
        """Typeset a page with a figure, and read it."""
        if not shutil.which("pdflatex") or not shutil.which("pdftotext"):
            return "left out: no pdflatex or pdftotext"
        self.run(self.programs / "bpviz", "render", "apples.py", "-o", "apples.tex")
        (self.folder / "paper.tex").write_text(PAPER, encoding="utf-8")
        self.run("pdflatex", "-interaction=batchmode", "paper")
        return self.shows(self.run("pdftotext", "paper.pdf", "-"))


def main() -> None:
    """Print the protocol."""
    version = sys.argv[sys.argv.index("--python") + 1] if "--python" in sys.argv else ""
    with tempfile.TemporaryDirectory(prefix="newcomer-") as place:
        protocol = Protocol(Path(place))
        print("| step | time | what came |\n|---|--:|---|")
        protocol.time("clone", protocol.clone_it)
        protocol.time("first command: environment, install, draw", lambda: protocol.first_command(_python(version)))
        protocol.time("every snippet of both READMEs", protocol.snippets)
        protocol.time("a figure in a notebook", protocol.notebook)
        protocol.time("a figure in Sphinx", protocol.sphinx)
        protocol.time("a figure in LaTeX", protocol.latex)


def _python(version: str) -> str:
    return f"python{version}" if version else sys.executable


if __name__ == "__main__":
    main()
