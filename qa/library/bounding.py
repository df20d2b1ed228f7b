"""How much memory this process may take while it reads files into a library."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qa.readers import MEGABYTE

__all__ = ["memory_bound"]

_USED = re.compile(r"VmData:\s+(\d+) kB")


@contextmanager
def memory_bound(megabytes: int, *, more: int) -> Iterator[None]:
    """Let this process, and those that it starts, take so many megabytes, and `more` bytes, beside what it has.

    What is beyond that is a MemoryError. Only Linux counts what a process has, without the files that it maps.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    used = _USED.search(Path("/proc/self/status").read_text("ascii", "replace"))
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = (int(used[1]) * 1024 if used else 0) + megabytes * MEGABYTE + more
    allowed = [each for each in (before, most) if each != resource.RLIM_INFINITY]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *allowed]), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))
