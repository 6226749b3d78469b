"""Building firmware: both compilers, the same bytes every time, and errors that say what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gesture_tools import build, toolchain
from gesture_tools.build import build_core_image, build_firmware, first_error
from gesture_tools.commands.build import command
from gesture_tools.elf import Image, Sizes, bin_bytes, hex_text, read_image
from gesture_tools.errors import UserError
from gesture_tools.firmware_sources import boards, firmware_folder
from gesture_tools.runtime.native import installed_library
from tests.support.firmware import compiler, model_file, own_cache

__all__ = ["compiler", "model_file", "own_cache"]

BOARD = "qemu_mps2"


def from_hex(text: str) -> dict[int, int]:
    """Read Intel HEX into bytes by address, checking every record's sum."""
    memory: dict[int, int] = {}
    upper = 0
    for line in text.splitlines():
        record = bytes.fromhex(line.removeprefix(":"))
        assert sum(record) & 0xFF == 0
        address, kind, data = int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        assert len(data) == record[0]
        if kind == 4:
            upper = int.from_bytes(data, "big") << 16
        elif kind == 0:
            memory.update({upper + address + i: byte for i, byte in enumerate(data)})
    assert record == b"\x00\x00\x00\x01\xff"
    return memory


def test_firmware_holds_the_model_and_no_trace_of_this_machine(compiler: str, model_file: Path) -> None:
    firmware = build_firmware(BOARD, model_file, compiler)
    flash = bin_bytes(firmware.image)
    assert firmware.image.sizes.flash == len(flash)
    assert model_file.read_bytes() in flash
    assert firmware.model_size == model_file.stat().st_size
    assert 0 < firmware.arena_size <= firmware.image.sizes.bss
    assert from_hex(hex_text(firmware.image)) == dict(enumerate(flash))
    folders = (
        Path.home(),
        firmware_folder(),
        Path(tempfile.gettempdir()),
        toolchain.find_cmake().parent,
    )
    for folder in folders:
        assert str(folder).encode() not in firmware.elf


