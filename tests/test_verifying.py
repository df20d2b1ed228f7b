"""Verifying: what is said of a citation, after whatever was done to the document, is true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.citations.citing import CONTEXT, cite_span
from qa.citations.verifying import verify
from qa.model import Claim, Document, Reference, Section, Span, Verification
from qa.readers.formats.markdown import read_markdown
from qa.readers.passages import passages
from qa.text.boundaries import is_inside
from qa.wire import VerifyRequest, answer_body, cited_passage_body

SENTENCES = [
    "A tern dives.",
    "A gull rests.",
    "A tern dives.",
    "🐦 They rest.",
    "aa",
    "aaa",
    "a",
    "Ærø.",
    "5 mg",
    "0.5",
]
TEXTS = (
    st.lists(st.sampled_from([*SENTENCES, " ", "\n\n", "\xa0"]), min_size=1, max_size=14)
    .map("".join)
    .filter(lambda text: not text.isspace())
)
EDITS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30), TEXTS | st.just("")), max_size=4)


def document(text: str, document_id: str = "terns") -> Document:
    return Document(id=document_id, title="Terns", text=text, source="terns.md")


def claim(text: str, start: int, end: int) -> Claim:
    """The citation that is given out for a part of a text."""
    citation = cite_span(document(text), (), start, end).citation
    return Claim(
        document_id=citation.document.id,
        sha256=citation.document.sha256,
        quote=citation.quote,
        start=start,
        end=end,
        prefix=citation.prefix,
        suffix=citation.suffix,
        exact=citation.quote,
        position=Span(start, end),
    )


def edited(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """The text with parts cut out and others put in."""
    for at, length, put in edits:
        at %= len(text) + 1
        text = text[:at] + put + text[at + length :]
    return text


def places(text: str, words: str) -> Iterator[int]:
    return (at for at in range(len(text)) if text.startswith(words, at))


def standing(text: str, given_out: Claim) -> Iterator[int]:
    """Where the words of a citation begin in a text: whole, or cut as they were cited, in whichever white space."""
    quote = given_out.quote
    whole = given_out.prefix + quote + given_out.suffix
    inner, lead = quote.strip(), len(quote) - len(quote.lstrip())
    cut = [is_inside(whole, len(given_out.prefix) + lead + length) for length in (0, len(inner))]
    for start, end in ((a, b) for a in range(len(text)) for b in range(a + 1, len(text) + 1)):
        words = text[start:end]
        is_whole = all(was_cut or not is_inside(text, at) for was_cut, at in zip(cut, (start, end), strict=True))
        if is_whole and words == words.strip() and words.split() == inner.split():
            yield start - lead if start >= lead and text.startswith(quote, start - lead) else start


def spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def start_of(found: Verification) -> int | None:
    return found.place.citation.start if found.place else None


@st.composite
def cited_texts(draw: st.DrawFn) -> tuple[str, Claim]:
    """A text and the citation of a part of it."""
    text = draw(TEXTS)
    first = draw(st.sampled_from([at for at, each in enumerate(text) if not each.isspace()]))
    start = draw(st.integers(0, first))
    return text, claim(text, start, draw(st.integers(first + 1, len(text))))


# Whatever is done to the text


@settings(deadline=None)
@given(cited=cited_texts(), edits=EDITS)
def test_what_is_said_of_a_citation_is_true_whatever_was_done_to_the_text(
    cited: tuple[str, Claim], edits: list[tuple[int, int, str]]
) -> None:
    text, given_out = cited
    now = edited(text, edits)
    found = verify(given_out, document(now))
    found_at = list(standing(now, given_out))
    stands = bool(found_at)
    assert (found.place is not None) == stands
    assert found.verdict == ("changed" if not stands else "verified" if start_of(found) == given_out.start else "moved")
    assert found.document_changed == (now != text)
    assert found.repeated == (len(found_at) > 1)
    if found.place:
        citation = found.place.citation
        assert now[citation.start : citation.end] == citation.quote == found.place.passage.text
        assert citation.quote.split() == given_out.quote.split()
        assert found.detail.endswith("Only white space differs.") == (citation.quote != given_out.quote)
        assert citation.document.text == now
    if found.nearest:
        citation = found.nearest.citation
        assert now[citation.start : citation.end] == citation.quote


@settings(deadline=None)
@given(cited=cited_texts(), edits=EDITS)
def test_of_several_places_the_one_most_like_the_cited_one_is_taken_and_then_the_nearest(
    cited: tuple[str, Claim], edits: list[tuple[int, int, str]]
) -> None:
    text, given_out = cited
    now = edited(text, edits)

    def common(one: str, other: str) -> int:
        return max(length for length in range(len(one) + 1) if other.startswith(one[:length]))

    def agreement(at: int) -> int:
        quote, words = given_out.quote, re.compile(r"\s+".join(map(re.escape, given_out.quote.split())))
        first = next(place for place in range(at, len(now)) if not now[place].isspace())
        match = words.match(now, first)
        assert match
        inner = quote.strip()
        prefix = given_out.prefix + quote[: quote.index(inner)]
        suffix = quote[quote.index(inner) + len(inner) :] + given_out.suffix
        before, behind = spaced(now[: match.start()]), spaced(now[match.end() :])
        return common(spaced(prefix)[::-1], before[::-1]) + common(spaced(suffix), behind)

    best = min(standing(now, given_out), key=lambda at: (-agreement(at), abs(at - given_out.start), at), default=None)
    assert start_of(verify(given_out, document(now))) == (given_out.start if now == text else best)


@settings(deadline=None)
@given(cited=cited_texts(), before=TEXTS, behind=TEXTS, cut=st.integers(0, 40))
def test_a_quote_whose_surroundings_are_found_once_is_followed_to_wherever_it_is_pushed(
    cited: tuple[str, Claim], before: str, behind: str, cut: int
) -> None:
    text, given_out = cited
    kept = max(0, min(cut, given_out.start - CONTEXT))
    now = before + text[kept:] + behind
    whole = given_out.prefix + given_out.quote + given_out.suffix
    pushed = given_out.start - kept + len(before)
    once = len(re.findall(f"(?={re.escape(spaced(whole))})", spaced(now))) == 1 and len(list(places(now, whole))) == 1
    if once and pushed in standing(now, given_out):
        assert start_of(verify(given_out, document(now))) == pushed


@settings(deadline=None)
@given(cited=cited_texts(), start=st.integers(0, 60), end=st.integers(0, 60), quote=TEXTS)
def test_a_forged_citation_is_never_verified(cited: tuple[str, Claim], start: int, end: int, quote: str) -> None:
    text, true = cited
    for forged in (
        replace(true, start=start, end=end),
        replace(true, start=start, end=end, position=Span(start, end)),
        replace(true, position=Span(start, end)),
        replace(true, quote=quote),
        replace(true, quote=quote, exact=quote),
        replace(true, exact=quote),
    ):
        found = verify(forged, document(text))
        said = text[forged.start : forged.end]
        true_words = forged.exact == forged.quote and forged.quote.split() == said.split()
        one_place = forged.position == (forged.start, forged.end) and forged.start in standing(text, forged)
        one_place &= forged.end - forged.start == len(forged.quote)
        assert (found.verdict != "verified") or (true_words and one_place)
        assert (found.verdict == "verified") or not (one_place and forged.quote == said == forged.exact)
        if forged.exact == forged.quote:
            assert (found.place is not None) == (next(standing(text, forged), None) is not None)
        else:
            assert found.verdict == "changed"


# The rules, one by one

TEXT = "Terns dive for fish. They rest. Gulls wait on the shore. They rest. Auks swim under water."


def test_an_untouched_document_verifies_the_citation() -> None:
    found = verify(claim(TEXT, 0, 20), document(TEXT))
    assert (found.verdict, found.document_changed, found.repeated) == ("verified", False, False)
    assert found.detail == "The words are at their place."


def test_a_document_that_changed_elsewhere_verifies_the_citation_and_is_said_to_have_changed() -> None:
    found = verify(claim(TEXT, 0, 20), document(TEXT + " Skuas steal."))
    assert (found.verdict, found.document_changed) == ("verified", True)
    assert found.detail == "The words are at their place."


def test_a_citation_without_a_digest_leaves_open_whether_the_document_changed() -> None:
    found = verify(replace(claim(TEXT, 0, 20), sha256=None), document(TEXT))
    assert (found.verdict, found.document_changed) == ("verified", None)


def test_words_that_are_pushed_on_have_moved_and_their_new_citation_is_given() -> None:
    now = read_markdown(f"# Birds\n\nNew.\n\n## Sea\n\n### Shore\n\n{TEXT}", path=Path("b.md"), document_id="terns")
    found = verify(claim(TEXT, 32, 56), now, passages(now))
    assert found.verdict == "moved"
    assert found.place
    assert (found.place.passage.id, found.place.citation.section) == ("terns-00001", ("Sea", "Shore"))
    assert found.place.citation.quote == "Gulls wait on the shore."
    start = now.text.index("Gulls")
    assert found.detail == f"The words are at characters {start + 1}-{start + 24}, section “Sea › Shore”."


def test_when_the_same_words_slid_to_the_place_the_ones_that_were_cited_have_moved() -> None:
    first, second = places(TEXT, "They rest.")
    shift = second - first
    now = "x" * shift + TEXT
    found = verify(claim(TEXT, second, second + 10), document(now))
    assert now[second : second + 10] == "They rest."
    assert (found.verdict, start_of(found), found.repeated) == ("moved", second + shift, True)
    assert "more than once" in found.detail


def test_words_whose_surroundings_tell_nothing_are_those_at_the_place() -> None:
    found = verify(claim("They rest. " * 9, 44, 54), document("They rest. " * 12))
    assert (found.verdict, found.repeated) == ("verified", True)


def test_words_at_their_place_among_other_words_are_verified_and_said_to_be() -> None:
    found = verify(claim(TEXT, 0, 20), document("Terns dive for fish. Nothing else is left."))
    assert found.verdict == "verified"
    assert found.detail == "The words are at their place, but the text around them is not as cited."


def test_changed_words_come_with_what_stands_between_their_neighbours_now() -> None:
    now = TEXT.replace("Gulls wait on the shore.", "Gulls fly home.")
    found = verify(claim(TEXT, 32, 56), document("Skuas steal. " + now))
    assert (found.verdict, found.place, found.detail) == ("changed", None, "The document no longer has these words.")
    assert found.nearest
    assert found.nearest.citation.quote == "Gulls fly home."


def test_changed_words_come_with_the_passage_that_is_most_like_them() -> None:
    told = "The old tern that nests on the island dives for small silver fish at dawn."
    now = read_markdown(
        f"## A\n\nNew words.\n\n## B\n\n{told.replace('island', 'shore')}", path=Path("b"), document_id="terns"
    )
    found = verify(claim(told, 0, len(told)), now, passages(now))
    assert found.nearest
    assert (found.verdict, found.nearest.passage.id, found.nearest.citation.section) == (
        "changed",
        "terns-00001",
        ("B",),
    )


def test_changed_words_of_which_nothing_is_left_come_with_nothing() -> None:
    now = read_markdown("Something else altogether is written here now.", path=Path("b"), document_id="terns")
    found = verify(claim(TEXT, 32, 56), now, passages(now))
    assert (found.verdict, found.nearest) == ("changed", None)


def test_words_that_an_unchanged_document_never_held_are_called_so() -> None:
    forged = replace(claim(TEXT, 0, 20), quote="Terns swim for fish.", exact=None)
    found = verify(forged, document(TEXT))
    assert (found.verdict, found.document_changed, found.nearest) == ("changed", False, None)
    assert found.detail.endswith("It never had these words.")


def test_a_citation_whose_selector_has_other_words_is_changed_though_both_stand_there() -> None:
    found = verify(replace(claim(TEXT, 0, 20), exact="Auks swim"), document(TEXT))
    assert (found.verdict, found.place) == ("changed", None)
    assert found.detail.startswith("The citation contradicts itself")


def test_a_citation_whose_selector_names_another_place_has_moved_to_where_its_words_stand() -> None:
    found = verify(replace(claim(TEXT, 0, 20), position=Span(5, 25)), document(TEXT))
    assert (found.verdict, start_of(found)) == ("moved", 0)
    assert "names another place" in found.detail


def test_a_document_that_is_not_there_is_gone() -> None:
    found = verify(claim(TEXT, 0, 20), None)
    assert (found.verdict, found.place, found.document_changed) == ("gone", None, None)


@pytest.mark.parametrize("field", [{"quote": ""}, {"quote": " \n"}, {"start": -1}, {"end": -1}])
def test_a_claim_without_words_or_before_the_text_is_none(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a citation has words"):
        replace(claim(TEXT, 0, 20), **field)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("a" * 100_000, "a" * 300_000),
        ("a" * 50_000 + "b" + "a" * 49_999, "a" * 300_000),
        ("b" + "a" * 99_999, "a" * 300_000),
        ("a" * 99_999 + "b", "a" * 300_000),
        ("ab" * 50_000, "ab" * 150_000 + "a"),
        ("a", "a" * 1_000_000),
        ("a " * 50_000, "a b " * 100_000),
    ],
)
def test_hostile_words_in_a_hostile_text_are_found_if_they_stand_there(quote: str, text: str) -> None:
    sent = Claim(document_id="terns", quote=quote, start=150_000, end=7, prefix="a" * 1000, suffix="a" * 1000)
    lines = [Section(path=(), start=start, end=start + 1000, blocks=()) for start in range(0, len(text) - 1000, 1000)]
    whole = replace(document(text), sections=tuple(lines))
    assert (verify(sent, whole).place is not None) == (quote in text)
    alone = replace(sent, prefix="", suffix="")
    assert (verify(alone, whole).place is not None) == (f" {quote.strip()} " in f" {text} ")


# Whole words and numbers


@pytest.mark.parametrize(
    ("quote", "now"),
    [
        ("5 mg of alcanor", "Take 15 mg of alcanor daily."),
        ("5 mg of alcanor", "Take 0.5 mg of alcanor daily."),
        ("5 mg of alcanor", "Take .5 mg of alcanor daily."),
        ("5 mg of alcanor", "Take 3/5 mg of alcanor daily."),
        ("5 mg of alcanor", "Take −5 mg of alcanor daily."),
        ("5 mg of alcanor", "Take <5 mg of alcanor daily."),
        ("5 mg of alcanor", "Take 4–5 mg of alcanor daily."),
        ("The dose is 20", "The dose is 200"),
        ("The dose is 20", "The dose is 20.5 mg."),
        ("The dose is 20", "The dose is 20,000."),
        ("The dose is 20", "The dose is 20%."),
        ("The dose is 20 mg", "The dose is 20 mg/kg."),
        ("Alcanor", "NonAlcanor"),
        ("responders", "All were non-responders."),
        ("can", "It can't."),
        ("cafe", "cafe\u0301"),
    ],
)
def test_a_part_of_a_longer_word_or_number_is_not_the_words_that_were_cited(quote: str, now: str) -> None:
    found = verify(claim(f"{quote}.", 0, len(quote)), document(now))
    assert quote in now
    assert (found.verdict, found.place) == ("changed", None)
    assert found.detail == "The document has these words only inside longer words or numbers."


@pytest.mark.parametrize("now", ["So: {}.", "({})", "“{}”, it said.", "{}¹", "{}, 30", "In 2020 {} [9]", "–\n{}"])
def test_words_between_marks_and_in_front_of_a_marker_are_whole(now: str) -> None:
    quote = "5 mg of alcanor"
    assert verify(claim(quote, 0, len(quote)), document(now.format(quote))).place


def test_a_quote_that_was_cut_out_of_a_word_when_it_was_cited_may_stand_so_again() -> None:
    text = "Take 15 mg daily."
    assert verify(claim(text, 6, 10), document(text)).verdict == "verified"
    assert verify(claim(text, 6, 10), document("Do not. " + text)).verdict == "moved"
    assert verify(replace(claim(text, 6, 10), prefix=""), document(text)).verdict == "changed"


# Sections

DOSE = "The dose is 20 mg daily. It is taken by mouth."


def dosing(*sections: str, dose: str = DOSE) -> Document:
    """A document that says the dose under each of these headings."""
    text = "# Dosing\n\n" + "\n\n".join(f"## {section}\n\n{dose}" for section in sections)
    return read_markdown(text, path=Path("d.md"), document_id="dosing")


def claims(whole: Document) -> dict[str, Claim]:
    """The citation of each section's passage, as it comes back."""
    cited = [cited_passage_body(cite_span(whole, passages(whole), p.start, p.end)).citation for p in passages(whole)]
    sent = {"citations": [each.model_dump(mode="json") for each in cited]}
    received = VerifyRequest.from_json(json.dumps(sent).encode()).claims()
    return {each.section[0]: each for each in received if each.section}


