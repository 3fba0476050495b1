"""Workers that live with the console: the embedded one, on a thread and event loop of its own."""
