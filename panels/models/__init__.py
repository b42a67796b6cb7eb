"""The panels, their members, the cycles in which they look at a study, and each member's review."""

from panels.models.cycles import Condition, Decision, ReviewCycle
from panels.models.panels import Panel, PanelSeat, Question
from panels.models.reviews import Answer, Review, ReviewReminder, ReviewVersion

__all__ = [
    "Answer", "Condition", "Decision", "Panel", "PanelSeat", "Question", "Review", "ReviewCycle", "ReviewReminder",
    "ReviewVersion",
]  # fmt: skip
