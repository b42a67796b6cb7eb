"""Addresses of the people app."""

from __future__ import annotations

from django.urls import path

from people import views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", views.reactivate, name="reactivate"),
    path("<int:pk>/erase/", views.erase, name="erase"),
    path("<int:pk>/second-factor/", views.reset_second_factor, name="reset_second_factor"),
    path("<int:pk>/staff/", views.make_staff, name="make_staff"),
    path("<int:pk>/staff/remove/", views.remove_staff, name="remove_staff"),
    path("invite/", views.invite, name="invite"),
    path("invitations/<int:pk>/resend/", views.resend, name="resend"),
    path("invitations/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("accept/<str:token>/", views.accept, name="accept"),
    path("organisations/", views.organisations, name="organisations"),
    path("organisations/new/", views.organisation_new, name="organisation_new"),
    path("organisations/<int:pk>/", views.organisation_edit, name="organisation_edit"),
    path("organisations/<int:pk>/delete/", views.organisation_delete, name="organisation_delete"),
    path("me/", views.me, name="me"),
    path("me/edit/", views.me_edit, name="me_edit"),
    path("me/sessions/<int:pk>/end/", views.session_end, name="session_end"),
    path("me/data/", views.my_data, name="my_data"),
    path("me/close/", views.close_account, name="close_account"),
]
