"""Kafka, by librdkafka's client: the log in topics, its consumers in groups, outputs and dead letters.

The client blocks, so each consumer and each set of administrative calls has a thread of its own.
"""
