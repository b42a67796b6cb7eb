import pytest
from django.urls import reverse


@pytest.mark.django_db
def test_home_when_anonymous_then_names_the_programme(client_of, programme):
    response = client_of("anonymous").get(reverse("home"))
    assert response.status_code == 200
    assert programme.name in response.content.decode()
