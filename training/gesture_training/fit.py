"""Fitting the network: Adam along a cosine, on windows drawn afresh in every pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_tools.contract import Contract
from gesture_training.backend import tensorflow
from gesture_training.config import TrainConfig
from gesture_training.hard import HardWindows
from gesture_training.network import build
from gesture_training.qat import RoundedNetwork
from gesture_training.windows import COLUMN_SCALE, WindowSource

ENOUGH_HARD = 100
"""Hard windows from which the full share of a pass is taken; fewer would be learnt by heart."""

Progress = Callable[[int, int, float], None]
"""Called after each pass with its number from 1, the number of passes, and the mean loss."""


def fit(
    source: WindowSource,
    hard: HardWindows,
    representative: NDArray[np.int8],
    contract: Contract,
    config: TrainConfig,
    progress: Progress,
) -> tuple[Any, list[float]]:
    """Train the default network; return the keras.Model and the mean loss of each pass.

    hard: continuous recordings, searched for hard windows on the way. representative: the windows (k, window,
    channels) that it will be quantized with. The same arguments give the same weights on one machine. Nothing
    is measured on the way to choose among weights, so no validation people are needed and no test person can
    leak.
    """
    tf = tensorflow(config.seed)
    settings = config.fit
    model = build(contract.window, len(contract.profile.channels), len(contract.labels), config.network)
    steps = max(1, settings.windows_per_epoch // settings.batch)
    warm_up = min(2 * steps, steps * settings.epochs // 5)
    falling = tf.keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 10,
        steps * settings.epochs - warm_up,
        alpha=0.0,
        warmup_target=settings.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = tf.keras.optimizers.AdamW(falling, weight_decay=settings.weight_decay)
    step = _step(lambda inputs: model(inputs, training=True), model.trainable_variables, optimizer, config)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def score(columns: Any) -> Any:
        return model(tf.cast(columns[:, None], tf.float32) / COLUMN_SCALE, training=False)

    rng = np.random.default_rng(config.seed)
    curve: list[float] = []
    passes = settings.epochs + settings.rounded_epochs
    searches = {round(share * settings.epochs) for share in settings.searches}
    for epoch in range(1, passes + 1):
        if epoch in searches and len(hard.start):
            hard.search(lambda columns: np.asarray(score(columns)), rng)
        if epoch == settings.epochs + 1:
            rounded = RoundedNetwork(model)
            slow = tf.keras.optimizers.schedules.CosineDecay(
                settings.rounded_rate, steps * settings.rounded_epochs
            )
            step = _step(rounded, rounded.weights, tf.keras.optimizers.Adam(slow), config)
        if epoch > settings.epochs:
            rounded.calibrate(representative)
        columns, wanted = _draw(source, hard, steps * settings.batch, config, rng)
        batches = zip(
            columns[:, None].reshape(steps, settings.batch, 1, *columns.shape[1:]),
            wanted.reshape(steps, settings.batch),
            strict=True,
        )
        losses = [step(tf.constant(x), tf.constant(y)) for x, y in batches]
        curve.append(float(np.mean([float(loss) for loss in losses])))
        progress(epoch, passes, curve[-1])
    return model, curve


def _step(network: Any, weights: Any, optimizer: Any, config: TrainConfig) -> Any:
    """Return a function that takes one step on columns and labels and returns the loss."""
    tf = tensorflow()
    loss_of = tf.keras.losses.CategoricalCrossentropy(label_smoothing=config.fit.label_smoothing)
    optimizer.build(weights)  # made within the function, its variables would have it traced twice

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step(columns: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = network(tf.cast(columns, tf.float32) / COLUMN_SCALE)
            loss = loss_of(tf.one_hot(wanted, scores.shape[-1]), scores)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


def _draw(
    source: WindowSource, hard: HardWindows, count: int, config: TrainConfig, rng: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the windows of a pass and their labels, in any order; hard ones where some were found."""
    taken = round(config.fit.hard_share * count * min(1.0, hard.count / ENOUGH_HARD))
    columns, wanted = source.draw(count - taken, config.augmentation, rng)
    if not taken:
        return columns, wanted
    more, more_wanted = hard.draw(taken, config.augmentation, rng)
    order = rng.permutation(count)
    return np.concatenate((columns, more))[order], np.concatenate((wanted, more_wanted))[order]
