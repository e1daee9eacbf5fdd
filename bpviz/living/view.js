// The view of a figure that is larger than its frame: zoom by buttons, keys, Ctrl and wheel, or two fingers; the frame
// scrolls. A figure that fits leaves wheel and fingers to the page.
{
  const frame = figure.querySelector(".bpviz-picture"), LARGEST = 4, STEP = 1.25;
  const tools = document.createElement("span");
  tools.className = "bpviz-tools";
  tools.hidden = true;
  hint.after(tools);
  const whole = () => svg.width.baseVal.value;
  const size = () => svg.getBoundingClientRect().width;
  const fitting = () => Math.min(whole(), frame.clientWidth, 0.8 * innerHeight * (svg.viewBox.baseVal.width / svg.viewBox.baseVal.height));
  const isLarge = () => whole() > fitting() + 1;

  // The point at (x, y) of the window stays where it is.
  const zoom = (wanted, x, y) => {
    const outer = frame.getBoundingClientRect(), box = svg.getBoundingClientRect();
    x ??= outer.left + outer.width / 2;
    y ??= outer.top + outer.height / 2;
    const [right, down] = [(x - box.left) / box.width, (y - box.top) / box.height];
    const width = Math.max(Math.min(fitting(), whole() / 2), Math.min(wanted, LARGEST * whole()));
    frame.classList.add("bpviz-zoomed");
    frame.style.setProperty("--zoom", `${width}px`);
    const now = svg.getBoundingClientRect();
    frame.scrollLeft += now.left + right * now.width - x;
    frame.scrollTop += now.top + down * now.height - y;
  };
  const fit = () => zoom(fitting());
  const by = (factor, x, y) => zoom(size() * factor, x, y);
  for (const [text, label, act] of [["−", words.out, () => by(1 / STEP)], ["+", words.in, () => by(STEP)], [words.fit, words.fit, fit]]) {
    make("button", {type: "button", textContent: text, ariaLabel: label}, tools).addEventListener("click", act);
  }
  const look = () => {
    const large = isLarge();
    tools.hidden = !large;
    frame.classList.toggle("bpviz-large", large);
    if (!large) frame.classList.remove("bpviz-zoomed");
  };
  new ResizeObserver(look).observe(frame);
  addEventListener("resize", look);
  figure.addEventListener("bpviz-view", () => {
    frame.classList.remove("bpviz-zoomed");
    look();
  });

  frame.addEventListener("wheel", event => {
    if (!event.ctrlKey || tools.hidden) return;
    event.preventDefault();
    by(Math.exp(-0.01 * Math.max(-50, Math.min(50, event.deltaY))), event.clientX, event.clientY);
  }, {passive: false});
  const KEYS = {"+": () => by(STEP), "=": () => by(STEP), "-": () => by(1 / STEP), 0: fit};
  frame.addEventListener("keydown", event => {
    const act = KEYS[event.key];
    if (!act || tools.hidden || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });

  let pinch = null;
  const apart = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  frame.addEventListener("touchstart", event => {
    pinch = event.touches.length === 2 && !tools.hidden ? {width: size(), apart: apart(event.touches)} : null;
  }, {passive: true});
  frame.addEventListener("touchmove", event => {
    if (!pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const [a, b] = event.touches;
    zoom((pinch.width * apart(event.touches)) / pinch.apart, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
  }, {passive: false});

  // A mouse drags the figure, except for a number; fingers scroll it anyway.
  let from = null, dragged = false;
  frame.addEventListener("pointerdown", event => {
    dragged = false;
    const scrolls = frame.scrollWidth > frame.clientWidth || frame.scrollHeight > frame.clientHeight;
    if (event.pointerType !== "mouse" || event.button || !scrolls || event.target.closest(".bpviz-handle, .bpviz-field")) return;
    from = {x: event.clientX + frame.scrollLeft, y: event.clientY + frame.scrollTop};
  });
  frame.addEventListener("pointermove", event => {
    if (!from) return;
    const [left, top] = [from.x - event.clientX, from.y - event.clientY];
    if (!dragged && Math.hypot(left - frame.scrollLeft, top - frame.scrollTop) < 4) return;
    if (!dragged) frame.setPointerCapture(event.pointerId);
    dragged = true;
    frame.scrollTo(left, top);
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => (from = null));
  frame.addEventListener("click", event => {
    if (dragged) event.stopPropagation();
    dragged = false;
  }, true);

  // A letter at the end of a row leads to its other end; the address keeps the state.
  frame.addEventListener("click", event => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    const end = svg.getElementById(link.getAttribute("href").slice(1));
    svg.querySelector(".bpviz-target")?.classList.remove("bpviz-target");
    end.classList.add("bpviz-target");
    end.querySelector("a").focus({preventScroll: true});
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    end.scrollIntoView({block: "center", inline: "center", behavior: still ? "auto" : "smooth"});
  });
}
