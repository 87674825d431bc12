import { assert, layer } from "@effect/vitest"
import { Effect, Queue, Schema } from "effect"
import { sampleToMulaw } from "../../src/audio/g711.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SpokenAudio } from "../../src/simulator/SimulatorModule.ts"
import { agentServer } from "../agents/support/agentServer.ts"
import { greeting } from "../answering/support/labelled.ts"
import { joined, pcm, quiet, type Signal, tone } from "../answering/support/signals.ts"
import { App, createdId, endOf, eventsOf, ours, setUp, speech } from "../support/app.ts"
import { destination } from "../support/dialing.ts"

const spoken = (signal: Signal): SpokenAudio => ({
  format: { encoding: "mulaw", sampleRate: 8000 },
  bytes: Uint8Array.from(pcm(signal), (sample) => sampleToMulaw[sample & 0xffff] ?? 0)
})

const Configs = Schema.Struct({
  configurations: Schema.NonEmptyArray(Schema.Struct({ id: Schema.String, version: Schema.Int }))
})

/** An agent of the kind `websocket`, with these settings beside its address. */
const agentOf = Effect.fnUntraced(function* (name: string, url: string, settings: object) {
  const app = yield* App
  const agent = { name, kind: "websocket", settings: { url, encoding: "mulaw", sample_rate: 8000, ...settings } }
  return createdId(yield* app.request("POST", "/api/v1/organizations/agents", agent))
})

const eventsOfKind = Effect.fnUntraced(function* (id: string, kind: string) {
  return (yield* eventsOf(yield* App, id)).filter((event) => event.kind === kind)
})

