// Sliders for some inputs, as the author wished.
{
  const shelf = document.createElement("div");
  shelf.className = "bpviz-row";
  reset.before(shelf);
  for (const [name, slot, low, high, step] of data.sliders) {
    const count = Math.ceil((high - low) / step - 1e-9);
    const label = make("label", {textContent: name}, shelf);
    const range = make("input", {type: "range", min: 0, max: count}, label), output = make("output", {}, label);
    const show = () => {
      range.value = Math.round((v[slot] - low) / step);
      output.textContent = N.number(v[slot], data.precision);
      range.setAttribute("aria-valuetext", output.textContent);
    };
    range.addEventListener("input", () => {
      const at = Number(range.value);
      change([[slot, at === count ? high : Number((low + at * step).toPrecision(12))]], false);
    });
    range.addEventListener("change", remember);
    figure.addEventListener("bpviz-change", show);
    show();
  }
}
