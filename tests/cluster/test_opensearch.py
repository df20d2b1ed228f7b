"""A library's index in a cluster of OpenSearch, on nodes that these tests start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpora import a_corpus, some_questions
from forbidding import forbidding
from hypothesis import HealthCheck, given, settings
from nodes import PORT, Nodes, missing, own_folder, running
from retriever_contract import BIRDS, CHANGES, PASSAGES, RetrieverContract, asking
from security import PASSWORD, USER, make_certificates

from qa import Engine, Settings
from qa.errors import (
    ClusterAccessError,
    ClusterIncompleteError,
    ClusterUnreachableError,
    ClusterUntrustedError,
    DamagedLibraryError,
    IndexFormatError,
    SettingError,
)
from qa.model import Answer, Candidate
from qa.retrievers import files
from qa.retrievers.cluster import Cluster
from qa.retrievers.large import TantivyRetriever
from qa.retrievers.opensearch import OpenSearchEngine
from qa.text.analysis import terms
from web.app import create_app

TESTS = Path(__file__).resolve().parent.parent
TERNS = TESTS / "fixtures" / "terns"
MEDQUAD = TESTS.parent.parent / "shared" / "data" / "medquad"
QUESTIONS = 2_000

pytestmark = [pytest.mark.cluster]
if missing() and "REQUIRE_CLUSTER" not in os.environ:
    pytestmark.append(pytest.mark.skip(reason=missing()))


@pytest.fixture(scope="module")
def node() -> Iterator[Nodes]:
    """A cluster of one node."""
    with own_folder() as folder, running(folder, nodes=1, port=PORT) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def engine(node: Nodes) -> OpenSearchEngine:
    return OpenSearchEngine(Settings(cluster=node.addresses, cluster_shards=1))


def indices(engine: OpenSearchEngine) -> set[str]:
    """The names of the indices of pincite in a cluster."""
    return set(engine.cluster.call("GET", "pincite-*?filter_path=*.settings.index.uuid"))


# As a retriever


class TestOpenSearchRetriever(RetrieverContract):
    precision = 1e-6

    @pytest.fixture(autouse=True)
    def in_cluster(self, engine: OpenSearchEngine) -> None:
        type(self).retriever_class = engine

    @settings(deadline=None, max_examples=5, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(first=PASSAGES, changes=CHANGES)
    def test_after_any_changes_it_answers_as_an_index_of_what_is_left(
        self, first: dict[str, list[str]], changes: list[tuple[set[str], dict[str, list[str]]]]
    ) -> None:
        self.change_and_compare(first, changes)


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def assert_same_order(found: Sequence[Candidate], right: Sequence[Candidate]) -> None:
    """Assert that two rankings are the same; scores of 32 bits may differ in the last digits."""
    assert [each.passage_id for each in found] == [each.passage_id for each in right]
    assert [each.score for each in found] == pytest.approx([each.score for each in right], rel=2e-6, abs=1e-7)


@pytest.mark.skipif(not MEDQUAD.is_dir(), reason="the questions of MedQuAD are not here")
def test_over_several_shards_it_ranks_as_the_large_retriever_does(node: Nodes) -> None:
    corpus = sorted(
        (each["_id"], terms(f"{each['title']}\n{each['text']}")) for each in lines(MEDQUAD / "corpus.jsonl")
    )
    queries = lines(MEDQUAD / "queries.jsonl")
    found = OpenSearchEngine(Settings(cluster=node.addresses, cluster_shards=3)).build(corpus)
    right = TantivyRetriever.build(corpus)
    for query in queries[:: len(queries) // QUESTIONS][:QUESTIONS]:
        asked = asking(terms(query["text"]))
        assert_same_order(found.search(asked, limit=50), right.search(asked, limit=50))


def test_a_changed_index_ranks_as_the_large_retriever_does_over_what_is_left(node: Nodes) -> None:
    corpus = a_corpus(2_000)
    first = OpenSearchEngine(Settings(cluster=node.addresses, cluster_shards=3)).build(corpus)
    removed, added = (
        [passage_id for passage_id, _ in corpus[::7]],
        [(f"q{n:05}", held[::-1]) for n, held in corpus[:50]],
    )
    left = sorted([*(each for number, each in enumerate(corpus) if number % 7), *added])
    found, right = first.changed(removed=removed, added=added), TantivyRetriever.build(left)
    assert found.passage_count == len(left)
    for question in some_questions(60):
        assert_same_order(found.search(asking(question), limit=30), right.search(asking(question), limit=30))
        assert found.document_frequencies(question) == right.document_frequencies(question)


@pytest.mark.parametrize("words", [["_clone"], ["_forcemerge"], ["_clone", "_flush", "_close"]])
def test_where_a_service_forbids_to_clone_or_merge_a_changed_index_is_written_anew(
    node: Nodes, engine: OpenSearchEngine, tmp_path: Path, words: list[str]
) -> None:
    corpus, before = a_corpus(600), indices(engine)
    removed, added = [f"p{n:05}" for n in range(0, 600, 7)], [(f"p{n:05}", ["w1"]) for n in (1, 2, 900)]
    changed = {key: held for key, held in corpus if key not in removed} | dict(added)
    with forbidding(words, node.addresses[0]) as address:
        there = OpenSearchEngine(Settings(cluster=(address,), cluster_shards=2))
        built = there.build(corpus, folder=made(tmp_path / "built"))
        found = built.changed(removed=removed, added=added, folder=made(tmp_path / "changed"))
        for retriever, right in ((built, corpus), (found, sorted(changed.items()))):
            large = TantivyRetriever.build(right)
            assert retriever.holding([]) == [passage_id for passage_id, _ in right]
            for question in some_questions(20):
                assert_same_order(
                    retriever.search(asking(question), limit=30), large.search(asking(question), limit=30)
                )
        assert len(indices(engine) - before) == 2
        for folder in ("built", "changed"):
            there.forget(tmp_path / folder)
    assert indices(engine) == before


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_more_hits_than_one_answer_has_come_in_order(engine: OpenSearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever = engine.build(a_corpus(300))
    asked = asking({"w1": 1.0, "w2": 0.5})
    whole = retriever.search(asked, limit=250)
    monkeypatch.setattr("qa.retrievers.opensearch._AT_ONCE", 40)
    assert retriever.search(asked, limit=250) == whole
    assert retriever.holding([]) == [passage_id for passage_id, _ in a_corpus(300)]


def test_an_index_that_is_not_kept_goes_with_its_retriever(engine: OpenSearchEngine) -> None:
    before = indices(engine)
    retriever = engine.build(BIRDS)
    assert len(indices(engine)) == len(before) + 1
    del retriever
    assert indices(engine) == before


def test_an_index_that_cannot_be_finished_goes_at_once(engine: OpenSearchEngine, tmp_path: Path) -> None:
    before = indices(engine)
    with pytest.raises(ValueError, match="comes behind"):
        engine.build(iter([("b", ["tern"]), ("a", ["tern"])]), folder=tmp_path)
    assert indices(engine) == before


def test_an_index_of_another_version_or_another_index_or_none_is_refused(
    engine: OpenSearchEngine, tmp_path: Path
) -> None:
    kept = engine.build(BIRDS, folder=tmp_path)
    of_another = files.read_json(tmp_path / files.ELSEWHERE) | {"format": "0"}
    written_over(tmp_path, of_another)
    with pytest.raises(IndexFormatError, match="format of the cluster 0"):
        engine.load(tmp_path)
    written_over(tmp_path, of_another | {"format": "1", "terms": 13})
    with pytest.raises(DamagedLibraryError, match="is another one"):
        engine.load(tmp_path)
    engine.forget(tmp_path)
    with pytest.raises(DamagedLibraryError, match="its index is not in the cluster"):
        kept.search(asking(["tern"]), limit=1)


def written_over(folder: Path, value: Any) -> None:
    files.write_json(folder / files.ELSEWHERE, value)
    files.seal(folder, [files.ELSEWHERE])


# As a library


def settings_of(node: Nodes, folder: Path, **more: Any) -> Settings:
    return Settings(
        library=folder, engine="opensearch", cluster=node.addresses, cluster_shards=1, meaning="off", **more
    )


def answers(engine: Engine) -> list[Answer]:
    """What an engine answers to some questions, but for the time that it took."""
    questions = ["Which fever does bevacor treat?", "hazard ratio of alcanor", "Does metformin cure it?", "tern"]
    return [replace(engine.ask(question), took_ms=0.0) for question in questions]


def test_a_library_answers_as_one_whose_index_is_beside_it(node: Nodes, tmp_path: Path) -> None:
    there, here = (
        settings_of(node, tmp_path / "there"),
        Settings(library=tmp_path / "here", engine="tantivy", meaning="off"),
    )
    for each in (there, here):
        Engine.create(each).add([TERNS])
    assert answers(Engine.open(there)) == pytest.approx(answers(Engine.open(here)))
    assert Engine.open(there).check() == []
    with pytest.raises(SettingError, match="cluster is needed"):
        Engine.open(replace(there, cluster=()))


def test_a_question_asks_the_cluster_few_times(node: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Engine.create(settings_of(node, tmp_path)).add([TERNS])
    requests: list[str] = []
    ask = Cluster._asked

    def counted(self: Cluster, request: Any, wait: float | None = None) -> Any:
        requests.append(request.path)
        return ask(self, request, wait)

    monkeypatch.setattr(Cluster, "_asked", counted)
    for question in ("Which fever does bevacor treat?", "How long does it take until alcanor lowers the fever again?"):
        library = Engine.open(settings_of(node, tmp_path))
        library.ask("What nests on quiet shores?")
        requests.clear()
        library.ask(question)
        assert 1 <= len(requests) <= 3


def test_after_a_change_the_index_before_stays_for_one_change_more(
    node: Nodes, engine: OpenSearchEngine, tmp_path: Path
) -> None:
    before = indices(engine)
    library = Engine.create(settings_of(node, tmp_path))
    library.add([TERNS])
    other_process = Engine.open(settings_of(node, tmp_path))
    [first] = indices(engine) - before
    ids = [entry.id for entry in library.contents()]
    library.remove(ids[:1])
    assert first in indices(engine)
    assert other_process.passage_count == library.passage_count
    library.remove(ids[1:2])
    assert first not in indices(engine)
    assert len(indices(engine) - before) == 2
    assert other_process.check() == []


KILLED = """
import os, signal, sys
from pathlib import Path
from qa import Engine, Settings
from qa.retrievers.cluster import Cluster

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

