"""Clients of other makers, and what they are asked."""