def test_of_the_same_words_in_several_sections_those_in_the_section_that_is_cited_are_found() -> None:
    given_out = claims(dosing("Adults", "Infant", "Elders"))
    now = dosing("Elders", "Adults", "Infant")
    for section, each in given_out.items():
        found = verify(each, now, passages(now))
        assert (found.verdict, found.repeated) == ("moved", True)
        assert found.place
        assert found.place.citation.section == (section,)
        assert "section" not in found.disagreeing


def test_sections_that_exchange_their_headings_do_not_stay_verified() -> None:
    given_out = claims(dosing("Infant", "Elders"))
    now = dosing("Elders", "Infant")
    assert len(now.text) == len(dosing("Infant", "Elders").text)
    for section in ("Infant", "Elders"):
        found = verify(given_out[section], now, passages(now))
        assert (found.verdict, found.place and found.place.citation.section) == ("moved", (section,))


def test_words_that_stand_under_another_section_alone_have_moved_and_both_sections_are_named() -> None:
    given_out = claims(dosing("Adults", "Infant", "Elders"))["Adults"]
    now = dosing("Infant", "Elders")
    found = verify(given_out, now, passages(now))
    assert (found.verdict, found.document_changed) == ("moved", True)
    assert "section" in found.disagreeing
    assert found.place
    start = found.place.citation.start
    assert start == given_out.start, "the offsets coincide"
    assert found.detail.startswith(
        f"The words are at characters {start + 1}-{start + len(DOSE)}, section “Infant”. "
        "The citation names section “Adults”."
    )


