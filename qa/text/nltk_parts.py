"""The parts of NLTK that are used, without the rest of it.

`import nltk.stem.porter` first runs `nltk/__init__`, which imports nearly all of NLTK and, where they are installed,
SciPy and others: a second or two at each start, for a stemmer that is one file. NLTK offers no way around that. So the
parts are loaded below packages that are found but not run. None of it stays in `sys.modules`: whoever imports NLTK gets
it whole, and whoever has done so before shares it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType

__all__ = ["nltk_part"]

_PACKAGES = ("nltk", "nltk.stem", "nltk.tokenize")


def nltk_part(name: str) -> ModuleType:
    """The module of NLTK with this name, such as "nltk.stem.porter".

    Raises:
        ModuleNotFoundError: where NLTK is not installed.
    """
    if "nltk" in sys.modules:
        return import_module(name)
    try:
        for package in _PACKAGES:
            spec = find_spec(package)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            sys.modules[package] = module_from_spec(spec)
        return import_module(name)
    finally:
        for each in [each for each in sys.modules if each.partition(".")[0] == "nltk"]:
            del sys.modules[each]
