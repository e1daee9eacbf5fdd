"""What the steps of PyTorch are drawn as: our own operations, or rows that call PyTorch."""
