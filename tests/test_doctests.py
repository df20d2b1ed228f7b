"""Every example in a docstring of `qa` runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import qa

MODULES = sorted(module.name for module in pkgutil.walk_packages(qa.__path__, "qa."))


@pytest.mark.parametrize("name", ["qa", *MODULES])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples() -> None:
    assert (
        sum(doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).attempted for name in MODULES)
        >= 9
    )
