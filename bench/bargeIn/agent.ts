import { Deferred, Effect, Queue } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import type { AudioFormat } from "../../src/Audio.ts"
import { decodeTable } from "../companding.ts"

export const agentFormat: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
/** What is no silence, as a 16-bit sample. */
const loud = 1000

/** One call as its agent sees it. */
export interface Conversation {
  /** Says so many ms at once, faster than they are heard. */
  readonly talk: (ms: number) => Effect.Effect<void>
  /** Waits for the person to speak. What was said before is of no interest. */
  readonly interrupted: Effect.Effect<void>
  readonly clear: Effect.Effect<void>
  /** Waits for Switchboard to say that it cleared. */
  readonly cleared: Effect.Effect<void>
}

const speech = (ms: number) => Uint8Array.from({ length: ms * 8 }, (_, index) => 0x10 + (index % 97))

const isLoud = (audio: Uint8Array) => audio.some((code) => Math.abs(decodeTable[code] ?? 0) > loud)

const conversationOver = (socket: WebSocket, answers: Queue.Queue<void>, on: (conversation: Conversation) => void) => {
  let interruption: Deferred.Deferred<void> | undefined
  const conversation: Conversation = {
    talk: (ms) => Effect.sync(() => socket.send(speech(ms))),
    interrupted: Effect.suspend(() => {
      const next = Deferred.makeUnsafe<void>()
      interruption = next
      return Deferred.await(next)
    }),
    clear: Effect.sync(() => socket.send(JSON.stringify({ type: "clear" }))),
    cleared: Queue.take(answers)
  }
  socket.on("error", () => socket.terminate())
  socket.on("message", (data: Buffer, binary) => {
    if (binary) {
      if (interruption === undefined || !isLoud(data)) return
      Deferred.doneUnsafe(interruption, Effect.void)
      interruption = undefined
      return
    }
    const { type } = JSON.parse(data.toString())
    if (type === "cleared") Queue.offerUnsafe(answers, undefined)
    if (type !== "call.start") return
    socket.send(JSON.stringify({ type: "call.accept" }))
    on(conversation)
  })
}

/** An agent of the kind `websocket` on a port of this machine; for one call at a time: each becomes a conversation. */
export const talkingAgent = Effect.gen(function* () {
  const conversations = yield* Queue.unbounded<Conversation>()
  const cleared = yield* Queue.unbounded<void>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        perMessageDeflate: false,
        handleProtocols: () => "switchboard.v1"
      })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (open) =>
      Effect.sync(() => {
        for (const client of open.clients) client.terminate()
        open.close()
      })
  )
  server.on("connection", (socket) => {
    conversationOver(socket, cleared, (conversation) => Queue.offerUnsafe(conversations, conversation))
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}`, conversations }
})
