import { Effect, Redacted, Schema } from "effect"
import { CarrierError } from "../../src/carrier/CarrierError.ts"
import { SignatureRejected } from "../../src/carrier/VerifiedRequest.ts"
import type { FormValues } from "../../src/Form.ts"
import { define } from "../../src/ProviderSpec.ts"
import type {
  ConfigureInbound,
  ConnectionTest,
  NumberOwnership,
  ProviderSync
} from "../../src/carrier/TelephonyProvider.ts"
import { TransportError } from "../../src/Transport.ts"

const secret = (minimum: number) => Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(minimum)))

/** What the fake carrier does, and what it was asked. Tests change it as they go. */
export interface FakeCarrierState {
  ownership: (address: string) => Effect.Effect<NumberOwnership, CarrierError>
  inbound: (change: ConfigureInbound) => Effect.Effect<ProviderSync, CarrierError>
  connection: Effect.Effect<ConnectionTest, CarrierError>
  /** Every change of a number's webhook that was asked for. */
  readonly changes: Array<ConfigureInbound>
  /** The webhook of each number as the carrier has it. */
  readonly webhooks: Map<string, string>
  /** How often an account was made from its credentials. */
  made: number
  /** The token of the account that was made last. */
  readonly tokens: Array<string>
}

export const carrierError = (kind: CarrierError["kind"], message: string) =>
  new CarrierError({ provider: "fake-carrier", kind, message })

/** A provider without a carrier: sensitive and plain fields, a nested one, a list of secrets, defaults. */
export const fakeCarrier = (name = "fake-carrier") => {
  const state: FakeCarrierState = {
    ownership: () => Effect.succeed("owned"),
    inbound: () => Effect.succeed({ ok: true, message: "Calls arrive here." }),
    connection: Effect.succeed({ ok: true, message: "The account answers.", warnings: [] }),
    changes: [],
    webhooks: new Map(),
    made: 0,
    tokens: []
  }
  const spec = define({
    name,
    fields: {
      account_sid: Schema.RedactedFromValue(
        Schema.String.check(Schema.isPattern(/^AC\w+$/, { expected: "AC and digits" }))
      ),
      auth_token: secret(8),
      backup_token: Schema.optionalKey(secret(8)),
      signing_keys: Schema.optionalKey(Schema.Array(secret(4))),
      site: Schema.optionalKey(
        Schema.Struct({ city: Schema.optionalKey(Schema.String), gate_code: Schema.optionalKey(secret(4)) })
      ),
      region: Schema.optionalKey(Schema.String),
      recording: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false)))
    },
    configLoader: (stored) => stored,
    make: (config) =>
      Effect.sync(() => {
        state.made += 1
        state.tokens.push(Redacted.value(config.auth_token))
        const refused = Effect.fail(new SignatureRejected({ provider: name, reason: "a fake" }))
        return {
          placeCall: () => Effect.fail(carrierError("rejected", "A fake places no calls.")),
          hangUp: () => Effect.void,
          callStatus: () => Effect.undefined,
          verify: () => refused,
          parseInbound: () => Effect.die("nothing is verified here"),
          parseStatus: () => Effect.die("nothing is verified here"),
          answer: () => ({ status: 200, body: "" }),
          reject: () => ({ status: 200, body: "" }),
          testConnection: Effect.suspend(() => state.connection),
          ownsNumber: (address: string) => Effect.suspend(() => state.ownership(address)),
          configureInbound: (change: ConfigureInbound) =>
            Effect.suspend(() => {
              state.changes.push(change)
              return Effect.tap(state.inbound(change), ({ ok }) =>
                Effect.sync(() => {
                  if (!ok) return
                  if (change.webhookUrl === undefined) state.webhooks.delete(change.address)
                  else state.webhooks.set(change.address, change.webhookUrl)
                })
              )
            })
        }
      }),
    uiMetadata: {
      displayName: "Fake Carrier",
      docsUrl: "https://carrier.example/docs",
      connectivity: "api",
      fields: [
        { name: "account_sid", label: "Account", type: "text", required: true, sensitive: true },
        { name: "auth_token", label: "Token", type: "password", required: true, sensitive: true },
        { name: "backup_token", label: "Backup token", type: "password", required: false, sensitive: true },
        { name: "signing_keys", label: "Keys", type: "string-array", required: false, sensitive: true },
        { name: "site.city", label: "City", type: "text", required: false, sensitive: false },
        { name: "site.gate_code", label: "Gate code", type: "password", required: false, sensitive: true },
        { name: "region", label: "Region", type: "text", required: false, sensitive: false },
        { name: "recording", label: "Record", type: "boolean", required: false, sensitive: false, default: false }
      ]
    },
    transportSampleRate: 8000,
    accountIdCredentialField: "account_sid",
    recognize: () => false,
    claimedAccountId: () => undefined,
    transport: () => Effect.fail(new TransportError({ reason: "closed", message: "a fake", code: 1011 })),
    setupChecklist: (stored: FormValues) => [
      { step: "Choose a region.", done: typeof stored["region"] === "string", field: "region" }
    ]
  })
  return { spec, state }
}
