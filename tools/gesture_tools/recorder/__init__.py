"""Recording gestures: from a board or a sketch on a port into logs worth training on.

source: what delivers samples; board and text: its two kinds; probe: which of them answers on a port.
writer: samples on disk as they arrive, and finding what a killed process left; cut: the gesture in a stream;
meter and judge: what is shown while recording, and the verdict on a take; session: the takes of one person.
"""
