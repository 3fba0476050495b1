"""The console: pure parts, screens through a pilot, and the real program in a terminal."""
