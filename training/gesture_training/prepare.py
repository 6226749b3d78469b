"""Everything decided before the first pass: labels, split, rate, window and scaling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gesture_tools.contract import Contract
from gesture_tools.errors import UserError
from gesture_tools.lint.signal import dead
from gesture_tools.loading import load, load_profile
from gesture_tools.profile import Profile
from gesture_tools.recordings import Recording
from gesture_tools.words import counted
from gesture_training.apart import apart
from gesture_training.choices import (
    check_same_channels,
    choose_gain,
    choose_hop,
    choose_profile,
    choose_window,
    in_samples,
)
from gesture_training.config import TrainConfig
from gesture_training.dataset import Piece, check_classes, cut, digest, hold_out, labels_of, outline
from gesture_training.frame import FrameChoice, choose_frame, framed
from gesture_training.grip import grip_rotation, holds_gravity
from gesture_training.labels import Labels, choose_labels, shown
from gesture_training.memory import check_size
from gesture_training.network import fitted
from gesture_training.streams import LEAST_CONTINUOUS_S, continuous
from gesture_training.strength import strength_spread


@dataclass(frozen=True)
class Request:
    """What the user asks for; None or empty leaves the choice to the data."""

    data: tuple[Path, ...]
    out: Path
    rate_hz: float | None = None
    window: float | int | None = None
    """Samples (int) or seconds (float)."""
    hop: int | None = None
    labels: tuple[str, ...] = ()
    background: tuple[str, ...] = ()
    test_subjects: tuple[str, ...] = ()
    false_activations: float | None = None
    """Budget of false activations per hour; math.inf: none, thresholds stay."""
    test: bool = True
    """False: all people train, nothing is measured."""
    model: str = "network"
    """What is trained: network or forest."""
    baseline: str | None = None
    """forest: one is trained on the same windows and shown beside the network."""
    command: str = "gesture train"
    """For the record and the header of the C array."""
    config: TrainConfig = field(default_factory=TrainConfig)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that is decided before the first pass."""

    labels: Labels
    contract: Contract
    config: TrainConfig
    frame: FrameChoice
    train: list[Piece]
    streams: list[Recording]
    """The continuous recordings of the people who train, as they came."""
    test: list[Piece]
    unseen: list[Recording]
    """The recordings of the test's people as they came, continuous ones whole."""
    warnings: list[str]
    data_sha256: str


def read(data: Sequence[Path]) -> list[Recording]:
    """Load the recordings of a training; raise UserError when there are none or their channels differ."""
    check_size(data)
    recordings = load(data)
    if not recordings:
        raise UserError(f"no recordings in {', '.join(map(str, data))}: expected logs or a table")
    check_same_channels(recordings)
    return recordings


def prepare(request: Request, recordings: Sequence[Recording] | None = None) -> Prepared:
    """Decide labels, split, rate, window, scaling; raise UserError for what cannot be served.

    The split comes first: all that follows is decided on the people who train, whatever the others recorded.
    recordings: those of request.data, when they are loaded already.
    """
    if recordings is None:
        recordings = read(request.data)
    labels = choose_labels(labels_of(recordings), request.labels, request.background)
    parts = outline(recordings, labels)
    config = request.config
    if request.false_activations is not None:
        budget = None if math.isinf(request.false_activations) else request.false_activations
        config = replace(config, false_activations=budget, least_recall=0.0)
    test = (
        hold_out(parts, request.test_subjects, config.test_share, config.seed)
        if request.test
        else frozenset()
    )
    check_classes(parts, test, labels.names, request.test and not request.test_subjects)
    known = [recording for recording in recordings if recording.subject not in test]
    profile = choose_profile(known, written_profile(request.data), request.rate_hz)
    asked = in_samples(request.window, profile.rate_hz)
    config = replace(config, network=fitted(config.network, profile.rate_hz, request.hop, asked))
    train = cut(known, labels, profile.rate_hz, profile.rate_tolerance)
    unseen = [recording for recording in recordings if recording.subject in test]
    gestures = [piece for piece in train if piece.label != labels.background]
    window = choose_window(gestures, profile.rate_hz, asked, config.network)
    samples = np.concatenate([piece.samples for piece in train]).astype(np.float64)
    contract = Contract(
        profile=profile,
        window=window,
        hop=choose_hop(window, profile.rate_hz, request.hop, config.network),
        gain=choose_gain(gestures),
        labels=labels.names,
        background=labels.background,
        thresholds=(round(config.threshold * 256),) * len(labels.names),
        statistics=tuple(
            (round(mean), round(deviation))
            for mean, deviation in zip(samples.mean(axis=0), samples.std(axis=0), strict=True)
        ),
    )
    levelled = config.augmentation
    if levelled.amplitude:
        spread = strength_spread(gestures, window, levelled.amplitude)
        levelled = replace(levelled, amplitude=spread)
    rotation = grip_rotation(gestures, levelled.rotation) if levelled.rotation else 0.0
    varied = {False: replace(levelled, rotation=rotation, turn=0.0), True: levelled}
    frame = choose_frame(train, contract, varied, config)
    prepared = Prepared(
        labels=labels,
        contract=framed(contract, frame.level),
        config=replace(config, augmentation=varied[frame.level]),
        frame=frame,
        train=train,
        streams=continuous(known, [name for i, name in enumerate(labels.names) if i != labels.background]),
        test=cut(unseen, labels, profile.rate_hz, profile.rate_tolerance),
        unseen=unseen,
        warnings=_warnings(request, recordings, labels, test) + _floating(gestures),
        data_sha256=digest(recordings),
    )
    if config.false_activations is not None and not apart(prepared):
        needed = (
            f"needs people to set apart who recorded {LEAST_CONTINUOUS_S:g} s or more without gestures, or "
            f"continuous logs with spans: {_found(prepared.streams)}"
        )
        if request.false_activations is not None:
            raise UserError(
                f"--false-activations {request.false_activations:g} {needed}, or leave the option out"
            )
        prepared.warnings.append(
            f"note: thresholds stay at {config.threshold:g} and false activations are unknown; a choice "
            f"{needed}"
        )
    return prepared


