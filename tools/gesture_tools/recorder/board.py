"""A tinygesture board as a source of samples, over the link."""

from __future__ import annotations

from gesture_tools.errors import UserError
from gesture_tools.link import BoardSilent, Hello, Link, Samples
from gesture_tools.port import PortLost
from gesture_tools.profile import Profile
from gesture_tools.recorder.lines import shown
from gesture_tools.recorder.source import Block, Facts, SourceLost, no_samples
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
        self._lost: SourceLost | None = None

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
        """Return the samples that have come; raise SourceLost when the board is gone or restarted."""
        blocks: list[Block] = []
        try:
            if self._lost is None:
                self._collect(blocks, timeout_s)
        except (PortLost, BoardSilent) as error:
            self._lost = SourceLost(error.message)
        if self._lost is not None and not blocks:
            raise self._lost
        return Block.join(blocks) if blocks else no_samples(len(self._facts.profile.channels))

    def _collect(self, blocks: list[Block], timeout_s: float) -> None:
        """Append the samples that come; what had come before the board goes is in blocks all the same."""
        for message in self._link.messages(timeout_s):
            if isinstance(message, Samples):
                blocks.append(self._block(message))
            elif isinstance(message, Hello):
                cause = self._link.statistics().reset
                self._lost = SourceLost(f"the board restarted (cause: {cause})")
                return

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
        """Ask the board for silence, if it is there, and close the port."""
        try:
            if self._lost is None:
                self._link.stop()
        except UserError:
            pass  # gone already
        finally:
            self._link.close()
