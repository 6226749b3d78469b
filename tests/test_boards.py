"""Boards: what is built for each, that it fits and is the same every time, and what is refused before.

firmware/boards/budget.toml keeps what each board's firmware takes with the tests' small model; a change that
is meant is written with

    python -m tests.test_boards --write
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gesture_tools import build
from gesture_tools.boards import DEFAULT_BOARD, board_of_image, find_board
from gesture_tools.build import build_firmware
from gesture_tools.commands.build import command
from gesture_tools.elf import bin_bytes, hex_text, read_hex
from gesture_tools.errors import UserError
from gesture_tools.files import write_atomic
from gesture_tools.firmware_image import check_image
from gesture_tools.firmware_sources import boards, firmware_folder
from gesture_tools.profile import Profile
from gesture_tools.toolchain import find_toolchain
from gesture_tools.uf2 import read_uf2, uf2_bytes
from tests.support.firmware import contract, model_file, own_cache, small_model

__all__ = ["model_file", "own_cache"]

REAL = ("microbit_v1", "microbit_v2", "pico")
BUDGET = Path(__file__).resolve().parents[1] / "firmware" / "boards" / "budget.toml"
TOLERANCE = 0.03
RP2040 = 0xE48BFF56


def boot_rom_checksum(stage: bytes) -> int:
    """CRC-32 as section 2.8.1.3.1 of the RP2040 data sheet has it."""
    crc = 0xFFFFFFFF
    for byte in stage:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def test_every_real_board_says_how_it_is_flashed() -> None:
    assert set(REAL) <= set(boards(firmware_folder()))
    assert DEFAULT_BOARD in REAL
    for name in REAL:
        board = find_board(name)
        assert board.file in ("hex", "uf2")
        assert board.drive is not None
        assert board.sensors
        assert board.flash >= 256 * 1024
    assert (find_board("microbit_v1").ram, find_board("microbit_v1").flash) == (16 * 1024, 256 * 1024)
    assert find_board("qemu_mps2").file is None


@pytest.mark.parametrize("name", REAL)
def test_firmware_fits_and_is_known_for_its_board(name: str, model_file: Path) -> None:
    firmware = build_firmware(name, model_file)
    sizes, flash = firmware.image.sizes, bin_bytes(firmware.image)
    assert sizes.ram + sizes.stack < find_board(name).ram
    assert board_of_image(flash) == name
    assert model_file.read_bytes() in flash
    first = firmware.image.segments[0][0]
    assert first == (0x10000000 if name == "pico" else 0)


@pytest.mark.parametrize("name", REAL)
def test_two_builds_give_the_same_file(
    name: str, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_firmware(name, model_file)
    elsewhere = tmp_path / "another place" / "firmware"
    shutil.copytree(firmware_folder(), elsewhere)
    monkeypatch.setattr(build, "firmware_folder", lambda: elsewhere)
    monkeypatch.setattr(build, "cached", lambda key: tmp_path / key)
    second = build_firmware(name, model_file)
    assert first.elf == second.elf
    assert hex_text(first.image) == hex_text(second.image)
    assert uf2_bytes(first.image, RP2040) == uf2_bytes(second.image, RP2040)


def test_boot_rom_accepts_the_second_stage(model_file: Path) -> None:
    image = build_firmware("pico", model_file).image
    flash = bin_bytes(image)
    assert image.segments[0][0] == 0x10000000
    assert int.from_bytes(flash[252:256], "little") == boot_rom_checksum(flash[:252])
    stack, reset = int.from_bytes(flash[256:260], "little"), int.from_bytes(flash[260:264], "little")
    assert 0x20000000 < stack <= 0x20040000
    assert reset & 1
    assert 0x10000100 < reset < 0x10000000 + len(flash)


def test_uf2_holds_the_flash(model_file: Path) -> None:
    image = build_firmware("pico", model_file).image
    pages = read_uf2(uf2_bytes(image, RP2040), RP2040)
    flash = b"".join(pages[address] for address in sorted(pages))
    assert min(pages) == 0x10000000
    assert flash.startswith(bin_bytes(image))
    assert set(flash[len(bin_bytes(image)) :]) <= {0xFF}


def test_command_writes_the_file_of_the_board(model_file: Path, tmp_path: Path) -> None:
    arguments = ["--model", str(model_file), "--out", str(tmp_path)]
    result = CliRunner().invoke(command, ["--board", "pico", *arguments])
    assert result.exit_code == 0, result.output
    assert f"next: gesture flash --board pico --model {model_file}" in result.output
    uf2 = tmp_path / "pico.uf2"
    assert check_image(find_board("pico"), uf2, model_file.read_bytes()) == uf2.read_bytes()
    assert CliRunner().invoke(command, arguments).exit_code == 0
    hexa = tmp_path / f"{DEFAULT_BOARD}.hex"
    assert check_image(find_board(DEFAULT_BOARD), hexa, model_file.read_bytes()) == hexa.read_bytes()
    assert not (tmp_path / f"{DEFAULT_BOARD}.uf2").exists()


def test_images_of_other_boards_and_damaged_ones(model_file: Path, tmp_path: Path) -> None:
    v1, v2, pico = (find_board(name) for name in REAL)
    model = model_file.read_bytes()
    path = tmp_path / "image.hex"
    path.write_text(hex_text(build_firmware("microbit_v1", model_file).image))
    with pytest.raises(UserError, match=r"is firmware for microbit_v1, expected microbit_v2"):
        check_image(v2, path, model)
    with pytest.raises(UserError, match=r"expected a \.uf2 file for pico, found \.hex"):
        check_image(pico, path, model)
    with pytest.raises(UserError, match="holds another model"):
        check_image(v1, path, small_model(contract(hop=4)))
    whole = path.read_text()
    path.write_text(whole.replace("0", "1", 1))
    with pytest.raises(UserError, match=r"image\.hex: expected Intel HEX; its line 1 is none, or damaged"):
        check_image(v1, path, model)
    path.write_text("\n".join(whole.splitlines()[:-1]))
    with pytest.raises(UserError, match="the file is not whole"):
        check_image(v1, path, model)
    path.write_text(":0100000000FF\n:00000001FF\n")
    with pytest.raises(UserError, match="is no firmware of 'gesture build'"):
        check_image(v1, path, model)
    uf2 = tmp_path / "image.uf2"
    content = uf2_bytes(build_firmware("pico", model_file).image, RP2040)
    for changed, message in (
        (content[:-512], "the file is not whole"),
        (content[:100], "blocks of 512 bytes"),
        (b"x" + content[1:], "its block 0 is none"),
        (uf2_bytes(build_firmware("pico", model_file).image, 0x12345678), "another board's"),
    ):
        uf2.write_bytes(changed)
        with pytest.raises(UserError, match=message):
            check_image(pico, uf2, model)


def test_hex_records_above_64_kilobytes(model_file: Path) -> None:
    image = build_firmware("pico", model_file).image
    parts = read_hex(hex_text(image))
    assert b"".join(parts[address] for address in sorted(parts)) == bin_bytes(image)
    assert min(parts) == 0x10000000


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("pico", {"rate_hz": 60.0}, r"lis3dh: rate 60 Hz, given are 1, 10, 25, 50, .* Hz"),
        (
            "pico",
            {"full_scale_mg": 3000},
            r"lis3dh: full scale 3000 mg, given are 2000, 4000, 8000, 16000 mg",
        ),
        ("microbit_v1", {"rate_hz": 30.0}, r"lsm303agr: rate 30 Hz.*; mma8653fc: rate 30 Hz"),
    ],
)
def test_contract_the_sensor_cannot_give(
    name: str, changed: dict[str, float], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_run", lambda arguments: pytest.fail("compiled"))
    model = tmp_path / "other.tflite"
    model.write_bytes(small_model(contract(replace(Profile(rate_hz=50.0), **changed))))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=message):
        build_firmware(name, model)


def test_a_rate_only_one_of_the_sensors_gives(model_file: Path) -> None:
    """An MMA8653FC has 12.5 Hz, an LSM303AGR has not: the board says at its start which it carries."""
    slow = contract(Profile(rate_hz=12.5))
    find_board("microbit_v1").check_contract(slow)
    with pytest.raises(UserError, match="cannot give"):
        find_board("microbit_v2").check_contract(slow)


@pytest.mark.parametrize(
    ("compiler", "wide", "narrow", "memory"), [("gcc", "256K", "16K", "flash"), ("zig", "16K", "3K", "RAM")]
)
def test_model_too_big_for_the_board(
    compiler: str,
    wide: str,
    narrow: str,
    memory: str,
    model_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path / "firmware"
    shutil.copytree(firmware_folder(), elsewhere)
    script = elsewhere / "boards" / "microbit_v1" / "memory.ld"
    monkeypatch.setattr(build, "firmware_folder", lambda: elsewhere)
    script.write_text(script.read_text().replace(f"LENGTH = {wide}", f"LENGTH = {narrow}"))
    with pytest.raises(UserError, match=rf"too big for the board's {memory}: train a smaller model"):
        build_firmware("microbit_v1", model_file, compiler)


def figures(name: str, model: Path) -> dict[str, int]:
    """What a board's firmware takes beside the model and its arena, by GCC."""
    firmware = build_firmware(name, model, "gcc")
    sizes = firmware.image.sizes
    return {"flash": sizes.flash - firmware.model_size, "ram": sizes.ram - firmware.arena_size}


@pytest.mark.parametrize("name", REAL)
def test_sizes_are_as_budgeted(name: str, model_file: Path) -> None:
    budget = tomllib.loads(BUDGET.read_text())
    version = find_toolchain("gcc").version
    if version != budget["compiler"]:
        pytest.skip(f"the budget is for {budget['compiler']}, this is {version}")
    found = figures(name, model_file)
    off = [
        f"{what}: {size:,} budgeted, {found[what]:,} found"
        for what, size in budget[name].items()
        if abs(found[what] - size) > TOLERANCE * size
    ]
    assert not off, f"{'; '.join(off)} - if it is meant: python -m tests.test_boards --write"


def write() -> None:
    """Write the budget anew."""
    lines = [
        "# Bytes of each board's firmware beside model and arena, with the tests' small model.",
        "# A test fails when a figure is off by more than 3 %; after a change that is meant:",
        "# python -m tests.test_boards --write",
        f'compiler = "{find_toolchain("gcc").version}"',
    ]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.tflite"
        model.write_bytes(small_model(contract()))
        for name in REAL:
            lines += ["", f"[{name}]", *(f"{key} = {value}" for key, value in figures(name, model).items())]
    write_atomic(BUDGET, "\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.test_boards --write")
    write()
