"""What the product does, one use case a file; it knows the ports and no adapter."""
