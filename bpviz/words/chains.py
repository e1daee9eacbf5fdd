"""Chains in formulas and numbers: link by link, path by path, and their sum."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from bpviz.analysis.chains import Chain, Link, NamedPath
from bpviz.documents.document import Block, Lines, Paragraph
from bpviz.text.language import ENGLISH, Language
from bpviz.words.numbers import Numerals, elided, factor, shown_count

__all__ = ["chain_blocks", "path_lines"]


def chain_blocks(
    chain: Chain,
    output: str,
    precision: int = 4,
    say: Language = ENGLISH,
    numerals: Numerals | None = None,
    d: str = "d",
) -> tuple[Block, ...]:
    """Return the lines of a chain: link by link if there is one path, else path by path, and their sum.

    ``numerals`` writes the numbers, which may be other things than floats and arrays. ``d`` is the sign of derivatives
    between single numbers.
    """
    write = numerals or Numerals(precision, say)
    whole = f"{d}{output}/{d}{_of(chain.name)}"
    if not chain.count:
        return (Paragraph(say("No path leads from {name} to {output}.", name=chain.name, output=output)),)
    if chain.stages:
        return _stage_blocks(chain, output, write, say)
    if chain.count == 1:
        return (Lines((" = ".join([whole, *_links(chain.paths[0], whole, chain.seed, write, say, d)]),)),)
    lines = _once(path_lines(chain, write, say, d), say)
    return (Paragraph(_ways(chain, output, write, say)), Lines((*lines, _sum(chain, whole, write, say))))


def path_lines(chain: Chain, write: Numerals, say: Language = ENGLISH, d: str = "d") -> list[str]:
    """Return a line for each path of a chain: its names, and its share; equal neighbours are one line of a chain.

    Paths with the same names and other shares are numbered.
    """
    routes = [" → ".join(elided(path.names, say)) for path in chain.paths]
    shares = [
        " = ".join(_links(path, "", chain.seed, write, say, d)) if path.links else write.gradient(path.product)
        for path in chain.paths
    ]
    lines = []
    known: dict[str, list[str]] = {}
    for route, share in zip(routes, shares, strict=True):
        if share not in known.setdefault(route, []):
            known[route].append(share)
    for route, share in zip(routes, shares, strict=True):
        number = f" ({known[route].index(share) + 1})" if len(known[route]) > 1 else ""
        lines.append(f"{route}{number}: {share}")
    return lines


def _stage_blocks(chain: Chain, output: str, write: Numerals, say: Language) -> tuple[Block, ...]:
    """Return the lines for arrays: the gradients along the paths, from the output back, and each path's share."""
    lines = []
    for at, stage in enumerate(chain.stages):
        if chain.skipped and at == len(chain.stages) // 2:
            lines.append(say("… ({count} more on the way)", count=shown_count(chain.skipped)))
        parts = [part for part in (stage.derivative, stage.formula) if part]
        lines.append(" = ".join([*parts, write.gradient(stage.gradient)]))
    if chain.count == 1:
        names = " → ".join(map(write.name, elided(chain.paths[0].names, say)))
        ends = {"name": write.name(chain.name), "output": write.name(output)}
        route = say("{name} reaches {output} along one path: {path}.", **ends, path=names)
        return (Paragraph(route), Lines(tuple(lines)))
    paths = _once(path_lines(chain, write, say), say)
    left = chain.count - len(chain.paths)
    paths += [say("… and {count} more", count=shown_count(left))] if left else []
    whole = write.name(chain.stages[-1].derivative or f"d{_of(chain.name)}")
    paths.append(say("{whole} = their sum = {total}", whole=whole, total=write.gradient(chain.total)))
    return (Lines(tuple(lines)), Paragraph(_ways(chain, output, write, say)), Lines(tuple(paths)))


def _of(name: str) -> str:
    """Return what a derivative is of, or by: an expression is in brackets."""
    return f"({name})" if re.search(r"[\s+−·×/∘*=-]", name) else name


def _once(lines: Sequence[str], say: Language) -> list[str]:
    """Return the lines with equal neighbours as one: both wires of x·x, or long paths without their middles."""
    counts = [(line, len(list(same))) for line, same in groupby(lines)]
    return [line if count == 1 else f"{line}   {say('({count} times)', count=count)}" for line, count in counts]


def _ways(chain: Chain, output: str, write: Numerals, say: Language) -> str:
    text = say(
        "{name} reaches {output} along {count} paths; their shares add up.",
        name=write.name(chain.name),
        output=write.name(output),
        count=shown_count(chain.count),
    )
    if len(chain.paths) in (0, chain.count):
        return text
    return text + say(
        " These are {count} of them."
        if chain.exact is None
        else " These are the largest {count}."
        if chain.exact
        else " These are the largest found {count}.",
        count=len(chain.paths),
    )


def _sum(chain: Chain, whole: str, write: Numerals, say: Language) -> str:
    left = chain.count - len(chain.paths)
    rest = say(" + … ({count} more)", count=shown_count(left)) if left else ""
    return f"{whole} = {write.added([path.product for path in chain.paths])}{rest} = {write.number(chain.total)}"


def _links(path: NamedPath, whole: str, seed: float, write: Numerals, say: Language, d: str) -> list[str]:
    """Return the product of a path's links: as derivatives, as formulas, as numbers, and its result."""
    links: list[Link] = list(path.links)
    derivatives = [f"{d}{_of(link.target)}/{d}{_of(link.source)}" for link in links]
    formulas = [link.formula for link in links]
    slopes = [link.slope for link in links]
    if seed != 1:
        # The gradient that starts at the output is a factor of every path.
        derivatives.append(write.number(seed))
        formulas.append(write.number(seed))
        slopes.append(float(seed))
    several = len(slopes) > 1
    formulas = [factor(text) for text in formulas] if several else formulas
    numbers = [write.factor(slope) if several else write.number(slope) for slope in slopes]
    forms = [" · ".join(elided(derivatives, say)), " · ".join(elided(formulas, say)) if all(formulas) else ""]
    forms += [" × ".join(elided(numbers, say)), write.number(path.product)]
    kept: list[str] = []
    for part in forms:
        # If the formula is the number itself, it is written once.
        if part and part != whole and not (kept and part.replace("×", "·") == kept[-1].replace("×", "·")):
            kept.append(part)
    return kept
