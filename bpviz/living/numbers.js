// Numbers as in a book: the same texts as bpviz/text/numerals.py, bpviz/text/columns.py and bpviz/words/values.py.
const N = (() => {
  const MINUS = "\u2212", RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const MOST = 7, LONGEST = 9, FAR = 1e250, STEPS = 64, FEW = 5, EXACT = 40;

  const superscript = power => (power < 0 ? "⁻" : "") + [...String(Math.abs(power))].map(d => RAISED[d]).join("");

  // JavaScript rounds a half up, Python to the even digit. A half is exact: after its 5 all digits are 0.
  const even = (rounded, exact) => {
    const cut = exact.slice(0, -EXACT).replace(/\.$/, "");
    return exact.endsWith("5" + "0".repeat(EXACT - 1)) && "02468".includes(cut.at(-1)) ? cut : rounded;
  };
  const fixed = (x, decimals) => even(x.toFixed(decimals), x.toFixed(decimals + EXACT));
  const exponential = (x, decimals) => {
    const [mantissa, power] = x.toExponential(decimals).split("e");
    const [exact, other] = x.toExponential(decimals + EXACT).split("e");
    return power === other ? [even(mantissa, exact), Number(power)] : [mantissa, Number(power)];
  };
  const short = text => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);

  const number = (x, precision) => {
    if (x !== x) return "NaN";
    if (Math.abs(x) === Infinity) return x > 0 ? "∞" : MINUS + "∞";
    if (x === 0) return "0";
    const size = Math.abs(x), sign = x < 0 ? MINUS : "";
    if (size === Math.floor(size) && size < 1e7) return sign + size;
    const [mantissa, power] = exponential(size, precision - 1);
    if ((-4 <= power && power < 6) || (1 < size && size < 999999.5)) {
      return sign + short(fixed(size, Math.max(precision - 1 - power, 0)));
    }
    return `${sign}${short(mantissa)}×10${superscript(power)}`;
  };

  // The numbers of an array: the same decimals for all, and one power of ten.
  const ofOneKind = (values, precision) => {
    const each = () => [values.map(x => number(x, precision)), ""];
    const sizes = values.filter(x => x && Number.isFinite(x)).map(Math.abs);
    if (!sizes.length || sizes.every(size => size === Math.floor(size) && size < 1e7)) return each();
    let least = Math.min(...sizes);
    const largest = Math.max(...sizes);
    if (least < largest * 1e-7 || largest > FAR || least < 1 / FAR) return each();
    let most = exponential(largest, precision - 1)[1];
    const shift = most >= 6 || most < -4 ? most : 0, unit = Number(`1e${shift}`);
    most -= shift;
    least /= unit;
    const room = Math.max(precision - 1 - most, precision - Math.max(most, 0));
    const small = 1 - Math.floor(Math.log10(least));
    const kept = room < 0 ? least % 10 ** -room === 0 : Number(fixed(least, room)) === least;
    let decimals = Math.max(room, kept ? 0 : small, 0);
    const written = x => {
      if (!Number.isFinite(x) || (x === 0 && !decimals)) return number(x, 4);
      const text = fixed(x, decimals);
      return text.replace("-", Number(text) === 0 ? "" : MINUS);
    };
    const spare = text => (text.includes(".") ? text.length - text.replace(/0+$/, "").length : MOST + LONGEST);
    decimals -= Math.min(decimals, ...values.map(x => spare(written(x / unit))));
    if (decimals > MOST || Math.max(most, 0) + decimals > LONGEST) return each();
    return [values.map(x => written(x / unit)), shift ? `×10${superscript(shift)}` : ""];
  };

  // What may be only rounding of larger numbers is about 0.
  const nearZero = values => {
    const finite = Math.max(...values.map(Math.abs));
    const rounding = STEPS * Number.EPSILON * (finite === finite ? finite : 0);
    return values.map(x => 0 < Math.abs(x) && Math.abs(x) <= rounding && rounding < Infinity);
  };
  const cells = (values, precision) => {
    const near = nearZero(values);
    const [texts, factor] = ofOneKind(values.map((x, i) => (near[i] ? 0 : x)), precision);
    return [texts.map((text, i) => (near[i] ? "≈0" : text)), factor];
  };

  const shapeText = shape => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const same = values => values.length >= FEW && values.every(x => x === values[0]);

  // An array in a line of text: each number with its own digits, semicolons between rows.
  const line = (values, shape, precision) => {
    if (!shape.length) return number(values[0], precision);
    const near = nearZero(values), width = shape.at(-1), rows = [];
    for (let at = 0; at < values.length; at += width) {
      rows.push(values.slice(at, at + width).map((x, i) => (near[at + i] ? "≈0" : number(x, precision))).join(", "));
    }
    return `[${rows.join("; ")}]`;
  };

  return {cells, line, MINUS, nearZero, number, ofOneKind, same, shapeText};
})();
