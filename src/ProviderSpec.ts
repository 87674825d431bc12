import { Effect, Redacted, Schema, type Scope, Struct } from "effect"
import type { CarrierToolkit } from "./carrier/CarrierToolkit.ts"
import type { RoutesModule } from "./carrier/ProviderRoute.ts"
import type { RawRequest } from "./carrier/RawRequest.ts"
import type { TelephonyProvider } from "./carrier/TelephonyProvider.ts"
import { FieldError, fieldErrors, type FormField, type FormValues } from "./Form.ts"
import { withConstraints } from "./FormConstraints.ts"
import type { SimulatorModule } from "./simulator/SimulatorModule.ts"
import type { Pacer } from "./transport/pacer.ts"
import type { MediaCall, MediaSocket, Transport, TransportError } from "./Transport.ts"

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
  /**
   * The inbound URL carries the configuration's own signed token: for a carrier that signs too little, or whose webhooks name
   * another account than the one that is saved. Then `claimedAccountId` only matters on the URL that all carriers share.
   */
  readonly tokenInInboundUrl?: true
  /** Its accounts tell of their calls over a connection of ours: the provider has `listen`, and no webhook announces a call. */
  readonly listens?: true
  /** The carrier opens the media socket while the phone still rings, and only greets when it is answered. */
  readonly mediaBeforeAnswer?: true
  /** The provider's own HTTP routes, imported when the service starts. */
  readonly routes?: () => Promise<RoutesModule>
  /** The provider's fake carrier, imported only by the simulator. */
  readonly simulator?: () => Promise<SimulatorModule>
  readonly setupChecklist?: (stored: FormValues) => ReadonlyArray<ChecklistStep>
  /** What the form's `readonly` fields show of a saved configuration: values that follow from it and are not saved. Pure. */
  readonly derivedValues?: (stored: FormValues, configurationId: string) => FormValues
}

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
    uiMetadata: { ...options.uiMetadata, fields: withConstraints(options.uiMetadata.fields, settings) },
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
