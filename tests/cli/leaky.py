"""A module whose failure tells a secret."""

raise RuntimeError("can't reach postgresql://ann:hunter2@db/x")
