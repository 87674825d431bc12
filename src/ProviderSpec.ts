import { Context, Effect, Redacted, Schema, type Scope, Struct } from "effect"
import type { CallStatus } from "./carrier/CallStatus.ts"
import type { CarrierError } from "./carrier/CarrierError.ts"
import type { CarrierReply } from "./carrier/CarrierReply.ts"
import type { CarrierToolkit } from "./carrier/CarrierToolkit.ts"
import type { RawRequest } from "./carrier/RawRequest.ts"
import type { SignatureRejected, VerifiedRequest } from "./carrier/VerifiedRequest.ts"
import { FieldError, type FormField, type FormValues, fieldErrors } from "./Form.ts"
import type { SimulatorModule } from "./simulator/SimulatorModule.ts"
import type { MediaCall, MediaSocket, Transport, TransportError } from "./Transport.ts"
import type { Pacer } from "./transport/pacer.ts"

/** How a person picks this carrier's form: an HTTP API with keys, or a SIP trunk. */
export type Connectivity = "api" | "sip"

/** What the form of a configuration shows; the order of `fields` is the order on the page. */
export interface UiMetadata {
  readonly displayName: string
  readonly docsUrl: string
  readonly connectivity: Connectivity
  readonly fields: ReadonlyArray<FormField>
}

/** A decoded save request of some provider: which one, and its own fields. */
export interface SaveRequest {
  readonly provider: string
}

/** Stored credentials do not fit the provider's schema (any more): `errors` say where. Never carries a value. */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>()("InvalidCredentials", {
  provider: Schema.String,
  errors: Schema.Array(FieldError)
}) {}

/** What hangs on a configuration besides its credentials. Numbers are canonical addresses, active ones only. */
export interface AttachedAccount {
  readonly configurationId: string
  readonly phoneNumbers: ReadonlyArray<string>
}

/** The addresses of one call that we give to the carrier. They carry the call's signed token in the path, never a query. */
export interface CallLinks {
  /** Absolute URL that answers what the call is to do: the cross-provider answer route. */
  readonly answer: string
  /** Absolute URL of one of the provider's own call routes, such as `/status`. */
  readonly route: (path: string) => string
}

/** A call that is to be placed. */
export interface PlaceCall {
  readonly callId: string
  /** Canonical addresses (E.164, SIP URI or extension). */
  readonly from: string
  readonly to: string
  readonly links: CallLinks
  /** How long the destination may ring, s. */
  readonly ringTimeoutSeconds: number
  /** The longest that the call may last after the answer, s. */
  readonly maxDurationSeconds: number
}

/** The carrier took the call on. */
export interface PlacedCall {
  readonly providerCallId: string
  /** The carrier's own word for its state, for the record. */
  readonly rawStatus: string
}

/** A call by the ids that both sides know. `providerCallId` is undefined while a dial's outcome is unknown. */
export interface CallReference {
  readonly callId: string
  readonly providerCallId: string | undefined
  readonly from: string
  readonly to: string
  /** When we created it, ms since 1970: bounds a search at the carrier. */
  readonly createdAtMs: number
}

/** What a carrier says about a call, by callback or when asked. */
export interface StatusReport {
  readonly providerCallId: string
  /** The common status, or undefined where the carrier's word means nothing to us (recorded, no transition). */
  readonly status: CallStatus | undefined
  /** The carrier's own word. */
  readonly rawStatus: string
  /** Identifies this event among repeated deliveries of it. */
  readonly dedupeKey: string
  readonly durationMs?: number
  readonly cost?: CallCost
  readonly answeredBy?: AnsweredBy
  /** The carrier's code for why the call failed (a SIP status, an error number). */
  readonly failureCode?: string
  /** More facts worth keeping in the event log. No secrets. */
  readonly details?: Readonly<Record<string, string>>
}

/** What a call cost: a positive decimal string and an ISO 4217 currency. */
export interface CallCost {
  readonly amount: string
  readonly currency: string
}

