"""Caches that processes share."""
