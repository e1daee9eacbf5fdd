"""What was computed, and its numbers: graphs, flows, propagation."""
