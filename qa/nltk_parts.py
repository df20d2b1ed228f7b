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

__all__ = ["PorterStemmer", "PunktLanguageVars", "PunktParameters", "PunktSentenceTokenizer", "RegexpTokenizer"]

_PACKAGES = ("nltk", "nltk.stem", "nltk.tokenize")
_PARTS = ("nltk.stem.porter", "nltk.tokenize.punkt", "nltk.tokenize.regexp")


def _loaded() -> list[ModuleType]:
    """The modules of the parts.

    Raises:
        ModuleNotFoundError: where NLTK is not installed.
    """
    if "nltk" in sys.modules:
        return list(map(import_module, _PARTS))
    try:
        for name in _PACKAGES:
            spec = find_spec(name)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            sys.modules[name] = module_from_spec(spec)
        return list(map(import_module, _PARTS))
    finally:
        for name in [each for each in sys.modules if each.partition(".")[0] == "nltk"]:
            del sys.modules[name]


_porter, _punkt, _regexp = _loaded()

PorterStemmer = _porter.PorterStemmer
PunktLanguageVars = _punkt.PunktLanguageVars
PunktParameters = _punkt.PunktParameters
PunktSentenceTokenizer = _punkt.PunktSentenceTokenizer
RegexpTokenizer = _regexp.RegexpTokenizer