layer(App.layer(simulator, "twilio"), { excludeTestServices: true })("a call that we place", (it) => {
  it.effect("is ready", () => Effect.asVoid(Effect.flatMap(App, setUp)))

  it.effect(
    "is answered by a machine: its agent is told so, leaves its message after the beep, and the log has both",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const server = yield* agentServer()
        const agentId = yield* agentOf("Detecting", server.url, { answering_machine: "detect" })
        const to = destination(30)
        const said = joined(quiet(300), greeting("machine-reached"), quiet(500), tone(1000, 400))
        const audio = spoken(joined(said, quiet(1500)))
        yield* app.carrier.whenDialed(to, { outcome: "answer", afterMs: 20, audio })
        const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: agentId }))
        const call = yield* app.carrier.nextOutbound
        const visit = yield* Queue.take(server.visits)
        yield* visit.nextOf("call.start")
        yield* visit.say({ type: "call.accept" })

        const verdict = yield* visit.nextOf("answering_machine")
        assert.deepInclude(verdict, { result: "machine", source: "switchboard", reason: "long_greeting" })
        assert.isAbove(verdict.at_ms, 2000)
        assert.isBelow(verdict.at_ms, 3500)
        const beep = yield* visit.nextOf("answering_machine.beep")
        // The stream begins a moment before or after the person speaks.
        assert.closeTo(beep.at_ms, said.length / 8, 500)
        // The agent heard all that went by, as ever.
        assert.isAbove(visit.heard().length, said.length)
        yield* visit.speak(speech.bytes)
        yield* call.until(({ heard }) => heard.played.length >= speech.bytes.length)
        yield* visit.say({ type: "hangup" })
        yield* endOf(app, call.id)

        assert.deepStrictEqual(
          (yield* eventsOfKind(id, "answering_machine")).map(({ payload, source }) => ({ source, payload })),
          [
            {
              source: "gateway",
              payload: { source: "switchboard", result: "machine", reason: "long_greeting", at_ms: verdict.at_ms }
            }
          ]
        )
        assert.deepStrictEqual(
          (yield* eventsOfKind(id, "answering_machine.beep")).map(({ payload }) => payload),
          [{ at_ms: beep.at_ms }]
        )
      }).pipe(Effect.scoped),
    30_000
  )

  it.effect(
    "tells its agent nothing where that is not wanted, or where it is called instead of calling",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const server = yield* agentServer()
        const audio = spoken(joined(greeting("human-hello-slt"), quiet(1400)))
        const silentAgent = yield* agentOf("Not detecting", server.url, {})
        const to = destination(31)
        yield* app.carrier.whenDialed(to, { outcome: "answer", afterMs: 20, audio })
        const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: silentAgent }))
        const call = yield* app.carrier.nextOutbound
        const visit = yield* Queue.take(server.visits)
        yield* visit.say({ type: "call.accept" })
        yield* call.until(({ said, speaking }) => said.length > 0 && !speaking)
        yield* call.hangUp
        yield* endOf(app, call.id)
        assert.lengthOf(yield* eventsOfKind(id, "answering_machine"), 0)

        const detecting = yield* agentOf("Called", server.url, { answering_machine: "detect" })
        const configs = Schema.decodeUnknownSync(Configs)(
          (yield* app.request("GET", "/api/v1/organizations/telephony-configs")).body
        )
        const numbers = `/api/v1/organizations/telephony-configs/${configs.configurations[0].id}/phone-numbers`
        const Numbers = Schema.Struct({
          phone_numbers: Schema.NonEmptyArray(Schema.Struct({ id: Schema.String, version: Schema.Int }))
        })
        const [number] = Schema.decodeUnknownSync(Numbers)((yield* app.request("GET", numbers)).body).phone_numbers
        const changed = yield* app.request("PUT", `${numbers}/${number.id}`, {
          version: number.version,
          agent_id: detecting
        })
        assert.strictEqual(changed.status, 200, JSON.stringify(changed.body))
        const inbound = yield* app.carrier.placeInbound({ from: to, to: ours, audio })
        const called = yield* Queue.take(server.visits)
        yield* called.say({ type: "call.accept" })
        yield* inbound.until(({ said, speaking }) => said.length > 0 && !speaking)
        yield* inbound.hangUp
        const ended = yield* endOf(app, inbound.id)
        assert.lengthOf(yield* eventsOfKind(ended.id, "answering_machine"), 0)
        assert.notInclude(JSON.stringify(server.sent()), "answering_machine")
      }).pipe(Effect.scoped),
    30_000
  )

  it.effect(
    "has the result of its carrier told to its agent, whatever the agent's setting",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const server = yield* agentServer()
        const agentId = yield* agentOf("Carrier's", server.url, {})
        const configs = yield* app.request("GET", "/api/v1/organizations/telephony-configs")
        const [{ id: configurationId, version }] = Schema.decodeUnknownSync(Configs)(configs.body).configurations
        const changed = yield* app.request("PATCH", `/api/v1/organizations/telephony-configs/${configurationId}`, {
          version,
          config: { provider: app.provider, amd_enabled: true }
        })
        assert.strictEqual(changed.status, 200, JSON.stringify(changed.body))
        const to = destination(32)
        yield* app.carrier.whenDialed(to, { outcome: "answer", afterMs: 20, answeredBy: "machine", audio: speech })
        const id = createdId(yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: agentId }))
        const call = yield* app.carrier.nextOutbound
        const visit = yield* Queue.take(server.visits)
        yield* visit.say({ type: "call.accept" })
        assert.deepInclude(yield* visit.nextOf("answering_machine"), { result: "machine", source: "carrier" })
        yield* call.hangUp
        yield* endOf(app, call.id)
        const noted = yield* eventsOfKind(id, "answering_machine")
        assert.lengthOf(noted, 1)
        assert.strictEqual(noted[0]?.source, "carrier")
        assert.deepInclude(noted[0]?.payload, { source: "carrier", result: "machine" })
        assert.lengthOf(
          server.sent().filter((message) => JSON.stringify(message).includes("answering_machine")),
          1
        )
      }).pipe(Effect.scoped),
    30_000
  )
})
