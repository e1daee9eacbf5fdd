// The living figure: inputs are changed by hand, by the keyboard, by the address and by scripts; all numbers follow.
// `steps` compute both passes in v. No text of the model is ever markup, a selector or a script.
const figure = document.currentScript.closest("figure");
const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
// The drawing that is shown; what is bound to the first is in data itself.
let view = data, svg = figure.querySelector("svg");
const partsOf = drawing => [...drawing.children].filter(child => child.tagName === "g");
let groups = partsOf(svg);
const NS = "http://www.w3.org/2000/svg", words = data.words;
const start = data.initial.map(Number), v = new Float64Array(start);
const named = new Map(data.names.map(one => [one.name, one]));
const inputs = data.names.filter(one => one.input);
const filled = (sentence, parts) => sentence.replace(/\{(\w+)\}/g, (place, key) => parts[key] ?? place);

// Every element of an input by its name, tax or W[0,1]
const elements = new Map();
for (const {name, shape, value} of inputs) {
  value.forEach((slot, at) => {
    const place = [];
    for (const n of [...shape].reverse()) {
      place.unshift(at % n);
      at = Math.floor(at / n);
    }
    elements.set(shape.length ? `${name}[${place.join(",")}]` : name, slot);
  });
}
const nameOf = new Map([...elements].map(([name, slot]) => [slot, name]));

const compute = () => steps.forEach(step => step(v));
const nested = (slots, shape) => {
  if (!shape.length) return v[slots[0]];
  const size = slots.length / shape[0];
  return Array.from({length: shape[0]}, (_, i) => nested(slots.slice(i * size, (i + 1) * size), shape.slice(1)));
};
compute();
const decided = data.guards.map(guard => v[guard.slot]);
const differs = (guard, i) => {
  const [was, now] = [decided[i], v[guard.slot]];
  return guard.truth ? (was !== 0) !== (now !== 0) : !Object.is(was, now) && was !== now;
};

// Texts

const unpadded = both => both.split(" → ").map(text => {
  const bare = text.includes(".") && !text.includes("×") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  return bare === N.MINUS + "0" ? "0" : bare;
}).join(" → ");
const numbersOf = ([slots]) => slots.map(slot => v[slot]);
const allSame = (values, shape) => filled(words.same, {shape: N.shapeText(shape), number: N.number(values[0], data.precision)});
const rowsOf = (texts, width) => {
  const rows = [];
  for (let at = 0; at < texts.length; at += width) rows.push(texts.slice(at, at + width).map(unpadded).join(", "));
  return `[${rows.join("; ")}]`;
};
const written = value => {
  const values = numbersOf(value), shape = value[1];
  if (!shape.length) return N.number(values[0], data.precision);
  if (N.same(values)) return allSame(values, shape);
  if (values.length > 16) return `${N.shapeText(shape)} ${N.number(Math.min(...values), data.precision)} … ${N.number(Math.max(...values), data.precision)}`;
  const [texts, factor] = N.cells(values, data.precision);
  return rowsOf(texts, shape.at(-1)) + factor;
};
const joined = (pieces, one) => pieces.map(piece => (typeof piece === "string" ? piece : one(piece))).join("");
const signed = texts => texts.map((text, i) => (!i ? text : text[0] === N.MINUS ? ` − ${text.slice(1)}` : ` + ${text}`)).join("");

// What stays the same is not written again: that takes more time than to look.
const write = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};
const put = (label, i, text) => write(label.texts[i], text);

// Another end of a text; what stands before it keeps its italics and subscripts. Lines have no space where they break.
const setTail = (lines, old, tail) => {
  const nodes = lines.flatMap(line => {
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  });
  let left = old.replace(/ /g, "").length;
  for (const node of nodes.reverse()) {
    let at = node.data.length;
    while (left && at) if (node.data[--at] !== " ") left--;
    node.data = node.data.slice(0, at);
    if (!left) {
      node.data += tail;
      return;
    }
  }
};

