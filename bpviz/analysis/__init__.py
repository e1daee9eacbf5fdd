"""What numbers say: checks, paths, influences, differences."""
