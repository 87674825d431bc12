import { createServer, type IncomingMessage } from "node:http"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { acknowledged } from "../../../src/carrier/CarrierReply.ts"
import { CallReports } from "../../../src/carrier/ProviderRoute.ts"
import type { RawRequest } from "../../../src/carrier/RawRequest.ts"
import type { CallLinks, InboundCall, StatusReport } from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer, TransferLegReport } from "../../../src/carrier/TransferStrategy.ts"
import { spec } from "../../../src/providers/vobiz/index.ts"
import { routes } from "../../../src/providers/vobiz/routes.ts"
import { simulator } from "../../../src/providers/vobiz/simulator.ts"
import type { Pacer } from "../../../src/transport/pacer.ts"
import { acceptor } from "../../../src/transport/webSocket.ts"
import { toolkit } from "../../carrier/localCarrier.ts"

export const ours = "+911140000001"
export const theirs = "+919800000001"

/** Where a request arrived says which token of ours its URL would have. */
const tokenOf = (path: string): RawRequest["urlToken"] => {
  if (path.startsWith("/inbound") || path.startsWith("/vobiz/number-status")) return "configuration"
  return path.startsWith("/vobiz/transfer") ? "transfer" : "call"
}

const listening = (server: ReturnType<typeof createServer>) =>
  Effect.acquireRelease(
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

/** A service with nothing but the provider in it, before a fake Vobiz: it answers, echoes what it hears, and remembers. */
export const house = Effect.fnUntraced(function* (options: Parameters<typeof simulator.start>[0] = {}) {
  const carrier = yield* simulator.start(options)
  yield* carrier.ownNumber(ours)
  const provider = yield* spec
    .load(Redacted.make(carrier.credentials), { configurationId: "config-1", phoneNumbers: [ours] })
    .pipe(Effect.provide(yield* Layer.build(toolkit(carrier.baseUrl))))
  const reports: Array<StatusReport> = []
  const legs: Array<TransferLegReport> = []
  const inbound: Array<InboundCall> = []
  const refused: Array<string> = []
  const plans: Array<DialledTransfer> = []
  const run = yield* FiberSet.makeRuntime<Pacer>()
  const { accept } = acceptor()
  const server = createServer()
  const base = yield* listening(server)
  const links: CallLinks = { answer: `${base}/answer/token`, route: (path) => `${base}/vobiz${path}/token` }
  const heard = CallReports.of({
    status: (_, report) => Effect.sync(() => void reports.push(report)),
    mediaFailed: () => Effect.void,
    transferLeg: (_, report) => Effect.sync(() => void legs.push(report)),
    note: () => Effect.void
  })
  const rawOf = ({ headers, method = "", url = "" }: IncomingMessage, body: Uint8Array): RawRequest => {
    const token = tokenOf(url)
    return {
      method,
      publicUrl: base + url,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body,
      ...(token === undefined ? {} : { urlToken: token })
    }
  }
  const reply = Effect.fnUntraced(function* (raw: RawRequest) {
    const request = yield* provider.verify(raw)
    const path = new URL(raw.publicUrl).pathname
    const route = routes.find((each) => path.startsWith(`/vobiz${each.path}/`))
    const context = { provider, configurationId: "config-1" }
    const [plan] = plans
    if (route?.scope === "transfer")
      return yield* plan === undefined ? Effect.die("no transfer") : route.handle(request, { ...context, plan })
    if (route !== undefined) return yield* route.handle(request, { ...context, callId: "run-42" })
    const call = path === "/inbound" ? yield* provider.parseInbound(request) : undefined
    if (call !== undefined) inbound.push(call)
    else reports.push(yield* provider.parseStatus(request))
    if (path === "/inbound" && call === undefined) return acknowledged
    return provider.answer({ callId: "run-42", mediaUrl: `${base.replace("http", "ws")}/media/ticket`, links })
  })
  server.on("request", (request, response) => {
    const parts: Array<Uint8Array> = []
    request.on("data", (part: Uint8Array) => parts.push(part))
    request.on("end", () => {
      run(
        reply(rawOf(request, Buffer.concat(parts))).pipe(
          Effect.provideService(CallReports, heard),
          Effect.tapErrorTag("SignatureRejected", ({ reason }) => Effect.sync(() => void refused.push(reason))),
          Effect.matchCause({
            onFailure: () => response.writeHead(403).end(),
            onSuccess: ({ body, status, ...rest }) =>
              response.writeHead(status, "contentType" in rest ? { "content-type": rest.contentType } : {}).end(body)
          })
        )
      )
    })
  })
  const tickets = new Set(["/media/ticket"])
  server.on("upgrade", (request, socket, head) => {
    // A ticket opens one socket once: a stream that comes back after its call gets none.
    if (!tickets.delete(request.url ?? "")) {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
      return
    }
    const media = Effect.gen(function* () {
      const call = { callId: "run-42", providerCallId: undefined, accountId: "MA_NOBODY01" }
      const opened = yield* spec.transport(yield* accept(request, socket, head), call)
      yield* opened.receive((event) => event._tag === "Audio" && opened.playUnsafe(event.chunk))
    })
    run(Effect.scoped(media))
  })
  return { carrier, provider, base, links, reports, legs, inbound, refused, plans }
})