// The widths of signs, in the size of the type: close enough to arrange columns.
const NARROW = {".": 0.32, " ": 0.32, "…": 1, "→": 0.84, "×": 0.84, "≈": 0.84, "∞": 0.84, [N.MINUS]: 0.84};
const widthOf = text => [...text].reduce((sum, sign) => sum + (NARROW[sign] ?? ("⁰¹²³⁴⁵⁶⁷⁸⁹⁻".includes(sign) ? 0.42 : 0.66)), 0);

// The columns of an array are as wide as their numbers: it grows along its wire, and is set smaller where there is no
// more room.
const arrange = (label, factor) => {
  if (label.factorText) label.factorText.textContent = factor;
  if (label.drawn.every(([text, content]) => text.textContent === content)) {
    for (const [text, , x] of label.drawn) {
      text.setAttribute("x", x);
      text.style.fontSize = "";
    }
    for (const one of [...label.brackets, ...label.names]) one.removeAttribute("transform");
    if (label.factorAt) label.factorText.setAttribute("x", label.factorAt);
    return;
  }
  const {columns, edges: [start, end], room: [left, right], size} = label;
  const widths = columns.map(texts => size * Math.max(...texts.map(text => widthOf(text.textContent))));
  const wanted = size * (1 + 0.7 * (widths.length - 1)) + widths.reduce((sum, width) => sum + width, 0);
  const more = wanted - (end - start), tail = factor ? size * widthOf(factor) + 2 : 0;
  const after = Math.min(Math.max(0, right - tail), label.named ? more : Math.max(more / 2, more - left));
  const before = Math.min(left, more - after);
  const scale = Math.min(1, (end - start + after + before) / wanted);
  let x = start - before + 0.5 * size * scale;
  columns.forEach((texts, i) => {
    x += widths[i] * scale;
    for (const text of texts) {
      text.setAttribute("x", x.toFixed(2));
      text.style.fontSize = scale < 1 ? `${(size * scale).toFixed(2)}px` : "";
    }
    x += 0.7 * size * scale;
  });
  for (const one of [label.brackets[0], ...label.names]) one.setAttribute("transform", `translate(${-before},0)`);
  label.brackets[1].setAttribute("transform", `translate(${after},0)`);
  if (label.factorText) {
    label.factorText.setAttribute("x", (end + after + (label.factorAt ? (size * widthOf(factor)) / 2 : 0) + 2).toFixed(2));
  }
};

// The texts of a group that stand on the left of a number, such as its name, and where they begin and end.
const namesOf = (group, own, box) => {
  const near = [...group.querySelectorAll("text")].filter(one => !own.includes(one)).map(one => [one, one.getBBox()]);
  const left = near.filter(([, {x, y, height}]) => x < box.x && y < box.y + box.height && y + height > box.y);
  const begin = Math.min(...left.map(([, one]) => one.x)), end = Math.max(...left.map(([, one]) => one.x + one.width));
  return {names: left.map(([one]) => one), begin, end};
};

