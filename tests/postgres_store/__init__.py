"""What holds for the PostgreSQL store alone: its plans, locks and costs, its connections, its schema, its secrets."""
