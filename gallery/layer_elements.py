"""The same layers, one number at a time: grad(bᵢ) = act′(zᵢ)·grad(aᵢ) and grad(wᵢⱼ) = grad(bᵢ)·xⱼ. What feeds several
neurons gets the sum of what comes back from each."""

from layer import cost

import bpviz

main = bpviz.draw(cost, elements=True, close="sum squared error")
