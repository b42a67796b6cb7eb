"""Looking after a community: what it says of itself, its stage, its convenors."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from communities.models import Associate, Community, CommunityMove, Membership
from communities.models.community import RESERVED_SLUGS
from communities.services.errors import RefusedError, StaleVersionError
from people.models import User
from people.services import invite
from studies.models import Study
from studies.services.history import save_as
from studies.services.moving import MOVED


@transaction.atomic
def open_community(*, study: Study) -> Community:
    """The community of practice around a study, made if it has none yet, under the study's own name and address.

    A second call returns the same one (one community per study: Table 1 of the paper, note 1).
    """
    found = Community.objects.filter(study=study).first()
    if found:
        return found
    return Community.objects.create(study=study, slug=community_slug(study.slug), name=study.title)


def community_slug(study_slug: str) -> str:
    """The address of a study's community: the study's own, unless that is a word of the communities' addresses."""
    return f"{study_slug[:70]}-community" if study_slug in RESERVED_SLUGS else study_slug


@transaction.atomic
def save_community(*, community: Community, version: int, changes: dict[str, Any]) -> Community:
    """Change what a community says of itself and whether it is open to join.

    ``version`` is the one that the person edited. Raises ``StaleVersionError`` if somebody saved another since.
    """
    current = Community.objects.select_for_update().get(pk=community.pk)
    if current.version != version:
        raise StaleVersionError(current)
    for field, value in changes.items():
        setattr(current, field, value)
    current.version += 1
    current.save()
    return current


@transaction.atomic
def move_community(*, community: Community, to: str, reason: str, by: User) -> Community:
    """Move a community to another stage and keep who moved it, when and why.

    Any stage may follow any other: communities also fall back. Where it is in that stage already, nothing happens.
    Raises ``RefusedError`` without a reason.
    """
    current = Community.objects.select_for_update().get(pk=community.pk)
    if current.stage == to:
        return current
    if not reason.strip():
        raise RefusedError("Say why the community moves to another stage.")
    CommunityMove.objects.create(
        community=current, from_stage=current.stage, to_stage=Community.Stage(to), moved_by=by, reason=reason.strip()
    )
    current.stage = Community.Stage(to)
    current.version += 1
    save_as(current, by, MOVED)
    return current


@transaction.atomic
def make_convenor(*, membership: Membership, by: User) -> Membership:
    """Give a member the care of their community; they are invited to log in, or told if they can already.

    The account that they get is the one with the address they confirmed as an associate. A second call changes
    nothing and sends nothing. Raises ``RefusedError`` where they have left, or their account was deactivated.
    """
    membership = _locked(membership)
    if membership.left_at:
        raise RefusedError("This person has left the community.")
    if membership.role == Membership.Role.CONVENOR:
        return membership
    associate = membership.associate
    email = associate.user.email if associate.user else associate.email
    try:
        user = invite(
            email=email, full_name=associate.name, role=f"Convenor of {membership.community.name}"[:200], invited_by=by
        )
    except ValidationError as error:
        raise RefusedError(" ".join(error.messages)) from error
    if associate.user is None and Associate.objects.filter(user=user).exists():
        raise RefusedError(f"{user} is an associate under another email address already. Give the role to that one.")
    if associate.user is None:
        associate.user = user
        associate.save(update_fields=["user"])
    membership.role = Membership.Role.CONVENOR
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def make_member(*, membership: Membership) -> Membership:
    """Take the care of a community away from a convenor, who stays a member. A second call changes nothing."""
    membership = _locked(membership)
    if membership.role != Membership.Role.MEMBER:
        membership.role = Membership.Role.MEMBER
        membership.save(update_fields=["role"])
    return membership


def _locked(membership: Membership) -> Membership:
    return (
        Membership.objects.select_related("associate__user", "community")
        .select_for_update(of=("self",))
        .get(pk=membership.pk)
    )
