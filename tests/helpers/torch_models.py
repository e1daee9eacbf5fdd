"""Models as people write them in PyTorch, for the tests of the source: each gives a function and its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

# Small tensors gain nothing from threads, and tests run beside each other.
torch.set_num_threads(1)

Made = tuple[Callable[..., Any], tuple[Any, ...]]
MODELS: dict[str, Callable[[], Made]] = {}


def model(make: Callable[[], Made]) -> Callable[[], Made]:
    MODELS[make.__name__] = make
    return make


def build(name: str) -> Made:
    """The same model with the same weights, every time."""
    torch.manual_seed(0)
    return MODELS[name]()


# Classic


@model
def line_fit() -> Made:
    slope, offset = torch.tensor([[1.5], [-0.5]], requires_grad=True), torch.tensor([0.1], requires_grad=True)

    def loss(slope, offset, x, y):
        miss = x @ slope + offset - y
        return (miss * miss).mean()

    return loss, (slope, offset, torch.randn(5, 2), torch.randn(5, 1))


@model
def logistic() -> Made:
    w, b = torch.randn(3, requires_grad=True), torch.zeros((), requires_grad=True)

    def loss(w, b, x, t):
        p = torch.sigmoid(x.mv(w) + b)
        return F.binary_cross_entropy(p, t) + 0.01 * w.square().sum()

    return loss, (w, b, torch.randn(6, 3), torch.tensor([0.0, 1, 1, 0, 1, 0]))


@model
def two_layers() -> Made:
    net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3))
    return (lambda x, t: F.cross_entropy(net(x), t)), (torch.randn(5, 4), torch.tensor([2, 0, 1, 1, 0]))


class Digits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 4, 3, stride=2)
        self.drop, self.head = nn.Dropout(0.3), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        h = F.max_pool2d(torch.relu(self.norm1(self.conv1(x))), 2)
        h = F.relu(self.conv2(h), inplace=True)
        h = F.avg_pool2d(h, 1).flatten(1)
        return self.head(self.drop(h))


@model
def convolutions() -> Made:
    net = Digits()
    return (lambda x, t: F.cross_entropy(net(x), t)), (torch.randn(3, 1, 10, 10), torch.tensor([1, 4, 0]))


@model
def evaluation_mode() -> Made:
    net = Digits().eval()
    return (lambda x: net(x).logsumexp(1).mean()), (torch.randn(2, 1, 10, 10),)


class Block(nn.Module):
    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.relu, self.down = nn.ReLU(inplace=True), None
        if stride > 1 or width != out:
            self.down = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class ResNet(nn.Module):
    """ResNet-18 as its authors describe it, of any width."""

    def __init__(self, width: int = 64, classes: int = 1000, blocks: tuple[int, ...] = (2, 2, 2, 2)) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        before, stages = width, []
        for place, count in enumerate(blocks):
            out = width << place
            parts = [
                Block(before if first else out, out, 2 if first and place else 1)
                for first in [True] + [False] * (count - 1)
            ]
            stages.append(nn.Sequential(*parts))
            before = out
        self.layers = nn.ModuleList(stages)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for layer in self.layers:
            x = layer(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


@model
def resnet18() -> Made:
    net = ResNet(4, 5)
    return (lambda x, t: F.cross_entropy(net(x), t)), (torch.randn(2, 3, 32, 32), torch.tensor([3, 1]))


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, 4)
        self.lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        out, (h, c) = self.lstm(self.embed(ids))
        return self.head(out), h, c


@model
def lstm_tagger() -> Made:
    net = Tagger()

    def loss(ids, t):
        scores, h, c = net(ids)
        return F.cross_entropy(scores.transpose(1, 2), t) + 0.1 * h.pow(2).mean() + 0.01 * c.sum()

    return loss, (torch.randint(0, 12, (2, 5)), torch.randint(0, 3, (2, 5)))


@model
def recurrent_cell() -> Made:
    cell, head = nn.GRUCell(2, 3), nn.Linear(3, 1)

    def loss(x):
        h = torch.zeros(2, 3)
        for step in x:
            h = cell(step, h)
        return head(h).square().mean()

    return loss, (torch.randn(4, 2, 2),)


@model
def encoder_layer() -> Made:
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.1, batch_first=True)
    return (lambda x: layer(x).pow(2).mean()), (torch.randn(2, 4, 8),)


@model
def full_transformer() -> Made:
    net = nn.Transformer(8, 2, 1, 1, 12, dropout=0.0, batch_first=True)
    return (lambda a, b: net(a, b).pow(2).mean()), (torch.randn(1, 3, 8), torch.randn(1, 2, 8))


class GPTBlock(nn.Module):
    """A block of GPT-2: attention and a feed-forward network, each behind a norm and beside a residual."""

    def __init__(self, width: int = 8, heads: int = 2, kernel: bool = True) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))
        self.heads, self.kernel = heads, kernel

    def attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).split(width, 2))
        if self.kernel:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
            mask = torch.ones(length, length, dtype=torch.bool).tril()
            y = scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(batch, length, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class TinyGPT(nn.Module):
    def __init__(self, kernel: bool) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.blocks = nn.ModuleList(GPTBlock(kernel=kernel) for _ in range(2))
        self.ln_f, self.lm_head = nn.LayerNorm(8), nn.Linear(8, 11, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = self.lm_head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


@model
def gpt2_by_hand() -> Made:
    return TinyGPT(kernel=False), (torch.randint(0, 11, (2, 5)), torch.randint(0, 11, (2, 5)))


@model
def gpt2_tied_weights() -> Made:
    return TinyGPT(kernel=True), (torch.randint(0, 11, (2, 5)), torch.randint(0, 11, (2, 5)))


class Variational(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode, self.mu, self.logvar = nn.Linear(9, 6), nn.Linear(6, 2), nn.Linear(6, 2)
        self.decode = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 9))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.relu(self.encode(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decode(z), mu, logvar


@model
def variational_autoencoder() -> Made:
    net = Variational()

    def loss(x):
        y, mu, logvar = net(x)
        rebuilt = F.binary_cross_entropy_with_logits(y, x, reduction="sum")
        return rebuilt - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())

    return loss, (torch.rand(3, 9),)


@model
def adversarial() -> Made:
    make = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))
    judge = nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(0.2), nn.Linear(5, 1))

    def loss(real, z):
        fake = make(z)
        of_judge = F.softplus(-judge(real)).mean() + F.softplus(judge(fake.detach())).mean()
        return of_judge + F.softplus(-judge(fake)).mean()

    return loss, (torch.randn(4, 3), torch.randn(4, 2))


# PyTorch's corners


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x**3 * y, x + y

    @staticmethod
    def backward(ctx, g, h):
        x, y = ctx.saved_tensors
        return 3 * x * x * y * g + h, x**3 * g + h


@model
def custom_function() -> Made:
    def loss(x, y):
        a, b = Cubed.apply(x, y)
        return (a * b + x).sum()

    return loss, (torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True))


@model
def custom_function_differentiated_twice() -> Made:
    def loss(x, y):
        a, _ = Cubed.apply(x, y)
        (slope,) = torch.autograd.grad(a.sum(), x, create_graph=True)
        return (slope * slope).sum() + a.mean()

    return loss, (torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True))


@model
def writes_and_views() -> Made:
    def loss(x):
        y = x * 2
        y += 1
        y[0] = y[1] * 3
        flat = y.view(16)
        flat[3:5].mul_(x[0, :2])
        turned = y.t()
        turned.add_(x)
        y[:, 0].clamp_(min=0.1)
        return (y.sigmoid_() * x).sum()

    return loss, (torch.randn(4, 4, requires_grad=True),)


@model
def buffer_filled_in_a_loop() -> Made:
    def loss(x):
        out = torch.zeros(3, 4)
        for i in range(3):
            out[i] = x * (i + 1)
        row = out[1]
        row *= 2
        return (out * out).sum()

    return loss, (torch.randn(4, requires_grad=True),)


@model
def losses_of_many_kinds() -> Made:
    def loss(q, k, t):
        a, b = F.normalize(q, dim=1), F.normalize(k, dim=1)
        alike = torch.einsum("id,jd->ij", a, b) / 0.1
        contrast = (torch.logsumexp(alike, 1) - alike.diagonal()).mean()
        p = alike.softmax(-1)[torch.arange(4), t].clamp(1e-6, 1)
        focal = torch.where(p > 0.5, (1 - p) ** 2 * -p.log(), -p.log()).mean()
        best, _ = alike.topk(2, dim=1)
        gap = (best[:, 0] - best[:, 1]).abs().max()
        return contrast + 0.5 * focal + F.smooth_l1_loss(a, b) + 0.1 * gap + torch.cdist(q, k).min()

    return loss, (torch.randn(4, 5, requires_grad=True), torch.randn(4, 5, requires_grad=True), torch.arange(4))


@model
def loop_on_a_condition() -> Made:
    def loss(x):
        n = 0
        while x.norm() < 10 and n < 5:
            x = x * 2 if x.sum() > 0 else x - 1
            n += 1
        return x.sum() * n

    return loss, (torch.tensor([1.2, -0.4], requires_grad=True),)


@model
def checkpoints() -> Made:
    a, b = nn.Sequential(nn.Linear(3, 3), nn.GELU()), nn.Sequential(nn.Linear(3, 3), nn.SiLU())

    def loss(x):
        return checkpoint(b, checkpoint(a, x, use_reentrant=False), use_reentrant=False).sum()

    return loss, (torch.randn(2, 3, requires_grad=True),)


@model
def reentrant_checkpoint() -> Made:
    a = nn.Sequential(nn.Linear(3, 3), nn.GELU())
    return (lambda x: checkpoint(a, x, use_reentrant=True).square().sum()), (torch.randn(2, 3, requires_grad=True),)


@model
def autocast() -> Made:
    layer, head = nn.Linear(4, 4), nn.Linear(4, 2)

    def loss(x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            h = torch.relu(layer(x))
            h = torch.relu(layer(h)) + h
            return head(h).float().square().mean()

    return loss, (torch.randn(3, 4),)


if hasattr(torch.compiler, "set_stance"):
    # From PyTorch 2.6 on: before, compiled code is refused.
    @model
    def compiled() -> Made:
        fast = torch.compile(nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2)))
        return (lambda x: fast(x).pow(2).sum()), (torch.randn(2, 3),)


@model
def fourier() -> Made:
    def loss(x):
        f = torch.fft.rfft(x)
        return (f.abs() ** 2).mean() + f.real.sum()

    return loss, (torch.randn(6, requires_grad=True),)


@model
def gradient_penalty() -> Made:
    judge = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))

    def loss(x):
        score = judge(x)
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        return score.mean() + 10 * (slope.norm(dim=1) - 1).pow(2).mean()

    return loss, (torch.randn(3, 3, requires_grad=True),)


@model
def several_results() -> Made:
    def loss(x):
        a, b, c = x.split(2, dim=1)
        d, e = torch.chunk(x, 2)
        best, _ = x.max(dim=1)
        first = torch.unbind(a)[0]
        _, r = torch.linalg.qr(x)
        s, _ = x.sort()
        return (a * b * c).sum() + (d - e).pow(2).sum() + best.sum() + first.sum() + r.abs().sum() + s[:, 0].sum()

    return loss, (torch.randn(4, 6, requires_grad=True),)


@model
def twin_towers() -> Made:
    tower = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))

    def loss(x, y):
        return F.pairwise_distance(tower(x), tower(y)).mean() + F.cosine_similarity(tower(x), tower(x + 0.1)).sum()

    return loss, (torch.randn(2, 3), torch.randn(2, 3))


@model
def hooks_of_the_user() -> Made:
    first = nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    second = nn.Linear(3, 2)
    second.register_forward_hook(lambda module, inputs, result: result * 2)

    def loss(x):
        h = first(x)
        h.register_hook(lambda g: g * 0.5)
        return second(torch.tanh(h)).sum()

    return loss, (torch.randn(2, 3),)


@model
def one_tensor_in_all_places() -> Made:
    w = nn.Linear(4, 4)

    def loss(x):
        h = w(x)
        kernel = F.scaled_dot_product_attention(h, h, h, is_causal=True).pow(2).sum()
        return kernel + (h @ h.transpose(1, 2)).mean() + torch.einsum("bij,bij->", h, h) + torch.addcmul(h, h, h).sum()

    return loss, (torch.randn(2, 3, 4),)


@model
def data_parallel() -> Made:
    net = nn.DataParallel(nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1)))
    return (lambda x: net(x).sum()), (torch.randn(2, 3),)


@model
def vmapped() -> Made:
    net = nn.Linear(3, 2)
    return (lambda x: torch.func.vmap(lambda row: torch.tanh(net(row)).sum())(x).mean()), (torch.randn(4, 3),)


@model
def scripted() -> Made:
    @torch.jit.script
    def inner(x, w):
        y = torch.tanh(x @ w)
        return y * y

    return (lambda x, w: inner(x, w).sum() + w.sum()), (torch.randn(2, 3), torch.randn(3, 2, requires_grad=True))


@model
def sparse_gradient() -> Made:
    bag = nn.EmbeddingBag(8, 3, sparse=True)
    return (lambda ids: bag(ids).pow(2).sum()), (torch.tensor([[1, 2], [3, 3]]),)


@model
def frozen_layer() -> Made:
    first, second = nn.Linear(3, 3).requires_grad_(False), nn.Linear(3, 1)
    return (lambda x: second(torch.relu(first(x))).sum()), (torch.randn(2, 3),)


# Current


class Up(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.ConvTranspose2d(3, 3, 2, stride=2)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.up(F.silu(self.down(x)))
        return self.out(torch.cat([h, x], 1))


@model
def u_net() -> Made:
    net = Up()
    return (lambda x: F.mse_loss(net(x), x)), (torch.randn(1, 1, 6, 6),)


class VisionBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch, self.cls = nn.Conv2d(1, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8))
        self.place = nn.Parameter(torch.randn(1, 5, 8) * 0.1)
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(x), -1, -1), tokens], 1) + self.place
        h = self.norm(tokens)
        tokens = tokens + self.attention(h, h, h, need_weights=False)[0]
        return self.head(tokens[:, 0])


@model
def vision_transformer() -> Made:
    net = VisionBlock()
    return (lambda x, t: F.cross_entropy(net(x), t)), (torch.randn(2, 1, 8, 8), torch.tensor([0, 2]))


class Llama(nn.Module):
    """RMSNorm and attention with rotary positions, as in current language models."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8))
        self.q, self.k, self.v, self.o = (nn.Linear(8, 8, bias=False) for _ in range(4))
        self.gate, self.up, self.down = (
            nn.Linear(8, 12, bias=False),
            nn.Linear(8, 12, bias=False),
            nn.Linear(12, 8, bias=False),
        )

    def norm(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.scale

    def rotate(self, x: Tensor) -> Tensor:
        angles = torch.outer(torch.arange(x.shape[-2]).float(), 10000 ** (-torch.arange(0, 4, 2) / 4))
        cos, sin = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
        a, b = x.chunk(2, -1)
        return x * cos + torch.cat([-b, a], -1) * sin

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (part(h).unflatten(-1, (2, 4)).transpose(1, 2) for part in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        h = self.norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


@model
def rotary_and_rms_norm() -> Made:
    net = Llama()
    return (lambda x: net(x).square().mean()), (torch.randn(2, 3, 8),)


class Experts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(4, 3, bias=False)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 4)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        weights, chosen = self.router(x).softmax(-1).topk(2, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        out = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows, place = torch.where(chosen == number)
            if len(rows):
                out = out.index_add(0, rows, expert(x[rows]) * weights[rows, place, None])
        return out


@model
def mixture_of_experts() -> Made:
    net = Experts()
    return (lambda x: net(x).pow(2).mean()), (torch.randn(5, 4),)


@model
def diffusion_step() -> Made:
    net = nn.Sequential(nn.Linear(5, 8), nn.SiLU(), nn.Linear(8, 4))
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 10), 0)

    def loss(x, t):
        noise = torch.randn_like(x)
        a = kept[t][:, None]
        noisy = a.sqrt() * x + (1 - a).sqrt() * noise
        return F.mse_loss(net(torch.cat([noisy, t[:, None] / 10], 1)), noise)

    return loss, (torch.randn(3, 4), torch.tensor([1, 5, 9]))


