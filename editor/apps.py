from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class EditorConfig(AppConfig):
    name = "editor"
    verbose_name = _("Maskroom")

    def ready(self) -> None:
        """A provider or a catalogue that cannot work stops the start, and not every call after it."""
        from editor.images_api.entries import CatalogueBroken
        from editor.jobs.provider import known_models, provider

        try:
            provider()
            known_models()
        except (ValueError, CatalogueBroken) as error:
            raise ImproperlyConfigured(str(error)) from error


class BackOfficeConfig(AdminConfig):
    default_site = "editor.admin_site.BackOffice"
