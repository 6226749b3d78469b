"""The host's board, with sanitizers, on a TCP port: what tests of the link connect to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gesture_tools.boards import HOST
from gesture_tools.build import build_host_board
from gesture_tools.errors import UserError
from gesture_tools.link import Samples
from gesture_tools.log_image import REPEAT, log_image
from gesture_tools.serving import Served, require_posix, serve
from tests.support.firmware import contract, motion

PROFILE = contract().profile
LOG = motion(700)
SPEED = 8
"""Times the contract's rate that boards in the tests run at."""


@pytest.fixture(scope="session")
def host_program(model_file: Path) -> Path:
    """The board's program with the small model and sanitizers."""
    try:
        require_posix()
        return build_host_board(model_file, sanitize=True)
    except UserError as error:
        pytest.skip(error.message)


@contextmanager
def running(
    program: Path, speed: int = SPEED, tcp: int | None = 0, log: NDArray[np.int16] = LOG
) -> Iterator[Served]:
    """Run the board, its sensor playing a log again and again; check that it is still well at the end."""
    with serve(HOST, program, log_image(log, PROFILE, REPEAT), tcp=tcp, speed=speed) as served:
        yield served
        assert served.process.poll() is None, served.said.read_text(errors="replace")[-4000:]


@pytest.fixture
def board(host_program: Path) -> Iterator[Served]:
    """A running board on a TCP port."""
    with running(host_program) as served:
        yield served


@pytest.fixture
def slow_board(host_program: Path) -> Iterator[Served]:
    """A running board in real time: its patience with a host in a replay is not shortened."""
    with running(host_program, speed=1) as served:
        yield served


def check_samples(batches: list[Samples], log: NDArray[np.int16] = LOG) -> NDArray[np.int64]:
    """Check that every sample is what the sensor gave under its number, at its time; return the numbers."""
    seq = np.concatenate([batch.seq for batch in batches])
    t_us = np.concatenate([batch.t_us for batch in batches])
    values = np.concatenate([batch.values for batch in batches])
    assert (np.diff(seq) > 0).all()
    np.testing.assert_array_equal(values, log[seq % len(log)])
    even = t_us[0] + (seq - seq[0]) * round(1e6 / PROFILE.rate_hz)
    assert np.abs(t_us - even).max() <= 2
    return seq