// Where the brackets of an array stand, and how much room its wire has on both sides; its name gives way.
const gridOf = (label, group, texts) => {
  const every = group.querySelectorAll("path.bracket"), brackets = label.brackets.map(at => every[at]);
  const [one, other] = brackets.map(bracket => bracket.getBBox());
  const edges = [one.x, other.x + other.width], wire = group.querySelector("path")?.getBBox() ?? one;
  const columns = [...Map.groupBy(texts, text => text.getAttribute("x"))].sort(([x], [y]) => x - y).map(([, column]) => column);
  const {names, begin} = namesOf(group, texts, one);
  const room = [Math.min(edges[0], begin) - wire.x - 4, wire.x + wire.width - edges[1] - 4].map(free => Math.max(0, free));
  const drawn = texts.map(text => [text, text.textContent, text.getAttribute("x")]);
  const factorAt = label.factor < 0 ? null : group.querySelectorAll("text")[label.factor].getAttribute("x");
  return {brackets, names, drawn, factorAt, columns, edges, room, size: Number(texts[0].getAttribute("font-size") ?? 14), middle: one.y + one.height / 2};
};
// Where a number on its own can stand along its wire. Beside an upright wire it grows away from it.
const roomOf = (text, group) => {
  const own = text.getBBox(), middle = own.x + own.width / 2, wire = (group.querySelector("path") ?? text).getBBox();
  const {names, begin, end} = namesOf(group, [text], own), upright = wire.width < own.width;
  const side = upright ? own.width : 0, right = middle > wire.x + wire.width / 2;
  const low = names.length ? end + 4 : Math.min(own.x, upright ? own.x : wire.x) - (right ? 0 : side);
  const high = Math.max(own.x + own.width, upright ? 0 : wire.x + wire.width) + (right ? side : 0);
  const free = names.length ? Math.max(0, begin - wire.x) : 0;
  return {names, free, middle, low, high, drawn: text.textContent, x: text.getAttribute("x"), size: Number(text.getAttribute("font-size") ?? 14)};
};
const fit = label => {
  const {texts: [text], names, free, middle, low, high, drawn, x, size} = label;
  if (!text || label.fitted === text.textContent) return;
  label.fitted = text.textContent;
  const same = text.textContent === drawn, wanted = size * widthOf(text.textContent);
  const by = same ? 0 : Math.min(free, Math.max(0, wanted - high + low)), scale = Math.min(1, (high - low + by) / wanted);
  const half = (wanted * scale) / 2, at = Math.min(Math.max(middle, low - by + half), high - half);
  for (const name of names) name.setAttribute("transform", `translate(${-by},0)`);
  text.setAttribute("x", same ? x : at.toFixed(2));
  text.style.textAnchor = same ? "" : "middle";
  text.style.fontSize = same || scale === 1 ? "" : `${(size * scale).toFixed(2)}px`;
};
const bind = () => view.labels.map(label => {
  const group = groups[label.part], every = [...group.querySelectorAll("text")];
  const cells = group.querySelectorAll("rect.cell"), marks = group.querySelectorAll("rect.mark");
  const texts = label.texts.map(at => every[at] ?? null);
  return {
    ...label, group, texts,
    ...(label.kind === "grid" ? gridOf(label, group, texts) : {}),
    ...(label.kind === "plain" && texts[0] ? roomOf(texts[0], group) : {}),
    cells: (label.cells ?? []).map(at => cells[at]),
    drawnMark: label.mark < 0 ? null : marks[label.mark],
    factorText: label.factor >= 0 ? every[label.factor] : null,
    ring: null,
  };
});
let labels = bind();

const shade = (share, [least, zero, most]) => {
  const end = share >= 0 ? most : least, part = Math.min(Math.abs(share), 1);
  const channel = at => {
    const [from, to] = [zero, end].map(colour => parseInt(colour.slice(at, at + 2), 16));
    return Math.round(from + (to - from) * part);
  };
  return `rgb(${channel(1)}, ${channel(3)}, ${channel(5)})`;
};

// A heat map of these values.
const shadeCells = (label, values) => {
  const scale = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  label.cells.forEach((cell, i) => {
    const x = values[label.elements[i]];
    const share = Number.isFinite(x) ? x / (scale || 1) : 0;
    const [day, night] = label.heat.map(colours => shade(share, colours));
    cell.style.fill = night ? `light-dark(${day}, ${night})` : day;
    cell.classList.toggle("bpviz-nan", !Number.isFinite(x));
  });
  put(label, 0, `±${N.number(scale, data.precision)}`);
};

