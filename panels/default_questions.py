"""What each kind of panel asks until staff word it otherwise.

After what the paper says each panel looks at (Rowley et al. 2012, "Putting the CLAHRC-NDL approach into practice").
"""

from __future__ import annotations

from dataclasses import dataclass

from panels.models import Panel, Question


@dataclass(frozen=True)
class DefaultQuestion:
    """A question that comes with the portal. ``key`` names it for good, however staff reword it."""

    key: str
    text: str
    hint: str = ""
    kind: str = Question.Kind.SCORE
    is_required: bool = True


DEFAULT_QUESTIONS: dict[str, tuple[DefaultQuestion, ...]] = {
    Panel.Kind.COMMISSIONER: (
        DefaultQuestion(
            "nhs-agenda",
            "How relevant is this study to the NHS?",
            "Think of national policy and of what local NHS services are trying to change.",
        ),
        DefaultQuestion(
            "social-care-agenda",
            "How relevant is it to social care?",
            "Think of the work of local authorities and of care outside the NHS.",
        ),
        DefaultQuestion(
            "commissioning-agenda",
            "Does it fit what commissioners plan to buy or to change?",
            "Think of local commissioning plans and priorities.",
        ),
        DefaultQuestion(
            "provider-agenda",
            "Could the organisations that provide the service act on what it finds?",
            "Think of staff, money and time, and of the services that would have to change.",
        ),
        DefaultQuestion(
            "commissioner-changes",
            "What would make it more useful to your organisation?",
            "Such as another outcome to measure, another place to run it, or people to involve.",
            Question.Kind.TEXT,
            is_required=False,
        ),
    ),
    Panel.Kind.SERVICE_USER: (
        DefaultQuestion(
            "serves-experience",
            "Does this study deal with something that matters to service users and carers?",
            "Think of your own experience and of people you know.",
        ),
        DefaultQuestion(
            "benefits-from-experience",
            "Has the study made good use of what service users and carers know?",
            "Think of how it was planned, and of who is on its steering committee.",
        ),
        DefaultQuestion(
            "taking-part",
            "Would taking part be reasonable for the people it asks?",
            "Think of time, travel, what they are asked, and how they are thanked.",
        ),
        DefaultQuestion("plain-words", "Is it explained in words that people can understand?"),
        DefaultQuestion(
            "service-user-changes",
            "What should the study change, so that it serves service users and carers better?",
            kind=Question.Kind.TEXT,
            is_required=False,
        ),
    ),
    Panel.Kind.SCIENTIFIC: (
        DefaultQuestion(
            "methods",
            "Are the methods right for the research question?",
            "Think of the design, who is included, the outcomes and possible bias.",
        ),
        DefaultQuestion(
            "statistics", "Are the statistical plans sound?", "Think of sample size, analysis and missing data."
        ),
        DefaultQuestion(
            "health-economics",
            "Are the health economics sound?",
            "Think of costs, outcomes and whose point of view is taken.",
        ),
        DefaultQuestion(
            "implementation",
            "Does the study still put implementation first?",
            "Think of how findings reach practice while the study runs, not only after it ends.",
        ),
        DefaultQuestion("progress", "Is the study on course to do what it set out to do?"),
        DefaultQuestion(
            "scientific-changes",
            "What should the study change?",
            "Name the most important change first.",
            Question.Kind.TEXT,
            is_required=False,
        ),
    ),
}
