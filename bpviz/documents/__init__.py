"""Documents as text, Markdown and HTML: one writer per format."""