const ring = (label, wanted) => {
  const shown = label.texts.filter(text => text?.textContent);
  label.drawnMark?.setAttribute("visibility", "hidden");
  label.ring?.remove();
  label.ring = null;
  if (!wanted || !shown.length) return;
  const boxes = shown.map(text => text.getBBox());
  for (const bracket of label.brackets ?? []) {
    const box = bracket.getBBox(), by = bracket.transform.baseVal.consolidate()?.matrix.e ?? 0;
    boxes.push({x: box.x + by, y: box.y, width: box.width, height: box.height});
  }
  const [x, y] = [Math.min(...boxes.map(box => box.x)), Math.min(...boxes.map(box => box.y))];
  const [right, low] = [Math.max(...boxes.map(box => box.x + box.width)), Math.max(...boxes.map(box => box.y + box.height))];
  label.ring = document.createElementNS(NS, "rect");
  const at = {class: "bpviz-odd", x: x - 3, y: y - 1, width: right - x + 6, height: low - y + 2, rx: 2.5};
  for (const [key, one] of Object.entries(at)) label.ring.setAttribute(key, one);
  label.group.append(label.ring);
};

const show = label => {
  const values = numbersOf(label.value), shape = label.value[1];
  if (label.kind === "plain") {
    put(label, 0, written(label.value));
    fit(label);
  }
  if (label.kind === "grid") {
    const [texts, factor] = N.cells(values, data.precision);
    texts.forEach((text, i) => put(label, i, text));
    if (factor && !label.factorText) {
      label.factorText = label.texts[0].cloneNode();
      for (const own of ["class", "style", "role", "tabindex", "aria-label"]) label.factorText.removeAttribute(own);
      label.factorText.setAttribute("y", label.middle + 4.5);
      label.factorText.setAttribute("text-anchor", "start");
      label.texts[0].parentNode.append(label.factorText);
    }
    arrange(label, factor);
  }
  if (label.kind === "heat") shadeCells(label, values);
  const odd = !values.every(Number.isFinite);
  if (odd || label.odd) ring(label, odd);
  label.odd = odd;
};

// The page below the figure

const make = (tag, parts, parent) => parent.appendChild(Object.assign(document.createElement(tag), parts));
const bar = document.createElement("div");
bar.className = "bpviz-bar";
const reset = make("button", {type: "button", textContent: words.reset, disabled: true}, bar);
const hint = make("p", {className: "bpviz-hint", textContent: words.hint}, bar);
const said = make("p", {className: "bpviz-said", role: "status"}, bar);
const stale = make("p", {className: "bpviz-warning", hidden: true}, bar);
figure.querySelector(".bpviz-picture").after(bar);
const caption = figure.querySelector("figcaption");
// The table stands after the figure, and is read after this script.
const table = () => (figure.nextElementSibling?.matches("article.bpviz-page") ? figure.nextElementSibling : null);
const drawnTitle = svg.querySelector("desc").textContent === document.title;

const changed = () => [...elements].filter(([, slot]) => !Object.is(v[slot], start[slot]));
const update = () => {
  compute();
  const lines = [...new Set(data.guards.filter(differs).map(guard => guard.line))].sort((a, b) => a - b);
  const edited = changed().length > 0;
  for (const label of labels) {
    show(label);
    // What the inputs are is true in any case.
    label.group.classList.toggle("bpviz-stale", lines.length > 0 && !label.input);
  }
  for (const {part, pieces} of view.titles) write(groups[part].querySelector("title"), joined(pieces, written));
  for (const note of view.notes) {
    const terms = note.terms?.map(slot => N.number(v[slot], data.precision));
    const tail = terms ? `${signed(terms)} = ${written(note.whole)}` : written(note.whole);
    setTail([...groups[note.part].querySelectorAll("text")], note.tail, tail);
    note.tail = tail;
    groups[note.part].querySelector("title").textContent = note.head + tail;
  }
  const text = joined(view.description, ([slots, shape]) => N.line(slots.map(slot => v[slot]), shape, data.precision));
  for (const element of [svg.querySelector("desc"), caption]) write(element, text);
  if (drawnTitle) document.title = text;
  stale.hidden = !lines.length;
  stale.textContent = lines.map(line => filled(words.stale, {line})).join(" ");
  reset.disabled = !edited;
  for (const {text: element, slot} of handles) {
    element.setAttribute("aria-valuenow", v[slot]);
    element.setAttribute("aria-valuetext", N.number(v[slot], data.precision));
  }
  return lines;
};

