"""Text to sentences, by NLTK's Punkt with a fixed list of abbreviations: the same text always gives the same ones.

Punkt is not trained on the library, because then a document's sentences would depend on its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from qa.model import Span
from qa.text.lexicon import ABBREVIATIONS, SHORTENED_WORDS
from qa.text.nltk_parts import nltk_part

__all__ = ["lines", "sentences"]

# "[T]he" is a word, and "[list](address)" a link: neither is a marker.
_BRACKET = r"\[(?![^\W\d_]+\][^\W\d_])[^\[\]\n]{1,80}\](?!\()"
# "¹⁴C" is a word, too.
_RAISED = r"[⁰¹²³⁴-⁹](?:[⁰¹²³⁴-⁹⁻–‐‑˒-]|, ?(?=[⁰¹²³⁴-⁹])){0,80}(?!\w)"
_MARKERS = rf"(?:(?:{_BRACKET}|{_RAISED})\s*)+"
_LEADING_MARKERS = re.compile(rf"['\"”’»)]*{_MARKERS}")
# A marker set without a space behind the full stop ("results.[98] The ...") hides the boundary from Punkt.
_HIDDEN_BOUNDARY = re.compile(rf"[.!?]['\"”’»)]?{_MARKERS}(?<=\s)(?=[\"“(]?[A-Z])")
# "5 mg i.v. once", "at 10 a.m. on": letters with full stops between them, and no capital behind; and "No. 5", "p. 7".
_ABBREVIATION = re.compile(r"(?:\b(?:[^\W\d_]\.){2,}|\b(?:nos?|p)\.)\s+\Z", re.IGNORECASE)
_LONGEST_ABBREVIATION = 20  # characters, with the white space behind
# "No. FAA-2020", "Nos. A1 and B2": a number behind it, whatever it is made of.
_NUMBER_SIGNS = frozenset({"No.", "Nos.", "no.", "nos."})
_NUMBER = re.compile(r"[A-Z]{0,8}[-–‑/.]?[A-Z]{0,4}[-–‑/.]?\d")
# "42 U.S.C. § 12", "40 C.F.R. Part 60": initials, and a sign or a word of laws behind them.
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}")
_OF_LAWS = re.compile(r"[§¶&]|(?:Part|Parts|Title|Sec|Section|Sections|App|Appendix|Chapter|Art|Article)\b")
_NAME_OR_NUMBER = re.compile(r"[A-Z\d§¶(]")
# A sentence may end in these, too: it does where a word stands behind that begins one.
_PERHAPS_END = re.compile(
    r"\.['\"”’)]?\s+(?=(?:The|This|These|Those|It|He|She|They|We|You|However|When|Where|While|There|After|Before|Both"
    r"|Each|All|No|Its|Their|Our|For|If|But)\s)"
)
_ENDING = re.compile(r"(?:\b(?:etc|seq|Inc|Corp|Ltd|Co|Jr|Sr)|\b[ap]\.m|\b[A-Z]\.[A-Z](?:\.[A-Z])?|\bPh\.D)\Z")
_LONGEST_ENDING = 8  # characters
_REMEMBERED_ENDS, _LONGEST_END = 1 << 14, 100  # ends of sentences that are remembered, and the characters of one


def sentences(text: str, start: int, end: int) -> list[Span]:
    """The sentences of `text[start:end]` in order, as spans of `text` without white space around them.

    Every character that is not white space belongs to exactly one sentence, and a reference marker behind the
    full stop to the sentence before it.

    >>> text = "It worked. [98] It was 0.5 mg (eg, oral)."
    >>> [text[a:b] for a, b in sentences(text, 0, len(text))]
    ['It worked. [98]', 'It was 0.5 mg (eg, oral).']
    """
    starts: list[int] = []
    for line_start, line_end in lines(text, start, end):
        line = text[line_start:line_end]
        found = {0, *(match.end() for match in _HIDDEN_BOUNDARY.finditer(line))}
        if "." in line:
            found.update(
                match.end()
                for match in _PERHAPS_END.finditer(line)
                if _ENDING.search(line, max(0, match.start() - _LONGEST_ENDING), match.start())
            )
        for sentence_start, sentence_end in _punkt().span_tokenize(line):
            if sentence_start == 0:
                continue
            leading = None if line[sentence_start].isalpha() else _LEADING_MARKERS.match(line, sentence_start)
            own_start = leading.end() if leading else sentence_start
            if _LABEL_ALONE.fullmatch(line, 0, own_start):
                continue
            if any(map(str.isalnum, line[own_start:sentence_end])) and (leading or not _goes_on(line, own_start)):
                found.add(own_start)
        starts += sorted(line_start + each for each in found if each < len(line))
    spans = (_trimmed(text, a, b) for a, b in zip(starts, [*starts[1:], end], strict=bool(starts)))
    return [span for span in spans if span.start < span.end]


def lines(text: str, start: int, end: int) -> list[Span]:
    """The parts of `text[start:end]` that a sentence cannot run across: paragraphs, list items and table rows.

    A single line break inside a paragraph is a wrapped line, unless the next line opens an item or a row.
    """
    cuts = [match.end() for match in _LINE_CUT.finditer(text, start, end)]
    return [Span(a, b) for a, b in zip([start, *cuts], [*cuts, end], strict=True) if a < b]


def _goes_on(line: str, start: int) -> bool:
    """Whether the full stop before `start` is an abbreviation's, which the fixed list cannot know."""
    begin = max(0, start - _LONGEST_ABBREVIATION)
    word = line[begin:start].rstrip().rpartition(" ")[2].lstrip('([“"')
    if word in _NUMBER_SIGNS and _NUMBER.match(line, start):
        return True
    if word[:-1] in SHORTENED_WORDS and _NAME_OR_NUMBER.match(line, start):
        return True
    if not (line[start].isdigit() or line[start].islower()):
        return _INITIALS.fullmatch(word) is not None and _OF_LAWS.match(line, start) is not None
    abbreviation = _ABBREVIATION.search(line, begin, start)
    return abbreviation is not None and (line[start].isdigit() or abbreviation[0].count(".") > 1)


