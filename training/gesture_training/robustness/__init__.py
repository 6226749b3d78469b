"""Robustness of a model: its recordings disturbed as mountings, sensors and wires would, judged again."""