def test_two_builds_in_two_folders_give_the_same_bytes(
    compiler: str, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_firmware(BOARD, model_file, compiler)
    elsewhere = tmp_path / "a folder" / "firmware"
    shutil.copytree(firmware_folder(), elsewhere)
    monkeypatch.setattr(build, "firmware_folder", lambda: elsewhere)
    monkeypatch.setattr(build, "cached", lambda key: tmp_path / key)
    assert build_firmware(BOARD, model_file, compiler).elf == first.elf


def test_installed_package_builds_the_same_firmware(model_file: Path, tmp_path: Path) -> None:
    """A package elsewhere, with the sources the wheel puts inside it, and no checkout around it."""
    package = tmp_path / "site" / "gesture_tools"
    shutil.copytree(Path(build.__file__).parent, package, ignore=shutil.ignore_patterns("firmware", "_core*"))
    shutil.copytree(firmware_folder(), package / "firmware")
    shutil.copy(installed_library(), package)
    no_editable = (
        "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in type(f).__module__]"
    )
    code = f"{no_editable}; import gesture_tools.commands.build as b; print(b.__file__); b.command()"
    arguments = ["--board", BOARD, "--model", str(model_file), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout
    assert shown.startswith(str(package))
    assert (tmp_path / "out" / f"{BOARD}.elf").read_bytes() == build_firmware(BOARD, model_file).elf


def test_an_equal_build_comes_from_the_cache(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_firmware(BOARD, model_file)
    monkeypatch.setattr(build, "_run", lambda arguments: pytest.fail("compiled again"))
    assert build_firmware(BOARD, model_file).elf == first.elf


@pytest.mark.parametrize("cpu", ["cortex-m4f", "cortex-m0plus"])
def test_core_image_keeps_the_binding(compiler: str, cpu: str) -> None:
    names = {symbol.name for symbol in read_image(build_core_image(cpu, compiler)).symbols}
    assert {"tg_bind_version", "tg_bind_model_open", "tg_bind_recognizer_push"} <= names


def test_application_and_drivers_compile_for_the_smallest_core(
    compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_file: Path
) -> None:
    """A Cortex-M0+ board with nothing of its own but memory: everything portable links."""
    elsewhere = tmp_path / "firmware"
    shutil.copytree(firmware_folder(), elsewhere)
    (tmp_path / "pyproject.toml").touch()  # as in a checkout, a warning is an error
    folder = elsewhere / "boards" / "bare"
    shutil.copytree(elsewhere / "boards" / BOARD, folder)
    (folder / "board.cmake").write_text(
        "set(TG_BOARD_CPU cortex-m0plus)\nset(TG_BOARD_SOURCES common/mem.c bare/bare.c)\n"
    )
    (folder / "bare.c").write_text(
        """
        #include "../tg_board.h"
        const char tg_board_name[] = "bare";
        const tg_axis_map tg_board_axes = {.axis = {0, 1, 2}, .sign = {1, 1, 1}};
        int main(void);
        _Noreturn void tg_reset(void);
        _Noreturn void tg_reset(void) { (void)main(); for (;;) { } }
        void tg_board_init(void) { }
        uint64_t tg_board_time_us(void) { return 0; }
        void tg_board_sleep(void) { }
        uint64_t tg_board_asleep_us(void) { return 0; }
        size_t tg_board_write(const uint8_t *bytes, size_t size) { (void)bytes; return size; }
        size_t tg_board_read(uint8_t *bytes, size_t capacity) { (void)bytes; (void)capacity; return 0; }
        uint32_t tg_board_read_lost(void) { return 0; }
        void tg_board_feed_watchdog(void) { }
        tg_reset_cause tg_board_reset_cause(void) { return TG_RESET_UNKNOWN; }
        const tg_fault_record *tg_board_fault(void) { return NULL; }
        void tg_board_settled(void) { }
        void tg_board_show_event(unsigned i, const char *t, size_t s) { (void)i; (void)t; (void)s; }
        const tg_accel *tg_board_accel(void) { return NULL; }
        unsigned tg_board_mode(void) { return 0; }
        size_t tg_board_stack_used(void) { return 0; }
        size_t tg_board_stack_size(void) { return 0; }
        _Noreturn void tg_board_exit(tg_exit code) { (void)code; for (;;) { } }
        """
    )
    monkeypatch.setattr(build, "firmware_folder", lambda: elsewhere)
    assert build_firmware("bare", model_file, compiler).image.sizes.text > 0


def test_compiler_error_is_one_line(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "firmware"
    shutil.copytree(firmware_folder(), elsewhere)
    with (elsewhere / "app" / "main.c").open("a") as file:
        file.write("int broken(void) { return nothing; }\n")
    monkeypatch.setattr(build, "firmware_folder", lambda: elsewhere)
    with pytest.raises(UserError, match=r"does not compile: .*main\.c:\d+:\d+: error: .*nothing"):
        build_firmware(BOARD, model_file)


def test_first_error() -> None:
    assert (
        first_error("[1/2] cc -Werror\na.c:1:2: error: no\na.c:9:9: error: later\n") == "a.c:1:2: error: no"
    )
    assert (
        first_error("-- ok\nCMake Error at a:1 (message):\n  no b\n") == "CMake Error at a:1 (message): no b"
    )
    assert first_error("") == "the build gave no reason"


def test_unknown_board_names_the_known(model_file: Path) -> None:
    assert BOARD in boards(firmware_folder())
    with pytest.raises(UserError, match=f"'toaster' is unknown: expected one of .*{BOARD}"):
        build_firmware("toaster", model_file)


def test_model_is_refused_before_anything_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_run", lambda arguments: pytest.fail("compiled"))
    foreign = tmp_path / "foreign.tflite"
    foreign.write_bytes(b"not a model at all")
    with pytest.raises(UserError, match="refused"):
        build_firmware(BOARD, foreign)
    with pytest.raises(UserError, match="cannot read"):
        build_firmware(BOARD, tmp_path / "missing.tflite")


def test_no_compiler_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "_zig", lambda: None)
    with pytest.raises(UserError, match=r"pip install ziglang.*arm-none-eabi-gcc"):
        toolchain.find_toolchain()
    with pytest.raises(UserError, match="arm-none-eabi-gcc is not on the PATH: install it"):
        toolchain.find_toolchain("gcc")
    with pytest.raises(UserError, match="pip install ziglang"):
        toolchain.find_toolchain("zig")
    with pytest.raises(UserError, match="expected one of gcc, zig"):
        toolchain.find_toolchain("tcc")


def test_no_cmake_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "_package_value", lambda package, attribute: None)
    with pytest.raises(UserError, match="pip install cmake"):
        toolchain.find_cmake()
    with pytest.raises(UserError, match="pip install ninja"):
        toolchain.find_ninja()


def test_command_writes_files_and_sizes(model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    arguments = ["--board", BOARD, "--model", str(model_file), "--out", str(out)]
    result = CliRunner().invoke(command, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert sorted(path.name for path in out.iterdir()) == [
        f"{BOARD}.{s}" for s in ("bin", "elf", "hex", "map")
    ]
    assert report["flash"] == (out / f"{BOARD}.bin").stat().st_size
    assert report["flash"] == report["text"] + report["rodata"] + report["data"]
    assert report["ram"] == report["data"] + report["bss"]
    assert "tg_recognizer_push" in (out / f"{BOARD}.map").read_text()
    shown = CliRunner().invoke(command, arguments)
    assert shown.exit_code == 0
    assert f"{report['flash']} B" in shown.output
    assert "next, with a log of yours for LOG: gesture emulate --model" in shown.output


def test_command_with_a_file_in_the_place_of_the_folder(model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("in the way")
    result = CliRunner().invoke(command, ["--board", BOARD, "--model", str(model_file), "--out", str(out)])
    assert result.exit_code == 2
    assert result.output.startswith("error: cannot create folder")
    assert out.read_text() == "in the way"


def test_a_failed_build_leaves_no_folder(
    model_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    out = tmp_path / "a" / "b"
    result = CliRunner().invoke(
        command, ["--board", BOARD, "--model", str(model_file), "--compiler", "gcc", "--out", str(out)]
    )
    assert result.exit_code == 2, result.output
    assert not list(tmp_path.iterdir())


def test_no_file_is_replaced_when_one_cannot_be_written(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / f"{BOARD}.elf").write_text("of an earlier build")
    (tmp_path / f"{BOARD}.map").mkdir()
    arguments = ["--board", BOARD, "--model", str(model_file), "--out", str(tmp_path)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert f"error: cannot write {tmp_path / BOARD}.map: expected a file" in result.output
    assert (tmp_path / f"{BOARD}.elf").read_text() == "of an earlier build"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{BOARD}.elf", f"{BOARD}.map"]


def test_bin_and_hex_of_segments_apart() -> None:
    sizes = Sizes(0, 0, 0, 0, 0)
    first, second = bytes(range(200)), b"\x07" * 33
    image = Image(sizes, (), ((0xFFF5, first), (0x20004, second)))
    flash = bin_bytes(image)
    assert flash.startswith(first)
    assert flash.endswith(second)
    assert len(flash) == 0x20004 + 33 - 0xFFF5
    assert set(flash[len(first) : -33]) == {0xFF}
    memory = from_hex(hex_text(image))
    assert bytes(memory[0xFFF5 + i] for i in range(200)) == first
    assert bytes(memory[0x20004 + i] for i in range(33)) == second
    assert len(memory) == 233
