"""The float network as a stage of ``gesture parity`` (entry point of the group ``tinygesture.float``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gesture_tools.errors import UserError
from gesture_training.backend import quiet, tensorflow

BATCH = 512


def scores(network: Path, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a ``model.keras`` on inputs (k, ...) of its input shape; return scores (k, labels).

    Raises UserError when TensorFlow is not installed or the file is no such network.
    """
    tf = tensorflow()
    try:
        with quiet():
            model = tf.keras.models.load_model(network, compile=False)
            outputs = model.predict(inputs, batch_size=BATCH, verbose=0)
    except (ValueError, TypeError, OSError) as error:
        raise UserError(f"{network} is no network for these windows ({type(error).__name__})") from error
    return np.asarray(outputs, np.float32).reshape(len(inputs), -1)
