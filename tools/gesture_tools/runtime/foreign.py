"""Files given in place of a model: what they look like, and what to do."""

from __future__ import annotations

FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"", "the file is empty: copy or convert it again"),
    (b"PK\x03\x04", "this is a zip archive such as a .keras file: give the .tflite made from it"),
    (b"\x89HDF", "this is an HDF5 file, a Keras model: give the .tflite made from it"),
    (b"\x7fELF", "this is an ELF file, a program: give the .tflite compiled into it"),
    (b"/*", "this is source text such as gesture_model.c: give the .tflite it was made from"),
    (b"alignas", "this is source text: give the .tflite it was made from"),
    (b"const", "this is source text: give the .tflite it was made from"),
    (b"unsigned", "this is source text: give the .tflite it was made from"),
)
"""First bytes, and what to do then."""


def foreign(data: bytes) -> str:
    """Say what a file that is no .tflite looks like, and what to do."""
    text = data[:64].lstrip()
    for start, advice in FOREIGN:
        if text.startswith(start) if start else not data:
            return advice
    if text and all(byte >= 0x20 or byte in b"\t\r\n" for byte in data[:64]):
        return "this is text: give a .tflite file"
    return "give a .tflite file, as TFLiteConverter or 'gesture train' writes it"
