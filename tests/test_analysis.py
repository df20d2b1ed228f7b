"""Terms: a word matches however it is written, and no text is too strange to be analysed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.text.analysis import Word, fold, spoken, terms, terms_and_heads, tokens, words, words_in_place
from qa.text.lexicon import STOP_WORDS
from qa.text.word_forms import irregular_forms, one_form, one_spelling


def covers(question: str, passage: str) -> bool:
    """Whether every content word of a question is covered by a passage, by one of its terms."""
    held = set(terms(passage))
    found = words(question)
    return bool(found) and all(held.intersection(word.terms) for word in found)


@pytest.mark.parametrize("text", ["trial¹²", "trial⁹⁸", "the trial²,¹³", "TRIAL¹"])
def test_a_marker_in_raised_digits_is_no_part_of_the_word_before_it(text: str) -> None:
    assert "trial" in terms(text)
    assert "trial" in [head.term for _, heads in terms_and_heads(text) for head in heads]
    assert covers("Which trial?", text)


@pytest.mark.parametrize(
    ("text", "term"), [("m²", "m2"), ("CO₂", "co2"), ("H2O²", "h2o2"), ("interleukin₂", "interleukin2")]
)
def test_a_power_and_a_lowered_digit_are_part_of_the_word(text: str, term: str) -> None:
    assert term in terms(text)


SPELLINGS = [
    ["anti-CD38", "anti‐CD38", "anti\u2011CD38", "anti–CD38", "anti−CD38", "Anti-cd38", "ANTI-CD38", "ａｎｔｉ-CD38"],
    ["DREAMM-2", "DREAMM 2", "DREAMM\u00a02", "DREAMM‐2", "dreamm-2", "Dreamm–2"],
    ["29.2%", "29.2 %", "29.2\u00a0%", "29·2%", "29,2%", "29.2 percent", "29.2 per cent", "29.2 PER CENT"],
    ["5%", "5 %", "５％", "5﹪"],
    ["2.5 mg/kg", "2.5mg/kg", "2.5\u00a0mg/kg", "2.5-mg/kg", "2.5 MG / KG", "2·5 mg/kg", "2,5 mg/kg"],
    ["≥6 months", "≥ 6 months", "6 months", "6 month", ">6 MONTHS", "6-month"],
    ["β2-microglobulin", "β₂-microglobulin", "beta2-microglobulin", "β2‐Microglobulin", "Β2-MICROGLOBULIN"],
    ["β2 microglobulin", "β₂ microglobulin", "beta2 microglobulin"],
    ["c‐myc", "c-myc", "C-Myc", "c\u2011MYC"],
    ["naïve", "naive", "NAÏVE", "nai\u0308ve"],
    ["Sjögren’s", "Sjogren's", "Sjögren", "sjogren", "SJÖGREN'S"],
    ["ﬁnal efﬁcacy", "final efficacy"],
    ["mg/m²", "mg/m2", "MG/M²"],
    ["Straße", "STRASSE", "strasse"],
    ["ΑΒΓ", "αβγ"],
    ["mye\u00adloma", "myeloma", "Myelomas"],
    ["1,000 birds", "1000 birds", "1000 bird"],
    ["µg", "μg", "mcg", "ug"],
    ["50 µg", "50µg", "50mcg", "50 mcg"],
    ["12 000 crowns", "12\u00a0000 crowns", "12\u2009000 crowns", "12,000 crowns", "12000 crowns"],
    ["1 250 000.5", "1,250,000.5", "1250000.5"],
    ["v3.4.1", "3.4.1", "V3.4.1"],
    ["sign off", "sign-off", "signoff", "Sign off"],
    ["log in", "log-in", "login", "Login"],
    ["follow up", "follow-up", "followup"],
    [".NET", "dotnet"],
    ["C#", "c#", "csharp"],
    ["max_retry_count", "maxRetryCount"],
    ["relapsed", "relapse", "relapsing", "RELAPSES"],
    ["COVID-19", "COVID 19", "covid-19", "COVID‑19"],
    ["Ｔｅｒｎ", "tern", "𝐭𝐞𝐫𝐧"],
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for spellings in SPELLINGS for one in spellings for other in spellings]
)
def test_every_spelling_matches_every_other(one: str, other: str) -> None:
    assert covers(f"What about {one}?", f"The {other} was given.")


FORMS = [
    ["pay", "paid", "pays", "paying"],
    ["go", "goes", "went", "gone", "going"],
    ["sell", "sold"],
    ["buy", "bought"],
    ["hold", "held"],
    ["find", "found", "finding"],
    ["leave", "left", "leaving"],
    ["child", "children"],
    ["foot", "feet"],
    ["mouse", "mice"],
    ["woman", "women"],
    ["virus", "viruses"],
    ["flavivirus", "flaviviruses"],
    ["shelf", "shelves"],
    ["spectrum", "spectra"],
    ["crisis", "crises"],
    ["diagnosis", "diagnoses"],
    ["analysis", "analyses", "analyse", "analyze", "analysed", "analyzing"],
    ["tumor", "tumour", "tumours"],
    ["anemia", "anaemia"],
    ["leukemia", "leukaemia"],
    ["esophagus", "oesophagus"],
    ["hematology", "haematology"],
    ["hemorrhage", "haemorrhage"],
    ["diarrhea", "diarrhoea"],
    ["pediatric", "paediatric"],
    ["edema", "oedema"],
    ["fetus", "foetus", "foetuses"],
    ["color", "colour", "coloured"],
    ["neighborhood", "neighbourhood"],
    ["center", "centre", "centres", "centred"],
    ["fiberglass", "fibreglass"],
    ["randomize", "randomise", "randomised", "randomised", "randomization", "randomisation"],
    ["organization", "organisation", "organisations"],
    ["labeled", "labelled", "labelling"],
    ["traveler", "traveller"],
    ["fueled", "fuelled"],
    ["program", "programme", "programmes", "programming"],
    ["catalog", "catalogue", "catalogues", "cataloguing"],
    ["defense", "defence"],
    ["license", "licence"],
    ["practice", "practise", "practising"],
    ["gray", "grey"],
    ["sulfate", "sulphate"],
    ["check", "cheque"],
]  # fmt: skip


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms[0])
def test_irregular_forms_and_spellings_of_two_countries_are_one_term(forms: list[str]) -> None:
    assert {tuple(terms(form)) for form in forms} == {tuple(terms(forms[0]))}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("organ", "organisation"),
        ("colon", "colonisation"),
        ("his", "hose"),
        ("life", "live"),
        ("wind", "wound"),
        ("base", "basis"),
        ("hour", "hor"),
        ("shoestring", "shestring"),
        ("cosine", "cozine"),
        ("poem", "pem"),
        ("aerial", "erial"),
        ("prize", "price"),
    ],
)
def test_words_that_are_not_the_same_are_not_taken_for_spellings_of_one(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_forms_of_one_word_stay_apart_as_they_are_said() -> None:
    assert spoken("The club paid, children of tumours") == [
        ("the", None), ("club", "club"), ("paid", "pay"), ("children", "child"), ("of", None), ("tumours", "tumor"),
    ]  # fmt: skip


def test_the_irregular_forms_are_listed_in_one_spelling_and_have_other_stems_than_their_lemmas() -> None:
    forms = irregular_forms()
    assert len(forms) > 1000
    assert all(one_spelling(form) == form and one_spelling(lemma) == lemma for form, lemma in forms.items())
    assert all(one_form(lemma) == lemma for lemma in forms.values())
    assert STOP_WORDS.isdisjoint(forms.keys() | forms.values())


@pytest.mark.parametrize(
    ("joined", "hyphened"),
    [
        ("antiCD38", "anti-CD38"),
        ("dreamm2", "DREAMM-2"),
        ("DREAMM2", "DREAMM 2"),
        ("IL6", "IL-6"),
        ("beta2microglobulin", "β2-microglobulin"),
    ],
)
def test_a_compound_written_as_one_word_matches_the_one_with_hyphens(joined: str, hyphened: str) -> None:
    assert covers(joined, hyphened)
    assert set(terms(joined)) & set(terms(hyphened))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DREAMM-2", "DREAMM-3"),
        ("DREAMM-2", "The DREAMM trial of 2 doses"),
        ("29.2", "29.3"),
        ("29.2", "292"),
        ("1.9", "19"),
        ("0.48", "48"),
        ("CD38", "CD3"),
        ("m²", "m"),
        ("C++", "C"),
        ("C", "C++"),
        ("C#", "C"),
        ("C", "C#"),
        ("C++", "C#"),
        (".NET", "net"),
        ("3.4.1", "3.4.2"),
        ("ERR_CONN_RESET", "err, conn, reset"),
        ("--num-threads", "the num of threads"),
        ("--ocr", "--debug-ocr"),
        ("12 000", "12 of 000"),
        ("Java", "JavaScript"),
        ("RNA", "mRNA"),
    ],
)
def test_what_is_not_the_same_does_not_match(one: str, other: str) -> None:
    assert not covers(one, other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The ORR was 29.2 % at 2.5mg/kg in DREAMM-2",
            ["orr", "29.2", "%", "2.5", "mg", "2.5mg", "kg", "dreamm", "2", "dreamm2"],
        ),
        ("an anti-CD38 antibody", ["anti", "cd38", "anticd38", "antibodi"]),
        ("CrCl 40", ["crcl", "40", "crcl40"]),
        ("PFS 6 months, ORR 29 %", ["pf", "6", "month", "orr", "29", "%"]),
        ("EUR 12 000 in 2012 000", ["eur", "12", "000", "12000", "2012", "000"]),
        ("the release 2.70.0, 3.", ["releas", "2.70.0", "3"]),
        ("C++, C#. F# (.NET)", ["c++", "c#", "f#", "dotnet"]),
        ("getUserById", ["getuserbyid", "user", "id"]),
        ("parseHTTPResponse", ["parsehttprespons", "pars", "http", "respons"]),
        ("JavaScript iPhone PubMed mRNA", ["javascript", "iphon", "pubm", "mrna"]),
        ("--num-threads --ocr x--y", ["num", "thread", "numthread", "ocr", "--ocr", "x", "y"]),
        ("days 1-21 of 2020-21", ["day", "1", "21", "2020", "21"]),
        ("on the 1st and 22nd", ["1st", "22nd"]),
        ("1,234.5 and 1.234,5", ["1234.5", "1.234.5"]),
        ("it's what’s don't", []),
        ("OS w/ dex w/o len, 5 W/kg", ["os", "dex", "len", "5", "w", "kg"]),
        ("the fish, the fish", ["fish", "fish"]),
        ("", []),
        ("?!. — … ‘’ 🐦 [] \n\t", []),
    ],
)
def test_the_terms_of_a_text_are_these(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("getUserById", "get the user by id, HTTP"),
        ("ERR_CONN_RESET", "a conn reset"),
        ("--num-threads", "threads"),
    ],
)
def test_a_name_in_a_program_is_found_whole_and_by_its_parts(question: str, whole: str) -> None:
    assert covers(question, f"Set {question} first.")
    assert any(covers(part.text, question) for part in words(whole))


@pytest.mark.parametrize("name", ["CrCl 40", "PERSEUS 48", "KEYNOTE 189"])
def test_a_name_in_capitals_and_the_number_behind_it_are_two_words(name: str) -> None:
    first, number = name.split()
    assert [word.text for word in words(name)] == [first, number]
    assert [head.word for _, heads in terms_and_heads(name) for head in heads] == [first.lower(), number]


@pytest.mark.parametrize("name", ["IL-6", "CD38", "MM-003", "DREAMM 2"])
def test_a_name_with_its_number_is_one_word(name: str) -> None:
    assert [word.text for word in words(name)] == [name]


def test_stop_words_are_dropped_however_they_are_written() -> None:
    for word in sorted(STOP_WORDS):
        for form in (word, word.upper(), word.capitalize(), f"({word})", f"{word},"):
            assert terms(form) == [], form
            assert words(form) == [], form


def test_a_question_s_words_are_its_content_words_with_all_the_terms_that_stand_for_them() -> None:
    assert words("What was the ORR with anti-CD38 antibodies in DREAMM-2, at 29.2%?") == [
        Word("ORR", ("orr",)),
        Word("anti", ("anti", "anticd38")),
        Word("CD38", ("cd38", "anticd38")),
        Word("antibodies", ("antibodi",)),
        Word("DREAMM-2", ("dreamm2",)),
        Word("29.2", ("29.2",)),
        Word("%", ("%",)),
    ]
    assert words("What was it about?") == []
    assert words("") == []


@pytest.mark.parametrize("question", ["Weiß-CD38", "ﬁnal-stage", "İstanbul-CD38"])
def test_a_question_s_words_are_shown_whole_where_folding_changes_their_length(question: str) -> None:
    for word in words(question):
        assert fold(word.text) in fold(question).split("-")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Sjögren’s", "sjogren's"),
        ("β₂‐MICROGLOBULIN", "beta2-microglobulin"),
        ("ﬁnal", "final"),
        ("STRAßE", "strasse"),
        ("mye\u00adloma", "myeloma"),
        ("µ", "mu"),
        ("İ", "i"),
        ("10⁹", "109"),
        ("", ""),
    ],
)
def test_folding_gives_the_form_in_which_texts_are_compared(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


_TEXTS = st.one_of(
    st.text(st.characters(), max_size=80),  # lone surrogates included
    st.lists(
        st.sampled_from(
            [
                *(
                    "CD",
                    "38",
                    "-",
                    "‐",
                    " ",
                    "\u00a0",
                    "2.5",
                    ",",
                    ".",
                    "·",
                    "%",
                    "％",
                    "per",
                    "cent",
                    "'s",
                    "’",
                    "mg",
                    "/",
                ),
                *("--", "_", "on", "++", "#", "v1.2", "000", "sign", "off", "w/", "getUser", "HTTPCode", ".NET"),
                *("é", "e\u0301", "\u0301", "β", "₂", "²", "ß", "İ", "ﬁ", "≥", "≠", "각", "ΐ", "\ud800", "\u00ad", "_"),
            ]
        ),
        max_size=20,
    ).map("".join),
)


@given(_TEXTS)
@settings(max_examples=500, deadline=None)
def test_no_text_is_too_strange_and_its_words_are_among_its_terms(text: str) -> None:
    found = terms(text)
    assert all(found)
    assert all(len(term) <= 64 for term in found)
    assert terms(text) == found
    for word in words(text):
        assert word.text
        assert set(word.terms) <= set(found)
    assert len(words_in_place(text)) == len(words(text))


@pytest.mark.parametrize(
    "text", ["on_off", "--on-off", "--on", "--on-site", "_the_", "--a", "12 000", "a_", "DREAMM 2"]
)
def test_a_word_has_a_head_whatever_it_is_made_of(text: str) -> None:
    assert [word.text for word, _, _ in words_in_place(text)] == [word.text for word in words(text)]


@given(_TEXTS)
@settings(max_examples=500, deadline=None)
def test_composed_and_decomposed_text_have_the_same_terms(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert terms(composed) == terms(decomposed)


_ASCII_TEXTS = st.one_of(
    st.text(st.characters(codec="ascii"), max_size=80),
    st.lists(
        st.sampled_from(
            [
                "per cent",
                "PER CENT",
                "percent",
                "p",
                "CD",
                "Cd",
                "DREAMM",
                "38",
                "1,000",
                "2.5",
                "1234",
                "th",
                "--",
                "000",
                "12",
                "v1.2",
                "C",
                "++",
                "#",
                ".NET",
                "w/",
                "w/o",
                "w",
                "Sign",
                "log",
                "off",
                "in",
                "months",
            ]
        )
        | st.sampled_from([" ", "-", "_", "'", "'s", ".", ",", "%", "\n"]),
        max_size=20,
    ).map("".join),
)


@given(_ASCII_TEXTS)
@settings(max_examples=1000, deadline=None)
def test_a_text_of_ascii_has_the_tokens_that_it_has_beside_other_letters(text: str) -> None:
    assert [*tokens(text), "é"] == tokens(f"{text} é")


@given(st.text(st.characters(codec="utf-8"), max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_terms_of_two_texts_apart_are_those_of_both(text: str) -> None:
    assert terms(f"{text}\n;\nfish") == [*terms(f"{text}\n;\n"), "fish"]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("x" * 100_000, 1),
        ("a" + "\u0301" * 10_000, 1),
        ("\u0301" * 10_000, 1),
        ("tern-" * 20_000, 100),
        ("1." * 50_000, 2),
        ("1,1" * 50_000, 2),
        ("fish's" * 10_000, 20_000),
        ("٣" * 10_000, 1),
        ("각" * 10_000, 1),
        ("ß" * 10_000, 1),
        ("ﷺ" * 10_000, 1000),
        ("\ud800" * 10_000, 0),
        ("\u202e" * 10_000, 0),
        ("_" * 10_000, 0),
        ("-" * 10_000, 0),
        ("🐦" * 10_000, 0),
        ("AB 1" * 10_000, 30_000),
    ],
    ids=lambda value: ascii(value)[:12],
)
def test_a_hostile_text_has_few_and_short_terms(text: str, most: int) -> None:
    found = terms(text)
    assert len(found) <= most
    assert all(0 < len(term) <= 64 for term in found)
    assert len(words(text)) <= most


def test_what_has_no_width_is_no_part_of_a_word() -> None:
    assert terms("seli\u200bnexor le\u00adnali\u2060domide \ufeffterns\u202e") == terms("selinexor lenalidomide terns")


def test_a_long_run_of_capitals_takes_no_longer_than_other_words() -> None:
    assert terms("T" * 500_000) == ["t" * 64]
