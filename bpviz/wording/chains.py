"""Chains in formulas and numbers: link by link, path by path, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bpviz.chains import Chain, Link, Path
from bpviz.document import Block, Lines, Paragraph
from bpviz.number import MINUS, number
from bpviz.wording.numbers import elided, factor, shown_count, shown_gradient

__all__ = ["chain_blocks"]


def chain_blocks(chain: Chain, output: str, precision: int = 4) -> tuple[Block, ...]:
    """How a value reaches the output: link by link where there is one path, else path by path, and their sum."""
    whole = f"d{output}/d{chain.name}"
    if not chain.count:
        return (Paragraph(f"No path leads from {chain.name} to {output}."),)
    if chain.stages:
        return _stage_blocks(chain, output, precision)
    if chain.count == 1:
        return (Lines((" = ".join([whole, *_links(chain.paths[0], whole, chain.seed, precision)]),)),)
    lines = [
        f"{' → '.join(elided(path.names))}: {' = '.join(_links(path, '', chain.seed, precision))}"
        for path in chain.paths
    ]
    return (
        Paragraph(_ways(chain, output)),
        Lines((*_once(lines), *_sum(chain, whole, [path.product for path in chain.paths], precision))),
    )


def _stage_blocks(chain: Chain, output: str, precision: int) -> tuple[Block, ...]:
    """Among arrays: the gradients on the way, from the output back; and what each path adds."""
    lines = []
    for at, stage in enumerate(chain.stages):
        if chain.skipped and at == len(chain.stages) // 2:
            lines.append(f"… ({shown_count(chain.skipped)} more on the way)")
        parts = [part for part in (stage.derivative, stage.formula) if part]
        lines.append(" = ".join([*parts, shown_gradient(stage.gradient, precision)]))
    route = f"{chain.name} reaches {output} along one path: {' → '.join(elided(chain.paths[0].names))}."
    if chain.count == 1:
        return (Paragraph(route), Lines(tuple(lines)))
    products = [shown_gradient(path.product, precision) for path in chain.paths]
    paths = _once([f"{' → '.join(elided(p.names))}: {text}" for p, text in zip(chain.paths, products, strict=True)])
    left = chain.count - len(products)
    paths += [f"… and {shown_count(left)} more"] if left else []
    whole = chain.stages[-1].derivative or f"d{chain.name}"
    paths.append(f"{whole} = their sum = {shown_gradient(chain.total, precision)}")
    return (Lines(tuple(lines)), Paragraph(_ways(chain, output)), Lines(tuple(paths)))


def _once(lines: Sequence[str]) -> list[str]:
    """Lines that say the same after one another as one: both wires of x·x, or long paths without their middles."""
    counts = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if count == 1 else f"{line}   ({count} times)" for line, count in counts]


def _ways(chain: Chain, output: str) -> str:
    said = f"{chain.name} reaches {output} along {shown_count(chain.count)} paths; what they bring adds up"
    if len(chain.paths) == chain.count:
        return f"{said}."
    which = "largest" if chain.exact else "largest found"
    return f"{said}. These are the {which} {len(chain.paths)}."


def _sum(chain: Chain, whole: str, products: Sequence[float], precision: int) -> tuple[str, ...]:
    texts = [number(float(product), precision) for product in products]
    terms = texts[0] + "".join(f" {MINUS} {t[1:]}" if t.startswith(MINUS) else f" + {t}" for t in texts[1:])
    left = chain.count - len(products)
    rest = f" + … ({shown_count(left)} more)" if left else ""
    return (f"{whole} = {terms}{rest} = {number(float(chain.total), precision)}",)


def _links(path: Path, whole: str, seed: float, precision: int) -> list[str]:
    """The product of a path's links: as derivatives, as formulas, as numbers, and what comes out."""
    links: list[Link] = list(path.links)
    derivatives = [f"d{link.target}/d{link.source}" for link in links]
    formulas = [link.formula for link in links]
    numbers = [number(link.slope, precision) for link in links]
    if seed != 1:
        # What starts at the output is a factor of all that comes back.
        for factors in (derivatives, formulas, numbers):
            factors.append(number(float(seed), precision))
    if len(derivatives) > 1:
        formulas, numbers = [factor(text) for text in formulas], [factor(text) for text in numbers]
    said = [" · ".join(elided(derivatives)), " · ".join(elided(formulas)) if all(formulas) else ""]
    said += [" × ".join(elided(numbers)), number(float(path.product), precision)]
    kept: list[str] = []
    for part in said:
        # Where the formula is the number itself, it is said once.
        if part and part != whole and not (kept and part.replace("×", "·") == kept[-1].replace("×", "·")):
            kept.append(part)
    return kept
