"""Forms of the communities app: each checks what was typed and leaves the writing to one service."""

from communities.forms.audience import AudienceForm, AudienceNameForm
from communities.forms.community import CommunityFilterForm, CommunityForm, MemberSearchForm, StageForm
from communities.forms.event import CancelEventForm, EventForm
from communities.forms.newsletter import AskForm, NewNewsletterForm, NewsletterForm
from communities.forms.preferences import DetailsForm, LinkForm, PreferencesForm, UnsubscribeForm
from communities.forms.registration import (
    AddRegistrationForm,
    ChangeRegistrationForm,
    FeedbackForm,
    RegisterForm,
    RegistrationFilterForm,
)
from communities.forms.schedule import ScheduleForm
from communities.forms.send_back import SendBackForm
from communities.forms.series import AnnounceForm, DeleteDraftsForm, RepeatForm
from communities.forms.signup import JoinForm

__all__ = [
    "AddRegistrationForm",
    "AnnounceForm",
    "AskForm",
    "AudienceForm",
    "AudienceNameForm",
    "CancelEventForm",
    "ChangeRegistrationForm",
    "CommunityFilterForm",
    "CommunityForm",
    "DeleteDraftsForm",
    "DetailsForm",
    "EventForm",
    "FeedbackForm",
    "JoinForm",
    "LinkForm",
    "MemberSearchForm",
    "NewNewsletterForm",
    "NewsletterForm",
    "PreferencesForm",
    "RegisterForm",
    "RegistrationFilterForm",
    "RepeatForm",
    "ScheduleForm",
    "SendBackForm",
    "StageForm",
    "UnsubscribeForm",
]
