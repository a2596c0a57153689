# SPDX-License-Identifier: GPL-2.0-or-later
"""Standard checks beside the loop: the same code as that of a single check, some of them at a time."""

from __future__ import annotations

import copy
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from lvs_rawcheck.checks.base import RAW, STANDARD, Result
from lvs_rawcheck.checks.request import DOWN, Request
from lvs_rawcheck.checks.runner import cannot_judge, run_request
from lvs_rawcheck.daemon.check import Check

AT_ONCE = 64
Done = Callable[[Check, Result], None]


class StandardRuns:
    """Runs them in threads; results are taken in by `work`, in the loop's own thread. Whoever makes it closes it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="standard")
        self._results: deque[tuple[Check, Result, Done]] = deque()
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there are results."""
        return self._reader

    def start(self, check: Check, done: Done) -> None:
        """Run the standard check of a server."""
        self._submit(check, STANDARD, done)

    def start_local(self, check: Check, done: Done) -> None:
        """Run the check of a server that is this host itself: it asks the kernel."""
        self._submit(check, RAW, done)

    def work(self) -> None:
        """Hand out the results that have come."""
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)
        while self._results:
            check, result, done = self._results.popleft()
            done(check, result)

    def close(self) -> None:
        """Wait for nothing more, and give the descriptors back."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        os.close(self._reader)
        os.close(self._writer)

    def _submit(self, check: Check, path: str, done: Done) -> None:
        request = copy.copy(check.request)
        request.only_path = path
        request.role_file = None
        request.on_cannot_judge = DOWN
        self._threads.submit(self._run, check, request, done)

    def _run(self, check: Check, request: Request, done: Done) -> None:
        try:
            result = run_request(request)
        except Exception as error:  # ours, whatever it is: no server's fault
            sentence = f"internal error: {type(error).__name__}: {error}"
            result = cannot_judge(request.kind, request.real_ip, request.endpoints[0], sentence)
        self._results.append((check, result, done))
        with suppress(BlockingIOError):  # full: the loop is woken already
            os.write(self._writer, b".")
