"""Where runs live: one contract (base), three stores that keep it."""
