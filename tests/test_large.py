"""The retriever for large libraries: the contract, and that it ranks as the default one does."""

from __future__ import annotations

import gc
import json
import resource
import threading
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
from retriever_contract import BIRDS, RetrieverContract, asking, random_corpus

from qa.errors import DamagedLibraryError
from qa.model import Candidate
from qa.retrievers import OkapiRetriever, files, large
from qa.retrievers.large import TantivyRetriever
from qa.text.analysis import terms

MEDQUAD = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "medquad"


class TestTantivyRetriever(RetrieverContract):
    retriever_class = TantivyRetriever
    precision = 1e-6


def long_corpus(seed: int, size: int) -> list[tuple[str, tuple[str, ...]]]:
    """Passages of up to 290 words, longer than those whose length is kept as it is."""
    short = dict(random_corpus(seed, size * 10))
    parts = iter(short.values())
    return [(f"p{number:04}", tuple(term for part in islice(parts, 10) for term in part)) for number in range(size)]


def assert_alike(found: Sequence[Candidate], right: Sequence[Candidate], *, by: float) -> None:
    """Assert that two rankings are of the same passages, with scores that differ by no more than this share."""
    scores = {each.passage_id: each.score for each in right}
    assert {each.passage_id: each.score for each in found} == pytest.approx(scores, rel=by, abs=0)


def test_scores_are_those_of_the_default_retriever_where_lengths_are_kept_as_they_are() -> None:
    corpus, query = random_corpus(20), asking({"w1": 1.0, "w2": 0.3, "w5": 0.7})
    found = TantivyRetriever.build(corpus).search(query, limit=999)
    right = OkapiRetriever.build(corpus).search(query, limit=999)
    assert_alike(found, right, by=1e-6)


def test_scores_of_long_passages_are_near_those_of_the_default_retriever() -> None:
    corpus, query = long_corpus(21, 100), asking({"w1": 1.0, "w2": 0.3})
    retriever = TantivyRetriever.build(corpus)
    assert_alike(retriever.search(query, limit=999), OkapiRetriever.build(corpus).search(query, limit=999), by=0.03)
    for passage_id, held in corpus:
        for part in retriever.explain(query, passage_id):
            assert part.length == pytest.approx(len(held), rel=0.06)
            assert part.frequency == held.count(part.term)


@pytest.mark.parametrize(
    "is_removed", [lambda held: len(held) > 150, lambda held: len(held) < 150], ids=["long", "short"]
)
def test_what_was_removed_weighs_nothing_and_costs_no_more_to_find(
    is_removed: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(is_removed)
    corpus, query = long_corpus(22, 200), asking({"w1": 1.0, "w2": 0.3})
    removed = [passage_id for passage_id, held in corpus if is_removed(held)]
    left = [(passage_id, held) for passage_id, held in corpus if not is_removed(held)]
    assert len(removed) > 40 < len(left)
    changed, built = TantivyRetriever.build(corpus).changed(removed=removed, added=()), TantivyRetriever.build(left)
    monkeypatch.setattr(TantivyRetriever, "_parts", None)  # which scores anew
    assert_alike(changed.search(query, limit=999), built.search(query, limit=999), by=1e-4)
    assert changed.passage_count == len(left)
    assert changed.holding([]) == [passage_id for passage_id, _ in left]
    assert changed.document_frequency("w1") == built.document_frequency("w1")


def test_many_changes_on_end_leave_what_one_building_makes(tmp_path: Path) -> None:
    corpus, query = dict(long_corpus(23, 120)), asking({"w1": 1.0, "w2": 0.3})
    others = dict(long_corpus(24, 120))
    retriever = TantivyRetriever.build(sorted(corpus.items()), folder=made(tmp_path / "first"))
    for number in range(0, 60, 3):
        ids = [f"p{each:04}" for each in range(number, number + 3)]
        corpus |= {each: others[each] for each in ids[1:]}
        del corpus[ids[0]]
        added = [(each, others[each]) for each in ids[1:]]
        retriever = retriever.changed(removed=ids[:1], added=added, folder=made(tmp_path / f"{number}"))
    built = TantivyRetriever.build(sorted(corpus.items()))
    loaded = TantivyRetriever.load(tmp_path / "57")
    for each in (retriever, loaded):
        assert each.passage_count == built.passage_count == 100
        assert_alike(each.search(query, limit=999), built.search(query, limit=999), by=1e-4)
        assert each.holding(["w1", "w3"]) == built.holding(["w1", "w3"])


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_change_shares_the_files_that_it_leaves_alone(tmp_path: Path) -> None:
    retriever = TantivyRetriever.build(random_corpus(25), folder=made(tmp_path / "old"))
    retriever.changed(removed=["p0003"], added=[("p0003", ("tern",))], folder=made(tmp_path / "new"))
    old = {path.name: path.stat().st_ino for path in (tmp_path / "old").iterdir()}
    segments = {name for name in old if name.endswith((".idx", ".term", ".store", ".fast", ".fieldnorm"))}
    assert len(segments) == 5
    for name in segments:
        assert (tmp_path / "new" / name).stat().st_ino == old[name]


def test_a_change_copies_the_files_where_none_can_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    query = asking(["w1"])
    retriever = TantivyRetriever.build(random_corpus(25), folder=made(tmp_path / "old"))
    retriever.changed(removed=["p0003"], added=(), folder=made(tmp_path / "new"))
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "new").iterdir())
    assert "p0003" not in TantivyRetriever.load(tmp_path / "new").holding([])
    assert TantivyRetriever.load(tmp_path / "old").search(query, limit=9) == retriever.search(query, limit=9)


