"""The back office: what administrators look up and, where it is safe, set right.

Nothing here deletes. What is kept for ever can only be looked at; who may do what is changed on the People page,
which knows that somebody must stay administrator.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth import admin as _django_registers_groups  # noqa: F401
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from editor.models import (
    Attempt,
    AuditEntry,
    Budget,
    Call,
    Edit,
    LedgerEntry,
    Listing,
    Person,
    Reference,
    Result,
    Review,
    ReviewState,
    Spending,
    Token,
    audit,
    decide,
)

admin.site.unregister(Group)  # roles say what people may do; groups would only seem to
MICRO = 1_000_000
THUMB = 96


def dollars(microusd: int | None) -> str:
    return "–" if microusd is None else f"${microusd / MICRO:,.4f}"


def link_to(name: str, pk: int | None, text: object) -> str | SafeString:
    """A link to one of the app's pages."""
    return format_html('<a href="{}">{}</a>', reverse(name, args=[pk]), text) if pk else "–"


def thumbnail(image_id: int, name: str) -> SafeString:
    address = reverse("image_thumb_small", args=[image_id])
    return format_html('<img src="{}" alt="{}" height="{}" loading="lazy">', address, name, THUMB)


class ReadOnly:
    """Look, but don't touch. Not even a superuser may."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Kept:
    """May be changed, never made or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


# --- results, and decisions about them --------------------------------------------------------------


class ReasonForm(ActionForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=500)


def reason_in(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\0", "").strip()[:500]


class ReviewInline(ReadOnly, admin.TabularInline):
    model = Review
    fields = readonly_fields = ("at", "decision", "reason", "by")
    ordering = ("-id",)
    extra = 0


@admin.register(Result)
class ResultAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "picture",
        "name",
        "prompt",
        "by",
        "created_at",
        "review",
        "decided",
        "identical",
    )
    list_display_links = ("picture", "name")
    list_filter = ("review", "outside_identical", "edit__model", "edit__created_by")
    list_select_related = ("image", "edit__created_by")
    list_per_page = 50
    search_fields = ("edit__prompt", "edit__created_by__username")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    action_form = ReasonForm
    actions = ("approve", "reject")
    inlines = (ReviewInline,)
    fields = readonly_fields = (
        "picture", "edit_link", "review_link", "number", "review", "created_at",
        "outside_identical", "pixels_compared", "pixels_changed", "border_ratio", "drift_px",
        "finish", "wide_step", "wide_step_p95", "drift_colour", "flag",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Result]:
        return super().get_queryset(request).prefetch_related("reviews__by")

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, result: Result) -> SafeString:
        return thumbnail(result.image_id, result.image.name)

    @admin.display(description=gettext_lazy("result"))
    def name(self, result: Result) -> str:
        return str(result)

    @admin.display(description=gettext_lazy("prompt"))
    def prompt(self, result: Result) -> str:
        return result.edit.prompt[:120]

    @admin.display(description=gettext_lazy("by"), ordering="edit__created_by__username")
    def by(self, result: Result) -> str:
        return result.edit.created_by.name

    @admin.display(description=gettext_lazy("decided by"))
    def decided(self, result: Result) -> str:
        reviews = sorted(result.reviews.all(), key=lambda review: review.pk)
        if not reviews or result.review == ReviewState.PENDING:
            return "–"
        newest = reviews[-1]
        return f"{newest.by.name}: {newest.reason}" if newest.reason else newest.by.name

    @admin.display(description=gettext_lazy("identical outside"), boolean=True)
    def identical(self, result: Result) -> bool | None:
        return result.outside_identical

    @admin.display(description=gettext_lazy("edit"))
    def edit_link(self, result: Result) -> str:
        return link_to("edit_show", result.edit_id, result.edit)

    @admin.display(description=gettext_lazy("decide"))
    def review_link(self, result: Result) -> str:
        return link_to("review_show", result.pk, _("Open in the review"))

    @admin.action(description=gettext_lazy("Approve"), permissions=["view"])
    def approve(self, request: HttpRequest, chosen: QuerySet[Result]) -> None:
        self._decide(request, chosen, ReviewState.APPROVED)

    @admin.action(description=gettext_lazy("Reject, for the reason given"), permissions=["view"])
    def reject(self, request: HttpRequest, chosen: QuerySet[Result]) -> None:
        if reason_in(request):
            self._decide(request, chosen, ReviewState.REJECTED)
        else:
            self.message_user(request, _("Give the reason beside the action."), messages.ERROR)

    def _decide(
        self, request: HttpRequest, chosen: QuerySet[Result], decision: ReviewState
    ) -> None:
        person, reason = cast(Person, request.user), reason_in(request)
        undecided = [result for result in chosen if result.review != decision]
        made = sum(decide(result, decision, by=person, reason=reason) for result in undecided)
        told = ngettext("%(count)d decision recorded.", "%(count)d decisions recorded.", made)
        self.message_user(request, told % {"count": made}, messages.SUCCESS)


