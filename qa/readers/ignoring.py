"""Which files of a folder are not to be read: patterns in the form of a `.gitignore` file, in files of another name.

A pattern with a slash before its end is one of the path from the folder of its file on; any other is of a name at any
depth below. One that ends in a slash is of folders alone. `*`, `?` and `[...]` stand for what they do in a shell,
within a name, and `**` for any folders between. `!` takes back what an earlier pattern says; what lies in a folder that
is passed over cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

__all__ = ["IGNORE_FILE", "Pattern", "is_ignored", "read_patterns"]

IGNORE_FILE = ".pinciteignore"
"""The name of a file that says what of its folder is not to be read."""

_LONGEST = 500  # characters of a pattern; what is longer is none
_MOST = 10_000  # patterns of a file
_TRAILING_SPACES = re.compile(r"(?:(?<![\\ \t])|(?<=\\[ \t]))[ \t]++\Z")


class Pattern(NamedTuple):
    """A pattern, with the names of the folders from the one that was given to that of its file."""

    folder: tuple[str, ...]
    names: tuple[str, ...]
    is_path: bool
    is_for_folders: bool
    takes_back: bool


def read_patterns(lines: Iterable[str], folder: Sequence[str] = ()) -> list[Pattern]:
    """The patterns of a file in a folder, one a line; blank lines and those that begin with `#` are none.

    >>> read_patterns(["# drafts", "!/notes/*.md"])
    [Pattern(folder=(), names=('notes', '*.md'), is_path=True, is_for_folders=False, takes_back=True)]
    """
    found: list[Pattern] = []
    for line in lines:
        written = _TRAILING_SPACES.sub("", line.strip("\r\n"))
        if not written or written.startswith("#") or len(written) > _LONGEST or len(found) >= _MOST:
            continue
        takes_back = written.startswith("!")
        written = written.removeprefix("!")
        if written.startswith(("\\#", "\\!")):
            written = written[1:]
        names = tuple(each for each in written.strip("/").split("/") if each)
        if names:
            is_path = "/" in written.rstrip("/")
            found.append(Pattern(tuple(folder), names, is_path, written.endswith("/"), takes_back))
    return found


def is_ignored(path: Sequence[str], patterns: Sequence[Pattern], *, is_folder: bool) -> bool:
    """Whether what lies at a path, given by its names from the given folder on, is passed over: the last pattern that
    is of it says so."""
    for pattern in reversed(patterns):
        if pattern.is_for_folders and not is_folder:
            continue
        depth = len(pattern.folder)
        if len(path) <= depth or tuple(path[:depth]) != pattern.folder:
            continue
        within = tuple(path[depth:])
        if _is_of(within, pattern.names) if pattern.is_path else _name(pattern.names[0]).match(within[-1]):
            return not pattern.takes_back
    return False


def _is_of(path: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether a path is one of a pattern, name by name, where `**` is any number of names; at the end, at least one."""
    reached = {0}  # how many names of the path the pattern so far may be of
    for place, name in enumerate(names):
        if name == "**":
            least = 1 if place == len(names) - 1 else 0
            reached = {end for start in reached for end in range(start + least, len(path) + 1)}
        else:
            pattern = _name(name)
            reached = {start + 1 for start in reached if start < len(path) and pattern.match(path[start])}
    return len(path) in reached


@lru_cache(4096)
def _name(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("\\", "")))
