import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, FiberSet, Layer, Redacted, type Scope } from "effect"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer, TransferLegReport } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/plivo/index.ts"
import { routes } from "../../../src/providers/plivo/routes.ts"
import { simulator } from "../../../src/providers/plivo/simulator.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"
import { configurationId } from "./account.ts"

export const ours = "+14155550100"
export const theirs = "+442071838750"

/** Half a second of something that is not silence. */
export const speech = Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))
export const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: speech } as const

/** A service with nothing but the provider in it, before a fake Plivo: it answers, echoes what it hears, and remembers. */
export const house = Effect.fnUntraced(function* (options: Parameters<typeof simulator.start>[0] = {}) {
  const carrier = yield* simulator.start(options)
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId, phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const account = carrier.credentials["auth_id"]
  const reports: Array<StatusReport> = []
  const legs: Array<TransferLegReport> = []
  const inbound: Array<InboundCall> = []
  const notes: Array<string> = []
  const refused: Array<string> = []
  const transfers: Array<DialledTransfer> = []
  const run = yield* FiberSet.makeRuntime<Pacer>()
  const { accept } = acceptor()
  const server = createServer()
  const root = yield* Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const links: CallLinks = { answer: `${root}/answer/token`, route: (path) => `${root}/plivo${path}/token` }
  const webhookUrl = `${root}/inbound/plivo/${configurationId}.mac`
  const rawOf = ({ method = "", url = "", headers }: IncomingMessage, body: Uint8Array): RawRequest => ({
    method,
    publicUrl: root + url,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body
  })
  const remember = CallReports.of({
    status: (_, report) => Effect.sync(() => void reports.push(report)),
    mediaFailed: (_, { error }) => Effect.sync(() => void notes.push(`media failed: ${error}`)),
    transferLeg: (_, report) => Effect.sync(() => void legs.push(report)),
    note: (_, { kind }) => Effect.sync(() => void notes.push(kind))
  })
  const reply = Effect.fnUntraced(function* (raw: RawRequest) {
    const request = yield* provider.verify(raw)
    const path = new URL(raw.publicUrl).pathname
    const route = routes.find((each) => path.startsWith(`/plivo${each.path}/`))
    if (route !== undefined) {
      const [plan] = transfers
      const context = { provider, configurationId, callId: "run-42" }
      if (route.scope !== "transfer")
        return yield* Effect.provideService(route.handle(request, context), CallReports, remember)
      if (plan === undefined) return { status: 404, body: "" }
      return yield* Effect.provideService(route.handle(request, { ...context, plan }), CallReports, remember)
    }
    if (path.startsWith("/inbound/")) inbound.push((yield* provider.parseInbound(request)) ?? assert.fail("no call"))
    else reports.push(yield* provider.parseStatus(request))
    return provider.answer({ callId: "run-42", mediaUrl: `${root.replace("http", "ws")}/media/ticket`, links })
  })
  server.on("request", (request, response) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part: Uint8Array) => parts.push(part))
    request.on("end", () => {
      run(
        Effect.matchCause(reply(rawOf(request, Buffer.concat(parts))), {
          onFailure: () => response.writeHead(403).end(),
          onSuccess: ({ status, body, ...rest }) =>
            response.writeHead(status, "contentType" in rest ? { "content-type": rest.contentType } : {}).end(body)
        })
      )
    })
  })
  server.on("upgrade", (request, socket, head) => {
    const media = Effect.gen(function* () {
      yield* provider.verifyUpgrade?.(rawOf(request, new Uint8Array())) ?? Effect.die("no capability")
      const opened = yield* spec.transport(yield* accept(request, socket, head), {
        callId: "run-42",
        providerCallId: undefined,
        accountId: typeof account === "string" ? account : undefined
      })
      yield* opened.receive((event) => event._tag === "Audio" && opened.playUnsafe(event.chunk))
    })
    run(
      Effect.scoped(media).pipe(
        Effect.catchTag("SignatureRejected", ({ reason }) =>
          Effect.sync(() => {
            refused.push(reason)
            socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
          })
        )
      )
    )
  })
  const change = {
    address: ours,
    addressType: "pstn",
    webhookUrl,
    statusUrl: `${root}/plivo/number-status/${configurationId}.mac`,
    ownUrlPrefix: `${root}/`
  } as const
  return { carrier, provider, links, change, reports, legs, inbound, notes, refused, transfers }
})

export const within = <A, E>(use: Effect.Effect<A, E, Scope.Scope | Pacer>) =>
  use.pipe(Effect.scoped, Effect.provide(Pacer.layer))
