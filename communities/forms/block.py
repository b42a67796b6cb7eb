"""A form for each kind of block that has anything to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from PIL import Image

from communities.forms.versioned import VersionedForm
from communities.models import Event, NewsletterBlock, Picture
from communities.services.pictures import KINDS_WORDS, LARGEST, add_picture, read_picture
from communities.validators import validate_no_placeholder
from people.form_fields import field_of
from people.models import User
from people.nhs_forms import NhsFormMixin
from studies.models import Study

_HOW_TO_WRITE = (
    "A blank line begins a new paragraph. A line that begins with ## is a heading, lines that begin with - are a list. "
    "Write a link as [words](https://address), strong words as **words**."
)


def words_field(**options: Any) -> forms.CharField:
    """A field for text in the small markup of ``communities.markup``; a script gives it buttons."""
    widget = forms.Textarea(attrs={"data-markup": ""})
    return forms.CharField(
        max_length=20_000, widget=widget, validators=[validate_no_placeholder],
        **{"help_text": _HOW_TO_WRITE, **options},
    )  # fmt: skip


class BlockForm(NhsFormMixin, VersionedForm):
    """What all of them share."""

    kind: ClassVar[str]
    field_options: ClassVar[Mapping[str, Mapping[str, Any]]] = {"words": {"rows": 12}}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        for name in ("heading", "alternative_text", "label"):
            if name in self.fields:
                self.fields[name].validators.append(validate_no_placeholder)
        self.submit_label = "Save the block" if self.instance.pk else "Add the block"

    def rebuild_with(self) -> dict[str, Any]:
        """What may be chosen depends on who writes."""
        return {"user": self.user}

    def with_upload_kept(self) -> BlockForm:
        """The same form; one that takes an upload keeps it, so that it need not be chosen again."""
        return self


class HeadingForm(BlockForm):
    """A heading between blocks."""

    kind = NewsletterBlock.Kind.HEADING

    class Meta:
        model = NewsletterBlock
        fields = ("heading",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["heading"].required = True


class StoryForm(BlockForm):
    """Words, with a heading and a picture where they have one."""

    kind = NewsletterBlock.Kind.STORY

    words = words_field(error_messages={"required": "Write the story."})
    upload = forms.FileField(
        label="Picture",
        required=False,
        help_text=(
            f"{KINDS_WORDS}, up to {filesizeformat(LARGEST)}; we make it smaller. Ask the people in it first. Leave it "
            "empty for none."
        ),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
        error_messages={"empty": "The file is empty. Choose another."},
    )
    picture = forms.ModelChoiceField(
        Picture.objects.all(), to_field_name="key", required=False, widget=forms.HiddenInput
    )
    remove_picture = forms.BooleanField(label="Take the picture out", required=False)

    class Meta:
        model = NewsletterBlock
        fields = ("heading", "words", "picture", "alternative_text")
        labels: ClassVar = {"alternative_text": "What the picture shows"}
        help_texts: ClassVar = {
            "heading": "Leave it empty for none.",
            "alternative_text": (
                "One sentence for people who do not see it, and for mail programs that show no pictures. Say what "
                "matters, such as “Carers and nurses around a table in Derby library”."
            ),
        }

    field_order = ("heading", "words", "upload", "remove_picture", "alternative_text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.picture:
            self.initial["picture"] = self.instance.picture.key
        if self.shown_picture is None:
            del self.fields["remove_picture"]
        else:
            self.fields["upload"].label = "Another picture instead"

    @property
    def shown_picture(self) -> Picture | None:
        """The picture that saving keeps, unless another is chosen."""
        if not self.is_bound:
            return self.instance.picture
        return Picture.objects.filter(key=str(self.data.get("picture", ""))[:22].replace("\x00", "")).first()

    def clean_upload(self) -> Image.Image | None:
        """The upload as a picture."""
        upload = self.cleaned_data["upload"]
        return read_picture(upload) if isinstance(upload, UploadedFile) else None

    def clean(self) -> dict[str, Any]:
        """A picture is described; words about a picture that is none are let go."""
        data = super().clean() or self.cleaned_data
        if data.get("remove_picture") and not data.get("upload"):
            data["picture"] = None
        if data.get("upload") or data.get("picture"):
            if not data.get("alternative_text") and "alternative_text" not in self.errors:
                self.add_error("alternative_text", "Say in a sentence what the picture shows.")
        elif "upload" not in self.errors:
            data["alternative_text"] = ""
        return data

    def with_upload_kept(self) -> BlockForm:
        """The form with what was uploaded as its picture, whatever else is wrong with it."""
        image = self.cleaned_data.get("upload") if self.is_bound and not self.is_valid() else None
        if self.is_bound and self.is_valid():
            image = self.cleaned_data["upload"]
        if image is None:
            return self
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["picture"] = add_picture(picture=image, by=self.user).key
        data.pop("remove_picture", None)
        return type(self)(data, instance=self.instance, user=self.user)


def _title_and_time(event: Event) -> str:
    return f"{event.title}, {event.when}"


class EventBlockForm(BlockForm):
    """An event to come; its date and place are looked up when the newsletter is sent."""

    kind = NewsletterBlock.Kind.EVENT

    words = words_field(label="Why come?", required=False, help_text="Leave it empty to give the date and place alone.")

    class Meta:
        model = NewsletterBlock
        fields = ("event", "words")
        help_texts: ClassVar = {"event": "Published events to come. The newsletter gives title, time and place."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = Event.objects.public().exclude(status="cancelled").upcoming()
        if self.instance.event_id:
            offered |= Event.objects.filter(pk=self.instance.event_id)
        field = field_of(self, "event", forms.ModelChoiceField)
        field.queryset = offered
        field.label_from_instance = _title_and_time  # type: ignore[method-assign,assignment]
        field.required, field.empty_label = True, "Choose an event"


class StudyBlockForm(BlockForm):
    """A study, with a link to its page."""

    kind = NewsletterBlock.Kind.STUDY

    words = words_field(label="What is new?", required=False, help_text="Leave it empty to use the study's summary.")

    class Meta:
        model = NewsletterBlock
        fields = ("study", "words")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = field_of(self, "study", forms.ModelChoiceField)
        field.queryset = Study.objects.public().order_by("title")
        field.required, field.empty_label = True, "Choose a study"


class InsightForm(BlockForm):
    """Something learned, set apart from the stories."""

    kind = NewsletterBlock.Kind.INSIGHT

    words = words_field(label="What was learned?", error_messages={"required": "Write what was learned."})

    class Meta:
        model = NewsletterBlock
        fields = ("heading", "words")
        help_texts: ClassVar = {"heading": "Such as “What carers told us”. Leave it empty for none."}


class ButtonForm(BlockForm):
    """A link that stands out."""

    kind = NewsletterBlock.Kind.BUTTON

    class Meta:
        model = NewsletterBlock
        fields = ("label", "address")
        help_texts: ClassVar = {
            "label": "What happens when somebody presses it, such as “Book your place”.",
            "address": "The whole address, or what follows our own, such as /events/.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        address = OurAddressField(
            label="Where does it lead?", max_length=500, help_text=self.fields["address"].help_text
        )
        self.fields["address"] = address
        self.fields["label"].required = True


class OurAddressField(forms.CharField):
    """A web address; one that begins with a stroke is the portal's own."""

    default_error_messages: ClassVar = {
        "invalid": "Enter a whole web address, like https://example.org/page, or one of ours, like /events/.",
        "required": "Enter where the button leads.",
    }
    widget = forms.TextInput(attrs={"inputmode": "url"})

    def to_python(self, value: Any) -> str:
        """The whole address; https where it says neither."""
        address = super().to_python(value) or ""
        if address.startswith("/") and not address.startswith("//"):
            return settings.SITE_URL + address
        return address if not address or ":" in address.partition("/")[0] else f"https://{address.lstrip('/')}"

    def validate(self, value: str) -> None:
        """Only what opens a web page."""
        super().validate(value)
        if not value:
            return
        ours = value.startswith(settings.SITE_URL + "/")
        if re.search(r"[\s<>\"'{}\\]", value):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        URLValidator(schemes=["http", "https"], message=self.error_messages["invalid"])(
            value.replace(settings.SITE_URL, "https://portal.example.org", 1) if ours else value
        )


BLOCK_FORMS: dict[str, type[BlockForm]] = {
    form.kind: form for form in (StoryForm, HeadingForm, EventBlockForm, StudyBlockForm, InsightForm, ButtonForm)
}
