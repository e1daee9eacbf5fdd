"""The apples figure the way micrograd's notebook draws its graphs: records in a ``Digraph``, drawn by ``dot``.

Run as ``python micrograd_figure.py FILE.svg``; the peer of ``bpviz render gallery/apples.py -o FILE.svg``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from graphviz import Digraph  # type: ignore[import-untyped]
from micrograd.engine import Value  # type: ignore[import-untyped]


def main(path: str) -> None:
    price, count, tax = Value(100.0), Value(2.0), Value(1.1)
    total = price * count * tax
    total.backward()
    Path(path).write_bytes(drawn(total).pipe())


def drawn(root: Value) -> Digraph:
    """Return one record per value with its data and gradient, one small node per operation, from left to right."""
    figure = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    seen, waiting = {root}, [root]
    while waiting:
        value = waiting.pop()
        name = str(id(value))
        figure.node(name, f"{{ data {value.data:.4f} | grad {value.grad:.4f} }}", shape="record")
        if value._op:
            figure.node(name + value._op, value._op)
            figure.edge(name + value._op, name)
        for operand in value._prev:
            figure.edge(str(id(operand)), name + value._op)
            if operand not in seen:
                seen.add(operand)
                waiting.append(operand)
    return figure


if __name__ == "__main__":
    main(sys.argv[1])
