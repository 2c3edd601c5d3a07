from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction

from editor.models import AuditEntry, Unchangeable, audit, decide


@pytest.fixture
def triggers(db):
    """All triggers as the migration makes them (the test database lacks some, to be flushed)."""
    migration = import_module("editor.migrations.0002_records_are_kept")
    vendor = connection.vendor
    with connection.cursor() as cursor:
        for statement in (*migration.reverse_statements(vendor), *migration.statements(vendor)):
            cursor.execute(statement)


@pytest.mark.parametrize(
    "sql", ["UPDATE editor_auditentry SET act = 'nothing'", "DELETE FROM editor_auditentry"]
)
def test_the_database_itself_refuses_to_change_the_audit_log(triggers, adam, sql):
    audit("signed in", actor=adam)
    with pytest.raises(DatabaseError, match="never changed"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert AuditEntry.objects.get(act="signed in")


def test_an_audit_entry_cannot_be_saved_again_or_deleted(adam):
    entry = audit("signed in", actor=adam)
    entry.act = "nothing"
    with pytest.raises(Unchangeable):
        entry.save()
    with pytest.raises(Unchangeable):
        entry.delete()
    with pytest.raises(Unchangeable):
        AuditEntry.objects.all().delete()
    with pytest.raises(Unchangeable):
        AuditEntry.objects.update(act="nothing")
    assert AuditEntry.objects.get(pk=entry.pk).act == "signed in"


def test_of_two_reviewers_who_decide_at_once_the_second_is_told(
    photo, make_edit, make_result, vera, adam
):
    result = make_result(make_edit(photo))
    same = type(result).objects.get(pk=result.pk)
    assert decide(result, "approved", by=vera)
    assert not decide(same, "rejected", by=adam, reason="Visible seam")
    result.refresh_from_db()
    assert result.review == "approved"
    assert [review.by for review in result.reviews.all()] == [vera]


def test_a_decision_taken_back_stays_on_record(photo, make_edit, make_result, vera):
    result = make_result(make_edit(photo))
    decide(result, "rejected", by=vera, reason="Visible seam")
    decide(result, "pending", by=vera)
    kept = list(result.reviews.order_by("id").values_list("decision", "reason"))
    assert kept == [("rejected", "Visible seam"), ("pending", "")]
    assert set(AuditEntry.objects.values_list("act", flat=True)) == {
        "result rejected",
        "result pending",
    }
