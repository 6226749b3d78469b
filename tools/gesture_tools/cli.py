"""The command ``gesture``: a group of commands that are entry points, imported when they are run."""

from __future__ import annotations

import contextlib
import difflib
import os
import signal
import sys
from collections.abc import Iterator
from importlib import metadata
from types import FrameType
from typing import Any

import click

from gesture_tools.errors import INTERRUPTED, UserError

COMMANDS = "tinygesture.commands"
"""Entry-point group; its values are click commands."""

SECTIONS = {
    "Record": ("ports", "record", "import", "export", "lint", "show", "synthesize"),
    "Train": ("train", "evaluate", "tune", "stress", "compare"),
    "Run": ("inspect", "bench", "simulate", "build", "flash", "emulate"),
    "Trust": ("parity", "accept", "replay", "demo"),
}
"""Commands as the help shows them, in the order of their use; those of others come last."""

UNREAD = 141
"""Exit code when the output's reader went away: that of a program that SIGPIPE ends."""


@contextlib.contextmanager
def _read_to_its_end() -> Iterator[None]:
    """End the process with UNREAD when what it prints has no reader any more; click and rich say 1."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        _abandon_output()
        sys.exit(UNREAD)


class Commands(click.Group):
    """Commands by entry point, so that starting one imports nothing of the others."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments; some, as ``--help``, print."""
        with _read_to_its_end():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _read_to_its_end():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(point.name for point in metadata.entry_points(group=COMMANDS))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        for point in metadata.entry_points(group=COMMANDS, name=cmd_name):
            command = point.load()
            assert isinstance(command, click.Command)
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section."""
        names = self.list_commands(ctx)
        width = max(map(len, names))
        others = tuple(name for name in names if not any(name in some for some in SECTIONS.values()))
        for title, some in {**SECTIONS, "Others": others}.items():
            commands = {name: self.get_command(ctx, name) for name in some if name in names}
            rows = [
                (name.ljust(width), command.get_short_help_str(formatter.width))
                for name, command in commands.items()
                if command is not None
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; of one that is not there, name the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if near := difflib.get_close_matches(args[0], self.list_commands(ctx), 1):
                message = f"No such command '{args[0]}': did you mean '{near[0]}'?"
                raise click.UsageError(message, ctx) from error
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tinygesture")
def group() -> None:
    """Record, train, build, emulate and test gesture recognition for a microcontroller.

    \b
    gesture record wave --count 10 --out mydata       gestures from a board or a sketch into logs
    gesture train data/starter --out build/model      logs to an int8 model with its contract
    gesture inspect build/model/gesture.tflite        what it is, and what to type next
    gesture flash --model build/model/gesture.tflite  onto a board, and tested there
    """


def main() -> None:
    """Run ``gesture``."""
    run(group)


def run(command: click.Command) -> None:
    """Run a command with the arguments of the process, and end the process.

    Exit codes: 0 success, 1 an expectation failed, 2 a mistake in the input; as of programs that a signal
    ends, 130 interrupted, 141 nobody read the output to its end (``| head``), 143 terminated.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open until the end
    _unwind_when_ended()
    try:
        if "" in sys.argv[1:]:
            raise UserError("an argument is empty: expected a word; is a shell variable not set?")
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        code = command.main(standalone_mode=False, color=False if plain else None)
        with _read_to_its_end():
            sys.stdout.flush()
    except UserError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        message = " ".join(error.format_message().split())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            message = f"{message.rstrip('.?')}; see '{error.ctx.command_path} --help'"
        click.echo(f"error: {message}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt, SystemError) as error:
        # A SystemError is what native code makes of a Ctrl-C that it did not expect.
        if isinstance(error, SystemError) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        _abandon_output()
        click.echo(f"error: {error.strerror or error}: {error.filename or 'standard output'}", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _unwind_when_ended() -> None:
    """Let SIGTERM and a closed terminal end the process as Ctrl-C does, its children and files put away.

    A second signal ends it at once. What the caller has chosen to ignore stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def _abandon_output() -> None:
    """Keep the interpreter from trying once more, at its end, to write what cannot be written."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