_ITEM = r"[-*•‣–+][ \t]|\(?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[a-z]|[ivxl]{1,6})[.)][ \t]|\(?[A-Z]\)[ \t]"
# The label of an item is no sentence of its own: "2. Rinse the tank."
_LABEL_ALONE = re.compile(r"\s*\(?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[a-z]|[ivxl]{1,6})[.)]\s*", re.IGNORECASE)
_LINE_CUT = re.compile(
    rf"\n(?:\s*\n\s*|(?=[ \t]*(?:{_ITEM}|\|))|(?=[ ]{{2,20}}\d{{1,3}}(?:\.\d{{1,3}}){{1,4}}[ \t])|(?<=\|\n))"
)


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()))


# A word and its full stop, a question or exclamation mark, a number before a capital, a bracket that closes.
_PLAIN_END = re.compile(
    r"(?:(?P<word>[A-Za-z]+(?:-[A-Za-z]+)*)\.|[A-Za-z]+[?!]|\d+\.(?=\s+[A-Z])|[^\s.?!]*[)\]]\.)\s+\S", re.UNICODE
)


_PUNKT = nltk_part("nltk.tokenize.punkt")


# NLTK watches the clock of its patterns, which takes most of the time. These are its own without: they are linear.


class _LanguageVars(_PUNKT.PunktLanguageVars):  # type: ignore[misc, name-defined]  # NLTK has no types
    """How Punkt finds words and the ends of sentences."""

    __slots__ = ("_context", "_word")
    re_boundary_realignment = re.compile(_PUNKT.PunktLanguageVars.re_boundary_realignment.pattern, re.MULTILINE)

    def __init__(self) -> None:
        parts = {"NonWord": self._re_non_word_chars, "SentEndChars": self._re_sent_end_chars}
        self._context = re.compile(self._period_context_fmt % parts, re.VERBOSE)
        parts |= {"MultiChar": self._re_multi_char_punct, "WordStart": self._re_word_start}
        self._word = re.compile(self._word_tokenize_fmt % parts, re.VERBOSE)

    def period_context_re(self) -> re.Pattern[str]:
        return self._context

    def word_tokenize(self, s: str) -> list[str]:
        return self._word.findall(s)


class _Token(_PUNKT.PunktToken):  # type: ignore[misc, name-defined]
    """What Punkt looks at of a word."""

    __slots__ = ()
    _RE_ELLIPSIS = re.compile(_PUNKT.PunktToken._RE_ELLIPSIS.pattern)
    _RE_NUMERIC = re.compile(_PUNKT.PunktToken._RE_NUMERIC.pattern)
    _RE_INITIAL = re.compile(_PUNKT.PunktToken._RE_INITIAL.pattern)
    _RE_ALPHA = re.compile(_PUNKT.PunktToken._RE_ALPHA.pattern)


class _Punkt(_PUNKT.PunktSentenceTokenizer):  # type: ignore[misc, name-defined]
    """Punkt, which decides at once where nothing but its list of abbreviations has a say, and remembers the rest: the
    two words at a full stop are all that it looks at."""

    def __init__(self, abbreviations: Iterable[str]) -> None:
        parameters = _PUNKT.PunktParameters()
        parameters.abbrev_types = set(abbreviations)
        super().__init__(parameters, lang_vars=_LanguageVars(), token_cls=_Token)
        self._decided = lru_cache(_REMEMBERED_ENDS)(super().text_contains_sentbreak)

    def text_contains_sentbreak(self, text: str) -> bool:
        plain = _PLAIN_END.match(text)
        if plain is None or (plain["word"] and not self._is_plain(plain["word"].lower())):
            is_short = len(text) <= _LONGEST_END
            return bool(self._decided(text) if is_short else super().text_contains_sentbreak(text))
        return True

    def _is_plain(self, word: str) -> bool:
        """Whether a word is neither an initial nor an abbreviation."""
        known = self._params.abbrev_types
        return len(word) > 1 and word not in known and word.rpartition("-")[2] not in known


@lru_cache(maxsize=1)
def _punkt() -> _Punkt:
    return _Punkt(ABBREVIATIONS)
