"""What an administrator settles for the whole team: what is written into pictures that leave the app."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from editor.models import Team, audit
from editor.web.access import Request, admin_only
from editor.web.signin import address_of, sent


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["prompt_in_files", "label_downloads", "keep_place"]
        labels = {
            "prompt_in_files": gettext_lazy("Write the prompt into finished pictures"),
            "label_downloads": gettext_lazy("Put a small label on downloaded pictures"),
            "keep_place": gettext_lazy("Keep where a photo was taken"),
        }
        help_texts = {
            "prompt_in_files": gettext_lazy(
                "In the file’s metadata, for whoever gets the picture to read. That a model took part"
                " in it, and which one, is written in any case."
            ),
            "label_downloads": gettext_lazy(
                "“Edited with AI” in a corner of what is downloaded. What is kept here stays as it is:"
                " identical outside the mask."
            ),
            "keep_place": gettext_lazy(
                "The coordinates that a camera or phone has written into its photos stay in what is"
                " made from them. Otherwise they are left out."
            ),
        }


@admin_only
@require_http_methods(["GET", "POST"])
def settings_team(request: Request) -> HttpResponse:
    team = Team.load()
    form = TeamForm(sent(request), instance=team)
    if request.method == "POST" and form.is_valid():
        team.save()
        settled = {name: getattr(team, name) for name in form.fields}
        audit("team settled", "team", actor=request.user, address=address_of(request), **settled)
        messages.success(request, _("Saved. It holds for pictures that are finished from now on."))
        return redirect("settings_team")
    return render(request, "settings/team.html", {"form": form})
