"""How often does the highlighted sentence hold the answer? Measured on questions with their answers' words.

    python tests/measure_highlights.py FOLDER... [--fit]

Each FOLDER holds judged questions in BEIR's form and `answers.jsonl` (`_id`, `answers`, and `doc_id` where the right
passage is not to be taken from the judgements), as SQuAD gives them. Of each question's right passage, one sentence is
chosen; it is right if it contains one of the answers. Printed are the share of all questions, of the even and of the
odd ones, the share of the sentence with most idf coverage, and the ceiling: any sentence of the passage.

With `--fit`, weights are fitted first, on the even questions of the first folder, and used in place of
`qa.ranking.highlighting.WEIGHTS`: those under which a softmax over the sentences gives the right ones the most
likelihood, by Adam from equal weights with a little shrinkage. The odd questions and the other folders are then unseen.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from layouts import WordingsBuilder

from qa.asking.question import read_question
from qa.model import Passage
from qa.ranking.evidence import coverage, read_query
from qa.ranking.highlighting import WEIGHTS, SentenceTerms, sentence_evidence, sentence_terms, sought
from qa.readers import read_judged
from qa.readers.passages import whole
from qa.retrievers import OkapiRetriever

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Question = tuple[Floats, Bools, int]  # evidence (sentences, kinds), the right ones, the one with most idf coverage

STEPS, RATE, SHRINKAGE = 200, 0.1, 3e-4


def questions_of(folder: Path) -> list[Question]:
    judged = read_judged(folder)
    passages: dict[str, Passage] = {}
    retrieved, builder = [], WordingsBuilder()
    for document in sorted(judged.documents or (), key=lambda each: each.id):
        [passage] = whole(document)
        passages[document.id] = passage
        retrieved.append((passage.id, builder.add(passage, title=document.title)))
    retriever = OkapiRetriever.build(retrieved)
    wordings = builder.done(retriever.document_frequency)
    sentences: dict[str, tuple[SentenceTerms, ...]] = {}
    found = []
    for line in (folder / "answers.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if not entry["answers"]:
            continue
        passage = passages[entry.get("doc_id") or min(judged.qrels[entry["_id"]])]
        if passage.id not in sentences:
            sentences[passage.id] = sentence_terms(passage, wordings)
        held = sentences[passage.id]
        query = read_question(judged.questions[entry["_id"]])
        asked = read_query(query, retriever)
        evidence = [list(each.values()) for each in sentence_evidence(sought(query, asked), held)]
        covered = [coverage(asked.words, each.terms) for each in held]
        right = [
            any(answer in passage.text[start:end] for answer in entry["answers"]) for start, end in passage.sentences
        ]
        found.append((np.array(evidence), np.array(right, bool), covered.index(max(covered))))
    return found


def fit(questions: list[Question]) -> Floats:
    """The weights that give the right sentences the most likelihood."""
    told = [(evidence, right) for evidence, right, _ in questions if right.any() and not right.all()]
    sizes = [len(right) for _, right in told]
    starts = np.cumsum([0, *sizes[:-1]])
    evidence, right = np.concatenate([each for each, _ in told]), np.concatenate([each for _, each in told])
    weights, first, second = np.ones(len(WEIGHTS)), np.zeros(len(WEIGHTS)), np.zeros(len(WEIGHTS))
    for step in range(1, STEPS + 1):
        scores = evidence @ weights
        likely = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        shares = likely / np.repeat(np.add.reduceat(likely, starts), sizes)
        of_right = np.where(right, likely, 0)
        target = of_right / np.maximum(np.repeat(np.add.reduceat(of_right, starts), sizes), 1e-300)
        slope = (target - shares) @ evidence / len(told) - SHRINKAGE * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights + RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def chosen_right(questions: list[Question], weights: Floats) -> float:
    return float(np.mean([right[(evidence @ weights).argmax()] for evidence, right, _ in questions]))


def main(folders: list[Path], *, fits: bool) -> None:
    measured = {folder.name: questions_of(folder) for folder in folders}
    weights = np.array(list(WEIGHTS.values()))
    if fits:
        weights = fit(next(iter(measured.values()))[::2])
        print({name: round(float(weight), 1) for name, weight in zip(WEIGHTS, weights, strict=True)})
    print(f"{'':<30}{'questions':>10}{'all':>8}{'even':>8}{'odd':>8}{'coverage':>10}{'ceiling':>9}")
    for name, questions in measured.items():
        row = [chosen_right(each, weights) for each in (questions, questions[::2], questions[1::2])]
        coverage_right = np.mean([right[most] for _, right, most in questions])
        ceiling = np.mean([right.any() for _, right, _ in questions])
        print(
            f"{name:<30}{len(questions):>10,}"
            + "".join(f"{each:>8.4f}" for each in row)
            + f"{coverage_right:>10.4f}{ceiling:>9.4f}"
        )


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if each != "--fit"]
    if not arguments:
        sys.exit(__doc__)
    main([Path(each) for each in arguments], fits="--fit" in sys.argv)