Cluster.write = killed
settings = Settings(library=Path(sys.argv[1]), engine="opensearch", cluster=sys.argv[3], meaning="off")
Engine.create(settings).add([Path(sys.argv[2])])
"""


def test_a_killed_indexing_leaves_the_version_before_and_what_it_made_goes_later(
    node: Nodes, engine: OpenSearchEngine, tmp_path: Path
) -> None:
    before = indices(engine)
    library = Engine.create(settings_of(node, tmp_path / "library"))
    library.add([TERNS])
    first, right = indices(engine), answers(library)
    (tmp_path / "more.md").write_text("# Gulls\n\nGulls steal fish from terns.\n")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "library"), str(tmp_path / "more.md"), *node.addresses]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    [orphan] = indices(engine) - first
    assert answers(Engine.open(settings_of(node, tmp_path / "library"))) == right
    library.add([tmp_path / "more.md"])
    assert orphan not in indices(engine)
    assert len(indices(engine) - before) == 2
    assert library.check() == []


def test_a_copy_of_a_library_has_an_index_of_its_own(node: Nodes, tmp_path: Path) -> None:
    library = Engine.create(settings_of(node, tmp_path / "library"))
    library.add([TERNS])
    right = answers(library)
    library.backup(tmp_path / "copy")
    for entry in library.contents()[:2]:
        library.remove([entry.id])
    copy = Engine.open(settings_of(node, tmp_path / "copy"))
    assert answers(copy) == right
    assert copy.check() == []


def test_a_library_may_leave_its_cluster(node: Nodes, engine: OpenSearchEngine, tmp_path: Path) -> None:
    before = indices(engine)
    library = Engine.create(settings_of(node, tmp_path))
    library.add([TERNS])
    right = answers(library)
    here = Engine.create(replace(settings_of(node, tmp_path), engine="tantivy"))
    here.add([TERNS])
    here.remove([here.contents()[0].id])
    here.add([TERNS])
    assert answers(here) == pytest.approx(right)
    assert len(indices(engine) - before) <= 1


def test_a_service_says_that_its_cluster_does_not_answer_and_when_it_does_again(node: Nodes, tmp_path: Path) -> None:
    engine = Engine.create(settings_of(node, tmp_path, cluster_timeout=1))
    engine.add([TERNS])
    client = create_app(engine).test_client()
    assert client.get("/readyz").json == {"status": "ready", "documents": engine.document_count}
    node[0].send(signal.SIGSTOP)
    try:
        wait_for(lambda: client.get("/readyz").status_code == 503)
        for answer in (client.get("/readyz"), client.post("/ask", json={"question": "Did fever end?"})):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert answer.json is not None
            assert answer.json["title"] == "Cluster unreachable"
    finally:
        node[0].send(signal.SIGCONT)
    wait_for(lambda: client.get("/readyz").status_code == 200)


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it does not come to hold")


# Users and TLS


@pytest.fixture
def secured() -> Iterator[tuple[Nodes, Path]]:
    """A node that speaks TLS and knows one user, and the folder of the certificates."""
    with own_folder() as folder:
        certificates = folder / "certificates"
        make_certificates(certificates, "node")
        with running(folder, nodes=1, port=PORT + 10, certificates=certificates) as nodes:
            yield nodes, certificates


def test_a_user_with_a_password_asks_by_tls_and_no_one_else(secured: tuple[Nodes, Path], tmp_path: Path) -> None:
    nodes, certificates = secured
    (tmp_path / "right").write_text(PASSWORD)
    (tmp_path / "wrong").write_text("a gull")
    trusted = Settings(
        cluster=nodes.secure_addresses,
        cluster_ca=certificates / "ca.pem",
        cluster_user=USER,
        cluster_password_file=tmp_path / "right",
    )
    wait_for_users(OpenSearchEngine(trusted), nodes)
    retriever = OpenSearchEngine(trusted).build(BIRDS, folder=tmp_path)
    assert [each.passage_id for each in retriever.search(asking(["tern"]), limit=9)] == ["p1", "p2"]
    changed = retriever.changed(removed=["p1"], added=())
    assert changed.holding(["tern"]) == ["p2"]
    with pytest.raises(ClusterAccessError, match="does not know this user or password"):
        OpenSearchEngine(replace(trusted, cluster_password_file=tmp_path / "wrong")).load(tmp_path)
    with pytest.raises(ClusterAccessError, match="does not know this user or password"):
        OpenSearchEngine(replace(trusted, cluster_user=None)).load(tmp_path)
    make_certificates(tmp_path / "others", "node")
    for other in (tmp_path / "others" / "ca.pem", None):
        with pytest.raises(ClusterUntrustedError, match="is not trusted"):
            OpenSearchEngine(replace(trusted, cluster_ca=other)).load(tmp_path)
    with pytest.raises(ClusterUnreachableError):
        OpenSearchEngine(replace(trusted, cluster=nodes.addresses, cluster_timeout=1)).load(tmp_path)


def wait_for_users(engine: OpenSearchEngine, nodes: Nodes) -> None:
    """Wait until the node knows its users."""
    for _ in range(300):
        try:
            engine.cluster.call("GET", "_cluster/health", wait=2)
        except (ClusterUnreachableError, ClusterIncompleteError, ClusterAccessError):
            if nodes[0].has_ended:
                break
            time.sleep(0.3)
        else:
            return
    raise AssertionError(nodes[0].log)
