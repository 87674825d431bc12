import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** The first tables. Statuses, modes and reasons are plain text: no type or constraint knows a provider's name. */
export const foundation = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    default_country char(2),
    max_concurrent_calls integer NOT NULL DEFAULT 100 CHECK (max_concurrent_calls >= 0),
    calls_per_second integer NOT NULL DEFAULT 10 CHECK (calls_per_second >= 0),
    allowed_prefixes text[] NOT NULL DEFAULT '{}',
    denied_prefixes text[] NOT NULL DEFAULT '{}',
    premium_rate_allowed boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`

  yield* sql`CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    role text NOT NULL CHECK (role IN ('admin', 'operator', 'viewer')),
    key_hash bytea NOT NULL UNIQUE,
    key_prefix text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
  )`
  yield* sql`CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id)`

  yield* sql`CREATE TABLE agents (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    kind varchar(64) NOT NULL,
    settings jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, name)
  )`

  yield* sql`CREATE TABLE telephony_configurations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    provider varchar(64) NOT NULL,
    account_id text NOT NULL,
    credentials jsonb NOT NULL,
    is_default_outbound boolean NOT NULL DEFAULT false,
    inactive_since timestamptz,
    inactive_reason text,
    version integer NOT NULL DEFAULT 1,
    numbers_version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
  )`
  yield* sql`CREATE UNIQUE INDEX telephony_configurations_name
    ON telephony_configurations (organization_id, name) WHERE deleted_at IS NULL`
  yield* sql`CREATE UNIQUE INDEX telephony_configurations_default_outbound
    ON telephony_configurations (organization_id) WHERE is_default_outbound AND deleted_at IS NULL`
  yield* sql`CREATE INDEX telephony_configurations_by_account
    ON telephony_configurations (provider, account_id) WHERE deleted_at IS NULL`

  yield* sql`CREATE TABLE telephony_phone_numbers (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    telephony_configuration_id uuid NOT NULL REFERENCES telephony_configurations (id) ON DELETE CASCADE,
    provider varchar(64) NOT NULL,
    account_id text NOT NULL,
    address text NOT NULL,
    address_normalized text NOT NULL,
    address_type text NOT NULL CHECK (address_type IN ('pstn', 'sip_uri', 'sip_extension')),
    country_code char(2),
    label text,
    agent_id uuid REFERENCES agents (id) ON DELETE SET NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_default_caller_id boolean NOT NULL DEFAULT false,
    sync_state jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`
  yield* sql`CREATE UNIQUE INDEX telephony_phone_numbers_active
    ON telephony_phone_numbers (provider, account_id, address_normalized) WHERE is_active`
  yield* sql`CREATE UNIQUE INDEX telephony_phone_numbers_default_caller
    ON telephony_phone_numbers (telephony_configuration_id) WHERE is_default_caller_id`
  yield* sql`CREATE INDEX telephony_phone_numbers_by_configuration
    ON telephony_phone_numbers (telephony_configuration_id, id)`
  yield* sql`CREATE INDEX telephony_phone_numbers_by_agent ON telephony_phone_numbers (agent_id)`
  yield* sql`CREATE INDEX telephony_configurations_by_organization ON telephony_configurations (organization_id, id)`

  yield* sql`CREATE TABLE calls (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    telephony_configuration_id uuid NOT NULL REFERENCES telephony_configurations (id) ON DELETE CASCADE,
    agent_id uuid REFERENCES agents (id) ON DELETE SET NULL,
    mode varchar(64) NOT NULL,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    from_address text NOT NULL,
    to_address text NOT NULL,
    provider_call_id text,
    status text NOT NULL,
    media_state text NOT NULL DEFAULT 'none',
    created_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    ended_at timestamptz,
    duration_ms integer,
    deadline_at timestamptz NOT NULL,
    hangup_due_at timestamptz,
    hangup_attempts integer NOT NULL DEFAULT 0,
    end_reason text,
    end_owner text,
    node_id text,
    lease_until timestamptz,
    context jsonb NOT NULL DEFAULT '{}',
    answered_by text,
    cost_amount numeric,
    cost_currency text,
    cost_checked_at timestamptz,
    cost_attempts integer NOT NULL DEFAULT 0,
    idempotency_key text,
    idempotency_hash text,
    UNIQUE (telephony_configuration_id, provider_call_id),
    UNIQUE (organization_id, idempotency_key),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((ended_at IS NULL) = (end_owner IS NULL))
  )`
  yield* sql`CREATE INDEX calls_live ON calls (organization_id) WHERE ended_at IS NULL`
  yield* sql`CREATE INDEX calls_overdue ON calls (deadline_at) WHERE ended_at IS NULL`
  yield* sql`CREATE INDEX calls_by_node ON calls (node_id) WHERE ended_at IS NULL`
  yield* sql`CREATE INDEX calls_hangup_due ON calls (hangup_due_at) WHERE hangup_due_at IS NOT NULL`
  yield* sql`CREATE INDEX calls_unpriced ON calls (ended_at)
    WHERE cost_amount IS NULL AND answered_at IS NOT NULL AND cost_attempts < 5`
  yield* sql`CREATE INDEX calls_by_creation ON calls (organization_id, created_at)`
  yield* sql`CREATE INDEX calls_by_organization ON calls (organization_id, id DESC)`

  yield* sql`CREATE TABLE call_events (
    call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    sequence integer NOT NULL,
    source text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    dedupe_key text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (call_id, sequence),
    UNIQUE (call_id, dedupe_key)
  )`

  yield* sql`CREATE TABLE media_tickets (
    ticket_hash bytea PRIMARY KEY,
    call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`
  yield* sql`CREATE INDEX media_tickets_by_call ON media_tickets (call_id)`

  yield* sql`CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    call_id uuid NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    destination text NOT NULL,
    state text NOT NULL,
    destination_provider_call_id text,
    failure_reason text,
    claimed_by text,
    claimed_until timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`
  yield* sql`CREATE INDEX transfers_by_call ON transfers (call_id)`
})
