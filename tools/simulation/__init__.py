"""Random histories of the very processor on the memory adapters, with every fault that it must survive."""
