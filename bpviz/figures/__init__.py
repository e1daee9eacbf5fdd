"""Builders: from graphs and numbers to a `bpviz.figure.Figure`. One module per kind of figure."""
