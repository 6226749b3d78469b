"""TensorFlow, imported late, quiet, seeded and deterministic."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from gesture_tools.extras import without

STDERR = 2


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop warnings, and what native code writes to standard error and Python to standard output."""
    sys.stderr.flush()
    kept = os.dup(STDERR)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, STDERR)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(sink)


def tensorflow(seed: int | None = None) -> Any:
    """Import TensorFlow quietly, on the processor only; with a seed, start everything random from it.

    Raises UserError when it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with quiet():
            import tensorflow as tf
    except ImportError as error:
        raise without("TensorFlow") from error
    logging.getLogger("absl").setLevel(logging.ERROR)
    if seed is not None:
        tf.keras.utils.set_random_seed(seed)
        tf.config.experimental.enable_op_determinism()
    return tf
