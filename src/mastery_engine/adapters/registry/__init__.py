"""A Confluent-compatible schema registry, and the codec that stands on it."""
