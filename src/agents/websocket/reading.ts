import { Result, Schema } from "effect"
import { fieldErrors } from "../../Form.ts"
import { FirstFromAgent, FromAgent } from "./messages.ts"

/** A text message larger than this is not read, bytes. */
export const maxTextBytes = 64 * 1024

/** What a text message turned out to be. `Ignored` has a type that this version does not know. */
export type Read<Message> =
  | { readonly _tag: "Message"; readonly message: Message }
  | { readonly _tag: "Ignored" }
  | { readonly _tag: "TooLarge" }
  | { readonly _tag: "Unreadable"; readonly why: string }

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))
const decodeEnvelope = Schema.decodeUnknownResult(Schema.Struct({ type: Schema.String }))
const utf8 = new TextDecoder()

const unreadable = (why: string) => ({ _tag: "Unreadable", why }) as const
const ignored = { _tag: "Ignored" } as const
const tooLarge = { _tag: "TooLarge" } as const

const reader = <Message>(schema: Schema.Codec<Message, unknown>, types: ReadonlySet<string>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (bytes: Uint8Array): Read<Message> => {
    if (bytes.length > maxTextBytes) return tooLarge
    const json = decodeJson(utf8.decode(bytes))
    if (Result.isFailure(json)) return unreadable("it is not JSON")
    const envelope = decodeEnvelope(json.success)
    if (Result.isFailure(envelope)) return unreadable("it is not an object with a type")
    if (!types.has(envelope.success.type)) return ignored
    return Result.match(decode(json.success), {
      onSuccess: (message) => ({ _tag: "Message", message }) as const,
      onFailure: (error) => {
        const [first] = fieldErrors(error)
        return unreadable(`${envelope.success.type}: ${first?.field ?? ""} ${first?.message ?? "does not fit"}`)
      }
    })
  }
}

const typesOf = (members: ReadonlyArray<{ readonly fields: { readonly type: { readonly literal: string } } }>) =>
  new Set(members.map(({ fields }) => fields.type.literal))

/** Reads the answer to `call.start`. */
export const readFirst = reader(FirstFromAgent, typesOf(FirstFromAgent.members))

/** Reads what an agent says during the call. */
export const readMessage = reader(FromAgent, typesOf(FromAgent.members))
