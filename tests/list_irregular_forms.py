"""Make the list of irregular forms, `qa/text/irregular_forms.txt`, from LemmInflect 0.2.3 (pip install lemminflect).

A line is a lemma and those of its forms that have another stem. LemmInflect has them from the SPECIALIST Lexicon of the
U.S. National Library of Medicine, so the words of medicine are among them. Left out are forms of stop words, the
degrees of adjectives ("largest"), and forms that are words of their own ("lives", "wound", "axes"), but for those in
`YET_FORMS`, which are seldom meant otherwise.

    python tests/list_irregular_forms.py
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from qa.text.lexicon import STOP_WORDS
from qa.text.nltk_parts import nltk_part
from qa.text.word_forms import one_spelling

LIST = Path(__file__).resolve().parent.parent / "qa" / "text" / "irregular_forms.txt"


def pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


YET_FORMS = pairs(
    """
    bent=bend biased=bias broke=break broken=break calves=calf diagnoses=diagnosis drawn=draw driven=drive
    drove=drive drunk=drink embedded=embed experienced=experience fallen=fall fell=fall felt=feel forbidden=forbid
    found=find frozen=freeze halves=half inlaid=inlay known=know left=leave lenses=lens mistaken=mistake
    overgrown=overgrow refinancing=refinance saw=see shelves=shelf shot=shoot spelt=spell spoke=speak
    stricken=strike stuck=stick swollen=swell thieves=thief thought=think undone=undo warehousing=warehouse
    withdrawn=withdraw
    """
)
OTHER_WORDS = re.compile(
    "ani|anticses|bassi|calli|cretaceouses|citrouses|comites|dentes|fiant|forcipes|jibletses|least|loca|nostra|partes"
    "|penes|pura|regalia|reis|sawn|soli|tori|tubera|unconsciouses|viae|worst"
)
"""Forms in the list that are other words, or none."""
_WORD = re.compile("[a-z]{2,}")
_MISTAKE = re.compile("(?:eded|eding|inged|inging|sful)$")
_DEGREE = re.compile("(?:er|est)$")
_STEMMER = nltk_part("nltk.stem.porter").PorterStemmer()


def listed() -> Iterator[tuple[str, str, list[str]]]:
    """Each form with its kind of word and the lemmas that it may have."""
    packed = files("lemminflect").joinpath("resources/lemma_lu.csv.gz").read_bytes()
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        form, kind, lemmas = line.split(",")
        if _WORD.fullmatch(form):
            yield form, kind, list(filter(_WORD.fullmatch, lemmas.split("/")))


def stem(word: str) -> str:
    return str(_STEMMER.stem(word, to_lowercase=False))


def irregular_forms() -> dict[str, set[str]]:
    """Each lemma with its forms that have another stem, all in one spelling."""
    readings: dict[str, list[str]] = defaultdict(list)
    for form, kind, lemmas in listed():
        if not OTHER_WORDS.fullmatch(form) and not (kind in ("adj", "adv") and _DEGREE.search(form)):
            readings[one_spelling(form)] += map(one_spelling, lemmas)
    chosen = {form: lemmas[0] for form, lemmas in readings.items() if lemmas and not _MISTAKE.search(form)}
    found: dict[str, set[str]] = defaultdict(set)
    for form, lemma in (chosen | YET_FORMS).items():
        is_other = form in YET_FORMS or all(stem(each) != stem(form) for each in readings[form])
        if is_other and stem(form) != stem(lemma) and STOP_WORDS.isdisjoint((form, lemma)):
            found[lemma].add(form)
    return found


if __name__ == "__main__":
    lines = [" ".join((lemma, *sorted(forms))) for lemma, forms in sorted(irregular_forms().items())]
    LIST.write_text("\n".join(lines) + "\n", "ascii")
