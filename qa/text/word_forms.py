"""One form for a word that English writes in several: "paid" as "pay", "mice" as "mouse", "tumour" as "tumor".

It is for matching alone, and comes before the stem, which brings together what differs by a regular ending. Which of
two spellings is taken does not matter, as long as it is always the same: mostly it is the American one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pkgutil import get_data

__all__ = ["irregular_forms", "one_form", "one_spelling"]


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


# What one country spells with "ae" or "oe" and the other with "e": parts that stand in no other words. "Aerial", "poem"
# and "larvae" are spelt alike in both.
_DIGRAPH = re.compile(
    "haem|aemi|aesth|aetiol|paed|faec|archaeo|palaeo|phaeo|gynaec|caec|^caesarean|^caesium|naev[iu]|mediaev|primaev"
    "|hyaena|melaena|laevo|^aeons?$|oedem|oesoph|(?<!sh)oestr|rrhoe|pnoe|^foet|manoeuv|homoeo|amoeb|coeliac|^coelom"
    "|pharmacopoei|^oenolog"
)
_OUR = re.compile(
    "(arb|ard|arm|behavi|cand|clam|col|demean|enam|endeav|fav|ferv|flav|glam|harb|hon|hum|lab|neighb|od|parl|ranc"
    "|rig|rum|savi|sav|splend|succ|tum|val|vap|vig)our"
)
_RE = re.compile(
    "(calib|cent|fib|goit|lit|lust|maneuv|meag|met|mit|nit|och|reconnoit|sab|saltpet|scept|sepulch|somb|spect|theat|tit)"
    "(?:re(?=s?$)|r(?=(?:ed|ing)$))"
)
_RE_WITHIN = re.compile("(cent|fib|theat)re(?=[a-z]{3})")  # "fibreglass"
_IZE = re.compile("(?<=[a-z]{2}[^aeou]i)z(?=(?:e[sd]?|ing|ers?|able|ations?|ational)$)")
_YZE = re.compile("(?<=ly)z(?=(?:e[sd]?|ing|ers?|able)$)")
_YSIS = re.compile("(?<=[a-z]ys)is$")  # "analysis" as "analyses", which is the verb's too
_OGUE = re.compile("(anal|catal|dial|epil|homol|monol)ogu(?=(?:e[sd]?|ing)$)")
_BEGINNINGS = _pairs(
    """
    aeroplane=airplane aluminium=aluminum artefact=artifact carburett=carburet chequer=checker cosie=cozie
    councillor=councilor counsellor=counselor defence=defense draught=draft enquir=inquir gaol=jail grey=gray
    jeweller=jeweler judgement=judgment leucaemi=leukemi leucemi=leukemi leucocyt=leukocyt leucopen=leukopen
    licence=license likeabl=likabl mollusc=mollusk mould=mold moult=molt moustache=mustache offence=offense
    pedlar=peddler plough=plow practis=practic pretence=pretense pyjama=pajama saleabl=salabl sceptic=skeptic
    sizeabl=sizabl skilful=skillful smoulder=smolder wilful=willful woollen=woolen
    """
)
_BEGINNING = re.compile("|".join(_BEGINNINGS))
_WHOLE = _pairs(
    """
    cheque=check cheques=checks cosy=cozy disc=disk discs=disks kerb=curb kerbs=curbs kilogramme=kilogram
    kilogrammes=kilograms neurone=neuron neurones=neurons programme=program programmes=programs
    specialities=specialties speciality=specialty storey=story storeys=stories tyre=tire tyres=tires
    whiskey=whisky whiskeys=whiskies
    """
)


def one_form(word: str) -> str:
    """The form that stands for a folded word of the letters a to z: in one spelling, an irregular form as its lemma.

    >>> [one_form(word) for word in ("paid", "anaemia", "randomised", "centres", "crises", "tern")]
    ['pay', 'anemia', 'randomised', 'centers', 'crisis', 'tern']
    """
    spelt = one_spelling(word)
    if spelt.endswith("viruses"):  # no list has all of them: "flaviviruses"
        return spelt[:-2]
    return irregular_forms().get(spelt, spelt)


def one_spelling(word: str) -> str:
    """The same, with irregular forms as they are.

    >>> [one_spelling(word) for word in ("haematology", "labelled", "analyze", "precise", "hour", "genre", "mice")]
    ['hematology', 'labelled', 'analyse', 'precise', 'hour', 'genre', 'mice']
    """
    if "ae" in word or "oe" in word:
        word = _DIGRAPH.sub(_without_digraph, word)
    if "our" in word:
        word = _OUR.sub(r"\1or", word)
    if "r" in word[-4:]:
        word = _RE.sub(r"\1er", word)
    if "re" in word[3:-3]:
        word = _RE_WITHIN.sub(r"\1er", word)
    if "sulph" in word:
        word = word.replace("sulph", "sulf")
    if "ogu" in word:
        word = _OGUE.sub(r"\1og", word)
    word = _WHOLE.get(word, word)
    if beginning := _BEGINNING.match(word):
        word = _BEGINNINGS[beginning[0]] + word[beginning.end() :]
    if "z" in word[-8:]:
        word = _YZE.sub("s", _IZE.sub("s", word))
    return _YSIS.sub("es", word) if word.endswith("ysis") else word


def _without_digraph(found: re.Match[str]) -> str:
    return found[0].replace("ae", "e").replace("oe", "e")


@lru_cache(maxsize=1)
def irregular_forms() -> Mapping[str, str]:
    """The forms of which the stem is not that of their lemma, each with its lemma, both in the spelling of `one_form`.

    The list is made from LemmInflect's by `python tests/list_irregular_forms.py`, which says how.

    Raises:
        FileNotFoundError: where the list is not beside this module.
    """
    listed = get_data(__package__, "irregular_forms.txt")
    if listed is None:
        raise FileNotFoundError("the list of irregular forms")
    forms: dict[str, str] = {}
    for line in listed.decode("ascii").splitlines():
        lemma, *others = line.split()
        forms.update(dict.fromkeys(others, lemma))
    return forms