@model
def deep_q_learning() -> Made:
    online, target = nn.Linear(3, 2), nn.Linear(3, 2)

    def loss(state, action, reward, after, done):
        q = online(state).gather(1, action[:, None]).squeeze(1)
        with torch.no_grad():
            best = target(after).max(1).values
            goal = reward + 0.9 * best * (1 - done)
        return F.smooth_l1_loss(q, goal)

    return loss, (
        torch.randn(4, 3),
        torch.tensor([0, 1, 1, 0]),
        torch.randn(4),
        torch.randn(4, 3),
        torch.tensor([0.0, 0, 1, 0]),
    )


@model
def contrastive_towers() -> Made:
    image, text = nn.Linear(6, 3), nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(12, 3))
    temperature = nn.Parameter(torch.tensor(0.5))

    def loss(pictures, words):
        a, b = F.normalize(image(pictures), dim=-1), F.normalize(text(words), dim=-1)
        logits = a @ b.T * temperature.exp()
        right = torch.arange(len(a))
        return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2

    return loss, (torch.randn(3, 6), torch.randint(0, 9, (3, 3)))


class LowRank(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(5, 4).requires_grad_(False)
        self.down, self.up = nn.Parameter(torch.randn(2, 5) * 0.1), nn.Parameter(torch.randn(4, 2) * 0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + 2.0 * (x @ self.down.T @ self.up.T)


@model
def low_rank_adaptation() -> Made:
    net = LowRank()
    return (lambda x, t: F.cross_entropy(net(x), t)), (torch.randn(3, 5), torch.tensor([0, 3, 1]))


class Translator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 3)
        self.encoder, self.cell, self.head = nn.GRU(3, 4, batch_first=True), nn.GRUCell(3, 4), nn.Linear(4, 7)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        _, h = self.encoder(self.words(source))
        state, losses = h[0], []
        for place in range(target.shape[1] - 1):
            state = self.cell(self.words(target[:, place]), state)
            losses.append(F.cross_entropy(self.head(state), target[:, place + 1]))
        return torch.stack(losses).mean()


@model
def sequence_to_sequence() -> Made:
    return Translator(), (torch.randint(0, 7, (2, 4)), torch.randint(0, 7, (2, 4)))


@dataclass
class Answer:
    loss: Tensor
    scores: Tensor


class Answering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: Tensor, *, t: Tensor) -> Answer:
        scores = self.layer(x)
        return Answer(F.cross_entropy(scores, t), scores)


