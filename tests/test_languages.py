"""The pages in each language: the same texts in all, the one that the reader asks for, and quotations as they are."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from babel import Locale
from conftest import TERNS
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from qa import Engine, Settings
from qa.citations.citing import cite
from qa.errors import LibraryBusyError, SettingError
from qa.model import CitedPassage, Document, Listing, Passage, Reason, ReasonCode
from qa.wire import CitationBody, answer_body, cited_passage_body
from web import create_app
from web.languages import COOKIE, language_of
from web.pages.places import place_label
from web.texts.reading import ENGLISH, Forms, Texts, languages, load_texts
from web.texts.sureness import SURENESS

PAGES = ("/", "/?q=Where+do+terns+nest%3F", "/?q=", "/documents", "/documents/spotting", "/nowhere", "/?document=none")
ANSWERED = "In how many people did fever end with alcanor?"
NOT_FOUND = "How many people take metformin?"
QUOTATION_MARKS = {"en": "“”", "de": "„“", "es": "«»"}


def library(**settings: Any) -> Engine:
    engine = Engine.create(Settings(**settings))
    engine.add([TERNS])
    return engine


def client_of(engine: Engine) -> FlaskClient:
    return create_app(engine).test_client()


@pytest.fixture(scope="module")
def terns() -> Engine:
    return library()


@pytest.fixture
def client(terns: Engine) -> FlaskClient:
    return client_of(terns)


def in_language(tag: str, kind: str = "text/html") -> dict[str, str]:
    return {"Accept": kind, "Accept-Language": tag}


class Spoken(HTMLParser):
    """The visible words of a page with the language that each is in, and its elements that have a language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = [("", "")]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "input"}:
            self._open.append((tag, dict(attrs).get("lang") or self._open[-1][1]))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"script", "template"} & {tag for tag, _ in self._open}:
            self.words.append((data.strip(), self._open[-1][1]))


# The texts


def texts_of(language: str) -> dict[str, str | Forms]:
    tables = load_texts(language).tables
    return {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}


def forms_of(text: str | Forms) -> Mapping[str, str]:
    return {"other": text} if isinstance(text, str) else text


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_are_english_german_and_spanish() -> None:
    assert languages() == ("de", "en", "es")
    assert [load_texts(each)("language.name") for each in languages()] == ["Deutsch", "English", "Español"]


def test_the_setting_takes_each_language_that_there_is() -> None:
    assert [Settings(language=each).language for each in languages()] == list(languages())
    with pytest.raises(SettingError, match="de, en, es, or auto"):
        Settings(language="fr")


@pytest.mark.parametrize("language", languages())
def test_a_language_has_the_texts_that_english_has_in_the_same_order(language: str) -> None:
    assert list(texts_of(language)) == list(texts_of(ENGLISH))
    assert [key for key, text in texts_of(language).items() if not all(forms_of(text).values())] == []


@pytest.mark.parametrize("language", languages())
def test_a_text_is_filled_in_with_the_same_in_each_language(language: str) -> None:
    english = texts_of(ENGLISH)
    for key, text in texts_of(language).items():
        assert slots(forms_of(text)["other"]) == slots(forms_of(english[key])["other"]), key
        for each in forms_of(text).values():
            assert slots(each) | {"count"} >= slots(forms_of(english[key])["other"]), key


@pytest.mark.parametrize("language", languages())
def test_a_text_with_forms_has_each_that_its_language_needs(language: str) -> None:
    plural = Locale.parse(language).plural_form
    needed = {plural(count) for count in range(1000)}
    for key, text in texts_of(language).items():
        if not isinstance(text, str):
            assert needed <= text.keys() <= needed | {plural(1_000_000)}, key


@pytest.mark.parametrize("language", languages())
def test_a_language_quotes_in_its_own_marks(language: str) -> None:
    of_others = set("".join(QUOTATION_MARKS.values())) - set(QUOTATION_MARKS[language])
    written = "".join(each for text in texts_of(language).values() for each in forms_of(text).values())
    assert set(written) & of_others == set()


