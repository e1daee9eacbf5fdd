// What the rows of the table need beyond JavaScript's Math. Numbers as in NumPy: NaN and infinities are values.
const F = (() => {
  const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);
  // The second, fourth, … Bernoulli number.
  const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

  const sum = (...xs) => xs.reduce((total, x) => total + x);

  // 1 to any power is 1, and so is −1 to an infinite one: JavaScript says NaN.
  const power = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

  // NaN in any of the three stays NaN.
  const clip = (x, lower, upper) => Math.min(Math.max(x, lower), upper);

  // Halves go to the even number.
  const rint = x => {
    const whole = Math.floor(x), rest = x - whole;
    if (!(Math.abs(x) < 4503599627370496)) return x;
    return rest < 0.5 || (rest === 0.5 && whole % 2 === 0) ? whole : whole + 1;
  };
  const round = (x, decimals) => {
    const scale = 10 ** Math.abs(decimals);
    return decimals < 0 ? rint(x / scale) * scale : rint(x * scale) / scale;
  };

  // The sign is that of the divisor.
  const remainder = (x, y) => {
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  };
  const floorDivide = (x, y) => {
    if (y === 0) return x / y;
    const rest = x % y, less = rest !== 0 && rest < 0 !== y < 0 ? 1 : 0;
    const quotient = (x - rest) / y - less, whole = Math.floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
  };

  const logAddExp = (x, y) => {
    if (x === y) return x + Math.LN2;
    return Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
  };
  const logAddExp2 = (x, y) => {
    if (x === y) return x + 1;
    return Math.max(x, y) + Math.log1p(2 ** -Math.abs(x - y)) * Math.LOG2E;
  };

  // erf x = 2/√π · exp(−x²) · Σ 2ⁿ·x²ⁿ⁺¹/(1·3·5⋯(2n+1)): all terms have one sign.
  const nearErf = x => {
    let term = x, total = x;
    for (let n = 1; Math.abs(term) > Math.abs(total) * 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      total += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
  };
  // erfc x = exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 1½/(x + …)))), for x > 2.
  const farErfc = x => {
    let fraction = x;
    for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
  };
  const erf = x => {
    if (x !== x) return x;
    const size = Math.abs(x);
    return size < 2.5 ? nearErf(x) : Math.sign(x) * (1 - farErfc(size));
  };
  const erfc = x => {
    if (x !== x) return x;
    if (x > 27.3) return 0;
    return x > 1.5 ? farErfc(x) : x < -2.5 ? 2 - farErfc(-x) : 1 - nearErf(x);
  };

  const gelu = (x, approximate) => {
    if (!approximate) return x * (0.5 * erfc(-x * Math.SQRT1_2));
    const slope = Math.sqrt(2 / Math.PI);
    return x * (0.5 + 0.5 * Math.tanh(x * (slope + slope * 0.044715 * (x * x))));
  };

  const logNormalCdf = x => {
    if (x > -10) {
      const above = 0.5 * erfc(x * Math.SQRT1_2);
      return x > 0 ? Math.log1p(-above) : Math.log(0.5 * erfc(-x * Math.SQRT1_2));
    }
    if (x === -Infinity || x !== x) return x;
    // Φ(x) = φ(x)/−x · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …)
    let term = 1, total = 1;
    for (let k = 1; k < 11; k++) {
      term *= -(2 * k - 1) / (x * x);
      total += term;
    }
    return -0.5 * x * x - HALF_LOG_2PI - Math.log(-x) + Math.log(total);
  };

  // Stirling's series, for x ≥ 15.
  const stirling = x => {
    let total = (x - 0.5) * Math.log(x) - x + HALF_LOG_2PI;
    BERNOULLI.forEach((b, i) => (total += b / ((2 * i + 2) * (2 * i + 1) * x ** (2 * i + 1))));
    return total;
  };
  // Γ(x) = Γ(x + n)/(x·(x + 1)⋯(x + n − 1)); below ½ Γ(x) = π/(sin πx · Γ(1 − x)).
  const sinPi = x => {
    const rest = x - 2 * Math.floor(x / 2);
    return rest > 1 ? -Math.sin(Math.PI * (rest - 1)) : Math.sin(Math.PI * rest);
  };
  const gamma = x => {
    if (x === 0) return 1 / x;
    if (x === -Infinity || (x < 0 && x === Math.floor(x))) return NaN;
    if (x === Infinity) return x;
    if (x < 0.5) return Math.PI / (sinPi(x) * gamma(1 - x));
    if (x === Math.floor(x) && x < 24) {
      let whole = 1;
      for (let k = 2; k < x; k++) whole *= k;
      return whole;
    }
    let product = 1;
    for (; x < 15; x++) product *= x;
    return Math.exp(stirling(x)) / product;
  };
  const logGamma = x => {
    if (Math.abs(x) === Infinity || (x <= 0 && x === Math.floor(x))) return Infinity;
    if (x === 1 || x === 2) return 0;
    if (x < 0.5) return Math.log(Math.PI / Math.abs(sinPi(x))) - logGamma(1 - x);
    let product = 1;
    for (; x < 15; x++) product *= x;
    return stirling(x) - Math.log(product);
  };

  const factorial = n => (n < 2 ? 1 : n * factorial(n - 1));
  // The n-th derivative of cot πx, a polynomial in c = cot πx, since c' = −π(1 + c²).
  const cotangent = (n, x) => {
    let factors = [0, 1];
    for (let i = 0; i < n; i++) {
      const slopes = factors.map((factor, k) => k * factor).slice(1);
      factors = new Array(slopes.length + 2).fill(0);
      slopes.forEach((slope, k) => {
        factors[k] -= slope;
        factors[k + 2] -= slope;
      });
    }
    const c = 1 / Math.tan(Math.PI * (x - Math.floor(x)));
    return Math.PI ** n * factors.reduce((total, factor, k) => total + factor * c ** k, 0);
  };
  const polygamma = (n, x) => {
    if (x !== x || x === -Infinity || (x <= 0 && x === Math.floor(x))) return NaN;
    const sign = n % 2 ? -1 : 1;
    if (x < -50) return sign * polygamma(n, 1 - x) - Math.PI * cotangent(n, x);
    let total = 0;
    for (; x < 15 + n; x++) total -= sign * factorial(n) * (1 / x) ** (n + 1);
    const y = 1 / x;
    if (n === 0) {
      total += Math.log(x) - 0.5 * y;
      BERNOULLI.forEach((b, i) => (total -= (b * (y * y) ** (i + 1)) / (2 * i + 2)));
      return total;
    }
    let series = factorial(n - 1) * y ** n + (factorial(n) * y ** (n + 1)) / 2;
    BERNOULLI.forEach((b, i) => {
      const k = 2 * i + 2;
      series += ((b * factorial(k + n - 1)) / factorial(k)) * y ** (k + n);
    });
    return total - sign * series;
  };

  // The order of numbers as in NumPy: NaN is last, equals keep their places.
  const before = (x, y) => (x < y ? -1 : x > y ? 1 : (x !== x) - (y !== y));
  const sorted = (k, ...xs) => xs.sort(before)[k];
  const order = (k, ...xs) => xs.map((x, i) => i).sort((i, j) => before(xs[i], xs[j]))[k];
  // The position of the first of the largest, or with −1 of the smallest; of the first NaN, if there is one.
  const largest = (sign, ...xs) => {
    const odd = xs.findIndex(x => x !== x);
    return odd < 0 ? xs.reduce((best, x, i) => (sign * x > sign * xs[best] ? i : best), 0) : odd;
  };

  return {
    clip, erf, erfc, floorDivide, gamma, gelu, largest, logAddExp, logAddExp2, logGamma, logNormalCdf, order, polygamma, power,
    remainder, rint, round, sorted, sum,
  };
})();
