"""The tests; helper modules are imported from here as `tests.<room>`."""
