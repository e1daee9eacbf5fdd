"""The shared factor, which bpviz finds: dZ = (A − Y) ∘ A ∘ (1 − A) is computed once and used twice, for dW = dZᵀ·X and
for db = Σ dZ."""

from perceptron import E

import bpviz

main = bpviz.draw(E, shared=True)
