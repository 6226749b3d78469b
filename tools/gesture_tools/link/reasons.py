"""Why a board refuses its model or a message, in words. The numbers are those of ``firmware``'s headers."""

from __future__ import annotations

from gesture_tools.link.messages import Error, Refused
from gesture_tools.link.texts import fault_text

SENSOR_ABSENT = 0
SENSOR_END = -66
"""Of the errors of a sensor, the one that is no failure: a log has been played."""

REFUSED_MODEL, REFUSED_RATE, REFUSED_SENSOR, REFUSED_FAULTS = 1, 4, 6, 7
REFUSED_FIELDS = {2: "frame", 3: "channel", REFUSED_RATE: "rate_mhz", 5: "full_scale_mg"}
"""tg_refused of firmware/link/tg_message.h."""

REASONS = {
    1: "no version of the protocol that both speak",
    2: "it does not know this message",
    3: "the message is malformed",
    4: "it is not in a state for that",
    5: "replayed samples came out of order",
    6: "the replay was given up, as nothing came",
}
"""tg_reason of firmware/link/tg_message.h."""


def refusal_text(refused: Refused) -> str:
    """Return why a board recognises nothing, as a sentence."""
    from gesture_tools.runtime.native import native_machine

    machine = native_machine()
    if refused.what == REFUSED_SENSOR:
        why = machine.call_text("tg_bind_accel_err_text", refused.found)
        why = "it does not answer" if refused.found == SENSOR_ABSENT else why
        return f"the board's accelerometer failed: {why}"
    if refused.what == REFUSED_FAULTS:
        return f"the board's firmware faults whenever it starts: {fault_text(refused.found)}"
    if refused.what == REFUSED_MODEL:
        name, text = machine.error_name(refused.found), machine.error_text(refused.found)
        return f"the board refuses its model: {text} ({name})"
    field = REFUSED_FIELDS.get(refused.what, f"field {refused.what}")
    expected = str(refused.expected)
    if refused.what == REFUSED_RATE:
        expected += f" within {refused.detail / 10:g} %"
    return f"the board refuses its model: {field}: expected {expected}, found {refused.found}"


def error_text(error: Error) -> str:
    """Return why a board did not do what it was asked, as half a sentence."""
    text = REASONS.get(error.reason, f"a reason this version does not know ({error.reason})")
    return f"{text} (message {error.message:#04x}, detail {error.detail})"
