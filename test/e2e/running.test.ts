import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { callsUntil, ours, setUp, speech, theirs } from "../support/app.ts"
import { assertHoldsNone, secretsOf } from "../support/hygiene.ts"
import { otlpServer } from "../support/otlpServer.ts"
import { startService } from "../support/service.ts"

const provider = "twilio"

const text = (url: string) => Effect.promise(async () => (await fetch(url)).text())

/** A metric by its name, and by one of its labels. */
const expected: ReadonlyArray<readonly [what: string, line: RegExp]> = [
  ["calls by state", /^switchboard_calls\{status="in-progress"\} \d/m],
  ["calls by end reason", /^switchboard_calls_ended_total\{reason="caller_hung_up"\} 1$/m],
  ["media frames in", /^switchboard_media_frames_in_total(\{.*\})? [1-9]/m],
  ["media frames out", /^switchboard_media_frames_out_total(\{.*\})? [1-9]/m],
  ["media frames dropped", /^switchboard_media_frames_dropped_total(\{.*\})? \d/m],
  ["pacing underruns", /^switchboard_media_underruns_total(\{.*\})? \d/m],
  ["webhook latencies", /^switchboard_webhook_seconds_bucket\{.*provider="twilio".*\} [1-9]/m],
  ["signature failures by provider", /^switchboard_signature_failures_total\{provider="twilio"\} [1-9]/m],
  ["event-loop delay", /^switchboard_event_loop_delay_seconds\{quantile="0\.99"\} \d/m]
]

/** What makes a browser load something, or go somewhere, outside of the page's own origin. */
const elsewhere =
  /\b(?:src|srcset|href|action|data|poster)\s*=\s*["']?(?:https?:)?\/\/|url\(\s*["']?(?:https?:)?\/\/|@import\s+["'(]|<base\b|\b(?:import|importScripts)\(\s*["'](?:https?:)?\/\//i

describe("a running service", () => {
  it.live(
    "serves its pages offline, counts what it did, and traces it without a secret",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const collector = yield* otlpServer
        const service = yield* startService({
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            OTEL_EXPORTER_OTLP_ENDPOINT: collector.url
          }
        })
        for (const path of ["/", "/docs", "/openapi.json"]) {
          const page = yield* text(service.url + path)
          assert.isAbove(page.length, 300, path)
          assert.isNull(elsewhere.exec(page), path)
        }
        assert.match(yield* text(`${service.url}/openapi.json`), /^\{"openapi":"3\.1\./)

        const { agentId } = yield* setUp({ ...service, provider, carrier })
        const forged = { from: theirs, to: ours, faults: ["signature-wrong"] } as const
        yield* Effect.flatMap(carrier.placeInbound(forged), (call) => call.settled)
        const incoming = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* incoming.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* incoming.hangUp
        yield* carrier.whenDialed(theirs, { outcome: "busy" })
        yield* service.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
        yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        yield* callsUntil(
          service,
          (calls) => calls.length === 2 && calls.every(({ end_reason }) => end_reason !== null)
        )
        const metrics = yield* text(`${service.url}/metrics`)
        for (const [what, line] of expected) assert.match(metrics, line, what)

        service.process.kill("SIGTERM")
        assert.strictEqual(yield* service.exited, 0)
        const traces = collector.requests.filter(({ method, path }) => method === "POST" && path === "/v1/traces")
        assert.isAbove(traces.length, 0)
        const spans = traces.map(({ body }) => body).join("\n")
        for (const span of ["Inbound.handle", "Dialer.place", "Twilio.placeCall", "MediaSession.run"])
          assert.include(spans, `"${span}"`)
        const secrets = yield* secretsOf(carrier)
        assert.isAbove(secrets.tickets.length, 0)
        assert.isAbove(secrets.callTokens.length, 0)
        const told = collector.requests.map(({ path, body }) => `${path}\n${body}`).join("\n")
        assertHoldsNone(told + metrics, secrets, [service.apiKey])
      }).pipe(Effect.scoped),
    30_000
  )
})
