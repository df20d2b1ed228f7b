"""What should each kind of evidence count? Fitted on judged questions, and tried on others.

    python tests/fit_evidence.py TRAINING... --try OTHER...

Each folder holds judged questions in BEIR's form. Of the training folders every other question is fitted on, and the
rest tried. The weights are those under which a softmax over a question's 50 candidates gives the right ones the most
likelihood (ListNet's top-one probability: Cao et al., ICML 2007), each folder counting as often as it is named, by
Adam from equal weights with a little shrinkage; then scaled so that they have the sum of those now in
`qa.ranking.evidence.WEIGHTS`, which come from SQuAD named three times, as text whose titles tell little is the
commoner, and MedQuAD once. It takes some minutes, and prints the weights and P@1 before and after. Intervals are
`pincite eval`'s to give.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa import Engine, Settings
from qa.ranking.evidence import WEIGHTS
from qa.readers import read_judged

Floats = npt.NDArray[np.float64]
Question = tuple[Floats, npt.NDArray[np.bool_]]  # evidence of the candidates (n, kinds), and which of them are right

MOST_QUESTIONS = 2500  # of a folder
FITTED = {name: weight for name, weight in WEIGHTS.items() if name != "shown"}  # no question here follows another
STEPS, RATE, SHRINKAGE = 400, 0.1, 1e-3


def questions_of(folder: Path) -> list[Question]:
    judged = read_judged(folder)
    engine = Engine.over(judged.documents or (), Settings())
    step = max(1, len(judged.questions) // MOST_QUESTIONS)
    found = []
    for question_id, text in list(judged.questions.items())[::step]:
        hits = engine.search(text, limit=50)
        evidence = np.array([[hit.evidence[name] for name in FITTED] for hit in hits]).reshape(-1, len(FITTED))
        right = np.array([hit.passage.id in judged.qrels[question_id] for hit in hits], bool)
        found.append((evidence, right))
    return found


def first_is_right(questions: list[Question], weights: Floats) -> float:
    return sum(bool(len(right)) and bool(right[(evidence @ weights).argmax()]) for evidence, right in questions) / len(
        questions
    )


def gradient(questions: list[Question], weights: Floats) -> Floats:
    """Of the mean log-likelihood of the right candidates."""
    whole = np.zeros(len(weights))
    for evidence, right in questions:
        if right.any():
            scores = evidence @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            target = np.where(right, shares, 0)
            whole += (target / target.sum() - shares) @ evidence
    return whole / len(questions)


def fit(folders: list[list[Question]]) -> Floats:
    weights = np.full(len(FITTED), 3.0)
    first, second = np.zeros(len(FITTED)), np.zeros(len(FITTED))
    for step in range(1, STEPS + 1):
        slope = np.mean([gradient(each, weights) for each in folders], axis=0) - SHRINKAGE * weights
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights + RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training", nargs="+", type=Path)
    parser.add_argument("--try", dest="others", nargs="*", type=Path, default=[])
    arguments = parser.parse_args()
    training = {folder: questions_of(folder) for folder in dict.fromkeys(arguments.training)}
    tried = {f"{folder.name}, other half": found[1::2] for folder, found in training.items()}
    tried |= {folder.name: questions_of(folder) for folder in arguments.others}
    weights = fit([training[folder][::2] for folder in arguments.training])
    weights *= sum(FITTED.values()) / weights.sum()
    print({name: round(float(weight), 1) for name, weight in zip(FITTED, weights, strict=True)})
    plain = np.eye(len(FITTED))[0]
    now = np.array(list(FITTED.values()))
    print(f"{'P@1':<40}{'bm25 alone':>11}{'as it is':>11}{'fitted':>11}")
    for name, questions in tried.items():
        row = [first_is_right(questions, each) for each in (plain, now, weights)]
        print(f"{name:<40}" + "".join(f"{each:>11.4f}" for each in row))


if __name__ == "__main__":
    main()
