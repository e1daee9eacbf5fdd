"""The generator of random models: the same for a seed, of the given size, tame, and readable by another library."""

from __future__ import annotations

import inspect
import math
import random

import autograd
import autograd.numpy
import numpy as np
import pytest
from random_graphs import random_function, random_matrix_function


@pytest.mark.parametrize("seed", range(0, 60, 7))
@pytest.mark.parametrize("make", [random_function, random_matrix_function])
def test_models_are_tame_and_differentiable(make, seed: int) -> None:  # type: ignore[no-untyped-def]
    model, args = make(random.Random(seed), 3 + seed)
    twin, same_args = make(random.Random(seed), 3 + seed, autograd.numpy)
    assert all(np.array_equal(one, other) for one, other in zip(args, same_args, strict=True))
    assert inspect.getsource(model) in model.__doc__
    value = model(*args)
    assert math.isfinite(value)
    gradients = autograd.grad(twin, argnum=tuple(range(len(args))))(*args)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert twin(*args) == value


@pytest.mark.parametrize("operations", [1, 2, 3, 10, 40])
def test_a_model_has_the_requested_number_of_operations(operations: int) -> None:
    """Counted by calling it with a number that counts what is done to it, every constant of the source included."""

    class Counting(float):
        done = 0

        def counted(self, *_: object) -> Counting:
            Counting.done += 1
            return Counting(1.5)

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = counted
        __truediv__ = __rtruediv__ = __pow__ = __neg__ = counted
        exp = tanh = sin = log = sqrt = counted

    class Functions:
        """NumPy's functions as methods of the number."""

        def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
            return lambda x: getattr(x, name)()

    for seed in range(20):
        Counting.done = 0
        model, args = random_function(random.Random(seed), operations, Functions())
        model(*map(Counting, args))
        assert Counting.done == operations
