"""One step of gradient descent in PyTorch, recorded as it happens: `loss.backward()` is the user's own."""

import torch

import bpviz

w = torch.tensor([2.0, -1.0], requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
x, t = torch.tensor([1.0, 3.0]), torch.tensor(1.5)
optimizer = torch.optim.SGD([w, b], lr=0.1)

with bpviz.recording():
    y = torch.dot(w, x) + b
    loss = (y - t) ** 2
    loss.backward()
    optimizer.step()

main = bpviz.draw(loss)
