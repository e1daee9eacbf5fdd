"""Text and numbers: how they are written, how wide they are, in which language."""
