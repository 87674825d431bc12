import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, CallReference, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/telnyx/index.ts"
import { routes } from "../../../src/providers/telnyx/routes.ts"
import { simulator } from "../../../src/providers/telnyx/simulator.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"
import { configurationId, has } from "./account.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"
export const third = "+442071838751"

/** Half a second of something that is not silence. */
export const speech = Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))

/** What the house was told, in order. */
export interface Told {
  readonly reports: Array<StatusReport>
  readonly notes: Array<string>
  readonly failures: Array<string>
  readonly legs: Array<TransferLegReport>
  readonly inbound: Array<InboundCall>
  /** Why requests were refused. */
  readonly refused: Array<string>
  /** Why media sockets were given up. */
  readonly media: Array<string>
}

export const reference = (providerCallId: string | undefined): CallReference => ({
  callId: "run-42",
  providerCallId,
  from: ours,
  to: theirs,
  createdAtMs: 0,
  memory: {}
})

/** A service with nothing but the provider in it, before a fake Telnyx: it answers, echoes what it hears, and remembers. */
export const house = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId, phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const told: Told = { reports: [], notes: [], failures: [], legs: [], inbound: [], refused: [], media: [] }
  const listening = CallReports.of({
    status: (_, report) => Effect.sync(() => void told.reports.push(report)),
    mediaFailed: (_, { error }) => Effect.sync(() => void told.failures.push(error)),
    transferLeg: (_, report) => Effect.sync(() => void told.legs.push(report)),
    note: (_, { kind }) => Effect.sync(() => void told.notes.push(kind))
  })
  const run = yield* FiberSet.makeRuntime<Pacer>()
  const { accept } = acceptor()
  const server = createServer()
  const base = yield* Effect.acquireRelease(
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
  const links: CallLinks = { answer: `${base}/answer/token`, route: (path) => `${base}/telnyx${path}/token` }
  const mediaUrl = `${base.replace("http", "ws")}/media/ticket`
  const plan = (call: CallReference): TransferPlan => ({
    transferId: "transfer-7",
    call,
    destination: third,
    callerId: ours,
    ringTimeoutSeconds: 30,
    maxDurationSeconds: 600,
    announcement: undefined,
    room: "room-7",
    links
  })
  /** Whom the house connects; everybody else is turned away. */
  const doors = { isOpen: true }

  const answerInbound = Effect.fnUntraced(function* (call: InboundCall) {
    told.inbound.push(call)
    if (!doors.isOpen) return yield* has(provider.turnAway)(call, "busy")
    yield* has(provider.pickUp)({ callId: "run-42", mediaUrl, links, call: reference(call.providerCallId) })
  })

  const handle = Effect.fnUntraced(function* (raw: RawRequest) {
    const path = new URL(raw.publicUrl).pathname
    const route = routes.find((each) => path.startsWith(`/telnyx${each.path}/`))
    if (route === undefined) {
      const request = yield* provider.verify({ ...raw, urlToken: "configuration" })
      const call = yield* provider.parseInbound(request)
      if (call === undefined) told.reports.push(yield* provider.parseStatus(request))
      else run(answerInbound(call))
      return provider.answer({ callId: "run-42", mediaUrl, links })
    }
    const context = { provider, configurationId }
    if (route.scope === "transfer") {
      const request = yield* provider.verify({ ...raw, urlToken: "transfer" })
      return yield* route.handle(request, { ...context, plan: plan(reference(undefined)) })
    }
    const request = yield* provider.verify({ ...raw, urlToken: "call" })
    return route.scope === "call" ? yield* route.handle(request, { ...context, callId: "run-42" }) : assert.fail()
  })
  const rawOf = ({ method = "", url = "", headers }: IncomingMessage, body: Uint8Array): RawRequest => ({
    method,
    publicUrl: base + url,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body
  })

  server.on("request", (request, response) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part: Uint8Array) => parts.push(part))
    request.on("end", () => {
      run(
        handle(rawOf(request, Buffer.concat(parts))).pipe(
          Effect.provideService(CallReports, listening),
          Effect.match({
            onFailure: (error) => {
              told.refused.push(error._tag === "SignatureRejected" ? error.reason : error.message)
              response.writeHead(403).end()
            },
            onSuccess: ({ status, body }) => void response.writeHead(status).end(body)
          })
        )
      )
    })
  })
  server.on("upgrade", (request, socket, head) => {
    const media = Effect.gen(function* () {
      const opened = yield* spec.transport(yield* accept(request, socket, head), {
        callId: "run-42",
        providerCallId: undefined,
        accountId: undefined,
        handshakeMs: 60_000
      })
      yield* opened.receive((event) => event._tag === "Audio" && opened.playUnsafe(event.chunk))
    })
    run(
      Effect.scoped(media).pipe(
        Effect.catchTag("TransportError", ({ reason }) => Effect.sync(() => void told.media.push(reason)))
      )
    )
  })
  return { carrier, provider, base, links, mediaUrl, plan, told, doors }
})
