import { createServer, type IncomingMessage } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FiberSet, Layer, Redacted, Schedule, type Scope } from "effect"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import { spec } from "../../../src/providers/twilio/index.ts"
import { simulator } from "../../../src/providers/twilio/simulator.ts"
import { parseStreamStatus } from "../../../src/providers/twilio/webhooks.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"

const ours = "+14155550123"
const theirs = "+442071838750"

/** Half a second of something that is not silence. */
const speech = Uint8Array.from({ length: 4000 }, (_, index) => 0x10 + (index % 97))

/** A service with nothing but the provider in it, before a fake Twilio: it answers, echoes what it hears, and remembers. */
const house = Effect.gen(function* () {
  const carrier = yield* simulator.start()
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId: "config-1", phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const account = carrier.credentials["account_sid"]
  const accountId = typeof account === "string" ? account : undefined
  const reports: Array<StatusReport> = []
  const inbound: Array<InboundCall> = []
  const streams: Array<string> = []
  const refusedUpgrades: Array<string> = []
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
  const links: CallLinks = { answer: `${base}/answer/token`, route: (path) => `${base}/twilio${path}/token` }
  const rawOf = ({ method = "", url = "", headers }: IncomingMessage, body: Uint8Array): RawRequest => ({
    method,
    publicUrl: base + url,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body
  })
  const reply = Effect.fnUntraced(function* (raw: RawRequest) {
    const request = yield* provider.verify(raw)
    const path = new URL(raw.publicUrl).pathname
    if (path.startsWith("/twilio/stream-status")) streams.push((yield* parseStreamStatus(request)).kind)
    else if (path.startsWith("/twilio/status")) reports.push(yield* provider.parseStatus(request))
    else {
      if (path === "/inbound")
        inbound.push((yield* provider.parseInbound(request)) ?? assert.fail("no call is announced"))
      return provider.answer({ callId: "run-42", mediaUrl: `${base.replace("http", "ws")}/media/ticket`, links })
    }
    return { status: 204, body: "" }
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
        accountId
      })
      yield* opened.receive((event) => event._tag === "Audio" && opened.playUnsafe(event.chunk))
    })
    run(
      Effect.scoped(media).pipe(
        Effect.catchTag("SignatureRejected", ({ reason }) =>
          Effect.sync(() => {
            refusedUpgrades.push(reason)
            socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
          })
        )
      )
    )
  })
  return { carrier, provider, base, links, reports, inbound, streams, refusedUpgrades }
})

const audio = { format: { encoding: "mulaw", sampleRate: 8000 }, bytes: speech } as const

const within = <A, E>(use: Effect.Effect<A, E, Scope.Scope | Pacer>) =>
  use.pipe(Effect.scoped, Effect.provide(Pacer.layer))

describe("with a Twilio that was written from its documents alone", () => {
  it.live("a call that we place is answered, heard, reported, hung up, and paid for", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, links, reports, streams } = yield* house
        yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 20, audio })
        const placed = yield* provider.placeCall({
          callId: "run-42",
          from: ours,
          to: theirs,
          links,
          mediaUrl: Effect.die("not asked for"),
          ringTimeoutSeconds: 30,
          maxDurationSeconds: 60
        })
        const call = yield* carrier.nextOutbound
        assert.strictEqual(placed.providerCallId, call.id)
        const reference = { callId: "run-42", from: ours, to: theirs, createdAtMs: 0, memory: {} }
        const heard = yield* call.until(({ heard }) => heard.played.length >= speech.length)
        assert.include(Buffer.from(heard.heard.played).toString("latin1"), Buffer.from(speech).toString("latin1"))
        assert.strictEqual(
          (yield* provider.callStatus({ ...reference, providerCallId: undefined }))?.providerCallId,
          call.id
        )
        yield* provider.hangUp({ ...reference, providerCallId: call.id })
        const end = yield* call.settled
        assert.deepStrictEqual(end.errors, [])
        yield* provider.hangUp({ ...reference, providerCallId: call.id })
        assert.deepStrictEqual(
          reports.map(({ status }) => status),
          ["initiated", "ringing", "in-progress", "completed"]
        )
        assert.deepStrictEqual(streams, ["stream-started", "stream-stopped"])
        const last = yield* provider.callStatus({ ...reference, providerCallId: call.id })
        assert.strictEqual(last?.status, "completed")
        const cost = provider.callCost?.({ ...reference, providerCallId: call.id }) ?? Effect.die("no capability")
        const rated = yield* Effect.repeat(cost, {
          until: (known) => known !== undefined,
          schedule: Schedule.spaced("50 millis")
        })
        assert.isDefined(rated)
      })
    )
  )

  it.live("a number is set up, takes a call, and is given back", () =>
    within(
      Effect.gen(function* () {
        const { carrier, provider, base, inbound } = yield* house
        const change = {
          address: ours,
          addressType: "pstn",
          webhookUrl: `${base}/inbound`,
          statusUrl: `${base}/twilio/number-status`,
          ownUrlPrefix: base
        } as const
        assert.isTrue((yield* provider.testConnection).ok)
        assert.strictEqual(yield* provider.ownsNumber?.(ours) ?? Effect.void, "owned")
        assert.isTrue((yield* provider.configureInbound?.(change) ?? Effect.die("no capability")).ok)
        assert.strictEqual(yield* carrier.inboundWebhook(ours), change.webhookUrl)
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio })
        yield* call.until(({ heard }) => heard.played.length >= speech.length)
        yield* call.hangUp
        assert.deepStrictEqual((yield* call.settled).errors, [])
        assert.deepStrictEqual(
          inbound.map(({ providerCallId, from, to }) => ({ providerCallId, from, to })),
          [{ providerCallId: call.id, from: theirs, to: ours }]
        )
        yield* provider.configureInbound?.({ ...change, webhookUrl: undefined }) ?? Effect.void
        assert.oneOf(yield* carrier.inboundWebhook(ours), [undefined, ""])
      })
    )
  )

  it.live("a forged signature gets nowhere", () =>
    within(
      Effect.gen(function* () {
        const { carrier, base, inbound, refusedUpgrades } = yield* house
        const call = yield* carrier.placeInbound({
          from: theirs,
          to: ours,
          webhook: `${base}/inbound`,
          faults: ["signature-wrong"]
        })
        yield* call.settled
        assert.deepStrictEqual(inbound, [])
        const unproved = yield* carrier.placeInbound({
          from: theirs,
          to: ours,
          webhook: `${base}/inbound`,
          faults: [["signature-wrong", { only: /upgrade/ }]]
        })
        yield* unproved.settled
        assert.strictEqual(inbound.length, 1)
        assert.strictEqual(refusedUpgrades.length, 1)
      })
    )
  )
})
