// Learn: gradient descent on the inputs that are not frozen, from what they are now.
{
  const learned = data.learn.map(name => named.get(name)).flatMap(one => one.value.map((slot, i) => [slot, one.gradient[i]]));
  const [loss] = named.get(data.output).value, watched = [loss, ...inputs.flatMap(one => one.gradient)];
  const school = make("div", {className: "bpviz-row"}, bar);
  // Walking, editing and learning stand in this order.
  said.before(school);
  make("strong", {textContent: words.learn}, school);
  const knob = (text, action) => {
    const button = make("button", {type: "button", textContent: text}, school);
    button.addEventListener("click", action);
    return button;
  };
  knob(words.one, () => {
    run(false);
    learn();
    remember();
  });
  const runner = knob(words.run, () => run(!racing));
  const rates = make("label", {textContent: words.rate}, school);
  const rate = make("input", {type: "range", min: -4, max: 1, step: 0.05, value: -1}, rates), shownRate = make("output", {}, rates);
  const rateNow = () => Number((10 ** rate.value).toPrecision(2));
  const lesson = make("p", {className: "bpviz-warning", role: "status", hidden: true}, bar);
  school.after(lesson);
  const drawing = (tag, about, parent, text = "") => {
    const element = parent.appendChild(document.createElementNS(NS, tag));
    for (const [key, one] of Object.entries(about)) element.setAttribute(key, one);
    element.textContent = text;
    return element;
  };
  const curve = drawing("svg", {class: "bpviz-curve", viewBox: "0 0 340 104", role: "img"}, bar);
  lesson.after(curve);
  let losses = [], racing = 0, learning = false;

  const plot = () => {
    curve.style.display = losses.length > 1 ? "" : "none";
    curve.replaceChildren();
    if (losses.length < 2) return;
    const text = x => N.number(x, data.precision), last = losses.length - 1;
    const finite = losses.filter(Number.isFinite), [low, high] = [Math.min(...finite), Math.max(...finite)];
    const height = y => 82 - 54 * (high > low ? (y - low) / (high - low) : 0.5);
    const points = losses.map((y, x) => [80 + (240 * x) / last, y]).filter(([, y]) => Number.isFinite(y));
    drawing("path", {class: "bpviz-axes", d: "M80,24V84H320"}, curve);
    drawing("path", {class: "bpviz-losses", d: `M${points.map(([x, y]) => `${x.toFixed(2)},${height(y).toFixed(2)}`).join("L")}`}, curve);
    const [x, y] = points.at(-1);
    drawing("circle", {cx: x, cy: height(y), r: 3}, curve);
    drawing("text", {x: 80, y: 14}, curve, data.output);
    for (const level of new Set([low, high])) drawing("text", {x: 74, y: height(level) + 4, "text-anchor": "end"}, curve, text(level));
    drawing("text", {x: 80, y: 98}, curve, "0");
    drawing("text", {x: 320, y: 98, "text-anchor": "end"}, curve, String(last));
    drawing("text", {x: 200, y: 98, "text-anchor": "middle"}, curve, words.along);
    curve.setAttribute("aria-label", `${data.output}: ${text(losses[0])} → ${text(losses[last])}, ${words.along} ${last}`);
  };
  const finite = () => watched.every(slot => Number.isFinite(v[slot]));
  const obstacle = () => {
    if (!finite()) return losses.length > 1 ? filled(words.diverges, {number: losses.length - 1}) : words.never;
    const [line] = api.stale;
    return line === undefined ? "" : filled(words.otherwise, {line});
  };
  const report = () => {
    lesson.textContent = obstacle();
    lesson.hidden = !lesson.textContent;
  };
  // One step; false where there is none.
  const learn = (by = rateNow()) => {
    report();
    if (!lesson.hidden) return false;
    if (!losses.length) losses = [v[loss]];
    learning = true;
    change(learned.map(([slot, gradient]) => [slot, v[slot] - by * v[gradient]]), false);
    learning = false;
    losses.push(v[loss]);
    report();
    plot();
    return true;
  };
  const run = on => {
    clearTimeout(racing);
    if (racing && !on) remember();
    racing = 0;
    runner.textContent = on ? words.stop : words.run;
    // Ten steps in a second are not read aloud.
    said.setAttribute("aria-live", on ? "off" : "polite");
    if (on) racing = setTimeout(() => run(learn() && lesson.hidden), 100);
  };
  const showRate = () => {
    shownRate.textContent = N.number(rateNow(), data.precision);
    rate.setAttribute("aria-valuetext", shownRate.textContent);
  };
  rate.addEventListener("input", showRate);
  figure.addEventListener("bpviz-change", () => {
    if (learning) return;
    run(false);
    losses = [];
    lesson.hidden = true;
    plot();
  });
  api.descend = ({rate: by = 0.1, steps: count = 1} = {}) => {
    if (!(by > 0 && by < Infinity)) throw new RangeError(`rate is the share of the gradient that is subtracted, above 0, but got ${by}`);
    if (!(Number.isInteger(count) && count > 0)) throw new RangeError(`steps is how many steps are taken, from 1 on, but got ${count}`);
    run(false);
    const first = [v[loss]];
    while (first.length <= count && learn(by)) first.push(v[loss]);
    remember();
    return first;
  };
  showRate();
  plot();
}
