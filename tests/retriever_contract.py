"""What every retriever must keep: subclass `RetrieverContract`, name the class, and pytest does the rest.

class TestMyRetriever(RetrieverContract):
    retriever_class = MyRetriever
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.errors import DamagedLibraryError
from qa.model import Candidate, Query
from qa.retrievers import Retriever, Retrievers

__all__ = ["BIRDS", "CHANGES", "PASSAGES", "RetrieverContract", "asking", "random_corpus"]

Corpus = Sequence[tuple[str, Sequence[str]]]

BIRDS: Corpus = (
    ("p1", ("tern", "nest", "beach")),
    ("p2", ("tern", "dive", "fish", "fish")),
    ("p3", ("gull", "steal", "fish")),
    ("p4", ("heron", "wait")),
)
VOCABULARY = [f"w{number}" for number in range(12)]


def asking(terms: Mapping[str, float] | Iterable[str]) -> Query:
    """A query for these terms, at weight 1 unless they have their own."""
    weights = dict(terms) if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
    return Query(terms=weights, words=())


def random_corpus(seed: int, size: int = 200) -> Corpus:
    """Passages of 0 to 30 of a few words, so that many of them tie."""
    choose = random.Random(seed)  # noqa: S311
    return [
        (f"p{number:04}", tuple(choose.choice(VOCABULARY) for _ in range(choose.randrange(31))))
        for number in range(size)
    ]


PASSAGE_IDS = st.sampled_from(["p1", "p10", "p2", "p 3", 'p"4', "p\\5", "p海", "#p", "p\t6"])
PASSAGES = st.dictionaries(PASSAGE_IDS, st.lists(st.sampled_from(["tern", "gull", "a b"]), max_size=5), max_size=6)
CHANGES = st.lists(st.tuples(st.sets(PASSAGE_IDS, max_size=4), PASSAGES), max_size=4)
ODD_TERMS = (
    *("=PFS=progression-free survival", "progression-free", "a b", "a\\b", "a\\sb", "a\tb", "a\fb", "a\vb", "a\xa0b"),
    *(
        "海鸥",
        "e\u0301",
        "é",
        "\U0001f426",
        "\x00",
        "{",
        '"',
        "AND",
        "terms:a",
        "x" * 70_000,
        "x" * 70_001,
        "海" * 40_000,
    ),
)
"""No two of them are the same term, though an engine might take them for one, or for two, or for none."""


class RetrieverContract:
    """The public contract of `qa.retrievers.Retriever`."""

    retriever_class: ClassVar[Retrievers]
    precision: ClassVar[float] = 0.0
    """By what share of it a score may be off from the sum of its parts, or from that of an index built anew."""

    def build(self, corpus: Iterable[tuple[str, Sequence[str]]]) -> Retriever:
        """The retriever under test over a corpus."""
        return self.retriever_class.build(corpus)

    def saved(self, corpus: Corpus, folder: Path) -> list[Path]:
        """The files of the retriever's index, once it is saved."""
        folder.mkdir()
        self.retriever_class.build(corpus, folder=folder)
        return sorted(path for path in folder.rglob("*") if path.is_file())

    # Building

    def test_an_empty_corpus_finds_nothing(self) -> None:
        empty = self.build([])
        assert empty.passage_count == 0
        assert empty.search(asking(["tern"]), limit=10) == []
        assert empty.document_frequency("tern") == 0

    def test_passages_without_terms_are_counted_and_never_found(self) -> None:
        corpus = [("p1", ()), ("p2", ("tern",)), ("p3", ())]
        retriever = self.build(corpus)
        assert retriever.passage_count == 3
        retriever.reach()
        assert [found.passage_id for found in retriever.search(asking(["tern"]), limit=10)] == ["p2"]
        assert self.build([("p1", ()), ("p2", ())]).search(asking(["tern"]), limit=10) == []

    def test_a_corpus_may_come_as_an_iterator(self) -> None:
        query = asking(["tern", "fish"])
        assert self.build(iter(BIRDS)).search(query, limit=9) == self.build(BIRDS).search(query, limit=9)

    @pytest.mark.parametrize("ids", [("p2", "p1"), ("p1", "p1"), ("a", "c", "b")])
    def test_ids_that_do_not_ascend_are_refused(self, ids: Sequence[str]) -> None:
        with pytest.raises(ValueError, match="comes behind"):
            self.build([(passage_id, ("tern",)) for passage_id in ids])

    def test_building_twice_gives_the_same_answers(self) -> None:
        corpus = random_corpus(1)
        first, second = self.build(corpus), self.build(corpus)
        for term in VOCABULARY:
            assert first.search(asking([term, "w0"]), limit=50) == second.search(asking([term, "w0"]), limit=50)

    # Changing

    # Each retriever's class runs it, which Hypothesis would take for a mistake.
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(first=PASSAGES, changes=CHANGES)
    def test_after_any_changes_it_answers_as_an_index_of_what_is_left(
        self, first: dict[str, list[str]], changes: list[tuple[set[str], dict[str, list[str]]]]
    ) -> None:
        self.change_and_compare(first, changes)

    def change_and_compare(
        self, first: dict[str, list[str]], changes: list[tuple[set[str], dict[str, list[str]]]]
    ) -> None:
        """Assert that after each change it answers as an index of what is left."""
        left = dict(first)
        retriever = self.build(sorted(left.items()))
        for removed, added in changes:
            left = {each: terms for each, terms in left.items() if each not in removed} | added
            before, retriever = retriever, retriever.changed(removed=removed, added=sorted(added.items()))
            self.assert_same(retriever, self.build(sorted(left.items())))
        if changes:
            assert before.changed(removed=removed, added=sorted(added.items())).holding([]) == sorted(left)

    def assert_same(self, changed: Retriever, built: Retriever) -> None:
        """Assert that two retrievers are of the same passages, and answer alike as far as is promised."""
        assert changed.passage_count == built.passage_count
        query = asking({"tern": 1.0, "gull": 0.5, "a b": 0.7})
        scores = {each.passage_id: each.score for each in built.search(query, limit=99)}
        found = changed.search(query, limit=99)
        assert {each.passage_id: each.score for each in found} == pytest.approx(scores, rel=self.precision, abs=0)
        in_order = [scores[each.passage_id] for each in found]
        assert all(first >= second * (1 - self.precision) for first, second in pairwise(in_order))
        for term in (*query.terms, "penguin"):
            assert changed.document_frequency(term) == built.document_frequency(term)
            assert changed.holding([term]) == built.holding([term])
        for passage_id in built.holding([]):
            parts, right = changed.explain(query, passage_id), built.explain(query, passage_id)
            assert [(part.term, part.idf, part.frequency, part.length) for part in parts] == [
                (part.term, part.idf, part.frequency, part.length) for part in right
            ]
            for part, other in zip(parts, right, strict=True):
                assert part.score == pytest.approx(other.score, rel=self.precision, abs=0)

    def test_a_change_leaves_the_index_as_it_was(self, tmp_path: Path) -> None:
        corpus, query = random_corpus(9), asking({"w1": 1.0, "w2": 0.5})
        files = self.saved(corpus, tmp_path / "old")
        kept = {file: file.read_bytes() for file in files}
        old = self.retriever_class.load(tmp_path / "old")
        before = old.search(query, limit=999)
        (tmp_path / "new").mkdir()
        new = old.changed(removed=[before[0].passage_id], added=[("z", ("w1",))], folder=tmp_path / "new")
        assert old.search(query, limit=999) == before
        assert {file: file.read_bytes() for file in files} == kept
        assert new.search(query, limit=999) != before
        shutil.rmtree(tmp_path / "old")
        loaded = self.retriever_class.load(tmp_path / "new")
        assert loaded.search(query, limit=999) == new.search(query, limit=999)
        assert loaded.holding(["w1"]) == new.holding(["w1"])
        assert "z" in loaded.holding(["w1"])

    def test_a_change_of_nothing_is_the_same_index(self, tmp_path: Path) -> None:
        retriever, query = self.build(BIRDS), asking(["tern", "fish"])
        retriever.changed(removed=(), added=(), folder=tmp_path)
        assert self.retriever_class.load(tmp_path).search(query, limit=9) == retriever.search(query, limit=9)
        assert self.retriever_class.load(tmp_path).passage_count == 4

    def test_all_can_be_removed_and_added_again(self) -> None:
        query, ids = asking(["tern", "fish"]), [passage_id for passage_id, _ in BIRDS]
        emptied = self.build(BIRDS).changed(removed=ids, added=())
        assert (emptied.passage_count, emptied.search(query, limit=9), emptied.holding([])) == (0, [], [])
        again = emptied.changed(removed=(), added=BIRDS)
        assert again.search(query, limit=9) == self.build(BIRDS).search(query, limit=9)

    @pytest.mark.parametrize("ids", [("p8", "p7"), ("p7", "p7"), ("p1", "p9", "p8")])
    def test_added_ids_that_do_not_ascend_are_refused(self, ids: Sequence[str]) -> None:
        retriever = self.build(BIRDS)
        with pytest.raises(ValueError, match="comes behind"):
            retriever.changed(removed=(), added=[(passage_id, ("tern",)) for passage_id in ids])
        assert retriever.passage_count == 4

    # Terms

    def test_every_term_is_a_term_of_its_own(self) -> None:
        corpus = [(f"p{number:02}", ("tern", term, "gull", term)) for number, term in enumerate(ODD_TERMS)]
        retriever = self.build(corpus)
        for passage_id, (_, term, _, _) in corpus:
            assert retriever.holding([term]) == [passage_id], term
            assert retriever.document_frequency(term) == 1
            assert [each.passage_id for each in retriever.search(asking([term]), limit=9)] == [passage_id]
            [part] = retriever.explain(asking([term]), passage_id)
            assert (part.term, part.frequency, part.length) == (term, 2, 4)
        assert retriever.document_frequency("a") == retriever.document_frequency("b") == 0

    def test_the_passages_that_hold_all_of_some_terms_are_told_in_order(self) -> None:
        corpus = random_corpus(10)
        retriever = self.build(corpus)
        for terms in (["w1"], ["w1", "w2"], ["w3", "w1", "w2"], ["w1", "w1"], ["w1", "penguin"], ["penguin"], []):
            assert retriever.holding(terms) == [each for each, held in corpus if set(terms) <= set(held)]

    # Ranking

    def test_a_passage_with_more_of_the_querys_terms_ranks_first(self) -> None:
        found = self.build(BIRDS).search(asking(["tern", "fish"]), limit=10)
        assert [candidate.passage_id for candidate in found] == ["p2", "p1", "p3"]
        assert found[0].score > found[1].score == found[2].score > 0

    def test_a_term_in_half_of_the_passages_still_ranks(self) -> None:
        found = self.build(BIRDS).search(asking(["tern"]), limit=10)
        assert {candidate.passage_id for candidate in found} == {"p1", "p2"}
        assert all(candidate.score > 0 for candidate in found)

    def test_a_term_in_all_passages_still_ranks(self) -> None:
        found = self.build([("p1", ("tern", "gull")), ("p2", ("tern",))]).search(asking(["tern"]), limit=10)
        assert [candidate.passage_id for candidate in found] == ["p2", "p1"]
        assert found[0].score > found[1].score > 0

    def test_the_only_passage_is_found(self) -> None:
        [found] = self.build([("p1", ("tern",))]).search(asking(["tern"]), limit=10)
        assert found.passage_id == "p1"
        assert found.score > 0

    def test_a_term_that_no_passage_holds_changes_nothing(self) -> None:
        retriever = self.build(BIRDS)
        assert retriever.search(asking(["penguin"]), limit=10) == []
        assert retriever.search(asking(["penguin", "tern"]), limit=10) == retriever.search(asking(["tern"]), limit=10)

    def test_a_query_without_terms_finds_nothing(self) -> None:
        assert self.build(BIRDS).search(asking([]), limit=10) == []

    def test_at_most_limit_passages_come_the_best_ones(self) -> None:
        retriever = self.build(random_corpus(2))
        query = asking(["w1", "w2", "w3"])
        ranking = retriever.search(query, limit=1000)
        assert len(ranking) > 100
        for limit in (0, 1, 2, 10, len(ranking) - 1, len(ranking), len(ranking) + 1):
            assert retriever.search(query, limit=limit) == ranking[:limit]

    def test_a_ranking_descends_and_ties_ascend_by_passage_id(self) -> None:
        ranking = self.build(random_corpus(3)).search(asking(["w1", "w2"]), limit=1000)
        assert ranking == sorted(ranking, key=lambda each: (-each.score, each.passage_id))
        scores = [candidate.score for candidate in ranking]
        assert len(set(scores)) < len(scores)

    def test_ties_at_the_cut_go_to_the_lower_passage_ids(self) -> None:
        corpus = [(f"p{number}", ("tern", "tern") if number == 7 else ("tern", "gull")) for number in range(1, 10)]
        found = self.build(corpus).search(asking(["tern"]), limit=3)
        assert [candidate.passage_id for candidate in found] == ["p7", "p1", "p2"]

    def test_searching_again_gives_the_same(self) -> None:
        retriever = self.build(random_corpus(4))
        query = asking({"w1": 1.0, "w2": 0.5})
        first = retriever.search(query, limit=20)
        retriever.search(asking(["w3"]), limit=20)
        assert retriever.search(query, limit=20) == first

    def test_a_candidate_is_of_plain_values(self) -> None:
        [first, *_] = self.build(BIRDS).search(asking(["tern"]), limit=10)
        assert (type(first), type(first.passage_id), type(first.score)) == (Candidate, str, float)

    # Within some passages

    def test_within_some_passages_only_those_are_found_with_the_same_scores(self) -> None:
        retriever = self.build(random_corpus(5))
        query = asking(["w1", "w2"])
        ranking = retriever.search(query, limit=1000)
        within = {candidate.passage_id for candidate in ranking[1::3]}
        assert retriever.search(query, limit=1000, within=within) == ranking[1::3]
        assert retriever.search(query, limit=2, within=within) == ranking[1::3][:2]

    def test_within_may_have_any_number_of_passages_in_any_order_and_again(self) -> None:
        corpus, query = random_corpus(11), asking(["w1", "w2", "w3"])
        retriever = self.build(corpus)
        ranking = retriever.search(query, limit=1000)
        ids = [passage_id for passage_id, _ in corpus]
        assert retriever.search(query, limit=1000, within=frozenset(ids)) == ranking
        for count in (1, 2, 3, 20, 100, 199):
            within = ids[:count]
            right = [each for each in ranking if each.passage_id in within]
            for passages in (within, within[::-1], [*within, *within], set(within), (*within, "p9999")):
                assert retriever.search(query, limit=1000, within=passages) == right

    def test_within_nothing_or_unknown_passages_nothing_is_found(self) -> None:
        retriever = self.build(BIRDS)
        assert retriever.search(asking(["tern"]), limit=10, within=set()) == []
        assert retriever.search(asking(["tern"]), limit=10, within={"p9"}) == []
        assert [each.passage_id for each in retriever.search(asking(["tern"]), limit=9, within=["p9", "p1"])] == ["p1"]

    # Weights

    def test_a_weight_multiplies_what_its_term_adds(self) -> None:
        retriever = self.build(BIRDS)
        whole = {each.passage_id: each.score for each in retriever.search(asking({"tern": 1.0}), limit=10)}
        half = {each.passage_id: each.score for each in retriever.search(asking({"tern": 0.5}), limit=10)}
        assert half == {passage_id: score / 2 for passage_id, score in whole.items()}

    def test_a_heavier_term_outranks_a_lighter_one(self) -> None:
        retriever = self.build([("p1", ("gull", "nest")), ("p2", ("tern", "nest"))])
        for heavy, light, first in (("gull", "tern", "p1"), ("tern", "gull", "p2")):
            found = retriever.search(asking({heavy: 1.0, light: 0.5}), limit=10)
            assert found[0].passage_id == first
            assert found[0].score > found[1].score

    # Explaining

    def test_the_parts_of_a_score_add_up_to_it_exactly(self) -> None:
        corpus = random_corpus(6)
        retriever = self.build(corpus)
        query = asking({"w1": 1.0, "w2": 0.5, "penguin": 1.0, "w3": 0.25})
        found = retriever.search(query, limit=1000)
        assert len(found) > 100
        for passage_id, score in found:
            parts = retriever.explain(query, passage_id)
            assert sum(part.score for part in parts) == pytest.approx(score, rel=self.precision, abs=0)
            assert [part.term for part in parts] == [term for term in query.terms if term in dict(corpus)[passage_id]]
            for part in parts:
                terms = dict(corpus)[passage_id]
                assert part.weight == query.terms[part.term]
                assert part.score == part.weight * (part.idf * part.saturation)
                assert (part.frequency, part.length) == (terms.count(part.term), len(terms))

    def test_a_passage_that_holds_no_term_of_the_query_has_no_parts(self) -> None:
        retriever = self.build(BIRDS)
        assert retriever.explain(asking(["tern", "penguin"]), "p4") == []
        assert retriever.explain(asking([]), "p1") == []

    def test_document_frequency_counts_passages_and_not_occurrences(self) -> None:
        retriever = self.build(BIRDS)
        frequencies = {term: retriever.document_frequency(term) for term in ("tern", "fish", "heron", "penguin", "")}
        assert frequencies == {"tern": 2, "fish": 2, "heron": 1, "penguin": 0, "": 0}
        assert retriever.passage_count == 4

    # Keeping

    @pytest.mark.parametrize(
        "corpus", [(), (("p1", ()),), BIRDS, random_corpus(7)], ids=["none", "void", "few", "many"]
    )
    def test_a_saved_index_gives_the_same_answers(self, corpus: Corpus, tmp_path: Path) -> None:
        built = self.retriever_class.build(corpus, folder=tmp_path)
        loaded = self.retriever_class.load(tmp_path)
        assert loaded.passage_count == built.passage_count
        for terms in ({"w1": 1.0, "w2": 0.5}, {"tern": 1.0, "fish": 0.3}, {"penguin": 1.0}):
            query = asking(terms)
            found = built.search(query, limit=1000)
            assert loaded.search(query, limit=1000) == found
            assert [loaded.explain(query, each) for each, _ in found] == [
                built.explain(query, each) for each, _ in found
            ]
            for term in terms:
                assert loaded.document_frequency(term) == built.document_frequency(term)

    def test_terms_and_ids_in_any_script_are_kept(self, tmp_path: Path) -> None:
        self.retriever_class.build([("pé", ("海鸥", "tern%", "2.5")), ("p海", ("чайка",))], folder=tmp_path)
        loaded = self.retriever_class.load(tmp_path)
        for term, passage_id in (("海鸥", "pé"), ("tern%", "pé"), ("2.5", "pé"), ("чайка", "p海")):
            assert [each.passage_id for each in loaded.search(asking([term]), limit=9)] == [passage_id]

    def test_an_empty_folder_is_a_damaged_index(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedLibraryError):
            self.retriever_class.load(tmp_path)

    def test_a_file_cut_short_anywhere_is_a_damaged_index(self, tmp_path: Path) -> None:
        for file in self.saved(BIRDS, tmp_path / "index"):
            whole = file.read_bytes()
            for length in range(0, len(whole), max(1, len(whole) // 40)):
                file.write_bytes(whole[:length])
                with pytest.raises(DamagedLibraryError):
                    self.retriever_class.load(tmp_path / "index")
            file.write_bytes(whole)

    def test_a_byte_changed_anywhere_is_a_damaged_index_or_one_of_no_consequence(self, tmp_path: Path) -> None:
        files = self.saved(BIRDS, tmp_path / "index")
        query = asking(["tern", "fish", "heron"])
        right = self.build(BIRDS).search(query, limit=9)
        refused = 0
        for file in files:
            whole = file.read_bytes()
            for position in range(0, len(whole), max(1, len(whole) // 300)):
                for flip in (0x01, 0x80, 0xFF):
                    file.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
                    try:
                        loaded = self.retriever_class.load(tmp_path / "index")
                    except DamagedLibraryError:
                        refused += 1
                    else:
                        assert loaded.search(query, limit=9) == right
            file.write_bytes(whole)
        assert refused > 0
        assert self.retriever_class.load(tmp_path / "index").search(query, limit=9) == right
