"""What only the SQLite store promises: its file, its processes, its threads, its plans."""