def test_a_number_is_written_as_its_language_writes_it_and_takes_its_form() -> None:
    totals = [load_texts(each)("documents.total", count=12_500) for each in ("en", "de", "es")]
    assert totals == ["12,500 documents", "12.500 Dokumente", "12.500 documentos"]
    assert load_texts("de")("history.count", count=1) == "1 Frage"
    assert load_texts("es")("history.count", count=0) == "0 preguntas"
    assert load_texts("es")("history.count", count=1_000_000) == "1.000.000 preguntas"


def test_a_date_is_written_as_its_language_writes_it() -> None:
    day = date(2026, 11, 22)
    assert [load_texts(each).date(day) for each in ("en", "de", "es")] == [
        "November 22, 2026",
        "22. November 2026",
        "22 de noviembre de 2026",
    ]


def test_a_language_with_more_forms_takes_the_one_for_each_number() -> None:
    seen = {"one": "jedna", "few": "kilka: {count}", "many": "wiele: {count}", "other": "{count}"}
    texts = Texts({"terns": {"seen": seen}}, "pl")
    assert [texts("terns.seen", count=count) for count in (1, 3, 5)] == ["jedna", "kilka: 3", "wiele: 5"]


# What is said of an answer


def reasons() -> list[Reason]:
    words = [(), ("terns",), ("terns", "gulls"), ("terns", "gulls", "auks")]
    named: dict[ReasonCode, list[tuple[str, ...]]] = {
        "unknown_words": words[1:],
        "lacking_words": words[1:],
        "too_little": words,
    }
    return [Reason(code, each) for code in get_args(ReasonCode) for each in named.get(code, [()])]


@pytest.mark.parametrize("reason", reasons(), ids=lambda each: f"{each.code}-{len(each.words)}")
def test_the_page_says_a_reason_in_english_as_the_engine_does(reason: Reason) -> None:
    assert load_texts().reason(*reason) == reason.sentence


@pytest.mark.parametrize("language", languages())
def test_each_reason_is_said_in_each_language_with_its_words(language: str) -> None:
    said = {load_texts(language).reason(*each) for each in reasons()}
    assert len(said) == len(reasons())
    for each in reasons():
        assert all(word in load_texts(language).reason(*each) for word in each.words)


def test_several_words_are_joined_as_a_language_joins_them() -> None:
    reason = Reason("unknown_words", ("metformin", "gestational"))
    assert load_texts("de").reason(*reason) == "Keine Textstelle erwähnt „metformin“ oder „gestational“."
    assert load_texts("es").reason(*reason) == "Ningún pasaje menciona «metformin» ni «gestational»."


# Which language a reader gets


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("es-419,en;q=0.5", "es"),
        ("fr,de-AT;q=0.8,en;q=0.5", "de"),
        ("en;q=0.1,de;q=0.9,es;q=0.5", "de"),
        ("de;q=0,es;q=0.1", "es"),
        ("fr,it", "en"),
        ("*", "en"),
        ("", "en"),
        ("de;q=x,;;,=", "en"),
        ("den,esx", "en"),
    ],
)
def test_a_page_is_in_the_language_that_the_browser_asks_for(client: FlaskClient, asked: str, given: str) -> None:
    answer = client.get("/", headers=in_language(asked))
    assert f'<html lang="{given}">' in answer.text
    assert answer.headers["Content-Language"] == given
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


def test_without_the_header_a_page_is_in_english(client: FlaskClient) -> None:
    assert client.get("/").headers["Content-Language"] == "en"


def test_where_there_is_no_english_another_takes_its_place() -> None:
    assert language_of([("fr", 1.0)], ("de",)) == "de"


@pytest.mark.parametrize("language", languages())
def test_with_a_language_in_the_setting_every_page_is_in_it_whatever_is_asked(language: str) -> None:
    client = client_of(library(language=language))
    for address in PAGES:
        answer = client.get(address, headers=in_language("fr,en;q=0.5,de;q=0.4,es;q=0.3"))
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" not in answer.vary
        assert 'action="/language"' not in answer.text


