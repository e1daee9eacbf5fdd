"""JAX: a function of arrays becomes a flow with JAX's own numbers.

The function is traced once (`jax.make_jaxpr`). What each call in the user's code traced is one step, which is run by
itself, and differentiated by itself (`jax.vjp`): so every value, and the gradient along every wire, is JAX's own.
"""

from bpviz.sources.jax.source import handles, parameters, record

__all__ = ["handles", "parameters", "record"]
