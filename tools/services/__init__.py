"""The real engines on loopback, without Docker: Kafka, a schema registry, PostgreSQL, Redis and a Dapr sidecar.

`python -m tools.services up` starts what does not run yet, and says how the engine is pointed at them.
"""
