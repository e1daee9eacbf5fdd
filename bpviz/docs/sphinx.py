"""The documented name of `bpviz.hosts.sphinx`, for ``extensions = ["bpviz.docs.sphinx"]``."""

from bpviz.hosts.sphinx import *  # noqa: F403
from bpviz.hosts.sphinx import __all__ as __all__
