import { hkdfSync } from "node:crypto"
import { Array, Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { FormValues } from "../Form.ts"
import { Settings } from "../Settings.ts"
import {
  type EncryptionKey,
  type Envelope,
  encryptionKey,
  open,
  type SealContext,
  SecretTampered,
  seal,
  type UnknownEncryptionKey
} from "./envelope.ts"
import { ensureKeyFile, readKeyFile } from "./keyFile.ts"
import { isEnvelope, mapFields } from "./sealedFields.ts"

/** Why a sealed value does not open. */
export type OpenFailure = UnknownEncryptionKey | SecretTampered

/** The row that a form's values belong to. */
export interface SealOwner {
  readonly organizationId: string
  readonly rowId: string
}

// RFC 5869: 256 bits for HMAC-SHA-256.
const DERIVED_BYTES = 32

const fromJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

/** Encryption of what is secret in the database, with the keys of this process. */
export class Secrets extends Context.Service<
  Secrets,
  {
    /** Encrypts a secret under the newest key, for one place in the database. */
    readonly seal: (context: SealContext, secret: Redacted.Redacted<string>) => Effect.Effect<Envelope>
    /** Decrypts what `seal` gave for the same place, under any of the keys. */
    readonly open: (context: SealContext, envelope: Envelope) => Effect.Effect<Redacted.Redacted<string>, OpenFailure>
    /** A form as it is stored: the values at the sensitive paths (dotted) as envelopes, the rest plain; null stays null. */
    readonly sealFields: (
      owner: SealOwner,
      values: Redacted.Redacted<FormValues>,
      sensitive: ReadonlyArray<string>
    ) => Effect.Effect<FormValues>
    /** The form that `sealFields` was given. A plain value at a sensitive path (stored before it was one) is passed on. */
    readonly openFields: (
      owner: SealOwner,
      stored: FormValues,
      sensitive: ReadonlyArray<string>
    ) => Effect.Effect<Redacted.Redacted<FormValues>, OpenFailure>
    /** The id of the key that seals. */
    readonly newestKeyId: string
    /** 32 bytes for one purpose from every key, newest first: sign with the first, accept any. HKDF-SHA-256. */
    readonly deriveKey: (purpose: string) => ReadonlyArray<Redacted.Redacted<Uint8Array>>
  }
>()("switchboard/Secrets") {
  /** With the keys of the settings; with the embedded database also, or only, those of the data folder. */
  static readonly layer = Layer.effect(
    Secrets,
    Effect.gen(function* () {
      const { databaseUrl, dataDir, encryptionKeys } = yield* Settings
      const readOwn = encryptionKeys.length > 0 ? readKeyFile(dataDir) : ensureKeyFile(dataDir)
      const own = Option.isSome(databaseUrl) ? [] : yield* readOwn
      const keys = [...encryptionKeys, ...own]
      if (!Array.isReadonlyArrayNonEmpty(keys)) return yield* Effect.die("Settings hold no encryption key")
      return fromKeys(keys)
    })
  )
}

const derive = (purpose: string) => (key: EncryptionKey) =>
  Redacted.make(new Uint8Array(hkdfSync("sha256", Redacted.value(key.bytes), "", purpose, DERIVED_BYTES)), {
    label: purpose
  })

/** The service over some keys, each 32 bytes in base64, newest first. */
export const fromKeys = (base64: Array.NonEmptyReadonlyArray<Redacted.Redacted<string>>): Secrets["Service"] => {
  const keys = Array.map(base64, encryptionKey)
  const newest = keys[0]
  const sealOne = (context: SealContext, secret: Redacted.Redacted<string>) => seal(newest, context, secret)
  const openOne = (context: SealContext, envelope: Envelope) => open(keys, context, envelope)

  const sealFields = (owner: SealOwner, values: Redacted.Redacted<FormValues>, sensitive: ReadonlyArray<string>) =>
    mapFields(Redacted.value(values), (field, value) =>
      sensitive.includes(field) && value !== null
        ? sealOne({ ...owner, field }, Redacted.make(JSON.stringify(value)))
        : undefined
    )

  const openFields = (owner: SealOwner, stored: FormValues, sensitive: ReadonlyArray<string>) =>
    mapFields(stored, (field, value) => {
      const context = { ...owner, field }
      return sensitive.includes(field) && isEnvelope(value)
        ? Effect.flatMap(openOne(context, value), (text) => fromJson(Redacted.value(text))).pipe(
            Effect.catchTag("SchemaError", () => Effect.fail(new SecretTampered(context)))
          )
        : undefined
    }).pipe(Effect.map((values) => Redacted.make(values)))

  return Secrets.of({
    seal: sealOne,
    open: openOne,
    sealFields,
    openFields,
    newestKeyId: newest.id,
    deriveKey: (purpose) => keys.map(derive(purpose))
  })
}
