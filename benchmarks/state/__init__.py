"""State on servers: from Kafka to Kafka through Redis and through a Dapr sidecar, and what it takes of memory."""
