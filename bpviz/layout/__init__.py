"""From a figure to a picture: the place of every box, label and wire."""
