"""The routes, an area a file: what is asked and answered, how the document tells it, and the way to its use case."""
