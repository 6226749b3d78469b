"""What extras bring, looked for before work is begun that would end without it."""

from __future__ import annotations

from importlib.util import find_spec

from gesture_tools.errors import UserError

TRAINING = {"tensorflow": "TensorFlow", "matplotlib": "matplotlib", "jinja2": "Jinja2"}
"""What training imports, by module."""


def check_training() -> None:
    """Raise UserError where training would miss something; nothing is imported for it."""
    if missing := [name for module, name in TRAINING.items() if find_spec(module) is None]:
        raise without(missing[0])


def without(name: str) -> UserError:
    """Return the error of a training without one of what it imports."""
    return UserError(f"training needs {name}: python -m pip install 'tinygesture[train]'")
