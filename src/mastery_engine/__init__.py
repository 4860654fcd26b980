"""Turns learning events into mastery scores with their reasons, a forecast and what to do next."""

__version__ = "0.1.0"
