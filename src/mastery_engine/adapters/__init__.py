"""How the ports are kept, one package a system; they know neither the engine nor each other, but all may use `shared`."""
