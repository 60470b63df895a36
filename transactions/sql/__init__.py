"""What the database itself refuses of transactions, whatever the code does (docs/database.md)."""

from flipdash.sql.declaring import (
    AppendOnly,
    Begins,
    Code,
    Fixed,
    FixedFrom,
    Kept,
    Moves,
    Refused,
    Rights,
    RowLevelSecurity,
    Trigger,
    WriteWall,
    files,
    written_inside,
)
from transactions.models import (
    Attachment,
    BankPace,
    Beneficiary,
    BeneficiaryAbroad,
    BulkApproval,
    BulkDraft,
    BulkNames,
    BulkRejection,
    BulkRow,
    Corridor,
    Destination,
    InternationalEvent,
    InternationalTransfer,
    MoneyTransfer,
    Payment,
    PaymentArrival,
    PaymentEvent,
    PaymentLink,
    Quote,
    RailCase,
    RailCharge,
    RailOrder,
    Refund,
    RefundEvent,
    SeriesRun,
    SettledPayment,
    SettlementRun,
    SimulatedCharge,
    SimulatedPayout,
    Status,
    TransferBatch,
    TransferEvent,
    TransferSeries,
)

PRODUCTS = (MoneyTransfer, InternationalTransfer, Payment)
APPROVED = ("account_number", "beneficiary_name", "amount", "fee", "send_at", "maker_kind", "maker_id")
"""What an approver let go: whatever the code does, nothing else leaves, and not on another day."""
REASONS = ("cause", "is_to_another", "name_reason", "holder_name")
PAID_AGAIN = (
    *("destination_kind", "bank", "account_number", "beneficiary_name", "holder_name", "name_reason"),
    *("beneficiary_email", "amount", "remark", "internal_reference"),
)
"""What a series pays: whoever approved it once approved this."""
TIMELINES = (TransferEvent, InternationalEvent, PaymentEvent)


class Added(Trigger):
    """One that is called once for each statement that added rows, which it sees as `added`."""

    delay = "REFERENCING NEW TABLE AS added"


class Changed(Trigger):
    """One that is called once for each statement that changed rows, which it sees as `before` and `added`."""

    delay = "REFERENCING OLD TABLE AS before NEW TABLE AS added"


ACCEPTED: list[Code] = [
    Moves(PaymentLink),
    Fixed(PaymentLink, "business", "mode", "slug", "uses", "created_at", "maker_kind", "maker_id", "made_key"),
    Kept(PaymentLink),
    RowLevelSecurity(PaymentLink),
    *files(__file__, "payment_link_place", "payment_link_totals"),
    Added(Payment, "totals_added", "AFTER INSERT", "payment_link_totals_added()", each="STATEMENT"),
    Changed(Payment, "totals_changed", "AFTER UPDATE", "payment_link_totals_changed()", each="STATEMENT"),
    *(Kept(model) for model in (RailCharge, PaymentArrival, SimulatedCharge)),
    Fixed(RailCharge, "business", "mode", "payment", "key", "rail"),
    Moves(RailCharge),
    Refused(
        *(RailCharge, "shown", "BEFORE UPDATE", "was shown to its payer and says the same for ever"),
        when="OLD.opened_at IS NOT NULL "
        "AND (OLD.code, OLD.qr, OLD.url, OLD.opened_at) IS DISTINCT FROM (NEW.code, NEW.qr, NEW.url, NEW.opened_at)",
    ),
    Fixed(PaymentArrival, "business", "mode", "payment", "rail", "rail_id", "amount", "reference", "at", "problem"),
    Moves(PaymentArrival),
    RowLevelSecurity(PaymentArrival),
    Fixed(SimulatedCharge, "business", "mode", "key", "channel", "amount", "code", "qr"),
]
"""Payment links, what rails collect by them, and what arrived."""

REFUNDS: list[Code] = [
    # What was asked for stays as it is: another amount, or another account, is another refund.
    Fixed(Refund, "business", "mode", "created_at", "payment", "destination_kind", "bank", *REASONS, *APPROVED),
    Begins(Refund, "pending_approval", empty=["returned_at", "came_back", "disputed_at"]),
    Moves(Refund),
    Kept(Refund),
    AppendOnly(RefundEvent),
    Rights(Refund, app="SELECT, INSERT, UPDATE, MAINTAIN"),
    Rights(RefundEvent, app="SELECT, INSERT, MAINTAIN"),
    *(RowLevelSecurity(model) for model in (Refund, RefundEvent)),
    *files(__file__, "refund_rules"),
    Trigger(Refund, "fits", "BEFORE INSERT", "refund_fits()"),
    # What came back may be refunded again: taken back, both would count.
    Refused(
        *(Refund, "returned", "BEFORE UPDATE", "came back, and keeps when and how much"),
        when="OLD.returned_at IS NOT NULL "
        "AND (OLD.returned_at, OLD.came_back) IS DISTINCT FROM (NEW.returned_at, NEW.came_back)",
    ),
]
"""Refunds: within what was paid, whatever the code does (trust.md D6)."""

