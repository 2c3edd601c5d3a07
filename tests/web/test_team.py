from typing import Any

from django.urls import reverse

from editor.models import AuditEntry, Person, Team


def test_nothing_is_settled_until_an_administrator_does_so(db: Any) -> None:
    team = Team.load()
    assert (team.prompt_in_files, team.label_downloads, team.keep_place) == (False, False, False)
    assert not Team.objects.exists()


def test_what_an_administrator_settles_holds_for_the_team_and_is_on_record(
    adam: Person, as_person: Any
) -> None:
    client, page = as_person(adam), reverse("settings_team")
    client.post(page, {"label_downloads": "on"})
    assert (Team.load().prompt_in_files, Team.load().label_downloads) == (False, True)
    shown = client.get(page).content.decode()
    assert shown.count(" checked") == 1
    client.post(page, {"prompt_in_files": "on", "keep_place": "on"})
    team = Team.objects.get()
    assert (team.prompt_in_files, team.label_downloads, team.keep_place) == (True, False, True)
    entry = AuditEntry.objects.filter(act="team settled").latest("pk")
    assert (entry.actor, entry.detail["prompt_in_files"]) == (adam, True)


def test_members_and_reviewers_settle_nothing(alice: Person, as_person: Any) -> None:
    assert as_person(alice).post(reverse("settings_team"), {"keep_place": "on"}).status_code == 403
    assert not Team.objects.exists()
