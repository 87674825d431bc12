import { createServer, type IncomingMessage } from "node:http"
import { assert } from "@effect/vitest"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { TransferLegReport, TransferPlan } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/cloudonix/index.ts"
import { routes } from "../../../src/providers/cloudonix/routes.ts"
import type { CloudonixOptions } from "../../../src/providers/cloudonix/simulator/options.ts"
import { simulator } from "../../../src/providers/cloudonix/simulator.ts"
import type { MediaEvent } from "../../../src/Transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"

export const ours = "+14155550123"
export const theirs = "+442071838750"

const configurationId = "config-1"

const tokenOf = (path: string): RawRequest["urlToken"] => {
  if (path.startsWith("/cloudonix/transfer-")) return "transfer"
  if (path.startsWith("/cloudonix/status/")) return "call"
  return path.startsWith("/inbound/token") || path.startsWith("/cloudonix/number-status/") ? "configuration" : undefined
}

/** A service with nothing but the provider in it, before a fake Cloudonix: it answers, echoes what it hears, and remembers. */
export const house = Effect.fnUntraced(function* (options: CloudonixOptions = {}) {
  const carrier = yield* simulator.start(options)
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId, phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const domain = carrier.credentials["domain_id"]
  const accountId = typeof domain === "string" ? domain : assert.fail("the fake has no domain")
  const reports: Array<StatusReport> = []
  const inbound: Array<InboundCall> = []
  const legs: Array<TransferLegReport> = []
  const media: Array<MediaEvent["_tag"]> = []
  const refused: Array<string> = []
  const known: { plan: TransferPlan | undefined; providerCallId: string | undefined } = {
    plan: undefined,
    providerCallId: undefined
  }
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
  // After the server: it closes when what runs on its sockets has ended.
  const run = yield* FiberSet.makeRuntime<Pacer>()
  const links: CallLinks = { answer: `${base}/answer/token`, route: (path) => `${base}/cloudonix${path}/token` }
  const mediaUrl = `${base.replace("http", "ws")}/media/ticket`
  const rawOf = ({ method = "", url = "", headers }: IncomingMessage, body: Uint8Array): RawRequest => {
    const urlToken = tokenOf(url)
    return {
      method,
      publicUrl: base + url,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body,
      ...(urlToken === undefined ? {} : { urlToken })
    }
  }
  const reply = Effect.fnUntraced(function* (raw: RawRequest) {
    const request = yield* provider.verify(raw)
    const path = new URL(raw.publicUrl).pathname
    const route = routes.find((each) => path.startsWith(`/cloudonix${each.path}/`))
    if (route === undefined) {
      inbound.push((yield* provider.parseInbound(request)) ?? assert.fail("no call is announced"))
      return provider.answer({ callId: "run-42", mediaUrl, links })
    }
    const context = { provider, configurationId }
    if (route.scope === "account") return yield* route.handle(request, context)
    if (route.scope === "call") return yield* route.handle(request, { ...context, callId: "run-42" })
    return yield* route.handle(request, { ...context, plan: known.plan ?? assert.fail("no transfer is under way") })
  })
  const callReports = CallReports.of({
    status: (_call, report) => Effect.sync(() => void reports.push(report)),
    transferLeg: (_id, report) => Effect.sync(() => void legs.push(report)),
    mediaFailed: () => Effect.void,
    note: () => Effect.void
  })
  server.on("request", (request, response) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part: Uint8Array) => parts.push(part))
    request.on("end", () => {
      run(
        Effect.match(Effect.provideService(reply(rawOf(request, Buffer.concat(parts))), CallReports, callReports), {
          onFailure: (error) => {
            refused.push(error._tag === "SignatureRejected" ? error.reason : error.message)
            response.writeHead(403).end()
          },
          onSuccess: ({ status, body, contentType }) =>
            response.writeHead(status, contentType === undefined ? {} : { "content-type": contentType }).end(body)
        })
      )
    })
  })
  server.on("upgrade", (request, socket, head) => {
    const echo = Effect.gen(function* () {
      const opened = yield* spec.transport(yield* accept(request, socket, head), {
        callId: "run-42",
        providerCallId: known.providerCallId,
        accountId
      })
      yield* opened.receive((event) => {
        if (event._tag === "Audio") opened.playUnsafe(event.chunk)
        else media.push(event._tag)
      })
    })
    run(Effect.ignore(Effect.scoped(echo)))
  })
  const place = provider.placeCall({
    callId: "run-42",
    from: ours,
    to: theirs,
    links,
    mediaUrl: Effect.succeed(mediaUrl),
    ringTimeoutSeconds: 30,
    maxDurationSeconds: 60
  })
  /** Statuses as they were reported, repetitions left out. */
  const statuses = () => reports.map(({ status }) => status).filter((status, index, all) => status !== all[index - 1])
  return { carrier, provider, base, links, reports, statuses, inbound, legs, media, refused, known, place }
})