SETTLED: list[Code] = [
    Kept(SettlementRun),
    Fixed(SettlementRun, "business", "mode", "day", "until", "payment", "created_at"),
    Moves(SettlementRun),
    Refused(
        *(SettlementRun, "posted", "BEFORE UPDATE", "is posted and keeps its sums"),
        when="OLD.posted_at IS NOT NULL AND (OLD.posted_at, OLD.posting_id, OLD.count, OLD.amount, OLD.fee, OLD.net) "
        "IS DISTINCT FROM (NEW.posted_at, NEW.posting_id, NEW.count, NEW.amount, NEW.fee, NEW.net)",
    ),
    RowLevelSecurity(SettlementRun),
    AppendOnly(SettledPayment),
    RowLevelSecurity(SettledPayment),
    Rights(SettledPayment, app="SELECT, INSERT, MAINTAIN"),
    *files(__file__, "settled_payment_rules"),
    Added(SettledPayment, "added", "AFTER INSERT", "settledpayment_check_added()", each="STATEMENT"),
    Refused(
        *(Payment, "begins_unsettled", "BEFORE INSERT", "was paid here, and begins unsettled"),
        when="NEW.settlement_status = 'settled' AND NEW.slug IS NOT NULL",
    ),
    Refused(
        *(SettlementRun, "begins_unposted", "BEFORE INSERT", "begins without a posting"),
        when="NEW.posted_at IS NOT NULL",
    ),
    Changed(Payment, "settled_changed", "AFTER UPDATE", "payment_check_settled()", each="STATEMENT"),
    Trigger(
        *(SettlementRun, "sums", "BEFORE UPDATE", "settlementrun_check_posted()"),
        when="OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL",
    ),
]
"""What brings payments into the deposit, and which they were."""

ABROAD: list[Code] = [
    FixedFrom(
        *(InternationalTransfer, Status.PENDING_APPROVAL, "country", "currency", "beneficiary_bank", "quote", "rate"),
        *("amount_received", "purpose", "transfer_kind", "source_of_funds", "details", "attachment", *APPROVED),
    ),
    *files(__file__, "international_quote"),
    Trigger(
        *(InternationalTransfer, "quote", "BEFORE INSERT", "transactions_international_quote()"),
        when="NEW.quote_id IS NOT NULL OR NEW.transfer_kind <> ''",
    ),
    Trigger(
        *(InternationalTransfer, "quoted", "BEFORE UPDATE", "transactions_international_quote()"),
        when="NEW.quote_id IS NOT NULL OR NEW.transfer_kind <> '' OR OLD.transfer_kind <> ''",
    ),
    Refused(
        *(InternationalTransfer, "let_go", "BEFORE UPDATE", "was let go, and keeps when"),
        when="OLD.let_go_at IS NOT NULL AND OLD.let_go_at IS DISTINCT FROM NEW.let_go_at",
    ),
    # An operator seals it anew by another key.
    Refused(
        *(InternationalTransfer, "identity", "BEFORE UPDATE", "is past pending_approval and keeps who it is about"),
        when="current_user = 'flipdash_app' AND OLD.sealed_details IS DISTINCT FROM NEW.sealed_details "
        "AND (OLD.status <> 'pending_approval' OR NEW.status <> OLD.status)",
    ),
    # Those of which nothing was made are forgotten by the operator; the keys to it hold all others.
    Refused(Quote, "stays", "BEFORE UPDATE OR TRUNCATE", "never changes", each="STATEMENT"),
    Rights(Quote, app="SELECT, INSERT", operator="DELETE"),
    RowLevelSecurity(Quote),
    Fixed(BeneficiaryAbroad, "business", "mode", "country", "transfer_kind", "account_number", "place"),
    Fixed(Attachment, "business", "mode", "stored_as", "sha256", "content_type", "name"),
    *(RowLevelSecurity(model) for model in (BeneficiaryAbroad, Attachment)),
]
"""Transfers abroad: what they say is their quote's, and holds from when they are let go."""

LEAVING: list[Code] = [
    *files(__file__, "leaving_rules"),
    Added(RailOrder, "added", "AFTER INSERT", "railorder_check_added()", each="STATEMENT"),
    *(
        Trigger(
            *(model, "comes_back", "BEFORE UPDATE", f"transactions_check_returned('{source}')"),
            when="OLD.returned_at IS NULL AND NEW.returned_at IS NOT NULL",
        )
        for model, source in (
            *((MoneyTransfer, "money_transfer"), (InternationalTransfer, "international_transfer")),
            (Refund, "refund"),
        )
    ),
]
"""Nothing leaves that isn't held, and nothing came back that isn't in the deposit, whatever the code does."""

