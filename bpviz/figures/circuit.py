"""The textbook figure: a graph as a circuit, forward values above the wires, gradients below."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from bpviz import deadline, ops, progress
from bpviz.analysis.fitting import ALL, fitted
from bpviz.figure import Arrow, Box, Figure, Gathered, Label, Origin, Pass, Plain, Tone, Wire
from bpviz.figures.choices import change_notes, labels_of, pairing_of, paths_of, shared_of
from bpviz.figures.folds import Folds, Strand, chains
from bpviz.figures.groups import Groups, frame_of, group_title, titled
from bpviz.figures.labels import Names, Subject, Use, renamed
from bpviz.figures.options import CircuitOptions
from bpviz.figures.styles import looks_of
from bpviz.figures.tones import Passes, toned
from bpviz.graph.flow import Flow
from bpviz.graph.graph import End, Graph
from bpviz.recording.recorder import NO_VALUE
from bpviz.recording.scopes import Scope
from bpviz.text.styles import Styles
from bpviz.words.values import line_of, shape_text, spoken

__all__ = ["circuit"]


def circuit(target: Flow | Graph, options: CircuitOptions | None = None, house: Styles = ()) -> Figure:
    """Return the figure of a flow, or of a graph whose inputs have no values yet.

    ``house`` are the styles that a theme has for values of some names, if there are such values.

    >>> import bpviz
    >>> figure = circuit(bpviz.backprop(lambda price=100, count=2: price * count))
    >>> [(box.kind, box.text) for box in figure.boxes]
    [('input', 'price'), ('input', 'count'), ('operation', '×'), ('output', 'output')]
    >>> figure.wires[0].forward.label.content.text, figure.wires[0].backward.label.content.text
    ('100', '2')

    Raises `UsageError` when ``open`` or ``close`` names no group.
    """
    return _Circuit(target, options or CircuitOptions(), house).figure()


class _Circuit:
    """Builds one figure."""

    def __init__(self, target: Flow | Graph, options: CircuitOptions, house: Styles) -> None:
        self.flow = target if isinstance(target, Flow) else None
        self.graph = target.graph if isinstance(target, Flow) else target
        self.record = self.graph.record
        self.options, self.say = options, options.lang
        self.labels = renamed(self.graph, options.names)
        self.boxes: dict[str, Box] = {}
        self.wires: list[Wire] = []
        self.sums: list[tuple[str, str]] = []
        self.branches: dict[str, tuple[int, Use]] = {}
        """The value and the use of each wire from a branch dot."""
        run = self.flow, self.graph, options.precision, self.say
        self.only, self.lit = paths_of(options.only, *run), paths_of(options.path, *run)
        self.flow = self.only.flow if self.only else self.flow
        self.ends = self._ends()
        self.pairing = pairing_of(options.before, self.flow)
        self.paths = self.lit or self.only
        lit = self.paths.wires if self.paths else frozenset()
        subject = Subject(self.graph, self.flow, self.labels, options.precision, options.constants)
        self.wording = labels_of(options.labels, subject, self.pairing, lit)
        self.needed = self.graph.ancestors(end.node for end in self.ends)
        if self.only:
            self.needed = sorted(self.only.nodes | self.only.feeding)
        # Gradients at hidden steps would have two shapes.
        fold = not options.plumbing and options.show == "forward"
        self.passes = Passes(self.graph, self.needed, self.labels, fold, options.labels not in ("values", "shapes"))
        self.shared = shared_of(options.shared, self.graph, self.flow)
        self.looks = looks_of(self.graph, options, house)
        self.unwritten, self.results = (
            labels_of(kind, replace(subject, constants="wires")) for kind in ("none", "values")
        )
        for wording in (self.wording, self.results):
            wording.say = self.say
        self.folded: set[int] = set()
        self.inside: dict[str, int] = {}
        """How many numbers the parameters in closed groups have, by the ids of their boxes."""
        self.leaves = [i for i in self.needed if self.record.operations[i] is None or self._is_stub(i)]
        self.steps = sorted({*self.needed}.difference(self.leaves))
        ends = {end.node for end in self.ends}
        named = set() if self.paths is None else {self.paths.source, self.paths.target} - ends
        found = chains(self.graph, self.steps, self.ends, options, self.looks, named, self.pairing)
        self.fit = fitted(self.record, self.steps, found, options.depth, options.open, options.close)
        self.groups = Groups(self.record, self.fit.depth, options.open, options.close, self.say)
        self.groups.open_circles(self.steps)
        self.folds = Folds(self.graph, found, self.labels, self.groups.closed_around)
        self.folds.take_steps(self.steps)
        apart = [i for i in self.leaves if i not in named | ends and self._closed_around(i) is None]
        self.folds.take_leaves(apart, self.steps)

    def _ends(self) -> list[End]:
        """Return the outputs, and the differentiated value if it is no output; for paths, their end."""
        if self.only:
            return [End(self.labels[self.only.target] or self.graph.names[self.only.target], self.only.target)]
        ends = list(self.graph.ends)
        more = [*self.graph.output_indices, *([] if self.flow is None else [self.flow.output_index])]
        for index in more:
            if not any(end.node == index for end in ends):
                ends.append(End(self.graph.names[index], index))
        return [end if end.own else end._replace(title=self.labels[end.node] or end.title) for end in ends]

    def _is_stub(self, index: int) -> bool:
        """Return whether only the name and the value of a node are shown, without its operands."""
        only = self.only
        return only is not None and (index in only.feeding or index == only.source)

    def _closed_around(self, index: int) -> Scope | None:
        """Return the outermost closed group around a step, if its operands are shown."""
        return None if self._is_stub(index) else self.groups.closed_around(index)

    def _box_of(self, index: int) -> str:
        """Return the id of the box of a node, of the closed group around it, or of the blocks that hide it."""
        together = self.folds.id_of(index)
        if together is not None:
            return together
        closed = self._closed_around(index)
        # All results of one step share a box.
        return f"n{self.record.joint.get(index, index)}" if closed is None else f"g{closed.index}"

    # Boxes

    def _add_boxes(self) -> None:
        folding = self.wording.folding
        # Of paths, the ends must be there.
        sums = {} if self.only else folding.empty_sums(self.needed)
        self.passes.leave_out({step: other for step, (_, other) in sums.items()})
        self.folded = folding.hidden(self.needed) | {zero for zero, _ in sums.values()} | self._hidden_parameters()
        places: dict[str, int] = {}
        for index in self.needed:
            operation = self.record.operations[index]
            # In a closed group no symbol is seen.
            if operation is not None and not self._is_stub(index) and self._closed_around(index) is None:
                self.folded.update(self.wording.symbol(index)[1])
        for done, index in enumerate(self.needed):
            deadline.check("making the figure")
            progress.count("made boxes for {done} of {total} steps", done, len(self.needed))
            if index in self.folded or index in self.passes.left_out:
                continue
            key = self._box_of(index)
            if index in self.record.weights and key[0] == "g":
                # It makes no box; that of the group stands where its first step does.
                self.inside[key] = self.inside.get(key, 0) + ops.size_of(self.record.values[index])
                continue
            if key not in self.boxes:
                box, belongs = self._box(index, key), self.passes.belongs(index)
                if box.node is not None:
                    box = self.looks.box(box, index)
                tone: Tone = "plain" if self.shared is None else self.shared.step(index)
                # Only changed boxes are made again: there may be thousands.
                usual = (tone, belongs) == (box.tone, box.belongs)
                self.boxes[key] = box if usual else replace(box, tone=tone, belongs=belongs)
                places[key] = self.folds.position(index)
        for key, count in self.inside.items():
            inside = self.say("{count} parameters", count=f"{count:,}")
            box = self.boxes[key]
            text = f"{box.description}{self.say(', ')}{inside}"
            self.boxes[key] = replace(box, text=f"{box.text}\n{inside}", description=text)
        self.boxes = dict(sorted(self.boxes.items(), key=lambda pair: places[pair[0]]))

    def _hidden_parameters(self) -> set[int]:
        """Return the parameters of modules that are not drawn: all of them, or those of modules that are too deep."""
        if not self.record.weights:
            return set()
        named = {end.node for end in self.ends} | ({self.paths.source} if self.paths else set())
        depth = None if ALL in self.options.open else self.fit.depth
        hides_all = self.options.parameters == "hide"
        return {
            index
            for index, deep in self.record.weights.items()
            if index not in named and (hides_all or (depth is not None and deep > depth))
            if self._closed_around(index) is None
        }

    def _box(self, index: int, key: str) -> Box:
        if self.folds.id_of(index) is not None:
            return self.folds.box(index, self._called, self.say)
        closed = self._closed_around(index)
        if closed is not None:
            title = group_title(closed, self.say)
            description = self.say("group {title}, closed", title=title)
            return Box(key, "group", title, frame_of(closed.parent), description, group=closed.index)
        operation = self.record.operations[index]
        frame = frame_of(self.record.step_scopes[index])
        label = self.labels[index]
        if self.only and index == self.only.source:
            name = self.graph.names[index]
            return Box(key, "input", label or name, None, self.say("input {name}", name=name), node=index)
        if operation is not None and not self._is_stub(index):
            symbol, constants = self.wording.symbol(index)
            joint = self._results(index)
            description = self.say.operation(operation.name) if len(joint) == 1 else symbol
            label = self.say(", ").join(self.labels[i] for i in joint if self.labels[i])
            if constants and operation.drawn is None:
                description += f" {symbol}"
            description = (
                self.say("{operation}, makes {name}", operation=description, name=label) if label else description
            )
            several = sum(operand not in self.folded for operand in self.record.operands[index]) > 1
            commutes = operation.commutes and several
            return Box(key, "operation", symbol, frame, description, commutes=commutes, node=index)
        if index in self.record.is_input and not self._is_stub(index):
            return Box(key, "input", label, None, self.say("input {name}", name=label), node=index)
        text = self._called(index)
        return Box(key, "constant", text, frame, self.say("constant {name}", name=text), node=index)

    def _results(self, index: int) -> list[int]:
        """Return all needed results of a step: one, unless another framework made several at once."""
        first = self.record.joint.get(index, index)
        if not self.record.joint:
            return [index]
        return [i for i in self.needed if self.record.joint.get(i, i) == first]

    def _called(self, index: int) -> str:
        """Return the name of an input or a constant; without a name its number, or its shape."""
        shape = ops.shape_of(self.record.values[index] if self.flow is None else self.flow.values[index])
        unnamed = self.say("array {shape}", shape=shape_text(shape)) if shape else ""
        return self.labels[index] or unnamed or line_of(self.wording.shown(index))

    # Wires

    def _uses(self) -> dict[int, list[Use]]:
        """Return the uses of every value; several uses in a closed group are one, with the sum of gradients."""
        # At hidden steps, gradients would have another shape.
        flow = None if self.passes.reshapes else self.flow
        apart: dict[int, dict[Hashable, list[Use]]] = {index: {} for index in self.needed}
        for index in self.needed:
            if index in self.folded or index in self.passes.left_out or self._is_stub(index):
                continue
            target = self.boxes[self._box_of(index)]
            for slot, arriving in enumerate(self.record.operands[index]):
                operand = self.passes.start(arriving)
                if operand in self.folded or self._box_of(operand) == target.id:
                    continue
                feeds = self.only is not None and operand in self.only.feeding
                share = None if flow is None or feeds else flow.shown_share(index, slot)
                use = Use(target, slot, share, ((index, slot),), arriving=arriving)
                way = target.id if target.kind == "group" else (target.id, slot)
                apart[operand].setdefault(way, []).append(use)
        found = {
            index: [use.with_others(others) if others else use for use, *others in ways.values()]
            for index, ways in apart.items()
        }
        keys = self._end_keys()
        together = self.folds.outputs([pair for pair in keys if not self._is_seeded(*pair)], self.say)
        for key, end in keys:
            belongs: Pass = "backward" if end.own else "forward"
            description = self.say("output {name}", name=end.title)
            named = Box(key, "output", end.title, None, description, belongs=belongs)
            box = together.get(key) or self.looks.box(named, end.node)
            self.boxes[box.id] = box
            seeded = self._is_seeded(key, end)
            seed = flow.seed if flow is not None and seeded and flow.shown_gradient(end.node) is not None else None
            found[self.passes.start(end.node)].append(Use(box, 0, seed, (), seeded, arriving=end.node))
        return found

    def _end_keys(self) -> list[tuple[str, End]]:
        """Return the ends, each with the id of its box."""
        seen: set[int] = set()
        keys = []
        for place, end in enumerate(self.ends):
            keys.append((f"out{end.node}.{place}" if end.node in seen else f"out{end.node}", end))
            seen.add(end.node)
        return keys

    def _is_seeded(self, key: str, end: End) -> bool:
        """Return whether the backward pass begins at an end."""
        return self.flow is not None and end.node == self.flow.output_index and key == f"out{end.node}"

    def _add_wires(self) -> None:
        for done, strand in enumerate(self.folds.strands(self._uses())):
            deadline.check("making the figure")
            progress.count("made {done} wires", done)
            index, uses = strand.nodes[0], strand.uses
            source = self.boxes[self._box_of(index)]
            if strand.is_bundle:
                self._bundle(source, strand)
                continue
            named = self._wire_name(index, uses)
            if len(uses) == 1:
                self._add_wire(index, source, uses[0], named)
                continue
            # The value branches: the summed gradient is left of the dot, each share right of it.
            frame = self.groups.branch_frame(source.frame, [use.box.frame for use in uses])
            description = self.say("{name} branches", name=source.text)
            dot = self.looks.box(Box(f"b{index}", "branch", "", frame, description, belongs=source.belongs), index)
            self.boxes[dot.id] = dot
            self._add_wire(index, source, Use(dot, 0, None).with_others(uses), named)
            for use in uses:
                self.branches[self._add_wire(index, dot, use)] = index, use
            if (
                source.kind == "input"
                and self.flow is not None
                and self.options.show != "forward"
                and not self.looks.hides(index)
            ):
                note = self.wording.sum(index, uses, self.say)
                self.sums += [(dot.id, note)] if note else []

    def _wire_name(self, index: int, uses: Sequence[Use]) -> str:
        """Return the name at the wire; empty if it is already at one end of it."""
        if self.record.operations[index] is None:
            return ""
        label = self.labels[index]
        ends = {use.box.text for use in uses if use.box.kind == "output"}
        return "" if label in ends else label

    def _gathered(self, ids: frozenset[str]) -> Wire | None:
        """Return the wire that carries a value to several of its uses, before the dot where it branches to them.

        Return ``None`` if its gradient is too long to be written there.
        """
        found = [self.branches[id] for id in sorted(ids, key=lambda id: int(id[1:]))]
        (index, first), uses = found[0], [use for _, use in found]
        # What arrives in another form has its own numbers.
        if any(self.passes.start(use.arriving) != use.arriving for use in uses):
            return None
        dot = self.boxes[f"b{index}"]
        notes = self.wording.notes
        merged = Use(dot, first.slot, None).with_others(uses)
        name = self._wire_name(index, uses)
        wire = self._wire("", index, self.boxes[self._box_of(index)], merged, name, whole=False)
        if self.wording.notes == notes:
            return wire
        self.wording.forget(notes)
        return None

    def _wording(self, index: int, use: Use) -> Names:
        """Return the writer of the labels of a wire: no label has a number of a hidden value."""
        if self.looks.hides(index):
            return self.unwritten
        # The arithmetic of a gradient has the numbers of the step's operands and result.
        parts = (node for step, _ in use.steps for node in (step, *self.record.operands[step]))
        return self.results if self.options.labels == "rules" and any(map(self.looks.hides, parts)) else self.wording

    def _add_wire(self, index: int, source: Box, use: Use, name: str = "") -> str:
        wire = self._wire(f"w{len(self.wires)}", index, source, use, name)
        self.wires.append(wire)
        return wire.id

    def _wire(self, key: str, index: int, source: Box, use: Use, name: str, whole: bool = True) -> Wire:
        """Return the wire to a use; if it is not ``whole``, the value has other uses, too."""
        show = self.options.show
        feeds = self.only is not None and index in self.only.feeding
        constant = feeds or self.graph.is_constant(index)
        stem = source.kind != "branch"
        whole = whole and stem
        carried = index
        if use.arriving in self.passes.left_out:
            carried, called = use.arriving, self.passes.called(use.arriving)
            # The name is at its end, and its formula shows that it is transposed.
            written = called == use.box.text or (self.options.labels == "symbols" and not self.labels[carried])
            name = "" if written else called
        hidden, wording = self.looks.hides(carried), self._wording(carried, use)
        forward = backward = None
        if show != "backward" or constant or (use.share is None and self.flow is not None):
            label = wording.forward(carried, name, stem or carried != index)
            if feeds and (not self.labels[index] or not stem):
                # Its name is its number.
                label = None
            forward = Arrow(label if show != "backward" else None)
        shared = "" if self.shared is None else self.shared.gradient(index, use, whole)
        if use.share is not None and show != "forward":
            label = wording.backward(index, use, whole)
            if shared and whole and self.options.labels in ("values", "shapes", "none"):
                label = Label(Plain("") if label is None else label.content, shared)
            backward = Arrow(label)
        numbers = []
        if self.flow is not None and not hidden:
            numbers.append(self.say("value {value}", value=line_of(self.wording.shown(carried), self.say)))
        if use.share is not None and not hidden:
            share = line_of(self.wording.gradient(index, use, whole), self.say)
            numbers.append(
                self.say("shared gradient {name} {gradient}", name=shared, gradient=share)
                if shared
                else self.say("gradient {gradient}", gradient=share)
            )
        if stem and self.looks.note(carried):
            numbers.append(self.looks.note(carried))
        end = self._spoken_box(use.box)
        named = stem and self.labels[index] not in ("", end)
        start = self.labels[index] if named else self._spoken_box(source)
        text = self.say(", ").join(numbers)
        description = self._from_to(start, end, text)
        direct = "" if stem else self._from_to(self._spoken_box(self.boxes[self._box_of(index)]), end, text)
        belongs = use.box.belongs if use.box.kind == "output" else self.passes.belongs(index)
        tone: Tone = "shared" if shared else "plain" if self.shared is None else self.shared.step(index)
        if self.lit:
            tone = "strong" if self.lit.holds(use) else "pale"
        elif tone == "plain":
            tone = self.wording.tone(carried, use, whole)
        ends = source.id, use.box.id, use.slot
        origin = Origin(carried, use.steps, use.seeded)
        more: Any = {"tone": tone, "belongs": belongs, "direct": direct, "origin": origin}
        wire = Wire(key, *ends, forward, backward, constant, description, **more)
        return self.looks.wire(wire, carried, stem)

    def _seen(self, index: int) -> Any:
        """Return the number or array of a node; ``NO_VALUE`` where it has none, or hides it."""
        return NO_VALUE if self.looks.hides(index) else self.wording.value(index)

    def _bundle(self, source: Box, strand: Strand) -> None:
        """Add the wire for several values that enter or leave hidden blocks."""
        use, pairs = strand.uses[0], list(zip(strand.nodes, strand.uses, strict=True))
        forward, backward = self.folds.arrows(strand, self.options.show, self.options.labels, self.say)
        count = self.say("{count} values", count=len(set(strand.nodes)))
        description = self._from_to(self._spoken_box(source), self._spoken_box(use.box), count)
        constant = all(self.graph.is_constant(index) for index in strand.nodes)
        if self.lit:
            tone: Tone = "strong" if any(map(self.lit.holds, strand.uses)) else "pale"
        else:
            tones = {self.wording.tone(index, one, False) for index, one in pairs}
            tone = tones.pop() if len(tones) == 1 else "plain"
        ends = source.id, use.box.id, use.slot
        belongs = self.passes.belongs(strand.nodes[0])
        key = f"w{len(self.wires)}"
        self.wires.append(Wire(key, *ends, forward, backward, constant, description, tone=tone, belongs=belongs))

    def _from_to(self, start: str, end: str, numbers: str) -> str:
        return self.say(
            "{start} to {end}: {numbers}" if numbers else "{start} to {end}", start=start, end=end, numbers=numbers
        )

    def _spoken_box(self, box: Box) -> str:
        return self.say("the branch") if box.kind == "branch" else box.text.partition("\n")[0]

    def _spoken(self, value: Any) -> str:
        return spoken(value, self.options.precision, self.say)

    # The whole

    def figure(self) -> Figure:
        self._add_boxes()
        self._add_wires()
        if self.lit:
            self.boxes = toned(self.boxes, self.wires)
        elif self.pairing:
            kept = {self._box_of(i) for i in self.needed if self.pairing.kept(i)}
            self.boxes = toned(self.boxes, self.wires, {self._box_of(i) for i in self.needed} - kept)
        of_paths = self.paths.notes if self.paths else ()
        remarks = (note.sentence(self.say) for note in self.graph.notes)
        hidden = self.folds.notes(self._seen, self.options.precision, self.say)
        closed = (*(self.fit.notes(self.say) if self.groups.closed else ()), *self.groups.notes())
        return Figure(
            boxes=tuple(self.boxes.values()),
            wires=tuple(self.wires),
            frames=self.groups.frames(self.boxes.values()),
            title=self.options.title,
            description=self._description(),
            notes=(*self.wording.notes, *of_paths, *change_notes(self.pairing, self.say), *remarks, *hidden, *closed),
            direction=self.options.direction,
            width=self.options.width,
            notation=self.options.notation,
            repeat=self.options.repeat,
            sums=tuple(self.sums),
            gathered=Gathered(self._gathered) if self.branches else None,
            closed=closed,
        )

    def _description(self) -> str:
        name, comma = titled(self.graph.name, self.say) or self.say("the computation"), self.say(", ")
        if self.flow is None:
            return self.say("Computation graph of {name}.", name=name)
        ends = [end for end in self.ends if end.own and not self.looks.hides(end.node)]
        own = [f"{end.title} = {self._spoken(self.flow.values[end.node])}" for end in ends]
        if not own and self.looks.hides(self.flow.output_index):
            return self.say("Computation graph of {name}.", name=name)
        result = comma.join(own) or f"{self.flow.output_name} = {self._spoken(self.flow.output)}"
        hidden = {key for index, key in self.record.is_input.items() if self.looks.hides(index)}
        shown = {key: g for key, g in self.flow.grads.items() if key not in hidden and g is not None}
        if self.options.show == "forward" or (self.graph.framework and not shown):
            return self.say("Computation graph of {name}: {result}.", name=name, result=result)
        gradients = comma.join(f"{key} {self._spoken(g)}" for key, g in shown.items())
        return self.say(
            "Computation graph of {name}: {result}; gradients: {gradients}.",
            name=name,
            result=result,
            gradients=gradients,
        )
