"""No pattern of the tree takes more than linear time, whatever it is run over."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import product
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import regex

import qa
import web
from qa.citations.styles.names import read_names
from qa.text.analysis import _any_token
from qa.wire.bodies import original_href

SHORT = 2_000  # characters; a quadratic pattern takes a millisecond or more over so many, a linear one a tenth of that
GROWTH = 4
LINEAR = 2.5 * GROWTH  # a quadratic pattern takes 16 times as long
SUSPECT = 0.0015  # seconds of a processor over `SHORT` characters
LONGEST = 0.3  # seconds of a processor, after which a pattern is stopped

HOSTILE = (
    *"a1A \n\t[]<>()\"'`*_\\&-.,:;/=|{}$%^~@#é—–+?!\u00a0\u2009“”‘’",
    *("[1]", "[a", "<a ", "<a", "(a", "a ", " a", "a.", "1.", "1,", ". ", "A ", "Aa ", "A. ", "a-", "a\n", " \n"),
    *("\n\n", "- ", "# ", "| ", "{{", "http://", "a@", "a=", "1-", "1 ", "[^", "<!--", "--", "![", "[](", "(("),
    *("[[", "10.1/", "'s", "a'", "a’", "1.1", ", and", "][", "> "),
)
BEFORE = ("", "[", "<a")
BEHIND = ("", "\x00")

ALL_WAYS = ("finditer", "fullmatch", "match")
OF_NLTK = ("re_boundary_realignment", "_RE_ELLIPSIS", "_RE_NUMERIC", "_RE_INITIAL", "_RE_ALPHA")
BY_OTHERS = {name: {"match"} for name in OF_NLTK}
BY_OTHERS["_ASCII_TOKEN"] = {"finditer"}
"""How patterns are used where that does not stand beside their names, by NLTK for one."""

BOUNDED = {
    "qa.readers.formats.admonitions._INDENTED": 300,
    "qa.readers.formats.admonitions._OPENING": 300,
    "qa.readers.formats.admonitions._CLOSING": 300,
    "qa.readers.formats.html._OPENER": 1000,
    "qa.readers.formats.pdf._DIVIDED": 100,
    "qa.readers.formats.plain._FORM": 600,
    "qa.readers.formats.plain._MARKERS_AT_END": 200,
    "qa.text.sentences._ABBREVIATION": 20,
}
"""Patterns that are run over short texts alone, and the most characters of those."""


class Named(NamedTuple):
    """A pattern, where it stands, and the ways in which its module uses it."""

    name: str
    pattern: re.Pattern[Any] | regex.Pattern[Any]
    ways: tuple[str, ...]


def modules() -> Iterator[ModuleType]:
    for root in (qa, web):
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            with suppress(ImportError):  # of an extra that is not installed
                yield importlib.import_module(found.name)


def patterns_in(value: object, depth: int = 3) -> Iterator[re.Pattern[Any] | regex.Pattern[Any]]:
    if isinstance(value, (re.Pattern, regex.Pattern)):
        yield value
    elif depth and isinstance(value, dict):
        yield from (found for each in value.values() for found in patterns_in(each, depth - 1))
    elif depth and isinstance(value, (tuple, list, set, frozenset)):
        yield from (found for each in value for found in patterns_in(each, depth - 1))


def all_patterns() -> list[Named]:
    found: dict[int, Named] = {}
    for module in modules():
        source = inspect.getsource(module)
        classes = [
            each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__
        ]
        for name, value in [pair for holder in (module, *classes) for pair in vars(holder).items()]:
            used = set(
                re.findall(rf"\b{re.escape(name)}\.(match|fullmatch|finditer|findall|search|sub|split)\b", source)
            )
            used = BY_OTHERS.get(name, used)
            ways = sorted({way if way in ("match", "fullmatch") else "finditer" for way in used})
            for pattern in patterns_in(value):
                found.setdefault(id(pattern), Named(f"{module.__name__}.{name}", pattern, tuple(ways) or ALL_WAYS))
    any_token = Named("qa.text.analysis._any_token", _any_token(), ("finditer",))
    return [*found.values(), any_token]


PATTERNS = all_patterns()


class TooLongError(Exception):
    """A pattern was stopped."""


def stop(*_: object) -> None:
    raise TooLongError


def took(work: Callable[[], object]) -> float:
    """The seconds of a processor that some work takes: infinitely many, where it is stopped."""
    before = signal.signal(signal.SIGPROF, stop)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        work()
    except (TooLongError, TimeoutError):
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return time.process_time() - began


def run(named: Named, text: str) -> None:
    given = text.encode() if isinstance(named.pattern.pattern, bytes) else text
    options = {"timeout": LONGEST} if isinstance(named.pattern, regex.Pattern) else {}
    for way in named.ways:
        found = getattr(named.pattern, way)(given, **options)
        if way == "finditer":
            for _ in found:
                pass


def units_for(named: Named) -> list[str]:
    """What is repeated: what hurts most patterns, and the words and signs of this one."""
    written = named.pattern.pattern
    own = re.findall(r"[A-Za-z]{2,}|[^\w\s\\]", written)[:30] if isinstance(written, str) else []
    return list(dict.fromkeys([*HOSTILE, *own]))


def grows(work: Callable[[str], object], make: Callable[[int], str]) -> bool:
    """Whether work over a text four times as long takes more than four times as long, by a wide margin. Of several
    runs the quickest counts, and it must do so each time, since others keep the processor busy."""
    return took(partial(work, make(SHORT))) >= SUSPECT and all(seems_to_grow(work, make) for _ in range(4))


def seems_to_grow(work: Callable[[str], object], make: Callable[[int], str]) -> bool:
    short = min(took(partial(work, make(SHORT))) for _ in range(3))
    long = min(took(partial(work, make(GROWTH * SHORT))) for _ in range(3))
    return short >= SUSPECT / 3 and long > LINEAR * short


def hostile(unit: str, before: str, behind: str, length: int) -> str:
    return before + unit * (length // len(unit)) + behind


needs_alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer of a processor")


@needs_alarms
@pytest.mark.parametrize("named", PATTERNS, ids=[each.name for each in PATTERNS])
def test_a_pattern_takes_time_in_proportion_to_its_text(named: Named) -> None:
    if most := BOUNDED.get(named.name):
        texts = [hostile(*made, most) for made in product(units_for(named), BEFORE, BEHIND)]
        assert max(took(partial(run, named, text)) for text in texts) < 10 * SUSPECT
        return
    for made in product(units_for(named), BEFORE, BEHIND):
        assert not grows(partial(run, named), partial(hostile, *made)), made


@needs_alarms
def test_the_test_finds_a_quadratic_pattern() -> None:
    named = Named("bad", re.compile(r"\s+\Z"), ("finditer",))
    assert grows(partial(run, named), partial(hostile, " ", "", "\x00"))
    assert not grows(partial(run, named._replace(pattern=re.compile(r"\s+"))), partial(hostile, " ", "", "\x00"))


@needs_alarms
@pytest.mark.parametrize("unit", ["[1]", "[1] ", "[a", "]", " ", "\n", "[1]\n"])
def test_the_link_to_the_original_takes_time_in_proportion_to_the_passage(unit: str) -> None:
    work = partial(original_href, "https://example.org/a")
    assert not grows(lambda text: work(text + "x"), partial(hostile, unit, "", ""))
    assert not grows(work, partial(hostile, unit, "", ""))


@needs_alarms
@pytest.mark.parametrize("unit", [" ", ", ", "and ", "A ", "-", "."])
def test_names_are_read_in_time_in_proportion_to_their_length(unit: str) -> None:
    assert not grows(lambda text: read_names([text]), partial(hostile, unit, "A", "B"))
