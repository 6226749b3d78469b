"""The magic wand's text files (TensorFlow Lite Micro): lines ``x,y,z`` in milli-g, ``-,-,-`` between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import decode, encode
from gesture_tools.exchange.format import SESSION, Options, by_names, even_recording, in_milli_g, milli_g
from gesture_tools.files import read_text
from gesture_tools.recordings import Recording

RATE_HZ = 25.0
"""The SparkFun Edge sampled at 25 Hz; the files hold no rate."""

_TERMINAL = ("Script started", "Script done")
"""What the `script` command, which the recording was made with, adds around it."""


class MagicWand:
    """Files ``output_LABEL_SUBJECT[.SESSION].txt``."""

    name = "magic-wand"
    patterns: tuple[str, ...] = ("*.txt",)
    even_rate = True
    keeps_spans = False

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read one file; 25 Hz and milli-g unless the user says otherwise."""
        names = _names(path, options)
        unit, rate = options.unit or "mg", options.rate_hz or RATE_HZ
        return [
            even_recording(path, number, names, milli_g(path, f"recording {number}", rows, unit), rate)
            for number, rows in enumerate(_blocks(path), 1)
        ]

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield a file for each label, person and session, in a folder for each label."""
        for (label, subject, session), group in by_names(recordings).items():
            person = encode(subject, also="_") + (
                "" if session == SESSION else f".{encode(session, also='_')}"
            )
            text = "".join(
                "-,-,-\n"
                + "".join(
                    ",".join(f"{value:.2f}" for value in row) + "\n" for row in in_milli_g(recording).tolist()
                )
                for recording in group
            )
            yield out / encode(label) / f"output_{encode(label)}_{person}.txt", text.encode()


def _names(path: Path, options: Options) -> tuple[str, str, str]:
    stem = path.name.rpartition(".")[0]
    head, _, person = stem.rpartition("_")
    person, _, session = person.partition(".")
    label = options.label or decode(head.removeprefix("output_"))
    subject = options.subject or decode(person)
    if not stem.startswith("output_") or not head.removeprefix("output_"):
        label, subject = options.label or "", options.subject or ""
        session = ""
    if not label or not subject:
        raise UserError(f"{path}: expected the name output_LABEL_SUBJECT.txt, or --label and --subject")
    return label, subject, options.session or decode(session) or SESSION


def _blocks(path: Path) -> list[list[list[float]]]:
    """Return the rows of each recording."""
    blocks: list[list[list[float]]] = [[]]
    for number, line in enumerate(read_text(path).splitlines(), 1):
        text = line.strip()
        fields = [field.strip() for field in text.split(",")]
        if not text or text.startswith(_TERMINAL):
            continue
        if fields == ["-", "-", "-"]:
            blocks.append([])
            continue
        try:
            x, y, z = fields
            blocks[-1].append([float(x), float(y), float(z)])
        except ValueError as error:
            raise UserError(f"{path}, line {number}: expected x,y,z or -,-,-, found {text[:60]!r}") from error
    blocks = [block for block in blocks if block]
    if not blocks:
        raise UserError(f"{path} holds no samples: expected lines x,y,z")
    return blocks
