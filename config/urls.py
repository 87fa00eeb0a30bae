"""All addresses of the site. Each app lists its own; none is open to the public unless its view says so."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()

urlpatterns = [
    path("", include("reports.urls")),
    path("", include("evaluation.urls")),
    path("", include("indicators.urls")),
    path("steward/", admin.site.urls),
]

handler400 = "reports.error_views.bad_request"
handler404 = "reports.error_views.not_found"
handler500 = "reports.error_views.failed"
