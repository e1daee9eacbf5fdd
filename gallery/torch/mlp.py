"""A network of two layers in PyTorch: the same figure as from NumPy, with PyTorch's own numbers."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 3)
        self.fc2 = nn.Linear(3, 2)

    def forward(self, x):
        h = torch.relu(self.fc1(x))
        return self.fc2(h)


torch.manual_seed(1)
net = MLP()


def loss(x=torch.tensor([[1.0, -2.0]]), t=torch.tensor([1])):
    scores = net(x)
    return F.cross_entropy(scores, t)