# White space


@pytest.mark.parametrize(
    "put", ["daily.  It", "daily.\xa0It", "daily.\nIt", "daily.\n\nIt", "daily. \t \u2009It"], ids=repr
)
def test_words_that_differ_in_white_space_alone_are_the_words(put: str) -> None:
    given_out = claims(dosing("Adults"))["Adults"]
    now = document(dosing("Adults").text.replace("daily. It", put))
    found = verify(replace(given_out, section=None, document_id="terns"), now)
    assert found.verdict == "verified"
    assert found.detail.endswith(" Only white space differs.")
    assert found.place
    assert found.place.citation.quote == DOSE.replace("daily. It", put)
    pushed = verify(replace(given_out, section=None, document_id="terns"), document("New.\n\n" + now.text))
    assert pushed.verdict == "moved"
    assert pushed.place
    assert pushed.place.citation.start == given_out.start + 6
    assert pushed.detail.endswith("Only white space differs.")


def test_white_space_that_is_taken_out_or_put_into_a_word_changes_it() -> None:
    for now in (DOSE.replace("20 mg", "20mg"), DOSE.replace("mouth", "mo uth")):
        assert verify(claim(DOSE, 0, len(DOSE)), document(now)).verdict == "changed"


# What else a citation says


@pytest.mark.parametrize(
    ("forged", "named"),
    [
        ({"title": "New Journal"}, ("document.title",)),
        ({"authors": ("E. Xample",)}, ("document.authors",)),
        ({"publisher": "Nobody"}, ("document.publisher",)),
        ({"updated": date(2030, 1, 1)}, ("document.updated",)),
        ({"url": "https://example.org/x"}, ("document.url",)),
        ({"sha256": "0" * 64}, ("document.sha256",)),
        ({"section": ("Elders",)}, ("section",)),
        ({"page": 7}, ("page",)),
        ({"references": (Reference(marker="1", text="Made up."),)}, ("references",)),
        ({"references_status": "resolved"}, ("references_status",)),
        ({"markers": (("1", 0, 3),)}, ("markers",)),
        ({"label": "foo"}, ("label",)),
    ],
)
def test_each_part_of_a_citation_that_says_otherwise_than_the_document_is_named(
    forged: dict[str, Any], named: tuple[str, ...]
) -> None:
    now = dosing("Adults")
    given_out = claims(now)["Adults"]
    assert verify(given_out, now, passages(now)).disagreeing == ()
    found = verify(replace(given_out, **forged), now, passages(now))
    assert found.disagreeing == named
    assert found.verdict == ("moved" if "section" in forged else "verified")
    assert found.place


