"""How sure is the first passage to answer? Fitted on questions of which half can be answered, and tried on others.

    python tests/fit_confidence.py FOLDER FOLDER...

Each folder holds judged questions in BEIR's form. Those of one are asked of its own passages, and those of the others
too, which cannot be answered there. A logistic regression tells the first passages that are right from those that
questions of elsewhere get, each folder and each of the two sides counting alike; half of the latter
side are, for the first folder, its own questions with their right passages taken away. It prints the weights from all
folders and, for each folder, what weights from the others alone do there: AUROC, the expected calibration error in ten
bins (Naeini et al., AAAI 2015), and at the threshold of `qa.config` how many of its own questions are refused and how
many of elsewhere are answered. It takes some minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qa import Settings
from qa.answering.decision import search, understood
from qa.library import Library, Source
from qa.ranking.confidence import BIAS, CONFIDENCE_WEIGHTS, grounds
from qa.readers import JudgedQuestions, read_judged
from qa.readers.passages import whole

Floats = npt.NDArray[np.float64]

MOST_QUESTIONS = 700  # of a folder
STEPS, SHRINKAGE = 60, 1e-3


class Sides(NamedTuple):
    """The grounds of first passages that are right, that are wrong, and that questions get which have no answer; a
    passage that is not there has grounds of 0."""

    right: Floats
    wrong: Floats
    elsewhere: Floats
    taken_away: Floats


def sides(judged: JudgedQuestions, own: Sequence[str], others: Sequence[str], *, take_away: bool) -> Sides:
    snapshot = Library(None).change(add=[Source(each.id, each, whole(each)) for each in judged.documents or ()])

    def asked(text: str, without: Collection[str] = ()) -> list[float]:
        query, question = understood(text, (), snapshot)
        ranked = search(query, question, snapshot)
        left = [each for each in ranked if each.passage_id not in without]
        if not left:
            return [0.0, 0.0, 1.0, 0.0]
        found = grounds(question, left[0], snapshot.index.wordings, snapshot.retriever)
        return [found[name] for name in CONFIDENCE_WEIGHTS]

    def first_is_right(question_id: str) -> bool:
        query, question = understood(judged.questions[question_id], (), snapshot)
        ranked = search(query, question, snapshot, limit=1)
        return bool(ranked) and ranked[0].passage_id in judged.qrels[question_id]

    right: list[list[float]] = []
    wrong: list[list[float]] = []
    taken_away: list[list[float]] = []
    for each in own:
        (right if first_is_right(each) else wrong).append(asked(judged.questions[each]))
        if take_away:
            taken_away.append(asked(judged.questions[each], judged.qrels[each]))
    shape = (-1, len(CONFIDENCE_WEIGHTS))
    elsewhere = [asked(text) for text in others]
    return Sides(*(np.array(rows, np.float64).reshape(shape) for rows in (right, wrong, elsewhere, taken_away)))


def fit(folders: Sequence[Sides]) -> Floats:
    """The weights, and the bias behind them, by Newton's method on the weighted log-likelihood, a little shrunk."""
    rows, targets, counts = [], [], []
    for each in folders:
        share = 0.5 if len(each.taken_away) else 1.0
        for found, target, weight in (
            (each.right, 1, 1.0),
            (each.elsewhere, 0, share),
            (each.taken_away, 0, 1 - share),
        ):
            rows += list(found)
            targets += [target] * len(found)
            counts += [1000 * weight / max(1, len(found))] * len(found)
    x = np.hstack([np.array(rows), np.ones((len(rows), 1))])
    y, c = np.array(targets), np.array(counts)
    weights = np.zeros(x.shape[1])
    shrinkage = SHRINKAGE * c.sum()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (c * (y - p)) - shrinkage * np.append(weights[:-1], 0)
        weights = weights + np.linalg.solve((x.T * (c * p * (1 - p))) @ x + shrinkage * np.eye(len(weights)), slope)
    return weights


def tried(each: Sides, weights: Floats, threshold: float) -> str:
    right, wrong, elsewhere, taken = (
        1 / (1 + np.exp(-(found @ weights[:-1] + weights[-1]))) if len(found) else np.zeros(0) for found in each
    )
    auroc = np.mean(right[:, None] > elsewhere) + np.mean(right[:, None] == elsewhere) / 2
    found = np.concatenate([right, elsewhere])
    is_right = np.repeat([1.0, 0.0], [len(right), len(elsewhere)])
    share = np.repeat([0.5 / len(right), 0.5 / len(elsewhere)], [len(right), len(elsewhere)])
    bins = np.minimum((found * 10).astype(int), 9)
    error = sum(abs((share * (is_right - found))[bins == number].sum()) for number in range(10))
    refused = np.mean(np.concatenate([right, wrong]) < threshold)
    answered = np.mean(elsewhere >= threshold)
    near = f"{np.mean(taken >= threshold):>14.3f}" if len(taken) else f"{'':>14}"
    return f"{auroc:>8.3f}{error:>8.3f}{refused:>10.3f}{answered:>20.3f}{near}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    folders = {folder.name: read_judged(folder) for folder in parser.parse_args().folders}
    if len(folders) < 3:
        parser.error("Name three folders or more: each is tried with weights from the others.")
    own = {
        name: list(judged.questions)[:: max(1, len(judged.questions) // MOST_QUESTIONS)][:MOST_QUESTIONS]
        for name, judged in folders.items()
    }
    found = {}
    for number, (name, judged) in enumerate(folders.items()):
        others = [folders[other].questions[each] for other, ids in own.items() if other != name for each in ids]
        found[name] = sides(judged, own[name], others, take_away=number == 0)
    weights = fit(list(found.values()))
    print(dict(zip([*CONFIDENCE_WEIGHTS, "bias"], np.round(weights, 1).tolist(), strict=True)))
    print("now", CONFIDENCE_WEIGHTS | {"bias": BIAS})
    threshold = Settings().threshold
    print(
        f"{'at ' + str(threshold):<30}{'AUROC':>8}{'ECE':>8}{'refused':>10}{'elsewhere answered':>20}{'taken away':>14}"
    )
    for name, each in found.items():
        rest = fit([sides for other, sides in found.items() if other != name])
        print(f"{name:<30}{tried(each, rest, threshold)}")


if __name__ == "__main__":
    main()
