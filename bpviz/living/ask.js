// What a reader asks: the rule of a step, the chain of a value, with the numbers of now. The way to the output is lit.
{
  const {answers, edges} = data.ask, frame = figure.querySelector(".bpviz-picture");
  const panel = document.createElement("section");
  panel.className = "bpviz-panel";
  panel.hidden = true;
  panel.style.fontFamily = svg.getAttribute("font-family");
  bar.after(panel);
  const shut = make("button", {type: "button", textContent: "×", ariaLabel: words.close}, panel);
  const what = make("p", {className: "bpviz-what"}, panel), list = make("dl", {}, panel);
  const heard = make("p", {className: "bpviz-heard", role: "status"}, bar);
  let answerOf, stops, asked = null, lines = [];

  const factor = ([slot, raised]) => {
    const text = N.number(v[slot], data.precision);
    return text[0] === N.MINUS || (raised && text.includes("×")) ? `(${text})` : text;
  };
  const textOf = piece => {
    if (typeof piece === "string") return piece;
    if (typeof piece === "number") return N.number(v[piece], data.precision);
    const [kind, ...rest] = piece;
    if (kind === "a") return N.line(rest[0].map(slot => v[slot]), rest[1], data.precision);
    if (kind === "n") return N.number(Math.hypot(...rest.map(slot => v[slot])), data.precision);
    return kind === "+" ? signed(rest.map(textOf)) : factor(piece);
  };
  // Write pieces into an element; return the texts of its numbers.
  const TAGS = {_: "sub", "^": "sup"};
  const write = (element, pieces) => {
    element.replaceChildren();
    const now = [];
    for (const piece of pieces) {
      const tag = Array.isArray(piece) && TAGS[piece[0]];
      if (tag) make(tag, {textContent: piece[1]}, element).style.fontStyle = piece[2] ? "italic" : "";
      else if (typeof piece !== "string") now.push([element.appendChild(document.createTextNode(textOf(piece))), piece]);
      // Between two of these characters, a text is in italics.
      else piece.split("\ue000").forEach((text, i) => text && element.append(i % 2 ? make("i", {textContent: text}, element) : text));
    }
    return now;
  };

  // The parts on the ways from a node to the output, and around a step: edges are in the order of computation.
  const waysFrom = part => {
    const {n: start, s: step} = answers[answerOf.get(part)], nodes = new Set([start]), found = [];
    for (let i = 0; i < edges.length; i += 2) {
      const follows = nodes.has(edges[i]);
      if (follows) nodes.add(edges[i + 1]);
      if (follows || (step && edges[i + 1] === start)) found.push(i / 2);
    }
    return [found, nodes];
  };
  const onPath = path => [path, new Set(path.map(edge => edges[2 * edge + 1]))];
  const along = (part, [path, nodes]) => {
    const parts = new Set([part]), found = new Set(path);
    for (const [wire, from, to, seeded, ...own] of view.wires) {
      if (nodes.has(seeded) || own.some(edge => found.has(edge))) [wire, from, to].forEach(one => parts.add(one));
    }
    return parts;
  };
  let lights = {};
  const light = (name, part, path) => {
    if (lights[name] === part && !path) return;
    lights[name] = path ? undefined : part;
    const parts = part === null ? null : along(part, path ? onPath(path) : waysFrom(part));
    svg.classList.toggle(`${name}-ways`, parts?.size > 1);
    groups.forEach((group, i) => group.classList.toggle(name, !!parts?.has(i)));
  };

  const refresh = () => {
    if (asked === null) return;
    more.forEach(step => step(v));
    for (const [text, piece] of lines) text.data = textOf(piece);
    panel.classList.toggle("bpviz-stale", data.guards.some(differs));
  };
  // A figure that leaves no room for the panel scrolls in its frame; what is asked stays where it is.
  const makeRoom = part => {
    const before = groups[part].getBoundingClientRect().top;
    frame.classList.remove("bpviz-asking");
    if (asked !== null && window === parent) {
      const below = panel.getBoundingClientRect().bottom - frame.getBoundingClientRect().bottom;
      frame.style.setProperty("--room", `${Math.max(0.4 * innerHeight, innerHeight - below - 8)}px`);
      frame.classList.add("bpviz-asking");
    }
    const moved = () => groups[part].getBoundingClientRect().top - before;
    frame.scrollTop += moved();
    scrollBy(0, moved());
    if (asked === null) return;
    // What is asked is seen in any case; a long panel may end below the window.
    for (const one of [panel, groups[part]]) one.scrollIntoView({block: "nearest", inline: "nearest"});
  };
  const ask = part => {
    const was = asked;
    groups[was]?.removeAttribute("aria-pressed");
    asked = part;
    light("bpviz-lit", part);
    panel.hidden = part === null;
    if (part === null) {
      if (groups[was]) makeRoom(was);
      return;
    }
    more.forEach(step => step(v));
    const {t: title, r: rows} = answers[answerOf.get(part)];
    if (stops.includes(part)) groups[part].setAttribute("aria-pressed", true);
    write(what, title);
    panel.setAttribute("aria-label", what.textContent);
    list.replaceChildren();
    let before;
    lines = rows.flatMap(([heading, pieces, more]) => {
      make("dt", {textContent: heading === before ? "" : heading}, list);
      before = heading || before;
      const line = make("dd", {className: more === 1 ? "bpviz-code" : ""}, list);
      // A line of code is as it is.
      const now = more === 1 ? (line.append(...pieces), []) : write(line, pieces);
      line.classList.toggle("bpviz-vary", now.length > 0);
      if (more?.length) {
        // The line of a path lights this path alone.
        line.classList.add("bpviz-path");
        line.tabIndex = 0;
        for (const on of ["pointerenter", "focus"]) line.addEventListener(on, () => light("bpviz-lit", part, more));
        for (const off of ["pointerleave", "blur"]) line.addEventListener(off, () => light("bpviz-lit", asked));
      }
      return now;
    });
    refresh();
    makeRoom(part);
    const said = [...list.querySelectorAll("dd")].slice(0, 2).map(line => line.textContent).join("; ");
    heard.textContent = `${what.textContent}: ${said}`;
  };
  const close = () => {
    ask(null);
    heard.textContent = "";
  };
  shut.addEventListener("click", close);
  addEventListener("resize", () => asked !== null && makeRoom(asked));
  figure.addEventListener("bpviz-change", refresh);
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape" || asked === null || event.defaultPrevented) return;
    // The walk stays where it is.
    event.preventDefault();
    close();
  });

  const partOf = event => {
    const part = groups.indexOf(event.target.closest("svg.bpviz > g"));
    return answerOf.has(part) ? part : null;
  };
  const reach = part => {
    for (const stop of stops) groups[stop].setAttribute("tabindex", stop === part ? 0 : -1);
  };
  frame.addEventListener("click", event => {
    const part = partOf(event);
    // A click on a number of an input opens a field; one beside the figure closes the panel.
    if (event.defaultPrevented || event.target.closest(".bpviz-handle, .bpviz-field")) return;
    if (part !== null) ask(part);
    else if (asked !== null) close();
  });
  frame.addEventListener("pointerover", event => light("bpviz-over", partOf(event)));
  frame.addEventListener("pointerleave", () => light("bpviz-over", null));
  frame.addEventListener("focusin", event => {
    const part = partOf(event);
    if (part === null) return;
    light("bpviz-over", part);
    if (stops.includes(part)) reach(part);
    // An open panel follows the focus.
    if (asked !== null && asked !== part) ask(part);
  });
  frame.addEventListener("focusout", () => light("bpviz-over", null));
  const AWAY = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
  frame.addEventListener("keydown", event => {
    const at = stops.indexOf(groups.indexOf(event.target));
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") ask(stops[at]);
    else if (AWAY[event.key]) groups[stops[(at + AWAY[event.key] + stops.length) % stops.length]].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // The keyboard reaches one part with Tab, the others with arrows; numbers of inputs are reached by themselves.
  const dress = () => {
    answerOf = new Map();
    for (let i = 0; i < view.asks.length; i += 2) answerOf.set(view.asks[i], view.asks[i + 1]);
    stops = [...answerOf.keys()].filter(part => {
      const group = groups[part];
      group.classList.add("bpviz-ask");
      return group.querySelector("text") && !group.querySelector(".bpviz-handle");
    });
    for (const stop of stops) groups[stop].setAttribute("role", "button");
    reach(stops.find(stop => answers[answerOf.get(stop)].s) ?? stops[0]);
  };
  dress();
  figure.addEventListener("bpviz-view", () => {
    dress();
    [asked, lights] = [null, {}];
    groups.forEach(group => group.removeAttribute("aria-pressed"));
    ask(null);
    light("bpviz-over", null);
    frame.classList.remove("bpviz-asking");
  });
}
