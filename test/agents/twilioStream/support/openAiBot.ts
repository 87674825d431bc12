import { RealtimeAgent, RealtimeSession } from "@openai/agents/realtime"
import { TwilioRealtimeTransportLayer } from "@openai/agents-extensions"
import { Effect, Queue } from "effect"
import twilio from "twilio"
import { type WebSocket, WebSocketServer } from "ws"

/** One call of the bot: the connection that it takes for Twilio's, and what came and went over it. */
export interface BotCall {
  readonly socket: WebSocket
  /** All messages from us, parsed. */
  readonly received: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Names of the marks that the bot sent, in order. */
  readonly marks: ReadonlyArray<string>
  readonly errors: ReadonlyArray<unknown>
  readonly isOpen: () => boolean
}

/**
 * A bot as OpenAI's guide for Twilio has it: a server that checks Twilio's signature and gives each connection to the
 * `TwilioRealtimeTransportLayer` of the official package. Nothing of the protocol in it is ours.
 */
export const openAiBot = Effect.fnUntraced(function* (options: { readonly token: string; readonly modelUrl: string }) {
  const calls = yield* Queue.unbounded<BotCall>()
  const sessions = new Set<RealtimeSession>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<WebSocketServer>((resume) => {
      const started = new WebSocketServer({
        host: "127.0.0.1",
        port: 0,
        verifyClient: ({ req }, answer) => {
          const url = `ws://${req.headers.host}${req.url}`
          const isTwilio = twilio.validateRequest(options.token, String(req.headers["x-twilio-signature"]), url, {})
          answer(isTwilio, 403)
        }
      })
      started.on("listening", () => resume(Effect.succeed(started)))
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        for (const session of sessions) session.close()
        for (const client of running.clients) client.terminate()
        running.close(() => resume(Effect.void))
      })
  )

  server.on("connection", (socket) => {
    const received: Array<Readonly<Record<string, unknown>>> = []
    const marks: Array<string> = []
    const errors: Array<unknown> = []
    const send = socket.send.bind(socket)
    socket.send = (data: string) => {
      const { event, mark } = JSON.parse(data)
      if (event === "mark") marks.push(mark.name)
      send(data)
    }
    socket.on("message", (data: Buffer) => received.push(JSON.parse(data.toString())))
    const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket: socket })
    const session = new RealtimeSession(new RealtimeAgent({ name: "Bot", instructions: "Be brief." }), {
      apiKey: "sk-test",
      transport,
      model: "gpt-realtime",
      tracingDisabled: true,
      config: { audio: { input: { format: "g711_ulaw" }, output: { format: "g711_ulaw" } } }
    })
    session.on("error", ({ error }) => errors.push(error))
    sessions.add(session)
    session.connect({ apiKey: "sk-test", url: options.modelUrl }).catch((error: unknown) => errors.push(error))
    Queue.offerUnsafe(calls, { socket, received, marks, errors, isOpen: () => socket.readyState === socket.OPEN })
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `ws://127.0.0.1:${port}/media-stream`, calls, connections: () => server.clients.size }
})
