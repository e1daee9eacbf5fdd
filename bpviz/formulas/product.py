"""Products as numbers, factors and divisors, written in an author's order."""

from __future__ import annotations

from typing import Any

from bpviz.formulas.expression import Expression, is_constant, is_number, is_upstream, made_by, same

__all__ = ["Product"]

Factor = tuple[Any, int]
"""A factor, and how many times it occurs."""


class Product:
    """A quotient of products: minus signs and numbers are collected, equal factors counted, common factors cancelled.

    The upstream gradient is written first, then the number, then the factors in the order in which the source first
    names their values (`Expression.order`), or else in the order of their arrival.
    """

    def __init__(self, *values: Any) -> None:
        """Take the values to multiply; at least one is not a number."""
        self.kind = next((x.__class__ for x in values if isinstance(x, Expression)), Expression)
        self.number = 1.0
        self.divisor = 1.0
        self.over: list[Factor] = []
        self.under: list[Factor] = []
        for value in values:
            self._take(value, True)

    def divided_by(self, value: Any) -> Product:
        """Divide by one more value."""
        if isinstance(value, Expression):
            self.kind = value.__class__
        self._take(value, False)
        return self

    def _take(self, value: Any, up: bool) -> None:
        if is_constant(value):
            # The count of elements is handled where the shape of the whole is known.
            value = value.parameters["value"]
        if is_number(value):
            if up:
                self.number *= value
            else:
                self.divisor *= value
        elif made_by(value, "negative"):
            self.number = -self.number
            self._take(value.operands[0], up)
        elif made_by(value, "multiply"):
            for part in value.operands:
                self._take(part, up)
        elif made_by(value, "divide"):
            self._take(value.operands[0], up)
            self._take(value.operands[1], not up)
        elif made_by(value, "power") and is_number(value.operands[1]) and float(value.operands[1]).is_integer():
            base, exponent = value.operands
            self._factor(base, int(abs(exponent)), up == (exponent > 0))
        else:
            self._factor(value, 1, up)

    def _factor(self, base: Any, count: int, up: bool) -> None:
        here, there = (self.over, self.under) if up else (self.under, self.over)
        # x·y/x = y
        count = self._less(there, base, count)
        if not count:
            return
        for i, (other, before) in enumerate(here):
            if same(other, base):
                count += before
                del here[i]
                break
        else:
            i = len(here)
        if made_by(base, "sqrt") and count > 1:
            # (√x)² = x
            self._factor(base.operands[0], count // 2, up)
            count %= 2
        if count:
            here.insert(i, (base, count))

    @staticmethod
    def _less(factors: list[Factor], base: Any, count: int) -> int:
        """Remove up to ``count`` copies of a factor. Return how many were missing."""
        for i, (other, before) in enumerate(factors):
            if same(other, base):
                factors[i : i + 1] = [(other, before - count)] if before > count else []
                return max(count - before, 0)
        return count

    def alike(self, other: Product) -> bool:
        """Return whether the two differ only in their number."""
        return self.divisor == other.divisor and _alike(self.over, other.over) and _alike(self.under, other.under)

    def named(self, name: Any, meaning: Product) -> bool:
        """Replace a name's meaning, if it is a part of the product, by the name. Return whether it was.

        >>> from bpviz.formulas.formula import symbol
        >>> x, s, t = symbol("x"), symbol("s"), symbol("t")
        >>> product = Product(x / s * t)
        >>> product.named(symbol("y"), Product(x / s)), str(product.written())
        (True, 't·y')
        """
        if meaning.number != meaning.divisor or not (
            all(_often(self.over, base) >= count for base, count in meaning.over)
            and all(_often(self.under, base) >= count for base, count in meaning.under)
        ):
            return False
        for base, count in meaning.over:
            self._less(self.over, base, count)
        for base, count in meaning.under:
            self._less(self.under, base, count)
        self._factor(name, 1, True)
        return True

    def by_names(self) -> Product:
        """Use the meanings of names: if y is 1/(1 + e), y/(1 + e) is y², and y·e is 1 − y."""
        for y, _ in tuple(self.over):
            meaning: Any = y.meaning if isinstance(y, Expression) else None
            if not made_by(meaning, "divide") or not _is_one(meaning.operands[0]):
                continue
            below = meaning.operands[1]
            for other, count in tuple(self.under):
                if same(other, below):
                    self._less(self.under, other, count)
                    self._factor(y, count, True)
            rest = _beside_one(below)
            for e, count in tuple(self.over):
                if rest is not None and same(e, rest):
                    times = min(count, next(n for other, n in self.over if other is y))
                    self._less(self.over, y, times)
                    self._less(self.over, e, times)
                    self._factor(1 - y, times, True)
                    break
        return self

    def written(self) -> Any:
        """Return the whole as an expression, or as a number."""
        number, divisor = abs(self.number), abs(self.divisor)
        minus = (self.number < 0) != (self.divisor < 0)
        if divisor not in (0, 1) and number:
            # 4·x/2 = 2·x and 2·x/4 = x/2; 0.5·x and 2·x/3 stay.
            if (number / divisor).is_integer():
                number, divisor = number / divisor, 1.0
            elif (divisor / number).is_integer():
                number, divisor = 1.0, divisor / number
        (first, rest), (some, others) = self._sorted(self.over), self._sorted(self.under)
        above = self._multiplied([*([] if number == 1 and rest else [number]), *rest])
        below = self._multiplied([*([] if divisor == 1 and self.under else [divisor]), *some, *others])
        if not is_number(below) or below != 1:
            # ∂y/∂x·n/t: the derivative stays whole.
            above = self.kind.of("divide", above, below)
        made = self._multiplied([*first, *([] if first and is_number(above) and above == 1 else [above])])
        if not minus:
            return made
        if made_by(made, "subtract"):
            # −(x − y) = y − x
            return self.kind.of("subtract", made.operands[1], made.operands[0])
        return -made if is_number(made) else self.kind.of("negative", made)

    def _sorted(self, factors: list[Factor]) -> tuple[list[Any], list[Any]]:
        """Return the factors as powers: upstream gradients, and the rest in the order of the source."""
        powers = [(base if count == 1 else self.kind.of("power", base, float(count))) for base, count in factors]
        if all(_order(x) is not None for x in powers):
            # Single numbers before arrays, so that all signs between arrays are the same; y·(1 − y).
            powers.sort(key=lambda x: (bool(x.shape), _order(x), not (x.operation is None or made_by(x, "power"))))
        return [x for x in powers if _comes_first(x)], [x for x in powers if not _comes_first(x)]

    def _multiplied(self, parts: list[Any]) -> Any:
        made = parts[0]
        for part in parts[1:]:
            made = self.kind.of("multiply", made, part)
        return made


def _often(factors: list[Factor], base: Any) -> int:
    return next((count for other, count in factors if same(other, base)), 0)


def _order(value: Any) -> int | None:
    return value.order if isinstance(value, Expression) else None


def _comes_first(value: Any) -> bool:
    while isinstance(value, Expression) and value.operation is not None and value.operation.unwritten:
        value = value.operands[0]
    return is_upstream(value)


def _alike(some: list[Factor], others: list[Factor]) -> bool:
    if len(some) != len(others):
        return False
    return all(any(n == m and same(x, y) for y, m in others) for x, n in some)


def _is_one(value: Any) -> bool:
    return is_number(value) and value == 1


def _beside_one(value: Any) -> Any:
    """Return e for 1 + e or e + 1."""
    if not made_by(value, "add"):
        return None
    x, y = value.operands
    return y if _is_one(x) else x if _is_one(y) else None
