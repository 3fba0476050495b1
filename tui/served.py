"""The driver of a console in a browser, for ``textual serve``: it ends with the server that draws it."""

from __future__ import annotations

from textual.drivers.web_driver import WebDriver

from tui.driver import LineDropped


class ServedDriver(WebDriver):
    """Textual's, whose app would live on, unseen, once the server has gone away."""

    def run_input_thread(self) -> None:
        """Until there is nobody to press keys."""
        super().run_input_thread()
        self._app.post_message(LineDropped())
