"""A short run of each fuzz target, from the committed corpus (tests/fuzz/run.sh runs them for longer)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.host import ROOT, run

SECONDS = 10
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
TARGETS = {"model": 60_000, "contract": 200_000, "link": 100_000, "app": 5_000}
"""Targets, and how many executions a slow machine manages in that time."""


@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(target: str, tmp_path: Path) -> None:
    if shutil.which("clang") is None:
        pytest.skip(
            "clang is not installed (Debian: apt install clang libclang-rt-dev): libFuzzer comes with it"
        )
    script = ROOT / "tests" / "fuzz" / "run.sh"
    output = run([script, target, str(SECONDS), "-seed=1"], TINYGESTURE_FUZZ_DIR=str(tmp_path))
    executed = re.search(r"number_of_executed_units: (\d+)", output)
    assert executed is not None, output[-2000:]
    assert int(executed[1]) > TARGETS[target] / 10
    assert not list(tmp_path.glob("crash-*"))


def test_the_corpus_is_small_and_good() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert 40 <= len(files) <= 65
    assert sum(path.stat().st_size for path in files) < 300_000
    models = [path.read_bytes() for path in (CORPUS / "model").iterdir()]
    assert all(model[4:8] == b"TFL3" for model in models)
    assert sum(b"tinygesture.contract" in model for model in models) >= 5
