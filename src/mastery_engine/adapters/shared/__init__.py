"""What several adapters are made with, and what is no system of its own; it knows none of them."""
