// Groups are opened and closed: the page turns to another drawing of the same numbers.
{
  const frame = figure.querySelector(".bpviz-picture"), others = [...figure.querySelectorAll("template")];
  const views = [data, ...data.layouts], shown = new Map([[data, {svg, groups, labels, handles}]]);
  const back = document.createElement("button");
  Object.assign(back, {type: "button", textContent: words.drawn, hidden: true});
  reset.after(back);

  // The nearest drawing in which some groups are open or closed.
  const nearest = wanted => {
    const apart = one => one.state.filter((state, at) => state !== view.state[at]).length;
    const found = views.filter(one => wanted.every(([at, state]) => one.state[at] === state));
    return found.sort((one, other) => apart(one) - apart(other))[0];
  };
  const turn = next => {
    if (next === view) return;
    const known = shown.get(next);
    const drawing = known?.svg ?? document.importNode(others[views.indexOf(next) - 1].content, true).querySelector("svg");
    svg.replaceWith(drawing);
    [view, svg, groups] = [next, drawing, partsOf(drawing)];
    if (known) ({labels, handles} = known);
    else {
      labels = bind();
      handles = [];
      labels.forEach(arm);
      shown.set(next, {svg, groups, labels, handles});
      dress();
    }
    frame.style.setProperty("--half", `${svg.width.baseVal.value / 2}px`);
    hint.hidden = !handles.length;
    back.hidden = view === data;
    update();
    figure.dispatchEvent(new CustomEvent("bpviz-view"));
  };
  const toggle = ([, at, state]) => {
    const next = nearest([[at, state]]);
    turn(next);
    remember();
    const here = groups[view.folds.find(fold => fold[1] === at)?.[0]];
    here?.focus();
    said.textContent = state ? filled(words.open, {title: data.toggles[at]}) : (here?.querySelector("title").textContent ?? "");
  };
  back.addEventListener("click", () => {
    turn(data);
    remember();
    groups[data.folds[0][0]].focus();
  });

  const foldOf = event => {
    const part = groups.indexOf(event.target.closest(".bpviz-fold"));
    return view.folds.find(fold => fold[0] === part);
  };
  frame.addEventListener("click", event => {
    const fold = foldOf(event);
    if (fold) toggle(fold);
  });
  frame.addEventListener("keydown", event => {
    const fold = foldOf(event);
    if (!fold || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    toggle(fold);
  });
  const dress = () => {
    const known = new Set();
    for (const [part, at, state] of view.folds) {
      if (!nearest([[at, state]])) continue;
      groups[part].classList.add("bpviz-fold");
      // Groups of one title open together: the keyboard stops at the first.
      const about = {role: "button", tabindex: known.has(at) ? -1 : 0, "aria-expanded": !state};
      known.add(at);
      for (const [key, one] of Object.entries(about)) groups[part].setAttribute(key, one);
    }
  };
  dress();

  // The address: #open=attention&close=norm. A name of the model comes first.
  const KEYS = ["close", "open"].map(key => (elements.has(key) ? `${key} group` : key));
  kept.push(() =>
    data.toggles.flatMap((title, at) =>
      view.state[at] === data.state[at] || view.state[at] > 1 ? [] : [`${encodeURIComponent(KEYS[view.state[at]])}=${encodeURIComponent(title)}`]),
  );
  const read = () => {
    const given = stated();
    const wanted = KEYS.flatMap((key, state) => given.getAll(key).map(title => [data.toggles.indexOf(title), state]));
    if (wanted.length) turn(nearest(wanted.filter(([at]) => at >= 0)) ?? view);
    else if (alone()) turn(data);
  };
  onAddress(read);
  read();
}
