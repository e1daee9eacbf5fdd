// In a page with frames of living figures: they are as high as their figures, and dark where the page is dark.
(() => {
  const done = Symbol.for("bpviz");
  if (window[done]) return;
  window[done] = true;
  const frames = () => document.querySelectorAll("iframe.bpviz-frame");
  // The ground that a reader sees behind an element; null where nothing says its colour.
  const isDark = element => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      const found = /^rgba?\((\d+),\s*(\d+),\s*(\d+)(?:,\s*([\d.]+))?\)$/.exec(getComputedStyle(at).backgroundColor);
      if (!found) return null;
      const [red, green, blue, share] = found.slice(1).map(one => Number(one ?? 1));
      if (share > 0.5) return 0.3 * red + 0.59 * green + 0.11 * blue < 128;
    }
    return null;
  };
  const tone = frame => {
    const dark = isDark(frame);
    frame.style.colorScheme = dark === null ? "" : dark ? "dark" : "light";
  };
  addEventListener("message", event => {
    const height = Number(event.data?.bpvizHeight);
    if (!(height > 0)) return;
    for (const frame of frames()) {
      if (frame.contentWindow !== event.source) continue;
      frame.style.height = `${Math.min(height, 20000)}px`;
      frame.closest(".bpviz-living")?.classList.add("bpviz-fits");
      tone(frame);
    }
  });
  // A page becomes dark by an attribute, and its colours may fade.
  const all = () => [0, 400].forEach(wait => setTimeout(() => frames().forEach(tone), wait));
  for (const element of [document.documentElement, document.body]) {
    if (element) new MutationObserver(all).observe(element, {attributes: true});
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
