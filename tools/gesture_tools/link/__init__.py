"""The link to a board: ``docs/protocol.md``, by the C code the boards run.

    with Link("/dev/ttyACM0") as link:              # or socket://localhost:7000, or an open pyserial port
        print(link.hello.board, link.hello.rate_hz, link.hello.channels)
        link.start_sampling()
        for message in link.messages(timeout_s=10):
            match message:
                case Samples():                     # seq, t_us: the device's; values int16 (n, channels)
                    keep(message.seq, message.t_us, message.values)
                case Lost():                        # the board lost samples of its sensor
                    ...
                case Hello():                       # it restarted: seq and t_us begin anew
                    ...
        link.stop()
        stats, here = link.statistics(), link.counts
        print(stats.samples, stats.lost, stats.dropped, here.damaged, here.missing)

A sample that is missing shows as a gap in ``seq``. Every error is a UserError: PortLost when the port is
gone, BoardSilent when nobody answers, plain UserError when something else does or the board refuses.
"""

from gesture_tools.link.frames import Counts, Packet, Receiver
from gesture_tools.link.messages import (
    End,
    Error,
    Event,
    Fault,
    Hello,
    Lost,
    Message,
    Outputs,
    Refused,
    Samples,
    Statistics,
)
from gesture_tools.link.reasons import error_text, refusal_text
from gesture_tools.link.replaying import Replayed, replay
from gesture_tools.link.session import BoardSilent, Link
from gesture_tools.link.texts import fault_text

__all__ = [
    "BoardSilent",
    "Counts",
    "End",
    "Error",
    "Event",
    "Fault",
    "Hello",
    "Link",
    "Lost",
    "Message",
    "Outputs",
    "Packet",
    "Receiver",
    "Refused",
    "Replayed",
    "Samples",
    "Statistics",
    "error_text",
    "fault_text",
    "refusal_text",
    "replay",
]
