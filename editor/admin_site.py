from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class BackOffice(admin.AdminSite):
    """Django's admin, reached through the app's own sign-in."""

    site_header = _("Maskroom back office")
    site_title = _("Maskroom")
    index_title = _("Back office")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.is_admin
