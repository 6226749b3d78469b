"""What holds for every test."""

from __future__ import annotations

import signal

# A shell that runs tests in its background has them ignore Ctrl-C, and what they start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
