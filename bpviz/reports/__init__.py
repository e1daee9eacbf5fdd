"""What can be said in words: explanations, what-if, comparisons."""
