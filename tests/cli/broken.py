"""A module that fails when it is imported."""

raise ZeroDivisionError("there is nothing here to work with")
