"""``python -m bpviz``."""

from bpviz.cli import main

main(prog_name="bpviz")
