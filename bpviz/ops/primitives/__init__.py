"""The operations that derivative rules are written in."""
