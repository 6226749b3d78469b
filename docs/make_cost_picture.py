"""Draw docs/streaming.svg: what a second of always-on recognition costs, in instructions.

python docs/make_cost_picture.py docs/streaming.svg

The network is that of firmware/budget.toml called ``stream``: windows of 120 samples at 100 Hz, one every 12,
61.4 k multiply-accumulates. Its figures there are counted in an instruction-set emulator, and a test fails
when they change. Those of TensorFlow Lite Micro were counted in the same way (GCC 12.2, release settings,
int8 kernels only) on a network of the same shapes.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "tinygesture", "font.size": 8, "font.family": "sans-serif"})

import matplotlib.pyplot as plt

BUDGET = Path(__file__).resolve().parents[1] / "firmware" / "budget.toml"
HOPS_PER_SECOND = 100 / 12
CLOCK_HZ = 64e6
PEERS = {
    "cortex-m4f": {"TensorFlow Lite Micro, reference kernels": 1_393_142, "with CMSIS-NN": 496_316},
    "cortex-m0plus": {"TensorFlow Lite Micro with CMSIS-NN": 1_348_540},
}
"""Instructions of one window."""
TITLES = {"cortex-m4f": "Cortex-M4F", "cortex-m0plus": "Cortex-M0+"}
OURS, THEIRS = "#2a6fb0", "0.75"


def draw(out: Path) -> None:
    """Draw a bar for each way to compute a second's windows."""
    budget = tomllib.loads(BUDGET.read_text())
    counts = [len(peers) + 2 for peers in PEERS.values()]
    figure, panels = plt.subplots(len(PEERS), 1, figsize=(8.6, 2.7), height_ratios=counts)
    for axes, (cpu, peers) in zip(panels, PEERS.items(), strict=True):
        own = budget[cpu]["stream"]
        bars = {
            **peers,
            "tinygesture, whole windows": own["instructions"],
            "tinygesture, by hops": own["hop_instructions"],
        }
        for row, (name, instructions) in enumerate(bars.items()):
            second = instructions * HOPS_PER_SECOND
            axes.barh(row, second / 1e6, color=THEIRS if name in peers else OURS, height=0.7)
            load = f"{second / 1e6:.2f} M, {second / CLOCK_HZ:.2%} of 64 MHz"
            axes.annotate(load, (second / 1e6, row), xytext=(3, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(bars)), list(bars))
        axes.set_title(TITLES[cpu], loc="left", fontsize=8, fontweight="bold")
        axes.invert_yaxis()
        axes.set_xlim(0, 16)
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("million instructions for a second of recognition, shares: if each took one cycle")
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
