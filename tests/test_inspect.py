"""``gesture inspect``: facts about good models, and a line of advice about every other file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gesture_tools.commands.inspect import command
from gesture_tools.contract import Contract, SelfTest
from gesture_tools.inspection import inspect
from gesture_tools.profile import Profile
from gesture_tools.runtime import Model, Stream, self_test_outputs

pytest.importorskip("tensorflow")
from tests.support.graphs import Code, Graph
from tests.support.models import contract, convolutional, with_contract, with_metadata


def fields(**changes: Any) -> Any:
    plain: dict[str, Any] = {
        "profile": Profile(rate_hz=50.0, full_scale_mg=2000, rate_tolerance=0.03),
        "window": 40,
        "hop": 10,
        "hits": 2,
        "refractory_ms": 600,
        "thresholds": (0, 154, 192),
        "statistics": ((-5, 100), (6, 110), (990, 120)),
    }
    return contract(**(plain | changes))


def proven(plain: Contract) -> bytes:
    """A model with this contract and a self-test that holds."""
    outputs = self_test_outputs(convolutional(plain), 1)
    return convolutional(replace(plain, self_tests=(SelfTest(1, outputs),)))


def run(folder: Path, data: bytes, *options: str) -> Result:
    path = folder / "gesture.tflite"
    path.write_bytes(data)
    return CliRunner().invoke(command, [str(path), *options])


def test_the_folder_of_a_model_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "gesture.tflite").write_bytes(b"")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert f"expected the file in it, {tmp_path / 'gesture.tflite'}" in result.stderr


def refusal(folder: Path, data: bytes) -> str:
    """The one line about a file that is refused."""
    result = run(folder, data)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert "gesture.tflite" in lines[0] or "contract" in lines[0]
    return lines[0]


def test_what_people_read(tmp_path: Path) -> None:
    result = run(tmp_path, proven(fields()))
    assert result.exit_code == 0, result.output
    for text in (
        "an int8 model of 5 layers",
        "recognises     left, right\n",
        "'background', never reported",
        "acceleration_x, acceleration_y, acceleration_z, in milli-g up to ±2000",
        "50 Hz, within 3.0%",
        "face: x to the right",
        "40 samples (0.80 s)",
        "every 10 samples (0.20 s)",
        "round(sample x 2097 / 65536), saturating beyond ±3969 milli-g",
        "left 0.60, right 0.75",
        "2 windows in a row of one gesture over its threshold; none within 0.6 s of the last",
        "mean ± deviation -5 ± 100, 6 ± 110, 990 ± 120 milli-g",
        "self-test      1 case\n",
        "int8 1 x 1 x 40 x 3, value = 0.015625 x byte\n",
        "int8 1 x 3, value = 0.00390625 x (byte +128)\n",
        "FULLY_CONNECTED  1 x 3",
        "CONV_2D, MAX_POOL_2D, MEAN, FULLY_CONNECTED, SOFTMAX\n",
        "next, with a log of yours for LOG: gesture simulate",
    ):
        assert text in result.stdout, text


def test_the_figures_are_those_of_the_core(tmp_path: Path) -> None:
    data = convolutional(fields())
    found = json.loads(run(tmp_path, data, "--json").stdout)
    model = Model(data)
    assert found["arena"] == model.arena_size
    assert found["stream_arena"] == Stream(model).arena_size
    assert (found["size"], found["model_id"]) == (len(data), model.model_id)
    assert found["interface_id"] == fields().interface_id
    assert found["macs"] == 38 * 4 * 9 + 3 * 4 == sum(layer["macs"] for layer in found["layers"])
    assert found["input"] == {"shape": [1, 1, 40, 3], "scale": 1 / 64, "zero_point": 0}
    assert found["output"] == {"shape": [1, 3], "scale": 1 / 256, "zero_point": -128}
    assert list(found["operators"]) == ["CONV_2D", "MAX_POOL_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    assert found["contract"]["labels"] == ["background", "left", "right"]
    assert found["contract"]["thresholds"] == [0, 154, 192]
    assert found["contract"]["profile"]["rate_hz"] == 50.0


def test_a_model_without_a_contract(tmp_path: Path) -> None:
    data = with_metadata(convolutional(fields()), [])
    result = run(tmp_path, data)
    assert result.exit_code == 0
    assert "carries no tinygesture contract" in result.stdout
    assert "next: gesture bench" in result.stdout
    found = json.loads(run(tmp_path, data, "--json").stdout)
    assert found["contract"] is found["interface_id"] is found["stream_arena"] is None
    assert found["arena"] == Model(data).arena_size


def test_a_contract_without_background(tmp_path: Path) -> None:
    output = run(tmp_path, convolutional(fields(background=None))).stdout
    assert "recognises     background, left, right" in output
    assert "no gesture" not in output


def float_model() -> bytes:
    """A float model of one RELU."""
    g = Graph()
    x = g.tensor((1, 4), 0.1)
    y = g.op(Code.RELU, [x], g.tensor((1, 4), 0.1))
    for tensor in g.graph.tensors:
        tensor.type, tensor.quantization = 0, None
    return g.build(x, y)


def float_interface() -> bytes:
    """An int8 model behind a QUANTIZE, as the converter makes it without inference_input_type."""
    g = Graph()
    x = g.tensor((1, 4), 0.1)
    q = g.op(Code.QUANTIZE, [x], g.tensor((1, 4), 0.1))
    g.graph.tensors[x].type, g.graph.tensors[x].quantization = 0, None
    return g.build(x, g.op(Code.RELU, [q], g.tensor((1, 4), 0.1)))


def unsupported() -> bytes:
    g = Graph()
    x = g.tensor((1, 4), 0.1)
    relu = g.op(Code.RELU, [x], g.tensor((1, 4), 0.1))
    return g.build(x, g.op(Code.LSTM, [relu], g.tensor((1, 4), 0.1)))


def dynamic_batch() -> bytes:
    g = Graph()
    x = g.tensor((2, 4, 3, 3), 0.1)
    weights = g.tensor((2, 1, 1, 3), 0.1, data=np.ones((2, 1, 1, 3)))
    return g.build(x, g.op(Code.CONV_2D, [x, weights, -1], g.tensor((2, 4, 3, 2), 0.1)))


def other_contract(content: bytes) -> bytes:
    return with_metadata(convolutional(fields()), [("tinygesture.contract", content)])


def critical() -> bytes:
    encoded: bytes = fields().encode()
    return encoded[:6] + (len(encoded) - 8 + 4).to_bytes(2, "little") + encoded[8:] + b"\x34\x92\0\0"


REFUSALS: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "float": (
        float_model,
        ("the model's input and output are float32: convert it to int8", "TFLITE_BUILTINS_INT8"),
    ),
    "float interface": (float_interface, ("the model's input is float32", "inference_input_type")),
    "operator": (unsupported, ("operator 1 (LSTM)", "supported are ADD, AVERAGE_POOL_2D")),
    "batch": (dynamic_batch, ("ERR_SHAPE", "a batch of 1")),
    "truncated": (lambda: convolutional(fields())[:1000], ("ERR_TRUNCATED", "cut off or damaged")),
    "empty": (lambda: b"", ("the file is empty",)),
    "keras": (lambda: b"PK\x03\x04" + bytes(60), (".keras file", "give the .tflite")),
    "hdf5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(60), ("HDF5",)),
    "C array": (lambda: b"/* Generated by gesture train */", ("source text", "give the .tflite")),
    "log": (lambda: b"# tinygesture-log 1\n", ("this is text",)),
    "table": (lambda: b"recording_id,label,subject,t_ms\n", ("this is text: give a .tflite file",)),
    "ELF": (lambda: b"\x7fELF" + bytes(60), ("a program",)),
    "anything": (lambda: bytes(range(64)), ("no .tflite file", "TFLiteConverter")),
    "critical": (lambda: other_contract(critical()), ("0x9234", "update tinygesture")),
    "malformed contract": (lambda: other_contract(fields().encode()[:-1]), ("ERR_CONTRACT", "train or emit")),
    "later contract": (lambda: other_contract(b"TGCT\2\0\0\0"), ("ERR_VERSION", "update tinygesture")),
    "other window": (
        lambda: with_contract(convolutional(fields()), fields(window=41)),
        ("windows of 41 samples x 3 channels and 3 labels", "takes 1 x 1 x 40 x 3 and gives 1 x 3"),
    ),
    "other labels": (
        lambda: with_contract(
            convolutional(fields()), contract(labels=("a", "b"), thresholds=(0, 1), window=40)
        ),
        ("2 labels", "gives 1 x 3"),
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_say_what_to_do(what: str, tmp_path: Path) -> None:
    make, texts = REFUSALS[what]
    line = refusal(tmp_path, make())
    for text in texts:
        assert text in line, line
    assert "quantisation" not in line or "float32" not in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "no.tflite")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot read" in result.stderr


def test_a_damaged_contract_is_not_an_absent_one(tmp_path: Path) -> None:
    """Wherever its entry is damaged, the core's answer counts."""
    data = bytearray(convolutional(fields()))
    name = data.index(b"tinygesture.contract")
    data[name - 4] = 0xFF  # the name's length
    data[name - 3] = 0xFF
    assert "ERR_TRUNCATED" in refusal(tmp_path, bytes(data))


def test_every_damaged_file_is_inspected_or_refused(tmp_path: Path) -> None:
    """Exit code 0 or 2, and never a traceback."""
    good = convolutional(fields())
    path = tmp_path / "gesture.tflite"
    rng = np.random.default_rng(1)
    codes = set()
    for position in rng.integers(0, len(good), 400):
        data = bytearray(good)
        data[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        result = CliRunner().invoke(command, [str(path)])
        assert result.exit_code in (0, 2), (position, result.exception)
        codes.add(result.exit_code)
    assert codes == {0, 2}


def test_inspection_is_of_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "gesture.tflite"
    path.write_bytes(convolutional(fields()))
    before = path.read_bytes()
    assert inspect(path).contract == fields()
    assert path.read_bytes() == before
