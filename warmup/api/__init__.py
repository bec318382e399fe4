"""The service's operations and models, written from its OpenAPI document."""
