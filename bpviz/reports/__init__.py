"""Reports in words: explanations, what-if, comparisons."""
