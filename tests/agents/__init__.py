"""Agents against the real litellm and a model endpoint on loopback."""
