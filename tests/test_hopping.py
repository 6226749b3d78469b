"""What a hop computes, as ``gesture inspect`` tells it: all, part, or nothing of a window again, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gesture_tools.commands.inspect import command
from gesture_tools.errors import UserError
from gesture_tools.hopping import hop_facts
from gesture_tools.runtime import Model

pytest.importorskip("tensorflow")
from tests.support.models import contract, convolutional
from tests.support.nets import perceptron, separable, stream


def text(folder: Path, data: bytes, *options: str) -> str:
    path = folder / "x.tflite"
    path.write_bytes(data)
    result = CliRunner().invoke(command, [str(path), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_hop_computes_what_is_new() -> None:
    """6 new columns of the first three layers, 3 behind the stride, and the dense layer as a whole."""
    facts = hop_facts(Model(stream()))
    assert (facts.window, facts.hop) == (120, 12)
    assert facts.layer_macs == (6 * 16 * 15, 6 * 16 * 5, 6 * 24 * 16, 3 * 24 * 5, 3 * 32 * 24, 0, 6 * 32, 0)
    assert facts.macs == 7080
    assert facts.streams
    # The first layer keeps 4 samples, each depthwise one 4 columns; the mean 8 blocks, a started one, a sum.
    assert facts.kept == 4 * 3 + 4 * 16 + 4 * 24 + 4 + 32 * (8 * 2 + 2 + 4)


def test_a_hop_across_strides_streams_in_part(tmp_path: Path) -> None:
    facts = hop_facts(Model(stream()), 10)
    assert (facts.streams, facts.whole_from) == (False, 3)
    assert facts.layer_macs[:3] == (5 * 16 * 15, 5 * 16 * 5, 5 * 24 * 16)
    assert facts.layer_macs[3:5] == (25 * 24 * 5, 25 * 32 * 24)
    shown = text(tmp_path, stream(), "--hop", "10")
    assert "in part: 25,912 of 61,368 multiply-accumulates every 10 samples (42%)" in shown
    assert "from layer 3 (DEPTHWISE_CONV_2D) on whole windows: the hop is no multiple" in shown


def test_padding_along_time_means_whole_windows(tmp_path: Path) -> None:
    facts = hop_facts(Model(separable()))
    assert (facts.whole_from, facts.reason) == (0, "padding along time")
    assert facts.macs == 35_304
    shown = text(tmp_path, separable())
    assert "no: every hop of 8 samples computes a whole window: padding along time" in shown


def test_a_dense_network_needs_its_window(tmp_path: Path) -> None:
    """Nothing is new alone, and nothing is in the way: the window is what is kept."""
    facts = hop_facts(Model(perceptron()), 3)
    assert (facts.streams, facts.macs, facts.kept) == (True, 900, 30)


def test_the_contract_says_the_hop(tmp_path: Path) -> None:
    plain = contract(window=40, hop=10)
    facts = hop_facts(Model(convolutional(plain)))
    assert (facts.window, facts.hop, facts.streams) == (40, 10, True)
    found = json.loads(text(tmp_path, convolutional(plain), "--json"))["hop"]
    assert (found["macs"], found["arena"], found["streams"]) == (facts.macs, facts.arena, True)


def test_a_hop_longer_than_the_window_is_a_mistake() -> None:
    with pytest.raises(UserError, match="a hop of 121 is not possible: expected 1 to 120"):
        hop_facts(Model(stream()), 121)
