"""``gesture synthesize``: the starter logs, and a folder that is written whole or left as it was."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gesture_tools.loading import load, load_profile
from gesture_training.commands.synthesize import command
from gesture_training.synthesis import (
    folder,
    generate,
    gestures,
    scenario,
)

STARTER = Path(__file__).parent.parent / "data" / "starter"


def synthesize(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_starter_logs_are_what_the_generator_makes_now(tmp_path: Path) -> None:
    result = synthesize("--out", tmp_path / "again")
    assert result.exit_code == 0, result.output
    made, kept = contents(tmp_path / "again"), contents(STARTER)
    assert sorted(made) == sorted(kept)
    changed = [str(name) for name in made if made[name] != kept[name]]
    assert not changed, (
        f"{len(changed)} files differ, first {changed[0]}: gesture synthesize --out data/starter --force"
    )


def test_starter_logs_are_complete_marked_synthetic_and_on_profile() -> None:
    recordings = load([STARTER])
    assert load_profile(STARTER) == generate.PROFILE
    assert len(recordings) == generate.count(generate.Settings())
    assert {recording.header["synthetic"] for recording in recordings} == {"yes"}
    assert {recording.subject for recording in recordings} == {f"p{n:02d}" for n in range(1, 11)}
    takes = [r.label for r in recordings if r.label not in (None, "background")]
    assert {label: takes.count(label) for label in takes} == {g.label: 60 for g in gestures.GESTURES}
    rates = {round(recording.rate_hz, 1) for recording in recordings}
    assert max(rates) - min(rates) > 1  # every sensor has its own clock
    for recording in recordings:
        if recording.label is None:
            assert len(recording.spans) == 10
            assert 55 < recording.duration_s < 85
    assert sum(map(len, contents(STARTER).values())) < 4e6


def test_the_seed_and_the_numbers_decide(tmp_path: Path) -> None:
    small = ("--people", 1, "--takes", 1, "--json")
    summary = json.loads(synthesize("--out", tmp_path / "a", "--seed", 5, *small).stdout)
    assert summary["recordings"] == 12
    assert summary["synthetic"] is True
    assert summary["next"] == f"gesture train {tmp_path / 'a'} --out build/model"
    synthesize("--out", tmp_path / "b", "--seed", 5, *small)
    synthesize("--out", tmp_path / "c", "--seed", 6, *small)
    one, same, other = (contents(tmp_path / n)["p01/flick_01.csv"].partition(b"seq,")[2] for n in "abc")
    assert one == same != other


def test_a_folder_in_use_is_refused_and_only_synthetic_logs_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "logs"
    small = ("--out", out, "--people", 1, "--takes", 1)
    assert synthesize(*small).exit_code == 0
    refused = synthesize(*small)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "not empty" in refused.stderr
    (out / "p01" / "flick_01.csv").unlink()
    assert synthesize(*small, "--force").exit_code == 0
    assert (out / "p01" / "flick_01.csv").exists()
    own = out / "p01" / "mine.csv"
    own.write_text("# tinygesture-log: 1\n# label: flick\n")
    refused = synthesize(*small, "--force")
    assert refused.exit_code == 2
    assert "mine.csv" in refused.stderr
    assert own.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]


@pytest.fixture(scope="module")
def few_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("few") / "logs"
    assert synthesize("--out", out, "--people", 1, "--takes", 1).exit_code == 0
    return out


@pytest.mark.parametrize(
    "foreign",
    ["dangling link", "fifo", "folder", "folder of a person", "edited profile", "spans of a take", "notes"],
)
def test_force_deletes_nothing_that_the_generator_does_not_make(
    tmp_path: Path, few_logs: Path, foreign: str
) -> None:
    out = tmp_path / "logs"
    shutil.copytree(few_logs, out)
    if foreign == "dangling link":
        (out / "link").symlink_to("nowhere")
    elif foreign == "fifo":
        os.mkfifo(out / "p01" / "fifo.csv")
    elif foreign == "folder":
        (out / "p01" / "p02").mkdir()
    elif foreign == "folder of a person":
        (tmp_path / "mine").mkdir()
        (out / "p02").symlink_to(tmp_path / "mine")
    elif foreign == "edited profile":
        with (out / "gesture.toml").open("a") as profile:
            profile.write("# mine\n")
    elif foreign == "spans of a take":
        shutil.copy(out / "p01" / "session.spans.csv", out / "p01" / "flick_01.spans.csv")
    else:
        (out / "notes.csv").write_text("# synthetic: yes\n")
    before = sorted(out.rglob("*"))
    refused = synthesize("--out", out, "--people", 1, "--takes", 1, "--force")
    assert refused.exit_code == 2
    assert "--force replaces nothing else" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert sorted(out.rglob("*")) == before


def test_a_folder_with_only_a_link_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "link").symlink_to("nowhere")
    refused = synthesize("--out", tmp_path / "logs", "--people", 1, "--takes", 1)
    assert refused.exit_code == 2
    assert "not empty" in refused.stderr


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    for out in (".", ".."):
        refused = synthesize("--out", out, "--people", 1, "--takes", 1)
        assert refused.exit_code == 2
        assert "current folder" in refused.stderr
    assert Path.cwd().samefile(tmp_path / "here" / "below")


def test_links_to_the_folder_are_followed_and_circles_refused(tmp_path: Path, few_logs: Path) -> None:
    shutil.copytree(few_logs, tmp_path / "logs")
    (tmp_path / "link").symlink_to("logs")
    (tmp_path / "circle").symlink_to("circle")
    small = ("--people", 1, "--takes", 1, "--seed", 2, "--force")
    assert synthesize("--out", tmp_path / "link", *small).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "logs") != contents(few_logs)
    assert "circle" in synthesize("--out", tmp_path / "circle", *small).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["circle", "link", "logs"]


def test_an_interrupt_while_replacing_keeps_the_old_folder(
    tmp_path: Path, few_logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "logs"
    shutil.copytree(few_logs, out)
    rename = Path.rename

    def break_off(source: Path, target: Path) -> Path:
        if target == out and not source.name.endswith(".old"):
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", break_off)
    settings = generate.Settings(people=1, takes=1, seed=2)
    with pytest.raises(KeyboardInterrupt):
        folder.write(out, settings, generate.recordings(settings), replace=True)
    assert contents(out) == contents(few_logs)
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        refused = synthesize("--out", out, "--people", 1, "--takes", 1)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("error: ")
        assert refused.stderr.count("\n") == 1


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scenario, "session", break_off)
    assert synthesize("--out", tmp_path / "logs", "--people", 1, "--takes", 1).exit_code != 0
    assert list(tmp_path.iterdir()) == []
