"""The demonstration's studies: what they ask, who is on them, how far they are, and what they changed when asked."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from clahrc.demo.cast import DATA, Cast
from clahrc.demo.dates import day_between, moment
from people.models import Organisation
from studies.models import (
    Amendment,
    Programme,
    StageMove,
    Study,
    StudyIdentifier,
    StudyPerson,
    StudySite,
    Suggestion,
    Theme,
)
from studies.services import add_document, put_person_on_study, set_identifier
from studies.services.history import save_as
from studies.services.moving import MOVED

Kind, Role, Stage = Organisation.Kind, StudyPerson.Role, Study.Stage
#: The way most studies go; the demonstration's studies are strewn along it.
WAY = [Stage.PROPOSED, Stage.SCOPING, Stage.PROTOCOL, Stage.ACTIVE, Stage.ANALYSIS, Stage.IMPLEMENTING]
TRIALS = {Study.Design.RCT, Study.Design.FEASIBILITY_RCT}  # a trial is past its scoping
REASONS = {
    Stage.SCOPING: "The consultation found that services and service users want this answered.",
    Stage.PROTOCOL: "Scoping is done; the steering committee asked the team to write the protocol.",
    Stage.ACTIVE: "The panels agreed the protocol and the approvals are in place.",
    Stage.ANALYSIS: "The last participant has finished follow-up.",
    Stage.IMPLEMENTING: "The main findings are in, and two services have asked to take them up.",
}
SUGGESTIONS = [
    (
        Suggestion.Source.CONSULTATION,
        "Include people who live outside the cities; rural services are set up differently.",
    ),
    (
        Suggestion.Source.FELLOW,
        "Shorten the first visit. Forty minutes does not fit into a clinic list; twenty-five would.",
    ),
    (Suggestion.Source.COMMUNITY, "Offer the information sheet in large print and in an easy-read version."),
    (Suggestion.Source.STEERING, "Ask carers what they notice too, not only the person who takes part."),
    (Suggestion.Source.PANEL, "Say how a service could pay for this once the study's own money ends."),
    (Suggestion.Source.COMMUNITY, "Hold one of the follow-up sessions in the evening for people who work."),
]
AMENDMENTS = [
    "Two rural practices joined as sites.",
    "The first visit now takes twenty-five minutes; the second questionnaire is posted beforehand.",
    "Large-print and easy-read information sheets are in use at every site.",
]


def bring_to_life(cast: Cast, programme: Programme) -> None:
    """Give every study its words, dates, people, sites, stage and ledger; leads for every theme."""
    studies = list(Study.objects.current().select_related("theme"))
    themes = list(Theme.objects.all())
    for index, theme in enumerate(themes):
        theme.leads.add(cast.logins["lead"] if index == 0 else cast.person("researcher", Kind.UNIVERSITY))
    for index, study in enumerate(studies):
        _describe(study, index, cast, programme)
        _people(study, index, len(studies), cast, programme)
        _sites(study, cast, programme)
        _stage(study, index, cast, programme)
        if index % 3 == 0:
            _papers(study, index, cast)
        _ledger(study, index, cast, programme)


def _describe(study: Study, index: int, cast: Cast, programme: Programme) -> None:
    words: dict[str, Any] = DATA["studies"].get(study.slug) or {
        "design": Study.Design.values[index % len(Study.Design.values)],
        "summary": (
            f"{study.title}: people who use services, the staff who work in them and researchers look into this "
            f"together, as part of the {study.theme} theme. We want to learn what helps, what gets in the way, and how "
            "a change that works in one place can be used in the next."
        ),
        "research_question": f"What works, for whom and in which setting: {study.title}?",
    }
    study.design, study.summary = words["design"], words["summary"]
    study.research_question = words["research_question"]
    study.starts_on = programme.starts_on + dt.timedelta(days=60 + 25 * (index % 9))
    study.ends_on = min(study.starts_on + dt.timedelta(days=365 * 3), programme.ends_on)
    if index == 3:  # one that should have ended, so that the list's flag has something to show
        study.ends_on = timezone.localdate() - dt.timedelta(days=20)
    study.version += 1
    save_as(study, cast.logins["staff"])


def _people(study: Study, index: int, count: int, cast: Cast, programme: Programme) -> None:
    start = programme.starts_on
    lead = cast.logins["team"] if index == 0 else cast.person("researcher", Kind.UNIVERSITY)
    placed = [
        (lead, Role.LEAD),
        (cast.person("researcher", Kind.UNIVERSITY), Role.CO_INVESTIGATOR),
        (cast.person("researcher", Kind.UNIVERSITY), Role.RESEARCHER),
        (cast.person("fellow", Kind.NHS_PROVIDER), Role.STEERING_CHAIR),
        (cast.person("commissioner", Kind.COMMISSIONER), Role.STEERING_MEMBER),
    ]
    if index != count - 2:  # one study waits for its service user, and is flagged
        placed.append((cast.person("service_user"), Role.STEERING_SERVICE_USER))
    for user, role in placed:
        put_person_on_study(study=study, user=user, role=role, starts_on=start, by=cast.logins["staff"])


def _sites(study: Study, cast: Cast, programme: Programme) -> None:
    providers = [row for row in cast.organisations if row.kind == Kind.NHS_PROVIDER]
    for organisation in cast.chance.sample(providers, k=min(2, len(providers))):
        opened = programme.starts_on + dt.timedelta(days=cast.chance.randrange(120, 400))
        StudySite.objects.create(study=study, organisation=organisation, opened_on=opened)


def _stage(study: Study, index: int, cast: Cast, programme: Programme) -> None:
    """Walk the study along its stages on days that have passed, then record where it stands."""
    far = [4, 4, 5, 6, 4, 2, 4, 3][index % 8]
    reached = WAY[: max(far, 3) if study.design in TRIALS else far]
    day, last = programme.starts_on, timezone.localdate()
    for before, after in itertools.pairwise(reached):
        day = min(day + dt.timedelta(days=cast.chance.randrange(60, 140)), last)
        StageMove.objects.create(
            study=study, from_stage=before, to_stage=after, reason=REASONS[after],
            moved_by=cast.logins["staff"], moved_at=moment(day, cast.chance),
        )  # fmt: skip
    study.stage = reached[-1]
    save_as(study, cast.logins["staff"], MOVED)


def _papers(study: Study, index: int, cast: Cast) -> None:
    """A number in two registries, plainly made up, and a short file."""
    staff = cast.logins["staff"]
    set_identifier(study=study, scheme=StudyIdentifier.Scheme.ISRCTN, value=f"ISRCTN{index + 1:08}", by=staff)
    set_identifier(study=study, scheme=StudyIdentifier.Scheme.IRAS, value=f"{900001 + index}", by=staff)
    words = f"{study.title}\n\nWhat taking part involves, in plain English.\n\n{study.summary}\n"
    file = ContentFile(words.encode(), "information-sheet.txt")
    add_document(study=study, kind="materials", title="Information sheet", file=file, by=staff)


def _ledger(study: Study, index: int, cast: Cast, programme: Programme) -> None:
    today, team = timezone.localdate(), study.people.filter(role=Role.LEAD).first()
    for offset in range(2 + index % 2):
        source, text = SUGGESTIONS[(index + offset) % len(SUGGESTIONS)]
        made_on = day_between(programme.starts_on, today - dt.timedelta(days=30), cast.chance)
        suggestion = Suggestion.objects.create(study=study, source=source, text=text, made_on=made_on)
        if offset == 0 and team:
            suggestion.status = Suggestion.Status.DONE
            suggestion.answer = "Thank you. We have changed this."
            suggestion.answered_by, suggestion.answered_at = (
                team.user,
                moment(made_on + dt.timedelta(days=9), cast.chance),
            )
            suggestion.save()
            amendment = Amendment.objects.create(
                study=study, text=AMENDMENTS[index % len(AMENDMENTS)], made_by=team.user,
                made_on=made_on + dt.timedelta(days=21),
            )  # fmt: skip
            amendment.suggestions.add(suggestion)
