"""How it stands with a newsletter's approval, in what the pages show of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

from communities.models import ApprovalStep, Newsletter
from communities.querysets import NewsletterQuerySet
from communities.services.approval import approval_holds

_Kind = ApprovalStep.Kind
#: The tags of a newsletter that is not sent, by what was last done; whether approval still holds decides first.
_TAGS = {
    _Kind.ASKED: ("waiting", "Waiting for approval"),
    _Kind.SENT_BACK: ("sent_back", "Sent back"),
    _Kind.APPROVED: ("draft", "Changed since it was approved"),
}


@dataclass(frozen=True)
class Approval:
    """What was done towards it, the latest first, and whether it ``holds``: it may go as it is."""

    holds: bool = False
    steps: list[ApprovalStep] = field(default_factory=list)

    @property
    def last(self) -> ApprovalStep | None:
        """What was last done."""
        return self.steps[0] if self.steps else None

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked and nobody has answered."""
        return not self.holds and self.last is not None and self.last.kind == _Kind.ASKED

    @property
    def is_sent_back(self) -> bool:
        """Whether it was sent back and nobody has asked again."""
        return not self.holds and self.last is not None and self.last.kind == _Kind.SENT_BACK

    @property
    def is_lost(self) -> bool:
        """Whether it was approved and changed since."""
        return not self.holds and self.last is not None and self.last.kind == _Kind.APPROVED


def approval_of(newsletter: Newsletter) -> Approval:
    """How it stands with a newsletter; three queries."""
    steps = newsletter.approval_steps.select_related("made_by").prefetch_related("asked")
    return Approval(not newsletter.is_template and approval_holds(newsletter), list(steps))


def with_approval(newsletters: NewsletterQuerySet) -> list[Newsletter]:
    """Newsletters that are not sent, each with ``approval``: a status and words for its tag, None where nothing was
    done yet or newsletters need no approval here. As many queries for many as for one.
    """
    if not settings.NEWSLETTERS_NEED_APPROVAL:
        return list(newsletters)
    rows = list(newsletters.with_last_step().with_blocks())
    for row in rows:
        row.approval = ("approved", "Approved") if approval_holds(row) else _TAGS.get(row.last_step)  # type: ignore[attr-defined]
    return rows
