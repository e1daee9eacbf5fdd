"""Figures in documents: Markdown files, Sphinx, notebooks."""
