"""Edge Impulse's data acquisition format, ver v1: one recording per JSON or CBOR file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gesture_tools.errors import UserError
from gesture_tools.exchange.filenames import decode, encode
from gesture_tools.exchange.format import SESSION, Options, even_recording, in_milli_g, milli_g
from gesture_tools.files import read_bytes
from gesture_tools.recordings import Recording

DEVICE_TYPE = "tinygesture"
"""Device type of files written here; the device name of such a file is SUBJECT/SESSION."""

UNITS = {"m/s2": "m/s2", "m/s^2": "m/s2", "m/s²": "m/s2", "g": "g", "mg": "mg"}
MS2_PER_MG = 9.80665 / 1000
AXES = ("x", "y", "z")
_PREFIXES = ("acc", "acc_", "acc ", "a", "a_", "accel", "accel_", "accelerometer_", "accelerometer ", "")


class EdgeImpulse:
    """Files ``LABEL.ANYTHING.json``: Edge Impulse takes the label from the name up to the first dot."""

    name = "edge-impulse"
    suffix = ".json"
    patterns: tuple[str, ...] = ("*.json", "*.cbor")
    even_rate = False
    keeps_spans = False

    def read(self, path: Path, options: Options) -> list[Recording]:
        """Read one file, JSON or CBOR by its suffix. Signatures are not checked: nobody here has the key."""
        payload = _payload(path, _cbor(path) if path.suffix.lower() == ".cbor" else _json(path))
        interval = payload.get("interval_ms")
        if not isinstance(interval, (int, float)) or isinstance(interval, bool) or not interval > 0:
            raise UserError(f"{path}: interval_ms is {interval!r}: expected milliseconds, more than 0")
        columns, unit = _columns(path, payload.get("sensors"), options.unit)
        values = payload.get("values")
        rows: list[list[float]] = []
        for number, row in enumerate(values if isinstance(values, list) else [], 1):
            try:
                rows.append([float(row[column]) for column in columns])
            except (TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
                raise UserError(
                    f"{path}: values, sample {number}: expected a number per sensor, found {str(row)[:60]!r}"
                ) from error
        names = _names(path, payload, options)
        samples = milli_g(path, "values", rows or [[0.0] * 3], unit)[: len(rows)]
        return [even_recording(path, 1, names, samples, 1000 / interval)]

    def files(self, recordings: Sequence[Recording], out: Path) -> Iterator[tuple[Path, bytes]]:
        """Yield a file for each recording, in m/s2 with four decimals and the measured interval, unsigned."""
        for number, recording in enumerate(recordings, 1):
            document = {
                "protected": {"ver": "v1", "alg": "none"},
                "signature": "0" * 64,
                "payload": {
                    "device_name": f"{encode(recording.subject)}/{encode(recording.session)}",
                    "device_type": DEVICE_TYPE,
                    "interval_ms": recording.duration_s * 1000 / (len(recording.t_us) - 1),
                    "sensors": [{"name": f"acc{axis.upper()}", "units": "m/s2"} for axis in AXES],
                    "values": [
                        [round(value * MS2_PER_MG, 4) for value in sample]
                        for sample in in_milli_g(recording).tolist()
                    ],
                },
            }
            name = f"{encode(recording.label or '')}.{number:05}{self.suffix}"
            yield out / name, self._encode(document)

    def _encode(self, document: dict[str, Any]) -> bytes:
        return json.dumps(document).encode()


class EdgeImpulseCbor(EdgeImpulse):
    """The same in CBOR; needs the cbor2 package."""

    name = "edge-impulse-cbor"
    suffix = ".cbor"

    def _encode(self, document: dict[str, Any]) -> bytes:
        data: bytes = _cbor2().dumps(document)
        return data


def _cbor2() -> Any:
    try:
        import cbor2
    except ImportError as error:
        raise UserError(
            "CBOR needs the cbor2 package: python -m pip install 'tinygesture[exchange]'"
        ) from error
    return cbor2


def _cbor(path: Path) -> object:
    cbor2 = _cbor2()
    try:
        return cbor2.loads(read_bytes(path))
    except (cbor2.CBORDecodeError, ValueError, EOFError, RecursionError) as error:
        raise UserError(f"{path} is not valid CBOR: {' '.join(str(error).split())}") from error


def _json(path: Path) -> object:
    try:
        return json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: {error}") from error


def _payload(path: Path, document: object) -> dict[str, Any]:
    payload = document.get("payload") if isinstance(document, dict) else None
    if not isinstance(payload, dict):
        raise UserError(
            f"{path}: expected Edge Impulse's 'protected', 'signature' and 'payload', found no payload"
        )
    return payload


def _columns(path: Path, sensors: object, unit: str | None) -> tuple[list[int], str]:
    """Return the places of x, y and z among the sensors, and their unit."""
    if not isinstance(sensors, list) or not all(isinstance(sensor, dict) for sensor in sensors):
        raise UserError(f"{path}: expected a list of sensors with name and units")
    names = [str(sensor.get("name", "")).strip().lower() for sensor in sensors]
    columns = []
    for axis in AXES:
        known = [prefix + axis for prefix in _PREFIXES]
        places = [place for place, name in enumerate(names) if name in known]
        if len(places) != 1:
            raise UserError(
                f"{path}: expected one sensor acc{axis.upper()}, "
                f"found the sensors {', '.join(names)[:80] or 'none'}"
            )
        columns += places
    units = {str(sensors[column].get("units", "")).strip().lower() for column in columns}
    found = unit or (UNITS.get(units.pop()) if len(units) == 1 else None)
    if found is None:
        raise UserError(f"{path}: the sensors' units are unknown: expected m/s2, g or mg, or --unit")
    return columns, found


def _names(path: Path, payload: dict[str, Any], options: Options) -> tuple[str, str, str]:
    device = str(payload.get("device_name") or "")
    subject, session = device, SESSION
    if payload.get("device_type") == DEVICE_TYPE and "/" in device:
        subject, session = map(decode, device.split("/", 1))
    subject = options.subject or subject
    if not subject:
        raise UserError(f"{path} names neither a person nor a device: expected --subject NAME")
    return options.label or decode(path.name.split(".")[0]), subject, options.session or session
