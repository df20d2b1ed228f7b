"""Synonyms in Solr's form: `PFS, progression-free survival`, or `anticoagulant => apixaban, warfarin`.

A line gives names that mean the same, with commas between them; with `=>`, a question with a name on its left finds
those on its right, and not the other way round. A backslash takes the meaning from the character behind it, and a line
that begins with `#` is a comment.
"""

from __future__ import annotations

import re
from pathlib import Path

from qa.asking.concepts import Concept
from qa.errors import SynonymsError

__all__ = ["parsed_synonyms"]

_SIGN = re.compile(r"\\(.?)|(=>)|(,)|([^\\,=]+|=)", re.DOTALL)


def parsed_synonyms(text: str, *, path: Path) -> list[Concept]:
    """The concepts of a file's text, line by line.

    Raises:
        SynonymsError: for the first line that is not of the form.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            sides = _sides(line)
            names = [name for side in sides for name in side]
            reason = (
                "it has more than one '=>'" if len(sides) > 2
                else "a name is missing" if not all(names)
                else "it has one name alone" if len(names) < 2
                else None
            )  # fmt: skip
            if reason:
                raise SynonymsError(path, line=number, reason=reason)
            found.append(Concept(names=tuple(sides[0]), found=tuple(sides[1]) if len(sides) > 1 else ()))
    return found


def _sides(line: str) -> list[list[str]]:
    """The names on each side of the arrow, without the white space around them."""
    sides = [[""]]
    for escaped, arrow, comma, plain in _SIGN.findall(line):
        if arrow:
            sides.append([""])
        elif comma:
            sides[-1].append("")
        else:
            sides[-1][-1] += escaped or plain
    return [[name.strip() for name in side] for side in sides]
