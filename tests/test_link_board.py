"""A session with a real board over real lines, good and bad: the host's board with sanitizers."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gesture_tools.boards import HOST
from gesture_tools.errors import UserError
from gesture_tools.link import (
    BoardSilent,
    Error,
    Event,
    Hello,
    Link,
    Message,
    Outputs,
    Receiver,
    Samples,
    replay,
)
from gesture_tools.link.frames import write_frame
from gesture_tools.link.messages import AskHello, AskStats, Statistics, parse, type_of, values_of
from gesture_tools.link.texts import reset_text
from gesture_tools.log_image import log_image
from gesture_tools.port import PortLost
from gesture_tools.runtime import Model, Stream
from gesture_tools.serving import Served, serve
from tests.support.firmware import model_file, own_cache
from tests.support.frames import HELLO, independent_frame
from tests.support.lines import Line, Peer, Spoiler
from tests.support.served import LOG, PROFILE, SPEED, board, check_samples, host_program, running, slow_board
from tests.support.sketch import Sketch

pytestmark = pytest.mark.realtime

__all__ = ["board", "host_program", "model_file", "own_cache", "slow_board"]

GREETING = (0x01, b"\x01\x01")


def heard(link: Link, seconds: float) -> list[Message]:
    return list(link.messages(seconds))


def samples_of(messages: list[Message]) -> list[Samples]:
    return [message for message in messages if isinstance(message, Samples)]


def connect(url: str, tries: int = 10) -> Link:
    """Greet a board over a line that may lose any try."""
    for _ in range(tries):
        try:
            return Link(url)
        except BoardSilent:
            pass
    return pytest.fail(f"no session in {tries} tries")


def until_done(act: Callable[[], None], tries: int = 10) -> None:
    for _ in range(tries):
        try:
            return act()
        except BoardSilent:
            pass
    return pytest.fail(f"not done in {tries} tries")


def test_hello_labels_samples_events_and_statistics(board: Served, model_file: Path) -> None:
    model = Model.load(model_file)
    contract = model.require_contract()
    with Link(board.url) as link:
        hello = link.hello
        assert (hello.board, hello.state) == ("host", 0)
        assert (hello.model_id, hello.interface_id) == (model.model_id, contract.interface_id)
        profile = contract.profile
        assert (hello.rate_hz, hello.rate_tolerance) == (profile.rate_hz, profile.rate_tolerance)
        assert (hello.channels, hello.frame) == (profile.channels, profile.frame)
        assert (hello.full_scale_mg, hello.rate_mhz) == (profile.full_scale_mg, 50_000)
        assert (hello.window, hello.hop, hello.background) == (contract.window, contract.hop, 0)
        assert hello.arena == Stream(model).arena_size
        assert link.labels() == contract.labels
        link.start_sampling(outputs=True)
        messages = heard(link, 2.5)
        link.stop()
        messages += heard(link, 0.1)
        stats = link.statistics()
    seq = check_samples(samples_of(messages))
    assert len(seq) == seq[-1] + 1 - seq[0] > 2 * SPEED * 50
    assert (stats.lost, stats.dropped, stats.damaged, stats.bytes_lost) == (0, 0, 0, 0)
    assert link.counts.missing == link.counts.damaged == 0
    assert stats.events == sum(stats.label_events)
    assert reset_text(stats.reset_cause) == "power"
    # The board began to recognise at sample 0, and so does the simulator.
    stream = Stream(model)
    expected = stream.push(LOG[np.arange(seq[-1] + 1) % len(LOG)])
    events = [message.event for message in messages if isinstance(message, Event)]
    assert events
    assert events == [event for event in expected if events[0].end <= event.end <= events[-1].end]
    ends, outputs = stream.hop_ends().tolist(), stream.outputs()
    found = [message for message in messages if isinstance(message, Outputs)]
    assert len(found) > 50
    for message in found:
        assert message.values == outputs[ends.index(message.end)].tobytes()


def test_replay_equals_the_simulator(slow_board: Served, model_file: Path) -> None:
    stream = Stream(Model.load(model_file))
    events = stream.push(LOG)
    with Link(slow_board.url) as link:
        for samples in (LOG, LOG[:1], LOG[:0], LOG):
            stream.reset()
            events = stream.push(samples)
            found = replay(link, samples)
            np.testing.assert_array_equal(found.outputs, stream.outputs())
            assert (list(found.events), found.samples, found.tries) == (events, len(samples), 1)
        assert events
        link.start_sampling()  # the sensor went on
        check_samples(samples_of(heard(link, 0.5)))
        assert link.statistics().lost == 0


@pytest.mark.parametrize("kind", ["flip", "drop", "double", "swap", "burst"])
def test_a_line_that_damages_bytes(board: Served, kind: str) -> None:
    to_host, to_board = Spoiler(1 / 400, 1, kind), Spoiler(1 / 400, 2, kind)
    with Line(board.url, to_host, to_board) as line, connect(line.url) as link:
        until_done(link.start_sampling)
        messages = heard(link, 3)
        counts = link.counts
    assert to_host.events > 20
    batches = [batch for batch in samples_of(messages)]
    seq = check_samples(batches)
    assert counts.damaged > 0
    gone = int(seq[-1] - seq[0]) + 1 - len(seq)
    assert 0 < gone < len(seq) * 3
    assert counts.missing > 0  # and by the frames' numbers too


def test_replay_over_a_line_that_damages_bytes(slow_board: Served, model_file: Path) -> None:
    stream = Stream(Model.load(model_file))
    expected = stream.push(LOG)
    with (
        Line(slow_board.url, to_board=Spoiler(1 / 1500, 3)) as line,
        connect(line.url) as link,
    ):
        found = replay(link, LOG)
        damaged = link.statistics().damaged
    np.testing.assert_array_equal(found.outputs, stream.outputs())
    assert list(found.events) == expected
    assert damaged > 0


def test_a_host_that_stops_reading(host_program: Path) -> None:
    with running(host_program, speed=16) as board, Line(board.url) as line, Link(line.url) as link:
        link.start_sampling(outputs=True)
        before = samples_of(heard(link, 0.5))
        line.blocked.set()
        time.sleep(4)  # 3200 samples; what the sockets hold comes late, the rest is dropped
        line.blocked.clear()
        after = heard(link, 1.0)
        link.stop()
        after += heard(link, 0.3)
        stats, counts = link.statistics(), link.counts
    seq = check_samples([*before, *samples_of(after)])
    assert stats.dropped > 50
    assert counts.missing == stats.dropped  # every loss counted, by both
    assert counts.damaged == 0
    assert int(seq[-1] - seq[0]) + 1 - len(seq) > 500
    assert stats.lost < 100, "a slow host held up the sampling"


def test_the_reset_button_in_the_middle(board: Served) -> None:
    with Link(board.url) as link:
        link.start_sampling()
        before = samples_of(heard(link, 0.6))
        os.kill(board.process.pid, signal.SIGUSR1)
        after = heard(link, 1.0)
        stats = link.statistics()
    (hello,) = [message for message in after if isinstance(message, Hello)]
    assert hello.booted == 1
    at = after.index(hello)
    check_samples(before + samples_of(after[:at]))
    again = check_samples(samples_of(after[at:]))
    assert again[0] < before[-1].seq[-1]
    assert len(again) > 100
    assert stats.reset == "pin"
    assert link.counts.restarts == 1


def test_a_board_whose_first_words_after_a_reset_are_lost(board: Served) -> None:
    muted = threading.Event()
    with Line(board.url, lambda data: b"" if muted.is_set() else data) as line, Link(line.url) as link:
        link.start_sampling()
        heard(link, 0.3)
        muted.set()
        os.kill(board.process.pid, signal.SIGUSR1)
        time.sleep(0.5)
        muted.clear()
        messages = heard(link, 3.5)  # silence of two seconds is noticed
    assert any(isinstance(message, Hello) for message in messages)
    assert samples_of(messages)


def test_a_board_that_dies_and_comes_back(host_program: Path) -> None:
    with serve(HOST, host_program, log_image(LOG, PROFILE), tcp=0) as first:
        port = int(first.url.rsplit(":", 1)[1])
        with Link(first.url) as link:
            link.start_sampling()
            heard(link, 0.2)
            first.process.kill()
            with pytest.raises(PortLost):
                heard(link, 5)
        with running(host_program, tcp=port) as second:
            assert second.url == first.url
            with Link(second.url) as again:
                again.start_sampling()
                assert samples_of(heard(again, 0.3))


def raw(url: str) -> socket.socket:
    host, port = url.removeprefix("socket://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def ask(connection: socket.socket, receiver: Receiver, message: Message, sequence: int) -> Message:
    """Ask by hand; return the first answer of interest."""
    connection.sendall(write_frame(type_of(type(message)), sequence, values_of(message)))
    while True:
        for packet in receiver.push(connection.recv(4096)):
            answer = parse(packet)
            if isinstance(answer, Hello | Statistics) and not (isinstance(answer, Hello) and answer.booted):
                return answer


def test_garbage_over_long_and_cut_frames(board: Served) -> None:
    rng = random.Random(9)
    with raw(board.url) as connection:
        receiver = Receiver()
        hello = ask(connection, receiver, AskHello(1, 1), 0)
        assert isinstance(hello, Hello)
        connection.sendall(rng.randbytes(65536))
        for size in (239, 240, 249, 250, 251, 600):
            connection.sendall(bytes(rng.randrange(1, 256) for _ in range(size)) + b"\0")
        time.sleep(0.3)
        connection.sendall(b"\0")
        stats = ask(connection, receiver, AskStats(7), 1)
        assert isinstance(stats, Statistics)
        assert stats.token == 7
        assert stats.damaged > 0
        assert stats.bytes_lost > 0  # 64 kB at once is more than its queue
        assert stats.lost == 0
        connection.sendall(write_frame(type_of(AskStats), 2, [1])[:7])  # and the cable is pulled
    time.sleep(0.1)
    for _ in range(3):
        with raw(board.url) as connection:
            connection.sendall(rng.randbytes(rng.randrange(20)))
        time.sleep(0.05)
    with Link(board.url) as link:
        link.start_sampling()
        check_samples(samples_of(heard(link, 0.3)))


def test_what_a_board_does_not_know_or_allow(board: Served) -> None:
    def refusal(*messages: tuple[int, bytes]) -> tuple[int, int, int]:
        """Greet, send messages by hand, and wait for the error."""
        frames = [independent_frame(type_, n, body) for n, (type_, body) in enumerate([GREETING, *messages])]
        with raw(board.url) as connection:
            connection.sendall(b"\0" + b"".join(frames))
            receiver = Receiver()
            while True:
                for packet in receiver.push(connection.recv(4096)):
                    if isinstance(error := parse(packet), Error):
                        return error.reason, error.message, error.detail

    assert refusal((0x7F, b"hello")) == (2, 0x7F, 0)
    assert refusal((0x02, b"")) == (3, 0x02, 0)
    assert refusal((0x02, b"\x80")) == (3, 0x02, 0x80)
    assert refusal((0x03, b"\x04")) == (3, 0x03, 4)
    assert refusal((0x06, bytes(4) + b"\x06" + bytes(6))) == (4, 0x06, 0)
    begin = (0x05, b"\x06")
    assert refusal(begin, (0x06, b"\x01\0\0\0\x06" + bytes(6))) == (5, 0x06, 0)
    assert refusal(begin, (0x06, b"\0\0\0\0\x05" + bytes(5))) == (3, 0x06, 5)
    assert refusal(begin, (0x07, b"\1\0\0\0")) == (5, 0x07, 0)
    assert refusal((0x07, b"\1\0\0\0")) == (4, 0x07, 0)
    assert refusal(begin) == (6, 0x06, 0)  # nothing came for the replay
    assert refusal((0x01, b"\x02\x09")) == (1, 0x01, 0x0101)


def test_samples_of_another_shape(board: Served) -> None:
    with Link(board.url) as link, pytest.raises(ValueError, match="expected int16 samples"):
        replay(link, LOG[:, :2].copy())


def hello_of(lowest: int, highest: int) -> Callable[[bytes], bytes]:
    fields = [lowest, highest, *values_of(HELLO)[2:]]
    return lambda data: write_frame(type_of(Hello), 0, fields)


@pytest.mark.parametrize(
    ("versions", "advice"), [((2, 3), "update tinygesture"), ((0, 0), "build and flash its firmware again")]
)
def test_an_older_or_newer_board(versions: tuple[int, int], advice: str) -> None:
    with Peer(answer=hello_of(*versions)) as peer:
        expected = f"speaks version {versions[0]} to {versions[1]} of the link, expected 1 to 1: {advice}"
        with pytest.raises(UserError, match=expected):
            Link(peer.url)


def test_nobody_text_and_noise_on_the_port() -> None:
    with Peer() as peer, pytest.raises(BoardSilent, match=r"nothing answers on .*; check the cable"):
        Link(peer.url, timeout_s=0.6)
    text = b"hello world, this is OpenMV\r\nMemory free: 1234\r\n"
    with (
        Peer(text) as peer,
        pytest.raises(BoardSilent, match=r"sends text \('Memory free: 1234'\), no frames"),
    ):
        Link(peer.url, timeout_s=2.0)
    with Sketch() as sketch, pytest.raises(BoardSilent, match="'gesture record' takes lines of numbers too"):
        Link(sketch.port, timeout_s=2.0)
    noise = random.Random(3).randbytes(3000)
    with Peer(noise) as peer, pytest.raises(BoardSilent, match=r"3000 bytes that are no frames.* baud rate"):
        Link(peer.url, timeout_s=2.0)


def test_an_echo_is_no_board() -> None:
    with (
        Peer(answer=lambda data: data) as peer,
        pytest.raises(BoardSilent, match="sends frames, but no hello"),
    ):
        Link(peer.url, timeout_s=0.6)


def test_text_before_the_frames(board: Served) -> None:
    first = iter([b"Booting v2 ...\r\nREADY\r\n"])
    with Line(board.url, lambda data: next(first, b"") + data) as line, Link(line.url) as link:
        link.start_sampling()
        check_samples(samples_of(heard(link, 0.3)))


def test_a_board_on_a_pseudo_terminal(host_program: Path) -> None:
    with running(host_program, tcp=None) as board:
        for _ in range(2):  # closed and opened again
            with Link(board.url) as link:
                link.start_sampling()
                check_samples(samples_of(heard(link, 0.4)))
                assert link.counts.damaged <= 1  # what was under way when the port was closed
