// The table below the figure follows: values, gradients, and what happens when an input grows by 1.
{
  const {rows: entries, output: ends, seed, grows: trials} = data.table;
  const cellsNow = () => [...(table()?.querySelectorAll("tbody tr") ?? [])].map(one => [...one.cells]);
  const total = from => ends.reduce((sum, slot, i) => sum + (seed?.[i] ?? 1) * from[slot], 0);
  const sizeOf = from => Math.max(0, ...ends.map(slot => Math.abs(from[slot])));
  const digits = x => N.number(x, data.precision);
  let drawnTable = null;

  const slopeOf = slots => {
    const sum = slots.reduce((sum, slot) => sum + v[slot], 0), size = slots.reduce((sum, slot) => sum + Math.abs(v[slot]), 0);
    return slots.length > 1 && Math.abs(sum) <= 4 * Number.EPSILON * size ? 0 : sum;
  };
  // The true growth of the output when all elements of an input grow by 1; what differs by rounding only is the slope.
  const grownBy = (slots, slope) => {
    const now = v.slice();
    for (const slot of slots) v[slot] += 1;
    compute();
    const after = v.slice();
    v.set(now);
    const grown = total(after) - total(now), rounding = Math.max(1e-13 * Math.max(sizeOf(now), sizeOf(after)), 1e-9 * Math.abs(slope));
    return Number.isFinite(grown) && Math.abs(slope - grown) <= rounding ? slope : grown;
  };
  const growing = x => {
    if (!Number.isFinite(x)) return words.gone;
    return x ? filled(x > 0 ? words.grows : words.falls, {amount: digits(Math.abs(x))}) : words.stays;
  };
  const effectOf = ({gradient, value, input}) => {
    if (!ends.every(slot => Number.isFinite(v[slot]))) return words.unknown;
    const slope = slopeOf(gradient[0]), rate = digits(slope), grown = input && trials ? grownBy(value[0], slope) : null;
    if (!Number.isFinite(slope)) return words.unknown;
    const every = gradient[1].length ? words.every : "";
    if (grown === null) return every + filled(words.changes, {rate});
    return every + (grown === slope ? growing(slope) : filled(words.first, {grows: growing(grown), rate}));
  };
  const inLine = ([slots, shape], long) => {
    if (slots.length <= 9 && shape.length < 3 && shape.every(n => n < 5)) return N.line(slots.map(slot => v[slot]), shape, data.precision);
    return long && filled(words.length, {shape: N.shapeText(shape), length: digits(Math.hypot(...slots.map(slot => v[slot])))});
  };
  const fillTable = () => {
    const cells = cellsNow();
    if (!cells.length) return;
    drawnTable ??= cells.map(row => row.map(cell => cell.textContent));
    const edited = changed().length > 0;
    cells.forEach((row, i) => {
      const entry = entries[i], texts = [...drawnTable[i]];
      if (edited && entry) {
        texts[2] = inLine(entry.value) || texts[2];
        if (entry.gradient) {
          texts[3] = inLine(entry.gradient, entry.long) || texts[3];
          texts[5] = effectOf(entry);
        }
      }
      texts.forEach((text, j) => row[j].textContent === text || (row[j].textContent = text));
    });
  };
  figure.addEventListener("bpviz-change", fillTable);
  document.addEventListener("DOMContentLoaded", fillTable);
}
