"""The documented name of `bpviz.hosts.markdown`, for the settings of Python-Markdown and MkDocs."""

from bpviz.hosts.markdown import *  # noqa: F403
from bpviz.hosts.markdown import __all__ as __all__
