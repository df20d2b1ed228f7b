"""Work that other processes share in: what is made comes in order, and a process that breaks down is an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from qa.errors import HelperEndedError
from qa.library.helpers import Helpers

MANY = 1_000  # things, of which this process does the first 250 by itself


def test_what_others_make_comes_in_the_order_of_the_things() -> None:
    with Helpers() as helpers:
        made = list(helpers.each(lambda _: sorted, range(MANY), size=16))
    assert [thing for things, _ in made for thing in things] == list(range(MANY))
    assert all(things == result for things, result in made)


class Counting:
    """Keeps back how many things it was given, until it is given none."""

    def __init__(self, _: int) -> None:
        self.count = 0

    def __call__(self, things: Sequence[int]) -> int:
        self.count += len(things)
        return 0 if things else self.count


def test_what_the_processes_have_kept_back_comes_at_the_end() -> None:
    with Helpers() as helpers:
        made = list(helpers.each(Counting, range(MANY), size=16, ask_for_rest=True))
    assert sum(count for _, count in made) == MANY
    assert not any(count for things, count in made if things)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no groups of processes")
def test_ctrl_c_in_a_terminal_reaches_no_helper() -> None:
    with Helpers() as helpers:
        made = helpers.each(lambda _: sorted, range(MANY), size=16)
        for _ in range(MANY // 16 // 2):
            next(made)
        groups = [os.getpgid(each._process.pid) for each in helpers._processes]
        assert groups and os.getpgrp() not in groups
        list(made)


def working(process: int) -> Callable[[Any], object]:
    return abs if process else len


def test_a_process_that_breaks_down_is_an_error_that_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("with one core there are no other processes")
    with pytest.raises(HelperEndedError), Helpers() as helpers:
        list(helpers.each(working, range(MANY), size=16))
    assert "TypeError" in capfd.readouterr().err  # the others' own, which cannot take a list
