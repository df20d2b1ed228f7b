"""How sure is the first passage to answer? Fitted on questions asked of libraries of all sizes, and tried on others.

    python tests/fit_confidence.py FOLDER [--vectors FOLDER] [--share SHARE] [--kept FILE] [--again]

The folder holds folders of judged questions in BEIR's form: those that `SETS` names, each of which counts as much as it
says there; `make_mediqa.py` makes one of them, of what people write to a health service. From each, libraries of 8, 16,
40 and 200 passages in a row are cut, of all passages of one article (what has one title), and of all that there are. A
library is asked

- its own questions, every fourth of them also in the middle of a letter;
- near ones: those of other passages of its articles, its own with their right passage taken away, and those that are
  written to have no answer (`is_impossible` in the `answers.jsonl` of `IMPOSSIBLE`);
- foreign ones, of other articles whose titles share no word, and of other sets.

What is to be told is whether the first passage is right. In each set and size, own questions weigh one half, near ones
a fifth, foreign ones the rest. The weights are those of a logistic regression, by Newton's method, a little shrunk, but
for those that are `CHOSEN`.

It prints the weights, and what weights from the other articles do to each (five folds): for each size how well right
first passages are told from those of foreign and of near questions (AUROC), how many of them are refused where one in a
hundred foreign questions is answered, how many near ones are answered then, and the expected calibration error in ten
bins (Naeini et al., AAAI 2015), each with its 95 % interval (bootstrap over articles). It takes about five minutes; the
grounds are kept in a file of the system's temporary folder, from which `--again` fits anew.

Without `--vectors` words alone rank, and `BY_WORDS` is fitted. With it, the passages of each set are encoded first,
which takes some minutes, and kept in that folder; `BY_MEANING` is fitted on the questions whose meaning is looked at.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from qa import Settings
from qa.answering.decision import search, understood
from qa.encoders import Encoder, load_encoder
from qa.library import Library, Snapshot, Source
from qa.model import Document
from qa.ranking.confidence import BY_MEANING, BY_WORDS, grounds
from qa.readers import read_judged
from qa.readers.passages import whole
from qa.text.analysis import terms

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SETS = {"squad_v11_dev": 3.0, "noiseqa_keyboard_synthetic": 0.5, "covidqa": 1.0, "medquad": 1.0, "mediqa": 0.5}
IMPOSSIBLE = "squad_v20_dev"
SIZES = ("8", "16", "40", "article", "200", "whole")
KINDS = ("own", "near", "foreign")
SHARES = (0.5, 0.2, 0.3)  # of the kinds, in each set and size
IN_LETTERS = 0.1  # of each of these, what is asked in letters

LIBRARIES = {"8": 40, "16": 40, "40": 32, "article": 40, "200": 8, "whole": 1}  # of a set, at most
QUESTIONS = 16  # of a kind, to a library of up to 40 passages, or to each article of a larger one
MOST_QUESTIONS = 800  # of a kind, to a larger one

CHOSEN = {"unknown": -2.5, "names": -1.5}
CHOSEN_BY_MEANING = {"unknown": -1.5, "names": -2.0, "meaning": 0.5}
"""Weights that are not fitted, but lower, which costs next to nothing here: in these sets hardly anybody asks of a name
that is not there; where people do, a passage about something else is worse than none. The nearness of the passage would
get a weight of -0.3 beside that of its nearest sentence, which nobody could explain: 0.5 costs as little."""

FOLDS, STEPS, SHRINKAGE = 5, 40, 1e-4
RESAMPLES = 200
BINS = 10

GREETINGS = ("Hello,", "Dear sir or madam,", "Hi there!", "Good morning.", "Dear doctor,", "Hello everyone!")
CIRCUMSTANCES = (
    "I have been reading about this for a few weeks and I am still not sure.",
    "My mother is 62 years old and she asked me yesterday.",
    "My brother told me something else and I do not know whom to believe.",
    "I am writing to you because nobody here could tell me.",
    "We talked about it at work last week.",
    "I am very worried about it.",
    "I have tried to find out on my own without any luck.",
    "My husband has been to three places already and came back with nothing.",
    "It has been going on for about two months now and it is getting worse.",
    "I have to hand in a paper by the end of the week.",
    "I am sorry if this is not the right place to ask.",
    "This is for my daughter, who is eleven.",
    "I saw a film about it when I was young.",
    "I read your page and liked it a lot.",
    "A friend of mine has had the same trouble since last summer.",
    "I called the office twice but nobody picked up the phone.",
    "I am 45, healthy, and I do not smoke or drink.",
    "It keeps me awake at night.",
    "My teacher could not explain it.",
    "I started to look into it after my father died.",
)
CLOSINGS = (
    "Thank you.",
    "Please reply as soon as possible.",
    "Thanks in advance for your help!",
    "I would be grateful for any advice.",
    "Please help me.",
    "Looking forward to hearing from you. Regards",
    "I appreciate your time.",
    "Kindly send me the information. Yours sincerely",
    "Thanks so much, ASAP please.",
)


class Question(NamedTuple):
    """A question, what was said before it, the ids of its right passages, and its article."""

    text: str
    history: tuple[str, ...]
    right: frozenset[str]
    article: str


class Judged(NamedTuple):
    """The passages of a set in their order, each with its article, and the questions that each passage answers."""

    name: str
    documents: Sequence[Document]
    article_of: dict[str, str]
    questions: dict[str, list[Question]]
    impossible: dict[str, list[Question]]

    @property
    def stands_alone(self) -> bool:
        """Whether its questions say all themselves."""
        return not any(each.history for found in self.questions.values() for each in found)


class Rows(NamedTuple):
    """A row a question asked: its grounds, and what else is known of it."""

    grounds: Floats
    right: Floats
    kind: npt.NDArray[np.str_]
    size: npt.NDArray[np.str_]
    set: npt.NDArray[np.str_]
    article: npt.NDArray[np.str_]
    in_letter: Flags

    def where(self, chosen: Flags) -> Rows:
        return Rows._make(column[chosen] for column in self)


# Questions


def read_set(folder: Path, impossible: Path | None) -> Judged:
    judged = read_judged(folder)
    documents = judged.documents or ()
    article_of = {each.id: each.title for each in documents}
    questions: dict[str, list[Question]] = defaultdict(list)
    for question_id, text in judged.questions.items():
        right = [each for each in judged.qrels[question_id] if each in article_of]
        if right:
            found = Question(text, judged.history.get(question_id, ()), frozenset(right), article_of[right[0]])
            questions[right[0]].append(found)
    none: dict[str, list[Question]] = defaultdict(list)
    if impossible is not None:
        texts = {each["_id"]: each["text"] for each in lines(impossible / "queries.jsonl")}
        for each in lines(impossible / "answers.jsonl"):
            if each["is_impossible"] and each["doc_id"] in article_of:
                found = Question(texts[each["_id"]], (), frozenset(), article_of[each["doc_id"]])
                none[each["doc_id"]].append(found)
    return Judged(folder.name, documents, article_of, questions, none)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def cut(judged: Judged, random: Random) -> Iterator[tuple[str, Sequence[Document]]]:
    """Libraries of all sizes, each with its size."""
    starts = [
        number
        for number, each in enumerate(judged.documents)
        if not number or judged.article_of[judged.documents[number - 1].id] != each.title
    ]
    ends = dict(zip(starts, [*starts[1:], len(judged.documents)], strict=True))
    for size in SIZES:
        chosen = sample(starts, LIBRARIES[size], random)
        if size == "whole":
            yield size, judged.documents
        elif size == "article":
            yield from ((size, judged.documents[start : ends[start]]) for start in chosen if ends[start] - start >= 8)
        else:
            for start in chosen:
                count = int(size)
                first = random.randrange(start, max(start, ends[start] - count) + 1)
                if first + count <= len(judged.documents):
                    yield size, judged.documents[first : first + count]


def in_a_letter(question: str, random: Random) -> str:
    """A question among what people write around it."""
    sentences = random.sample(CIRCUMSTANCES, random.choice((1, 1, 2, 2, 3, 4)))
    place = random.randrange(len(sentences) + 1)
    asked = question if question.rstrip().endswith(("?", ".")) else f"{question}?"
    greeting = [random.choice(GREETINGS)] if random.random() < 0.6 else []
    closing = [random.choice(CLOSINGS)] if random.random() < 0.7 else []
    return " ".join([*greeting, *sentences[:place], asked, *sentences[place:], *closing])


def sample(things: Iterable[Any], most: int, random: Random) -> list[Any]:
    found = list(things)
    return found if len(found) <= most else random.sample(found, most)


# Grounds


def encoded(judged: Judged, vectors: Path, encoder: Encoder, tell: Callable[[str], None]) -> Path:
    """The folder with the vectors of all passages of a set; those that are there are not made again."""
    library = Library(vectors / judged.name, encoder=lambda: encoder)
    if not library.exists:
        library.change(add=[Source(each.id, each, whole(each)) for each in judged.documents])
    library.encode(on_passages=lambda done, total: tell(f"{judged.name}: {done} of {total} passages encoded"))
    return vectors / judged.name


def ask_all(sets: Sequence[Judged], vectors: Path | None, tell: Callable[[str], None]) -> tuple[list[str], Rows]:
    """The names of the grounds, and a row for each question that is asked of each library."""
    random = Random(1)  # noqa: S311
    names = list(dict.fromkeys((*BY_WORDS.weights, *BY_MEANING.weights)))
    encoder = load_encoder() if vectors else None
    rows: list[tuple[list[float], bool, str, str, str, str, bool]] = []
    for judged in sets:
        others = [each for each in sets if each.stands_alone and not each.article_of.keys() & judged.article_of.keys()]
        place = encoded(judged, vectors, encoder, tell) if vectors and encoder else None
        for size, documents in cut(judged, random):
            library = Library(None, encoder=lambda: encoder, vectors=place)
            snapshot = library.change(add=[Source(each.id, each, whole(each)) for each in documents])
            kept = {each.id for each in documents}
            for kind, question, history, without, article in asked_of(judged, kept, others, size, random):
                in_letter = random.random() < 0.25
                for text in (question.text, in_a_letter(question.text, random)) if in_letter else (question.text,):
                    found, first = ground(snapshot, text, history, without)
                    right = kind == "own" and first in question.right
                    values = [found.get(name, np.nan) for name in names]
                    rows.append((values, right, kind, size, judged.name, article, text is not question.text))
        tell(f"{judged.name}: {len(rows)} questions asked so far")
    columns: list[Any] = list(zip(*rows, strict=True))
    every_value, is_right, kinds, sizes, names_of_sets, articles, in_letters = columns
    return names, Rows(
        np.array(every_value, np.float64),
        np.array(is_right, np.float64),
        np.array(kinds),
        np.array(sizes),
        np.array(names_of_sets),
        np.array(articles),
        np.array(in_letters, bool),
    )


def asked_of(
    judged: Judged, kept: Collection[str], others: Sequence[Judged], size: str, random: Random
) -> Iterator[tuple[str, Question, tuple[str, ...], frozenset[str], str]]:
    """What a library is asked: of which kind it is, the question with its history, the passages that are taken away
    for it, and the article that it counts for."""
    articles = {judged.article_of[each] for each in kept}
    many = len(articles) if size in ("200", "whole") else 1
    most = min(MOST_QUESTIONS, QUESTIONS * many)
    own = sorted({each for passage in kept for each in judged.questions.get(passage, ())})
    for each in sample(own, most, random):
        yield "own", each, each.history, frozenset(), each.article
    if size != "whole":
        outside = [
            each
            for passage, article in judged.article_of.items()
            if article in articles and passage not in kept
            for each in judged.questions.get(passage, ())
            if each.right.isdisjoint(kept)
        ]
        for each in sample(outside, most, random):
            yield "near", each, each.history, frozenset(), each.article
    impossible = [each for passage in sorted(kept) for each in judged.impossible.get(passage, ())]
    for each in sample(own, most // 2, random):
        yield "near", each, each.history, each.right, each.article
    for each in sample(impossible, most // 2, random):
        yield "near", each, each.history, frozenset(), each.article
    titles = {term for article in articles for term in terms(article)}
    elsewhere = [each for each in sorted(set(judged.article_of.values())) if titles.isdisjoint(terms(each))]
    of_article = defaultdict(list)
    for found in judged.questions.values():
        for each in found:
            of_article[each.article].append(each)
    known = [each for each in elsewhere if of_article[each]]
    somewhere = sorted(articles)
    pools = [[each for found in other.questions.values() for each in found] for other in others]
    for number in range(most):
        if number % 2 and known:
            each = random.choice(of_article[random.choice(known)])
        else:
            each = random.choice(random.choice(pools))
        history = random.choice(own).history if own else ()
        yield "foreign", each, history, frozenset(), random.choice(somewhere)


def ground(
    snapshot: Snapshot, question: str, history: Sequence[str], without: Collection[str]
) -> tuple[dict[str, float], str]:
    """The grounds of the first passage, and its id; grounds of 0 where there is none."""
    query, asked = understood(question, history, snapshot)
    ranked = [each for each in search(query, asked, snapshot) if each.passage_id not in without]
    if not ranked:
        return dict.fromkeys(BY_WORDS.weights, 0.0), ""
    english = snapshot.index.speller.english
    return grounds(asked, ranked, snapshot.index.wordings, snapshot.retriever, english), ranked[0].passage_id


# Weights


def counts_of(rows: Rows) -> Floats:
    """How much each row counts."""
    counts = np.zeros(len(rows.right))
    for name, weight in SETS.items():
        for size in SIZES:
            for kind, share in zip(KINDS, SHARES, strict=True):
                for in_letter, part in ((False, 1 - IN_LETTERS), (True, IN_LETTERS)):
                    chosen = (rows.set == name) & (rows.size == size) & (rows.kind == kind)
                    chosen &= rows.in_letter == in_letter
                    if chosen.any():
                        counts[chosen] = weight * share * part / chosen.sum()
    whole: Floats = counts / counts.sum()
    return whole


def fit(grounds: Floats, right: Floats, counts: Floats, names: Sequence[str]) -> Floats:
    """The weights, and the bias behind them, by Newton's method on the weighted log-likelihood, a little shrunk; those
    that are `CHOSEN` are not fitted."""
    x = np.hstack([grounds, np.ones((len(grounds), 1))])
    weights = np.array([CHOSEN.get(name, 0.0) for name in [*names, "bias"]])
    counts = counts / counts.sum()
    free = np.array([name not in CHOSEN for name in [*names, "bias"]])
    shrinkage = SHRINKAGE * np.append(np.ones(len(names)), 0)[free]
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x[:, free].T @ (counts * (right - p)) - shrinkage * weights[free]
        bend = (x[:, free].T * (counts * p * (1 - p))) @ x[:, free] + np.diag(shrinkage)
        weights[free] += np.linalg.solve(bend, slope)
    return weights


def confidences(grounds: Floats, weights: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-(grounds @ weights[:-1] + weights[-1])))
    return found


def folds_of(rows: Rows) -> npt.NDArray[np.int64]:
    return np.array([zlib.crc32(article.encode()) % FOLDS for article in rows.article])


def crossed(rows: Rows, counts: Floats, names: Sequence[str]) -> Floats:
    """The confidence of each row by weights from the other articles."""
    folds, found = folds_of(rows), np.zeros(len(rows.right))
    for fold in range(FOLDS):
        of_fold = folds == fold
        weights = fit(rows.grounds[~of_fold], rows.right[~of_fold], counts[~of_fold], names)
        found[of_fold] = confidences(rows.grounds[of_fold], weights)
    return found


# Figures

FIGURES = ("AUROC foreign", "AUROC near", "refused", "near answered", "ECE")


def figures(rows: Rows, found: Floats, counts: Floats) -> list[float]:
    right = found[(rows.kind == "own") & (rows.right == 1)]
    foreign, near = found[rows.kind == "foreign"], found[rows.kind == "near"]
    if not len(right) or not len(foreign) or not len(near):
        return [np.nan] * len(FIGURES)
    threshold = np.quantile(foreign, 0.99)
    return [
        auroc(right, foreign),
        auroc(right, near),
        float(np.mean(right <= threshold)),
        float(np.mean(near > threshold)),
        calibration_error(rows.right, found, counts),
    ]


def auroc(above: Floats, below: Floats) -> float:
    ranks = rankdata(np.concatenate([above, below]))[: len(above)]
    return float((ranks.sum() - len(above) * (len(above) + 1) / 2) / (len(above) * len(below)))


def calibration_error(right: Floats, found: Floats, counts: Floats) -> float:
    bins = np.minimum((found * BINS).astype(int), BINS - 1)
    off = np.bincount(bins, weights=counts * (right - found), minlength=BINS)
    return float(np.abs(off).sum() / counts.sum())


def with_intervals(rows: Rows, found: Floats, counts: Floats) -> str:
    """The figures, each with the interval between the 2.5th and the 97.5th percentile of resampled articles."""
    random = np.random.default_rng(1)
    _, numbers = np.unique(rows.article, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    places = np.split(order, np.cumsum(np.bincount(numbers))[:-1])
    resampled = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([places[each] for each in random.integers(len(places), size=len(places))])
        resampled.append(figures(Rows._make(column[chosen] for column in rows), found[chosen], counts[chosen]))
    low, high = np.nanpercentile(resampled, [2.5, 97.5], axis=0)
    return "".join(
        f"{value:>7.3f} [{a:.3f}, {b:.3f}]" for value, a, b in zip(figures(rows, found, counts), low, high, strict=True)
    )


def report(rows: Rows, found: Floats, counts: Floats) -> None:
    print(f"\n{'':<28}" + "".join(f"{name:>22}" for name in FIGURES))
    for label, of_label in (
        ("SQuAD", (rows.set == "squad_v11_dev") & ~rows.in_letter),
        ("all", ~rows.in_letter),
        ("all, in letters", rows.in_letter),
    ):
        for size in SIZES:
            chosen = of_label & (rows.size == size)
            print(f"{label + ', ' + size:<28}{with_intervals(rows.where(chosen), found[chosen], counts[chosen])}")
    for name in SETS:
        chosen = (rows.set == name) & ~rows.in_letter
        print(f"{name:<28}{with_intervals(rows.where(chosen), found[chosen], counts[chosen])}")
    print("\nshare at a confidence or above it: of right firsts, foreign, near; and how many of the answered are right")
    thresholds = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
    print(f"{'':<28}" + "".join(f"{each:>21}" for each in thresholds))
    for label, of_label in (("SQuAD", rows.set == "squad_v11_dev"), ("all", rows.set != "")):
        for size in SIZES:
            chosen = of_label & (rows.size == size) & ~rows.in_letter
            some, sure, count = rows.where(chosen), found[chosen], counts[chosen]
            right = (some.kind == "own") & (some.right == 1)
            line = ""
            for each in thresholds:
                shares = [np.mean(sure[of] >= each) for of in (right, some.kind == "foreign", some.kind == "near")]
                answered = sure >= each
                precise = np.average(some.right[answered], weights=count[answered])
                line += f"  {shares[0]:.3f} {shares[1]:.3f} {shares[2]:.2f} {precise:.2f}"
            print(f"{label + ', ' + size:<28}{line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path, help="folder that keeps vectors: fit where meaning ranked")
    parser.add_argument("--share", type=float, default=1.0, help="ask this share of the libraries")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "pincite-grounds.npz")
    parser.add_argument("--again", action="store_true", help="fit on the grounds that were kept")
    given = parser.parse_args()
    if given.again:
        with np.load(given.kept) as kept:
            names, rows = kept["names"].tolist(), Rows(*(kept[name] for name in Rows._fields))
    else:
        sets = [read_set(given.folder / name, given.folder / IMPOSSIBLE if "squad" in name else None) for name in SETS]
        for size, count in LIBRARIES.items():
            LIBRARIES[size] = max(1, round(count * given.share))
        names, rows = ask_all(sets, given.vectors, print)
        np.savez_compressed(given.kept, names=np.array(names), **rows._asdict())
    settings = Settings()
    print(f"thresholds {settings.threshold}, {settings.possible_threshold}; now", BY_WORDS, BY_MEANING)
    model = BY_MEANING if given.vectors else BY_WORDS
    if given.vectors:
        CHOSEN.update(CHOSEN_BY_MEANING)
    asked = rows._replace(grounds=rows.grounds[:, [names.index(name) for name in model.weights]])
    looked_at: Flags = np.asarray(~np.isnan(asked.grounds).any(axis=1), bool)
    some, counts, chosen = asked.where(looked_at), counts_of(rows), tuple(model.weights)
    weights = fit(some.grounds, some.right, counts[looked_at], chosen)
    print("\n" + str(dict(zip([*chosen, "bias"], np.round(weights, 2).tolist(), strict=True))))
    by_words = np.nan_to_num(rows.grounds[:, [names.index(name) for name in BY_WORDS.weights]])
    found = confidences(by_words, np.array([*BY_WORDS.weights.values(), BY_WORDS.bias]))
    found[looked_at] = crossed(some, counts[looked_at], chosen)
    report(asked, found, counts)


if __name__ == "__main__":
    main()
