"""Many small cases as one test: starting a test takes longer than many a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["at_once"]


def at_once(cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a check one test that runs it for every case: a parameter set of pytest, a tuple of arguments, or the argument.

    All cases are tried. The test fails with the errors of all that fail, and their names.

    >>> @at_once([("two", 2), ("three", 3)])
    ... def test_halves(name, number):
    ...     assert number % 2 == 0, f"{number} is odd"
    >>> try:
    ...     test_halves()
    ... except ExceptionGroup as group:
    ...     print(group, group.exceptions, group.exceptions[0].__notes__)
    1 of 2 cases: 'three', 3 (1 sub-exception) (AssertionError('3 is odd'),) ["in the case 'three', 3"]
    """
    # As they are now: some tests add operations to the table.
    cases = tuple(cases)
    assert cases

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            names, errors = [], []
            for case in cases:
                values = getattr(case, "values", case) if isinstance(case, tuple) else (case,)
                try:
                    check(*values)
                except Exception as error:
                    names.append(_name(case, values))
                    errors.append(error)
                    error.add_note(f"in the case {names[-1]}")
            if errors:
                raise ExceptionGroup(f"{len(errors)} of {len(cases)} cases: {'; '.join(names)}", errors)

        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(test, name, getattr(check, name))
        # The marks of pytest.
        test.__dict__.update(check.__dict__)
        return test

    return decorate


def _name(case: Any, values: tuple[Any, ...]) -> str:
    return getattr(case, "id", None) or getattr(case, "name", None) or ", ".join(map(repr, values))
