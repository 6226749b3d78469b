"""Synthetic logs: a seeded model of a hand that moves a board, and of the accelerometer on it.

trajectory.py and hand.py move and turn a board, person.py says who holds it, gestures.py, background.py and
handling.py say what is done with it, sensor.py measures it, scenario.py arranges it into recordings,
generate.py makes the whole set of them and folder.py writes it.
"""
