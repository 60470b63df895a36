"""The ledger's functions, and what the database itself refuses of the deposit, whoever asks (docs/ledger.md)."""

from deposits.models import (
    Account,
    BankAccount,
    Correction,
    Entry,
    LowBalance,
    Posting,
    StatementImport,
    StatementLayout,
    StatementLine,
    TopUp,
    TopUpEvent,
    Turnover,
)
from flipdash.sql.declaring import (
    AppendOnly,
    AtCommit,
    Begins,
    Code,
    Fixed,
    Kept,
    Moves,
    Refused,
    Rights,
    RowLevelSecurity,
    Trigger,
    files,
)

LEDGER: list[Code] = [
    *files(__file__, "ledger_chain", "ledger_post", "ledger_hold_many", "ledger_rules"),
    AppendOnly(Posting),
    AppendOnly(Entry),
    Kept(Account),
    Fixed(Account, "business", "mode", "currency", "kind", "detail", "floor"),
    Refused(
        *(Account, "begins", "BEFORE INSERT", "begins empty"),
        when="NEW.balance <> 0 OR NEW.seq <> 0 OR NEW.head <> ''",
    ),
    Refused(
        *(Account, "moves", "BEFORE UPDATE", "moves its balance by entries only"),
        # That there is an entry for each number up to it is asked at the end, of the entries (ledger_rules.sql).
        when="NEW.seq <= OLD.seq",
    ),
    Kept(Turnover),
    Fixed(Turnover, "business", "mode", "account", "hour", "kind"),
    Refused(
        *(Turnover, "grows", "BEFORE UPDATE", "grows with each entry"),
        when="NEW.entries <= OLD.entries OR NEW.came_in < OLD.came_in OR NEW.went_out < OLD.went_out "
        "OR NEW.came_in + NEW.went_out = OLD.came_in + OLD.went_out",
    ),
    AtCommit(Account, "moved_by_entry", "AFTER UPDATE", "deposits_check_account()"),
    AtCommit(Posting, "balances", "AFTER INSERT", "deposits_check_posting()"),
    AtCommit(Entry, "balances", "AFTER INSERT", "deposits_check_entry()"),
]
TOP_UPS: list[Code] = [
    *files(__file__, "free_code", "top_up_rules", "statement_line_rules"),
    Kept(TopUp),
    AppendOnly(TopUpEvent),
    Begins(TopUp, "waiting", empty=["posting_id", "credited_amount"]),
    Fixed(
        *(TopUp, "business", "mode", "amount", "code", "exact_amount", "bank", "idempotency_key"),
        *("maker_kind", "maker_id", "maker_name", "created_at", "expires_at"),
    ),
    Refused(
        *(TopUp, "keeps", "BEFORE UPDATE", "keeps its posting, and never takes its code back"),
        when="OLD.posting_id <> NEW.posting_id OR OLD.is_code_held < NEW.is_code_held",
    ),
    Moves(TopUp),
    Trigger(TopUp, "proved", "BEFORE UPDATE", "deposits_check_topup()", when="OLD.status <> NEW.status"),
]
STATEMENTS: list[Code] = [
    Moves(BankAccount),
    Moves(StatementImport),
    Kept(StatementLine),
    Begins(StatementLine, "new"),
    Fixed(
        *(StatementLine, "bank", "mode", "account", "booked_on", "booked_at", "paid_on", "amount", "description"),
        *("sender", "sender_bank", "reference", "balance", "fingerprint", "statement", "imported_at"),
    ),
    Refused(
        *(StatementLine, "keeps", "BEFORE UPDATE", "is matched already"),
        when="OLD.status = NEW.status "
        "AND (OLD.top_up_id, OLD.business_id) IS DISTINCT FROM (NEW.top_up_id, NEW.business_id)",
    ),
    Moves(StatementLine),
    Trigger(
        *(StatementLine, "proved", "BEFORE UPDATE", "deposits_check_statementline()"),
        when="OLD.status <> NEW.status",
    ),
    Kept(Correction),
    Begins(Correction, "waiting"),
    Fixed(Correction, "business", "mode", "kind", "line", "top_up", "why", "proposed_by", "proposed_at"),
    Refused(Correction, "decided", "BEFORE UPDATE", "was decided", when="OLD.status <> 'waiting'"),
    Moves(Correction),
]
RIGHTS: list[Code] = [
    *(
        RowLevelSecurity(model)
        for model in (Account, Posting, Entry, Turnover, TopUp, TopUpEvent, StatementLine, Correction, LowBalance)
    ),
    *(Rights(model, app="SELECT") for model in (Account, Posting, Entry, Turnover)),
    Rights(TopUp, app="SELECT, INSERT, UPDATE, MAINTAIN"),
    Rights(TopUpEvent, app="SELECT, INSERT, MAINTAIN"),
    # The statements are the operator's. Who serves sees a line once it is matched with a top-up that it may see,
    # and then may only note that it is credited.
    Rights(BankAccount, app="SELECT", operator="INSERT, UPDATE"),
    Rights(StatementImport, app="", operator="SELECT, INSERT, UPDATE"),
    Rights(StatementLayout, app="", operator="SELECT, INSERT, DELETE"),
    Rights(StatementLine, app="SELECT, UPDATE (status, credited_at)", operator="INSERT, UPDATE, MAINTAIN"),
    Rights(Correction, app="SELECT, UPDATE", operator="INSERT"),
]

AFTER_TABLES = [*LEDGER, *TOP_UPS, *STATEMENTS, *RIGHTS]