# --- edits and their attempts -----------------------------------------------------------------------


class AttemptInline(ReadOnly, admin.StackedInline):
    model = Attempt
    extra = 0
    ordering = ("number",)
    fields = (
        ("number", "outcome"), ("sent_at", "answered_at"), ("provider", "request_id", "http_status"),
        "sent", ("error_code", "error_text"), "error", ("bytes", "usage"), ("held", "cost"),
        ("bought_by", "bought_because"),
    )  # fmt: skip
    readonly_fields = (
        "number", "outcome", "sent_at", "answered_at", "provider", "request_id", "http_status", "sent",
        "error_code", "error_text", "error", "bytes", "usage", "held", "cost", "bought_by", "bought_because",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("held"))
    def held(self, attempt: Attempt) -> str:
        return dollars(attempt.hold_microusd)

    @admin.display(description=gettext_lazy("cost"))
    def cost(self, attempt: Attempt) -> str:
        return dollars(attempt.cost_microusd)


class ReferenceInline(ReadOnly, admin.TabularInline):
    model = Reference
    fields = readonly_fields = ("number", "image")
    extra = 0


@admin.register(Edit)
class EditAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "id",
        "operation",
        "status",
        "model",
        "short_prompt",
        "created_by",
        "created_at",
        "cost",
        "trouble",
    )
    list_filter = ("operation", "status", "model", "created_by", "trouble")
    list_select_related = ("created_by",)
    list_per_page = 50
    search_fields = ("prompt", "attempts__request_id", "key")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    inlines = (ReferenceInline, AttemptInline)
    readonly_fields = ("page", "estimate", "held", "cost")
    fields = (
        "page", "operation", "status", "trouble", "trouble_text", "created_by", "created_at", "source",
        "again", "prompt", "helper", "model", "options", "framing", "frames", "ends_early", "mask_bounds",
        "mask_share", "margins", "grow", "feather", "markup_as", "started_at", "sent_at",
        "finished_at", "cancel_requested_at", "not_before", "waits", "lease_until", "expires_at",
        "estimate", "price_date", "held", "cost", "key",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("page"))
    def page(self, edit: Edit) -> str:
        return link_to("edit_show", edit.pk, edit)

    @admin.display(description=gettext_lazy("prompt"))
    def short_prompt(self, edit: Edit) -> str:
        return edit.prompt[:100]

    @admin.display(description=gettext_lazy("estimate"))
    def estimate(self, edit: Edit) -> str:
        return f"{dollars(edit.estimate_low_microusd)} – {dollars(edit.estimate_microusd)}"

    @admin.display(description=gettext_lazy("held"))
    def held(self, edit: Edit) -> str:
        return dollars(edit.hold_microusd)

    @admin.display(description=gettext_lazy("cost"), ordering="cost_microusd")
    def cost(self, edit: Edit) -> str:
        return dollars(edit.cost_microusd)


# --- people -----------------------------------------------------------------------------------------


