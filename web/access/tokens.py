"""The file of tokens: who may use the service, and for what. Of a token it keeps the digest alone."""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

from qa.errors import TokensError
from web.access.ended import OFTEN, EndedSessions
from web.access.replacing import being_written, unusable

__all__ = ["RIGHTS", "Right", "Token", "Tokens", "TokensFile", "add_token", "digest_of", "read_tokens", "revoke_token"]

Right = Literal["ask", "feedback", "manage"]
"""What a token may be good for: to read and ask; to send feedback; to change the library."""

RIGHTS: tuple[Right, ...] = get_args(Right)

_FORMAT = 1  # of the file
_BYTES = 32  # of chance in a token and in the secret: nobody can go through all of them, so a plain digest is enough
_PREFIX = "pincite_"  # by which people, and programs that look for secrets in files, know one
_LONGEST = 200  # characters of what may be a token
_NAME = re.compile(r"[\w.@+-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token. `digest` is its SHA-256, in hexadecimal."""

    name: str
    digest: str
    may: frozenset[Right]
    added: date

    @property
    def id(self) -> str:
        """What a session calls it."""
        return self.digest[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """All tokens of a file, and the secret with which sessions are signed."""

    secret: str
    tokens: tuple[Token, ...] = ()
    _by_id: Mapping[str, Token] = field(init=False, repr=False, compare=False)
    _seen: dict[str, Token] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {each.id: each for each in self.tokens})

    def of(self, given: str) -> Token | None:
        """The token that somebody gave, if it is one of these. One that was given before is not hashed again."""
        if (seen := self._seen.get(given)) is not None:
            return seen
        if not 0 < len(given) <= _LONGEST:
            return None
        digest = digest_of(given)
        found = self._by_id.get(digest[:16])
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        self._seen[given] = found
        return found

    def with_id(self, token_id: str) -> Token | None:
        """The token that a session names, if it is one of these."""
        return self._by_id.get(token_id)


class TokensFile:
    """A file of tokens that is read again after a change, and the one of ended sessions beside it."""

    def __init__(self, path: Path) -> None:
        self.ended = EndedSessions(path.with_name(f"{path.name}.ended"))
        self._path = path
        self._read: tuple[tuple[int, int, int], Tokens] | None = None
        self._look_at = 0.0

    def current(self) -> Tokens:
        """The tokens as the file has had them within the last half second. It is read only if it has changed.

        Raises:
            TokensError: if the file cannot be read.
        """
        now = time.monotonic()
        if now < self._look_at and self._read is not None:
            return self._read[1]
        try:
            found = self._path.stat()
        except OSError as error:
            raise unusable(self._path, error) from None
        version = (found.st_mtime_ns, found.st_ino, found.st_size)
        known = self._read
        if known is None or known[0] != version:
            known = self._read = version, read_tokens(self._path)
        self._look_at = now + OFTEN
        return known[1]


def digest_of(token: str) -> str:
    """The SHA-256 of a token, in hexadecimal."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def read_tokens(path: Path) -> Tokens:
    """The tokens of a file.

    Raises:
        TokensError: if there is no such file, the system refuses to read it, or it is not one of tokens.
    """
    try:
        return _tokens(json.loads(path.read_bytes()))
    except OSError as error:
        raise unusable(path, error) from None
    except (KeyError, TypeError, ValueError) as error:
        raise TokensError(path, reason=f"is no file of tokens: {_said(error)}") from None


def add_token(path: Path, name: str, may: Iterable[Right]) -> str:
    """Make a token, and keep its digest in the file. The file is made if there is none.

    Raises:
        TokensError: if the name is taken or cannot be one, or the file cannot be read or written.
    """
    if not _NAME.fullmatch(name):
        raise TokensError(path, reason=f"cannot have a token called {name!r}: use up to 64 letters and digits")
    made = _PREFIX + secrets.token_urlsafe(_BYTES)
    added = Token(name=name, digest=digest_of(made), may=frozenset(may), added=datetime.now(UTC).date())

    def change(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        if any(each.name == name for each in tokens):
            raise TokensError(path, reason=f"has a token called {name} already. Revoke it first, or use another name")
        return (*tokens, added)

    _change(path, change, is_new_allowed=True)
    return made


def revoke_token(path: Path, name: str) -> None:
    """Take a token out of the file, which ends the sessions that it began.

    Raises:
        TokensError: if the file has none of this name, or cannot be read or written.
    """

    def change(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        if all(each.name != name for each in tokens):
            raise TokensError(path, reason=f"has no token called {name}")
        return tuple(each for each in tokens if each.name != name)

    _change(path, change, is_new_allowed=False)


def _change(path: Path, change: Callable[[tuple[Token, ...]], tuple[Token, ...]], *, is_new_allowed: bool) -> None:
    """Write the file anew, with its tokens changed. What another command changes meanwhile is not lost.

    It stays its owner's, with the rights that it has: who runs the command need not be who runs the service.
    """
    path = path.resolve()
    with being_written(path) as new:
        if is_new_allowed and not path.exists():
            before = Tokens(secret=secrets.token_urlsafe(_BYTES))
        else:
            before = read_tokens(path)
            _give_to_owner(path, new.fileno())
        kept = [
            {"name": each.name, "sha256": each.digest, "may": sorted(each.may), "added": each.added.isoformat()}
            for each in change(before.tokens)
        ]
        written = {"format": _FORMAT, "secret": before.secret, "tokens": kept}
        new.write((json.dumps(written, ensure_ascii=False, indent=1) + "\n").encode())


def _give_to_owner(path: Path, new: int) -> None:
    """Have a new file belong to whom the old one belongs to, and be open to nobody else."""
    if hasattr(os, "fchown"):
        now = path.stat()
        os.fchmod(new, stat.S_IMODE(now.st_mode) & 0o640)
        with suppress(PermissionError):  # of another's file, which only root gives away
            os.fchown(new, now.st_uid, now.st_gid)


def _tokens(found: Any) -> Tokens:
    """The tokens that JSON has told."""
    if found["format"] != _FORMAT:
        raise ValueError(f"its format is {found['format']!r}, and not {_FORMAT}")
    if not isinstance(found["secret"], str) or len(found["secret"]) < _BYTES:
        raise ValueError("its secret is too short")
    tokens = tuple(map(_token, found["tokens"]))
    for what in ("name", "id"):
        if len({getattr(each, what) for each in tokens}) < len(tokens):
            raise ValueError("it has a token twice")
    return Tokens(secret=found["secret"], tokens=tokens)


def _token(found: Any) -> Token:
    name, digest, may = found["name"], found["sha256"], found["may"]
    if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{name!r} is no name, or its sha256 is none")
    if not isinstance(may, list) or not set(may) <= set(RIGHTS):
        raise ValueError(f"{name} may only {', '.join(RIGHTS)}")
    return Token(name=name, digest=digest, may=frozenset(may), added=date.fromisoformat(found["added"]))


def _said(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]!r}"
    return str(error) or type(error).__name__
