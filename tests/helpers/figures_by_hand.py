"""Figures written by hand, and random ones: what the drawing half is tested with, without any graph."""

from __future__ import annotations

import random
from collections import Counter

from bpviz.figure import Arrow, Box, Content, Figure, Frame, Grid, Heat, Label, Plain, Wire

NUMBERS = ("1", "0.2384", "−12.5", "1.2×10⁻⁵", "100", "3.3")


def arrow(label: str | Content | Label | None) -> Arrow | None:
    """An arrow with a label; a bare one for an empty text, none for None."""
    match label:
        case None:
            return None
        case "":
            return Arrow()
        case str():
            return Arrow(Label(Plain(label)))
        case Label():
            return Arrow(label)
        case _:
            return Arrow(Label(label))


def wire(
    ends: str, forward: str | Content | Label | None, backward: str | Content | None = None, slot: int = 0
) -> Wire:
    """A wire between the two boxes that ``ends`` names, as in ``"x m"``; its id is that of its ends and its slot."""
    source, target = ends.split()
    return Wire(f"{source} {target} {slot}", source, target, slot, arrow(forward), arrow(backward))


def pencils() -> Figure:
    """Two products, a sum and a tax, all named in Japanese."""
    names = {"a": "鉛筆の単価", "b": "鉛筆の本数", "c": "消しゴムの個数", "d": "消しゴムの単価", "t": "消費税"}
    signs = {"m": "×", "n": "×", "p": "+", "q": "×"}
    boxes = [Box(id, "input", name) for id, name in names.items()]
    boxes += [Box(id, "operation", sign) for id, sign in signs.items()]
    wires = (
        wire("a m", "100", "2.2"),
        wire("b m", "2", "110", 1),
        wire("c n", "3", "33"),
        wire("d n", "30", "3.3", 1),
        wire("m p", "200", "1.1"),
        wire("n p", "90", "1.1", 1),
        wire("p q", "290", "1.1"),
        wire("t q", "1.1", "290", 1),
        wire("q y", "319", "1"),
    )
    return Figure((*boxes, Box("y", "output", "合計")), wires, title="お買い物", notes=("一行目", "二行目"))


def square() -> Figure:
    """x·x + x: two wires from a branch dot into the same product."""
    boxes = (
        Box("x", "input", "x"),
        Box("x*", "branch"),
        Box("m", "operation", "×"),
        Box("p", "operation", "+"),
        Box("y", "output", "y"),
    )
    wires = (
        wire("x x*", "3", "7"),
        wire("x* m", "3", "3"),
        wire("x* m", "3", "3", 1),
        wire("m p", "9", "1"),
        wire("x* p", "3", "1", 1),
        wire("p y", "12", "1"),
    )
    return Figure(boxes, wires)


def layers() -> Figure:
    """Nested frames, a closed group, a constant, a grid, a heat map, marked content and text of two lines."""
    boxes = (
        Box("x", "input", "x"),
        Box("w", "input", "W"),
        Box("d", "operation", "dot", "affine"),
        Box("s", "operation", "σ", "layer"),
        Box("c", "constant", "2"),
        Box("m", "operation", "×"),
        Box("g", "group", "Affine 2\n(closed)"),
        Box("y", "output", "y"),
    )
    heat = Heat("(64, 32)", ((-1.0, 0.0, 0.5), (None, 1.0, -0.25)))
    wires = (
        wire("x d", Label(Grid((("1", "−2"), ("30", "4.5"))), "X"), Grid((("1", "1"), ("1", "1")))),
        wire("w d", heat, heat, 1),
        wire("d s", Label(Plain("(2,)"), "Z"), Plain("NaN", marked=True)),
        wire("s m", "", ""),
        Wire("two", "c", "m", 1, arrow("2"), None, constant=True),
        wire("m g", None, "0.5"),
        wire("g y", "1", "1"),
    )
    frames = (Frame("affine", "Affine 1", "layer"), Frame("layer", "Layer 1"))
    return Figure(boxes, wires, frames, description="One layer of a network.")


