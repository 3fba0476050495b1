"""What is stored and shown: immutable values without behaviour."""
