"""The service under load: questions at a steady rate, events in batches, many students at once."""
