"""Writing a newsletter: what it is called, its blocks, and templates."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from communities.drawing import draw
from communities.forms import NewNewsletterForm, NewsletterForm
from communities.forms.block import BLOCK_FORMS
from communities.forms.versioned import VersionedForm
from communities.models import Community, Newsletter, NewsletterBlock, Picture
from communities.services import blocks as service
from communities.services.drafts import SCHEDULED
from communities.services.errors import RefusedError
from communities.services.newsletters import create_newsletter, keep_as_template, save_newsletter
from communities.views.newsletters import newsletter_for
from communities.views.requests import edit, text_of
from people.requests import sent, user_of

_CHANGE = "communities.change_newsletter"


@permission_required("communities.write_newsletters", raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a newsletter. ``?community=`` preselects the one it is for, ``?from=`` is what to copy."""
    user = user_of(request)
    begin_with = Newsletter.objects.to_begin_with(user)
    source = begin_with.filter(slug=text_of(request, "from")).first()
    form = NewNewsletterForm(sent(request), user=user, source=source)
    wanted = Community.objects.managed_by(user).filter(slug=text_of(request, "community")).first()
    if wanted or source:
        form.initial["community"] = wanted.pk if wanted else source.community_id if source else None
    if source:
        form.initial.update(title=source.title, introduction=source.introduction)
    if request.method == "POST" and form.is_valid():
        newsletter = create_newsletter(by=user, words=form.cleaned_data.get("words", ""), source=source, **form.changes)
        messages.success(request, "The draft is saved.")
        return redirect("newsletters:edit", newsletter.slug)
    templates = begin_with.filter(status=Newsletter.Status.TEMPLATE).order_by("title", "pk")
    return render(request, "newsletters/newsletter_new.html", {"form": form, "source": source, "templates": templates})


def _elsewhere(request: HttpRequest, newsletter: Newsletter) -> HttpResponse | None:
    """Where to go, where a newsletter can be changed no more; None where it can. What is posted is not sent elsewhere:
    its service refuses it, and the form keeps what was typed.
    """
    if request.method == "POST" or not (newsletter.is_sent or newsletter.is_scheduled):
        return None
    if newsletter.is_sent:
        return redirect(newsletter)
    messages.info(request, SCHEDULED)
    return redirect("newsletters:preview", newsletter.slug)


@require_safe
def edit_newsletter(request: HttpRequest, slug: str) -> HttpResponse:
    """A draft with all its blocks, and what can be done with each."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if elsewhere := _elsewhere(request, newsletter):
        return elsewhere
    context = {"newsletter": newsletter, "drawn": draw(newsletter), "kinds": NewsletterBlock.Kind.choices}
    return render(request, "newsletters/newsletter_edit.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a draft's community, title and introduction."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if elsewhere := _elsewhere(request, newsletter):
        return elsewhere
    user = user_of(request)

    def done(saved: Newsletter) -> HttpResponse:
        messages.success(request, "The draft is saved.")
        return redirect("newsletters:edit", saved.slug)

    form = NewsletterForm(sent(request), instance=Newsletter.objects.get(pk=newsletter.pk), user=user)
    form.cancel_url = reverse("newsletters:edit", args=[slug])
    return edit(
        request,
        form=form,
        template="newsletters/newsletter_details.html",
        context={"newsletter": newsletter},
        save=lambda form: save_newsletter(
            newsletter=newsletter, version=form.cleaned_data["version"], changes=form.changes, by=user
        ),
        done=done,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_block(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Fill in a new block and put it at the end; a divider is there at once."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if elsewhere := _elsewhere(request, newsletter):
        return elsewhere
    user = user_of(request)
    if kind == NewsletterBlock.Kind.DIVIDER and request.method == "POST":
        try:
            return _to_block(newsletter, service.add_block(newsletter=newsletter, kind=kind, fields={}, by=user))
        except RefusedError as error:
            messages.error(request, str(error))
            return redirect("newsletters:edit", slug)
    if kind not in BLOCK_FORMS:
        raise Http404
    instance = NewsletterBlock(newsletter=newsletter, kind=kind, position=0)
    return _block_form(
        request,
        newsletter,
        instance,
        lambda form: service.add_block(newsletter=newsletter, kind=kind, fields=form.changes, by=user),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_block(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a block."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if elsewhere := _elsewhere(request, newsletter):
        return elsewhere
    block = get_object_or_404(newsletter.blocks, pk=pk)
    if block.kind not in BLOCK_FORMS:
        raise Http404
    user = user_of(request)
    return _block_form(
        request,
        newsletter,
        block,
        lambda form: service.save_block(
            block=block, version=form.cleaned_data["version"], changes=form.changes, by=user
        ),
    )


def _block_form(
    request: HttpRequest,
    newsletter: Newsletter,
    instance: NewsletterBlock,
    save: Callable[[VersionedForm], NewsletterBlock],
) -> HttpResponse:
    bound = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = BLOCK_FORMS[instance.kind](*bound, instance=instance, user=user_of(request)).with_upload_kept()
    form.cancel_url = reverse("newsletters:edit", args=[newsletter.slug])
    return edit(
        request,
        form=form,
        template="newsletters/block_edit.html",
        context={"newsletter": newsletter, "piece": instance},
        save=save,
        done=lambda block: _to_block(newsletter, block),
    )


def _to_block(newsletter: Newsletter, block: NewsletterBlock) -> HttpResponse:
    return redirect(f"{reverse('newsletters:edit', args=[newsletter.slug])}#block-{block.pk}")


@require_POST
def move_block(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Move a block up or down by one."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    block = get_object_or_404(newsletter.blocks, pk=pk)
    try:
        service.move_block(block=block, up=request.POST.get("direction") == "up", by=user_of(request))
    except RefusedError as error:
        messages.error(request, str(error))
    return _to_block(newsletter, block)


@require_http_methods(["GET", "HEAD", "POST"])
def delete_block(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a block out, once it is sure."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    if elsewhere := _elsewhere(request, newsletter):
        return elsewhere
    block = get_object_or_404(newsletter.blocks.select_related("event", "study"), pk=pk)
    if request.method == "POST":
        try:
            service.delete_block(block=block, by=user_of(request))
        except RefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "The block is deleted.")
        return redirect("newsletters:edit", slug)
    context = {"newsletter": newsletter, "piece": block, "destructive": True}
    return render(request, "newsletters/block_delete.html", context)


@require_POST
def template(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a copy of a newsletter as a template."""
    newsletter = newsletter_for(request, slug, _CHANGE)
    made = keep_as_template(newsletter=newsletter, by=user_of(request))
    messages.success(request, "The template is saved. Take out what is not for next time.")
    return redirect("newsletters:edit", made.slug)


@login_not_required
@cache_control(public=True, max_age=31_536_000, immutable=True)
@require_safe
def picture(request: HttpRequest, key: str, ending: str) -> HttpResponseBase:
    """A picture of a newsletter, for mail programs and the archive. What is at an address never changes."""
    found = get_object_or_404(Picture, key=key)
    if found.ending != ending:
        raise Http404
    try:
        file = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The file of this picture is missing.") from error
    content_type = "image/png" if ending == "png" else "image/jpeg"
    response = FileResponse(file, content_type=content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Other sites' mail programs show it: without this, browsers would keep it from webmail.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
