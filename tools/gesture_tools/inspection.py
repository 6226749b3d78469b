"""What a model is and needs, and why a file is refused, in facts and words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gesture_tools.contract import CONTRACT_NAME, Contract
from gesture_tools.errors import UserError
from gesture_tools.graph import Layer, layers
from gesture_tools.hopping import HopFacts, hop_facts
from gesture_tools.runtime import Model, Stream
from gesture_tools.runtime.flatbuffer import contract_bytes, interface_types
from gesture_tools.runtime.foreign import foreign
from gesture_tools.runtime.model import read_model
from gesture_tools.runtime.native import operator_names
from gesture_tools.runtime.opening import Refused, open_with_arena

TYPE_FLOAT32, TYPE_INT8 = 0, 9

CONVERT = (
    "convert it to int8: Optimize.DEFAULT, a representative_dataset, TFLITE_BUILTINS_INT8, and "
    "inference_input_type = inference_output_type = tf.int8 (as 'gesture train' does)"
)
DAMAGED = "the file is cut off or damaged: copy or convert it again"

ADVICE = {
    "ERR_TRUNCATED": DAMAGED,
    "ERR_ALIGNMENT": DAMAGED,
    "ERR_VERSION": "convert it again with a current TensorFlow",
    "ERR_GRAPH": "expected one input, one output and no control flow: export the network alone",
    "ERR_SHAPE": "convert it with a batch of 1, fixed shapes and at most four dimensions",
    "ERR_QUANTIZATION": CONVERT,
    "ERR_OPTION": "change this layer's options, or replace the layer",
    "ERR_TOO_BIG": "make the network smaller",
    "ERR_CONTRACT": "train or emit the model again",
}


@dataclass(frozen=True)
class Inspection:
    """Facts about a model that the core accepts."""

    size: int
    """Bytes of the file, all of which lie in flash."""
    model_id: str
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    output_shape: tuple[int, ...]
    output_scale: float
    output_zero_point: int
    layers: tuple[Layer, ...]
    arena: int
    """Bytes of arena for the model run on whole windows."""
    stream_arena: int | None
    """Bytes of arena for the model run by hops, as a board has them; None without a contract."""
    contract: Contract | None
    hop: HopFacts
    """What it does at every hop, the contract's or a usual one."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, those on padding included."""
        return sum(layer.macs for layer in self.layers)

    @property
    def operators(self) -> dict[str, int]:
        """How often each operator occurs, in order of appearance."""
        return dict(Counter(layer.name for layer in self.layers))


def inspect(path: Path, hop: int | None = None) -> Inspection:
    """Return the facts about a model file; raise UserError saying why it is refused and what to do.

    hop: samples between windows; default: the contract's.
    """
    data = read_model(path)
    try:
        model = Model(data, what=str(path))
        if model.contract is None:
            _check_no_contract(model, str(path))
        stream = Stream(model) if model.contract is not None else None
    except Refused as refused:
        if refused.name == "ERR_MISMATCH":
            raise UserError(_mismatch(path, data)) from refused
        raise UserError(explain(refused, data)) from refused
    return Inspection(
        size=len(data),
        model_id=model.model_id,
        input_shape=model.input_shape,
        input_scale=model.input_scale,
        input_zero_point=model.input_zero_point,
        output_shape=model.output_shape,
        output_scale=model.output_scale,
        output_zero_point=model.output_zero_point,
        layers=tuple(layers(data)),
        arena=model.arena_size,
        stream_arena=None if stream is None else stream.arena_size,
        contract=model.contract,
        hop=hop_facts(model, hop),
    )


def _check_no_contract(model: Model, what: str) -> None:
    """Raise Refused unless the core, too, finds no contract: a damaged one is not an absent one."""
    size = model.machine.call("tg_bind_recognizer_size")
    placed = model.machine.place(model.data)
    try:
        open_with_arena(model.machine, "tg_bind_recognizer_open", size, placed, what)
    except Refused as refused:
        if refused.name != "ERR_NO_CONTRACT":
            raise


def explain(refused: Refused, data: bytes) -> str:
    """Return a refusal in one line with what to do about it. data: the file's bytes, any."""
    advice = ADVICE.get(refused.name, "")
    if refused.name == "ERR_NOT_TFLITE":
        advice = foreign(data)
    elif refused.name == "ERR_OPERATOR":
        advice = (
            f"replace the layer it comes from; supported are {', '.join(sorted(operator_names().values()))}"
        )
    elif refused.name == "ERR_CRITICAL":
        advice = _critical(data)
    elif refused.name == "ERR_VERSION" and "contract" in refused.message:
        advice = "update tinygesture"
    elif refused.name == "ERR_TYPE":
        advice = CONVERT
    if refused.name in ("ERR_TYPE", "ERR_OPERATOR", "ERR_QUANTIZATION") and (kind := float_kind(data)):
        advice = f"{kind}: {CONVERT}"
    return f"{refused.message}; {advice}" if advice else refused.message


def float_kind(data: bytes) -> str | None:
    """Say where a model file uses floating point, or None when its interface is not float."""
    types = interface_types(data)
    if types is None or TYPE_FLOAT32 not in types:
        return None
    ends = [name for name, code in zip(("input", "output"), types, strict=True) if code == TYPE_FLOAT32]
    return f"the model's {' and '.join(ends)} {'is' if len(ends) == 1 else 'are'} float32"


def _critical(data: bytes) -> str:
    try:
        Contract.decode(contract_bytes(data) or b"")
    except UserError as error:
        return error.message
    return "update tinygesture"


def _mismatch(path: Path, data: bytes) -> str:
    """Name the numbers in which contract and model disagree."""
    model = Model(data, what=str(path))
    contract = model.require_contract()
    channels = len(contract.profile.channels)
    shapes = " x ".join(map(str, model.input_shape)), " x ".join(map(str, model.output_shape))
    return (
        f"{path} is refused: its contract ({CONTRACT_NAME}) expects windows of {contract.window} samples x "
        f"{channels} channels and {len(contract.labels)} labels, the model takes {shapes[0]} and gives "
        f"{shapes[1]} (ERR_MISMATCH); train or emit the model again"
    )
