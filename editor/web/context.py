"""What the frame around every page needs. Asked for lazily: fragments and strangers' pages cost no query."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from editor.models import Person, Result, Spending, Theme


def shell(request: HttpRequest) -> dict[str, object]:
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {"theme": Theme.SYSTEM}
    return {
        "theme": person.theme,
        "is_sandbox": settings.PROVIDER_IS_SANDBOX,
        "spending": SimpleLazyObject(Spending.load),
        "pending_count": SimpleLazyObject(lambda: _pending_count(person)),
    }


def _pending_count(person: Person) -> int:
    return Result.objects.for_person(person).pending().count() if person.may_review else 0
