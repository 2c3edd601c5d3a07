from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class EditorConfig(AppConfig):
    name = "editor"
    verbose_name = _("Maskroom")


class BackOfficeConfig(AdminConfig):
    default_site = "editor.admin_site.BackOffice"
