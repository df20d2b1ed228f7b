"""Feedback on answers: kept in SQLite, and exported as files for other programs. It changes no ranking.

`judging` makes feedback of a judgement, `store` keeps it, `exports` writes it to files. `unanswered` counts questions
without an answer, where the owner wants that.
"""

from qa.feedback.exports import FORMS, BeirCounts, write_beir, write_rows
from qa.feedback.judging import feedback_on
from qa.feedback.store import FeedbackStore, Opinions
from qa.feedback.unanswered import Unanswered, UnansweredQuestion

__all__ = [
    "FORMS",
    "BeirCounts",
    "FeedbackStore",
    "Opinions",
    "Unanswered",
    "UnansweredQuestion",
    "feedback_on",
    "write_beir",
    "write_rows",
]
