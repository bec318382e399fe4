"""The warmup service: everything that is deployed."""
