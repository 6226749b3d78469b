"""Where the firmware's C sources are: in the checkout, or in the installed package."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from gesture_tools.errors import UserError

SOURCE_SUFFIXES = (".c", ".h", ".ld", ".cmake", ".toml", ".txt")

_NATIVE = "set(TG_BOARD_CPU native)"


def firmware_folder() -> Path:
    """Return the folder of the firmware sources: the checkout's when run from one, else the package's."""
    checkout = Path(__file__).resolve().parents[2]
    installed = Path(str(resources.files("gesture_tools"))) / "firmware"
    for folder in (checkout / "firmware", installed):
        if (folder / "CMakeLists.txt").is_file() and (folder == installed or (checkout / "tools").is_dir()):
            return folder
    raise UserError(
        f"the firmware sources are missing: expected {installed}; install tinygesture again, or run from a "
        "checkout"
    )


def boards(folder: Path) -> list[str]:
    """Return the names of the boards that firmware can be built for, sorted; not the host itself."""
    found = folder.glob("boards/*/board.cmake")
    return sorted(path.parent.name for path in found if _NATIVE not in path.read_text(encoding="utf-8"))


def sources_digest(folder: Path) -> str:
    """Return the hex SHA-256 over names and contents of all sources below the folder."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in SOURCE_SUFFIXES and p.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
