-- A refund gives back what was paid, and no more: those of one payment that are open or successful, or failed and paid
-- by what the rail says now, never come to more than it. Its payment is locked, so that of several at once each sees the others. Only what is new is asked about: amount
-- and payment of a refund never change, and from failed or cancelled it never comes back (docs/decisions/0086).
-- SECURITY DEFINER, for what row level security hides counts too.
CREATE OR REPLACE FUNCTION refund_fits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_payment record;
    v_taken numeric;
BEGIN
    SELECT p.amount, p.status INTO v_payment
    FROM public.transactions_payment p
    WHERE p.id = NEW.payment_id AND p.business_id = NEW.business_id AND p.mode = NEW.mode
    FOR NO KEY UPDATE;
    IF NOT FOUND OR v_payment.status <> 'successful' THEN
        RAISE EXCEPTION 'refund of payment %, which is none that was paid', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_of_what_was_paid';
    END IF;
    SELECT coalesce(sum(
        CASE WHEN r.returned_at IS NULL THEN r.amount ELSE r.amount - coalesce(r.came_back, r.amount) END
    ), 0) INTO v_taken
    FROM public.transactions_refund r
    WHERE r.payment_id = NEW.payment_id AND (r.status NOT IN ('cancelled', 'failed') OR r.disputed_at IS NOT NULL);
    IF NEW.status NOT IN ('cancelled', 'failed') AND v_taken + NEW.amount > v_payment.amount THEN
        RAISE EXCEPTION 'refunds of payment % would be % of %', NEW.payment_id, v_taken + NEW.amount, v_payment.amount
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_within_payment';
    END IF;
    RETURN NEW;
END $$;
