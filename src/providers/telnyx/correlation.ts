import { createHash } from "node:crypto"
import { Option, Schema } from "effect"

/** Whose leg a webhook is about: a call of ours, or the destination of a transfer. */
export type Subject = { readonly call: string } | { readonly transfer: string }

/** Base64 of JSON: Telnyx repeats it in every later webhook of the leg and in the media handshake, and refuses other text. */
export const clientState = (subject: Subject): string => Buffer.from(JSON.stringify(subject), "utf8").toString("base64")

const readSubject = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Union([Schema.Struct({ call: Schema.String }), Schema.Struct({ transfer: Schema.String })])
  )
)

/** Whose state it is. Undefined: none of ours, or none at all. */
export const subjectOf = (state: string | null | undefined): Subject | undefined =>
  Option.getOrUndefined(readSubject(Buffer.from(state ?? "", "base64").toString("utf8")))

/**
 * The id of a command, the same for the same command of the same call: Telnyx carries out only the first of those that come
 * within 60 s, and answers 200 to the others. In the form of a UUID.
 */
export const commandId = (subjectId: string, command: string): string => {
  const hex = createHash("sha256").update(`${subjectId} ${command}`, "utf8").digest("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-"
  )
}
