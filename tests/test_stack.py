"""The bound of the stack, from call graphs as GCC writes them."""

from __future__ import annotations

import pytest

from gesture_tools.errors import UserError
from gesture_tools.stack import CallGraph


def node(name: str, size: int | None, kind: str = "static") -> str:
    label = name if size is None else f"{name}\\n/build/core/x.c:1:1\\n{size} bytes ({kind})"
    return f'node: {{ title: "{name}" label: "{label}" }}\n'


def edge(caller: str, callee: str) -> str:
    return f'edge: {{ sourcename: "{caller}" targetname: "{callee}" label: "x.c:2:2" }}\n'


def test_the_deepest_of_all_ways_counts() -> None:
    text = node("top", 16) + node("/src/core/a.c:low", 40) + node("wide", 24) + node("memcpy", None)
    text += edge("top", "wide") + edge("top", "/src/core/a.c:low") + edge("wide", "memcpy")
    text += node("/src/core/b.c:low", 100)
    calls = CallGraph(text)
    assert calls.deepest("top") == 16 + 40
    assert calls.deepest("wide") == 24
    assert calls.deepest("b.c:low") == 100, "static functions of one name are told apart by their file"


def test_calls_through_pointers_reach_every_operator() -> None:
    text = node("tg_model_run", 8) + edge("tg_model_run", "__indirect_call")
    text += node("/x/kernels/softmax.c:run", 60) + node("/x/kernels/pad.c:run", 90)
    text += node("/x/kernels/pad.c:run_group", 500)
    assert CallGraph(text).deepest("tg_model_run") == 98


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (node("top", 8) + edge("top", "top"), "calls itself"),
        (node("top", 8) + node("low", 8) + edge("top", "low") + edge("low", "top"), "calls itself"),
        (node("top", 8) + edge("top", "__indirect_call"), "through a pointer"),
        (node("top", 8, "dynamic"), "not bounded"),
    ],
)
def test_what_has_no_bound_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        CallGraph(text).deepest("top")
