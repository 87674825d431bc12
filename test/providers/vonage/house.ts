import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, CallReference, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/vonage/index.ts"
import { legId } from "../../../src/providers/vonage/legs.ts"
import { routes } from "../../../src/providers/vonage/routes.ts"
import { simulator } from "../../../src/providers/vonage/simulator.ts"
import type { MediaEvent, Transport } from "../../../src/Transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"
export const human = "+14155550777"

/** The uuid of a call in our form: the simulator writes those of inbound legs without dashes. */
export const idOf = (call: { readonly id: string }) => legId(call.id) ?? assert.fail("no uuid")

/** A service with nothing but the provider in it, before a fake Vonage: it answers, echoes what it hears, and remembers. */
export const house = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId: "config-1", phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const reports: Array<StatusReport> = []
  const notes: Array<string> = []
  const mediaFailures: Array<string> = []
  const legs: Array<TransferLegReport> = []
  const inbound: Array<InboundCall> = []
  const events: Array<MediaEvent> = []
  const transports: Array<Transport> = []
  const refused: Array<string> = []
  let refusesMedia = false
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
  const links: CallLinks = { answer: `${base}/answer/token`, route: (path) => `${base}/vonage${path}/token` }
  const reference: CallReference = {
    callId: "run-42",
    providerCallId: undefined,
    from: ours,
    to: theirs,
    createdAtMs: 0,
    memory: {}
  }
  const plan: TransferPlan = {
    transferId: "transfer-1",
    call: reference,
    destination: human,
    callerId: ours,
    ringTimeoutSeconds: 30,
    maxDurationSeconds: 60,
    announcement: undefined,
    room: "room-1",
    links
  }
  const desk = CallReports.of({
    status: (_, report) => Effect.sync(() => void reports.push(report)),
    mediaFailed: (_, { error }) => Effect.sync(() => void mediaFailures.push(error)),
    transferLeg: (_, report) => Effect.sync(() => void legs.push(report)),
    note: (_, { kind }) => Effect.sync(() => void notes.push(kind))
  })
  const rawOf = ({ method = "", url = "", headers }: IncomingMessage, body: Uint8Array): RawRequest => ({
    method,
    publicUrl: base + url,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body
  })
  const reply = Effect.fnUntraced(function* (raw: RawRequest) {
    const request = yield* provider.verify(raw)
    const path = new URL(raw.publicUrl).pathname
    const route = routes.find((each) => path.startsWith(`/vonage${each.path}`))
    if (route !== undefined) {
      const context = { provider, configurationId: "config-1", callId: "run-42", plan }
      return yield* Effect.provideService(route.handle(request, context), CallReports, desk)
    }
    if (path === "/inbound")
      inbound.push((yield* provider.parseInbound(request)) ?? assert.fail("no call is announced"))
    else reports.push(yield* provider.parseStatus(request))
    return provider.answer({ callId: "run-42", mediaUrl: `${base.replace("http", "ws")}/media/ticket`, links })
  })
  server.on("request", (request, response) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part: Uint8Array) => parts.push(part))
    request.on("end", () => {
      run(
        Effect.matchCause(reply(rawOf(request, Buffer.concat(parts))), {
          onFailure: () => response.writeHead(403).end(),
          onSuccess: ({ status, body, contentType }) =>
            response.writeHead(status, contentType === undefined ? {} : { "content-type": contentType }).end(body)
        })
      )
    })
  })
  const refuse = (socket: { readonly end: (text: string) => unknown }, reason: string) =>
    Effect.sync(() => {
      refused.push(reason)
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    })
  server.on("upgrade", (request, socket, head) => {
    const media = Effect.gen(function* () {
      if (refusesMedia) return yield* refuse(socket, "told to")
      yield* provider.verifyUpgrade?.(rawOf(request, new Uint8Array())) ?? Effect.die("no capability")
      const opened = yield* spec.transport(yield* accept(request, socket, head), {
        callId: "run-42",
        providerCallId: inbound.at(-1)?.providerCallId,
        accountId: undefined
      })
      transports.push(opened)
      yield* opened.receive((event) => {
        if (event._tag === "Audio") opened.playUnsafe(event.chunk)
        else events.push(event)
      })
    })
    run(Effect.scoped(media).pipe(Effect.catchTag("SignatureRejected", ({ reason }) => refuse(socket, reason))))
  })
  const refuseMedia = Effect.sync(() => {
    refusesMedia = true
  })
  const change = {
    address: ours,
    addressType: "pstn",
    webhookUrl: `${base}/inbound`,
    statusUrl: `${base}/vonage/number-status`,
    ownUrlPrefix: base
  } as const
  const connected = Effect.gen(function* () {
    const sync = yield* provider.configureInbound?.(change) ?? Effect.die("no capability")
    assert.isTrue(sync.ok, sync.message)
  })
  return {
    carrier,
    provider,
    base,
    links,
    reference,
    plan,
    change,
    connected,
    refuseMedia,
    reports,
    notes,
    mediaFailures,
    legs,
    inbound,
    events,
    transports,
    refused
  }
})
