import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto"
import { Effect, Redacted, Schema } from "effect"

const Base64 = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9+/]*={0,2}$/))

/** A sealed value as it is stored: format version, key id, nonce, and ciphertext with its tag, both in base64. */
export const Envelope = Schema.Struct({
  v: Schema.Literal(1),
  kid: Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}$/)),
  n: Base64,
  c: Base64
})
export type Envelope = typeof Envelope.Type

/** Where a sealed value belongs. It opens nowhere else: not in another organization, row or field. */
export interface SealContext {
  readonly organizationId: string
  readonly rowId: string
  /** Dotted path. */
  readonly field: string
}

/** A key of this process. `id` is the first 8 hexadecimal digits of its SHA-256. */
export interface EncryptionKey {
  readonly id: string
  readonly bytes: Redacted.Redacted<Uint8Array>
}

/** The value is sealed under a key that this process does not have. */
export class UnknownEncryptionKey extends Schema.TaggedError<UnknownEncryptionKey>()("UnknownEncryptionKey", {
  keyId: Schema.String,
  rowId: Schema.String,
  field: Schema.String
}) {
  override get message() {
    return (
      `"${this.field}" of ${this.rowId} is encrypted with the key ${this.keyId}, which is not among the keys of this process. ` +
      "Add that key to SWITCHBOARD_ENCRYPTION_KEY, after the newest one, or save the value again."
    )
  }
}

/** The value was changed after it was sealed, or belongs to another row or field. */
export class SecretTampered extends Schema.TaggedError<SecretTampered>()("SecretTampered", {
  rowId: Schema.String,
  field: Schema.String
}) {
  override get message() {
    return `"${this.field}" of ${this.rowId} does not decrypt: it was changed in the database, or copied from another place. Save the value again.`
  }
}

// NIST SP 800-38D: 96-bit nonces, 128-bit tags.
const ALGORITHM = "aes-256-gcm"
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_DIGITS = 8

/** A key from its 32 bytes in base64. */
export const encryptionKey = (base64: Redacted.Redacted<string>): EncryptionKey => {
  const bytes = Buffer.from(Redacted.value(base64), "base64")
  return {
    id: createHash("sha256").update(bytes).digest("hex").slice(0, KEY_ID_DIGITS),
    bytes: Redacted.make(bytes, { label: "encryption key" })
  }
}

/** Unambiguous whatever the parts contain. */
const additionalData = ({ organizationId, rowId, field }: SealContext) =>
  Buffer.from(JSON.stringify(["switchboard/1", organizationId, rowId, field]))

/** Encrypts under the key with AES-256-GCM and a random nonce. */
export const seal = (key: EncryptionKey, context: SealContext, secret: Redacted.Redacted<string>) =>
  Effect.sync((): Envelope => {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, Redacted.value(key.bytes), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(additionalData(context))
    const sealed = [cipher.update(Redacted.value(secret), "utf8"), cipher.final(), cipher.getAuthTag()]
    return { v: 1, kid: key.id, n: nonce.toString("base64"), c: Buffer.concat(sealed).toString("base64") }
  })

/** Decrypts what `seal` gave for the same context, with whichever of the keys it was sealed under. */
export const open = (keys: ReadonlyArray<EncryptionKey>, context: SealContext, envelope: Envelope) =>
  Effect.suspend((): Effect.Effect<Redacted.Redacted<string>, UnknownEncryptionKey | SecretTampered> => {
    const { rowId, field } = context
    const key = keys.find(({ id }) => id === envelope.kid)
    if (key === undefined) return Effect.fail(new UnknownEncryptionKey({ keyId: envelope.kid, rowId, field }))
    return Effect.try({
      try: () => {
        const sealed = Buffer.from(envelope.c, "base64")
        const nonce = Buffer.from(envelope.n, "base64")
        const decipher = createDecipheriv(ALGORITHM, Redacted.value(key.bytes), nonce, { authTagLength: TAG_BYTES })
        decipher.setAAD(additionalData(context))
        decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
        const opened = [decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]
        return Redacted.make(Buffer.concat(opened).toString("utf8"))
      },
      catch: () => new SecretTampered({ rowId, field })
    })
  })
