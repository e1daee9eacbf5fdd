"""A reader of printed formulas, who knows mathematics and nothing of bpviz.

It is given a line of text (or of LaTeX), what the names in it stand for and the shape of the left side, and says what the
right side comes to. The conventions are those of the documentation (`bpviz.formulas.writing`): an array of one axis is a column,
``·`` is the product of matrices, ``∘ + − /`` go element by element, a bare ``Σ`` that is a term of the right side sums to
the shape of the left side, and elsewhere over all; ``Σ₁`` sums axis 1, which stays.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import gamma, polygamma

__all__ = ["ByName", "NotMathematics", "latex_name", "read_latex", "read_text"]

Shape = tuple[int, ...]
Tree = tuple[Any, ...]

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class NotMathematics(Exception):
    """The line is no formula, or shapes do not fit."""


class ByName(Exception):
    """The line holds a rule (or a function) that is only named."""


# Reading a line


class _Line:
    """Tokens, one after the other."""

    def __init__(self, tokens: list[tuple[str, str]], line: str) -> None:
        self.tokens, self.at, self.line = [*tokens, ("end", "")], 0, line

    @property
    def next(self) -> str:
        kind, text = self.tokens[self.at]
        return text if kind == "sign" else ""

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def expect(self, sign: str) -> None:
        if self.next != sign:
            raise NotMathematics(f"{self.line!r}: {sign!r} expected before {self.tokens[self.at][1]!r}")
        self.take()

    def word(self, word: str) -> bool:
        if self.tokens[self.at] == ("word", word):
            self.at += 1
            return True
        return False

    # From loose to tight

    def whole(self) -> Tree:
        tree = self.choice()
        if self.kind != "end":
            raise NotMathematics(f"{self.line!r}: cannot read on at {self.tokens[self.at][1]!r}")
        return tree

    def choice(self) -> Tree:
        tree = self.either()
        if self.word("if"):
            condition = self.either()
            if not self.word("else"):
                raise NotMathematics(f"{self.line!r}: an if without else")
            return ("if", condition, tree, self.choice())
        return tree

    def either(self) -> Tree:
        tree = self.comparison()
        while True:
            for word in ("and", "or", "xor"):
                if self.word(word):
                    tree = (word, tree, self.comparison())
                    break
            else:
                return tree

    def comparison(self) -> Tree:
        if self.word("not"):
            return ("not", self.comparison())
        tree = self.sum()
        while self.next and self.next in "<>=≤≥≠":
            tree = (self.take(), tree, self.sum())
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while self.next in ("+", "−"):
            tree = (self.take(), tree, self.product())
        if self.word("mod"):
            tree = ("mod", tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.factor()
        while self.next in ("·", "∘", "/", "⊗", "×", "∗"):
            tree = (self.take(), tree, self.factor())
        # ½Σ x
        return ("·", tree, self.factor()) if self.next == "Σ" else tree

    def factor(self) -> Tree:
        if self.next == "−":
            self.take()
            return ("negative", self.factor())
        if self.next in ("Σ", "Π"):
            kind, axes = self.take(), self.axes()
            # What follows in the product belongs to it.
            return ("reduce", "sum" if kind == "Σ" else "prod", axes, self.product())
        return self.raised(self.atom())

    def axes(self) -> Shape | None:
        return tuple(int(c) for c in self.take()) if self.kind == "lowered" else None

    def raised(self, tree: Tree) -> Tree:
        while True:
            if self.kind == "raised":
                text = self.take()
                for part in re.findall(r"ᵀ|-ᵀ|-?\d+", text):
                    if part == "ᵀ":
                        tree = ("transpose", tree)
                    elif part == "-ᵀ":
                        tree = ("transpose", ("inverse", tree))
                    else:
                        tree = ("inverse", tree) if part == "-1" else ("power", tree, ("number", float(part)))
            elif self.next == "^":
                self.take()
                tree = ("power", tree, self.atom())
            elif self.next == "[":
                tree = ("index", tree, self.key())
            else:
                return tree

    def key(self) -> Any:
        self.expect("[")
        text, depth = "", 1
        while True:
            kind, token = self.tokens[self.at]
            if kind == "end":
                raise NotMathematics(f"{self.line!r}: an index without end")
            depth += (token == "[") - (token == "]")
            self.at += 1
            if not depth:
                break
            text += token
        text = text.replace("−", "-").replace("…", "...")
        if re.search(r"[A-Za-z]", text.replace("None", "")):
            raise ByName(text)
        return eval(f"_KEY[{text}]", {"_KEY": np.s_})

    def atom(self) -> Tree:
        kind = self.kind
        if kind == "number":
            number = float(self.take())
            if number == 1 and self.next == "[":
                # 1[x > 0]: 1 where that holds, 0 elsewhere.
                self.take()
                tree = ("if", self.choice(), ("number", 1.0), ("number", 0.0))
                self.expect("]")
                return tree
            return ("number", number)
        if kind == "name":
            return ("name", self.take())
        if kind == "tree":
            return self.take()  # type: ignore[return-value]
        if kind == "word":
            return self.called(self.take())
        sign = self.take()
        if sign == "(":
            tree = self.choice()
            self.expect(")")
            return tree
        if sign in ("√", "∛"):
            return ("call", "sqrt" if sign == "√" else "cbrt", None, [self.raised_atom()], {})
        if sign == "½":
            return ("·", ("number", 0.5), self.factor())
        pairs = {"|": ("|", "abs"), "‖": ("‖", "norm"), "⌊": ("⌋", "floor"), "⌈": ("⌉", "ceil"), "[": ("]", "stack")}
        if sign in pairs:
            end, name = pairs[sign]
            parts = [self.choice()]
            while self.next == ",":
                self.take()
                parts.append(self.choice())
            self.expect(end)
            return ("call", name, None, parts, {})
        raise NotMathematics(f"{self.line!r}: {sign!r} where a value is expected")

    def raised_atom(self) -> Tree:
        """What stands under a root."""
        return self.atom()

    def called(self, name: str) -> Tree:
        below = self.axes()
        if self.next == "′":
            raise ByName(name)
        if self.kind == "word" and name in ("log", "one", "sign"):
            # log softmax(x), log exp(x), one-hot
            inner = self.called(self.take())
            return (
                ("call", f"{name} softmax", None, inner[3], inner[4])
                if inner[1] == "softmax"
                else self._on(name, inner)
            )
        if self.next == "Σ" or (name in ("log", "det", "tr", "sign") and self.next != "("):
            return self._on(
                name, self.factor() if self.next in ("Σ", "|") or name == "log" else self.raised(self.atom())
            )
        if name == "I":
            return ("call", "eye", None, [], {})
        if self.kind == "word":
            raise ByName(f"{name} {self.take()}")
        if self.next != "(":
            raise NotMathematics(f"{self.line!r}: the name {name!r} is not known")
        self.take()
        parts, keywords = [], {}
        if name == "einsum":
            text = ""
            while self.next != ";":
                text += self.take()
            self.take()
            keywords["subscripts"] = text.replace("−>", "->").replace("→", "->").replace("…", "...")
        while self.next != ")":
            if name == "put" and parts and self.next == "[":
                keywords["key"] = self.key()
            elif self.kind == "word" and self.tokens[self.at + 1] == ("sign", "="):
                key = self.take()
                self.take()
                keywords[key] = self.parameter()
            else:
                parts.append(self.choice())
            if self.next == ",":
                self.take()
        self.take()
        return ("call", name, below, parts, keywords)

    def _on(self, name: str, tree: Tree) -> Tree:
        return ("call", name, None, [tree], {})

    def parameter(self) -> Any:
        text, depth = "", 0
        while depth or self.next not in (",", ")"):
            kind, token = self.tokens[self.at]
            if kind == "end":
                raise NotMathematics(f"{self.line!r}: a call without end")
            depth += (token == "(") - (token == ")")
            text += f"{token}"
            self.at += 1
        return text if re.fullmatch("[a-z]+", text) else eval(text.replace("−", "-"), {})


def _tokens(line: str, names: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = sorted(names, key=len, reverse=True)
    pattern = re.compile(
        r"(?P<space>\s+)"
        + (rf"|(?P<name>{'|'.join(map(re.escape, known))})(?![A-Za-z0-9_])" if known else "")
        + r"|(?P<number>\d+(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|∞|NaN|π)"
        r"|(?P<word>[A-Za-zσΦφψΓ][A-Za-z0-9_-]*)"
        r"|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ]+)|(?P<lowered>[₀-₉]+)|(?P<sign>.)"
    )
    found = []
    for match in pattern.finditer(line):
        kind, text = str(match.lastgroup), match[0]
        if kind == "number":
            mantissa, _, exponent = text.partition("×10")
            constants = {"∞": "inf", "NaN": "nan", "π": repr(math.pi)}
            text = constants.get(text) or mantissa + (f"e{exponent.translate(RAISED)}" if exponent else "")
        if kind == "raised":
            text = text.translate(RAISED)
        if kind == "lowered":
            text = text.translate(LOWERED)
        if kind != "space":
            found.append((kind, text))
    return found


def read_text(line: str, names: Mapping[str, Any], shape: Shape) -> Any:
    """What a printed line comes to, in the shape of the left side.

    >>> x, g = np.array([1.0, 2.0]), np.array([1.0, 0.0, 2.0])
    >>> read_text("g·xᵀ", {"x": x, "g": g}, (3, 2)).tolist()
    [[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]]
    """
    return _read(_Line(_tokens(line, names), line), names, shape)


def _read(line: _Line, names: Mapping[str, Any], shape: Shape) -> Any:
    with np.errstate(all="ignore"):
        return _fitted(_value(line.whole(), names, shape), shape)


# LaTeX, sign by sign

_COMMANDS = {
    **{"cdot": "·", "odot": "∘", "otimes": "⊗", "sum": "Σ", "prod": "Π", "leq": "≤", "geq": "≥", "neq": "≠", "to": "→"},
    **{"lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "times": "×", "ldots": "…", "left": "", "right": ""},
    **{"ast": "∗", "wedge": "&"},
}
_WORDS = {"psi": "ψ", "Gamma": "Γ", "sigma": "σ", "Phi": "Φ", "varphi": "φ", "phi": "φ"}


def latex_name(name: str) -> str:
    """A name (of letters of one script, digits and one underscore) as LaTeX writes it."""
    name = name.translate(LOWERED)
    if name.startswith("∂"):
        of, by = name[1:].split("/∂")
        return rf"\frac{{\partial {latex_name(of)}}}{{\partial {latex_name(by)}}}"
    if accented := re.fullmatch(r"([A-Za-z]+)_(hat|bar|tilde)", name):
        return rf"\{accented[2]}{{{_upright(accented[1])}}}"
    found = re.fullmatch(r"([A-Za-z]+)_?(\d+)", name) or re.fullmatch(r"([A-Za-z])_([A-Za-z0-9]+)", name)
    if found:
        below = found[2] if len(found[2]) <= 2 and found[2] not in _GREEK else _upright(found[2])
        return f"{_upright(found[1])}_{{{below}}}"
    return _upright(name)


_GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "rho", "sigma", "tau", "omega"}


def _upright(word: str) -> str:
    if word in _GREEK:
        return rf"\{word}"
    if not word.isascii():
        return rf"\text{{{word}}}"
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word.replace('_', chr(92) + '_')}}}"


def read_latex(line: str, names: Mapping[str, Any], shape: Shape) -> Any:
    """The same of a line of LaTeX.

    >>> read_latex(r"\\frac{x}{2} \\cdot y", {"x": 3.0, "y": 4.0}, ())
    array(6.)
    """
    written = {latex_name(name): name for name in names}
    written |= {f"d{latex_name(name[1:])}": name for name in names if name[0] == "d" and name[1:] in names}
    return _read(_latex_line(line, written), names, shape)


def _latex_line(line: str, written: Mapping[str, str]) -> _Line:
    return _Line(_latex_tokens(line, written), line)


def _group(line: str, at: int) -> tuple[str, int]:
    """What stands between braces that open here, and where they end."""
    assert line[at] == "{", line[at:]
    depth = 0
    for end in range(at, len(line)):
        depth += (line[end] == "{") - (line[end] == "}")
        if not depth:
            return line[at + 1 : end], end + 1
    raise NotMathematics(f"{line!r}: braces do not close")


def _latex_tokens(line: str, written: Mapping[str, str]) -> list[tuple[str, Any]]:
    known = sorted(written, key=len, reverse=True)
    tokens: list[tuple[str, Any]] = []
    at = 0
    while at < len(line):
        name = next((n for n in known if line.startswith(n, at) and not _goes_on(line, at + len(n))), None)
        if name is not None:
            tokens.append(("name", written[name]))
            at += len(name)
        elif line[at] == "\\":
            command = re.compile(r"\\([A-Za-z]+|.)").match(line, at)
            assert command is not None
            at, at_command = command.end(), at
            word = command[1]
            if word == "frac":
                over, at = _group(line, at)
                under, at = _group(line, at)
                parts = (_latex_line(over, written).whole(), _latex_line(under, written).whole())
                tokens.append(("tree", ("/", *parts)))
            elif word == "sqrt":
                cube = line.startswith("[3]", at)
                inner, at = _group(line, at + 3 * cube)
                under_root = _latex_line(inner, written).whole()
                tokens.append(("tree", ("call", "cbrt" if cube else "sqrt", None, [under_root], {})))
            elif word in ("operatorname", "text", "mathrm"):
                inner, at = _group(line, at)
                tokens.append(("word", inner.strip().replace("\\_", "_")))
            elif word == "|":
                tokens.append(("sign", "‖"))
            elif word == "infty":
                tokens.append(("number", "inf"))
            elif word == "pi":
                tokens.append(("number", repr(math.pi)))
            elif word in _WORDS:
                tokens.append(("word", _WORDS[word]))
            elif word in _COMMANDS:
                tokens += [("sign", _COMMANDS[word])] if _COMMANDS[word] else []
            elif word.isalpha():
                tokens.append(("word", word))
            else:
                raise NotMathematics(f"{line!r}: cannot read on at {line[at_command:]!r}")
        elif line[at] in "^_":
            raised = line[at] == "^"
            inner, at = _group(line, at + 1)
            inner = inner.replace(r"\top", "ᵀ").replace(" ", "")
            if not raised:
                tokens.append(("lowered", inner))
            elif re.fullmatch(r"-?\d*ᵀ?", inner):
                tokens.append(("raised", inner))
            else:
                tokens += [("sign", "^"), ("tree", _latex_line(inner, written).whole())]
        elif line[at] == "{":
            # Braces around what is raised twice.
            inner, at = _group(line, at)
            tokens.append(("tree", _latex_line(inner, written).whole()))
        elif number := re.compile(r"\d+(\.\d+)?( \\times 10\^\{(-?\d+)\})?").match(line, at):
            exponent = f"e{number[3]}" if number[3] else ""
            tokens.append(("number", number[0].split(" ")[0] + exponent))
            at = number.end()
        else:
            sign = {"-": "−", "'": "′"}.get(line[at], line[at])
            if not sign.isspace():
                tokens.append(("word" if sign.isalpha() else "sign", sign))
            at += 1
    return tokens


def _goes_on(line: str, at: int) -> bool:
    """Whether a name is only the beginning of a longer one."""
    return line.startswith("_{", at) or (at < len(line) and line[at].isalpha() and line[at - 1].isalpha())


# Computing: what it comes to


def _value(tree: Tree, names: Mapping[str, Any], shape: Shape | None = None) -> Any:
    """The value of a tree; ``shape`` is that of the left side where the tree is a term of the right side."""
    kind, *parts = tree
    if kind == "number":
        return np.float64(parts[0])
    if kind == "call" and parts[0] == "eye" and not parts[2]:
        return np.eye(*shape) if shape is not None else np.eye(1)
    if kind == "name":
        return np.asarray(names[parts[0]], dtype=float)
    if kind in ("+", "−"):
        left, right = (_value(part, names, shape) for part in parts)
        if shape is not None:
            left, right = _fitted(left, shape), _fitted(right, shape)
        return left + right if kind == "+" else left - right
    if kind == "negative":
        return -_value(parts[0], names, shape)
    if kind in ("·", "∘", "/"):
        return _multiplied(kind, parts[0], parts[1], names, shape)
    if kind == "reduce":
        name, axes, inner = parts
        return _reduced(name, _value(inner, names), axes, shape)
    if kind == "call":
        return _called(*parts, names, shape)
    if kind == "transpose":
        x = _value(parts[0], names)
        return x[None, :] if x.ndim == 1 else np.swapaxes(x, -1, -2) if x.ndim else x
    if kind == "inverse":
        x = _value(parts[0], names)
        if x.ndim == 1:
            raise NotMathematics("a column has no inverse")
        return np.linalg.inv(x) if x.ndim else 1 / x
    if kind == "index":
        return np.asarray(_value(parts[0], names)[parts[1]])
    left, right = (_value(part, names) for part in parts[:2]) if len(parts) > 1 else (_value(parts[0], names), None)
    if kind == "if":
        return np.where(left, right, _value(parts[2], names))
    return _OPERATIONS[kind](left, right)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    ">": np.greater,
    "=": lambda x, y: np.isclose(x, y, rtol=1e-9, atol=0),
    "≤": np.less_equal,
    "≥": np.greater_equal,
    "≠": lambda x, y: ~np.isclose(x, y, rtol=1e-9, atol=0),
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
    "not": lambda x, _: np.logical_not(x),
    "power": np.power,
    "mod": np.mod,
    "×": np.cross,
    "∗": np.convolve,
    "⊗": lambda x, y: _column_only(x)[:, None] * _column_only(y),
}


def _column_only(x: Any) -> Any:
    if x.ndim != 1:
        raise NotMathematics("⊗ takes two columns")
    return x


def _multiplied(sign: str, first: Tree, second: Tree, names: Mapping[str, Any], shape: Shape | None) -> Any:
    # Multiplied or divided by a number, a term of the right side stays one.
    if sign == "/":
        right = _value(second, names)
        return _value(first, names, None if right.ndim else shape) / right
    left = _value(first, names)
    right = _value(second, names, None if left.ndim else shape)
    if sign == "∘" or not left.ndim or not right.ndim:
        return left * right
    return _product(left, right)


def _product(x: Any, y: Any) -> Any:
    a = x[:, None] if x.ndim == 1 else x
    b = y[:, None] if y.ndim == 1 else y
    if a.shape[-1] != b.shape[-2]:
        raise NotMathematics(f"a matrix {x.shape} cannot be multiplied by a matrix {y.shape}")
    made = a @ b
    if y.ndim == 1:
        made = made[..., 0]
        if x.ndim == 2 and len(x) == 1:
            # A row times a column is a number.
            return made[0]
    return made


def _missing(before: Shape, after: Shape) -> Shape:
    lead = len(before) - len(after)
    return (*range(lead), *(lead + i for i, n in enumerate(after) if n == 1 and before[lead + i] != 1))


def _reduced(name: str, x: Any, axes: Shape | None, shape: Shape | None) -> Any:
    function = getattr(np, name)
    if axes is not None:
        return function(x, axis=axes, keepdims=True)
    if shape is None:
        return function(x)
    if len(shape) > x.ndim:
        return function(x) if not x.ndim else x
    return function(x, axis=_missing(x.shape, shape), keepdims=True).reshape(shape)


def _fitted(x: Any, shape: Shape) -> Any:
    """What is smaller stands for every place, and axes of length 1 come and go."""
    x = np.asarray(x)
    if x.shape == shape:
        return x
    while x.ndim > len(shape) and x.shape[0] == 1:
        x = x[0]
    try:
        return np.broadcast_to(x, shape)
    except ValueError:
        if [n for n in x.shape if n != 1] == [n for n in shape if n != 1]:
            return x.reshape(shape)
    raise NotMathematics(f"the right side is {x.shape}, but the left is {shape}")


def _called(
    name: str, below: Shape | None, parts: list[Tree], keywords: dict[str, Any], names: Mapping[str, Any], shape: Any
) -> Any:
    if name == "log" and below:
        return np.log(_value(parts[0], names)) / np.log(float("".join(map(str, below))))
    if (
        name in ("max", "min", "mean", "var", "std", "sum", "prod")
        and len(parts) == 1
        and name != "sum"
        and not keywords
    ):
        return _reduced(name, _value(parts[0], names), below, None)
    if name not in _FUNCTIONS:
        raise ByName(name)
    if below is not None:
        raise NotMathematics(f"{name} has no axes below")
    if name in ("put", "reshape") and shape is not None:
        keywords = {"shape": shape} | keywords
    values = [_value(part, names) for part in parts]
    try:
        return np.asarray(_FUNCTIONS[name](*values, **keywords))
    except TypeError as error:
        raise ByName(f"{name} with {keywords}") from error


def _softmax(x: Any, axis: int = -1) -> Any:
    if not x.ndim:
        return np.ones(())
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: np.vectorize(function, otypes=[float])(x) if np.size(x) else x


def _put(x: Any, key: Any, shape: Shape) -> Any:
    """Zeros, to which numbers are added at places."""
    made = np.zeros(shape)
    np.add.at(made, key, x)
    return made


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "cbrt")},
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "sign", "floor", "ceil", "abs", "trunc")},
    **{name: getattr(np, name) for name in ("sum", "mean", "max", "min", "var", "std", "prod", "any", "all", "isnan")},
    **{
        name: getattr(np, name)
        for name in ("flip", "cumsum", "cumprod", "diag", "tril", "triu", "roll", "tile", "sort")
    },
    **{name: getattr(np, name) for name in ("reshape", "transpose", "sinc", "hypot", "trace", "outer", "rint", "fmod")},
    **{name: getattr(np, name) for name in ("fmax", "fmin", "repeat", "pad", "logaddexp", "clip", "expm1", "log1p")},
    "log softmax": lambda x, axis=-1: np.log(_softmax(x, axis)),
    "softmax": _softmax,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "Φ": _each(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2)))),
    "φ": lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "ψ": lambda x, n=0: polygamma(int(n), x),
    "Γ": gamma,
    "norm": lambda x, **keywords: np.linalg.norm(x, **keywords) if keywords else np.sqrt((x * x).sum()),
    "det": np.linalg.det,
    "tr": np.trace,
    "arsinh": np.arcsinh,
    "arcosh": np.arccosh,
    "artanh": np.arctanh,
    "atan2": np.arctan2,
    "step": lambda x, y: np.heaviside(x, y),
    "ReLU": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
    "ones": lambda *shape: np.ones([int(n) for n in shape]),
    "broadcast": lambda x, shape: np.broadcast_to(x, shape),
    "einsum": lambda *xs, subscripts: np.einsum(subscripts, *xs),
    "convolve": np.convolve,
    "eye": lambda *shape: np.eye(*(int(n) for n in shape)),
    "put": _put,
    "one-hot": lambda t, classes: np.eye(classes)[t.astype(int)],
    "stack": lambda *xs, axis=0: np.stack(xs, axis=axis),
    "concat": lambda *xs, axis=0: np.concatenate(xs, axis=axis),
}


def _of_several(name: str, of_two: Any) -> Callable[..., Any]:
    def function(*xs: Any, **keywords: Any) -> Any:
        if len(xs) == 1:
            return getattr(np, name)(*xs, **keywords)
        result = xs[0]
        for x in xs[1:]:
            result = of_two(result, x)
        return result

    return function


_FUNCTIONS["max"], _FUNCTIONS["min"] = _of_several("max", np.maximum), _of_several("min", np.minimum)
