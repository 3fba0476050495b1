"""The engine: declared workflows become durable runs."""