@model
def result_in_a_dataclass() -> Made:
    net = Answering()
    return (lambda x, t: net(x, t=t)), (torch.randn(2, 3), torch.tensor([0, 1]))


@model
def spectral_norm() -> Made:
    layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3))
    return (lambda x: layer(x).pow(2).sum()), (torch.randn(2, 3),)


@model
def graph_convolution() -> Made:
    w = nn.Parameter(torch.randn(3, 2))

    def loss(x, edges):
        h = x @ w
        gathered = torch.zeros_like(h).scatter_add(0, edges[1][:, None].expand(-1, 2), h[edges[0]])
        return F.elu(gathered + h).sum()

    return loss, (torch.randn(4, 3), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]]))


@model
def policy_gradient() -> Made:
    policy = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

    def loss(states, returns):
        choice = torch.distributions.Categorical(logits=policy(states))
        return -(choice.log_prob(choice.sample()) * returns).mean() - 0.01 * choice.entropy().mean()

    return loss, (torch.randn(5, 3), torch.randn(5))


@model
def multi_task_with_dict() -> Made:
    trunk = nn.Linear(3, 4)
    heads = nn.ModuleDict({"kind": nn.Linear(4, 2), "size": nn.Linear(4, 1)})

    def loss(batch):
        h = F.gelu(trunk(batch["x"]))
        losses = {
            "kind": F.cross_entropy(heads["kind"](h), batch["kind"]),
            "size": F.l1_loss(heads["size"](h), batch["size"]),
        }
        return sum(losses.values())

    return loss, ({"x": torch.randn(3, 3), "kind": torch.tensor([0, 1, 1]), "size": torch.randn(3, 1)},)
