"""What holds and executes runs: sessions, heartbeats, group commit and the worker's claim loop."""
