import { Result, Schema } from "effect"
import { fieldErrors } from "../../../Form.ts"

const Text = Schema.NonEmptyString
const Phone = Schema.String.check(Schema.isPattern(/^\d{7,15}$/, { expected: "7 to 15 digits" }))
const HttpUrl = Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s]+$/, { expected: "an http(s) URL" }))
/** `eventUrl` and its like must be arrays of one URL. */
const OneUrl = Schema.Tuple([HttpUrl])
const optional = Schema.optionalKey
const Method = Schema.Literals(["GET", "POST"])
const Seconds = Schema.Finite.check(Schema.isGreaterThan(0))
const Loop = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Level = Schema.Finite.check(Schema.isBetween({ minimum: -1, maximum: 1 }))
const events = { eventUrl: optional(OneUrl), eventMethod: optional(Method) }

/** Most bytes of an endpoint's `headers`, serialised (Vonage: NCCO reference). */
const maxHeaderBytes = 512
const Headers = Schema.Record(Schema.String, Schema.Json).check(
  Schema.makeFilter((headers) => Buffer.byteLength(JSON.stringify(headers)) <= maxHeaderBytes || "at most 512 bytes")
)

const SocketEndpoint = Schema.Struct({
  type: Schema.Literal("websocket"),
  uri: Text,
  "content-type": Schema.Literals(["audio/l16;rate=8000", "audio/l16;rate=16000", "audio/l16;rate=24000"]),
  headers: optional(Headers),
  authorization: optional(
    Schema.Union([
      Schema.Struct({ type: Schema.Literal("vonage") }),
      Schema.Struct({ type: Schema.Literal("custom"), value: Text })
    ])
  )
})
const PhoneEndpoint = Schema.Struct({
  type: Schema.Literal("phone"),
  number: Phone,
  dtmfAnswer: optional(Schema.String.check(Schema.isPattern(/^[0-9*#p]+$/))),
  onAnswer: optional(Schema.Struct({ url: HttpUrl, ringback: optional(HttpUrl) }))
})
const connect = {
  action: Schema.Literal("connect"),
  ...events,
  eventType: optional(Schema.Literal("synchronous")),
  from: optional(Phone),
  randomFromNumber: optional(Schema.Boolean),
  timeout: optional(Seconds),
  limit: optional(Seconds),
  machineDetection: optional(Schema.Literals(["continue", "hangup"])),
  advancedMachineDetection: optional(Schema.Record(Schema.String, Schema.Json)),
  ringbackTone: optional(HttpUrl)
}
const ConnectSocket = Schema.Struct({ ...connect, endpoint: Schema.Tuple([SocketEndpoint]) })
const ConnectPhone = Schema.Struct({ ...connect, endpoint: Schema.Tuple([PhoneEndpoint]) })
export type ConnectSocket = typeof ConnectSocket.Type
export type ConnectPhone = typeof ConnectPhone.Type

const Conversation = Schema.Struct({
  action: Schema.Literal("conversation"),
  ...events,
  name: Text,
  startOnEnter: optional(Schema.Boolean),
  endOnExit: optional(Schema.Boolean),
  record: optional(Schema.Boolean),
  mute: optional(Schema.Boolean),
  canSpeak: optional(Schema.Array(Schema.String)),
  canHear: optional(Schema.Array(Schema.String)),
  musicOnHoldUrl: optional(OneUrl)
})
export type Conversation = typeof Conversation.Type

const Talk = Schema.Struct({
  action: Schema.Literal("talk"),
  text: Text.check(Schema.isMaxLength(1500)),
  language: optional(Text),
  style: optional(Schema.Int),
  premium: optional(Schema.Boolean),
  bargeIn: optional(Schema.Boolean),
  loop: optional(Loop),
  level: optional(Level)
})
const StreamSound = Schema.Struct({
  action: Schema.Literal("stream"),
  streamUrl: OneUrl,
  loop: optional(Loop),
  level: optional(Level),
  bargeIn: optional(Schema.Boolean)
})
const Wait = Schema.Struct({ action: Schema.Literal("wait"), timeout: optional(Seconds) })
const Notify = Schema.Struct({
  action: Schema.Literal("notify"),
  payload: Schema.Record(Schema.String, Schema.Json),
  eventUrl: OneUrl,
  eventMethod: optional(Method)
})
export type Notify = typeof Notify.Type

/** Documented, and passed over by this fake with a note; their fields are not looked at. */
const passedOver = ["record", "input", "transfer"] as const
const PassedOver = Schema.Struct({ action: Schema.Literals(passedOver) })

/** `hangup` is not among them: an unknown action makes the whole NCCO fail. */
const Action = Schema.Union([ConnectSocket, ConnectPhone, Conversation, Talk, StreamSound, Wait, Notify, PassedOver])
export type Action = typeof Action.Type

const Actions = Schema.Array(Schema.Record(Schema.String, Schema.Unknown))
const decodeArray = Schema.decodeUnknownResult(Schema.fromJsonString(Actions))
const decodeAction = Schema.decodeUnknownResult(Action, { onExcessProperty: "error" })
const isPassedOver = Schema.is(PassedOver)

/** The carrier's words for any NCCO that it cannot run. */
export const syntaxError = "Syntax error in NCCO. Invalid value type or action."

/** Which socket addresses are taken. */
export interface NccoContext {
  readonly insecureLoopback: boolean
}

export const isLoopback = ({ hostname }: URL) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

const socketAllowed = (uri: string, { insecureLoopback }: NccoContext) => {
  const url = URL.parse(uri)
  if (url === null) return false
  const loopback = isLoopback(url)
  return url.protocol === "wss:"
    ? insecureLoopback || !loopback
    : url.protocol === "ws:" && loopback && insecureLoopback
}

/** Reads an NCCO. The error says, for people, what is wrong; the carrier itself only says `syntaxError`. */
export const readNcco = (ncco: string, context: NccoContext): Result.Result<ReadonlyArray<Action>, string> => {
  const list = decodeArray(ncco)
  if (Result.isFailure(list)) return Result.fail("the NCCO is not a JSON array of objects")
  const actions: Array<Action> = []
  for (const [index, written] of list.success.entries()) {
    const name = written["action"]
    const known = isPassedOver({ action: name }) ? { action: name } : written
    const action = decodeAction(known)
    const where = `action ${index + 1} (${typeof name === "string" ? name : "none"})`
    if (Result.isFailure(action)) {
      const [first] = fieldErrors(action.failure)
      return Result.fail(`${where}: ${first?.field ?? ""} ${first?.message ?? "is not valid"}`)
    }
    const found = action.success
    if (found.action === "connect") {
      const [endpoint] = found.endpoint
      if (endpoint.type === "websocket" && !socketAllowed(endpoint.uri, context)) {
        return Result.fail(`${where}: uri must be wss:// on a public host`)
      }
    }
    actions.push(found)
  }
  return Result.succeed(actions)
}
