"""The dashboard: what waits for the person who looks, and where they belong. One function for each panel.

Each panel asks the database the same number of times whether it has one thing to show or fifty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst

from clahrc.templatetags.status import colour_of
from communities.models import Membership, Newsletter, UpdateSection
from fellows.listing import programme_max_years, soon
from fellows.models import FellowPost, Secondment
from fellows.querysets import FellowPostQuerySet
from panels.models import Condition, PanelSeat, Review, ReviewCycle
from people.models import Invitation
from people.rules import is_programme_staff
from studies.models import Study, StudyPerson, Suggestion, Theme

if TYPE_CHECKING:
    from people.models import User

#: How many things a panel names; it says how many more there are.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a panel."""

    text: str
    url: str
    note: str = ""
    tag: str = ""
    colour: str = ""


@dataclass(slots=True)
class Panel:
    """A heading, the first few things under it, and how many there are."""

    heading: str
    items: list[Item] = field(default_factory=list)
    total: int = 0
    more_url: str = ""
    more_text: str = "See all"

    @property
    def more(self) -> int:
        """How many things are not shown."""
        return self.total - len(self.items)


def _panel(heading: str, rows: QuerySet[Any], show: Callable[[Any], Item], url: str = "", text: str = "") -> Panel:
    """A panel from two queries: the first few rows and their number."""
    items = [show(row) for row in rows[:SHOWN]]
    return Panel(heading, items, rows.count(), url, text or "See all")


# --- What waits -----------------------------------------------------------------------------------------------


def reviews_due(user: User) -> Panel:
    """Reviews that the person owes, the most pressing first."""
    owed = Review.objects.waiting().filter(member=user)
    owed = owed.select_related("cycle__study", "cycle__panel").order_by("cycle__due_on", "pk")

    def show(review: Review) -> Item:
        due = review.cycle.due_on
        late = due < timezone.localdate()
        return Item(
            f"Review {review.cycle.study.short_title}", review.get_absolute_url(),
            f"{review.cycle.panel}, due {date_format(due)}", "Overdue" if late else "", "red",
        )  # fmt: skip

    return _panel("Reviews for you to write", owed, show, reverse("reviews:index"), "All your reviews")


def cycles_to_conclude(user: User) -> Panel:
    """Open review cycles that the person runs, those past their day first."""
    cycles = ReviewCycle.objects.open().run_by(user).with_progress()
    cycles = cycles.select_related("study", "panel").order_by("due_on", "pk")

    def show(cycle: Any) -> Item:
        complete = cycle.asked > 0 and cycle.asked == cycle.returned
        late = cycle.due_on < timezone.localdate() and not complete
        tag, colour = ("Reviews are in", "green") if complete else ("Overdue", "red") if late else ("", "")
        if cycle.wanting_time:
            tag, colour = "More time asked for", "yellow"
        note = f"{cycle.panel}: {cycle.returned} of {cycle.asked} reviews in, due {date_format(cycle.due_on)}"
        return Item(cycle.study.short_title, cycle.get_absolute_url(), note, tag, colour)

    return _panel("Reviews that you look after", cycles, show, reverse("panels:index"), "All panels")


def conditions_to_check(user: User) -> Panel:
    """Conditions of decisions to which the study has said what it changed, or why not, for whoever runs the panel."""
    conditions = Condition.objects.to_check_by(user).select_related("suggestion", "decision__cycle__study")
    conditions = conditions.select_related("decision__cycle__panel").order_by("decision__recorded_at", "pk")

    def show(condition: Condition) -> Item:
        cycle, said = condition.decision.cycle, condition.suggestion
        tag = (said.get_status_display(), colour_of(said.status)) if said else ()
        return Item(_short(condition.text), cycle.get_absolute_url(), f"{cycle.study.short_title}, {cycle.panel}", *tag)

    return _panel("Conditions that a study has answered", conditions, show, reverse("panels:index"), "All panels")


def suggestions_to_answer(user: User) -> Panel:
    """Suggestions without an answer on the studies that the person answers for; all of them for staff."""
    waiting = Suggestion.objects.waiting().answered_for_by(user)
    waiting = waiting.select_related("study").order_by("made_on", "pk")

    def show(suggestion: Suggestion) -> Item:
        study = suggestion.study
        note = f"{study.short_title}, from: {suggestion.get_source_display().lower()}"
        url = reverse("studies:suggestion_answer", args=[study.slug, suggestion.pk])
        return Item(_short(suggestion.text), url, note)

    every = reverse("studies:suggestions")
    return _panel("Suggestions to answer", waiting, show, every, "All suggestions to answer")


