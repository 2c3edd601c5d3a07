"""RECORDS: people, images, edits, attempts, results, reviews, the ledger, the audit log."""

from editor.models.edits import (
    TERMINAL,
    UNFINISHED,
    Attempt,
    Edit,
    Finish,
    Finished,
    MarkupAs,
    Operation,
    Partial,
    Piece,
    Reference,
    Result,
    ReviewState,
    Status,
)
from editor.models.gateway import Call, Token
from editor.models.images import Draft, Image, Origin
from editor.models.listings import Listing
from editor.models.money import (
    Budget,
    Heartbeat,
    OverBudget,
    Spending,
    hold,
    month_of,
    release,
    settle,
)
from editor.models.people import Link, Person, Role, Theme
from editor.models.records import AuditEntry, LedgerEntry, Review, Unchangeable, audit, decide
from editor.models.team import Team

__all__ = [
    "TERMINAL", "UNFINISHED", "Attempt", "AuditEntry", "Budget", "Call", "Draft", "Edit", "Finish", "Finished",
    "Heartbeat", "Image", "LedgerEntry", "Link", "Listing", "MarkupAs", "Operation", "Origin", "OverBudget", "Partial",
    "Person", "Piece", "Reference", "Result", "Review", "ReviewState", "Role", "Spending", "Status", "Team", "Theme",
    "Token", "Unchangeable", "audit", "decide", "hold", "month_of", "release", "settle",
]  # fmt: skip
