"""A real Kafka broker for tests and for trying things out, from the published jars, without Docker."""
