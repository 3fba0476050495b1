"""The terminal driver: as Textual's, but a terminal that has gone away ends the console instead of hanging it."""

from __future__ import annotations

import io
import os
import selectors
import threading
from codecs import getincrementaldecoder
from collections.abc import Mapping
from typing import IO

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.typed import ESC, Typed


def served(environ: Mapping[str, str]) -> bool:
    """Whether the console is drawn in a browser, by ``textual serve``, which brings a driver of its own."""
    return bool(environ.get("TEXTUAL_DRIVER"))


_TO_ACT = 1.0
"""Seconds that a key waits at most for the esc before it."""


def driver_for(environ: Mapping[str, str]) -> type[Driver]:
    """The driver of a terminal, or of a browser."""
    if not served(environ):
        return ConsoleDriver
    from tui.served import ServedDriver

    return ServedDriver


class LineDropped(Message):
    """The terminal went away: the line dropped, or its window was closed."""


class _Screen(io.TextIOBase):
    """The terminal as a file. What can't be written any more is dropped: nobody is there to read it."""

    def __init__(self, out: IO[str]) -> None:
        super().__init__()
        self._out = out
        self.gone = False

    def write(self, text: str) -> int:
        if not self.gone:
            try:
                self._out.write(text)
            except (OSError, ValueError):
                self.gone = True
        return len(text)

    def flush(self) -> None:
        if not self.gone:
            try:
                self._out.flush()
            except (OSError, ValueError):
                self.gone = True

    def fileno(self) -> int:
        return self._out.fileno()

    def isatty(self) -> bool:
        return True


class ConsoleDriver(LinuxDriver):
    """Survives the terminal: input that ended or failed asks the app to leave."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        terminal = self._file
        if terminal is None:
            raise OSError("there is no terminal to draw on: standard error is closed")
        self._terminal = terminal
        self._file = _Screen(terminal)  # type: ignore[assignment]
        self._is_away = False

    def suspend_application_mode(self) -> None:
        """Hand the terminal on: nothing is written to it until it is taken back."""
        super().suspend_application_mode()
        self._is_away = True

    def resume_application_mode(self) -> None:
        """Take it back. After a SIGSTOP, of which nobody is told, it was never handed on: without that there would be a
        second reader, and a writer that nobody ends."""
        was_stopped = not self._is_away
        if was_stopped:
            super().suspend_application_mode()
        self._is_away = False
        super().resume_application_mode()
        if was_stopped:
            self.send_message(events.Callback(callback=self._draw_again))

    def _draw_again(self) -> None:
        self._app.refresh(layout=True)

    def write(self, data: str) -> None:
        if not self._is_away:
            super().write(data)

    def _get_terminal_size(self) -> tuple[int, int]:
        """That of the terminal it draws on: standard output may be a file, or where the embedded worker prints."""
        try:
            size = os.get_terminal_size(self._terminal.fileno())
        except (OSError, ValueError):
            return super()._get_terminal_size()
        return size.columns or 80, size.lines or 24

    @property
    def has_mouse(self) -> bool:
        """Whether the terminal sends clicks instead of selecting text."""
        return self._mouse

    def use_mouse(self, wanted: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        if wanted:
            self._mouse = True
            self._enable_mouse_support()
        else:
            self._disable_mouse_support()
            self._mouse = False
        self.flush()

    def _press_escape(self) -> None:
        """And let it act before the next key is sent: that one is for what lies behind the question that esc leaves."""
        has_acted = threading.Event()

        def behind() -> None:
            pump = self._app.focused or self._app
            pump.call_later(has_acted.set)

        self.process_message(events.Key("escape", ESC))
        self.send_message(events.Callback(callback=behind))
        has_acted.wait(_TO_ACT)

    def run_input_thread(self) -> None:
        """Read keys until told to stop, or until there is nobody to press them."""
        parser, typed = XTermParser(self._debug), Typed()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    try:
                        data = os.read(self.fileno, 4096)
                    except OSError:
                        data = b""
                    if not data:
                        self._app.post_message(LineDropped())
                        return
                    pieces = typed.feed(decode(data))
                else:
                    pieces = typed.settle()
                for piece in pieces:
                    if piece == ESC:
                        self._press_escape()
                        continue
                    for message in parser.feed(piece):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
