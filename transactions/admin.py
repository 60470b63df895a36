"""Money in the back office: to look at, never to touch. What can be said there is which banks are disturbed."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.operators import Operator
from deposits.ledger import NotEnoughDeposit
from flipdash import money
from flipdash.backoffice import ReadOnlyAdmin
from flipdash.states import MoveRefused
from transactions import disturbances
from transactions.models import (
    Destination,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentArrival,
    RailCase,
    RailOrder,
    Refund,
    SettlementRun,
)
from transactions.outgoing import cases, orders
from transactions.payments import by_hand
from transactions.rails import Outcome


class TransactionAdmin(ReadOnlyAdmin):
    """What all transactions show; found by their exact number."""

    list_display = ("id", "business", "mode", "status", "amount", "fee", "created_at")
    list_filter = ("mode",)
    list_select_related = ("business",)
    search_fields = ("=id", "=external_id")
    ordering = ("-id",)


@admin.register(MoneyTransfer)
class MoneyTransferAdmin(TransactionAdmin):
    """Transfers inside the country."""


@admin.register(InternationalTransfer)
class InternationalTransferAdmin(TransactionAdmin):
    """Transfers abroad."""


@admin.register(Payment)
class PaymentAdmin(TransactionAdmin):
    """Payments by a business's customers."""


@admin.register(Refund)
class RefundAdmin(TransactionAdmin):
    """What a business gives back to its payers."""


@admin.register(Destination)
class DestinationAdmin(ReadOnlyAdmin):
    """Banks and e-wallets, and how well transfers to them go through."""

    list_display = ("name", "code", "status", "changed_at", "changer_name")
    list_filter = ("status",)
    search_fields = ("=code",)
    ordering = ("code",)
    list_per_page = 200
    actions = ("set_operational", "set_disturbed", "set_heavily_disturbed")

    @admin.action(description=gettext_lazy("Operational"))
    def set_operational(self, request: HttpRequest, rows: QuerySet[Destination]) -> None:
        """Say that transfers go through again."""
        self._set(request, rows, Destination.Status.OPERATIONAL)

    @admin.action(description=gettext_lazy("Disturbed"))
    def set_disturbed(self, request: HttpRequest, rows: QuerySet[Destination]) -> None:
        """Say that transfers are late."""
        self._set(request, rows, Destination.Status.DISTURBED)

    @admin.action(description=gettext_lazy("Heavily disturbed"))
    def set_heavily_disturbed(self, request: HttpRequest, rows: QuerySet[Destination]) -> None:
        """Say that transfers may not arrive the same day."""
        self._set(request, rows, Destination.Status.HEAVILY_DISTURBED)

    def _set(self, request: HttpRequest, rows: QuerySet[Destination], status: str) -> None:
        by = Operator(request.user).actor
        changed = disturbances.set_status(rows.values_list("code", flat=True), status, by=by)
        names = ", ".join(row.name for row in changed)
        messages.success(request, names or _("Nothing was changed."))


@admin.register(RailCase)
class CaseAdmin(ReadOnlyAdmin):
    """What a rail said that can't be: a person looks, then closes it with a note (trust.md L8, Q5)."""

    list_display = (
        "id",
        "business",
        "mode",
        "kind",
        "order",
        "was",
        "said",
        "amount",
        "opened_at",
        "proposal",
        "proposer_name",
        "status",
    )
    list_filter = ("status", "kind", "mode")
    list_select_related = ("business", "order")
    search_fields = ("=order__key",)
    ordering = ("-id",)
    actions = ("close", "credit_return", "release", "book")

    @admin.action(description=gettext_lazy("Close: it is settled, and all stays as it was"))
    def close(self, request: HttpRequest, queryset: QuerySet[RailCase]) -> None:
        """Close what is settled; where a rail says the opposite, the second person's click does it."""
        for case in queryset.filter(status=RailCase.Status.OPEN):
            try:
                is_done = cases.close(case, by=request.user)  # type: ignore[arg-type]  # the operator's people are Users
            except MoveRefused as problem:
                self.message_user(request, str(problem), messages.ERROR)
            else:
                words = _("Closed.") if is_done else _("Proposed. Somebody else has to approve it.")
                self.message_user(request, words)

    @admin.action(description=gettext_lazy("Credit what the bank sent back, and close"))
    def credit_return(self, request: HttpRequest, queryset: QuerySet[RailCase]) -> None:
        """Credit what came back, once the money is really there."""
        for case in queryset.filter(said=Outcome.RETURNED):
            try:
                cases.credit(case, by=request.user)  # type: ignore[arg-type]  # the operator's people are Users
            except MoveRefused as problem:
                self.message_user(request, str(problem), messages.ERROR)

    @admin.action(description=gettext_lazy("Nothing was paid, the rail says so: fail it, and give its money back"))
    def release(self, request: HttpRequest, queryset: QuerySet[RailCase]) -> None:
        """Release what the rail knows by our key as something else, or can't stop, where nothing was paid."""
        done = sum(cases.release(case, by=request.user) for case in queryset)  # type: ignore[arg-type]  # the operator's people are Users
        self.message_user(request, _("Given back: %d") % done)

    @admin.action(description=gettext_lazy("Book what the rail says now, by two people: it was paid, or never was"))
    def book(self, request: HttpRequest, queryset: QuerySet[RailCase]) -> None:
        """Propose to book the opposite of how something ended; the second person's click does it."""
        for case in queryset:
            try:
                is_done = cases.book(case, by=request.user)  # type: ignore[arg-type]  # the operator's people are Users
            except MoveRefused as problem:
                self.message_user(request, str(problem), messages.ERROR)
            except NotEnoughDeposit as problem:
                words = _("The deposit doesn’t cover it: %s are missing. Nothing was changed.")
                self.message_user(request, words % money.rupiah(problem.missing), messages.ERROR)
            else:
                words = _("Done.") if is_done else _("Proposed. Somebody else has to approve it.")
                self.message_user(request, words)


