"""What a programme file may say. Every error and notice names its place, such as ``studies[3].theme``."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from django.db.models import Model
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.functional_validators import AfterValidator

from panels.models import Panel as PanelRow
from studies.models import RESERVED_SLUGS
from studies.models import ExistingNetwork as NetworkRow
from studies.models import Programme as ProgrammeRow
from studies.models import Study as StudyRow
from studies.models import Theme as ThemeRow

#: Largest file that is read, in bytes; the paper's own is 9,000.
MAX_BYTES = 10_000_000


class ProgrammeFileError(Exception):
    """A file that cannot be loaded. ``problems`` says what is wrong, a line a place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def _printable(value: str) -> str:
    if bad := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value):
        raise ValueError(f"has a control character (number {ord(bad[0])}); take it out")
    return value


def _not_reserved(value: str) -> str:
    if value in RESERVED_SLUGS:
        raise ValueError(f'"{value}" is one of the portal\'s own addresses; choose another')
    return value


def _on_one_line(value: str) -> str:
    if len(value.splitlines()) > 1:
        raise ValueError("has a line break; write it on one line")
    return value


Words = Annotated[str, AfterValidator(_printable)]
Line = Annotated[Words, AfterValidator(_on_one_line)]
Said = Annotated[Words, StringConstraints(min_length=1)]
Count = Annotated[int, Field(ge=0, le=32767, strict=True)]
LargeCount = Annotated[int, Field(ge=0, le=2_147_483_647, strict=True)]


#: How an address's part and a month are written.
_SLUG, _MONTH = r"^[a-z0-9]+(-[a-z0-9]+)*$", r"^\d{4}-(0[1-9]|1[0-2])$"


def _slug(length: int) -> Any:
    return Annotated[str, StringConstraints(pattern=_SLUG, max_length=length)]


def _fits(model: type[Model], field: str, *, empty: bool = False) -> Any:
    """Text that is not longer than the column that will hold it."""
    length = model._meta.get_field(field).max_length  # type: ignore[union-attr]
    return Annotated[Line, StringConstraints(min_length=0 if empty else 1, max_length=length)]


