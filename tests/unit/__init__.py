"""The engine's pure parts, without a store."""
