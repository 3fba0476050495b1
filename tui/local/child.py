"""One child process of a supervised local worker: how it is started, what it says when it ends, how it is let go."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tui
from tui.local.files import append_private
from tui.local.order import Order
from tui.local.ward import ENDED, LET_GO

_STORE_AWAY = 5
"""What ``sagewai`` ends with where the store doesn't answer: no fault of the worker's."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended. ``asked``: because it was asked to; else ``counts``, as a crash, and whether it is started
    ``again`` without being asked."""

    why: str
    asked: bool = False
    counts: bool = True
    again: bool = True


class Child:
    """A running process. It has a session of its own, so that neither ctrl+c nor a hang-up of the terminal reaches it;
    the store's URL goes to it by its environment, as everybody may read the arguments of a process."""

    def __init__(self, order: Order, name: str, *, store_url: str, log: Path) -> None:
        """Raises OSError."""
        output = append_private(log)
        ours, theirs = socket.socketpair()
        words = [str(theirs.fileno()), str(log), name, str(order)]
        try:
            self._process = subprocess.Popen(
                # -P: a folder named `tui` where the console was started is the user's, not ours.
                [sys.executable, "-P", "-m", "tui.local.ward", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                env={**environment(os.environ), "SAGEWAI_STORE": store_url},
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(output)
        self._lifeline = ours
        self.pid = self._process.pid

    def wait(self) -> End:
        code = self._process.wait()
        word = b""
        with suppress(OSError):
            self._lifeline.setblocking(False)
            word = self._lifeline.recv(1)
        self._lifeline.close()
        why = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return End(why, asked=word == ENDED, counts=code != _STORE_AWAY)

    def signal(self, number: signal.Signals) -> None:
        """Does nothing once it has ended."""
        self._process.send_signal(number)

    def let_go(self) -> None:
        """It goes on whatever becomes of this process, and writes down how a later console finds it."""
        with suppress(OSError):
            self._lifeline.send(LET_GO)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """With it a child finds these packages too when they are run from a checkout. Installed ones it finds by itself;
    naming their folder would put it before the standard library."""
    here = Path(tui.__file__).resolve().parent.parent
    if here.name in {"site-packages", "dist-packages"}:
        return dict(given)
    before = given.get("PYTHONPATH", "")
    return {**given, "PYTHONPATH": os.pathsep.join([str(here), before] if before else [str(here)])}
