"""``python -m bpviz``."""

import os
import sys

if sys.path and sys.path[0] in ("", os.getcwd()):
    # Put there for `python -m`: a json.py in the working directory would hide Python's own from bpviz.
    del sys.path[0]

from bpviz.cli import main

main(prog_name="bpviz")
