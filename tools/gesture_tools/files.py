"""Reading and writing whole files, with errors a user can act on and nothing half-written."""

from __future__ import annotations

import csv
import errno
import os
import signal
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from gesture_tools.errors import UserError

MAX_BYTES = 1 << 30
"""Largest file that is read."""

BOM = b"\xef\xbb\xbf"
"""What some editors put before UTF-8 text."""

_ADVICE = {
    errno.ENOENT: "check the name",
    errno.EACCES: "allow it, or choose another place",
    errno.EPERM: "allow it, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOSPC: "make room, or choose another place",
    errno.EDQUOT: "make room, or choose another place",
    errno.EEXIST: "a file stands where a folder is expected: choose another name",
    errno.ENOTDIR: "a file stands where a folder is expected: choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "a link leads in a circle: choose another name",
}


def why(error: OSError) -> str:
    """Return what the system says to a file or folder, and what to do about it."""
    return f"{error.strerror or error}; {_ADVICE.get(error.errno or 0, 'try again, or another place')}"


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes; raise UserError when it is unreadable, no regular file or over 1 GiB."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"cannot read {path}: expected a regular file, found a folder, device or pipe")
        if status.st_size > MAX_BYTES:
            raise UserError(
                f"cannot read {path}: expected at most 1 GiB, found {status.st_size} bytes; split it"
            )
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {why(error)}") from error


def read_text(path: Path) -> str:
    """Return a UTF-8 text file; raise UserError when it is missing, unreadable or not UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): expected a text file") from error


def read_rows(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of CSV lines with their line numbers, without blank ones.

    path is for messages. Raises UserError for a line that is no CSV.
    """
    rows = csv.reader(lines)
    try:
        for row in rows:
            if row:
                yield rows.line_num, row
    except csv.Error as error:
        raise UserError(f"{path}, line {rows.line_num}: expected comma-separated text: {error}") from error


def make_folder(path: Path) -> None:
    """Create a folder and its parents; raise UserError when that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create folder {path}: {why(error)}") from error


@contextmanager
def folders(*paths: Path) -> Iterator[None]:
    """Create folders and their parents for a block; those of them that the block leaves empty go again.

    Raises UserError, before the block, when one cannot be created or written to.
    """
    new = {path for given in paths for path in (given, *given.parents) if not os.path.lexists(path)}
    try:
        for path in paths:
            make_folder(path)
            if not os.access(path, os.W_OK | os.X_OK):
                raise UserError(f"cannot write into {path}: expected a folder that you may write to")
        yield
    finally:
        with undisturbed():
            for path in sorted(new, reverse=True):
                with suppress(OSError):  # something is in it
                    path.rmdir()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the signals that end this process off until this is closed: for steps of milliseconds.

    The first that came meanwhile is raised then. Does nothing but in the main thread, which gets the signals.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):  # Windows has no SIGHUP
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.getsignal(number)
    try:
        for number in before:
            signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a file so that it appears whole or not at all; raise UserError when it cannot be written."""
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes | str]) -> None:
    """Write files so that all of them appear whole, or, where there is no room or this is interrupted, none.

    Raises UserError for the one that cannot be written.
    """
    written: dict[Path, str] = {}
    try:
        for path, content in contents.items():
            with _said_of(path):
                if path.is_dir():  # found now, not when others are in place
                    raise UserError(f"cannot write {path}: expected a file, found a folder of that name")
                with undisturbed():  # nothing is created that is not noted
                    descriptor, written[path] = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
                    os.close(descriptor)
                Path(written[path]).write_bytes(content.encode() if isinstance(content, str) else content)
                os.chmod(written[path], 0o644)
        with undisturbed():
            for path in contents:
                with _said_of(path):
                    os.replace(written[path], path)
    finally:
        with undisturbed():
            for temporary in written.values():
                Path(temporary).unlink(missing_ok=True)


def hold(descriptor: int) -> bool:
    """Hold an open file or folder until it is closed or this process ends: is_held() tells the others.

    Returns False when another process holds it; True also where the system cannot hold.
    """
    with suppress(ImportError, OSError):
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold a folder while this is open, where the system can; False: another process holds it."""
    descriptor, alone = None, True
    with suppress(OSError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY)
        alone = hold(descriptor)
    try:
        yield alone
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_held(path: Path) -> bool | None:
    """Whether another process holds a file or folder; None where the system does not tell (Windows)."""
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {path}: {why(error)}") from error