def test_a_folder_that_may_not_be_written_to_is_searched_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = asking(["w1"])
    built = TantivyRetriever.build(random_corpus(29), folder=made(tmp_path / "old"))
    kept = [name for name in files.names(tmp_path / "old") if not name.endswith(".lock")]  # it is still open itself
    monkeypatch.setattr("os.access", lambda path, _: path.parent != tmp_path / "old" and path != tmp_path / "old")
    retriever = TantivyRetriever.load(tmp_path / "old")
    assert retriever.search(query, limit=99) == built.search(query, limit=99)
    retriever.changed(removed=["p0003"], added=(), folder=made(tmp_path / "new"))
    assert TantivyRetriever.load(tmp_path / "new").passage_count == 199
    assert [name for name in files.names(tmp_path / "old") if not name.endswith(".lock")] == kept


def test_an_index_that_is_not_kept_goes_with_its_retriever() -> None:
    retriever = TantivyRetriever.build(BIRDS)
    folder = retriever._folder
    changed = retriever.changed(removed=["p1"], added=())
    assert folder.is_dir()
    del retriever
    gc.collect()
    assert not folder.exists()
    assert [each.passage_id for each in changed.search(asking(["tern"]), limit=9)] == ["p2"]


def test_a_disk_that_is_full_is_an_error_of_files_and_no_damage(tmp_path: Path) -> None:
    old = TantivyRetriever.build(BIRDS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))  # bytes a file
    try:
        with pytest.raises(OSError, match="the index cannot be written"):
            TantivyRetriever.build(long_corpus(28, 1_000), folder=made(tmp_path / "built"))
        with pytest.raises(OSError, match="the index cannot be written"):
            old.changed(removed=(), added=long_corpus(28, 1_000), folder=made(tmp_path / "changed"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for folder in ("built", "changed"):
        with pytest.raises(DamagedLibraryError):
            TantivyRetriever.load(tmp_path / folder)


def test_threads_that_search_at_a_time_find_what_one_finds() -> None:
    retriever = TantivyRetriever.build(random_corpus(26)).changed(removed=["p0001"], added=())
    queries = [asking([f"w{first}", f"w{second}"]) for first in range(12) for second in range(12)]
    right = [retriever.search(query, limit=20) for query in queries]
    fresh = TantivyRetriever.build(random_corpus(26)).changed(removed=["p0001"], added=())
    found: list[list[list[Candidate]]] = []
    threads = [
        threading.Thread(target=lambda: found.append([fresh.search(query, limit=20) for query in queries]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [right] * 4


def test_among_more_ties_than_are_looked_through_the_best_still_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "_MOST", 50)
    corpus = [(f"p{number:03}", ("tern", "tern") if number == 300 else ("tern", "gull")) for number in range(400)]
    found = TantivyRetriever.build(corpus).search(asking(["tern"]), limit=3)
    assert [each.passage_id for each in found] == ["p300", "p000", "p001"]


def test_damage_that_is_not_seen_at_opening_never_crashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WHOLE", 0)
    monkeypatch.setattr(files, "_ENDS", 1)
    corpus = random_corpus(27, 300)
    TantivyRetriever.build(corpus, folder=tmp_path)
    outcomes = set()
    for path in sorted(tmp_path.glob("*.*")):
        whole = path.read_bytes()
        for position in range(0, len(whole), max(1, len(whole) // 25)):
            path.unlink()
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
            try:
                retriever = TantivyRetriever.load(tmp_path)
                retriever.search(asking(["w1", "w2"]), limit=9)
                retriever.explain(asking(["w1"]), "p0001")
                retriever.holding(["w1", "w2"])
                outcomes.add("answered")
            except DamagedLibraryError:
                outcomes.add("refused")
            except KeyError:  # the id of the passage is the one that is broken
                outcomes.add("unknown")
        path.unlink()
        path.write_bytes(whole)
    assert {"answered", "refused"} <= outcomes
    assert TantivyRetriever.load(tmp_path).passage_count == 300


def lines(path: Path, *, every: int) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in islice(stream, 0, None, every)]


@pytest.mark.skipif(not MEDQUAD.is_dir(), reason="the questions of MedQuAD are not here")
def test_the_large_and_the_default_retriever_put_the_same_passage_first() -> None:
    entries = lines(MEDQUAD / "corpus.jsonl", every=1)
    corpus = [(entry["_id"], terms(f"{entry['title']}\n{entry['text']}")) for entry in entries]
    corpus.sort()
    default, other = OkapiRetriever.build(corpus), TantivyRetriever.build(corpus)
    same = asked = 0
    for question in lines(MEDQUAD / "queries.jsonl", every=20):
        query = asking(terms(question["text"]))
        right, found = default.search(query, limit=100), other.search(query, limit=1)
        assert len(found) == len(right[:1])
        if found:
            asked += 1
            same += found[0].passage_id == right[0].passage_id
            assert dict(right)[found[0].passage_id] > 0.985 * right[0].score  # tantivy rounds lengths
    assert asked > 700
    assert round(same / asked, 2) >= 0.98
