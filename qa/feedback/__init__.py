"""Feedback on answers: kept in SQLite, and exported as files for other programs. It changes no ranking.

`judging` makes feedback of a judgement, `store` keeps it, `exports` writes it to files.
"""

from qa.feedback.exports import FORMS, BeirCounts, write_beir, write_rows
from qa.feedback.judging import feedback_on
from qa.feedback.store import FeedbackStore

__all__ = ["FORMS", "BeirCounts", "FeedbackStore", "feedback_on", "write_beir", "write_rows"]