@admin.register(RailOrder)
class RailOrderAdmin(ReadOnlyAdmin):
    """What is on its way through a rail."""

    list_display = ("key", "business", "mode", "rail", "bank", "status", "attempt", "told_at", "sent_at", "problem")
    list_filter = ("status", "rail", "mode")
    list_select_related = ("business",)
    search_fields = ("=key",)
    ordering = ("-id",)
    actions = ("ask_again",)

    @admin.action(description=gettext_lazy("Try again what was given up"))
    def ask_again(self, request: HttpRequest, queryset: QuerySet[RailOrder]) -> None:
        """Let what was given up be asked for and, if it never arrived, sent."""
        tried = sum(orders.ask_again(order) for order in queryset)
        self.message_user(request, _("Tried again: %d") % tried)


@admin.register(PaymentArrival)
class PaymentArrivalAdmin(ReadOnlyAdmin):
    """Money that rails say arrived for payments; what doesn't fit waits for somebody's decision."""

    list_display = ("rail_id", "rail", "business", "mode", "payment", "amount", "at", "status", "problem")
    list_filter = ("status", "problem", "rail", "mode")
    list_select_related = ("business", "payment")
    search_fields = ("=rail_id", "=payment__id")
    ordering = ("-id",)
    actions = ("accept", "give_back")

    @admin.action(description=gettext_lazy("It came late: let it pay its payment"))
    def accept(self, request: HttpRequest, queryset: QuerySet[PaymentArrival]) -> None:
        """Let late money pay."""
        for arrival in queryset.select_related("payment__charge"):
            try:
                by_hand.accept(arrival, by=request.user)  # type: ignore[arg-type]  # the operator's people are Users
            except MoveRefused as problem:
                self.message_user(request, str(problem), messages.ERROR)

    @admin.action(description=gettext_lazy("It was given back to the payer"))
    def give_back(self, request: HttpRequest, queryset: QuerySet[PaymentArrival]) -> None:
        """Note that money has gone back."""
        waiting = queryset.select_related("payment__charge")
        done = sum(by_hand.give_back(one, by=request.user) for one in waiting)  # type: ignore[arg-type]  # the operator's people are Users
        self.message_user(request, _("Given back: %d") % done)


@admin.register(SettlementRun)
class SettlementRunAdmin(ReadOnlyAdmin):
    """The settlements of all businesses; what no worker could finish is named by check_ledger, and tried again here."""

    list_display = ("id", "business", "mode", "day", "status", "count", "net", "posted_at", "attempt", "problem")
    list_filter = ("status", "mode")
    list_select_related = ("business",)
    search_fields = ("=id", "business__name")
    ordering = ("-id",)
    actions = ("try_again",)

    @admin.action(description=gettext_lazy("Try again what was given up"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[SettlementRun]) -> None:
        """Let what was given up be worked on once more, from where it was."""
        given_up = queryset.select_related("business")
        tried = sum(by_hand.settle_again(run, by=request.user) for run in given_up)  # type: ignore[arg-type]  # the operator's people are Users
        self.message_user(request, _("Tried again: %d") % tried)
