"""Pictures that staff upload: looked into, made smaller, and written anew without anything but the picture."""

from __future__ import annotations

import datetime as dt
import io
import warnings
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from PIL import Image, ImageOps, UnidentifiedImageError

from communities.models import NewsletterBlock, Picture
from people.models import User

#: What an upload may weigh, in bytes, and how many pixels it may unpack to.
LARGEST = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
#: Twice the width of a newsletter's column, so that it is sharp on a phone.
WIDEST = 1200
_TALLEST = 2400
_QUALITY = 82
_KEPT = dt.timedelta(days=7)
_KINDS = ("JPEG", "PNG", "WEBP", "GIF")
KINDS_WORDS = "JPEG, PNG, WebP or GIF"


def read_picture(upload: File[bytes]) -> Image.Image:
    """An upload as a picture, the right way up and at most 1,200 pixels wide.

    Raises ``ValidationError`` in words that say how to mend it: too heavy, too many pixels, none of the four kinds,
    damaged. The file's name and the type that a browser says count for nothing.
    """
    if upload.size > LARGEST:
        raise ValidationError(
            f"The picture is {filesizeformat(upload.size)}. Choose one of at most {filesizeformat(LARGEST)}.",
            code="large",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(upload, formats=_KINDS)
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(
                    f"The picture has {picture.width} × {picture.height} points, more than we can take. Make it "
                    "smaller first: 1,200 points across are enough.",
                    code="pixels",
                )
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except ValidationError:
        raise
    except UnidentifiedImageError as error:
        raise ValidationError(f"Choose a picture: {KINDS_WORDS}.", code="kind") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError("We cannot read this picture. Open it, save it again, and try once more.") from error
    upright.thumbnail((WIDEST, _TALLEST), Image.Resampling.LANCZOS)
    return upright


def delete_unused_pictures() -> int:
    """Delete pictures that have been in no newsletter for a week: uploads that nobody saved, and what was taken out.

    Returns how many. The file goes once the row is gone for good.
    """
    unused = Picture.objects.filter(blocks=None, added_at__lt=timezone.now() - _KEPT)
    count = 0
    for picture in list(unused):
        with transaction.atomic():
            # Looked at again under its lock: somebody may be putting it back.
            held = Picture.objects.select_for_update().filter(pk=picture.pk).first()
            if held is None or NewsletterBlock.objects.filter(picture=held).exists():
                continue
            Picture.objects.filter(pk=picture.pk).delete()
            transaction.on_commit(partial(picture.file.storage.delete, str(picture.file.name)))
            count += 1
    return count


def add_picture(*, picture: Image.Image, by: User) -> Picture:
    """Keep a picture as JPEG or, where parts of it are see-through, as PNG; without place, camera or any other note."""
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if clear else "RGB")
    if clear and plain.getchannel("A").getextrema() == (255, 255):
        plain, clear = plain.convert("RGB"), False
    out = io.BytesIO()
    # A new picture of the same points: notes that came with the upload stay behind.
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    how: dict[str, Any] = {"format": "PNG"} if clear else {"format": "JPEG", "quality": _QUALITY, "progressive": True}
    bare.save(out, optimize=True, **how)
    row = Picture(width=bare.width, height=bare.height, size=out.tell(), added_by=by)
    row.file.save("picture.png" if clear else "picture.jpg", ContentFile(out.getvalue()), save=False)
    row.save()
    return row
