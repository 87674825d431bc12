import {
  createHash,
  createHmac,
  createPublicKey,
  randomUUID,
  timingSafeEqual,
  verify as verifyWithKey
} from "node:crypto"
import { Option, Result, Schema } from "effect"

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

export const sha256Hex = (text: string) => createHash("sha256").update(text, "utf8").digest("hex")

/** What a webhook's token says (Vonage: signed webhooks). `payload` is hashed; a WebSocket handshake has none. */
export interface WebhookClaims {
  readonly issuedAt: number
  readonly id?: string
  readonly payload?: string
  readonly apiKey: string
  readonly applicationId: string
}

/** The JWT of `Authorization: Bearer …`: HS256 under the signature secret's UTF-8 bytes. `issuedAt` is in unix seconds. */
export const webhookToken = (secret: string, claims: WebhookClaims): string => {
  const said = {
    iat: claims.issuedAt,
    jti: claims.id ?? randomUUID(),
    iss: "Vonage",
    ...(claims.payload === undefined ? {} : { payload_hash: sha256Hex(claims.payload) }),
    api_key: claims.apiKey,
    application_id: claims.applicationId
  }
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(said)}`
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`
}

const Header = Schema.fromJsonString(Schema.Struct({ alg: Schema.Literal("RS256"), typ: Schema.Literal("JWT") }))
const Claims = Schema.fromJsonString(
  Schema.Struct({
    application_id: Schema.String,
    iat: Schema.Int,
    jti: Schema.NonEmptyString,
    exp: Schema.optionalKey(Schema.Int),
    nbf: Schema.optionalKey(Schema.Int)
  })
)
const decodeHeader = Schema.decodeUnknownOption(Header)
const decodeClaims = Schema.decodeUnknownOption(Claims)
const text = (part: string) => Buffer.from(part, "base64url").toString("utf8")
const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const isObject = (part: string) => Option.isSome(decodeObject(text(part)))

/** A token of our side may be this far ahead, seconds. */
const leewaySeconds = 60
/** How long a token without `exp` lives, seconds. */
const defaultLifeSeconds = 900
const longestLifeSeconds = 86_400

/** Why a token of our side is not taken: it is none at all, or it does not prove the application. */
export type Refusal = "malformed" | "unproven"

/** Checks an `Authorization` header of the Voice API (Vonage: JWT authentication). `seconds` is unix time. */
export const checkBearer = (
  header: string | undefined,
  application: { readonly id: string; readonly publicKey: string },
  seconds: number
): Result.Result<void, Refusal> => {
  if (header === undefined) return Result.fail("unproven")
  const [, token = ""] = /^Bearer (\S+)$/i.exec(header) ?? []
  const parts = token.split(".")
  const [head = "", body = "", signature = ""] = parts
  if (parts.length !== 3 || !isObject(head) || !isObject(body)) return Result.fail("malformed")
  const claims = decodeClaims(text(body))
  if (Option.isNone(decodeHeader(text(head))) || Option.isNone(claims)) return Result.fail("unproven")
  if (!isSigned(`${head}.${body}`, signature, application.publicKey)) return Result.fail("unproven")
  const { application_id, exp, iat, nbf } = claims.value
  const end = exp ?? iat + defaultLifeSeconds
  const proven =
    application_id.toLowerCase() === application.id.toLowerCase() &&
    iat <= seconds + leewaySeconds &&
    (nbf === undefined || nbf <= seconds + leewaySeconds) &&
    end > seconds &&
    end - iat <= longestLifeSeconds
  return proven ? Result.void : Result.fail("unproven")
}

const isSigned = (signed: string, signature: string, publicKey: string) =>
  Result.getOrElse(
    Result.try(() =>
      verifyWithKey("RSA-SHA256", Buffer.from(signed), createPublicKey(publicKey), Buffer.from(signature, "base64url"))
    ),
    () => false
  )

/** Whether a header is exactly the account's Basic authorization. */
export const isBasic = (header: string | undefined, apiKey: string, apiSecret: string) => {
  const due = Buffer.from(`Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString("base64")}`)
  const given = Buffer.from(header ?? "")
  return given.length === due.length && timingSafeEqual(given, due)
}
