// The walk: the figure step by step, each with its sentence, in the numbers of now. The last step is the whole.
{
  const still = matchMedia("(prefers-reduced-motion:reduce)");
  let walk, whole, numbers, scenes;
  const stage = () => {
    walk = view.walk;
    whole = walk.sentences.length;
    numbers = new Set(labels.flatMap(label => [...label.texts, ...label.cells, ...(label.brackets ?? [])]));
    scenes = [];
    for (const [part, forward, backward] of walk.wires) {
      for (const element of groups[part].querySelectorAll(":scope > g > *")) {
        const line = element.matches("path:not(.bracket, .bar, .mark)"), back = element.parentNode.matches(".backward");
        scenes.push({element, line, back, steps: [back ? backward : forward]});
      }
    }
    for (const [part, ...steps] of walk.boxes) {
      const element = groups[part].querySelector("circle, rect");
      if (element) scenes.push({element, line: true, box: true, steps});
    }
    for (const {element} of scenes) element.style.setProperty("--w", element.getAttribute("stroke-width") ?? 1);
  };
  stage();

  const sentence = make("p", {className: "bpviz-sentence", textContent: words.walk}, bar);
  sentence.setAttribute("role", "status");
  const row = make("div", {className: "bpviz-row"}, bar);
  bar.prepend(sentence, row);
  const pressed = (text, name, parent, action) => {
    const button = make("button", {type: "button", textContent: text}, parent);
    if (name) button.setAttribute("aria-label", name);
    button.addEventListener("click", action);
    return button;
  };
  const called = (control, name) => (control.setAttribute("aria-label", name), control);
  let at = whole, open = true, timer = 0;
  pressed("◀", words.back, row, () => turn(-1));
  pressed("▶", words.next, row, () => turn(1));
  const player = pressed(words.play, "", row, () => play(!timer));
  const scale = called(make("input", {type: "range", min: 0, max: whole, value: whole}, row), words.step);
  const speed = called(make("select", {}, row), words.speed);
  for (const times of [0.5, 1, 2, 4]) make("option", {value: times, textContent: `${times}×`, selected: times === 1}, speed);
  const guess = make("input", {type: "checkbox"}, make("label", {textContent: words.guess}, row));
  guess.parentNode.prepend(guess);
  const reveal = pressed(words.reveal, "", row, () => uncover());

  const telling = ([slots, shape, how]) => {
    if (how === "sum") {
      const texts = slots.map(slot => N.number(v[slot], data.precision));
      if (texts.length <= 4) return signed(texts);
      return `${signed(texts.slice(0, 3))} + …${signed(["", texts.at(-1)])}`;
    }
    if (how === "spoken") return N.line(slots.map(slot => v[slot]), shape, data.precision);
    const text = written([slots, shape]);
    return (how === "bracketed" && /[-×−]/.test(text)) || (how === "signed" && text[0] === N.MINUS) ? `(${text})` : text;
  };
  // −x = −1.74 is written once.
  const once = text => text.split(" = ").filter((side, i, sides) => side !== sides[i - 1]).join(" = ");
  // Numbers that were given are no riddle.
  const asks = () => guess.checked && !open && at < whole && walk.sentences[at].some(piece => Array.isArray(piece) && piece[3]);
  const stepText = () => filled(words.steps, {number: at + 1, count: whole + 1});
  const paint = () => {
    const covered = asks();
    svg.parentNode.classList.toggle("bpviz-walking", at < whole);
    for (const {element, line, back, box, steps} of scenes) {
      const now = at < whole && steps.includes(at), later = !box && at < whole && steps[0] > at;
      element.classList.toggle("bpviz-later", (later && (back || !line)) || (covered && now && numbers.has(element)));
      element.classList.toggle("bpviz-pale", later && line && !back);
      element.classList.toggle("bpviz-now", now && line);
    }
    // Notes have sums of gradients.
    for (const {part} of view.notes) groups[part].classList.toggle("bpviz-later", at < whole);
    // What an edit has added stands with its number.
    for (const {texts, ring, factorText} of labels) {
      for (const one of [ring, factorText]) one?.classList.toggle("bpviz-later", texts[0]?.matches(".bpviz-later") ?? false);
    }
    const small = document.createElement("small");
    small.textContent = stepText();
    const text = at === whole ? words.walk : once(joined(walk.sentences[at], piece => (covered && piece[3] ? "?" : telling(piece))));
    sentence.replaceChildren(...(at === whole ? [] : [small, " "]), text);
    scale.value = at;
    scale.setAttribute("aria-valuetext", stepText());
    reveal.hidden = !guess.checked;
    reveal.disabled = !covered;
    if (caption) caption.hidden = at < whole;
    for (const one of [said, table()]) one?.classList.toggle("bpviz-covered", guess.checked && at < whole);
  };
  // A picture wider than its window moves to what the step shows.
  const look = () => {
    const frame = figure.querySelector(".bpviz-picture"), places = scenes.filter(({element}) => element.matches(".bpviz-now"));
    if (frame.scrollWidth <= frame.clientWidth || !places.length) return;
    const boxes = places.map(({element}) => element.getBoundingClientRect());
    const middle = (Math.min(...boxes.map(box => box.left)) + Math.max(...boxes.map(box => box.right))) / 2;
    const outer = frame.getBoundingClientRect();
    const left = frame.scrollLeft + middle - outer.left - frame.clientWidth / 2;
    frame.scrollTo({left, behavior: still.matches ? "instant" : "smooth"});
  };
  const go = to => {
    at = Math.max(0, Math.min(whole, to));
    open = false;
    paint();
    look();
    remember();
  };
  const uncover = () => {
    open = true;
    paint();
  };
  // After the whole comes the first step.
  const onward = by => (by > 0 && asks() ? uncover() : go(by > 0 && at === whole ? 0 : at + by));
  const turn = by => {
    play(false);
    onward(by);
  };
  const play = on => {
    clearTimeout(timer);
    timer = 0;
    player.textContent = on ? words.pause : words.play;
    if (on && at === whole) go(0);
    if (on) timer = setTimeout(tick, (1000 * walk.seconds) / speed.value);
  };
  const tick = () => {
    onward(1);
    play(at < whole);
  };
  scale.addEventListener("input", () => {
    play(false);
    go(Number(scale.value));
  });
  guess.addEventListener("change", () => {
    open = false;
    paint();
  });
  figure.addEventListener("bpviz-change", paint);
  // The page turns to another drawing, which has other steps.
  figure.addEventListener("bpviz-view", () => {
    play(false);
    stage();
    scale.max = at = whole;
    paint();
  });
  document.addEventListener("keydown", event => {
    const by = {ArrowRight: 1, ArrowLeft: -1, Escape: 0}[event.key], {target} = event;
    if (by === undefined || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const free = alone() && (target === document.body || target === document.documentElement);
    if (!free && (!figure.contains(target) || target.closest("input, select, textarea, [role=spinbutton]"))) return;
    if (!by && at === whole) return;
    event.preventDefault();
    if (by) turn(by);
    else {
      play(false);
      go(whole);
    }
  });
  // The address: #step=4
  const first = walk.opens ? 0 : whole;
  const isState = !elements.has("step");
  const followStep = () => {
    const given = isState ? stated().get("step") : null, step = given === null ? first : Number(given) - 1;
    if (Number.isInteger(step) && step !== at && (given !== null || alone())) go(step);
  };
  followStep();
  if (isState) {
    kept.push(() => (at === first ? [] : [`step=${at + 1}`]));
    onAddress(followStep);
  }
  paint();
}
