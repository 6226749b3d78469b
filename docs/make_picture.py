"""Draw docs/session.svg: a continuous log, its labelled gestures, and what a model recognises in it.

python docs/make_picture.py MODEL LOG docs/session.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "tinygesture", "font.size": 8, "font.family": "sans-serif"})

import matplotlib.pyplot as plt

from gesture_tools.emulation import at_model_rate
from gesture_tools.loading import load
from gesture_tools.runtime import Model, Stream

START_S, END_S = 4.0, 32.0
COLOURS = {"x": "#2a6fb0", "y": "#c8791b", "z": "#2e8b57"}


def draw(model_path: Path, log: Path, out: Path) -> None:
    """Draw one log and the events of one model, each at its time in the colour of its label's score."""
    model = Model.load(model_path)
    ready = at_model_rate(model, load([log])[0])
    stream = Stream(model)
    events = stream.push(ready.samples)
    time = (ready.t_us - ready.t_us[0]) / 1e6
    shown = (time >= START_S) & (time <= END_S)
    figure, (signal, scores) = plt.subplots(2, 1, figsize=(8.6, 3.2), sharex=True, height_ratios=(2, 1))
    for channel, (name, colour) in enumerate(COLOURS.items()):
        signal.plot(time[shown], ready.samples[shown, channel] / 1000, lw=0.6, color=colour, label=name)
    for span in ready.spans:
        start, end = ((t - ready.t_us[0]) / 1e6 for t in (span.start_us, span.end_us))
        if end <= END_S:
            signal.axvspan(start, end, color="0.9", lw=0)
            signal.annotate(span.label, ((start + end) / 2, 3.3), ha="center", color="0.35", fontsize=7)
    signal.set(ylabel="acceleration (g)", ylim=(-3.2, 4.2))
    signal.legend(loc="lower left", ncols=3, frameon=False, fontsize=7)
    hops = time[stream.hop_ends() - 1]
    part = hops <= END_S
    contract = model.require_contract()
    colours = {}
    for index, label in enumerate(contract.labels):
        if index != contract.background:
            score = (stream.outputs()[part, index].astype(float) + 128) / 256
            (line,) = scores.plot(hops[part], score, lw=0.8, label=label)
            colours[label] = line.get_color()
    for event in events:
        at = float(time[event.end - 1])
        if START_S <= at <= END_S:
            colour = colours[event.label]
            scores.plot(at, 1.12, "v", color=colour, ms=4, clip_on=False)
            scores.annotate(
                event.label, (at, 1.24), ha="center", color=colour, fontsize=7, annotation_clip=False
            )
    scores.set(ylabel="score", xlabel="time (s)", ylim=(0, 1.1), xlim=(START_S, END_S))
    scores.legend(loc="center left", frameon=False, fontsize=7, bbox_to_anchor=(1, 0.5))
    for axes in (signal, scores):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    draw(*(Path(argument) for argument in sys.argv[1:]))
