"""The peers, from the extra `bench`: each behind the same verbs, each used as its own documentation shows."""
