"""Write the consumers' questions of MEDIQA 2019 as a set that `fit_confidence.py` reads.

    python tests/make_mediqa.py REPOSITORY FOLDER [--test]

REPOSITORY is a checkout of github.com/abachaa/MEDIQA2019 (Ben Abacha et al., BioNLP 2019): questions that people sent
to a health service, each with answers that were judged. Its two training sets and its validation set are read; the test
set is left for measuring, and written with `--test`. An answer is right with a score of 3 ("correct but incomplete") or
4 ("excellent"). Answers of more than 300 words are left out: no passage is as long.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

NAMES = ("TrainingSet1-LiveQAMed", "ValidationSet", "TrainingSet2-Alexa")
OF_TEST = ("TestSet-wLabels",)
LEAST_SCORE, MOST_WORDS, LONGEST_TITLE = 3, 300, 80


def write_set(repository: Path, folder: Path, names: Sequence[str]) -> tuple[int, int]:
    """How many answers and questions there are. Of equal answers the first is kept; it is right for all of them."""
    ids: dict[str, str] = {}
    documents, questions, judgements = [], [], ["query-id\tcorpus-id\tscore"]
    for name in names:
        root = etree.parse(repository / "MEDIQA_Task3_QA" / f"MEDIQA2019-Task3-QA-{name}.xml").getroot()
        for asked in root.iter("Question"):
            question_id = f"{name}-{asked.get('QID')}"
            right = []
            for answer in asked.iter("Answer"):
                text = (answer.findtext("AnswerText") or "").strip()
                if not text or len(text.split()) > MOST_WORDS:
                    continue
                title, _, rest = text.partition(":")
                if not rest or len(title) > LONGEST_TITLE:
                    title, rest = "", text
                if text not in ids:
                    ids[text] = f"answer-{len(ids)}"
                    documents.append({"_id": ids[text], "title": title.strip(), "text": rest.strip()})
                if int(answer.get("ReferenceScore")) >= LEAST_SCORE:
                    right.append(ids[text])
            if right:
                questions.append({"_id": question_id, "text": " ".join(asked.findtext("QuestionText").split())})
                judgements += [f"{question_id}\t{each}\t1" for each in dict.fromkeys(right)]
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for file, lines in (("corpus.jsonl", documents), ("queries.jsonl", questions)):
        (folder / file).write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
    (folder / "qrels" / "test.tsv").write_text("\n".join(judgements) + "\n", "utf-8")
    return len(documents), len(questions)


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if each != "--test"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    names = OF_TEST if "--test" in sys.argv else NAMES
    answers, questions = write_set(Path(arguments[0]), Path(arguments[1]), names)
    print(f"{answers} answers, {questions} questions")  # noqa: T201
