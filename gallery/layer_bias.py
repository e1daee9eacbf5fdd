"""One bias highlighted, everything else constant: grad(b₀) = 1 · act′(z₀) · cost′(a₀). A value with several paths to
the output gets the sum over the paths, each the product of its slopes."""

from layer import cost

import bpviz

main = bpviz.draw(cost, elements=True, highlight="b[0]", close="sum squared error")
