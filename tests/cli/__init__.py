"""The `sagewai` command, run as a user runs it: as a program."""
