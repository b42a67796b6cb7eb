"""The portal's addresses, and a bare view to measure each against."""

from django.urls import path

from benchmarks.views import bare
from clahrc.urls import urlpatterns as portal

urlpatterns = [*portal, path("bare/<slug:kind>/<int:columns>/<int:rows>/", bare, name="bare")]
