"""How the documentation is built: ``sphinx-build -W docs docs/_build``, after ``pip install -e ".[docs]"``."""

import sys
from pathlib import Path

import bpviz

sys.path.insert(0, str(Path(__file__).parent))

project = "bpviz"
release = bpviz.__version__
copyright = "the bpviz authors"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "bpviz.hosts.sphinx",
    "project",
    "japanese_search",
    "playground",
]
exclude_patterns = ["_build"]

# Names in backticks are links wherever they can be.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
numfig = True

bpviz_defaults = {"theme": "auto"}
bpviz_inline = True

html_theme = "furo"
html_title = "bpviz"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["pages.css"]

latex_documents = [("index", "bpviz.tex", "bpviz", "the bpviz authors", "manual")]