@admin.register(Person)
class PersonAdmin(Kept, admin.ModelAdmin):
    list_display = ("username", "display_name", "email", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    fields = ("username", "display_name", "email", "theme", "rights", "last_login", "date_joined")
    readonly_fields = ("rights", "last_login", "date_joined")

    @admin.display(description=gettext_lazy("role"))
    def rights(self, person: Person) -> SafeString:
        active = _("active") if person.is_active else _("deactivated")
        change = _("change on the People page")
        return format_html(
            '{}, {} · <a href="{}">{}</a>',
            person.get_role_display(), active, reverse("people"), change,
        )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            by, changed = cast(Person, request.user), form.changed_data
            audit("person changed", f"person {obj.pk}", actor=by, fields=changed)


# --- scripts, and the provider's list ---------------------------------------------------------------


@admin.register(Token)
class TokenAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "beginning", "person", "created_at", "last_used_at", "revoked_at")
    list_filter = ("person",)
    list_select_related = ("person",)
    search_fields = ("name", "beginning", "person__username")
    ordering = ("-id",)
    actions = ("revoke",)
    fields = ("name", "beginning", "person", "created_at", "last_used_at", "revoked_at")

    @admin.action(description=gettext_lazy("Revoke the chosen tokens"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        person = cast(Person, request.user)
        revoked = sum(token.revoke(by=person) for token in chosen)
        told = ngettext("%(count)d token revoked.", "%(count)d tokens revoked.", revoked)
        self.message_user(request, told % {"count": revoked}, messages.SUCCESS)


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("created_at", "token", "edit", "idempotency_key", "delivered_at")
    list_filter = ("token__person",)
    list_select_related = ("token", "edit")
    ordering = ("-id",)
    fields = ("created_at", "token", "edit", "idempotency_key", "fingerprint", "delivered_at")


@admin.register(Listing)
class ListingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("provider", "read_at", "tried_at", "trouble")
    fields = ("provider", "listed", "read_at", "tried_at", "trouble")


# --- money ------------------------------------------------------------------------------------------


class BudgetForm(forms.ModelForm):
    cap_usd = forms.DecimalField(
        label=gettext_lazy("cap in dollars"),
        help_text=gettext_lazy("Nothing is sent that could cost more than is left. Empty: no cap."),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=6,
    )

    class Meta:
        model = Budget
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cap = self.instance.cap_microusd
        self.fields["cap_usd"].initial = None if cap is None else cap / MICRO


@admin.register(Budget)
class BudgetAdmin(Kept, admin.ModelAdmin):
    list_display = ("month", "cap", "held", "spent", "left")
    ordering = ("-month",)
    form = BudgetForm
    fields = ("month", "cap_usd", "held", "spent", "left")
    readonly_fields = ("month", "held", "spent", "left")

    @admin.display(description=gettext_lazy("cap"))
    def cap(self, budget: Budget) -> str:
        return dollars(budget.cap_microusd)

    @admin.display(description=gettext_lazy("held"))
    def held(self, budget: Budget) -> str:
        return dollars(budget.held_microusd)

    @admin.display(description=gettext_lazy("spent"))
    def spent(self, budget: Budget) -> str:
        return dollars(budget.spent_microusd)

    @admin.display(description=gettext_lazy("left"))
    def left(self, budget: Budget) -> str:
        return dollars(budget.left_microusd)

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        """The cap alone: what is held and spent moves under our feet while edits run."""
        cap = form.cleaned_data["cap_usd"]
        microusd = None if cap is None else int(cap * MICRO)
        before = Budget.objects.values_list("cap_microusd", flat=True).get(pk=obj.pk)
        if before != microusd:
            Budget.objects.filter(pk=obj.pk).update(cap_microusd=microusd)
            by = cast(Person, request.user)
            audit("budget changed", f"budget {obj.month}", actor=by, before=before, after=microusd)


@admin.register(Spending)
class SpendingAdmin(Kept, admin.ModelAdmin):
    """One page with two switches instead of a list of one row."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        acts: list[tuple[str, Callable[..., HttpResponse]]] = [
            ("stop", self.stop),
            ("allow", self.allow),
            ("close-circuit", self.close_circuit),
        ]
        own = [
            path(f"{act}/", self._act(view), name=f"editor_spending_{act.replace('-', '_')}")
            for act, view in acts
        ]
        return own + super().get_urls()

    def _act(self, view: Callable[..., HttpResponse]) -> Callable[..., Any]:
        return self.admin_site.admin_view(require_POST(view))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Spending"),
            "opts": Spending._meta,
            "spending": Spending.load(),
        }
        return TemplateResponse(request, "admin/editor/spending/switches.html", context)

    def stop(self, request: HttpRequest) -> HttpResponse:
        if Spending.switch(stopped=True, by=cast(Person, request.user)):
            self.message_user(request, _("Spending is stopped: nothing more is sent."))
        return redirect("admin:editor_spending_changelist")

    def allow(self, request: HttpRequest) -> HttpResponse:
        if Spending.switch(stopped=False, by=cast(Person, request.user)):
            self.message_user(request, _("Spending is allowed: what waits is sent now."))
        return redirect("admin:editor_spending_changelist")

    def close_circuit(self, request: HttpRequest) -> HttpResponse:
        if Spending.close_circuit(by=cast(Person, request.user)):
            self.message_user(request, _("The provider is called again."))
        return redirect("admin:editor_spending_changelist")


@admin.register(LedgerEntry)
class LedgerAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "kind", "month", "edit", "attempt", "held", "spent", "assumed")
    list_filter = ("kind", "month", "assumed")
    list_select_related = ("edit", "attempt")
    search_fields = ("=edit__id",)
    ordering = ("-id",)
    fields = ("at", "kind", "month", "edit", "attempt", "held", "spent", "assumed")
    readonly_fields = ("held", "spent")

    @admin.display(description=gettext_lazy("held"))
    def held(self, entry: LedgerEntry) -> str:
        return dollars(entry.held_microusd)

    @admin.display(description=gettext_lazy("spent"))
    def spent(self, entry: LedgerEntry) -> str:
        return dollars(entry.spent_microusd)


@admin.register(AuditEntry)
class AuditAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "actor", "act", "target", "detail", "address")
    list_filter = ("act", "actor")
    list_select_related = ("actor",)
    search_fields = ("target", "act", "actor__username")
    ordering = ("-id",)
    date_hierarchy = "at"
    fields = ("at", "actor", "act", "target", "detail", "address")
