"""A library that is in a cluster with all that belongs to it, on a node that these tests start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event, Thread, Timer, current_thread
from typing import Any

import pytest
from nodes import PORT, Nodes, missing, own_folder, running
from test_questions import questions

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS, LibraryAddress
from qa.errors import ClusterUnreachableError, FeedbackUnwritableError, LibraryBusyError, LibraryNotFoundError
from qa.library import Source
from qa.library.cluster_library import ClusterLibrary
from qa.library.cluster_state import ClusterVectorWriter
from qa.library.cluster_store import ClusterStore, Manifest
from qa.model import Answer, Document, DocumentFilter, Judgement
from qa.readers.passages import whole
from qa.retrievers.cluster import Cluster
from qa.retrievers.waiting import seconds_left

TESTS = Path(__file__).resolve().parent.parent
TERNS = TESTS / "fixtures" / "terns"
MEDQUAD = TESTS.parent.parent / "shared" / "data" / "medquad"

pytestmark = [pytest.mark.cluster]
if missing() and "REQUIRE_CLUSTER" not in os.environ:
    pytestmark.append(pytest.mark.skip(reason=missing()))


@pytest.fixture(scope="module")
def node() -> Iterator[Nodes]:
    """A cluster of one node."""
    with own_folder() as folder, running(folder, nodes=1, port=PORT + 30) as nodes:
        yield nodes


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for caches of one machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches"


@pytest.fixture
def address(node: Nodes, request: pytest.FixtureRequest) -> LibraryAddress:
    """The address of a library of the test's own."""
    return LibraryAddress(f"{node.addresses[0]}/{request.node.name[:80].lower()}")


def settings_of(address: LibraryAddress, **more: Any) -> Settings:
    return Settings(library=address, **{"cluster_shards": 1, "meaning": "off", **more})


def asked(engine: Engine, given: Iterable[tuple[str, Sequence[str]]]) -> list[Answer]:
    """What an engine answers to some questions, each with those before it, but for the time that it took."""
    return [replace(engine.ask(question, history=history), took_ms=0.0) for question, history in given]


TERN_QUESTIONS = [
    ("Which fever does bevacor treat?", ()),
    ("hazard ratio of alcanor", ()),
    ("And its side effects?", ("hazard ratio of alcanor",)),
    ("Does metformin cure it?", ()),
    ("What is the frist treatment of tern fevr?", ()),
]


def indices(address: LibraryAddress) -> set[str]:
    """The names of the indices of a library in its cluster."""
    found = Cluster(Settings(cluster=(address.node,)))
    return set(found.call("GET", f"pincite-{address.library}*?filter_path=*.settings.index.uuid"))


def store_of(address: LibraryAddress) -> ClusterStore:
    return ClusterStore(address, Cluster(Settings(cluster=(address.node,))))


# The same answers