WRITTEN_INSIDE = (
    *(*TIMELINES, Beneficiary, TransferBatch, BulkApproval, BulkRejection, BulkDraft, BulkNames),
    *(RailOrder, RailCase, SimulatedPayout, RailCharge, SimulatedCharge),
)
"""What is worked on for many businesses at a time: open to be read, written by its own business."""

AFTER_TABLES: list[Code] = [
    *(WriteWall(model) for model in WRITTEN_INSIDE),
    *(rule for product in PRODUCTS for rule in written_inside(product)),  # searched
    Fixed(MoneyTransfer, "business", "mode", "created_at", "idempotency_key", "series", "series_day"),
    Fixed(InternationalTransfer, "business", "mode", "created_at"),
    Fixed(
        *(Payment, "business", "mode", "created_at", "link", "slug", "is_only", "made_key"),
        *("amount", "fee", "channel_kind", "channel"),
    ),
    Refused(
        *(Payment, "paid", "BEFORE UPDATE", "is paid and keeps when and by which reference"),
        when="OLD.status = 'successful' AND (OLD.paid_at, OLD.reference) IS DISTINCT FROM (NEW.paid_at, NEW.reference)",
    ),
    FixedFrom(MoneyTransfer, Status.PENDING_APPROVAL, "destination_kind", "bank", "remark", *APPROVED),
    *ABROAD,
    *(Moves(product) for product in PRODUCTS),
    *(
        Refused(
            *(product, "undisputed", "BEFORE UPDATE", "has ended, and nobody has said the opposite"),
            when="OLD.status IN ('successful', 'failed') AND NEW.status <> OLD.status AND OLD.disputed_at IS NULL",
        )
        for product in (MoneyTransfer, InternationalTransfer, Refund)
    ),
    Moves(Payment, "settlement_status"),
    *ACCEPTED,
    *REFUNDS,
    *SETTLED,
    *LEAVING,
    *(AppendOnly(timeline, but_for="app.taking_back") for timeline in TIMELINES),
    *files(__file__, "take_back_imported"),
    # MAINTAIN: after a bulk load the planner needs new statistics before COMMIT checks the foreign keys. With the old
    # ones it chose a wrong index, and 100,000 rows took minutes instead of seconds.
    *(Rights(product, app="SELECT, INSERT, UPDATE, MAINTAIN") for product in PRODUCTS),
    *(Rights(timeline, app="SELECT, INSERT, MAINTAIN") for timeline in TIMELINES),
    Rights(Corridor, app="SELECT"),
    Kept(Destination),
    Fixed(Destination, "code"),
    Moves(Destination),
    Rights(Destination, app="SELECT, UPDATE (status, changed_at, changer_kind, changer_id, changer_name)"),
    Fixed(Beneficiary, "business", "mode", "destination_kind", "bank", "account_number"),
    *(Kept(model) for model in (SimulatedPayout, RailOrder, RailCase)),
    Fixed(RailOrder, "business", "mode", "source", "source_id", "key", "rail", "bank"),
    Fixed(RailCase, "business", "mode", "order", "kind", "was", "said", "amount"),
    *(Moves(model) for model in (RailOrder, RailCase)),
    Rights(BankPace, app="SELECT, INSERT, UPDATE"),
    Fixed(SimulatedPayout, "business", "mode", "key", "bank", "account_number", "amount"),
    Moves(SimulatedPayout),
    Kept(BulkApproval),
    Fixed(BulkApproval, "business", "mode", "member", "source", "rows", "seen", "is_sure"),
    Moves(BulkApproval),
    Kept(BulkRejection),
    Fixed(BulkRejection, "business", "mode", "member", "source", "rows", "reason", "note"),
    Moves(BulkRejection),
    Fixed(BulkDraft, "business", "mode", "number", "member", "sha256"),
    Moves(BulkDraft),
    Moves(BulkNames),
    Fixed(BulkRow, "business", "mode", "draft", "record"),
    RowLevelSecurity(BulkRow),
    *(Kept(model) for model in (TransferSeries, SeriesRun)),
    Fixed(TransferSeries, "business", "mode", "repeats", "first_day", "last_day", "times", *PAID_AGAIN, "made_key"),
    Moves(TransferSeries),
    Fixed(SeriesRun, "business", "mode", "series", "day"),
    Moves(SeriesRun),
    *(RowLevelSecurity(model) for model in (TransferSeries, SeriesRun)),
]
