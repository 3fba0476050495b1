"""``python -m sagewai.cli`` is the ``sagewai`` command."""

from __future__ import annotations

from sagewai.cli import main

main()
