from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from people.models import Organisation, User


def test_visible_to_when_asked_by_each_then_staff_see_all_and_others_themselves(staff, stranger):
    assert set(User.objects.visible_to(staff)) == {staff, stranger}
    assert set(User.objects.visible_to(stranger)) == {stranger}
    assert not User.objects.visible_to(AnonymousUser()).exists()
    staff.is_active = False
    assert set(User.objects.visible_to(staff)) == {staff}


def test_matching_when_several_words_then_all_must_be_found(staff, fellow):
    assert set(User.objects.matching("fellow trent")) == {fellow}
    assert not User.objects.matching("fellow zebra").exists()
    assert set(User.objects.matching("")) == {staff, fellow}


def test_joined_when_there_is_no_password_and_no_login_then_not_yet(stranger):
    bare = User.objects.create_user("bare@example.org", full_name="Bare")
    assert list(User.objects.joined()) == [stranger]
    assert (stranger.has_joined, bare.has_joined) == (True, False)


def test_organisations_matching_when_searched_then_finds_by_name_and_codes(organisation):
    other = Organisation.objects.create(name="Nottingham", kind="university", ror_id="01ee9ar58", is_partner=False)
    assert list(Organisation.objects.matching("rx1")) == [organisation]
    assert list(Organisation.objects.matching("01ee")) == [other]
    assert list(Organisation.objects.partners()) == [organisation]


def test_manager_when_asked_by_natural_key_then_capitals_do_not_matter(stranger):
    assert User.objects.get_by_natural_key("STRANGER@EXAMPLE.org") == stranger
