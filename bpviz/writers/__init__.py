"""Writers: from a picture or a figure to a file, a module for each format."""
