"""Analysis of the numbers: checks, paths, influences, differences."""
