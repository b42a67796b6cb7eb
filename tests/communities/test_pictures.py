"""Pictures of newsletters: uploaded, looked into, made smaller, shown to anybody, deleted where nothing uses them."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from communities.models import Newsletter, Picture
from communities.services.pictures import add_picture, delete_unused_pictures, read_picture
from tests.communities.factories import make_block, make_newsletter


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def newsletter(community):
    return make_newsletter(community, title="Spring", words="")


@pytest.fixture
def client(client_of):
    return client_of("staff")


def url(name: str, newsletter: Newsletter, *more: object) -> str:
    return reverse(f"newsletters:{name}", args=[newsletter.slug, *more])


def picture_file(size=(800, 400), kind="PNG", mode="RGB", **how) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new(mode, size, "#14566a" if mode == "RGB" else (20, 86, 106, 90)).save(out, kind, **how)
    return SimpleUploadedFile(f"table.{kind.lower()}", out.getvalue(), content_type="text/html")


def words_of(answer) -> str:
    return BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)


def test_story_when_picture_is_not_described_then_asks_and_keeps_the_upload(client, newsletter):
    data = {"words": "We met.", "upload": picture_file()}
    answer = client.post(url("add_block", newsletter, "story"), data)
    page = BeautifulSoup(answer.content, "html.parser")
    assert "Say in a sentence what the picture shows" in page.get_text()
    key = page.select_one("input[name=picture]")["value"]
    again = {"words": "We met.", "picture": key, "alternative_text": "A round table"}
    client.post(url("add_block", newsletter, "story"), again)
    block = newsletter.blocks.get()
    assert (block.picture.key, block.alternative_text) == (key, "A round table")


def test_story_when_picture_is_taken_out_or_replaced_then_so(client, newsletter):
    data = {"words": "We met.", "upload": picture_file(), "alternative_text": "A table"}
    client.post(url("add_block", newsletter, "story"), data)
    block = newsletter.blocks.get()
    first = block.picture
    base = {"words": "We met.", "picture": first.key, "alternative_text": "A chair", "version": "1"}
    client.post(url("edit_block", newsletter, block.pk), {**base, "upload": picture_file((300, 300))})
    block.refresh_from_db()
    assert (block.picture.width, block.alternative_text) == (300, "A chair")
    gone = {**base, "picture": block.picture.key, "version": "2", "remove_picture": "on"}
    client.post(url("edit_block", newsletter, block.pk), gone)
    block.refresh_from_db()
    assert (block.picture, block.alternative_text) == (None, "")


def test_picture_when_uploaded_then_smaller_upright_and_without_notes(staff):
    upright = Image.new("RGB", (2400, 1200), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    exif[0x010E] = "Taken at 12 Lace Street"
    out = io.BytesIO()
    upright.save(out, "JPEG", exif=exif)
    row = add_picture(picture=read_picture(SimpleUploadedFile("a.jpg", out.getvalue())), by=staff)
    assert (row.width, row.height) == (1200, 2400)
    with row.file.open("rb") as file:
        content = file.read()
    assert b"Lace Street" not in content
    assert len(content) == row.size
    assert dict(Image.open(io.BytesIO(content)).getexif()) == {}


@pytest.mark.parametrize(("mode", "ending"), [("RGBA", "png"), ("RGB", "jpg")])
def test_picture_when_parts_are_clear_then_png_otherwise_jpeg(staff, mode, ending):
    row = add_picture(picture=read_picture(picture_file(mode=mode)), by=staff)
    assert row.file.name == f"pictures/{row.key}.{ending}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Choose a picture"),
        (b"<html><script>alert(1)</script></html>", "Choose a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture"),
        (b"%PDF-1.7", "Choose a picture"),
    ],
)
def test_picture_when_none_then_says_what_to_choose(client, newsletter, content, words):
    data = {"words": "Kept.", "upload": SimpleUploadedFile("a.png", content, content_type="image/png")}
    answer = client.post(url("add_block", newsletter, "story"), data)
    assert words in words_of(answer)
    assert "Kept." in answer.content.decode()
    assert not Picture.objects.exists()


def test_picture_when_damaged_too_heavy_or_of_too_many_points_then_refused(monkeypatch):
    whole = picture_file().read()
    with pytest.raises(ValidationError, match="cannot read"):
        read_picture(SimpleUploadedFile("a.png", whole[: len(whole) // 2]))
    with pytest.raises(ValidationError, match="at most 10"):
        read_picture(SimpleUploadedFile("a.png", b"0" * (10 * 1024 * 1024 + 1)))
    monkeypatch.setattr("communities.services.pictures.MOST_PIXELS", 100)
    with pytest.raises(ValidationError, match="more than we can take"):
        read_picture(picture_file())


def test_picture_page_when_asked_by_anybody_then_the_picture_alone(client_of, staff):
    row = add_picture(picture=Image.new("RGB", (20, 10)), by=staff)
    answer = client_of("anonymous").get(row.get_absolute_url())
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert Image.open(io.BytesIO(answer.getvalue())).size == (20, 10)
    wrong = reverse("newsletters:picture", args=[row.key, "png"])
    assert client_of("anonymous").get(wrong).status_code == 404
    there = row.get_absolute_url()
    row.file.delete(save=False)
    assert client_of("anonymous").get(there).status_code == 404


def test_unused_pictures_when_a_week_old_then_deleted_with_their_files(
    newsletter, staff, django_capture_on_commit_callbacks
):
    used, new, old = (add_picture(picture=Image.new("RGB", (9, 9)), by=staff) for _ in range(3))
    make_block(newsletter, words="x", picture=used, alternative_text="A table")
    Picture.objects.exclude(pk=new.pk).update(added_at=timezone.now() - dt.timedelta(days=8))
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_unused_pictures() == 1
    assert set(Picture.objects.all()) == {used, new}
    kept = [picture.file.storage.exists(picture.file.name) for picture in (used, new, old)]
    assert kept == [True, True, False]
