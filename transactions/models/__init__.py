"""What was sent and received, in which state, and what happened to it."""

from transactions.models.abroad import Attachment, BeneficiaryAbroad
from transactions.models.base import (
    NextTransactionId,
    OutgoingTransfer,
    SearchText,
    Status,
    Transaction,
    TransactionEvent,
    Via,
)
from transactions.models.beneficiary import Beneficiary
from transactions.models.bulk import BulkDraft, BulkRow
from transactions.models.bulk_approval import BulkApproval
from transactions.models.bulk_names import BulkNames
from transactions.models.bulk_rejection import BulkRejection
from transactions.models.charges import PaymentArrival, RailCharge, SimulatedCharge
from transactions.models.destination import Destination
from transactions.models.international import (
    Corridor,
    InternationalEvent,
    InternationalTransfer,
    Purpose,
    Quote,
    Side,
    SourceOfFunds,
)
from transactions.models.money_transfer import MoneyTransfer, TransferBatch, TransferEvent
from transactions.models.orders import BankPace, RailCase, RailOrder
from transactions.models.payment import Payment, PaymentEvent, PaymentStatus, Settlement
from transactions.models.payment_link import PaymentLink, new_slug
from transactions.models.refund import Refund, RefundEvent, RefundStatus
from transactions.models.series import SeriesRun, TransferSeries
from transactions.models.settlement import SettledPayment, SettlementRun
from transactions.models.simulated import SimulatedPayout

__all__ = [
    "Attachment",
    "BankPace",
    "Beneficiary",
    "BeneficiaryAbroad",
    "BulkApproval",
    "BulkDraft",
    "BulkNames",
    "BulkRejection",
    "BulkRow",
    "Corridor",
    "Destination",
    "InternationalEvent",
    "InternationalTransfer",
    "MoneyTransfer",
    "NextTransactionId",
    "OutgoingTransfer",
    "Payment",
    "PaymentArrival",
    "PaymentEvent",
    "PaymentLink",
    "PaymentStatus",
    "Purpose",
    "Quote",
    "RailCase",
    "RailCharge",
    "RailOrder",
    "Refund",
    "RefundEvent",
    "RefundStatus",
    "SearchText",
    "SeriesRun",
    "SettledPayment",
    "Settlement",
    "SettlementRun",
    "Side",
    "SimulatedCharge",
    "SimulatedPayout",
    "SourceOfFunds",
    "Status",
    "Transaction",
    "TransactionEvent",
    "TransferBatch",
    "TransferEvent",
    "TransferSeries",
    "Via",
    "new_slug",
]
