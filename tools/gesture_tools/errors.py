"""The one error a user sees: a line saying what was expected, what was found and what to do."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C, as shells expect it."""


class UserError(click.ClickException):
    """A mistake or a circumstance the user can change; ends a command with exit code 2 and no traceback."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message as one line on standard error."""
        click.echo(f"error: {' '.join(self.message.split())}", file=file or sys.stderr)
