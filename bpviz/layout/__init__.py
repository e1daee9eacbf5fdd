"""From a figure to a picture: where every box, label and wire stands."""