def _floating(gestures: Sequence[Piece]) -> list[str]:
    """Warn of recordings without gravity."""
    if holds_gravity(gestures):
        return []
    return [
        "warning: the recordings hold no gravity, and every board's accelerometer measures it: unless the "
        "device takes it away too, record again with gravity"
    ]


def _found(streams: Sequence[Recording]) -> str:
    """Say how much continuous data there is, which leaves nobody to set apart, and what to do."""
    if not streams:
        return "found no such recordings; record some"
    people = {one.subject for one in streams}
    found = f"found {counted(len(streams), 'such recording')}"
    if len(people) == 1:
        return f"{found} of {people.pop()} alone; record other people"
    return f"{found}, but whoever is set apart takes too much of some class along; record more people"


def decisions(prepared: Prepared) -> list[str]:
    """Return what was decided, in one line each."""
    contract, rate = prepared.contract, prepared.contract.profile.rate_hz
    varied = prepared.config.augmentation
    people = sorted({piece.subject for piece in prepared.test})
    of = len({piece.subject for piece in prepared.train})
    return [
        f"labels: {', '.join(contract.labels)}",
        f"{rate:g} Hz, window {contract.window} samples ({contract.window / rate:.2f} s), hop {contract.hop} "
        f"({contract.hop / rate:.2f} s)",
        str(prepared.frame),
        f"varied{', as people differ' if of > 1 else ''}: grip by {varied.rotation:.0f} degrees, "
        f"strength by {100 * np.expm1(varied.amplitude):.0f} %",
        f"training on {len(prepared.train)} recordings of {counted(of, 'person', 'people')}, "
        f"testing on {len(prepared.test)} of {', '.join(people) or 'nobody'}",
    ]


def written_profile(paths: Sequence[Path]) -> Profile | None:
    """Return the profile that all paths share, None without any."""
    found = {path: load_profile(path) for path in paths}
    profiles = set(found.values())
    if len(profiles) > 1:
        names = " and ".join(
            f"{path} ({profile.rate_hz:g} Hz)" if profile else str(path) for path, profile in found.items()
        )
        raise UserError(
            f"the data has different sensing profiles: {names}; expected the same gesture.toml, or none"
        )
    return profiles.pop()


def _warnings(
    request: Request, recordings: Sequence[Recording], labels: Labels, test: frozenset[str]
) -> list[str]:
    lines = []
    if not test:
        lines.append("warning: nobody is held out, so the accuracy on other people is unknown")
    if labels.background is None:
        lines.append("warning: no background among the labels, so every motion will be taken for a gesture")
    if written_profile(request.data) is None:
        lines.append(
            "note: no gesture.toml with the data: rate and range are taken from it, axes as they come"
        )
    if stuck := [recording.id for recording in dead(recordings)]:
        lines.append(
            f"warning: the sensor never changes in {counted(len(stuck), 'recording')}, {stuck[0]} the first: "
            "check with 'gesture lint', and record again or remove them"
        )
    left_out = sorted(set(labels_of(recordings)) - set(labels.index))
    if left_out:
        lines.append(f"note: left out by --labels: {', '.join(map(shown, left_out))}")
    return lines
