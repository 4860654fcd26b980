"""What keeps a server from starting, in words for the person who asked for it."""

from __future__ import annotations


class ServiceError(Exception):
    """A server cannot be had here; the message says why, and what to do."""
