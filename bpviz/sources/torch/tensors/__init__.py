"""Tensors, their numbers, and the graph that PyTorch keeps of them."""
