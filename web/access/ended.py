"""The sessions that were signed out of, in a file beside that of the tokens, until they would have ended anyway."""

from __future__ import annotations

import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from qa.errors import TokensError
from web.access.replacing import being_written, unusable

__all__ = ["OFTEN", "EndedSessions"]

OFTEN = 0.5  # seconds from one look at a file to the next, to see whether it has changed

_MOST = 1000  # sessions of one token that are kept, the last ones


class _Ended(NamedTuple):
    """A session that was signed out of: its token, its digest, and when it would have ended, in seconds since 1970."""

    token_id: str
    digest: str
    until: int


class EndedSessions:
    """A file of ended sessions, which all workers read and write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._ended: frozenset[str] = frozenset()
        self._look_at = 0.0

    def has(self, session: str) -> bool:
        """Whether a session was signed out of: here, or more than half a second ago by another worker.

        Raises:
            TokensError: if the file is there and cannot be read.
        """
        now = time.monotonic()
        if now >= self._look_at:
            self._look()
            self._look_at = now + OFTEN
        return _digest(session) in self._ended

    def _look(self) -> None:
        """Read the file, if it has changed."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise unusable(self._path, error) from None
        version = (found.st_mtime_ns, found.st_ino, found.st_size)
        if version != self._version:
            self._ended = frozenset(each.digest for each in self._kept())
            self._version = version

    def add(self, session: str, token_id: str, *, until: float) -> None:
        """End a session. Those that have ended by themselves meanwhile are forgotten.

        Raises:
            TokensError: if the file cannot be written.
        """
        with being_written(self._path) as new:
            now = time.time()
            others = [each for each in self._kept() if each.until > now and each.digest != _digest(session)]
            own = [each for each in others if each.token_id == token_id]
            others = [each for each in others if each.token_id != token_id] + own[-_MOST + 1 :]
            lines = [*others, _Ended(token_id, _digest(session), int(until) + 1)]
            new.write("".join(f"{each.token_id} {each.digest} {each.until}\n" for each in lines).encode())
        self._look_at = 0.0

    def _kept(self) -> Iterable[_Ended]:
        """What stands in the file."""
        try:
            parts = [line.split() for line in self._path.read_text("ascii").splitlines()]
            return [_Ended(token_id, digest, int(until)) for token_id, digest, until in parts]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unusable(self._path, error) from None
        except ValueError:
            raise TokensError(
                self._path, reason="is broken. If it is deleted, sessions that ended hold again"
            ) from None


def _digest(session: str) -> str:
    return sha256(session.encode("utf-8", "surrogateescape")).hexdigest()[:32]
