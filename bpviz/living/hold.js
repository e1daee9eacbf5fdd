// Old numbers beside new ones: what is held stands before what is now, as in the figure of a what-if.
{
  let held = null;
  const holder = document.createElement("button");
  Object.assign(holder, {type: "button", textContent: words.hold, title: words.holding});
  reset.after(holder);
  const equal = (x, y) => x === y || (x !== x && y !== y);
  const changedIn = slots => slots.some(slot => !equal(held[slot], v[slot]));
  const thenOf = work => {
    const now = v.slice();
    v.set(held);
    const found = work();
    v.set(now);
    return found;
  };
  // Digits are added until two different numbers look different.
  const both = (old, now, was, is) => {
    if (equal(old, now)) return is;
    for (let digits = data.precision + 1; was === is && digits < 18; digits++) [was, is] = [old, now].map(x => N.number(x, digits));
    return `${was} → ${is}`;
  };
  const powerOf = factor => [...factor.slice(3)].map(sign => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".indexOf(sign)).map(at => (at > 9 ? "-" : at)).join("") || 0;
  const cellsOf = slots => {
    const [old, now] = [held, v].map(from => slots.map(slot => from[slot])), near = [old, now].flatMap(N.nearZero);
    const [texts, factor] = N.ofOneKind([...old, ...now].map((x, i) => (near[i] ? 0 : x)), data.precision);
    const shown = texts.map((text, i) => (near[i] ? "≈0" : text)), scale = 10 ** powerOf(factor), count = slots.length;
    return [now.map((x, i) => both(old[i] / scale, x / scale, shown[i], shown[count + i])), factor];
  };
  const lineOf = value => {
    const [slots, shape] = value;
    if (!changedIn(slots)) return written(value);
    if (!shape.length) return both(held[slots[0]], v[slots[0]], thenOf(() => written(value)), written(value));
    if (shape.length > 2 || shape.some(n => n > 4)) return `${thenOf(() => written(value))} → ${written(value)}`;
    const [texts, factor] = cellsOf(slots);
    return rowsOf(texts, shape.at(-1)) + factor;
  };
  const compare = () => {
    for (const label of labels) {
      const [slots] = label.value;
      if (!changedIn(slots)) continue;
      if (label.kind === "plain") {
        put(label, 0, lineOf(label.value));
        fit(label);
      } else if (label.kind === "grid") {
        const [texts, factor] = cellsOf(slots);
        texts.forEach((text, i) => put(label, i, text));
        arrange(label, label.factorText ? factor : "");
      } else {
        shadeCells(label, slots.map(slot => v[slot] - held[slot]));
        put(label, 0, `Δ ${label.texts[0].textContent}`);
      }
      if (label.odd) ring(label, true);
    }
    for (const {part, pieces} of view.titles) groups[part].querySelector("title").textContent = joined(pieces, lineOf);
    for (const note of view.notes) {
      const terms = note.terms?.map(slot => lineOf([[slot], []])).map(text => (text.includes("→") ? `(${text})` : text));
      const tail = terms ? `${signed(terms)} = ${lineOf(note.whole)}` : lineOf(note.whole);
      setTail([...groups[note.part].querySelectorAll("text")], note.tail, tail);
      note.tail = tail;
      groups[note.part].querySelector("title").textContent = note.head + tail;
    }
  };
  holder.addEventListener("click", () => {
    held = held ? null : v.slice();
    holder.textContent = held ? words.release : words.hold;
    holder.setAttribute("aria-pressed", held !== null);
    change([], false);
  });
  // The page may also turn to another drawing of the same numbers.
  for (const event of ["bpviz-change", "bpviz-view"]) figure.addEventListener(event, () => held && compare());
}
