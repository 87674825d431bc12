import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { callsUntil, createdId, ours, setUp, speech, theirs } from "../support/app.ts"
import { assertHoldsNone, secretsOf } from "../support/hygiene.ts"
import { startService } from "../support/service.ts"

const provider = "twilio"

describe("the log of a whole day at debug level", () => {
  it.live(
    "holds no secret, no ticket and no call token: of calls both ways, of refusals, of a carrier that breaks",
    () =>
      Effect.gen(function* () {
        const carrier = yield* simulator.start()
        const service = yield* startService({
          environment: {
            [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase()}`]: carrier.baseUrl,
            SWITCHBOARD_LOG_LEVEL: "trace",
            SWITCHBOARD_LOG_FORMAT: "json"
          }
        })
        const { agentId, configurationId, numbers } = yield* setUp({ ...service, provider, carrier })
        const incoming = yield* carrier.placeInbound({ from: theirs, to: ours, audio: speech })
        yield* incoming.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* incoming.hangUp
        yield* carrier.whenDialed(theirs, { outcome: "answer", audio: speech, hangUpAfterMs: 300 })
        yield* service.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
        yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)

        const faults = ["signature-wrong", "webhook-duplicated", "media-twice", "media-garbage", "media-drops"] as const
        for (const fault of faults)
          yield* Effect.flatMap(
            carrier.placeInbound({ from: theirs, to: ours, audio: speech, faults: [fault] }),
            (call) =>
              call
                .until(({ media, state }) => media === "streaming" || state === "busy")
                .pipe(Effect.andThen(Effect.delay(call.hangUp, "100 millis")), Effect.andThen(call.settled))
          )
        for (const fault of ["rest-broken", "rest-throttled"] as const) {
          yield* carrier.faults.on(fault, { times: 1 })
          yield* service.request("POST", "/api/v1/telephony/calls", { to: theirs, agent_id: agentId })
          yield* carrier.faults.off(fault)
        }

        const secret = "agent-secret-0123456789"
        const server = yield* agentServer({ refuseWith: 401 })
        const agent = { name: "Refuses", kind: "websocket", settings: { url: server.url, secret } }
        const refusing = createdId(yield* service.request("POST", "/api/v1/organizations/agents", agent))
        yield* carrier.ownNumber("+14155550124")
        yield* service.request("POST", numbers, { address: "+14155550124", agent_id: refusing })
        const lost = yield* carrier.placeInbound({ from: theirs, to: "+14155550124", audio: speech })
        yield* lost.settled
        yield* service.request("POST", `/api/v1/organizations/telephony-configs/${configurationId}/test-connection`, {})
        yield* callsUntil(service, (calls) => calls.length >= 9 && calls.every(({ end_reason }) => end_reason !== null))
        service.process.kill("SIGTERM")
        yield* service.exited

        const secrets = yield* secretsOf(carrier)
        assert.lengthOf(secrets.credentials, 2)
        assert.isAtLeast(secrets.tickets.length, 8)
        assert.isAtLeast(secrets.callTokens.length, 8)
        const log = service.log()
        assert.isAtLeast(log.split("\n").length, 20)
        assertHoldsNone(log, secrets, [service.apiKey, secret])
      }).pipe(Effect.scoped),
    60_000
  )
})
