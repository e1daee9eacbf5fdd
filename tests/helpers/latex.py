"""What the tests that run LaTeX need: programs and style files, each with the Debian package that brings it.

``python tests/helpers/latex.py`` prints the packages that are missing here, which `.ci/run` installs.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from shutil import which

__all__ = ["NEEDS", "complaint", "missing"]

NEEDS = {
    "figure": {
        "pdflatex": "texlive-latex-base",
        "lualatex": "texlive-luatex",
        "pdftotext": "poppler-utils",
        "amsmath.sty": "texlive-latex-base",
        "fontspec.sty": "texlive-latex-recommended",
        "lmodern.sty": "lmodern",
        "tikz.sty": "texlive-pictures",
    },
    "xelatex": {"xelatex": "texlive-xetex"},
    # What Sphinx writes at the head of every document, and its fonts.
    "sphinx": {
        "booktabs.sty": "texlive-latex-recommended",
        "ellipse.sty": "texlive-pictures",
        "fncychap.sty": "texlive-latex-extra",
        "t1xtt.tfm": "texlive-fonts-recommended",
        "tgtermes.sty": "tex-gyre",
    },
}
"""Of each kind of test: the programs and files that it needs, and the packages in which Debian has them."""


@cache
def missing(kind: str) -> dict[str, str]:
    """Return what a kind of test needs and this machine lacks, each with its package."""
    return {name: package for name, package in NEEDS[kind].items() if not _is_here(name)}


def complaint(kinds: set[str]) -> str | None:
    """Return what these kinds of tests lack and how to install it; ``None`` where nothing is missing."""
    lacking = {name: package for kind in sorted(kinds) for name, package in missing(kind).items()}
    if not lacking:
        return None
    return f"LaTeX lacks {', '.join(lacking)}: `apt-get install {' '.join(sorted(set(lacking.values())))}`"


def _is_here(name: str) -> bool:
    if not Path(name).suffix:
        return which(name) is not None
    return bool(which("kpsewhich")) and subprocess.run(["kpsewhich", name], capture_output=True).returncode == 0


if __name__ == "__main__":
    for package in sorted({package for kind in NEEDS for package in missing(kind).values()}):
        print(package)
