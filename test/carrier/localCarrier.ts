import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect, Layer, Option } from "effect"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { carrierHttpClient } from "../../src/carrier/carrierHttpClient.ts"
import { Settings } from "../../src/Settings.ts"

/** A request as a carrier's API got it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** What the API does with a request: answer, keep silent, or cut the connection. */
export type Behaviour =
  | {
      readonly status: number
      readonly json?: unknown
      readonly text?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | "silence"
  | "cut"

/** A carrier's HTTP API on loopback that does what it is told and remembers what it got. Gone with the scope. */
export const localCarrier = (behave: (request: Received, earlier: number) => Behaviour, port = 0) =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const waiters: Array<() => void> = []
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        const got: Received = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(parts).toString("utf8")
        }
        const behaviour = behave(got, received.length)
        received.push(got)
        for (const waiter of waiters.splice(0)) waiter()
        if (behaviour === "cut") request.socket.destroy()
        else if (behaviour !== "silence") {
          const body = behaviour.text ?? (behaviour.json === undefined ? "" : JSON.stringify(behaviour.json))
          response.writeHead(behaviour.status, { "content-type": "application/json", ...behaviour.headers }).end(body)
        }
      })
    }
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const listening = createServer(handle).listen(port, "127.0.0.1", () => resume(Effect.succeed(listening)))
      }),
      (listening) =>
        Effect.callback<void>((resume) => {
          listening.close(() => resume(Effect.void))
          listening.closeAllConnections()
        })
    )
    const address = server.address()
    const bound = typeof address === "object" && address !== null ? address.port : 0
    const arrived = (count: number): Effect.Effect<void> =>
      Effect.suspend(() =>
        received.length >= count
          ? Effect.void
          : Effect.callback<void>((resume) => void waiters.push(() => resume(Effect.void))).pipe(
              Effect.andThen(arrived(count))
            )
      )
    return { baseUrl: `http://127.0.0.1:${bound}`, received, arrived }
  })

/** The toolkit over the real HTTP client, with every provider's base URL overridden (or none). */
export const toolkit = (carrierUrl: string | undefined) =>
  CarrierToolkit.layer.pipe(
    Layer.provide(carrierHttpClient),
    Layer.provide(
      Layer.succeed(Settings, {
        host: "127.0.0.1",
        port: 0,
        publicUrl: "https://voice.example.com",
        databaseUrl: Option.none(),
        dataDir: "",
        encryptionKeys: [],
        apiKey: Option.none(),
        carrierUrl: () => carrierUrl,
        simulator: Option.none(),
        trustedProxies: [],
        privateHosts: [],
        maxCallSeconds: 3600,
        maxCalls: 100,
        drainSeconds: 300,
        recordingsDir: "",
        recordingDays: 30,
        logLevel: "error",
        logFormat: "json",
        otlpEndpoint: Option.none()
      })
    )
  )
