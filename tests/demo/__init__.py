"""The demo: its workflows, what it leaves behind (nothing), and its story told without a terminal."""
