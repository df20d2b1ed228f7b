"""The wire form: what is accepted, what is sent, and how one becomes the other.

The web service, the command line's `--json` and the OpenAPI document all come from these models.
"""

from qa.limits import MAX_DOCUMENTS, MAX_HISTORY, MAX_LIMIT, MAX_QUESTION
from qa.wire.blocks import BlockBody, block_bodies
from qa.wire.bodies import (
    AskResponse,
    CitationBody,
    CitedPassageBody,
    ConversationBody,
    DocumentBody,
    FieldProblemBody,
    InterpretationBody,
    Live,
    Problem,
    Ready,
    answer_body,
    cited_passage_body,
    document_body,
    document_href,
    passage_href,
    passage_permalink,
)
from qa.wire.citations import (
    MAX_CITATIONS,
    MAX_QUOTE,
    AnswerClaim,
    VerificationBody,
    VerifyRequest,
    VerifyResponse,
    read_claims,
    read_fingerprint,
    verification_body,
)
from qa.wire.documents import MAX_LISTED, DocumentEntryBody, DocumentsBody, DocumentsRequest, documents_body, entry_body
from qa.wire.feedback import MAX_COMMENT, FeedbackRequest, FeedbackResponse
from qa.wire.requests import MAX_TURNS, AskRequest, ConversationRequest, DocumentIds
from qa.wire.suggestions import SuggestionsBody, SuggestionsRequest, suggestions_body

__all__ = [
    "MAX_CITATIONS",
    "MAX_COMMENT",
    "MAX_DOCUMENTS",
    "MAX_HISTORY",
    "MAX_LIMIT",
    "MAX_LISTED",
    "MAX_QUESTION",
    "MAX_QUOTE",
    "MAX_TURNS",
    "AnswerClaim",
    "AskRequest",
    "AskResponse",
    "BlockBody",
    "CitationBody",
    "CitedPassageBody",
    "ConversationBody",
    "ConversationRequest",
    "DocumentBody",
    "DocumentEntryBody",
    "DocumentIds",
    "DocumentsBody",
    "DocumentsRequest",
    "FeedbackRequest",
    "FeedbackResponse",
    "FieldProblemBody",
    "InterpretationBody",
    "Live",
    "Problem",
    "Ready",
    "SuggestionsBody",
    "SuggestionsRequest",
    "VerificationBody",
    "VerifyRequest",
    "VerifyResponse",
    "answer_body",
    "block_bodies",
    "cited_passage_body",
    "document_body",
    "document_href",
    "documents_body",
    "entry_body",
    "passage_href",
    "passage_permalink",
    "read_claims",
    "read_fingerprint",
    "suggestions_body",
    "verification_body",
]
