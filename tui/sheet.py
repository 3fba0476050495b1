"""The console's style sheet, parsed once for a theme."""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class Sheet(Stylesheet):
    """Textual parses all of it again for every screen that is shown for the first time, and for the first one twice,
    though only a theme's variables change what comes of it."""

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        self.parse()  # what was parsed with these variables is kept
