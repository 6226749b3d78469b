"""A tinygesture board as a source of samples, over the link."""

from __future__ import annotations

from gesture_tools.errors import UserError
from gesture_tools.link import Hello, Link, Samples
from gesture_tools.profile import Profile
from gesture_tools.recorder.lines import shown
from gesture_tools.recorder.source import Block, Facts, no_samples
from gesture_tools.recordings import MAX_NUMBER

SKIP_S = 0.01
UNKNOWN = "unknown"


class BoardSource:
    """Samples with the board's own numbers and times."""

    def __init__(self, link: Link) -> None:
        """Start sampling; raise UserError when the board cannot."""
        self._link = link
        link.require_running()
        hello = link.hello
        self._facts = Facts(
            Profile(
                rate_hz=hello.rate_hz,
                full_scale_mg=hello.full_scale_mg,
                rate_tolerance=hello.rate_tolerance,
                frame=hello.frame,
                channels=hello.channels,
            ),
            {
                "board": shown(hello.board) or UNKNOWN,
                "firmware": shown(hello.firmware) or UNKNOWN,
                "interface": hello.interface_id or UNKNOWN,
            },
        )
        link.start_sampling(events=False)
        self._damaged = link.counts.damaged

    @property
    def facts(self) -> Facts:
        """What the board's hello says."""
        return self._facts

    @property
    def malformed(self) -> int:
        """Frames that came damaged."""
        return self._link.counts.damaged - self._damaged

    @property
    def example(self) -> str:
        """Nothing: a damaged frame says nothing."""
        return ""

    def read(self, timeout_s: float) -> Block:
        """Return the samples that have come; raise UserError when the board restarted."""
        blocks = []
        for message in self._link.messages(timeout_s):
            if isinstance(message, Samples):
                blocks.append(self._block(message))
            elif isinstance(message, Hello):
                cause = self._link.statistics().reset
                raise UserError(
                    f"the board restarted (cause: {cause}): what came before is kept; start again"
                )
        return Block.join(blocks) if blocks else no_samples(len(self._facts.profile.channels))

    def _block(self, message: Samples) -> Block:
        channels = len(self._facts.profile.channels)
        if message.channels != channels or message.start_us > MAX_NUMBER:
            raise UserError(
                f"the board sends {message.channels} channels at {message.start_us} us, expected the "
                f"{channels} of its hello, and a clock that began at its start: build its firmware again"
            )
        return Block(message.seq, message.t_us, message.values)

    def skip(self) -> None:
        """Drop what waits."""
        self.read(SKIP_S)

    def close(self) -> None:
        """Ask the board for silence and close the port."""
        try:
            self._link.stop()
        except UserError:
            pass  # gone already
        finally:
            self._link.close()
