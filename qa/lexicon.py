"""The words that are about language, not about a subject: stop words, abbreviations, spellings."""

from __future__ import annotations

__all__ = [
    "ABBREVIATIONS",
    "ALL_OPENERS",
    "ALL_WORDS",
    "BACK_MATTER",
    "DEFINING_OPENERS",
    "FRAME_WORDS",
    "INTERCHANGEABLE_WORDS",
    "LEANING_OPENERS",
    "LEANING_WORDS",
    "LETTER_SPELLINGS",
    "LISTED_WORDS",
    "NAMING_OPENERS",
    "NUMBER_OPENERS",
    "STOP_WORDS",
    "WHICH_OPENERS",
    "WORD_SPELLINGS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _words(
    """
    a about above after again against all also although am among an and any are as at be because been before being
    below between both but by can cannot could did do does doing done down due during each either else ever every few
    for from further get gets given had has have having he hence her here hers herself him himself his how however i if
    in into is isn it its itself just let may me might mine more most much must my myself neither no nor not of off on
    once one only or other others our ours ourselves out over own per please same shall she should since so some such
    than that the their theirs them themselves then there these they this those though through thus to too toward
    towards under until up upon us very via was we well were what whatever when whenever where whether which while who
    whom whose why will with within without would yes yet you your yours yourself yourselves
    al eg et ie versus vs
    aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren won wouldn ll re ve
    """
)
"""Dropped from passages and questions alike, in the form that `Analyzer` compares: folded, not stemmed."""

FRAME_WORDS = _words(
    """
    tell know explain describe show find give want wonder wondering like ask asking question answer say says said
    mean means meant kind sort many long often old far big thing things called name named anyone someone something
    anything there here hi hello hey thank thanks kindly exactly actually really
    """
)
"""Words that frame a question and are not what it is about. They weigh in the ranking but their absence
does not speak against a passage."""

LEANING_WORDS = _words("it its they them their theirs he she him her his hers this that these those one ones")
"""Words by which a question leans on an earlier one."""

LEANING_OPENERS = (("and",), ("or",), ("but",), ("also",), ("what", "about"), ("how", "about"), ("what", "else"))
"""Beginnings by which a question leans on an earlier one."""

DEFINING_OPENERS = (("what", "is"), ("what", "are"), ("who", "is"), ("who", "are"), ("define",))
"""Beginnings of short questions that stand alone: they name what they ask for."""

NUMBER_OPENERS = (
    *(("how", word) for word in ("many", "much", "long", "often", "old", "far", "large", "big", "tall")),
    ("when",),
    *((*opener, word) for opener in (("what",), ("in", "what")) for word in ("year", "date", "percentage", "number")),
)
"""Beginnings of questions that a number answers."""

ALL_OPENERS = (
    ("what", "are", "the"),
    ("what", "are", "all"),
    ("which", "are", "the"),
    ("name", "the"),
    ("name", "all"),
    ("list",),
    ("summary",),
    *((*opener, "overview") for opener in ((), ("an",), ("give", "an"), ("give", "me", "an"))),
)
"""Beginnings of questions that ask for all of something."""

WHICH_OPENERS = (("which",), ("what",))
"""Beginnings of questions that ask for all of something where one of `LISTED_WORDS` follows soon."""

LISTED_WORDS = _words(
    """
    options choices kinds types drugs medicines medications agents treatments therapies effects symptoms causes risks
    complications methods
    """
)
"""What there are several of, and may be asked for all at once."""

NAMING_OPENERS = (("the",), ("a",), ("an",), ("about",), ("what", "is", "the"), ("what", "was", "the"))
"""Beginnings after which a question may name its subject and ask for nothing else."""

ALL_WORDS = _words(
    """
    all list overview summary name give options option choices kinds types available different various possible main
    existing exist used
    """
)
"""Words by which all of something is asked for, and which its title need not hold."""

INTERCHANGEABLE_WORDS = (
    ("drug", "medicine", "medication", "treatment", "therapy", "agent"),
    ("efficacy", "effective"),
)
"""Words each of which names the same title as the others with it."""

BACK_MATTER = frozenset(
    {
        *("references", "bibliography", "sources", "literature", "further reading", "see also", "external links"),
        *("acknowledgements", "acknowledgments", "feedback", "additional feedback", "contents", "table of contents"),
        *("conflict of interest", "conflicts of interest", "competing interests", "author contributions"),
        *("funding", "disclaimer", "about the author", "about the authors"),
    }
)
"""Headings, folded, of what is in a document and says nothing of its subject."""

WORD_SPELLINGS = {"percent": "%", "percents": "%"}
"""One spelling for words that are written in several ways."""

LETTER_SPELLINGS = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ω": "omega",
}
"""One spelling for letters that are written out as often as not, inside words too."""

ABBREVIATIONS = _words(
    """
    al approx apr aug ave ca cf ch co corp dec dept dr ed eds eg e.g eq est et etc ex feb fig figs i.e ie inc incl jan
    jr jul jun lt ltd mar mr mrs ms mt nov nr oct op p.o ph.d pp prof ref refs resp sec sep sept sr st ste suppl tab u.k
    u.s v viz vol vols vs
    """
)
"""Words that end in a full stop without ending a sentence, as Punkt wants them: folded, without the last stop."""
