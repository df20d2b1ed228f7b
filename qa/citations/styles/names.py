"""Who wrote it: names of people taken apart, as every manual of style asks for; those of organisations whole.

A source has its authors as text, and does not say which of them are people. A name that does not look like a person's
is kept whole: "National Cancer Institute" is right, "Institute NC" is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Name", "initials", "one_line", "read_names"]


class Name(NamedTuple):
    """A person's name in its parts, or, without `given`, one that stays whole, in `family`."""

    family: str
    given: str = ""
    suffix: str = ""

    @property
    def is_person(self) -> bool:
        return bool(self.given)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_DEGREES = _words(
    """
    BA BCh BDS BM BMBCh BPharm BS BSc BSN CNS CPsychol CRNP DDS DMD DMSc DNP DO DPhil DPM DrPH DSc DVM EdD ESQ FAAFP
    FAAN FAAP FACC FACEP FACG FACOG FACP FACR FACS FAHA FASCO FCAP FCCP FESC FHM FIDSA FMedSci FRACP FRCA FRCOG FRCP
    FRCPath FRCPC FRCPCH FRCPE FRCR FRCS FRS HonMD JD LLB LLM MA MB MBA MBBCh MBBS MBChB MD MDiv MEd MFA MHA MHS
    MHSc MMed MMSc MPA MPH MPharm MPhil MRCP MRCPath MRCS MS MSc MSCE MSCI MSCR MSEd MSHS MSN MSPH MSW NP OBE OD PA
    PA-C PharmD PhD PsyD PT RD RN RPh SCM ScD
    """
)
_SUFFIXES = frozenset({"Jr", "Sr", "II", "III", "IV"})
_TITLES = frozenset({"dr", "prof", "professor", "med", "sir", "dame", "mr", "mrs", "ms"})
_PARTICLES = _words(
    """
    af al ap av bin da das de degli del della den der des di do dos du e el ibn la las le lo los ten ter van vom von
    y zu zum zur
    """
)
_OF_ORGANISATIONS = _words(
    """
    academy administration agency aid alliance america association authority authors biopharma biosciences board
    bureau cancer center centers centre centres clinic club coalition collaboration college commission committee
    company consortium contributors corporation corps corpus council department division editors federation forum
    foundation fund group healthcare hospital hospitals house inc initiative institute institutes institution
    international journal laboratories laboratory labs league library limited llc ltd medicine ministry myeloma
    national network office oncology organisation organization panel partnership pharma pharmaceutical pharmaceuticals
    plc press program programme project publishing reference register registry research school sciences secretariat
    section service services society squibb staff support taskforce team the therapeutics trust uk union university
    usa working world
    """
)

_CROSSES = ("red cross", "blue cross")  # Cross alone is a name of people
_AND = re.compile(r"(?:,|(?<!\s)(?=\s))\s++(?:and|&)\s+", re.IGNORECASE)
_MOST_WORDS = 6  # of a person's name, without titles and degrees
_LONGEST_DEGREE = 8  # letters
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,3}")


def one_line(text: str) -> str:
    """A text on one line, without control characters; runs of white space are one space.

    >>> one_line(" A\\r\\n\\x00title ")
    'A title'
    """
    return _BREAKS.sub(" ", text).strip()


def read_names(texts: Iterable[str]) -> tuple[Name, ...]:
    """The names that a source gives, in order; degrees and titles are dropped, as the manuals have it.

    >>> read_names(["Dhaval Shah, MD", "van der Berg, Jan", "National Cancer Institute"])
    (Name(family='Shah', given='Dhaval', suffix=''), Name(family='van der Berg', given='Jan', suffix=''), \
Name(family='National Cancer Institute', given='', suffix=''))
    """
    return tuple(name for text in texts for name in _read(one_line(text)))


def initials(given: str) -> list[list[str]]:
    """The initials of given names, each in the parts that a hyphen joins. Capitals that stand together are initials.

    >>> initials("Jean-Pierre DM")
    [['J', 'P'], ['D'], ['M']]
    """
    words = re.split(r"[\s.]+", unicodedata.normalize("NFC", given))
    words = [part for word in words for part in (word if _INITIALS.fullmatch(word) and "-" not in word else [word])]
    parted = [[part[0] for part in word.split("-") if part] for word in words]
    return [parts for parts in parted if parts]


