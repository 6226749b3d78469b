"""``python -m gesture_tools``: the command ``gesture`` of this very interpreter."""

from gesture_tools.cli import main

main()
