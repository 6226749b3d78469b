"""Passes of a training: windows drawn afresh, a step on each batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gesture_training.backend import tensorflow
from gesture_training.config import Fit, TrainConfig
from gesture_training.hard import HardWindows
from gesture_training.windows import COLUMN_SCALE, WindowSource

ENOUGH_HARD = 100
"""Hard windows from which the full share of a pass is taken; fewer would be learnt by heart."""

Progress = Callable[[int, int, str], None]
"""Called after each pass with its number from 1, the number of passes, and which pass of what that was."""


class Passes:
    """All passes of a training, over all networks that are trained in it."""

    def __init__(
        self, source: WindowSource, hard: HardWindows, config: TrainConfig, progress: Progress
    ) -> None:
        """Draw from a source and from hard windows, seeded by the config."""
        self.source, self.hard, self.config, self.progress = source, hard, config, progress
        self.rng = np.random.default_rng(config.seed)
        self.steps = max(1, config.fit.windows_per_epoch // config.fit.batch)
        self.curve: list[float] = []
        """The mean loss of each pass."""

    def learn(self, name: str, model: Any, epochs: int, teachers: Sequence[Any] = ()) -> None:
        """Train a keras.Model by AdamW along a cosine; hard windows are sought on the way.

        name: what the model is, for progress.
        """
        tf, settings = tensorflow(), self.config.fit
        warm_up = min(2 * self.steps, self.steps * epochs // 5)
        falling = tf.keras.optimizers.schedules.CosineDecay(
            settings.learning_rate / 10,
            self.steps * epochs - warm_up,
            alpha=0.0,
            warmup_target=settings.learning_rate,
            warmup_steps=warm_up,
        )
        optimizer = tf.keras.optimizers.AdamW(falling, weight_decay=settings.weight_decay)
        weights = model.trainable_variables
        step = _step(lambda inputs: model(inputs, training=True), weights, optimizer, settings, teachers)

        @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
        def score(columns: Any) -> Any:
            return model(tf.cast(columns[:, None], tf.float32) / COLUMN_SCALE, training=False)

        searches = {round(share * epochs) for share in settings.searches}
        for epoch in range(1, epochs + 1):
            if epoch in searches and len(self.hard.start):
                self.hard.search(lambda columns: np.asarray(score(columns)), self.rng)
            self._pass(step)
            remark = f"{name}, pass {epoch} of {epochs}, loss {self.curve[-1]:.3f}"
            self.progress(len(self.curve), settings.passes, remark)

    def _pass(self, step: Callable[[Any, Any], Any]) -> None:
        tf, settings = tensorflow(), self.config.fit
        columns, wanted = self._draw(self.steps * settings.batch)
        batches = zip(
            columns[:, None].reshape(self.steps, settings.batch, 1, *columns.shape[1:]),
            wanted.reshape(self.steps, settings.batch),
            strict=True,
        )
        losses = [step(tf.constant(x), tf.constant(y)) for x, y in batches]
        self.curve.append(float(np.mean([float(loss) for loss in losses])))

    def _draw(self, count: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Return the windows of a pass and their labels, in any order; hard ones where some were found."""
        varied, rng = self.config.augmentation, self.rng
        taken = round(self.config.fit.hard_share * count * min(1.0, self.hard.count / ENOUGH_HARD))
        columns, wanted = self.source.draw(count - taken, varied, rng)
        if not taken:
            return columns, wanted
        more, more_wanted = self.hard.draw(taken, varied, rng)
        order = rng.permutation(count)
        return np.concatenate((columns, more))[order], np.concatenate((wanted, more_wanted))[order]


def _step(network: Any, weights: Any, optimizer: Any, settings: Fit, teachers: Sequence[Any]) -> Any:
    """Return a function that takes one step on columns and labels and returns the loss."""
    tf = tensorflow()
    loss_of = tf.keras.losses.CategoricalCrossentropy()
    smooth, told = settings.label_smoothing, settings.told
    optimizer.build(weights)  # made within the function, its variables would have it traced twice

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def step(columns: Any, labels: Any) -> Any:
        inputs = tf.cast(columns, tf.float32) / COLUMN_SCALE
        with tf.GradientTape() as tape:
            scores = network(inputs)
            classes = scores.shape[-1]
            wanted = tf.one_hot(labels, classes) * (1 - smooth) + smooth / classes
            if teachers:
                said = tf.add_n([teacher(inputs, training=False) for teacher in teachers]) / len(teachers)
                wanted = wanted * (1 - told) + tf.stop_gradient(said) * told
            loss = loss_of(wanted, scores)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step