def _read(text: str) -> list[Name]:
    """The names that one text has: none where it is a degree alone, as in a list that was parted at its commas."""
    pieces = [piece for each in text.split(",") if (piece := each.strip())]
    if all(piece.replace(".", "") in _DEGREES for piece in pieces):
        return []
    if _is_organisation(text):
        return [Name(text)]
    parts = _AND.split(text)
    if len(parts) > 1:
        several = [_read(part) for part in parts]
        names = [name for each in several for name in each]
        return names if all(several) and all(name.is_person for name in names) else [Name(text)]
    if inverted := _inverted(pieces):
        return [inverted]
    people: list[list[str]] = []  # each in its pieces, the first of which has words of the name
    for piece in pieces:
        if people and (_is_degrees(piece) or piece.rstrip(".") in _SUFFIXES):
            people[-1].append(piece)
        else:
            people.append([piece])
    read = [_in_order(each) for each in people]
    return [name for name in read if name] if all(read) else [Name(text)]


def _inverted(pieces: list[str]) -> Name | None:
    """The name that pieces such as "Shah", "Dhaval" and "MD" are, or None where they are not of that order."""
    if len(pieces) < 2:
        return None
    family, given, *rest = pieces
    suffix = next((each for each in rest if each.rstrip(".") in _SUFFIXES), "")
    if given.rstrip(".") in _SUFFIXES:
        return None
    one_family = " " not in family or family.split()[0] in _PARTICLES or " " not in given
    degrees_follow = all(_is_degrees(each) or each == suffix for each in rest)
    if (" " in family and _is_degrees(given)) or not one_family or not degrees_follow:
        return None
    return Name(family, given, suffix) if _is_of_people(family.split() + given.split()) else None


def _in_order(pieces: list[str]) -> Name | None:
    """The name of a person whose given names come first, or who has initials last; None where it is none."""
    words = pieces[0].split()
    suffix = next((each for each in pieces[1:] if each.rstrip(".") in _SUFFIXES), "")
    while words and words[0].rstrip(".").lower() in _TITLES and (len(words) > 2 or not words[0].isupper()):
        words = words[1:]
    while len(words) > 2 and (words[-1].replace(".", "") in _DEGREES or words[-1].rstrip(".") in _SUFFIXES):
        last = words.pop()
        suffix = last if last.rstrip(".") in _SUFFIXES else suffix
    if not 2 <= len(words) <= _MOST_WORDS or not _is_of_people(words):
        return None
    if _INITIALS.fullmatch(words[-1]) and (len(words) == 2 or len(words[-1]) <= 2) and not words[-2].isupper():
        return Name(" ".join(words[:-1]), words[-1], suffix)
    first = len(words) - 1
    while first > 0 and words[first - 1] in _PARTICLES:
        first -= 1
    return Name(" ".join(words[first:]), " ".join(words[:first]), suffix) if first else None


def _is_degrees(piece: str) -> bool:
    """Whether all words are degrees, or look like some by their capitals: "MRCPsych", "CCFP(EM)"."""
    words = piece.replace(".", "").split()
    return all(word in _DEGREES or _looks_like_degree(word) for word in words)


def _looks_like_degree(word: str) -> bool:
    return sum(c.isupper() for c in word) > 1 and word[0].isupper() and len(word) <= _LONGEST_DEGREE


def _is_organisation(text: str) -> bool:
    lower = text.lower()
    is_one = any(word.strip(".()") in _OF_ORGANISATIONS for word in re.split(r"[\s,]+", lower))
    return is_one or any(cross in lower for cross in _CROSSES)


def _is_of_people(words: list[str]) -> bool:
    """Whether all are letters, each with a capital first but for particles such as "van"."""
    return all(
        word.lower() != "and"
        and (word[0].isupper() or word in _PARTICLES or word[:2] in ("d'", "d’"))
        and all(c.isalpha() or unicodedata.combining(c) or c in ".-'’" for c in word)
        for word in words
    )