const announce = names => {
  const now = names.map(name => `${name} = ${N.number(v[elements.get(name)], data.precision)}`).join(", ");
  const output = named.get(data.output);
  said.textContent = `${now}: ${data.output} = ${written([output.value, output.shape])}`;
};
// Browsers allow few changes of the address in a second. Each function in `kept` returns more of it: step=4
const kept = [];
let waiting = 0;
const remember = () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, 150);
};
const alone = () => document.querySelectorAll("figure.bpviz-figure").length === 1;
const keep = () => {
  if (!alone()) return;
  // In an address a plus is a space: 1e300
  const inputs = changed().map(([name, slot]) => `${encodeURIComponent(name)}=${String(v[slot]).replace("+", "")}`);
  const state = [...inputs, ...kept.flatMap(more => more())].join("&");
  try {
    history.replaceState(null, "", state ? `#${state}` : location.pathname + location.search);
  } catch {
    // A page in a frame may have no address of its own.
  }
};
const change = (pairs, lasting = true) => {
  for (const [slot, number] of pairs) v[slot] = number;
  update();
  const names = pairs.map(([slot]) => nameOf.get(slot));
  if (names.length) announce(names.slice(0, 4));
  if (lasting) remember();
  figure.dispatchEvent(new CustomEvent("bpviz-change", {bubbles: true, detail: {changed: names}}));
};
const restore = () => change([...elements.values()].filter(slot => !Object.is(v[slot], start[slot])).map(slot => [slot, start[slot]]));
reset.addEventListener("click", restore);

// Editing

const stepOf = (x, fine) => {
  const size = Math.abs(x);
  return 10 ** ((size ? Math.floor(Math.log10(size)) : 0) - 1) / (fine ? 10 : 1);
};
// A whole number of steps, without rounding errors at the end
const moved = (x, count, step) => Number((Math.round(x / step + count) * step).toPrecision(12));

const field = (element, slot, first = "") => {
  const frame = figure.querySelector(".bpviz-picture"), box = element.getBoundingClientRect();
  const outer = frame.getBoundingClientRect();
  const input = make("input", {type: "text", className: "bpviz-field", inputMode: "decimal", autocomplete: "off"}, frame);
  input.setAttribute("aria-label", nameOf.get(slot));
  input.value = first || String(v[slot]);
  // Not over the edges, where it would be cut.
  input.style.left = `${Math.max(62, box.left + box.width / 2 - outer.left + frame.scrollLeft)}px`;
  input.style.top = `${Math.max(20, box.top + box.height / 2 - outer.top + frame.scrollTop)}px`;
  let open = true;
  const close = take => {
    if (!open) return;
    open = false;
    const text = input.value.trim().replace(N.MINUS, "-"), number = Number(text);
    input.remove();
    if (take && text && number === number) {
      if (!Object.is(number, v[slot])) change([[slot, number]]);
    } else if (take && text) said.textContent = filled(words.wrong, {text});
    element.focus();
  };
  input.addEventListener("keydown", event => {
    event.stopPropagation();
    if (event.key === "Enter") close(true);
    if (event.key === "Escape") close(false);
  });
  input.addEventListener("blur", () => close(true));
  input.focus();
  if (!first) input.select();
};

