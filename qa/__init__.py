"""pincite's engine: your own documents in, the passage that answers a question out, word for word, with its citation.

>>> from qa import Engine, Settings
>>> engine = Engine.open(Settings())
>>> answer = engine.ask("What was the hazard ratio of pomalidomide in MM-003?")
>>> answer.best.citation.section
('Pomalidomide',)
"""

from qa.config import Settings
from qa.engine import Engine, Progress
from qa.errors import QAError

__all__ = ["Engine", "Progress", "QAError", "Settings"]