def test_what_merely_moved_says_nothing_else_than_the_document_but_for_its_digest() -> None:
    given_out = claims(dosing("Adults"))["Adults"]
    now = dosing("Infant", "Adults")
    found = verify(given_out, now, passages(now))
    assert (found.verdict, found.disagreeing) == ("moved", ("document.sha256",))


def test_of_words_that_are_gone_the_parts_about_the_document_are_compared() -> None:
    given_out = replace(claims(dosing("Adults"))["Adults"], title="Other", label="foo")
    found = verify(given_out, dosing("Adults", dose="None."))
    assert (found.verdict, found.disagreeing) == ("changed", ("document.title", "document.sha256"))


# In a library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "terns.md").write_text(f"# Terns\n\n{TEXT}", "utf-8")
    (tmp_path / "other.md").write_text("# Other\n\nNothing of the kind.", "utf-8")
    return tmp_path


def asked(folder: Path) -> list[Claim]:
    """The citation of an answer over a folder, as a program gets it."""
    engine = Engine.create(Settings())
    engine.add([folder])
    body = answer_body(engine.ask("Where do gulls wait?"))
    assert body.citation
    return VerifyRequest.from_json(json.dumps({"citations": [body.citation.model_dump(mode="json")]}).encode()).claims()


def verified(folder: Path, claims: Sequence[Claim]) -> Verification:
    engine = Engine.create(Settings())
    engine.add([folder])
    [found] = engine.verify(claims)
    return found


