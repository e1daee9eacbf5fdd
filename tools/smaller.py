"""Write ``bpviz/living/smaller/``: the scripts of living figures as pages carry them, with short names and no spaces.

``python tools/smaller.py`` after a change of ``bpviz/living/*.js``. It needs npm, which fetches terser. A result
names in its first line what it was made from, so that a test finds one that is stale.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import bpviz

SCRIPTS = Path(bpviz.__file__).parent / "living"
SMALLER = SCRIPTS / "smaller"
# Names at the top of a script are used by the others, and stay.
TERSER = ("npx", "--yes", "terser@5", "--compress", "--mangle", "--ecma", "2022")


def mark(text: str) -> str:
    """Return the first line of the result for a script.

    >>> mark("")
    '// Written by tools/smaller.py from e3b0c44298fc1c14'
    """
    return f"// Written by tools/smaller.py from {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def smaller(path: Path) -> str:
    """Return a script without what only people need."""
    done = subprocess.run([*TERSER, path], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"terser failed on {path.name}: {done.stderr}")
    return f"{mark(path.read_text(encoding='utf-8'))}\n{done.stdout.strip()}\n"


if __name__ == "__main__":
    SMALLER.mkdir(exist_ok=True)
    for old in SMALLER.glob("*.js"):
        old.unlink()
    for script in sorted(SCRIPTS.glob("*.js")):
        (SMALLER / script.name).write_text(smaller(script), encoding="utf-8", newline="\n")