/** Who picked up, as far as the carrier can tell. */
export type AnsweredBy = "human" | "machine" | "fax" | "unknown"

/** A call that comes in, read from a verified webhook. Addresses are as the carrier wrote them. */
export interface InboundCall {
  readonly providerCallId: string
  readonly from: string
  readonly to: string
  /** More facts for the event log and the agent's context (city, STIR verdict). No secrets. */
  readonly details: Readonly<Record<string, string>>
}

/** A verified webhook that lacks what it must have. */
export class MalformedWebhook extends Schema.TaggedError<MalformedWebhook>()("MalformedWebhook", {
  provider: Schema.String,
  message: Schema.String
}) {}

/** What the reply to a call that may proceed is made of. */
export interface AnswerCall {
  readonly callId: string
  /** `wss:` URL with the ticket in its path. */
  readonly mediaUrl: string
  readonly links: CallLinks
}

/** Why a verified call is refused; spoken to the caller by `reject`. */
export type Refusal = "unknown-number" | "no-agent" | "inactive" | "busy" | "not-allowed" | "over" | "draining"

/** The outcome of asking the carrier whether the credentials work. `warnings` are for a person (trial account...). */
export interface ConnectionTest {
  readonly ok: boolean
  readonly message: string
  readonly warnings: ReadonlyArray<string>
}

/** Whether the carrier's account holds a number. `unknown` when it could not tell. */
export type NumberOwnership = "owned" | "not-owned" | "unknown"

/** Non-fatal outcome of setting something up at the carrier: `ok: false` becomes a warning, never a lost write. */
export interface ProviderSync {
  readonly ok: boolean
  readonly message: string
}

/** Set (`webhookUrl`) or take away (undefined) the inbound webhook of one number at the carrier. */
export interface ConfigureInbound {
  /** Canonical address. */
  readonly address: string
  readonly addressType: "pstn" | "sip_uri" | "sip_extension"
  /** Where the carrier should send inbound calls; undefined: detach, but only if what is set there is ours. */
  readonly webhookUrl: string | undefined
  /** Where it should send the status of inbound calls, and the prefix by which a URL is recognised as ours. */
  readonly statusUrl: string
  readonly ownUrlPrefix: string
}

/**
 * One configured account of a carrier. The first part every provider has; a field of the second part is absent where
 * the carrier cannot do it.
 *
 * `hangUp` treats a call that is over already as success. `answer` and `reject` are pure.
 */
export interface TelephonyProvider {
  readonly placeCall: (call: PlaceCall) => Effect.Effect<PlacedCall, CarrierError>
  readonly hangUp: (call: CallReference) => Effect.Effect<void, CarrierError>
  /** Asks the carrier for the truth. Undefined: the carrier has no such call (a dial that never reached it). */
  readonly callStatus: (call: CallReference) => Effect.Effect<StatusReport | undefined, CarrierError>
  readonly verify: (request: RawRequest) => Effect.Effect<VerifiedRequest, SignatureRejected>
  readonly parseInbound: (request: VerifiedRequest) => Effect.Effect<InboundCall, MalformedWebhook>
  readonly parseStatus: (request: VerifiedRequest) => Effect.Effect<StatusReport, MalformedWebhook>
  readonly answer: (call: AnswerCall) => CarrierReply
  readonly reject: (refusal: Refusal) => CarrierReply
  readonly testConnection: Effect.Effect<ConnectionTest, CarrierError>

  /** Checks the media socket's upgrade request, where the carrier signs it. */
  readonly verifyUpgrade?: (request: RawRequest) => Effect.Effect<void, SignatureRejected>
  readonly ownsNumber?: (address: string) => Effect.Effect<NumberOwnership, CarrierError>
  readonly configureInbound?: (change: ConfigureInbound) => Effect.Effect<ProviderSync, CarrierError>
  readonly callCost?: (call: CallReference) => Effect.Effect<CallCost | undefined, CarrierError>
  readonly sendDigits?: (call: CallReference, digits: string) => Effect.Effect<void, CarrierError>
}

