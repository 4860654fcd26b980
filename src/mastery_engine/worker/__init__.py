"""The event door: reads the log and hands batches to the engine."""
