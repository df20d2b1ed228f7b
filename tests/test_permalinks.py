"""Permanent links: they lead to the words that they were given out for for as long as the document holds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.errors import PassageGoneError, UnknownDocumentError, UnknownPassageError
from qa.model import fingerprint
from qa.wire import CitedPassageBody, Problem, answer_body, cited_passage_body
from web import create_app

SENTENCES = ["Terns dive for fish.", "They rest.", "Gulls wait on the shore.", "Auks swim under water."]
LONG = " ".join(f"The {number}th tern was ringed on the island and flew south." for number in range(12))
PARAGRAPHS = st.lists(st.sampled_from([*SENTENCES, LONG, f"{SENTENCES[1]} {SENTENCES[2]}", "## Sea"]), max_size=8)


def library(folder: Path, paragraphs: Sequence[str], *, name: str = "terns") -> Engine:
    """The engine of one file of paragraphs."""
    (folder / f"{name}.md").write_text("\n\n".join([f"# {name.title()}", *paragraphs]), "utf-8")
    engine = Engine.create(Settings())
    engine.add([folder])
    return engine


def link(engine: Engine, words: str) -> str:
    """The permanent link of the passage that begins with these words."""
    [entry] = engine.contents()
    [passage] = [each for each in engine.passages(entry.id) if each.text.startswith(words)]
    answer = answer_body(engine.ask(passage.text[:200], limit=20))
    cited = [answer.citation, *(each.citation for each in answer.alternatives)]
    [found] = [each.permalink for each in cited if each and each.quote == passage.text]
    return found


def target(engine: Engine, address: str) -> str:
    """The words of the passage whose place a link leads to."""
    answer = create_app(engine).test_client().get(address)
    assert answer.status_code == 302
    document, _, passage_id = answer.headers["Location"].partition("#")
    assert document == f"/documents/{engine.passage(passage_id).passage.document_id}"
    return engine.passage(passage_id).passage.text


def test_a_permanent_link_leads_to_its_passage(tmp_path: Path) -> None:
    engine = library(tmp_path, [LONG, "## Sea", "Gulls wait on the shore."])
    address = link(engine, "Gulls")
    known_by = fingerprint("Gulls wait on the shore.", ("Sea",))
    assert address == f"/passages/terns-00001?document=terns&is=24-{known_by.digest}-{known_by.section}"
    assert target(engine, address) == "Gulls wait on the shore."


def test_a_permanent_link_follows_its_words_when_a_paragraph_is_inserted_before_them(tmp_path: Path) -> None:
    address = link(library(tmp_path, [LONG, "## Sea", "Gulls wait on the shore."]), "Gulls")
    engine = library(tmp_path, ["Auks swim.", "## Land", LONG, "## Sea", "Gulls wait on the shore."])
    assert engine.passage("terns-00001").passage.text == LONG
    assert target(engine, address) == "Gulls wait on the shore."
    body = CitedPassageBody.model_validate_json(create_app(engine).test_client().get(json_of(address)).data)
    assert (body.passage.id, body.passage.text) == ("terns-00002", "Gulls wait on the shore.")


def test_a_permanent_link_follows_its_words_when_the_passage_is_no_longer_one(tmp_path: Path) -> None:
    address = link(library(tmp_path, ["Gulls wait on the shore. They rest."]), "Gulls")
    engine = library(tmp_path, ["Auks swim.", "Gulls wait on the shore. They rest.", "Terns dive."])
    assert target(engine, address).startswith("Auks swim.")
    body = CitedPassageBody.model_validate_json(create_app(engine).test_client().get(json_of(address)).data)
    assert (body.passage.text, body.citation.quote) == ("Gulls wait on the shore. They rest.",) * 2
    text = engine.document("terns").text
    assert text[body.citation.start : body.citation.end] == body.citation.quote


def test_of_words_that_stand_twice_a_permanent_link_follows_those_nearest_to_the_passage(tmp_path: Path) -> None:
    sections = [part for number in range(4) for part in (f"## {number}", "They rest.")]
    engine = library(tmp_path, sections)
    for number in range(4):
        found = engine.linked(f"terns-{number:05}", fingerprint("They rest."), document="terns").cited
        assert (found.passage.id, found.citation.section) == (f"terns-{number:05}", (str(number),))


SAME = [part for section in ("Adults", "Infant", "Elders") for part in (f"## {section}", "They rest.")]


def test_of_words_that_stand_in_several_sections_a_permanent_link_follows_those_in_its_own(tmp_path: Path) -> None:
    given_out = links(library(tmp_path, SAME))
    for now in (["New.", *SAME], ["## New", "They rest.", *SAME], [*SAME[4:], *SAME[:4]]):
        engine = library(tmp_path, now)
        for section, address in given_out.items():
            assert section_of(engine, address) == section
            assert "note=" not in create_app(engine).test_client().get(address).headers["Location"]


def test_a_permanent_link_whose_words_only_another_section_holds_says_so(tmp_path: Path) -> None:
    address = links(library(tmp_path, SAME))["Adults"]
    client = create_app(library(tmp_path, SAME[2:])).test_client()
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/documents/terns?note=elsewhere#terns-00000")
    page = client.get(answer.headers["Location"])
    assert "The cited words are no longer in their section." in page.text


def test_a_permanent_link_whose_words_stand_twice_in_its_section_says_so(tmp_path: Path) -> None:
    address = links(library(tmp_path, SAME))["Adults"]
    engine = library(tmp_path, ["## Adults", LONG, "They rest.", LONG, "They rest."])
    client = create_app(engine).test_client()
    answer = client.get(address)
    assert answer.headers["Location"].startswith("/documents/terns?note=repeated#")
    assert "occur more than once in their section" in client.get(answer.headers["Location"]).text


def test_a_permanent_link_of_the_old_form_names_no_section(tmp_path: Path) -> None:
    engine = library(tmp_path, SAME)
    address = links(engine)["Infant"].rpartition("-")[0]
    assert (
        create_app(engine).test_client().get(address).headers["Location"]
        == "/documents/terns?note=repeated#terns-00001"
    )


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_permanent_link_that_was_cut_short_leads_to_the_passage_with_its_number_and_says_so(
    tmp_path: Path, cut: int
) -> None:
    engine = library(tmp_path, ["Gulls wait on the shore."])
    address = link(engine, "Gulls")
    client = create_app(engine).test_client()
    answer = client.get(address[:-cut])
    if cut == 9:  # the old form
        assert answer.headers["Location"] == "/documents/terns#terns-00000"
    else:
        assert (answer.status_code, answer.headers["Location"]) == (302, "/documents/terns?note=cut#terns-00000")
        assert "The link is incomplete" in client.get(answer.headers["Location"]).text
        assert client.get(json_of(address)[:-cut]).status_code == 422
    assert client.get(address[:-cut].replace("terns-00000", "terns-00009")).status_code == (302 if cut == 9 else 404)


def test_a_note_that_is_none_is_not_shown(client: FlaskClient) -> None:
    plain = client.get("/documents/spotting").text
    assert client.get("/documents/spotting?note=<b>").text == plain


def links(engine: Engine) -> dict[str, str]:
    """The permanent link of the first passage of each section."""
    cited = [cited_passage_body(engine.passage(each.id)).citation for each in engine.passages("terns")]
    return {each.section[0]: each.permalink for each in reversed(cited) if each.section}


def section_of(engine: Engine, address: str) -> str:
    """The section of the words that a link leads to."""
    body = CitedPassageBody.model_validate_json(create_app(engine).test_client().get(json_of(address)).data)
    assert body.citation.quote == "They rest."
    return body.citation.section[0]


def json_of(address: str) -> str:
    return address.replace("?", ".json?")


def test_a_permanent_link_whose_words_are_gone_says_so_and_leads_to_what_is_nearest(tmp_path: Path) -> None:
    address = link(library(tmp_path, [LONG, "## Sea", "Gulls wait on the shore."]), "Gulls")
    client = create_app(library(tmp_path, [LONG])).test_client()
    answer = client.get(json_of(address))
    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    assert answer.json == {
        "type": "/problems/passage_gone",
        "title": "Passage gone",
        "status": 410,
        "detail": "The document 'Terns' no longer has the words that this link cites. "
        "Read what is there now, or ask the question again.",
        "nearest": "/documents/terns#terns-00000",
        "request_id": answer.headers["X-Request-ID"],
    }
    page = client.get(address, headers={"Accept": "text/html"})
    assert (page.status_code, page.content_type) == (410, "text/html; charset=utf-8")
    assert '<a href="/documents/terns#terns-00000">' in page.text
    assert "The document &#39;Terns&#39; no longer has the words" in page.text


def test_a_permanent_link_into_a_document_without_passages_leads_to_the_document(tmp_path: Path) -> None:
    address = link(library(tmp_path, ["Gulls wait on the shore."]), "Gulls")
    client = create_app(library(tmp_path, [])).test_client()
    assert Problem.model_validate_json(client.get(json_of(address)).data).nearest == "/documents/terns"


def test_a_permanent_link_into_a_document_that_is_not_there_says_so(tmp_path: Path) -> None:
    address = link(library(tmp_path, ["Gulls wait on the shore."]), "Gulls")
    (tmp_path / "terns.md").unlink()
    client = create_app(library(tmp_path, ["Other."], name="other")).test_client()
    for each in (address, json_of(address)):
        answer = client.get(each, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["type"]) == (404, "/problems/unknown_document")
        assert answer.get_json()["detail"].startswith("No document has the id 'terns'.")


def test_a_link_without_a_fingerprint_leads_to_the_passage_that_has_the_id(client: FlaskClient) -> None:
    answer = client.get("/passages/spotting-00000")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/documents/spotting#spotting-00000")
    assert client.get("/passages/none", headers={"Accept": "text/html"}).status_code == 404


def test_a_link_without_the_document_looks_in_that_of_the_passage(engine: Engine) -> None:
    passage = engine.passages("spotting")[0]
    assert engine.linked(passage.id, fingerprint(passage.text)).cited.passage.text == passage.text
    with pytest.raises(UnknownPassageError):
        engine.linked("none", fingerprint(passage.text))
    with pytest.raises(UnknownDocumentError):
        engine.linked(passage.id, fingerprint(passage.text), document="none")


@pytest.mark.parametrize(
    "known_by", ["", "0-0123456789abcdef", "7", "7-0123456789ABCDEF", "7-0123", "9" * 20 + "-" + "0" * 16]
)
def test_what_is_no_fingerprint_is_named(client: FlaskClient, known_by: str) -> None:
    answer = client.get("/passages/spotting-00000.json", query_string={"is": known_by})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.get_json()["errors"] == [
        {"pointer": "/is", "detail": "must be copied whole from the link, such as 842-0123456789abcdef-01234567"}
    ]


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("birds")


@settings(deadline=None)
@given(paragraphs=PARAGRAPHS, inserted=PARAGRAPHS, at=st.integers(0, 8), cut=st.integers(0, 4))
def test_a_permanent_link_gives_its_own_words_or_says_that_they_are_gone(
    shared_folder: Path, paragraphs: list[str], inserted: list[str], at: int, cut: int
) -> None:
    before = library(shared_folder, paragraphs).passages("terns")
    engine = library(shared_folder, [*paragraphs[:at], *inserted, *paragraphs[at + cut :]])
    text = engine.document("terns").text
    for passage in before:
        try:
            found, note = engine.linked(passage.id, fingerprint(passage.text, passage.section), document="terns")
        except PassageGoneError:
            assert passage.text not in text
        else:
            citation = found.citation
            assert found.passage.text == citation.quote == text[citation.start : citation.end] == passage.text
            assert found.passage.id in {each.id for each in engine.passages("terns")}
            assert (citation.section == passage.section) == (note != "elsewhere")
            under = [each.text for each in engine.passages("terns") if each.section == passage.section]
            assert passage.text not in under or note != "elsewhere"
            assert under.count(passage.text) < 2 or note == "repeated"