/** A step of setting up that is still missing before this configuration can dial: one sentence, and the field if it is one. */
export interface ChecklistStep {
  readonly step: string
  readonly done: boolean
  readonly field?: string
}

/** Opens a call's transport over an accepted socket: waits for the carrier's handshake, checks it against the call. */
export type TransportFactory = (
  socket: MediaSocket,
  call: MediaCall
) => Effect.Effect<Transport, TransportError, Scope.Scope | Pacer>

/** Everything that Switchboard knows about a carrier. Frozen; registered once. Made by `define`. */
export interface ProviderSpec {
  /** Registry key, stored discriminator, value of `calls.mode`; at most 64 characters of `a-z0-9-`. */
  readonly name: string
  readonly uiMetadata: UiMetadata
  /** Hz on the wire; the audio configuration is derived from it. */
  readonly transportSampleRate: number
  /** The credential that an inbound webhook is matched by; `""` if the carrier has no account concept. */
  readonly accountIdCredentialField: string
  /** The save request with `provider` filled in when the payload leaves it out: for a route that names the provider. */
  readonly configRequest: Schema.Codec<SaveRequest, unknown>
  /** The save request as a member of the union discriminated on `provider`. */
  readonly unionRequest: Schema.Codec<SaveRequest, unknown>
  /** What a read gives: every field masked or plain, derived from the request and the metadata. */
  readonly configResponse: Schema.Codec<SaveRequest, unknown>
  /** Stored values -> a working account. `configLoader` then `make`; no I/O. */
  readonly load: (
    stored: Redacted.Redacted<FormValues>,
    attached: AttachedAccount
  ) => Effect.Effect<TelephonyProvider, InvalidCredentials, CarrierToolkit>
  /** Whether an inbound request looks like this carrier's. A hint for the shared inbound URL, never authentication. */
  readonly recognize: (request: RawRequest) => boolean
  /** The account id that an unverified request claims. */
  readonly claimedAccountId: (request: RawRequest) => string | undefined
  readonly transport: TransportFactory
  /** The provider's own HTTP routes, imported when the service starts. */
  readonly routes?: () => Promise<RoutesModule>
  /** The provider's fake carrier, imported only by the simulator. */
  readonly simulator?: () => Promise<SimulatorModule>
  readonly setupChecklist?: (stored: FormValues) => ReadonlyArray<ChecklistStep>
}

/** What a provider's `routes.ts` exports: its routes as data. Mounting, verification and call look-up are not its business. */
export interface RoutesModule {
  readonly routes: ReadonlyArray<ProviderRoute>
}

/**
 * One HTTP route of a provider, mounted under `/api/v1/telephony/<name>`. It can only be declared, never mounted by hand:
 * the mounting finds the account, runs `verify`, and calls `handle` with the verified request, so a route without a
 * verifier cannot be written.
 *
 * - `call` routes end with the call's signed token (`path` + `/<token>`), and belong to that call alone
 * - `account` routes are matched to a configuration by `claimedAccountId`
 */
export type ProviderRoute = {
  readonly method: "GET" | "POST"
  /** Begins with a slash, without the provider's prefix: `/status`. */
  readonly path: string
} & (
  | {
      readonly scope: "call"
      readonly handle: (
        request: VerifiedRequest,
        context: AccountContext & { readonly callId: string }
      ) => Effect.Effect<CarrierReply, MalformedWebhook | ReportsUnavailable, CallReports>
    }
  | {
      readonly scope: "account"
      readonly handle: (
        request: VerifiedRequest,
        context: AccountContext
      ) => Effect.Effect<CarrierReply, MalformedWebhook | ReportsUnavailable, CallReports>
    }
)

/** Whose webhook it is. */
export interface AccountContext {
  readonly provider: TelephonyProvider
  readonly configurationId: string
}

/** The reports cannot be stored now; the carrier gets a retryable answer. */
export class ReportsUnavailable extends Schema.TaggedError<ReportsUnavailable>()("ReportsUnavailable", {
  message: Schema.String
}) {}

