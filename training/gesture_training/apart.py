"""Groups of the training people, each set apart once: what the detector is chosen on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from gesture_tools.recordings import Recording
from gesture_training.dataset import LEAST_PIECES
from gesture_training.streams import amid_rest

if TYPE_CHECKING:
    from gesture_training.prepare import Prepared


def apart(prepared: Prepared) -> list[Prepared]:
    """Return trainings that each set a group of people apart, with fewer passes.

    A group is left out where what remains lacks a class. None without a budget, with one person alone, and
    where no group brings continuous recordings, which say what the background is like.
    """
    config = prepared.config
    if config.false_activations is None or not prepared.streams:
        return []
    everybody = {one.subject for one in prepared.train} | {one.subject for one in prepared.streams}
    people = sorted(everybody, key=lambda name: _order(config.seed, name))
    count = min(config.groups, len(people))
    passes = max(1, round(config.fit.epochs * config.groups_effort))
    short = replace(config, fit=replace(config.fit, epochs=passes))
    parts, heard = [], False
    for number in range(count if count > 1 else 0):
        group = frozenset(people[number::count])
        train = [piece for piece in prepared.train if piece.subject not in group]
        labels = [piece.label for piece in train]
        if all(labels.count(label) >= LEAST_PIECES for label in range(len(prepared.labels.names))):
            streams = [one for one in prepared.streams if one.subject not in group]
            parts.append(replace(prepared, config=short, train=train, streams=streams))
            heard |= len(streams) < len(prepared.streams)
    return parts if heard else []


def held_out(prepared: Prepared, part: Prepared) -> tuple[list[Recording], list[Recording]]:
    """Return what the people set apart by a part recorded: streams, and takes of gestures, amid rest."""
    seen = {piece.subject for piece in part.train} | {one.subject for one in part.streams}
    names, background = prepared.labels.names, prepared.labels.background
    takes = [
        amid_rest(piece.recording, names[piece.label], prepared.contract)
        for piece in prepared.train
        if piece.subject not in seen and piece.label != background and piece.is_take
    ]
    return [one for one in prepared.streams if one.subject not in seen], takes


def _order(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
