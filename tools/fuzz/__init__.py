"""Requests that nobody would send on purpose, to the real service, for a bounded time."""
