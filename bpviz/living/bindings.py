"""Which texts and cells of a picture show which numbers.

Nothing is guessed: the texts that a number has now are written again, as the figure writes them, and must be those of
the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bpviz import ops
from bpviz.figure import Content, Figure, Grid, Heat, Plain
from bpviz.frozen import dataclass
from bpviz.graph.flow import Flow
from bpviz.lazy import LazyModule
from bpviz.living.steps import Lowering, Program, Slots, StaysStillError
from bpviz.picture.elements import Bracket, Cell, Part, Picture, Shape, Text
from bpviz.text.language import Language
from bpviz.text.numerals import added
from bpviz.words.values import content, line_of, spoken, thinned

__all__ = ["GRID", "Bindings", "Bound"]

np: Any = LazyModule("numpy")

GRID = 4
"""The most rows and columns of an array that a sentence writes out."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A value on the page: the places of its elements, and its shape."""

    slots: Slots
    shape: tuple[int, ...]

    @property
    def plain(self) -> list[Any]:
        """The same as plain data."""
        return [list(self.slots), list(self.shape)]


class Bindings:
    """The bindings of one picture, as plain data for its page.

    ``labels``, ``titles``, ``notes`` and ``description`` are read by ``figure.js``.
    """

    def __init__(
        self,
        flow: Flow,
        made: Program,
        steps: Lowering,
        figure: Figure,
        picture: Picture,
        precision: int,
        say: Language,
        has_numbers: bool,
    ) -> None:
        """Bind all numbers of a picture, which may have none at its arrows; ``steps`` takes the sums that it shows.

        Raises `StaysStillError` if one of them cannot be found again.
        """
        self.flow, self.made, self.precision, self.say = flow, made, precision, say
        self.has_numbers = has_numbers
        self.steps = steps
        self.labels: list[dict[str, Any]] = []
        self.titles: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.known_notes = dict(self._sums(figure))
        for number, part in enumerate(picture.parts):
            if part.origin is not None:
                self._part(number, part)
            if part.kind == "note" and part.description in self.known_notes:
                self.notes.append({"part": number, **self.known_notes[part.description]})
        self.description = self._description(picture.description)

    def _value(self, node: int) -> Bound:
        if node not in self.made.values:
            raise StaysStillError(f"{self.flow.graph.names[node]} does not lead to an output")
        return Bound(self.made.values[node], ops.shape_of(self.flow.values[node]))

    def gradient(self, origin: Any) -> tuple[Bound, Any] | None:
        """Return the gradient at a wire, and its number or array now; ``None`` if none flows there."""
        terms, numbers = [], []
        for wire in origin.shares:
            share = self.flow.wire_share(*wire)
            if share is not None:
                if wire not in self.made.shares:
                    raise StaysStillError(f"a gradient of {self.flow.graph.names[wire[0]]} is not recorded")
                terms.append(self.made.shares[wire])
                numbers.append(share)
        if origin.seeded:
            terms.append(tuple(self.steps.constant(float(x)) for x in np.asarray(self.flow.seed).ravel().tolist()))
            numbers.append(self.flow.seed)
        if not terms:
            return None
        total = numbers[0]
        for number in numbers[1:]:
            total = total + number
        return Bound(self._added(tuple(terms)), ops.shape_of(total)), total

    def _added(self, terms: tuple[Slots, ...]) -> Slots:
        if len(terms) == 1:
            return terms[0]
        rows = zip(*terms, strict=True)
        return tuple(self.steps.step(" + ".join(f"v[{i}]" for i in row), len(row)) for row in rows)

    # Wires

    def _part(self, number: int, part: Part) -> None:
        origin = part.origin
        assert origin is not None
        value, gradient = self._value(origin.value), self.gradient(origin)
        node = self.flow.values[origin.value]
        name = self.flow.graph.record.is_input.get(origin.value, "") if origin.value in self.made.inputs else ""
        shown = [("value {value}", "value", value, node)]
        self._arrow(number, part, False, value, node, name)
        if gradient is not None:
            shown.append(("gradient {gradient}", "gradient", *gradient))
            self._arrow(number, part, True, *gradient, "")
        self._title(number, part.description, shown)

    def _arrow(self, number: int, part: Part, backward: bool, bound: Bound, value: Any, name: str) -> None:
        own = [i for i in range(len(part.elements)) if (i in part.backward) == backward]
        places = {kind: _places(part, kind) for kind in ("text", "cell", "mark", "bracket")}
        texts = [
            (places["text"][i], text)
            for i in own
            if isinstance(text := part.elements[i], Text) and text.role not in ("muted", "note")
        ]
        cells = [places["cell"][i] for i in own if i in places["cell"]]
        marks = [places["mark"][i] for i in own if i in places["mark"]]
        if not texts or not self.has_numbers:
            # It is written elsewhere, or hidden.
            return
        now = content(value, self.precision, self.say)
        label: dict[str, Any] = {"part": number, "value": bound.plain, "mark": marks[0] if marks else -1}
        label |= self._texts(now, texts, cells, value)
        if label["kind"] == "grid":
            label["brackets"] = [places["bracket"][i] for i in own if i in places["bracket"]]
            muted = (text for i in own if isinstance(text := part.elements[i], Text) and text.role == "muted")
            label["named"] = any(True for _ in muted)
        if name:
            label["input"] = name
        self.labels.append(label)

    def _texts(self, now: Content, texts: list[tuple[int, Text]], cells: list[int], value: Any) -> dict[str, Any]:
        written = [text.text for _, text in texts]
        places = [at for at, _ in texts]
        match now:
            case Plain(text) if written == [text]:
                return {"kind": "plain", "texts": places}
            case Grid(rows, _, factor):
                columns = len(rows[0])
                # Column by column.
                order = [i * columns + j for j in range(columns) for i in range(len(rows))]
                flat = [cell for row in rows for cell in row]
                expected = [flat[at] for at in order] + ([factor] if factor else [])
                if written == expected:
                    of_cell = dict(zip(order, places, strict=False))
                    return {
                        "kind": "grid",
                        "texts": [of_cell[at] for at in range(len(flat))],
                        "factor": places[-1] if factor else -1,
                    }
            case Heat(text, rows, _, full, note):
                count = sum(map(len, rows))
                expected = [text, *([note] if note else []), *([f"±{full}"] if full else [])]
                if written == expected and len(cells) == count + (2 if full else 0):
                    array = np.asarray(value)
                    flat = array.reshape(-1, array.shape[-1]) if array.ndim != 1 else array.reshape(1, -1)
                    rows_shown, columns_shown = thinned(flat.shape)
                    places_of = [int(i) * flat.shape[1] + int(j) for i in rows_shown for j in columns_shown]
                    return {
                        "kind": "heat",
                        "texts": [places[-1] if full else -1],
                        "cells": cells[:count],
                        "elements": places_of,
                    }
            case _:
                pass
        raise StaysStillError(f"the figure shows more than numbers ({' '.join(written)})")

    def _title(self, number: int, title: str, shown: Sequence[tuple[str, str, Bound, Any]]) -> None:
        for few in (shown, shown[1:], shown[:1]):
            texts = [
                self.say(sentence, **{key: line_of(content(value, self.precision, self.say), self.say)})
                for sentence, key, _, value in few
            ]
            whole = self.say(", ").join(texts)
            at = title.rfind(whole) if whole else -1
            if at < 0:
                continue
            pieces: list[Any] = [title[:at]]
            for count, (sentence, key, bound, value) in enumerate(few):
                before, after = self.say(sentence, **{key: "\0"}).split("\0")
                pieces[-1] += (self.say(", ") if count else "") + before
                now = content(value, self.precision, self.say)
                if isinstance(now, Heat):
                    pieces[-1] += line_of(now, self.say) + after
                else:
                    pieces += [bound.plain, after]
            pieces[-1] += title[at + len(whole) :]
            self.titles.append({"part": number, "pieces": pieces})
            return

    # Sentences

    def _sums(self, figure: Figure) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the notes with sums of gradients, each with its numbers."""
        # Without numbers at the arrows, the notes are formulas.
        for dot, note in figure.sums if self.has_numbers else ():
            found = [self.gradient(wire.origin) for wire in figure.wires if wire.source == dot and wire.origin]
            terms = [one for one in found if one is not None]
            if not terms:
                continue
            whole = terms[0][1]
            for _, number in terms[1:]:
                whole = whole + number
            bound = Bound(self._added(tuple(term.slots for term, _ in terms)), terms[0][0].shape)
            text = line_of(content(whole, self.precision, self.say), self.say)
            if not note.endswith(text):
                raise StaysStillError(f"the note {note!r} cannot be written again")
            if isinstance(content(whole, self.precision, self.say), Heat):
                continue
            parts = [line_of(content(number, self.precision, self.say), self.say) for _, number in terms]
            tail = f"{added(parts)} = {text}"
            if not bound.shape and note.endswith(tail):
                yield (
                    note,
                    {
                        "tail": tail,
                        "head": note[: -len(tail)],
                        "whole": bound.plain,
                        "terms": [t.slots[0] for t, _ in terms],
                    },
                )
            else:
                yield note, {"tail": text, "head": note[: -len(text)], "whole": bound.plain}

    def _description(self, text: str) -> list[Any]:
        """Return the description of the figure, with the numbers of the outputs and of the gradients of the inputs."""
        flow, graph = self.flow, self.flow.graph
        wanted: list[tuple[str, Slots | None, Any]] = [
            (f"{end.title} = ", self.made.values.get(end.node), flow.values[end.node]) for end in graph.ends
        ]
        if not graph.ends or all(end.node != flow.output_index for end in graph.ends):
            index = flow.output_index
            wanted.append((f"{flow.output_name} = ", self.made.values.get(index), flow.values[index]))
        for index, name in graph.record.is_input.items():
            wanted.append((f"{name} ", self.made.gradients.get(index), flow.gradient_of(index)))
        pieces: list[Any] = []
        start = 0
        for before, slots, value in wanted:
            number = spoken(value, self.precision, self.say)
            at = text.find(before + number, start)
            shape = ops.shape_of(value)
            if at < 0 or slots is None or len(shape) > 2 or any(n > GRID for n in shape):
                # It is hidden, or said to be an array of a shape.
                continue
            at += len(before)
            pieces += [text[start:at], Bound(slots, shape).plain]
            start = at + len(number)
        return [*pieces, text[start:]]


def _places(part: Part, kind: str) -> dict[int, int]:
    """Return for elements of a kind, by their position in a part, their position among these."""
    found = [i for i, element in enumerate(part.elements) if _kind(element) == kind]
    return {i: place for place, i in enumerate(found)}


def _kind(element: Any) -> str:
    if isinstance(element, Text):
        return "text"
    if isinstance(element, Cell):
        return "cell"
    if isinstance(element, Bracket):
        # A bar has two points.
        return "bracket" if len(element.points) > 2 else ""
    return "mark" if isinstance(element, Shape) and element.role == "mark" else ""
