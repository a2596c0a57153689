# SPDX-License-Identifier: GPL-2.0-or-later
"""A real browser without a network: Debian's chromium, headless, in a namespace that has no interface up."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

_CHROMIUM = "chromium"
_UNSHARE = ("unshare", "--net")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # which needs user namespaces; root has the network namespace in its place
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)
_TIMEOUT = 120.0  # seconds, on a machine that does a lot besides
_CONSOLE = ":CONSOLE"  # of each line that a page's console would show
_OWN_PAGES = "source: chrome://"  # the browser's own pages have a console too
_NO_PAGE = "not an origin"  # NetLog's word where the browser itself asks: for the time, for instance
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
DARK = "--blink-settings=preferredColorScheme=0"
LIGHT = "--blink-settings=preferredColorScheme=1"


class Browser:
    """Opens one page at a time. folder: where its profile and what it makes are kept."""

    def __init__(self, folder: Path) -> None:
        if shutil.which(_CHROMIUM) is None:
            pytest.skip("chromium is not installed")
        self._folder = folder
        self._runs = 0

    def dom(self, page: str, *flags: str) -> tuple[str, list[str]]:
        """Return the document as the browser has it in the end, as HTML, and the lines of its console."""
        done = self._open(page, "--dump-dom", *flags)
        console = [line for line in done.stderr.splitlines() if _CONSOLE in line and _OWN_PAGES not in line]
        return done.stdout, console

    def requests(self, page: str) -> list[str]:
        """Return the addresses that a page asked for."""
        log = self._folder / "net.json"
        self._open(page, "--dump-dom", f"--log-net-log={log}")
        return sorted(set(_addresses(log)))

    def screenshot(self, page: str, width: int, height: int, *flags: str) -> Picture:
        """Return what is seen."""
        path = self._folder / "page.png"
        self._open(page, f"--screenshot={path}", f"--window-size={width},{height}", *flags)
        return Picture(path.read_bytes())

    def pdf(self, page: str) -> bytes:
        """Return what is printed."""
        path = self._folder / "page.pdf"
        self._open(page, f"--print-to-pdf={path}", "--no-pdf-header-footer")
        return path.read_bytes()

    def _open(self, page: str, *flags: str) -> subprocess.CompletedProcess[str]:
        self._runs += 1
        path = self._folder / f"page{self._runs}.html"
        path.write_text(page, encoding="utf-8")
        profile = f"--user-data-dir={self._folder / f'profile{self._runs}'}"
        argv = [*_UNSHARE, _CHROMIUM, *_FLAGS, profile, *flags, path.as_uri()]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr
        return done


class Picture:
    """A PNG of 8 bits a channel (PNG specification, third edition, 5 and 11.2)."""

    def __init__(self, octets: bytes) -> None:
        assert octets.startswith(_PNG_SIGNATURE)
        chunks = list(_chunks(octets))
        header = dict(chunks)[b"IHDR"]
        self.width, self.height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
        pixels = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
        # Before the first pixel there is nothing to filter by, whatever filter the line names.
        self.corner = "#" + pixels[1:4].hex()


def _chunks(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_SIGNATURE)
    while place < len(octets):
        length = int.from_bytes(octets[place : place + 4])
        yield octets[place + 4 : place + 8], octets[place + 8 : place + 8 + length]
        place += length + 12


def _addresses(log: Path) -> Iterator[str]:
    """Yield each address in a NetLog that a page asked for (net/url_request/url_request_netlog_params.cc)."""
    told = json.loads(log.read_text(encoding="utf-8"))
    start = told["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    for event in told["events"]:
        asked = event.get("params", {})
        if event["type"] == start and asked.get("initiator", _NO_PAGE) != _NO_PAGE:
            yield asked["url"]
