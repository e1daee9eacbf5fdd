"""What cannot be drawn is refused in one sentence that says what to do."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bpviz[torch]'")

from torch import nn  # noqa: E402

import bpviz  # noqa: E402
from bpviz.errors import BpvizError, UsageError  # noqa: E402
from bpviz.sources.torch.tensors.refusals import check_version  # noqa: E402


class Wrapped(nn.Module):
    """As PyTorch's own wrappers, which need several processes."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(2, 1)


X = torch.ones(2, 2)
DistributedDataParallel = type("DistributedDataParallel", (Wrapped,), {"__module__": "torch.nn.parallel.distributed"})
CASES: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "no example input": (nn.Linear(2, 1), (), "Linear needs an example input: its forward takes x"),
    "no value": (lambda x, y: x + y, (X,), "has no value for y"),
    "too many": (nn.Linear(2, 1), (X, X), "Linear takes other arguments: too many positional arguments"),
    "meta": (nn.Linear(2, 1, device="meta"), (X,), "on the device 'meta', where it has no numbers"),
    "sparse": (lambda x: x.to_sparse().sum(), (X,), "sparse.*x.to_dense()"),
    "nested": (lambda x: torch.nested.nested_tensor([x[0], x[1, :1]]).sum(), (X,), "x.to_padded_tensor"),
    "quantised": (
        lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.quint8).dequantize().sum(),
        (X,),
        r"quantised.*x.dequantize\(\)",
    ),
    "distributed": (DistributedDataParallel(), (X,), "among processes.*net.module"),
    "lazy": (nn.LazyLinear(2), (X,), r"call it once .*: net\(x\)"),
    "a plain number": (lambda x: x.sum().item(), (X,), r"returned 4.0, which is no tensor.*without .item\(\)"),
    "nothing": (lambda x: None, (X,), "returned None"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_drawn_is_refused_in_one_sentence(name: str) -> None:
    thing, args, expected = CASES[name]
    with pytest.raises(BpvizError, match=expected) as caught:
        bpviz.draw(thing, *args)
    text = str(caught.value)
    assert "\n" not in text
    assert not text.endswith(".")


def test_what_the_model_raises_passes_through() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        bpviz.draw(nn.Linear(3, 1), X)


def test_a_graph_that_was_freed_is_refused() -> None:
    w = torch.ones(2, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    with pytest.raises(UsageError, match="freed by backward"):
        bpviz.draw(loss)


def test_old_versions_are_refused_when_the_source_is_imported() -> None:
    check_version("2.4.0")
    check_version("2.13.0a0+git1234")
    with pytest.raises(UsageError, match=r"PyTorch 2.4 or newer, but 2.3.1\+cpu is installed"):
        check_version("2.3.1+cpu")


def test_compiled_code_is_refused_where_pytorch_cannot_run_it_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = torch.compile(nn.Linear(2, 1), backend="eager")
    monkeypatch.delattr(torch.compiler, "set_stance", raising=False)
    with pytest.raises(UsageError, match=r"from PyTorch 2.6 on, and .* is installed; draw the module that was given"):
        bpviz.draw(compiled, X)
