"""The same layers, one number at a time: grad(bᵢ) = act′(zᵢ)·grad(aᵢ) and grad(wᵢⱼ) = grad(bᵢ)·xⱼ. A value that several
neurons use gets the sum of their gradients."""

from layer import cost

import bpviz

main = bpviz.draw(cost, elements=True, close="sum squared error")
