from django.contrib import admin
from django.urls import include, path

from editor.web.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("", include("editor.gateway.urls")),
    path("", include("editor.web.urls")),
]
handler400 = "editor.gateway.errors.bad_request"
handler403 = "editor.gateway.errors.permission_denied"
handler404 = "editor.gateway.errors.page_not_found"
handler500 = "editor.gateway.errors.server_error"
