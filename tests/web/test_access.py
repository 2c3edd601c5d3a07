"""Every address with every member of the cast. A new address without an entry here fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from editor.models import (
    AuditEntry,
    Budget,
    Call,
    Edit,
    LedgerEntry,
    Link,
    Listing,
    Result,
    Spending,
    Token,
)
from editor.web.access import load

CAST = ("nobody", "alice", "bob", "vera", "adam")
SIGNIN = "signin"  # sent to the sign-in page


@dataclass(frozen=True)
class Expected:
    """What each of the cast is answered, in the order of CAST."""

    statuses: tuple[Any, ...]
    post: bool = False
    data: dict[str, Any] = field(default_factory=dict)


def team(status: int, **how: Any) -> Expected:
    return Expected((SIGNIN, status, status, status, status), **how)


def reviewers(status: int, **how: Any) -> Expected:
    return Expected((SIGNIN, 403, 403, status, status), **how)


def admins(status: int, **how: Any) -> Expected:
    return Expected((SIGNIN, 403, 403, 403, status), **how)


def owner(status: int, otherwise: int, **how: Any) -> Expected:
    """alice made it; administrators may, too."""
    return Expected((SIGNIN, status, otherwise, otherwise, status), **how)


HEALTH = frozenset({200, 503})  # a test has no worker
GATEWAY: dict[str, list[Expected]] = (
    {  # a session opens nothing there: only a token does
        name: [Expected((401,) * 5), Expected((405,) * 5, post=True)]
        for name in ("v1_models", "v1_models_slash", "v1_model")
    }
    | {
        name: [Expected((405,) * 5), Expected((401,) * 5, post=True)]
        for operation in (
            "edits",
            "generations",
            "variations",
            "deployed_edits",
            "deployed_generations",
        )
        for name in (f"v1_{operation}", f"v1_{operation}_slash")
    }
    | {
        **{name: [Expected((200,) * 5)] for name in ("v1_openapi", "v1_openapi_slash")},
        **{name: [Expected((403,) * 5)] for name in ("v1_file", "v1_file_slash")},
        **{name: [Expected((404,) * 5)] for name in ("v1", "v1_slash", "v1_nothing")},
    }
)
DECISION = {"decision": "approved", "version": "0"}
TABLE: dict[str, list[Expected]] = {
    "healthz": [Expected((HEALTH,) * 5)],
    **GATEWAY,
    # people
    "signin": [Expected((200, 302, 302, 302, 302))],
    "signout": [Expected((302,) * 5, post=True), Expected((405,) * 5)],
    "signin_link": [Expected((200,) * 5), Expected((302,) * 5, post=True)],
    "invitation": [Expected((200, 404, 404, 404, 404))],
    "settings_profile": [team(200), team(422, post=True)],
    "settings_password": [team(200), team(422, post=True)],
    "settings_tokens": [team(200)],
    "token_make": [team(422, post=True), team(405)],
    "token_revoke": [owner(302, 404, post=True), team(405)],
    "settings_api": [team(200)],
    "settings_team": [admins(200), admins(302, post=True)],
    "people": [admins(200)],
    "person_role": [admins(302, post=True, data={"role": "reviewer"}), admins(405)],
    "person_active": [admins(302, post=True, data={"active": "no"}), admins(405)],
    "person_link": [admins(200, post=True), admins(405)],
    "invitations": [admins(200), admins(200, post=True, data={"role": "member"})],
    "invitation_withdraw": [admins(302, post=True), admins(405)],
    # review
    "review": [reviewers(200)],
    "review_show": [reviewers(200)],
    "review_decide": [reviewers(302, post=True, data=DECISION), reviewers(405)],
    "review_decide_many": [
        reviewers(302, post=True, data={"decision": "approved", "result": "1:0"}),
        reviewers(405),
    ],
    # pictures and edits
    "gallery": [team(200)],
    "person_gallery": [team(200)],
    "activity": [team(200)],
    "image_new": [team(200)],
    "image_upload": [team(422, post=True), team(405)],
    "image_sample": [team(302, post=True), team(405)],
    "image_choose": [team(200)],
    "image_show": [team(200)],
    "studio": [team(200), team(422, post=True)],
    "image_draft": [team(404), team(200, post=True, data={"prompt": "Warmer", "mask_empty": "1"})],
    "image_draft_mask": [team(404), team(422, post=True)],
    "image_masks": [team(200)],
    "image_estimate": [team(200)],
    "image_select": [team(422, post=True), team(405)],
    "image_versions": [team(200)],
    "generate": [team(200), team(422, post=True)],
    "generate_estimate": [team(200)],
    "image_vary": [team(200), team(422, post=True)],
    "image_vary_estimate": [team(200)],
    "image_thumb": [team(200)],
    "image_thumb_small": [team(200)],
    "image_preview": [team(200)],
    "image_full": [team(200)],
    "image_original": [owner(200, 404)],
    "edit_show": [team(200)],
    "edit_status": [team(200)],
    "edit_again": [team(302)],
    "edit_cancel": [owner(302, 403, post=True), team(405)],
    "edit_accept_loss": [owner(302, 403, post=True), team(405)],
    "edit_buy_again": [owner(302, 403, post=True), team(405)],
    "edit_mask": [team(200)],
    "edit_mask_small": [team(200)],
    "edit_source": [team(404)],  # it was not extended
    "edit_markup": [team(404)],  # nothing was drawn
    "edit_partial": [team(404)],  # the edit has ended
    "result_raw": [team(200)],
    "result_finish": [
        Expected((SIGNIN, 302, 403, 302, 302), post=True, data={"finish": "natural"}),
        team(405),
    ],
    "result_difference": [team(302)],  # to the address that names the finish
    "result_download": [team(302)],  # the stored file
    "result_record": [team(200)],
}


def patterns(
    resolver: URLResolver, namespaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from patterns(pattern, inner)
        else:
            yield ":".join((*namespaces, pattern.name or f"({pattern.pattern})")), pattern


ADDRESSES = dict(patterns(get_resolver()))
BACK_OFFICE = sorted(name for name in ADDRESSES if name.startswith("admin:"))


@pytest.fixture
def cast(alice: Any, bob: Any, vera: Any, adam: Any) -> dict[str, Any]:
    return {"nobody": None, "alice": alice, "bob": bob, "vera": vera, "adam": adam}


@pytest.fixture
def things(cast: dict[str, Any], photo: Any, make_edit: Any, make_result: Any) -> dict[str, Any]:
    result = make_result(make_edit(photo))
    link, token = Link.invite(by=cast["adam"], role="member")
    return {
        "image": photo.pk,
        "edit": result.edit_id,
        "result": result.pk,
        "review": result.pk,
        "person": cast["bob"].pk,
        "invitation": link.pk,
        "token": Token.make(cast["alice"], "nightly")[0].pk,
        "tokens": {"invitation": token, "signin_link": Link.sign_in(cast["bob"])},
    }


def arguments(name: str, pattern: URLPattern, things: dict[str, Any]) -> dict[str, Any]:
    wanted = pattern.pattern.converters
    given: dict[str, Any] = {}
    if "pk" in wanted:
        given["pk"] = things[name.split("_")[0].replace("studio", "image")]
    if "token" in wanted:
        given["token"] = things["tokens"][name]
    if "number" in wanted:
        given["number"] = 1
    if "username" in wanted:
        given["username"] = "alice"
    for word in ("id", "key", "rest", "deployment"):
        if word in wanted:
            given[word] = "none"
    return given


def asked(client: Client, address: str, expected: Expected) -> Any:
    """The answer, with everything that asking changed taken back."""
    with transaction.atomic():
        if expected.post:
            response = client.post(address, expected.data, headers={"Accept": "text/html"})
        else:
            response = client.get(address)
        transaction.set_rollback(True)
    return response


def told(response: Any) -> Any:
    is_signin = response.status_code == 302 and response["Location"].startswith("/signin?next=")
    return SIGNIN if is_signin else response.status_code


def test_every_address_has_an_entry() -> None:
    assert sorted(TABLE) == sorted(set(ADDRESSES) - set(BACK_OFFICE))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_may_open(
    name: str, cast: dict[str, Any], things: dict[str, Any], as_person: Callable[[Any], Client]
) -> None:
    if name not in ADDRESSES:
        pytest.fail(f"{name} is in the table, but no address has this name")
    address = reverse(name, kwargs=arguments(name, ADDRESSES[name], things))
    for expected in TABLE[name]:
        for who, status in zip(CAST, expected.statuses, strict=True):
            client = as_person(cast[who]) if cast[who] else Client()
            answer = told(asked(client, address, expected))
            allowed = status if isinstance(status, frozenset) else {status}
            assert answer in allowed, f"{who} {'POST' if expected.post else 'GET'} {address}"


OBJECT_OF = {"object_id", "content_type_id", "app_label", "url"}


def back_office_arguments(pattern: URLPattern, rows: dict[str, Any]) -> dict[str, Any]:
    wanted = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
    values = {"object_id": "1", "content_type_id": 1, "app_label": "editor", "url": "x"}
    for model, pk in rows.items():
        if f"editor_{model}_" in (pattern.name or ""):
            values["object_id"] = str(pk)
    assert wanted <= OBJECT_OF
    return {name: values[name] for name in wanted}


@pytest.mark.parametrize("name", BACK_OFFICE)
def test_back_office_is_for_admins_alone(
    name: str, cast: dict[str, Any], things: dict[str, Any], as_person: Callable[[Any], Client]
) -> None:
    Spending.load()
    rows = {
        "token": things["token"],
        "result": things["result"],
        "edit": things["edit"],
        "person": things["person"],
        "budget": Budget.objects.first().pk,
        "spending": 1,
        "ledgerentry": LedgerEntry.objects.first().pk,
        "auditentry": AuditEntry.objects.create(act="looked", target="x").pk,
        "call": call_of(cast["alice"], things["edit"]).pk,
        "listing": Listing.objects.create(provider="http://127.0.0.1/v1").pk,
    }
    pattern = ADDRESSES[name]
    if pattern.name is None:
        address = (
            "/admin/x" if "url" in pattern.pattern.regex.groupindex else "/admin/editor/edit/1/"
        )
    else:
        address = reverse(name, kwargs=back_office_arguments(pattern, rows))
    assert told(asked(Client(), address, Expected(()))) == SIGNIN
    for who in ("alice", "bob", "vera"):
        assert asked(as_person(cast[who]), address, Expected(())).status_code == 403, who
    for_admin = asked(as_person(cast["adam"]), address, Expected(())).status_code
    assert for_admin in expected_of_admin(name), f"adam GET {address}: {for_admin}"


def call_of(person: Any, edit: int) -> Call:
    token, _secret = Token.make(person, "nightly build")
    return Call.objects.create(token=token, edit_id=edit, fingerprint="x")


def expected_of_admin(name: str) -> set[int]:
    if name == "admin:password_change":
        return {302}
    if name.endswith(("_add", "_delete")):
        return {403}  # nothing is made or deleted there
    if "spending" in name and not name.endswith("_changelist"):
        return {405, 200, 302}
    if name.endswith(("_changelist", "_change", "_history", ":index", ":jsi18n", ":app_list")):
        return {200}
    return {301, 302, 400, 403, 404, 405}


@pytest.mark.parametrize(
    ("name", "pk"),
    [("image_show", 10**30), ("edit_show", 999_999), ("edit_mask", 0), ("result_raw", 999_999)],
)
def test_what_does_not_exist_is_not_found(name: str, pk: int, alice: Any, as_person: Any) -> None:
    assert as_person(alice).get(reverse(name, args=[pk])).status_code == 404


def test_result_that_does_not_exist_is_not_found_by_reviewers(vera: Any, as_person: Any) -> None:
    client = as_person(vera)
    assert client.get(reverse("review_show", args=[999_999])).status_code == 404
    assert client.post(reverse("review_decide", args=[999_999]), DECISION).status_code == 404


def test_load_finds_nothing_for_who_was_deactivated(alice: Any, photo: Any, make_edit: Any) -> None:
    edit = make_edit(photo)
    assert load(Edit.objects, alice, pk=edit.pk) == edit
    alice.is_active = False
    for rows in (Edit.objects, Result.objects):
        with pytest.raises(Http404):
            load(rows, alice, pk=edit.pk)


def test_pages_are_private_and_known_to_have_two_forms(alice: Any, as_person: Any) -> None:
    page = as_person(alice).get(reverse("settings_profile"))
    assert {"HX-Request", "Cookie"} <= {name.strip() for name in page["Vary"].split(",")}
    assert page["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("name", ["gallery", "review", "settings_profile", "signin"])
def test_pages_hold_no_inline_script_or_style(name: str, vera: Any, as_person: Any) -> None:
    client = Client() if name == "signin" else as_person(vera)
    page = client.get(reverse(name))
    text = page.content.decode()
    assert "style=" not in text
    assert "<style" not in text
    assert "<script>" not in text
    assert " onclick" not in text
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_member_sees_no_door_to_what_is_not_theirs(alice: Any, as_person: Any) -> None:
    page = as_person(alice).get(reverse("gallery")).content.decode()
    for name in ("review", "people", "invitations", "admin:index"):
        assert f'href="{reverse(name)}"' not in page


def test_unknown_address_is_told_in_the_frame_of_who_asks(alice: Any, as_person: Any) -> None:
    own = as_person(alice).get("/nowhere")
    strangers = Client().get("/nowhere")
    assert own.status_code == strangers.status_code == 404
    assert 'aria-label="Alice, menu"' in own.content.decode()
    assert "There is nothing here" in strangers.content.decode()
    assert "Sign out" not in strangers.content.decode()


def test_every_model_of_ours_that_is_registered_can_not_be_deleted(adam: Any) -> None:
    request = HttpRequest()
    request.user = adam
    ours = [
        model
        for model in admin.site._registry
        if model in set(apps.get_app_config("editor").get_models())
    ]
    assert len(ours) >= 7
    for model in ours:
        assert not admin.site._registry[model].has_delete_permission(request)
        assert not admin.site._registry[model].has_add_permission(request)


def test_addresses_resolve_to_what_they_are_made_from() -> None:
    assert resolve("/review/decide").url_name == "review_decide_many"
    assert resolve("/review/7/decide").url_name == "review_decide"


def test_page_for_the_servers_own_mistakes_needs_nothing_of_the_server() -> None:
    page = render_to_string("500.html")
    assert "The server made a mistake" in page
    assert 'href="/"' in page
    assert "style=" not in page
