"""A load of events for a system that runs: sent at a rate, and each followed until its update can be seen."""
