-- The tables of payhook-postgres. Running it again changes nothing.

-- What the merchant expects: one row a payment, written where the order is.
CREATE TABLE IF NOT EXISTS payhook_payments (
    gateway text NOT NULL,
    reference text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('deposit', 'invoice', 'top_up', 'payout', 'order')),
    -- Amount and tolerance are in whole units of this currency.
    currency text NOT NULL,
    amount numeric CHECK (amount > 0),
    tolerance numeric NOT NULL DEFAULT 0 CHECK (tolerance >= 0),
    decimals integer CHECK (decimals >= 0),
    deadline timestamptz,
    trusts_conversion boolean NOT NULL DEFAULT false,
    requires_lookup boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, reference),
    CHECK ((amount IS NULL) = (kind = 'top_up'))
);

-- What is known of it: one row a payment, of a top-up one row a transfer. This row is
-- the lock under which a payment changes. `history` is all that the rules need; the other columns are read from it.
CREATE TABLE IF NOT EXISTS payhook_histories (
    gateway text NOT NULL,
    reference text NOT NULL,
    -- The transfer of a top-up, else empty.
    part text NOT NULL,
    history text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'open',
    received numeric NOT NULL DEFAULT 0,
    credited numeric NOT NULL DEFAULT 0,
    held numeric NOT NULL DEFAULT 0,
    -- Also true of held money whose amount is not known yet.
    has_held boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, reference, part)
);

CREATE INDEX IF NOT EXISTS payhook_histories_held
    ON payhook_histories (gateway, reference, part) WHERE has_held;

-- To which payment a transfer or a delivery belongs, over all payments.
CREATE TABLE IF NOT EXISTS payhook_bindings (
    name text PRIMARY KEY,
    owner text NOT NULL
);

-- Verified callbacks without a matching payment, for manual review.
CREATE TABLE IF NOT EXISTS payhook_unmatched (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway text NOT NULL,
    reference text NOT NULL,
    part text NOT NULL,
    note text NOT NULL,
    -- The first time, and how often it came.
    received_at timestamptz NOT NULL DEFAULT now(),
    times bigint NOT NULL DEFAULT 1,
    UNIQUE (gateway, reference, part, note)
);
