"""From a port, or from none, to a source: who answers there, and which one is meant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import serial

from gesture_tools.errors import UserError
from gesture_tools.port import find_ports, open_port
from gesture_tools.profile import Profile
from gesture_tools.recorder.probe import Answer, listen, refusal
from gesture_tools.recorder.source import Source
from gesture_tools.recorder.text import Asked, TextSource, open_text
from gesture_tools.recorder.ui import Ui

if TYPE_CHECKING:
    from gesture_tools.link import Link

FIRST_LOOK_S = 0.4
"""A sketch that prints is heard within this time; boards say nothing until they are asked."""

BOARD, TEXT, UNAVAILABLE = "board", "text", "unavailable"


@dataclass(frozen=True)
class Met:
    """Who answers on an open port: a board by its link, or what was heard."""

    link: Link | None = None
    port: serial.SerialBase | None = None
    answer: Answer | None = None

    def close(self) -> None:
        """Give the port back."""
        if self.link is not None:
            self.link.close()
        if self.port is not None:
            self.port.close()


@dataclass(frozen=True)
class Identity:
    """What a port is."""

    url: str
    kind: str
    """board, text, other, noise, silent or unavailable."""
    detail: str

    @property
    def usable(self) -> bool:
        """Whether samples are to be had there."""
        return self.kind in (BOARD, TEXT)


def meet(url: str, baud: int) -> Met:
    """Open a port and find out who answers; raise UserError when it cannot be opened, or a board refuses.

    A port that prints samples is sent nothing. Any other is asked for a board, then listened to for longer.
    """
    port = open_port(url, baud)
    answer = listen(port, FIRST_LOOK_S)
    if answer.kind == TEXT:
        return Met(port=port, answer=answer)
    from gesture_tools.link import BoardSilent, Link

    try:
        return Met(link=Link(port))
    except BoardSilent:  # which closed the port
        port = open_port(url, baud)
        return Met(port=port, answer=listen(port))


def identify(url: str, baud: int) -> Identity:
    """Return what a port is; never raises for what is wrong with it."""
    try:
        met = meet(url, baud)
    except UserError as error:
        return Identity(url, UNAVAILABLE, error.message)
    met.close()
    if met.link is not None:
        hello = met.link.hello
        detail = (
            f"{hello.board}, firmware {hello.firmware}, {hello.rate_hz:g} Hz, "
            f"+-{hello.full_scale_mg} milli-g, interface {hello.interface_id}"
        )
        return Identity(url, BOARD, detail)
    assert met.answer is not None
    return Identity(url, met.answer.kind, met.answer.detail)


def identify_all(urls: list[str], baud: int) -> list[Identity]:
    """Return what each port is, asking all at once."""
    with ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
        return list(pool.map(lambda url: identify(url, baud), urls))


def the_only_port(baud: int) -> str:
    """Return the port where samples are to be had; raise UserError unless there is exactly one."""
    urls = [port.url for port in find_ports()]
    if not urls:
        raise UserError("found no port: plug the board in with a cable that carries data, or give --port")
    identities = identify_all(urls, baud)
    answering = [identity for identity in identities if identity.usable]
    if len(answering) == 1:
        return answering[0].url
    if answering:
        found = ", ".join(f"{identity.url} ({identity.detail})" for identity in answering)
        raise UserError(f"expected one board, found {len(answering)}: {found}; choose with --port")
    found = "; ".join(f"{identity.url}: {identity.detail}" for identity in identities)
    raise UserError(f"no board answers: {found}")


def open_source(url: str, baud: int, asked: Asked, profile: Profile | None, ui: Ui) -> Source:
    """Return the source behind a port; profile: what holds for the data folder.

    Raises UserError saying what is wrong, and for options that a board answers itself.
    """
    met = meet(url, baud)
    try:
        if met.link is not None:
            if asked != Asked():
                raise UserError(
                    "--unit, --lsb-per-g, --rate and --full-scale are for sketches: this board says it itself"
                )
            from gesture_tools.recorder.board import BoardSource

            return BoardSource(met.link)
        assert met.port is not None
        assert met.answer is not None
        if met.answer.kind != TEXT:
            raise refusal(url, baud, met.answer)
        return open_text(met.port, met.answer.parser, asked, profile, ui)
    except BaseException:
        met.close()
        raise


class OtherSource(UserError):
    """Something else answers where a source was lost."""


def reopen_source(url: str, baud: int, was: Source) -> Source:
    """Return a source that was lost, opened again.

    Raises UserError while it is not there, OtherSource when another board has taken its place.
    """
    met = meet(url, baud)
    try:
        if met.link is not None:
            from gesture_tools.recorder.board import BoardSource

            source = BoardSource(met.link)
            if source.facts != was.facts:
                header = source.facts.header
                raise OtherSource(
                    f"another board has come back on {url}: {header['board']}, interface "
                    f"{header['interface']}; start again with the one you want"
                )
            return source
        assert met.port is not None
        assert met.answer is not None
        if met.answer.kind != TEXT or not isinstance(was, TextSource):
            raise refusal(url, baud, met.answer)
        return was.resumed(met.port, met.answer.parser)
    except BaseException:
        met.close()
        raise