def test_what_is_for_programs_is_in_english_and_does_not_vary(client: FlaskClient) -> None:
    german, english = in_language("de", "application/json"), in_language("en", "application/json")
    for address in ("/documents/none", "/ask?q=", "/nowhere", f"/ask?q={NOT_FOUND}"):
        answer = client.get(address, headers=german)
        told = [client.get(address, headers=each).get_json() for each in (german, english)]
        assert [each.pop("took_ms", None) is None for each in told] == ["q=How" not in address] * 2
        assert [each.pop("request_id", None) is None for each in told] == ["q=How" in address] * 2
        assert told[0] == told[1]
        assert "Content-Language" not in answer.headers
        assert "Accept-Language" not in answer.vary


# A reader's own choice


def choose(client: FlaskClient, language: str, *, on: str = "http://localhost/", asks: str = "en") -> TestResponse:
    return client.post("/language", data={"language": language}, headers={"Referer": on} | in_language(asks))


def test_a_reader_can_choose_a_language_and_is_back_on_the_same_page(client: FlaskClient) -> None:
    answer = choose(client, "es", on="http://localhost/documents?q=terns")
    assert (answer.status_code, answer.location) == (303, "/documents?q=terns")
    page = client.get("/documents?q=terns", headers=in_language("de"))
    assert page.headers["Content-Language"] == "es"
    assert 'value="es" lang="es" aria-current="true">Español</button>' in page.text


