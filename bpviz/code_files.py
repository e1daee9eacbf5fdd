"""Files of code: whether they are the user's, and what a reader calls them."""

from __future__ import annotations

import os
import sys

__all__ = ["HOME", "file_name", "is_library"]

HOME = os.path.dirname(__file__) + os.sep
"""The folder of bpviz itself."""
_PYTHON = os.path.dirname(os.__file__) + os.sep


def is_library(file: str) -> bool:
    """Return whether a file belongs to Python, to bpviz or to an installed package, not to the user.

    >>> is_library(os.__file__), is_library("apples.py"), is_library("<stdin>")
    (True, False, False)
    """
    return file.startswith((HOME, _PYTHON, "<frozen")) or "-packages" + os.sep in file


def file_name(file: str) -> str:
    r"""Return the name of a file without its folders; of the cell of a notebook the name that its reader sees.

    >>> file_name("models/apples.py"), file_name(r"C:\models\apples.py")
    ('apples.py', 'apples.py')
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    cell = None if shell is None else shell.compile.format_code_name(file)
    # In IPython a cell is ("Cell", "In[3]").
    return file.replace("\\", "/").rpartition("/")[2] if cell is None else " ".join(cell)
