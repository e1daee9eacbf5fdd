"""The user's code, run for a command: loading a target, giving its inputs values, showing what it raises."""

from __future__ import annotations

import contextlib
import math
import os
import re
import reprlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpviz.drawing.model_time import ModelTooLong
from bpviz.errors import BpvizError, ModelFailed, UsageError, did_you_mean

if TYPE_CHECKING:
    from bpviz.drawing.drawing import Drawing
    from bpviz.drawing.load import Target
    from bpviz.graph.flow import Flow
    from bpviz.graph.graph import Graph

__all__ = ["descent_of", "drawing_of", "recorded", "user_code", "values_for", "what_if_of"]


def values_for(thing: Any, assignments: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """Return the values that NAME=VALUE texts of an option give to inputs.

    Raises `UsageError` for any other text, a name that the function does not have, or a word in place of a number.
    """
    from bpviz.sources.registry import source_for

    values = dict(_assignment(text, option) for text in assignments)
    if not callable(thing) or not values:
        return values
    # The parameters of a module are inputs, too; a source knows their names when it has run.
    return _as_arrays(values) if source_for(thing) is not None else _checked(thing, values, option)


def _as_arrays(values: dict[str, Any]) -> dict[str, Any]:
    """Return values for another framework: arrays of single precision for lists and arrays of floats."""
    import numpy as np

    def made(value: Any) -> Any:
        if not isinstance(value, list | np.ndarray):
            return value
        array = np.asarray(value)
        return array.astype(np.float32) if array.dtype.kind == "f" else array

    return {name: made(value) for name, value in values.items()}


def recorded(
    target: Target, assignments: tuple[str, ...], option: str = "--set", **choice: str | None
) -> tuple[Graph | Flow | Drawing, str]:
    """Return the graph, flow or drawing of a target (a function is traced), and the name for its files.

    ``choice`` is what ``--wrt`` and ``--freeze`` name.
    """
    chosen = {key: names for key, names in choice.items() if names}
    with user_code():
        from bpviz.drawing.load import load

        found = load(target)
        thing, stem = found.thing, found.stem
        values = {**found.arguments, **values_for(thing, assignments, option)}
        if callable(thing):
            from bpviz.graph.tracing import traced
            from bpviz.objects.choice import choice_of
            from bpviz.sources.targets import foreign

            wanted = choice_of(**chosen)
            # Run with the other values, so that branches can change.
            return foreign(thing, (), {}, values, wanted) or traced(thing, (), {}, values, wanted), stem
        if values or chosen:
            from bpviz.drawing.draw import draw

            return draw(thing, inputs=values or None, **chosen), stem
    return thing, stem


def drawing_of(
    target: Target, assignments: tuple[str, ...], of: str | None, options: dict[str, Any], ctx: click.Context
) -> tuple[Drawing, str]:
    """Return the drawing of a target with these options, and the name for its files."""
    choice = {key: options.pop(key) for key in ("wrt", "freeze")}
    thing, stem = recorded(target, assignments, **choice)
    with user_code():
        from bpviz.drawing.draw import draw
        from bpviz.drawing.drawing import Drawing

        if isinstance(thing, Drawing):
            # The author's choices in the file are kept, unless the command line has others.
            source_of = ctx.get_parameter_source
            default = click.core.ParameterSource.DEFAULT
            options = {k: v for k, v in options.items() if source_of(k) is not default}
        return draw(thing, **options, **({"output": of} if of else {})), stem


def what_if_of(
    target: Target,
    assignments: tuple[str, ...],
    changes: tuple[str, ...],
    of: str | None,
    options: dict[str, Any],
) -> tuple[Drawing, str]:
    """Return the drawing of a target with changed inputs (old and new numbers), and the name for its files."""
    with user_code():
        from bpviz.drawing.load import load
        from bpviz.reports.what_if import compared

        found = load(target)
        thing: Any = found.thing
        values = {**found.arguments, **values_for(thing, assignments)}
        changed = values_for(thing, changes, "--what-if")
        choice = {key: options.pop(key) for key in ("wrt", "freeze")}
        return compared(thing, (), changed, inputs=values or None, output=of, **choice).draw(**options), found.stem


def descent_of(
    target: Target,
    assignments: tuple[str, ...],
    of: str | None,
    steps: int,
    rate: float | None,
    options: dict[str, Any],
) -> tuple[Drawing, str]:
    """Return the drawing of gradient descent on a target, and the name for its files."""
    with user_code():
        from bpviz.drawing.load import load
        from bpviz.reports.descent import descend

        found = load(target)
        thing: Any = found.thing
        values = {**found.arguments, **values_for(thing, assignments)}
        run: dict[str, Any] = {key: options.pop(key) for key in ("wrt", "freeze")}
        if rate is not None:
            run["rate"] = rate
        return descend(thing, steps=steps, inputs=values or None, output=of, **run).draw(**options), found.stem


def _checked(function: Callable[..., Any], values: dict[str, Any], option: str) -> dict[str, Any]:
    """Return the values for parameters of a function, as arrays if their defaults are arrays."""
    import inspect

    parameters = inspect.signature(function).parameters
    if any(name not in parameters for name in values):
        from bpviz.objects.choice import full_name
        from bpviz.objects.plain_copies import input_names

        names = list(dict.fromkeys([*parameters, *input_names(function)]))
        values = {full_name(name, names): value for name, value in values.items()}
    for name, value in values.items():
        parameter = parameters.get(name)
        if parameter is None:
            if name in names:
                continue
            hint = did_you_mean(name, names, f"its inputs are: {', '.join(names)}")
            raise UsageError(f"there is no input named {name!r} for {option}; {hint}")
        is_array = hasattr(parameter.default, "shape")
        if isinstance(value, str) and (is_array or isinstance(parameter.default, int | float)):
            expected = "an array" if is_array else "a number"
            raise UsageError(f"the input {name!r} takes {expected}, but {option} gave {reprlib.repr(value)}")
        if is_array or (isinstance(value, list) and not isinstance(parameter.default, list)):
            import numpy as np

            try:
                values[name] = np.array(value, dtype=getattr(parameter.default, "dtype", None))
            except (TypeError, ValueError, OverflowError):
                raise UsageError(
                    f"the input {name!r} takes an array, but {option} gave {reprlib.repr(value)}, which is none; give "
                    "rows of numbers of one length, such as [[1, 2], [3, 4]]"
                ) from None
    return values


def _assignment(text: str, option: str) -> tuple[str, Any]:
    import ast

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{option} takes NAME=VALUE, but got {reprlib.repr(text)}; for example {option} tax=1.2")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # of deep brackets, the last two
        try:
            made = _made_array(value.strip())
        except (ValueError, MemoryError, OverflowError) as error:
            raise UsageError(
                f"{option} gave {name.strip()!r} {reprlib.repr(value.strip())}, which NumPy cannot make: {error}"
            ) from None
        if made is not None:
            return name.strip(), made
        try:
            number = float(value)
        except ValueError:
            return name.strip(), value
        if math.isinf(number) and value.strip().lstrip("+-").isdigit():
            raise UsageError(
                f"{option} gave {name.strip()!r} a number of {len(value)} digits, too large for a float"
            ) from None
        return name.strip(), number


_SHAPE = r"\s*(\d+(?:\s*,\s*\d+)*)?\s*,?\s*"
_ARRAY = re.compile(rf"(randn|rand|ones|zeros|arange|randint)\({_SHAPE}\)")


def _made_array(text: str) -> Any:
    """Return the array that ``randn(1,3,64,64)``, ``ones(2,3)``, ``randint(10,8)`` makes; ``None`` for other texts.

    Random numbers are the same in every run; the first number of ``randint`` is that below which they are.
    """
    found = _ARRAY.fullmatch(text)
    if found is None:
        return None
    import numpy as np

    shape = tuple(int(part) for part in (found[2] or "").split(",") if part.strip())
    random = np.random.default_rng(0)
    match found[1]:
        case "ones" | "zeros":
            return getattr(np, found[1])(shape)
        case "randn":
            return np.asarray(random.standard_normal(shape))
        case "rand":
            return np.asarray(random.random(shape))
        case "arange" if len(shape) == 1:
            return np.arange(shape[0])
        case "randint" if shape:
            return np.asarray(random.integers(shape[0], size=shape[1:]))
    return None


@contextlib.contextmanager
def user_code() -> Iterator[None]:
    """Run the user's code: its prints go to stderr, its errors become `ModelFailed` with a traceback."""
    from bpviz.drawing.world import world_of_the_model

    try:
        with world_of_the_model():
            yield
    except (BpvizError, KeyboardInterrupt, click.ClickException):
        raise
    except SyntaxError as error:
        import traceback

        # The name of a document that contains the code is in brackets.
        place = f"{Path((error.filename or '').strip('<>')).name}, line {error.lineno}"
        where = "".join(traceback.format_exception_only(error))
        raise ModelFailed(f"{place} is not valid Python: {error.msg}", where) from None
    except ModelTooLong as error:
        raise ModelFailed(str(error), _own_frames(error)) from None
    except SystemExit as error:
        raise ModelFailed("the model called sys.exit()", _own_frames(error)) from None
    except BaseException as error:
        # Also the user's own kinds, and GeneratorExit.
        raise ModelFailed(f"the model raised {type(error).__name__}{_extra_for(error)}", _own_frames(error)) from None


def _extra_for(error: BaseException) -> str:
    """Return what to install for a framework that a model imports, and that is not there; empty for other errors."""
    from bpviz.sources.registry import extra_for

    extra = extra_for(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    return f'; install it: pip install "bpviz[{extra}]"' if extra else ""


def _own_frames(error: BaseException) -> str:
    import traceback

    shown = traceback.TracebackException.from_exception(error)
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    part: traceback.TracebackException | None = shown
    while part is not None:
        own = [f for f in part.stack if not f.filename.startswith((home, "<frozen importlib"))]
        part.stack = traceback.StackSummary.from_list(own)
        part = part.__cause__ or part.__context__
    return "".join(shown.format())