class Part(BaseModel):
    """A piece of the file. Keys that the format does not have are kept apart and told to whoever loads it."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True, frozen=True)


class Targets(Part):
    """What the programme set out to reach."""

    associates_in_first_year: LargeCount = 0
    diffusion_fellows: LargeCount = 0


class Terms(Part):
    """The terms on which fellows are seconded: days a week, years at most, fellows to a study."""

    days_per_week: Annotated[Decimal, Field(gt=0, le=5, max_digits=2, decimal_places=1)] = Decimal(1)
    max_years: Annotated[int, Field(ge=1, le=50)] = 5
    fellows_per_study_min: Count = 1
    fellows_per_study_max: Count = 3

    @model_validator(mode="after")
    def _range(self) -> Terms:
        if self.fellows_per_study_min > self.fellows_per_study_max:
            raise ValueError(".fellows_per_study_min: is more than fellows_per_study_max")
        return self


class ProgrammePart(Part):
    """The programme itself."""

    name: _fits(ProgrammeRow, "name")  # type: ignore[valid-type]
    short_name: _fits(ProgrammeRow, "short_name")  # type: ignore[valid-type]
    funder: _fits(ProgrammeRow, "funder", empty=True) = ""  # type: ignore[valid-type]
    starts_on: dt.date
    ends_on: dt.date
    region: _fits(ProgrammeRow, "region", empty=True) = ""  # type: ignore[valid-type]
    population: LargeCount | None = None
    aims: list[Said] = []
    targets: Targets = Targets()
    secondment: Terms = Terms()

    @model_validator(mode="after")
    def _dates(self) -> ProgrammePart:
        if self.ends_on <= self.starts_on:
            raise ValueError(f".ends_on: {self.ends_on} is not after starts_on, {self.starts_on}")
        return self


class ThemePart(Part):
    """A research or an implementation theme."""

    slug: _slug(50)  # type: ignore[valid-type]
    name: _fits(ThemeRow, "name")  # type: ignore[valid-type]
    kind: Literal["research", "implementation"]


class StudyPart(Part):
    """A study, and how many of its posts for fellows are filled."""

    slug: Annotated[_slug(80), AfterValidator(_not_reserved)]  # type: ignore[valid-type]
    theme: str
    acronym: _fits(StudyRow, "acronym", empty=True) = ""  # type: ignore[valid-type]
    title: _fits(StudyRow, "title")  # type: ignore[valid-type]
    fellow_posts: Count = 0
    fellows_in_post: Count = 0

    @model_validator(mode="after")
    def _posts(self) -> StudyPart:
        if self.fellows_in_post > self.fellow_posts:
            raise ValueError(f".fellows_in_post: {self.fellows_in_post} of only {self.fellow_posts} fellow_posts")
        return self


class NetworkPart(Part):
    """A network that was there before the programme."""

    name: _fits(NetworkRow, "name")  # type: ignore[valid-type]
    host: _fits(NetworkRow, "host", empty=True) = ""  # type: ignore[valid-type]
    theme: str
    note: Words = ""


class PanelPart(Part):
    """A panel: who sits on it, when it looks at a study and what it asks."""

    slug: _slug(80)  # type: ignore[valid-type]
    kind: Literal["commissioner", "service_user", "scientific"]
    name: _fits(PanelRow, "name")  # type: ignore[valid-type]
    seats: Words = ""
    when: _fits(PanelRow, "meets_when", empty=True) = ""  # type: ignore[valid-type]
    asks: Words = ""


class Interviews(Part):
    """How many were asked to be interviewed, and how many were."""

    invited: Count
    took_part: Count
    response_rate_percent: Count | None = None

    @model_validator(mode="after")
    def _counts(self) -> Interviews:
        if self.took_part > self.invited:
            raise ValueError(f".took_part: {self.took_part} of only {self.invited} invited")
        return self


class ConsultationPart(Part):
    """How the studies were chosen."""

    held_in: Annotated[str, StringConstraints(pattern=_MONTH)]
    respondents: list[Said] = []
    scoping_interviews: Interviews | None = None
    outcomes: list[Said] = []


class ProgrammeFile(Part):
    """The whole file."""

    format: Literal[1]
    programme: ProgrammePart
    themes: Annotated[list[ThemePart], Field(min_length=1)]
    studies: list[StudyPart] = []
    communities: Literal["one per study"] = "one per study"
    existing_networks: list[NetworkPart] = []
    panels: list[PanelPart] = []
    consultation: ConsultationPart | None = None
    communications: list[Said] = []


def place(location: Iterable[int | str]) -> str:
    """``("studies", 3, "theme")`` as ``studies[3].theme``."""
    written = ""
    for step in location:
        written += f"[{step}]" if isinstance(step, int) else f".{step}"
    return written.lstrip(".") or "the file"


def read_programme_file(path: Path) -> tuple[ProgrammeFile, list[str]]:
    """Read and check a programme file; returns it with notices of what it says that is not used.

    Raises ``ProgrammeFileError`` with every problem found, each with its place.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProgrammeFileError([f"{path}: larger than {MAX_BYTES:,} bytes; that is no programme file"])
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ProgrammeFileError([f"{path}: cannot be read ({error.strerror})"]) from error
    except UnicodeDecodeError as error:
        raise ProgrammeFileError([f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8"]) from error
    try:
        raw = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise ProgrammeFileError([f"{path}: line {error.lineno}, column {error.colno}: {error.msg}"]) from error
    except RecursionError as error:
        raise ProgrammeFileError([f"{path}: nested too deeply to be a programme file"]) from error
    return check(raw)


def check(raw: object) -> tuple[ProgrammeFile, list[str]]:
    """Check a programme file that has been parsed; the contract is ``read_programme_file``'s."""
    try:
        file = ProgrammeFile.model_validate(raw)
    except ValidationError as error:
        raise ProgrammeFileError([_in_words(item) for item in error.errors()]) from error
    if problems := list(_contradictions(file)):
        raise ProgrammeFileError(problems)
    return file, [*_unknown_keys(file), *_oddities(file)]


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        raise ProgrammeFileError([f'"{key}" is given twice in one place; keep one' for key in sorted(repeated)])
    return dict(pairs)


_FORMS = {
    _SLUG: "should be small letters and numbers, with hyphens between words",
    _MONTH: "should be a month such as 2008-05",
}
_MESSAGES = {
    "missing": "is missing",
    "string_type": "should be text in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "date_from_datetime_parsing": "should be a date such as 2008-10-01",
    "date_from_datetime_inexact": "should be a date such as 2008-10-01",
    "date_parsing": "should be a date such as 2008-10-01",
    "date_type": "should be a date such as 2008-10-01",
    "model_type": "should be an object in braces",
    "list_type": "should be a list in square brackets",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "int_parsing": "should be a whole number",
    "decimal_parsing": "should be a number",
    "decimal_type": "should be a number",
    "decimal_max_places": "has too many decimal places; at most {decimal_places} fit",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be {ge} or more",
    "less_than_equal": "should be {le} or less",
    "literal_error": "should be {expected}",
}


def _in_words(item: Any) -> str:
    """One of pydantic's errors as a line: its place, what is wrong, and what was given where that helps."""
    kind, given, at = item["type"], item["input"], place(item["loc"])
    if kind == "value_error":  # one of this module's own; it names a key of the part when it begins with a dot
        words = str(item["ctx"]["error"])
        return f"{at}{words}" if words.startswith(".") else f"{at}: {words}"
    if kind in {"string_too_long", "too_long"}:
        return f"{at}: has {len(given)} characters; at most {item['ctx']['max_length']} fit"
    context = item.get("ctx", {})
    message = (
        _MESSAGES.get(kind, "").format_map(context)
        or _FORMS.get(context.get("pattern", ""))
        or item["msg"][0].lower() + item["msg"][1:]
    )
    shown = json.dumps(given, ensure_ascii=False) if isinstance(given, str | int | float) and given != "" else ""
    return f"{at}: {message}, not {shown[:80]}" if shown else f"{at}: {message}"


def _repeats(name: str, rows: Sequence[Any], field: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        value = getattr(row, field).casefold()
        if value and value in first:
            yield f'{name}[{index}].{field}: "{getattr(row, field)}" is {name}[{first[value]}].{field} already'
        first.setdefault(value, index)


def _contradictions(file: ProgrammeFile) -> Iterator[str]:
    """What each part allows but the whole does not."""
    for name, rows, fields in (
        ("themes", file.themes, ("slug", "name")),
        ("studies", file.studies, ("slug", "acronym")),
        ("existing_networks", file.existing_networks, ("name",)),
        ("panels", file.panels, ("slug", "name")),
    ):
        for field in fields:
            yield from _repeats(name, rows, field)
    kinds = {theme.slug: theme.kind for theme in file.themes}
    most = file.programme.secondment.fellows_per_study_max
    for index, study in enumerate(file.studies):
        if study.theme not in kinds:
            yield f'studies[{index}].theme: no theme "{study.theme}"'
        elif kinds[study.theme] != "research":
            yield f'studies[{index}].theme: "{study.theme}" is no research theme, and a study needs one'
        if study.fellow_posts > most:
            yield (
                f"studies[{index}].fellow_posts: {study.fellow_posts} is more than the {most} that "
                "programme.secondment.fellows_per_study_max allows"
            )
    for index, network in enumerate(file.existing_networks):
        if network.theme not in kinds:
            yield f'existing_networks[{index}].theme: no theme "{network.theme}"'


def _unknown_keys(part: Part, location: tuple[int | str, ...] = ()) -> Iterator[str]:
    for key in part.model_extra or {}:
        yield f"{place((*location, key))}: not a key of this format; it was not used"
    for key in type(part).model_fields:
        value = getattr(part, key)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, Part):
                step = (key, index) if isinstance(value, list) else (key,)
                yield from _unknown_keys(item, (*location, *step))


def _oddities(file: ProgrammeFile) -> Iterator[str]:
    """What can be loaded but deserves a second look."""
    least = file.programme.secondment.fellows_per_study_min
    for index, study in enumerate(file.studies):
        if study.fellow_posts < least:
            yield f"studies[{index}].fellow_posts: {study.fellow_posts}, where the programme promises at least {least}"
    interviews = file.consultation.scoping_interviews if file.consultation else None
    if interviews and interviews.response_rate_percent is not None and interviews.invited:
        rate = round(100 * interviews.took_part / interviews.invited)
        if rate != interviews.response_rate_percent:
            yield (
                f"consultation.scoping_interviews.response_rate_percent: says {interviews.response_rate_percent}, but "
                f"{interviews.took_part} of {interviews.invited} is {rate}"
            )
