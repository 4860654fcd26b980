"""Workers on real Kafka killed, frozen and restarted at random while events come in, and the verdict on what counted."""