const KEYS = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10};
let handles = [];
const arm = label => {
  if (!label.input || label.kind === "heat" || label.texts.length !== label.value[0].length) return;
  label.group.setAttribute("role", "group");
  label.texts.forEach((text, i) => {
    const slot = label.value[0][i];
    handles.push({text, slot});
    text.classList.add("bpviz-handle");
    const about = {tabindex: 0, role: "spinbutton", "aria-label": nameOf.get(slot)};
    for (const [key, one] of Object.entries(about)) text.setAttribute(key, one);
    let from = null;
    text.addEventListener("pointerdown", event => {
      if (event.button) return;
      from = {x: event.clientX, number: v[slot], dragged: false};
      text.setPointerCapture(event.pointerId);
      event.preventDefault();
      text.focus();
    });
    text.addEventListener("pointermove", event => {
      if (!from) return;
      const way = event.clientX - from.x;
      if (!from.dragged && Math.abs(way) < 4) return;
      from.dragged = true;
      change([[slot, moved(from.number, Math.round(way / 5), stepOf(from.number, event.shiftKey))]], false);
    });
    text.addEventListener("pointerup", () => {
      const was = from;
      from = null;
      if (was && !was.dragged) field(text, slot);
      else if (was) remember();
    });
    text.addEventListener("pointercancel", () => (from = null));
    text.addEventListener("keydown", event => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const by = KEYS[event.key];
      if (by) change([[slot, moved(v[slot], by, stepOf(v[slot] || start[slot], event.shiftKey))]]);
      else if (event.key === "Enter") field(text, slot);
      else if (event.key === "Home") change([[slot, start[slot]]]);
      else if (/^[-.0-9]$/.test(event.key)) field(text, slot, event.key);
      else return;
      event.preventDefault();
    });
  });
};
labels.forEach(arm);

hint.hidden = !handles.length;

// For scripts of the page

const flat = (given, shape, name) => {
  if (!shape.length) {
    if (typeof given !== "number") throw new TypeError(`${name} is a number, but got ${typeof given}`);
    return [given];
  }
  if (!Array.isArray(given) || given.length !== shape[0]) {
    throw new TypeError(`${name} has the shape ${N.shapeText(shape)} here; give lists of these lengths`);
  }
  return given.flatMap(one => flat(one, shape.slice(1), name));
};
const found = name => {
  const one = named.get(name);
  if (!one) throw new RangeError(`there is no value named ${name}; there are: ${[...named.keys()].join(", ")}`);
  return one;
};
const api = {
  set(given) {
    const pairs = Object.entries(given).flatMap(([name, number]) => {
      if (elements.has(name)) return [[elements.get(name), flat(number, [], name)[0]]];
      const {shape, value, input} = found(name);
      if (!input) throw new RangeError(`${name} is no input that can be changed here`);
      const numbers = flat(number, shape, name);
      return value.map((slot, i) => [slot, numbers[i]]);
    });
    change(pairs);
  },
  value: name => nested(found(name).value, found(name).shape),
  gradient: name => nested(found(name).gradient, found(name).shape),
  output: data.output,
  inputs: inputs.map(one => one.name),
  get stale() {
    return [...new Set(data.guards.filter(differs).map(guard => guard.line))];
  },
  reset: restore,
};
Object.defineProperty(figure, "bpviz", {value: api});

// The address: #tax=1.2; what it does not name is as it was at first. Addresses such as #chapter mean other things.
const stated = () => new URLSearchParams(location.hash.slice(1));
const onAddress = listener => addEventListener("hashchange", () => /^#?$|=/.test(location.hash) && listener());
const follow = () => {
  const wanted = new Map((alone() ? changed() : []).map(([, slot]) => [slot, start[slot]]));
  for (const [name, text] of stated()) {
    const number = Number(text.trim().replace(" ", "+"));
    if (elements.has(name) && text.trim() && (number === number || text === "NaN")) wanted.set(elements.get(name), number);
  }
  const pairs = [...wanted].filter(([slot, number]) => !Object.is(v[slot], number));
  if (pairs.length) change(pairs, false);
};
onAddress(follow);
update();
follow();