def test_the_shipped_corpus_answers_from_a_cluster_to_the_letter_as_from_a_folder(
    address: LibraryAddress, tmp_path: Path
) -> None:
    there = Engine.create(settings_of(address, meaning="on"))
    here = Engine.create(Settings(library=tmp_path / "here", engine="tantivy"))
    for each in (there, here):
        each.add([SHIPPED_CORPUS])
    there.encode()
    shutil.copy(SHIPPED_CORPUS / "vectors.sqlite3", tmp_path / "here")
    sets = [[(each.question, each.history) for each in questions(name)] for name in ("people", "corpus", "second-line")]
    given = [each for some in sets for each in some[:: max(1, len(some) // 60)]]
    assert len(given) > 150
    assert asked(Engine.open(there.settings), given) == asked(Engine.open(here.settings), given)
    assert_the_rest_is_the_same(Engine.open(there.settings), Engine.open(here.settings))
    assert there.check() == []


def assert_the_rest_is_the_same(there: Engine, here: Engine) -> None:
    """Assert that two libraries show the same documents, suggestions, explanations and lists."""
    entries = here.contents()
    assert there.contents() == entries
    assert there.contents(limit=3, start=2) == entries[2:5]
    assert there.publishers == here.publishers
    assert there.formats == here.formats
    for wanted in (DocumentFilter(), DocumentFilter(title="myeloma"), DocumentFilter(words="bone pain")):
        assert there.listing(wanted, limit=4) == here.listing(wanted, limit=4)
    some = entries[1].id
    assert there.document_with_passages(some) == here.document_with_passages(some)
    assert there.encoded_count == here.encoded_count
    passage = here.passages(some)[2].id
    for engine in (there, here):
        engine.examples()
    assert there.examples() == here.examples()
    assert there.related(passage) == here.related(passage)
    assert there.suggest("dose of len") == here.suggest("dose of len")
    assert there.suggest("dose", document=some) == here.suggest("dose", document=some)
    assert there.passage(passage) == here.passage(passage)
    asked_of = [replace(each.ask("Which dose is given?", document=some), took_ms=0.0) for each in (there, here)]
    assert asked_of[0] == asked_of[1]


def some_documents(count: int) -> list[Document]:
    with (MEDQUAD / "corpus.jsonl").open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in islice(lines, count)]
    return [Document(id=each["_id"], title=each["title"], text=each["text"], source="medquad") for each in found]


@pytest.mark.skipif(not MEDQUAD.is_dir(), reason="the questions of MedQuAD are not here")
def test_thousands_of_documents_answer_from_a_cluster_as_from_a_folder_also_after_a_change(
    address: LibraryAddress, tmp_path: Path
) -> None:
    there = Engine.create(settings_of(address, cluster_shards=2))
    here = Engine.create(Settings(library=tmp_path / "here", engine="tantivy", meaning="off"))
    documents = some_documents(1_500)
    with (MEDQUAD / "queries.jsonl").open(encoding="utf-8") as lines:
        given = [(json.loads(line)["text"], ()) for line in islice(lines, 0, 1_500, 10)]
    for each in (there, here):
        each._library.change(add=[Source(document.id, document, whole(document)) for document in documents])
    assert asked(there, given) == asked(here, given)
    for each in (there, here):
        each.remove([document.id for document in documents[5:300:7]])
    assert asked(there, given) == asked(here, given)


# One question


def test_a_question_asks_the_cluster_three_times_at_most(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address, meaning="on"))
    library.add([TERNS])
    library.encode()
    library.warm()
    trips: list[str] = []
    ask = Cluster._asked

    def counted(self: Cluster, request: Any, limit: float) -> Any:
        trips.append(request.path)
        return ask(self, request, limit)

    monkeypatch.setattr(Cluster, "_asked", counted)
    most = 0
    for question, _ in TERN_QUESTIONS:
        library._library.snapshot()._documents._found.clear()
        library._library.snapshot()._state._works._found.clear()  # type: ignore[attr-defined]
        trips.clear()
        library.ask(question)
        most = max(most, sum(not path.startswith(f"pincite-{address.library}/") for path in trips))
    assert 2 <= most <= 3


def test_the_manifest_is_read_in_the_time_of_a_question_and_a_new_version_is_loaded_beside_it(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    took: list[tuple[str, bool]] = []
    manifest, large = ClusterStore.manifest, ClusterStore.read_large

    def read(self: ClusterStore) -> Manifest:
        took.append(("manifest", seconds_left(60.0) < 60.0))
        return manifest(self)

    def loaded(self: ClusterStore, ids: Sequence[str]) -> bytes:
        took.append(("tables", seconds_left(60.0) < 60.0))
        return large(self, ids)

    monkeypatch.setattr(ClusterStore, "manifest", read)
    monkeypatch.setattr(ClusterStore, "read_large", loaded)
    judgement = Judgement(question="Which fever?", helpful=True, passage_id=None, key="0" * 32)
    for name in ("ask", "search"):
        took.clear()
        getattr(Engine.create(library.settings), name)("Which fever?")
        assert dict(took) == {"manifest": True, "tables": False}
    took.clear()
    with pytest.raises(FeedbackUnwritableError):
        Engine.create(library.settings).judge(judgement)
    assert dict(took) == {"manifest": True, "tables": False}


def test_what_is_asked_for_by_ids_comes_in_several_replies(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(address)
    store.make_indices()
    blobs = {f"000001-{number}": str(number).encode() for number in range(1_100)}
    store.write_blobs("000001", blobs.items())
    sizes: list[int] = []
    told = ClusterStore._told

    def counted(self: ClusterStore, index: str, ids: Sequence[str], **more: Any) -> Any:
        sizes.append(len(ids))
        return told(self, index, ids, **more)

    monkeypatch.setattr(ClusterStore, "_told", counted)
    assert store.read_blobs([*blobs, "000001-0"]) == blobs
    assert (sum(sizes), max(sizes)) == (1_100, 64)
    sizes.clear()
    assert set(store.read(store.blobs, [*blobs, "unknown"])) == set(blobs)
    assert sizes == [500, 500, 101]


def test_asking_leaves_nothing_on_the_disk(address: LibraryAddress, tmp_path: Path) -> None:
    Engine.create(settings_of(address)).add([TERNS])
    places = {name: tmp_path / name for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")}
    for place in places.values():
        place.mkdir()
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}, "PINCITE_MEANING": "off"}
    main = "from web.command import main; main()"
    command = [sys.executable, "-c", main, "ask", "Which fever does bevacor treat?", "--library", str(address)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert "bevacor" in ran.stdout.lower()
    assert [path for place in places.values() for path in place.rglob("*")] == []


def test_feedback_is_refused_until_a_file_is_named(address: LibraryAddress, tmp_path: Path) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    judgement = Judgement(question="Which fever does bevacor treat?", helpful=True, passage_id=None, key="0" * 32)
    with pytest.raises(FeedbackUnwritableError, match="a library in a cluster has no place for it"):
        library.judge(judgement)
    named = Engine.open(settings_of(address, feedback=tmp_path / "feedback.sqlite3"))
    assert named.judge(judgement).helpful


# Vectors


def test_others_are_told_of_vectors_only_where_some_were_added_or_deleted(address: LibraryAddress) -> None:
    library = Engine.create(settings_of(address, meaning="on"))
    library.add([TERNS])
    store = store_of(address)
    assert library.encode() == 0
    first = store.manifest().vectors
    assert first != 0
    assert library.encode() == 0
    assert store.manifest().vectors == first
    library.remove(["spotting"])
    assert library.encode() == 0
    assert store.manifest().vectors not in (0, first)


def test_vectors_that_a_failed_encoding_could_not_tell_of_are_told_of_by_the_next(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address, meaning="on"))
    library.add([TERNS])
    store, tell = store_of(address), ClusterStore.tell_vectors

    def lost(self: ClusterStore, *, are_all: bool) -> None:
        if are_all:
            raise ClusterUnreachableError("http://127.0.0.1:9399", reason="it gave no answer")
        tell(self, are_all=are_all)

    with monkeypatch.context() as patched:
        patched.setattr(ClusterStore, "tell_vectors", lost)
        with pytest.raises(KeyboardInterrupt):
            library.encode(on_passages=interrupted)
    before = store.manifest().vectors
    assert library.encode() == 0
    assert store.manifest().vectors != before


def interrupted(done: int, _: int) -> None:
    if done:
        raise KeyboardInterrupt


# Changes


def test_a_change_is_seen_elsewhere_a_second_later_and_what_was_read_before_can_still_be_read(
    address: LibraryAddress,
) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    elsewhere = Engine.open(settings_of(address))
    before = elsewhere._library.snapshot()
    library.remove(["spotting"])
    time.sleep(1.1)
    assert [each.id for each in elsewhere.contents()] == [each.id for each in library.contents()]
    assert "spotting" not in {each.id for each in elsewhere.contents()}
    assert elsewhere.version == library.version != before.name
    assert before.document("spotting").title == "Spotting terns"
    assert before.passages_of("spotting")


def test_a_change_gives_its_own_state_also_while_another_thread_reads_the_one_before(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address))._library
    library.change(add=[one_document("gulls")])
    read, has_read, goes_on = ClusterStore.manifest, Event(), Event()

    def slow(self: ClusterStore) -> Manifest:
        found = read(self)
        if current_thread() is reading:
            has_read.set()
            goes_on.wait(20)
        return found

    def freed(self: ClusterStore, manifest: Manifest, before: Manifest | None) -> None:
        commit(self, manifest, before)
        Timer(0.5, goes_on.set).start()

    reading, commit = Thread(target=library.snapshot), ClusterStore.commit
    monkeypatch.setattr(ClusterStore, "manifest", slow)
    monkeypatch.setattr(ClusterStore, "commit", freed)
    time.sleep(1.1)
    reading.start()
    assert has_read.wait(20)
    assert library.change(add=[one_document("terns")]).has_document("terns")
    reading.join()
    assert library.snapshot().has_document("terns")


def test_another_machine_changes_it_and_the_first_goes_on_from_there(
    address: LibraryAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Engine.create(settings_of(address))
    here = Engine.create(Settings(library=tmp_path / "here", engine="tantivy", meaning="off"))
    (tmp_path / "gulls.md").write_text("# Gulls\n\nGulls steal fish from terns, says the second treatment (AB).\n")
    first.add([TERNS])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches of another"))
    Engine.open(settings_of(address)).remove(["hostile"])
    assert Engine.create(settings_of(address)).add([TERNS]).added == ("hostile",)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    first.add([tmp_path / "gulls.md"])
    first.remove(["spotting"])
    here.add([TERNS, tmp_path / "gulls.md"])
    here.remove(["spotting"])
    given = [*TERN_QUESTIONS, ("What do gulls steal?", ())]
    assert asked(first, given) == asked(here, given)
    assert first.check() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from qa import Engine, Settings
from qa.library.cluster_store import ClusterStore

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

ClusterStore.commit = killed
Engine.create(Settings(library=sys.argv[1], meaning="off")).add([Path(sys.argv[2])])
"""


def test_a_killed_indexing_leaves_the_version_before_and_what_it_made_goes_with_the_next(
    address: LibraryAddress, tmp_path: Path
) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    right, version = asked(library, TERN_QUESTIONS), library.version
    (tmp_path / "more.md").write_text("# Gulls\n\nGulls steal fish from terns.\n")
    first = indices(address)
    command = [sys.executable, "-c", KILLED, str(address), str(tmp_path / "more.md")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    [orphan] = indices(address) - first
    after = Engine.open(settings_of(address))
    assert (asked(after, TERN_QUESTIONS), after.version) == (right, version)
    library.add([tmp_path / "more.md"])
    assert orphan not in indices(address)
    store = store_of(address)
    store.refresh(store.blobs)
    kept = {name for name, _ in store.scan(store.blobs, by="name", query={"match_all": {}}, source=["of"])}
    manifest = store.whole_manifest()
    named = {
        *manifest.reading,
        *manifest.writing,
        *manifest.speller,
        *(b for s in manifest.superseded for b in s.blobs),
    }
    state: Any = library._library.snapshot()._state
    assert kept == named | {blob for (blob,) in state._select("SELECT blob FROM kept")}
    assert library.check() == []


def test_of_two_who_write_one_is_refused(address: LibraryAddress) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    other = Engine.open(settings_of(address))

    def meanwhile() -> Iterator[Source]:
        with pytest.raises(LibraryBusyError, match="Another process is changing the library in http"):
            other.remove(["spotting"])
        yield Source("gulls", Document(id="gulls", title="Gulls", text="Gulls steal fish.", source="gulls"))

    library._library.change(add=meanwhile())
    assert {"gulls", "spotting"} <= {each.id for each in library.contents()}
    other.remove(["spotting"])
    assert library.check() == []


def test_a_change_that_another_has_overtaken_is_refused_and_leaves_the_other_ones(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    commit = ClusterStore.commit

    def overtaken(self: ClusterStore, manifest: Manifest, before: Manifest | None) -> None:
        monkeypatch.setattr(ClusterStore, "commit", commit)
        self.commit(self.whole_manifest(), self.whole_manifest())
        commit(self, manifest, before)

    version = library.version
    monkeypatch.setattr(ClusterStore, "commit", overtaken)
    with pytest.raises(LibraryBusyError):
        library.remove(["spotting"])
    assert Engine.open(settings_of(address)).version == version
    library.remove(["spotting"])
    assert library.check() == []


def one_document(name: str) -> Source:
    """A document of its own, about gulls."""
    return Source(name, Document(id=name, title="Gulls", text="Gulls steal fish.", source="gulls"))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("error", [LibraryBusyError, KeyboardInterrupt])
def test_a_writer_whose_lease_another_has_taken_neither_commits_nor_deletes_what_the_other_wrote(
    node: Nodes, is_first: bool, error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = LibraryAddress(f"{node.addresses[0]}/taken-{is_first}-{error.__name__}".lower())
    library, other = Engine.create(settings_of(address)), Engine.create(settings_of(address))._library
    assert isinstance(other, ClusterLibrary)
    if not is_first:
        library.add([TERNS])
    store, write_large = store_of(address), ClusterStore.write_large
    part = "000009-part"

    with ExitStack() as stack:
        working = []

        def taken(self: ClusterStore, version: str, name: str, packed: bytes) -> tuple[str, ...]:
            ids = write_large(self, version, name, packed)
            if name == "speller":  # the last one before the manifest
                monkeypatch.undo()
                monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches of another"))
                monkeypatch.setattr("qa.library.cluster_store._has_ended", lambda *_: True)
                working.append(stack.enter_context(other._working()))
                store.write_blobs("000009", [(part, b"of the other")])
                if error is KeyboardInterrupt:
                    raise KeyboardInterrupt
            return ids

        monkeypatch.setattr(ClusterStore, "write_large", taken)
        with pytest.raises(error):
            library._library.change(add=[one_document("late")])
        assert store.read_blobs([part]) == {part: b"of the other"}
        working[0].change(add=[one_document("gulls")])
    after = Engine.open(settings_of(address))
    assert {"late", "gulls"} & {each.id for each in after.contents()} == {"gulls"}
    assert after.check() == []


@pytest.mark.parametrize("place", ["_BOOT", "_NAMESPACE"])
def test_a_writer_whose_process_cannot_be_seen_from_here_keeps_others_out(
    node: Nodes, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = LibraryAddress(f"{node.addresses[0]}/unseen{place}".lower())
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    command = [sys.executable, "-c", KILLED, str(address), str(tmp_path / "more.md")]
    (tmp_path / "more.md").write_text("# Gulls\n\nGulls steal fish from terns.\n")
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    other = tmp_path / "other"
    if place == "_BOOT":
        other.write_text("00000000-0000-0000-0000-000000000000\n", encoding="ascii")
    else:
        other.symlink_to("pid:[1]")
    with monkeypatch.context() as patched:
        patched.setattr(f"qa.library.cluster_store.{place}", other)
        with pytest.raises(LibraryBusyError):
            library.remove(["spotting"])
    library.remove(["spotting"])


def test_a_failed_change_leaves_nothing_behind(address: LibraryAddress) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    before = indices(address)

    def broken() -> Iterator[Source]:
        yield Source("gulls", Document(id="gulls", title="Gulls", text="Gulls steal fish.", source="gulls"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library._library.change(add=broken())
    assert indices(address) == before
    assert library.check() == []


def test_a_version_that_goes_while_it_is_checked_or_encoded_is_not_called_damaged(
    address: LibraryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Engine.create(settings_of(address, meaning="on"))
    library.add([TERNS])
    elsewhere = [Engine.open(library.settings)._library.snapshot() for _ in range(2)]
    monkeypatch.setattr("qa.library.cluster_store._GRACE", 0.0)
    library.remove(["spotting"])
    library.remove(["hostile"])
    encoder = library._encoder()
    assert encoder is not None
    writer = ClusterVectorWriter(store_of(address), encoder)
    with pytest.raises(LibraryBusyError, match=r"was changed meanwhile\.$"):
        elsewhere[0].problems()
    with pytest.raises(LibraryBusyError, match=r"was changed meanwhile\.$"):
        elsewhere[1].encode(encoder, writer, on_passages=lambda *_: None, should_stop=lambda: False)
    assert library.check() == []


def test_damage_in_the_cluster_is_found(address: LibraryAddress) -> None:
    library = Engine.create(settings_of(address))
    library.add([TERNS])
    store = store_of(address)
    state: Any = library._library.snapshot()._state
    [(blob,)] = state._select("SELECT blob FROM kept JOIN documents ON document = number WHERE id = 'spotting'")
    [(other,)] = state._select("SELECT blob FROM kept JOIN documents ON document = number WHERE id = 'hostile'")
    store.write_blobs("000001", store.read_blobs([other]).items())
    assert library.check() == []
    store.write_blobs("000001", [(blob, store.read_blobs([other])[other])])
    assert library.check() == [
        f"The library in {address} is damaged: its document spotting cannot be read (its digest is another)."
    ]


def test_a_wrong_name_or_address_says_what_to_do(node: Nodes) -> None:
    with pytest.raises(LibraryNotFoundError) as found:
        Engine.open(settings_of(LibraryAddress(f"{node.addresses[0]}/terms")))
    assert found.value.message == f"There is no library in {node.addresses[0]}/terms."
    assert found.value.hint == f"Make one with: pincite index YOUR_DOCUMENTS --library {node.addresses[0]}/terms"
    with pytest.raises(ClusterUnreachableError, match=r"does not answer at http://127.0.0.1:9399"):
        Engine.open(settings_of(LibraryAddress("http://127.0.0.1:9399/terns"), cluster_timeout=1))


def test_nothing_is_made_under_a_wrong_name(address: LibraryAddress) -> None:
    with pytest.raises(LibraryNotFoundError):
        Engine.create(settings_of(address)).remove(["spotting"])
    with pytest.raises(LibraryNotFoundError):
        Engine.create(settings_of(address, meaning="on")).encode()
    assert indices(address) == set()


def test_a_library_is_found_by_any_of_its_nodes(address: LibraryAddress) -> None:
    Engine.create(settings_of(address)).add([TERNS])
    elsewhere = LibraryAddress(f"http://127.0.0.1:9399/{address.library}")
    engine = Engine.open(settings_of(elsewhere, cluster=(address.node,)))
    assert isinstance(engine._library, ClusterLibrary)
    assert engine.document_count == 4
