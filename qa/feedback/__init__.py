"""What people say of answers: kept in SQLite, and written as files that other programs read. It changes no ranking.

`judging` makes what is kept of a judgement, `store` keeps it, `exports` writes it.
"""

from qa.feedback.exports import FORMS, BeirCounts, write_beir, write_rows
from qa.feedback.judging import feedback_on
from qa.feedback.store import FeedbackStore

__all__ = ["FORMS", "BeirCounts", "FeedbackStore", "feedback_on", "write_beir", "write_rows"]
