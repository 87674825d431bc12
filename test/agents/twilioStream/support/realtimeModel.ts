import type { IncomingMessage } from "node:http"
import { Effect, Queue, Schema } from "effect"
import { type WebSocket, WebSocketServer } from "ws"

const decode = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      type: Schema.String,
      audio: Schema.optionalKey(Schema.String),
      session: Schema.optionalKey(Schema.Unknown),
      item_id: Schema.optionalKey(Schema.String),
      content_index: Schema.optionalKey(Schema.Int),
      audio_end_ms: Schema.optionalKey(Schema.Int)
    })
  )
)

/** A conversation with the model, as the model sees it. All audio is mu-law at 8 kHz. */
export interface Conversation {
  /** All audio of the caller so far. */
  readonly heard: () => Buffer
  /** The session's configuration as the client last set it, JSON. */
  readonly session: () => string
  /** Types of everything that the client sent but audio, in order. */
  readonly requests: () => ReadonlyArray<string>
  /** How much of its utterances the client says were heard when they were cut, ms, by the id of the utterance. */
  readonly truncated: () => ReadonlyMap<string, number>
  /** Speaks, as fast as it goes, in pieces of `pieceMs` ms; gives the utterance's id. */
  readonly say: (audio: Uint8Array, pieceMs?: number) => Effect.Effect<string>
  /** Notices that the caller begins to speak. */
  readonly noticeSpeech: Effect.Effect<void>
  readonly isOpen: () => boolean
}

const converse = (socket: WebSocket, conversations: Queue.Enqueue<Conversation>) => {
  const audio: Array<Buffer> = []
  const requests: Array<string> = []
  const truncated = new Map<string, number>()
  let session: unknown
  let serial = 0
  const send = (type: string, body: object) =>
    socket.send(JSON.stringify({ type, event_id: `event_${serial++}`, ...body }))

  const say = (speech: Uint8Array, pieceMs: number) => {
    const response_id = `resp_${serial++}`
    const item_id = `item_${serial++}`
    const place = { response_id, item_id, output_index: 0, content_index: 0 }
    send("response.created", { response: { id: response_id, object: "realtime.response", status: "in_progress" } })
    for (let at = 0; at < speech.length; at += pieceMs * 8) {
      const delta = Buffer.from(speech.subarray(at, at + pieceMs * 8)).toString("base64")
      send("response.output_audio.delta", { ...place, delta })
    }
    send("response.output_audio.done", place)
    send("response.done", {
      response: { id: response_id, object: "realtime.response", status: "completed", output: [] }
    })
    return item_id
  }

  const conversation: Conversation = {
    heard: () => Buffer.concat(audio),
    session: () => JSON.stringify(session),
    requests: () => requests,
    truncated: () => truncated,
    say: (speech, pieceMs = 100) => Effect.sync(() => say(speech, pieceMs)),
    noticeSpeech: Effect.sync(() =>
      send("input_audio_buffer.speech_started", { item_id: `item_${serial++}`, audio_start_ms: 0 })
    ),
    isOpen: () => socket.readyState === socket.OPEN
  }

  socket.on("error", () => {})
  socket.on("message", (data: Buffer) => {
    const request = decode(data.toString())
    if (request.type === "input_audio_buffer.append") return void audio.push(Buffer.from(request.audio ?? "", "base64"))
    requests.push(request.type)
    if (request.type === "session.update") {
      session = request.session
      send("session.updated", { session })
      if (requests.filter((type) => type === "session.update").length === 1) {
        Queue.offerUnsafe(conversations, conversation)
      }
    } else if (request.type === "conversation.item.truncate") {
      truncated.set(request.item_id ?? "", request.audio_end_ms ?? Number.NaN)
      const { audio_end_ms, content_index, item_id } = request
      send("conversation.item.truncated", { item_id, content_index, audio_end_ms })
    }
  })
  send("session.created", { session: { object: "realtime.session", model: "gpt-realtime" } })
}

/** As much of OpenAI's Realtime API as a client needs to believe in it, on a free port of this machine. */
export const realtimeModel = Effect.fnUntraced(function* () {
  const conversations = yield* Queue.unbounded<Conversation>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({ host: "127.0.0.1", port: 0 })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        for (const client of running.clients) client.terminate()
        running.close(() => resume(Effect.void))
      })
  )
  const keys: Array<string | undefined> = []
  server.on("connection", (socket, request: IncomingMessage) => {
    keys.push(request.headers.authorization)
    converse(socket, conversations)
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}/v1/realtime`, conversations, keys, connections: () => server.clients.size }
})
