"""State in Redis: one server, a primary found by Sentinel, or a cluster."""