def test_a_file_that_was_renamed_is_found_by_its_text(folder: Path) -> None:
    claims = asked(folder)
    assert verified(folder, claims).verdict == "verified"
    (folder / "terns.md").rename(folder / "birds.md")
    found = verified(folder, claims)
    assert (found.verdict, found.document_changed) == ("moved", False)
    assert found.place
    assert found.place.passage.id == "birds-00000"
    assert found.detail.startswith("The words are in the document birds, at characters ")


def test_a_file_that_was_renamed_and_whose_name_was_given_to_another_is_found_by_its_text(folder: Path) -> None:
    claims = asked(folder)
    (folder / "terns.md").rename(folder / "birds.md")
    (folder / "terns.md").write_text("# Terns\n\nNot the same.", "utf-8")
    found = verified(folder, claims)
    assert (found.verdict, found.place and found.place.passage.id) == ("moved", "birds-00000")


def test_a_file_that_was_taken_out_is_gone_and_one_that_was_emptied_of_the_words_is_changed(folder: Path) -> None:
    claims = asked(folder)
    (folder / "terns.md").write_text("# Terns\n\nNot the same.", "utf-8")
    assert verified(folder, claims).verdict == "changed"
    (folder / "terns.md").unlink()
    assert verified(folder, claims).verdict == "gone"


def test_every_passage_of_the_shipped_corpus_is_verified_by_its_own_citation(shipped_engine: Engine) -> None:
    ids = [each.id for entry in shipped_engine.contents() for each in shipped_engine.passages(entry.id)]
    bodies = [cited_passage_body(shipped_engine.passage(each)) for each in ids]
    for first in range(0, len(bodies), 100):
        part = bodies[first : first + 100]
        sent = {"citations": [each.citation.model_dump(mode="json") for each in part]}
        found = shipped_engine.verify(VerifyRequest.from_json(json.dumps(sent).encode()).claims())
        assert {each.verdict for each in found} == {"verified"}
        assert [cited_passage_body(each.place).citation for each in found if each.place] == [b.citation for b in part]
