"""A module that ends its process as soon as it is imported, without a word about why."""

from __future__ import annotations

import os
import sys

sys.stderr.write("here \x1b]0;owned\x07 it ends\n")
sys.stderr.flush()
os._exit(int(os.environ.get("CRASH_WITH", "0")))
