"""One suite, three stores: whatever holds here holds in memory, in SQLite and in PostgreSQL."""
