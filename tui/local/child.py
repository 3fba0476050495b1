"""One child process of a supervised local worker: how it is started, what it says when it ends, how it is let go."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import tui
from tui.local.files import append_private
from tui.local.ward import ENDED, LET_GO


class Child:
    """A running process. It has a session of its own, so that neither ctrl+c nor a hang-up of the terminal reaches it;
    the store's URL goes to it by its environment, as everybody may read the arguments of a process."""

    def __init__(self, arguments: Sequence[str], *, store_url: str, log: Path) -> None:
        """Raises OSError."""
        output = append_private(log)
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                # -P: a folder named `tui` where the console was started is the user's, not ours.
                [sys.executable, "-P", "-m", "tui.local.ward", str(theirs.fileno()), str(log), *arguments],
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

    def wait(self) -> tuple[int, bool]:
        """Its exit code (minus the signal that killed it), and whether it ended because it was asked to."""
        code = self._process.wait()
        word = b""
        with suppress(OSError):
            self._lifeline.setblocking(False)
            word = self._lifeline.recv(1)
        self._lifeline.close()
        return code, word == ENDED

    def signal(self, number: signal.Signals) -> None:
        """Does nothing once it has ended."""
        self._process.send_signal(number)

    def let_go(self) -> None:
        """It goes on whatever becomes of this process."""
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
