"""One small picture, written down by hand, for the tests of all writers."""

from bpviz.picture.elements import Bracket, Cell, Head, Part, Path, Picture, Shape, Text

WIDTH, HEIGHT = 240.0, 120.5

FORWARD = Path("forward", ((50.0, 40.0), (70.0, 40.0), (90.0, 40.0), (110.5, 40.0)))
BACKWARD = Path("backward", ((120.0, 46.0), (100.0, 46.0), (80.0, 46.0), (59.5, 46.0)))


def texts(*words: str) -> Picture:
    """A picture of nothing but texts, one below the other."""
    lines = tuple(
        Part(f"n{i}", "node", (Text("name", word, 100.0, 20.0 * i + 20, 14.0, 60.0),)) for i, word in enumerate(words)
    )
    return Picture(200.0, 20.0 * len(words) + 20, lines)


def everything() -> Picture:
    """A picture with an element of each kind."""
    frame = Part(
        "f", "frame", (Shape("frame", "box", 140.0, 45.0, 100.0, 70.0, 8.0), Text("frame", "層", 140, 22, 12, 12))
    )
    wire = Part(
        "w",
        "wire",
        (
            FORWARD,
            Head("forward", (110.5, 40.0), (120.0, 40.0)),
            BACKWARD,
            Head("backward", (59.5, 46.0), (50.0, 46.0)),
            Text("forward", "1.5", 80.0, 36.0, 14.0, 22.26),
            Text("backward", "−0.25", 80.0, 60.0, 14.0, 42.9),
            Cell(70.0, 70.0, 5.0, 5.0, 1.0),
            Cell(75.0, 70.0, 5.0, 5.0, -0.5),
            Cell(80.0, 70.0, 5.0, 5.0, None),
            Bracket("forward", ((66.0, 80.0), (62.0, 80.0), (62.0, 90.0), (66.0, 90.0))),
            Shape("mark", "box", 80.0, 54.0, 46.0, 16.0, 3.0),
        ),
        source="x",
        target="m",
    )
    nodes = (
        Part("x", "node", (Text("name", "単価 x", 47.0, 48.0, 14.0, 40.0, "end"),), detail="input"),
        Part(
            "m",
            "node",
            (Shape("node", "circle", 138.0, 43.0, 36.0, 36.0), Text("symbol", "×", 138.0, 48.0, 14.0, 11.7)),
        ),
        Part("g", "node", (Shape("group", "box", 200.0, 43.0, 40.0, 30.0, 8.0),), detail="group"),
        Part("d", "node", (Shape("node", "dot", 165.0, 43.0, 6.0, 6.0),), detail="branch"),
        Part("hidden", "node", ()),
    )
    note = Part("note", "note", (Text("note", "a note", 8.0, 112.0, 12.0, 36.0, "start"),))
    return Picture(WIDTH, HEIGHT, (frame, wire, *nodes, note), title="By hand")