def secondments_ending(user: User) -> Panel:
    """Secondments in their last six months: the person's own, those of the themes they lead, all for staff."""
    years = programme_max_years()
    ending = Secondment.objects.ending_by(soon(), max_years=years)
    ending = ending.filter(post__closed_on=None, post__study__archived_at=None)
    if not is_programme_staff(user):
        ending = ending.filter(Q(fellow=user) | Q(post__study__theme__leads=user)).distinct()
    ending = ending.select_related("post__study", "fellow").order_by("ends_on", "starts_on", "pk")

    def show(secondment: Secondment) -> Item:
        name = "You" if secondment.fellow_id == user.pk else str(secondment.fellow or "Name not yet added")
        note = f"Last day {date_format(secondment.last_day(years))}"
        over = secondment.last_day(years) < timezone.localdate()
        text = f"{name}, {secondment.post.study.short_title}"
        return Item(text, secondment.post.get_absolute_url(), note, "Longest term reached" if over else "", "red")

    return _panel("Secondments that end soon", ending, show, _fellows("ending") if is_programme_staff(user) else "")


def vacancies(user: User) -> Panel:
    """Posts with nobody in them."""
    vacant = _posts(user).vacant()
    return _panel("Vacant posts for diffusion fellows", vacant, _show_post, _fellows("vacant"))


def names_to_add(user: User) -> Panel:
    """Posts held by somebody whose name has not been added."""
    return _panel("Fellows whose name is missing", _posts(user).unnamed(), _show_post, _fellows("unnamed"))


def invitations_open(user: User) -> Panel:
    """People who have been invited and have not accepted."""
    waiting = Invitation.objects.open().select_related("user").order_by("sent_at")

    def show(invitation: Invitation) -> Item:
        url = reverse("people:detail", args=[invitation.user_id])
        note = f"{invitation.role}, invited {date_format(timezone.localdate(invitation.sent_at))}"
        return Item(str(invitation.user), url, note, "Expired" if invitation.has_expired else "", "red")

    return _panel("Invitations not yet accepted", waiting, show, reverse("people:index"), "All people")


def newsletter_drafts(user: User) -> Panel:
    """Newsletters that have been begun and not sent."""
    drafts = Newsletter.objects.managed_by(user).filter(status=Newsletter.Status.DRAFT).with_last_step()
    drafts = drafts.select_related("community").order_by("-created_at", "-pk")

    def show(newsletter: Any) -> Item:
        tag = ("Sent back", "orange") if newsletter.last_step == "sent_back" else ("Draft", "grey")
        return Item(newsletter.title, newsletter.get_absolute_url(), str(newsletter.community), *tag)

    return _panel("Newsletters you have not sent", drafts, show, reverse("newsletters:manage"), "All newsletters")


def newsletters_to_approve(user: User) -> Panel:
    """Newsletters that somebody asked to have approved, for those who may: not whoever changed them last."""
    asked = Newsletter.objects.asked_for_approval(user).select_related("community").order_by("created_at", "pk")

    def show(newsletter: Newsletter) -> Item:
        return Item(newsletter.title, newsletter.get_absolute_url(), str(newsletter.community))

    return _panel("Newsletters to approve", asked, show, reverse("newsletters:manage"), "All newsletters")


def update_drafts(user: User) -> Panel:
    """What communities would tell in the monthly update, until somebody approves or skips it."""
    drafts = UpdateSection.objects.visible_to(user).filter(status=UpdateSection.Status.DRAFT, update__closed_at=None)
    drafts = drafts.select_related("community", "update").order_by("update__closes_at", "community__name", "pk")

    def show(section: UpdateSection) -> Item:
        note = f"{section.update.month_words}, goes on {date_format(timezone.localdate(section.update.closes_at))}"
        return Item(section.community.name, section.get_absolute_url(), note)

    return _panel("Monthly updates to approve", drafts, show, reverse("updates:index"), "All monthly updates")


#: What ``StudyQuerySet.with_flags`` finds, in the words of the screen.
FLAGS = {
    "lacks_lead": "no lead",
    "lacks_service_user": "no service user on its steering committee",
    "lacks_summary": "no plain-English summary",
    "is_overdue": "past its end date",
}


