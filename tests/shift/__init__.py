"""A whole shift on call, carried out in the real console by keys alone."""
