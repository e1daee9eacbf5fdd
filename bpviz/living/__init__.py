"""The living figure: a page whose numbers follow when a reader changes an input."""
