"""From Kafka to Kafka: the engine, the least that a loop in Python must do, and another stream processor with our fold."""
