"""Erasing students: asking for it, carrying it out whatever crashes, and seeing that nothing is left."""
