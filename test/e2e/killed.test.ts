import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { callsUntil, ours, setLimits, setUp, speech, theirs } from "../support/app.ts"
import { temporaryFolder } from "../support/database.ts"
import { freePort, startService } from "../support/service.ts"

const provider = "twilio"

describe("kill -9 in the middle of a call", () => {
  it.live(
    "loses nothing that was acknowledged, closes the call as node_lost, hangs up at the carrier, and frees the slot",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const dataDir = yield* temporaryFolder
        const options = {
          dataDir,
          port: yield* freePort,
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            SWITCHBOARD_API_KEY: "sb_killed_0123456789abcdef0123456789abcdef"
          }
        }

        const first = yield* startService(options)
        yield* setUp({ ...first, provider, carrier })
        yield* setLimits(first, { max_concurrent_calls: 1 })
        const call = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* callsUntil(first, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
        first.process.kill("SIGKILL")
        assert.strictEqual(yield* first.exited, "SIGKILL")

        const second = yield* startService(options)
        const [row] = yield* callsUntil(second, (calls) => calls.every(({ end_reason }) => end_reason !== null))
        assert.deepInclude(row, {
          provider_call_id: call.id,
          direction: "inbound",
          end_reason: "node_lost",
          end_owner: "gateway"
        })
        assert.strictEqual((yield* call.ended).state, "completed")

        const next = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* next.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* next.hangUp
        yield* next.settled
        yield* callsUntil(second, (calls) => calls.length === 2 && calls.every(({ end_reason }) => end_reason !== null))
        assert.notInclude(first.log() + second.log(), JSON.stringify(carrier.credentials["auth_token"]).slice(1, -1))
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("SIGTERM", () => {
  it.live(
    "turns readiness to 503, refuses new calls in the carrier's language, lets the live one go on, and ends it as drained",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const service = yield* startService({
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            SWITCHBOARD_DRAIN_SECONDS: "4"
          }
        })
        const { agentId } = yield* setUp({ ...service, provider, carrier })
        const live = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* live.until((now) => now.heard.played.length >= speech.bytes.length)
        service.process.kill("SIGTERM")

        yield* Effect.repeat(Effect.delay(service.request("GET", "/readyz"), "20 millis"), {
          until: ({ status }) => status === 503
        })
        assert.strictEqual((yield* service.request("GET", "/healthz")).status, 200)
        const refused = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        const { heard, answers } = yield* refused.ended
        assert.strictEqual(heard.played.length, 0)
        assert.match(answers.join(""), /<Say|<Reject/)
        const dial = yield* service.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
        assert.strictEqual(dial.status, 503)

        yield* live.say(speech)
        const more = yield* live.until((now) => now.heard.played.length >= 2 * speech.bytes.length)
        assert.strictEqual(more.state, "in-progress")
        yield* live.ended
        assert.strictEqual(yield* service.exited, 0)
        assert.include(service.log(), "drained")
      }).pipe(Effect.scoped),
    60_000
  )
})
