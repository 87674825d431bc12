import { Option, Schema } from "effect"
import type { WebSocket } from "ws"
import { readFirst, readMessage } from "../../src/agents/websocket/reading.ts"

/** What an agent was seen to send over one connection. */
export interface Ear {
  /** What is wrong with its messages, in words. */
  readonly complaints: () => ReadonlyArray<string>
  /** Whether it has sent a message of this type. */
  readonly said: (type: string) => boolean
  readonly textCount: () => number
  /** The type of its first message. */
  readonly firstType: () => string | undefined
  readonly audio: () => { readonly bytes: number; readonly messages: number; readonly tooLarge: boolean }
  /** ms since its last audio. */
  readonly quietFor: () => number
  /** The code with which the connection was closed, once it is: 1006 where it was cut. */
  readonly closedWith: () => number | undefined
}

const decodeType = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ type: Schema.String })))
const typeOf = (data: Buffer) => Option.getOrUndefined(decodeType(data.toString()))?.type

/** The beginning of what an agent said, as a terminal can show it. */
const excerpt = (text: string) => {
  const beginning = text.length <= 80 ? text : `${text.slice(0, 80)}…`
  return beginning.replaceAll(/\p{Cc}/gu, "·")
}

/** So many different complaints are kept of one connection. */
const mostComplaints = 10
/** More types than the protocol has. */
const mostTypes = 100

/** What is wrong with a text message, if anything is. */
const complaintOf = (data: Buffer): string | undefined => {
  for (const read of [readFirst(data), readMessage(data)]) {
    if (read._tag === "Message") return undefined
    if (read._tag === "TooLarge") return `a text message of ${data.length} bytes: 64 KiB are allowed`
    if (read._tag === "Unreadable") return `${excerpt(data.toString())} cannot be read: ${read.why}`
  }
  return `"${excerpt(typeOf(data) ?? "")}" is no type of this version`
}

const socketComplaints: Readonly<Record<string, string>> = {
  WS_ERR_INVALID_UTF8: "a text message that is not UTF-8"
}

/** Listens to everything that comes over a connection, beside whoever else does. */
export const listenIn = (socket: WebSocket, now: () => number): Ear => {
  const complaints: Array<string> = []
  const complain = (complaint: string) => {
    if (complaints.length < mostComplaints && !complaints.includes(complaint)) complaints.push(complaint)
  }
  const types = new Set<string>()
  let texts = 0
  let bytes = 0
  let messages = 0
  let tooLarge = false
  let lastAudioAt = now()
  let code: number | undefined

  socket.on("message", (data, binary) => {
    if (!Buffer.isBuffer(data)) return
    if (binary) {
      bytes += data.length
      messages += 1
      lastAudioAt = now()
      return
    }
    texts += 1
    const type = typeOf(data)
    if (type !== undefined && types.size < mostTypes) types.add(type)
    const complaint = complaintOf(data)
    if (complaint !== undefined) complain(complaint)
  })
  socket.on("error", (error) => {
    const reason = "code" in error && typeof error.code === "string" ? error.code : ""
    if (reason === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") tooLarge = true
    else if (reason.startsWith("WS_ERR_"))
      complain(socketComplaints[reason] ?? `it breaks WebSocket itself: ${error.message}`)
  })
  socket.on("close", (closed) => {
    code = closed
  })

  return {
    complaints: () => complaints,
    said: (type) => types.has(type),
    textCount: () => texts,
    firstType: () => types.values().next().value,
    audio: () => ({ bytes, messages, tooLarge }),
    quietFor: () => now() - lastAudioAt,
    closedWith: () => code
  }
}
