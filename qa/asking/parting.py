"""The sentences of a letter that ask, apart from those that only tell.

"My husband had his transplant in March. He feels well. Does it help to take tablets?": only the last sentence says
what is to be found. The others say what it is about, and who asks; no passage has to mention the husband or March.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from qa.text.analysis import spoken
from qa.text.lexicon import ABBREVIATIONS, ASKING_OPENERS, ASKING_PHRASES, COURTEOUS_OPENERS, INTRODUCING_OPENERS

__all__ = ["Parted", "parted"]

_SHORTEST_TELLING = 5  # words: a shorter sentence says what is asked about: "Noonan syndrome."
_BOUNDARY = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=\S)|\n\s*")
_GREETING = re.compile(
    r"\s{0,9}(?:dear|hi|hello|hey|good (?:morning|afternoon|evening|day))(?=[\s,!])[^,!?:\n]{0,60}[,!:](?=\s)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"(\S{1,12})\.\Z")
_BEHIND = "\"'”’)!?. \t\r\n"  # what may stand behind a question mark at the end of a sentence


class Parted(NamedTuple):
    """What a question asks, and the sentences that only tell, in their order. Both are slices of it."""

    asking: str
    telling: tuple[str, ...] = ()


def parted(question: str) -> Parted:
    """The part of a question that asks. It is all of it, unless some sentences ask and others only tell.

    >>> parted("I am 58 and had my transplant in March. Should I take the tablets? Yours, Ada")
    Parted(asking='Should I take the tablets?', telling=('I am 58 and had my transplant in March.', 'Yours, Ada'))
    >>> parted("What was the response rate? In MM-003.").telling
    ()
    >>> parted("Dear Dr. Patel, does it hurt? My name is Tom.")
    Parted(asking='does it hurt?', telling=('Dear Dr. Patel,', 'My name is Tom.'))
    """
    found = _sentences(question)
    asking = [_asks(each) for each in found]
    if any(asking):
        kept = [asks or _names_subject(each) for asks, each in zip(asking, found, strict=True)]
    else:
        kept = [not (_is_short(each) and _is_courteous(each)) for each in found]
    if all(kept) or not any(kept):
        return Parted(question)
    return Parted(
        " ".join(each for each, is_kept in zip(found, kept, strict=True) if is_kept),
        tuple(each for each, is_kept in zip(found, kept, strict=True) if not is_kept),
    )


def _sentences(question: str) -> list[str]:
    """The sentences of a question; a greeting before the first one is one of its own. NLTK would part them a little
    better, and takes longer to load than to answer."""
    greeting = _GREETING.match(question)
    start = greeting.end() if greeting else 0
    found = [question[:start].strip()]
    for boundary in _BOUNDARY.finditer(question, start):
        before = question[start : boundary.start()]
        last = _LAST_WORD.search(before)
        if last is None or not (last[1].lower().lstrip("(") in ABBREVIATIONS or len(last[1]) == 1):
            found.append(question[start : boundary.end()].strip())
            start = boundary.end()
    found.append(question[start:].strip())
    return [each for each in found if each]


def _asks(sentence: str) -> bool:
    """Whether a sentence ends in a question mark, begins as a question does, or says that something is wished for."""
    if "?" in sentence[len(sentence.rstrip(_BEHIND)) :]:
        return True
    said = [word for word, _ in spoken(sentence)]
    if said[:1] and said[0] in ASKING_OPENERS:
        return True
    text = f" {' '.join(said)} "
    return any(f" {phrase} " in text for phrase in ASKING_PHRASES)


def _names_subject(sentence: str) -> bool:
    """Whether a sentence is so short that it rather names what is asked about: "Noonan syndrome."."""
    return _is_short(sentence) and not _is_courteous(sentence)


def _is_short(sentence: str) -> bool:
    return len(spoken(sentence)) < _SHORTEST_TELLING


def _is_courteous(sentence: str) -> bool:
    """Whether a short sentence greets, thanks, takes leave, or says who is writing."""
    said = [word for word, _ in spoken(sentence)]
    return not COURTEOUS_OPENERS.isdisjoint(said) or any(
        tuple(said[: len(opener)]) == opener for opener in INTRODUCING_OPENERS
    )
