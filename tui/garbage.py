"""When garbage is collected: not while the console comes up, as all that it loads and makes until then stays. Looking
through it again and again costs part of the first frame, and later a pause in which no key acts."""

from __future__ import annotations

import gc


def put_off() -> None:
    """Collect none until :func:`collect`."""
    gc.disable()


def collect() -> None:
    """From now on, and only what comes from now on; where it wasn't put off nothing changes."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