def studies_flagged(user: User) -> Panel:
    """Studies with something to put right, among those that the person looks after."""
    studies = Study.objects.current().worked_on_by(user)
    flagged = Q()
    for flag in FLAGS:
        flagged |= Q(**{flag: True})
    studies = studies.with_flags().filter(flagged).order_by("theme__position", "position", "pk")

    def show(study: Study) -> Item:
        wrong = ", ".join(words for flag, words in FLAGS.items() if getattr(study, flag))
        return Item(study.short_title, study.get_absolute_url(), capfirst(wrong))

    url = reverse("studies:manage") if is_programme_staff(user) else ""
    return _panel("Studies to put right", studies, show, url, "Manage studies")


# --- Where they belong ----------------------------------------------------------------------------------------


def my_studies(user: User) -> Panel:
    """The studies that the person is on today, with what they do there."""
    roles = StudyPerson.objects.of(user).today().select_related("study").order_by("study__title", "role", "pk")

    def show(person: StudyPerson) -> Item:
        study = person.study
        return Item(
            str(study),
            study.get_absolute_url(),
            person.get_role_display(),
            study.get_stage_display(),
            colour_of(study.stage),
        )

    return _panel("Your studies", roles, show)


def my_themes(user: User) -> Panel:
    """The themes that the person leads."""
    themes = Theme.objects.led_by(user).order_by("position", "pk")
    return _panel("Themes you lead", themes, lambda theme: Item(theme.name, theme.get_absolute_url()))


def my_panels(user: User) -> Panel:
    """The panels on which the person has a seat."""
    seats = PanelSeat.objects.current().of(user).select_related("panel").order_by("panel__name", "pk")

    def show(seat: PanelSeat) -> Item:
        return Item(seat.panel.name, seat.panel.get_absolute_url(), seat.get_role_display())

    return _panel("Your panels", seats, show)


def my_communities(user: User) -> Panel:
    """The communities that the person belongs to."""
    memberships = Membership.objects.current().filter(associate__user=user)
    memberships = memberships.select_related("community").order_by("community__name", "pk")

    def show(membership: Membership) -> Item:
        note = "You are its convenor" if membership.role == Membership.Role.CONVENOR else ""
        return Item(membership.community.name, membership.community.get_absolute_url(), note)

    return _panel("Your communities", memberships, show, reverse("communities:mine"), "Choose what we email you")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What waits for the person, and where they belong; only panels with something in them."""

    waiting: list[Panel]
    places: list[Panel]

    @property
    def is_empty(self) -> bool:
        """Whether the portal has nothing for this person yet."""
        return not self.waiting and not self.places


_ANYONE = (
    reviews_due,
    cycles_to_conclude,
    conditions_to_check,
    suggestions_to_answer,
    secondments_ending,
    newsletter_drafts,
    update_drafts,
    studies_flagged,
)
_LEADS = (vacancies, names_to_add)
_STAFF = (invitations_open,)
_PLACES = (my_themes, my_studies, my_panels, my_communities)


def dashboard_of(user: User) -> Dashboard:
    """The dashboard of one person."""
    panels = [*_ANYONE]
    if is_programme_staff(user) or Theme.objects.led_by(user).exists():
        panels += _LEADS
    if user.has_perm("people.view_people"):
        panels += _STAFF
    if settings.NEWSLETTERS_NEED_APPROVAL and user.has_perm("communities.send_newsletter"):
        panels.append(newsletters_to_approve)
    return Dashboard(_filled(panel(user) for panel in panels), _filled(panel(user) for panel in _PLACES))


def _filled(panels: Iterable[Panel]) -> list[Panel]:
    return [panel for panel in panels if panel.total]


def _posts(user: User) -> FellowPostQuerySet:
    """The posts that the person fills: all for staff, those of the themes they lead."""
    posts = FellowPost.objects.of_current_studies()
    if not is_programme_staff(user):
        posts = posts.filter(study__theme__in=Theme.objects.led_by(user))
    return posts.select_related("study").order_by("study__theme__position", "study__position", "number", "pk")


def _show_post(post: FellowPost) -> Item:
    return Item(post.study.short_title, post.get_absolute_url(), f"Post {post.number}")


def _fellows(state: str) -> str:
    return f"{reverse('fellows:index')}?state={state}"


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119].rstrip()}…"