def test_the_choice_is_kept_for_a_year_in_a_cookie_that_no_script_reads_and_no_other_site_sends(
    client: FlaskClient,
) -> None:
    kept = choose(client, "de").headers["Set-Cookie"]
    assert kept.startswith(f"{COOKIE}=de; ")
    assert {"Max-Age=31536000", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(kept.split("; "))


def test_choosing_what_the_browser_asks_for_forgets_the_choice(client: FlaskClient) -> None:
    choose(client, "de")
    assert client.get_cookie(COOKIE) is not None
    choose(client, "en")
    assert client.get_cookie(COOKIE) is None


@pytest.mark.parametrize(
    "page",
    [
        "https://example.org/documents",
        "http://localhost//example.org/documents",
        "http://localhost/feedback",
        "http://localhost/none/such",
        "",
    ],
)
def test_from_what_is_no_page_of_the_service_a_choice_leads_to_the_chat(client: FlaskClient, page: str) -> None:
    assert choose(client, "de", on=page).location == "/"


@pytest.mark.parametrize("language", ["fr", "", "../en"])
def test_a_language_that_there_is_not_cannot_be_chosen(client: FlaskClient, language: str) -> None:
    answer = choose(client, language)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers


def test_a_page_of_another_site_cannot_choose(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "de"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_cookie_with_a_language_that_there_is_not_counts_for_nothing(client: FlaskClient) -> None:
    client.set_cookie(COOKIE, "tlh")
    assert client.get("/", headers=in_language("de")).headers["Content-Language"] == "de"


# What is written in which language


def test_a_page_marks_what_is_in_the_language_of_the_documents(client: FlaskClient) -> None:
    page = Spoken(client.get("/", query_string={"q": ANSWERED}, headers=in_language("de")).text)
    languages_of = dict(page.words)
    passage = client.get("/ask", query_string={"q": ANSWERED}).get_json()["passage"]["text"]
    quoted = [words for words, language in page.words if language == "en"]
    assert any(passage.startswith(words) for words in quoted)
    assert languages_of["How well does the second treatment of tern fever work?"] == "en"
    assert languages_of["Alcanor"] == "en"
    assert languages_of["Hat das Ihre Frage beantwortet?"] == "de"
    assert languages_of["Stand: 11. Mai 2021"] == "de"


def test_on_a_page_in_english_nothing_is_marked_as_english(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": ANSWERED}, headers=in_language("en")).text
    assert page.count('lang="en"') == 2  # of the page, and of its name in the list of languages


@pytest.mark.parametrize("language", languages())
def test_a_quotation_is_the_same_in_each_language(client: FlaskClient, language: str) -> None:
    asked = client.get("/ask", query_string={"q": ANSWERED}).get_json()
    page = client.get("/", query_string={"q": ANSWERED}, headers=in_language(language)).text
    [quoted] = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", page, re.DOTALL)[:1]
    assert html.unescape(re.sub(r"<[^>]+>", "", quoted)) == asked["passage"]["text"]
    file = client.get("/conversation.md", query_string={"q": ANSWERED}, headers=in_language(language))
    english = client.get("/conversation.md", query_string={"q": ANSWERED}, headers=in_language("en"))
    assert file.headers["Content-Language"] == language
    assert [each for each in file.text.splitlines() if each.startswith(">")] == [
        each for each in english.text.splitlines() if each.startswith(">")
    ]


def paged(**pages: Any) -> CitationBody:
    """The citation of a word in a document that may have pages, and these names of their own."""
    document = Document(id="t", title="Terns", text="A tern dives.", source="t.pdf", publisher="Example House", **pages)
    page = document.page_at(2)
    passage = Passage(id="t-0", document_id="t", section=(), text="tern", start=2, end=6, sentences=(), page=page)
    return cited_passage_body(CitedPassage(passage=passage, highlights=(), citation=cite(document, passage))).citation


NAMED = {"pages": (0, 0, 0, 0), "page_labels": ("i", "ii", "iii", "iv")}


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("en", "“Terns”. Example House. Page iv (page 4 of the file). Undated. Characters 3-6."),
        ("de", "„Terns“. Example House. Seite iv (Seite 4 der Datei). Ohne Datum. Zeichen 3-6."),
        ("es", "«Terns». Example House. Página iv (página 4 del archivo). Sin fecha. Caracteres 3-6."),
    ],
)
def test_a_citation_to_copy_has_the_words_of_the_readers_language(language: str, label: str) -> None:
    assert place_label(paged(**NAMED), 2, 6, load_texts(language)) == label


def test_in_english_a_citation_to_copy_is_the_label_that_programs_get(terns: Engine) -> None:
    found = [each.citation for each in answer_body(terns.ask("terns", limit=20)).alternatives]
    found += [paged(), paged(**NAMED), paged(pages=(0,))]
    assert len(found) > 5
    for each in found:
        assert place_label(each, each.start, each.end, load_texts()) == each.label


def test_what_a_page_copies_is_in_the_readers_language(client: FlaskClient) -> None:
    page = client.get("/", query_string={"q": ANSWERED}, headers=in_language("de")).text
    [copied, *_] = map(html.unescape, re.findall(r'data-copied="([^"]*)"', page))
    title = "How well does the second treatment of tern fever work?"
    assert re.fullmatch(
        r"„In the trial of alcanor, [^“]*“\nAda Example, Ben Sample\. "
        rf"„{re.escape(title)}“\. Example House\. Abschnitt „[^“]*“\. Stand: 2021-05-11\. Zeichen \d+-\d+\.",
        copied,
    )


def test_a_page_has_no_english_of_ours_left(client: FlaskClient) -> None:
    english = {text for text in texts_of("en").values() if isinstance(text, str) and "{" not in text}
    same = {text for key, text in texts_of("en").items() if texts_of("de")[key] == text} | {
        load_texts()("language.name")
    }
    for address in (*PAGES, f"/?q={ANSWERED}", f"/?q={NOT_FOUND}"):
        words = {words for words, _ in Spoken(client.get(address, headers=in_language("de")).text).words}
        assert words & (english - same) == set(), address


def test_where_nothing_is_found_the_page_and_the_file_say_why_in_the_readers_language(client: FlaskClient) -> None:
    reason = "Ningún pasaje menciona «metformin»."
    assert reason in client.get("/", query_string={"q": NOT_FOUND}, headers=in_language("es")).text
    file = client.get("/conversation.md", query_string={"q": NOT_FOUND}, headers=in_language("es")).text
    assert reason in file
    assert file.startswith("# Conversación con pincite\n\nExportada el ")


def test_a_possible_answer_says_in_the_readers_language_what_it_lacks(unsure_engine: Engine) -> None:
    question = f"{ANSWERED[:-1]} on Thursdays?"
    page = client_of(unsure_engine).get("/", query_string={"q": question}, headers=in_language("de")).text
    assert "Das könnte Ihre Frage beantworten" in page
    assert "Die Textstelle erwähnt „Thursdays“ nicht." in page


@pytest.mark.parametrize(
    ("address", "title", "detail"),
    [
        ("/nowhere", "Nicht gefunden", "Unter dieser Adresse ist nichts zu finden."),
        ("/documents/none", "Unbekanntes Dokument", "Dieses Dokument gibt es hier nicht."),
        ("/passages/none", "Unbekannte Textstelle", "Diese Textstelle gibt es hier nicht."),
        ("/?q=", "Ungültige Anfrage", "Die Frage muss 1 bis 1.000 Zeichen haben."),
        ("/documents?from=spring", "Ungültige Anfrage", "Ein Datum ist ein Jahr, ein Monat oder ein Tag"),
        ("/documents?colour=red", "Ungültige Anfrage", "Das Feld „colour“ hat keinen gültigen Wert."),
        ("/feedback", "So nicht möglich", "Diese Adresse nimmt eine solche Anfrage nicht an."),
    ],
)
def test_a_failure_is_a_page_in_the_readers_language(
    client: FlaskClient, address: str, title: str, detail: str
) -> None:
    page = client.get(address, headers=in_language("de"))
    assert f"<h1>{title}</h1>" in page.text
    assert detail in page.text


def test_a_failure_that_has_no_words_of_its_own_says_what_its_status_means(engine: Engine, monkeypatch: Any) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LibraryBusyError(Path("library"))

    monkeypatch.setattr(type(engine), "ask", fail)
    page = client_of(engine).get(f"/?q={ANSWERED}", headers=in_language("es"))
    assert page.status_code == 503
    assert "<h1>No disponible ahora</h1>" in page.text


def test_an_empty_library_says_so_in_the_readers_language() -> None:
    nothing = Listing((), 0, None, None)
    empty: Any = SimpleNamespace(listing=lambda **_: nothing, examples=list, settings=Settings(), version="empty")
    page = client_of(empty).get("/", headers=in_language("es"))
    assert "La biblioteca aún no tiene documentos." in page.text


def test_thanks_for_feedback_are_in_the_readers_language(engine: Engine) -> None:
    asked = client_of(engine).get("/ask", query_string={"q": ANSWERED}).get_json()
    form = {"key": "0" * 32, "question": ANSWERED, "helpful": "yes", "comment": "", "passage": asked["passage"]["id"]}
    form["is"] = asked["citation"]["permalink"].partition("is=")[2]
    page = client_of(engine).post("/feedback", data=form, headers=in_language("de"))
    assert page.status_code == 201
    assert "Danke. Ihre Rückmeldung ist gespeichert." in page.text


# The widget


def test_the_widget_comes_with_the_texts_of_each_language_and_no_others_of_theirs(client: FlaskClient) -> None:
    source = client.get("/widget.js").text
    texts = json.loads(re.search(r"^const TEXTS = (.*?);", source, re.MULTILINE)[1])  # type: ignore[index]
    assert list(texts) == list(languages())
    assert texts["de"]["ask"] == {"button": "Fragen", "label": "Ihre Frage", "log": "Fragen und Antworten"}
    named = set(re.findall(r'text\("(\w+\.\w+)"', source))
    named |= {key for _, key in SURENESS}
    assert {key for key in named if key.partition(".")[2] not in texts["es"][key.partition(".")[0]]} == set()


def test_with_a_language_in_the_setting_the_widget_has_it_alone() -> None:
    source = client_of(library(language="de")).get("/widget.js").text
    assert '"Ihre Frage"' in source
    assert '"Your question"' not in source
