import io

import pytest
from django.core.management import CommandError, call_command

from editor.models import AuditEntry, Token


def made(*arguments: str) -> str:
    out = io.StringIO()
    call_command("token", *arguments, stdout=out)
    return out.getvalue()


def test_the_token_is_printed_alone_and_works(alice):
    said = made("alice", "--name", "nightly")
    token = Token.of(said.strip())
    assert said == f"{said.strip()}\n"
    assert token is not None
    assert (token.person, token.name) == (alice, "nightly")
    assert AuditEntry.objects.get(act="token made").target == f"token {token.pk}"


def test_only_a_digest_of_the_token_is_kept(alice):
    secret = made("alice").strip()
    row = Token.objects.values().get()
    assert not any(secret in str(value) for value in row.values())
    assert secret.startswith(row["beginning"])
    assert len(row["beginning"]) < len(secret) / 3


def test_nobody_and_the_deactivated_get_no_token(make_person):
    make_person("gone", is_active=False)
    for name in ("gone", "nobody"):
        with pytest.raises(CommandError, match=name):
            made(name)
    assert not Token.objects.exists()