/**
 * What a provider's routes tell the rest of the house about a call. Everything is idempotent under redelivery.
 * A call is named by its own id (from the URL token) or by its configuration and the carrier's id.
 */
export class CallReports extends Context.Service<
  CallReports,
  {
    readonly status: (call: ReportedCall, report: StatusReport) => Effect.Effect<void, ReportsUnavailable>
    /** The carrier could not open, or lost, the media stream. `error` is the carrier's text. */
    readonly mediaFailed: (
      call: ReportedCall,
      failure: { readonly dedupeKey: string; readonly error: string }
    ) => Effect.Effect<void, ReportsUnavailable>
    /** Something worth keeping in the event log that changes nothing. */
    readonly note: (
      call: ReportedCall,
      note: { readonly dedupeKey: string; readonly kind: string; readonly details: Readonly<Record<string, string>> }
    ) => Effect.Effect<void, ReportsUnavailable>
  }
>()("switchboard/CallReports") {}

export type ReportedCall =
  { readonly callId: string } | { readonly configurationId: string; readonly providerCallId: string }

/** A value of a masked response: `********` and up to four characters where the field is sensitive. */
const MaskedValue = Schema.optionalKey(Schema.NullOr(Schema.Json))

interface Masked extends Struct.Lambda {
  (field: Schema.Constraint): typeof MaskedValue
  readonly "~lambda.out": typeof MaskedValue
}
const masked = Struct.lambda<Masked>(() => MaskedValue)

/**
 * Makes a spec from what a provider says once. `fields` are the schemas of the saved fields, secrets as
 * `Schema.RedactedFromValue`: both save requests, the masked response, and the reading of stored credentials derive from
 * them. `configLoader` is pure; `make` builds the account's service value from what it gives.
 */
export const define = <const Name extends string, const Fields extends Schema.Struct.Fields, Config>(
  options: Omit<ProviderSpec, "name" | "configRequest" | "unionRequest" | "configResponse" | "load"> & {
    readonly name: Name
    readonly fields: Fields & { readonly [Key in keyof Fields]: Schema.Codec<unknown, unknown> }
    /** A rule over several fields: undefined when kept, else the field to change and what is expected of it. */
    readonly check?: (
      values: Schema.Struct<Fields>["Type"]
    ) => { readonly field: string; readonly expected: string } | undefined
    readonly configLoader: (stored: Schema.Struct<Fields>["Type"]) => Config
    readonly make: (
      config: Config,
      attached: AttachedAccount
    ) => Effect.Effect<TelephonyProvider, never, CarrierToolkit>
  }
) => {
  const { fields, check, configLoader, make, ...rest } = options
  const literal = Schema.Literal(options.name)
  const settings = Schema.Struct<Fields>(fields)
  const isSettings = Schema.is(settings)
  const rule = Schema.makeFilter((values: unknown) => {
    const broken = isSettings(values) ? check?.(values) : undefined
    return broken === undefined ? undefined : { path: broken.field.split("."), issue: broken.expected }
  })
  const decodeStored = Schema.decodeUnknownEffect(settings.check(rule), { errors: "all" })
  return Object.freeze({
    ...rest,
    name: options.name,
    unionRequest: settings.pipe(Schema.fieldsAssign({ provider: literal })).check(rule),
    configRequest: settings
      .pipe(
        Schema.fieldsAssign({
          provider: literal.pipe(Schema.withDecodingDefaultKey(Effect.succeed(options.name)))
        })
      )
      .check(rule),
    configResponse: Schema.Struct(Struct.map(fields, masked)).pipe(Schema.fieldsAssign({ provider: literal })),
    load: (stored: Redacted.Redacted<FormValues>, attached: AttachedAccount) =>
      decodeStored(Redacted.value(stored)).pipe(
        Effect.mapError((error) => new InvalidCredentials({ provider: options.name, errors: fieldErrors(error) })),
        Effect.flatMap((values) => make(configLoader(values), attached))
      )
  })
}
