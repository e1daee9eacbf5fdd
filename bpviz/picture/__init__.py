"""Pictures as frozen plain data: what stands where, and what it looks like."""
