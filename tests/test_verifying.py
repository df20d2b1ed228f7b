"""Verifying: what is said of a citation, after whatever was done to the document, is true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.citing import CONTEXT, cite_span
from qa.model import Claim, Document, Section, Span, Verification
from qa.passages import passages
from qa.readers.markdown import read_markdown
from qa.verifying import verify
from qa.wire import VerifyRequest, answer_body, cited_passage_body

SENTENCES = ["A tern dives.", "A gull rests.", "A tern dives.", "🐦 They rest.", "aa", "aaa", "a", "Ærø."]
TEXTS = st.lists(st.sampled_from([*SENTENCES, " ", "\n\n"]), min_size=1, max_size=14).map("".join)
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


def start_of(found: Verification) -> int | None:
    return found.place.citation.start if found.place else None


@st.composite
def cited_texts(draw: st.DrawFn) -> tuple[str, Claim]:
    """A text and the citation of a part of it."""
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text) - 1))
    return text, claim(text, start, draw(st.integers(start + 1, len(text))))


# Whatever is done to the text


@settings(deadline=None)
@given(cited=cited_texts(), edits=EDITS)
def test_what_is_said_of_a_citation_is_true_whatever_was_done_to_the_text(
    cited: tuple[str, Claim], edits: list[tuple[int, int, str]]
) -> None:
    text, given_out = cited
    now = edited(text, edits)
    found = verify(given_out, document(now))
    stands = given_out.quote in now
    assert (found.place is not None) == stands
    assert found.verdict == ("changed" if not stands else "verified" if start_of(found) == given_out.start else "moved")
    assert found.document_changed == (now != text)
    assert found.repeated == (len(list(places(now, given_out.quote))) > 1)
    if found.place:
        citation = found.place.citation
        assert now[citation.start : citation.end] == citation.quote == found.place.passage.text == given_out.quote
        assert citation.document.text == now
    if found.nearest:
        citation = found.nearest.citation
        assert now[citation.start : citation.end] == citation.quote != given_out.quote


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
        before, behind = now[:at][::-1], now[at + len(given_out.quote) :]
        return common(given_out.prefix[::-1], before) + common(given_out.suffix, behind)

    best = min(
        places(now, given_out.quote), key=lambda at: (-agreement(at), abs(at - given_out.start), at), default=None
    )
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
    if len(list(places(now, whole))) == 1:
        assert start_of(verify(given_out, document(now))) == given_out.start - kept + len(before)


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
        true_words = {forged.quote, forged.exact} == {text[forged.start : forged.end]}
        one_place = forged.position == (forged.start, forged.end) and forged.end <= len(text)
        assert (found.verdict == "verified") == (true_words and one_place)
        if forged.exact == forged.quote:
            assert (found.place is not None) == (forged.quote in text)
        else:
            assert found.verdict == "changed"


# The rules, one by one

TEXT = "Terns dive for fish. They rest. Gulls wait on the shore. They rest. Auks swim under water."


def test_an_untouched_document_verifies_the_citation() -> None:
    found = verify(claim(TEXT, 0, 20), document(TEXT))
    assert (found.verdict, found.document_changed, found.repeated) == ("verified", False, False)
    assert found.detail == "The words stand at their place."


def test_a_document_that_changed_elsewhere_verifies_the_citation_and_is_said_to_have_changed() -> None:
    found = verify(claim(TEXT, 0, 20), document(TEXT + " Skuas steal."))
    assert (found.verdict, found.document_changed) == ("verified", True)
    assert found.detail == "The words stand at their place."


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
    assert found.detail == f"The words stand at characters {start + 1}-{start + 24}, section “Sea › Shore”."


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
    assert found.detail == "The words stand at their place, but what stands around them is not what is cited."


def test_changed_words_come_with_what_stands_between_their_neighbours_now() -> None:
    now = TEXT.replace("Gulls wait on the shore.", "Gulls fly home.")
    found = verify(claim(TEXT, 32, 56), document("Skuas steal. " + now))
    assert (found.verdict, found.place, found.detail) == ("changed", None, "The document no longer holds these words.")
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
    assert found.detail.endswith("does not hold these words: it never did.")


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


@pytest.mark.parametrize("field", [{"quote": ""}, {"start": -1}, {"end": -1}])
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
    assert found.detail.startswith("The words stand in the document birds, at characters ")


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
