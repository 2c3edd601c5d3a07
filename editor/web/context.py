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


COUNTED = 100


def _pending_count(person: Person) -> int:
    """How many results wait for a reviewer; nobody needs to count beyond a hundred on every page."""
    if not person.may_review:
        return 0
    return Result.objects.for_person(person).pending()[:COUNTED].count()