def random_figure(operations: int, seed: int) -> Figure:
    """A random circuit with branch dots and, for odd seeds, frames."""
    pick = random.Random(seed)
    values = [f"x{i}" for i in range(max(2, operations // 5))]
    boxes = [Box(value, "input", value) for value in values]
    ends: list[tuple[str, str, int]] = []
    for i in range(operations):
        sign = pick.choice(("+", "×", "÷", "exp", "σ", "dot", "LayerNorm"))
        frame = f"f{i // 8}" if seed % 2 and (i // 8) % 2 else None
        boxes.append(Box(f"o{i}", "operation", sign, frame))
        for slot in range(1 if sign in ("exp", "σ") else 2):
            ends.append((pick.choice(values[-8:] if pick.random() < 0.8 else values), f"o{i}", slot))
        values.append(f"o{i}")
    used = Counter(source for source, _, _ in ends)
    for value in [value for value in values if not used[value]]:
        boxes.append(Box(f"{value}>", "output", "y"))
        ends.append((value, f"{value}>", 0))
    homes = {box.id: box.frame for box in boxes}
    wires = []
    for value in [value for value in values if used[value] > 1]:
        boxes.append(Box(f"{value}*", "branch", "", homes[value]))
        wires.append(wire(f"{value} {value}*", pick.choice(NUMBERS), pick.choice(NUMBERS)))
    for source, target, slot in ends:
        start = f"{source}*" if used[source] > 1 else source
        wires.append(wire(f"{start} {target}", pick.choice(NUMBERS), pick.choice(NUMBERS), slot))
    frames = tuple(Frame(frame, f"Frame {frame}") for frame in sorted({box.frame for box in boxes if box.frame}))
    return Figure(tuple(boxes), tuple(wires), frames)


SIZES = (3, 5, 8, 12, 16, 20, 30, 40, 60, 150)


def varied_figure(seed: int) -> Figure:
    """A random circuit of any kind: small or large, dense or local, with closed groups, nested frames, large labels,
    long names, one direction of arrows or both, from left to right or from top to bottom.
    """
    pick = random.Random(seed)
    size, far = SIZES[seed % len(SIZES)], pick.choice((0.0, 0.1, 0.3, 1.0))
    framed, rich = pick.random() < 0.6, pick.random() < 0.5
    forward, backward = pick.choice(((True, True), (True, True), (True, False), (False, True)))
    values = [f"x{i}" for i in range(max(2, size // 6))]
    boxes = [Box(value, "input", pick.choice((value, "a rather long name", "名前の長い値"))) for value in values]
    frames: dict[str, Frame] = {}
    ends: list[tuple[str, str, int]] = []
    for i in range(size):
        group, id = i // 6, f"o{i}"
        frame = f"f{group}" if framed and group % 3 else None
        if frame and frame not in frames:
            title = pick.choice(("F", "Affine layer", "a very long title of a frame indeed"))
            frames[frame] = Frame(frame, title, f"f{group - 1}" if group % 3 == 2 and pick.random() < 0.5 else None)
        closed, sign = pick.random() < 0.07, pick.choice(("+", "×", "÷", "exp", "dot", "LayerNorm", "two\nlines"))
        boxes.append(Box(id, "group" if closed else "operation", sign, frame))
        for slot in range(3 if closed else 1 if sign == "exp" else 2):
            source = pick.choice(values if pick.random() < far else values[-6:])
            if pick.random() < 0.12:
                source = f"c{i} {slot}"
                boxes.append(Box(source, "constant", "0.5", frame))
            ends.append((source, id, slot))
        values.append(id)

    def content() -> str | Content:
        grid = Grid(((pick.choice(NUMBERS),) * pick.randint(1, 4),) * pick.randint(1, 4))
        heat = Heat("(64, 32)", ((0.5, -1.0, None, 1.0),) * 2)
        return pick.choice((pick.choice(NUMBERS), pick.choice(NUMBERS), grid, heat) if rich else NUMBERS)

    def drawn(source: str, target: str, slot: int) -> Wire:
        constant = source[0] == "c"
        ahead = arrow(content()) if forward or constant else None
        back = arrow(content()) if backward and not constant else None
        return Wire(f"{source} {target} {slot}", source, target, slot, ahead, back, constant)

    used = Counter(source for source, _, _ in ends)
    ends += [(value, f"{value}>", 0) for value in values if not used[value]]
    boxes += [Box(f"{value}>", "output", value) for value in values if not used[value]]
    home = {box.id: box.frame for box in boxes}
    shared = [value for value in values if used[value] > 1]
    boxes += [Box(f"{value}*", "branch", "", home[value]) for value in shared]
    wires = [drawn(value, f"{value}*", 0) for value in shared]
    wires += [drawn(f"{source}*" if used[source] > 1 else source, target, slot) for source, target, slot in ends]
    return Figure(tuple(boxes), tuple(wires), tuple(frames.values()), direction=pick.choice(("LR", "TB")))
