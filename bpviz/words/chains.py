"""Chains in formulas and numbers: link by link, path by path, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bpviz.analysis.chains import Chain, Link, NamedPath
from bpviz.documents.document import Block, Lines, Paragraph
from bpviz.text.language import ENGLISH, Language
from bpviz.text.numerals import MINUS, number
from bpviz.words.numbers import elided, factor, shown_count, shown_gradient, shown_number

__all__ = ["chain_blocks"]


def chain_blocks(chain: Chain, output: str, precision: int = 4, say: Language = ENGLISH) -> tuple[Block, ...]:
    """Return the lines of a chain: link by link if there is one path, else path by path, and their sum."""
    whole = f"d{output}/d{chain.name}"
    if not chain.count:
        return (Paragraph(say("No path leads from {name} to {output}.", name=chain.name, output=output)),)
    if chain.stages:
        return _stage_blocks(chain, output, precision, say)
    if chain.count == 1:
        return (Lines((" = ".join([whole, *_links(chain.paths[0], whole, chain.seed, precision, say)]),)),)
    lines = [
        f"{' → '.join(elided(path.names, say))}: {' = '.join(_links(path, '', chain.seed, precision, say))}"
        for path in chain.paths
    ]
    return (
        Paragraph(_ways(chain, output, say)),
        Lines((*_once(lines, say), *_sum(chain, whole, [path.product for path in chain.paths], precision, say))),
    )


def _stage_blocks(chain: Chain, output: str, precision: int, say: Language) -> tuple[Block, ...]:
    """Return the lines for arrays: the gradients along the paths, from the output back, and each path's share."""
    lines = []
    for at, stage in enumerate(chain.stages):
        if chain.skipped and at == len(chain.stages) // 2:
            lines.append(say("… ({count} more on the way)", count=shown_count(chain.skipped)))
        parts = [part for part in (stage.derivative, stage.formula) if part]
        lines.append(" = ".join([*parts, shown_gradient(stage.gradient, precision, say)]))
    names = " → ".join(elided(chain.paths[0].names, say))
    route = say("{name} reaches {output} along one path: {path}.", name=chain.name, output=output, path=names)
    if chain.count == 1:
        return (Paragraph(route), Lines(tuple(lines)))
    products = [shown_gradient(path.product, precision, say) for path in chain.paths]
    pairs = zip(chain.paths, products, strict=True)
    paths = _once([f"{' → '.join(elided(path.names, say))}: {text}" for path, text in pairs], say)
    left = chain.count - len(products)
    paths += [say("… and {count} more", count=shown_count(left))] if left else []
    whole = chain.stages[-1].derivative or f"d{chain.name}"
    total = shown_gradient(chain.total, precision, say)
    paths.append(say("{whole} = their sum = {total}", whole=whole, total=total))
    return (Lines(tuple(lines)), Paragraph(_ways(chain, output, say)), Lines(tuple(paths)))


def _once(lines: Sequence[str], say: Language) -> list[str]:
    """Return the lines with equal neighbours as one: both wires of x·x, or long paths without their middles."""
    counts = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if count == 1 else f"{line}   {say('({count} times)', count=count)}" for line, count in counts]


def _ways(chain: Chain, output: str, say: Language) -> str:
    text = say(
        "{name} reaches {output} along {count} paths; their shares add up.",
        name=chain.name,
        output=output,
        count=shown_count(chain.count),
    )
    if len(chain.paths) == chain.count:
        return text
    return text + say(
        " These are the largest {count}." if chain.exact else " These are the largest found {count}.",
        count=len(chain.paths),
    )


def _sum(chain: Chain, whole: str, products: Sequence[float], precision: int, say: Language) -> tuple[str, ...]:
    texts = [shown_number(product, precision, say) for product in products]
    terms = texts[0] + "".join(f" {MINUS} {t[1:]}" if t.startswith(MINUS) else f" + {t}" for t in texts[1:])
    left = chain.count - len(products)
    rest = say(" + … ({count} more)", count=shown_count(left)) if left else ""
    return (f"{whole} = {terms}{rest} = {shown_number(chain.total, precision, say)}",)


def _links(path: NamedPath, whole: str, seed: float, precision: int, say: Language) -> list[str]:
    """Return the product of a path's links: as derivatives, as formulas, as numbers, and its result."""
    links: list[Link] = list(path.links)
    derivatives = [f"d{link.target}/d{link.source}" for link in links]
    formulas = [link.formula for link in links]
    numbers = [shown_number(link.slope, precision, say) for link in links]
    if seed != 1:
        # The gradient that starts at the output is a factor of every path.
        for factors in (derivatives, formulas, numbers):
            factors.append(number(float(seed), precision))
    if len(derivatives) > 1:
        formulas, numbers = [factor(text) for text in formulas], [factor(text) for text in numbers]
    forms = [" · ".join(elided(derivatives, say)), " · ".join(elided(formulas, say)) if all(formulas) else ""]
    forms += [" × ".join(elided(numbers, say)), shown_number(path.product, precision, say)]
    kept: list[str] = []
    for part in forms:
        # If the formula is the number itself, it is written once.
        if part and part != whole and not (kept and part.replace("×", "·") == kept[-1].replace("×", "·")):
            kept.append(part)
    return kept
