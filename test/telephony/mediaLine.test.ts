import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { type AgentLeg, AgentLost, AgentUnreachable } from "../../src/agents/AgentSpec.ts"
import { writeWav } from "../../src/audio/wav.ts"
import { AudioClips } from "../../src/organizations/AudioClips.ts"
import type { MediaEvent } from "../../src/Transport.ts"
import { start, stop } from "../transport/support/protocol.ts"
import { frame, speech } from "../transport/support/rig.ts"
import { until } from "../agents/support/legs.ts"
import { admit, carrierSocket, legThat, mediaWorld, openCall, reasonOf, use } from "./mediaWorld.ts"
import { Carrier } from "./support/fakeCarrier.ts"
import { begin, eventsOf, payloadOf } from "./support/place.ts"
import { makeTenant } from "./support/world.ts"

const gone = new AgentLost({ reason: "closed", message: "The agent closed the connection with code 1006." })
const lost: AgentLeg["run"] = () => Effect.fail(gone)
const away = Effect.fail(new AgentUnreachable({ reason: "connect-failed", message: "The agent does not answer." }))

/** Connections in turn; the last one for all that follow. */
const inTurn = (...connections: ReadonlyArray<Effect.Effect<AgentLeg, AgentUnreachable>>) => {
  let at = 0
  return Effect.suspend(() => connections[Math.min(at++, connections.length - 1)] ?? Effect.never)
}

/** An agent that stays and keeps what the caller says. */
const listening = () => {
  const heard: Array<MediaEvent> = []
  const leg = legThat((transport) =>
    Effect.as(
      transport.receive((event) => void heard.push(event)),
      { _tag: "MediaEnded" } as const
    )
  )
  return { heard, leg }
}

const isTone = (value: number) => value !== 0xff && value !== 0x7f

const clip = Effect.fnUntraced(function* (organizationId: string, bytes: Uint8Array) {
  const clips = yield* AudioClips
  const wav = writeWav({ encoding: "mulaw", sampleRate: 8000 }, bytes)
  return yield* clips.create(organizationId, { name: "clip", wav })
})

layer(mediaWorld, { excludeTestServices: true })("a line whose agent goes away", (it) => {
  it.effect("calls it again, holds the caller meanwhile, and keeps what the caller says for it", () =>
    Effect.gen(function* () {
      const { heard, leg } = listening()
      const agent = yield* use("scripted", inTurn(legThat(lost), away, away, leg))
      agent.settings = {}
      const call = yield* openCall()
      yield* until(() => agent.connects.length === 2)
      call.fake.audio(frame(42))
      yield* until(() => heard.some((event) => event._tag === "Audio" && event.chunk[0] === 42))
      assert.isTrue(call.fake.frames.some((each) => each.some(isTone)))
      const [first, ...again] = agent.connects
      assert.deepStrictEqual([first?.attempt, ...again.map(({ attempt }) => attempt)], [0, 1, 1, 1])
      const tokens = new Set(agent.connects.map(({ resumeToken }) => Redacted.value(resumeToken)))
      assert.strictEqual(tokens.size, 1)
      assert.deepStrictEqual(yield* payloadOf(call.id, "agent.lost"), {
        reason: "closed",
        message: gone.message
      })
      assert.strictEqual((yield* payloadOf(call.id, "agent.resumed"))?.["attempt"], 1)
      call.fake.text(stop)
      assert.strictEqual(yield* reasonOf(call.id), "caller_hung_up")
      yield* Fiber.join(call.running)
      assert.deepStrictEqual(agent.farewells, [{ reason: "caller_hung_up", owner: "caller" }])
    })
  )

  it.effect("lets what the agent had said be heard, and silences the hold sound when it is back", () =>
    Effect.gen(function* () {
      const { leg } = listening()
      const agent = yield* use(
        "scripted",
        inTurn(
          legThat((transport) => {
            transport.playUnsafe(speech(10, 10))
            return Effect.fail(gone)
          }),
          away,
          away,
          leg
        )
      )
      agent.settings = {}
      const call = yield* openCall()
      yield* until(() => call.fake.controls.some((each) => each.includes('"clear"')))
      assert.deepStrictEqual(
        call.fake.values.slice(0, 10),
        Array.from({ length: 10 }, (_, index) => 10 + index)
      )
      call.fake.text(stop)
      yield* Fiber.join(call.running)
    })
  )

  it.effect("ends with the loss when the time is over, also where the agent comes and goes", () =>
    Effect.gen(function* () {
      const agent = yield* use("scripted", inTurn(legThat(lost), away))
      agent.settings = { line: { redial_s: 1 } }
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_lost")
      agent.connect = away
      const never = yield* openCall()
      assert.strictEqual(yield* reasonOf(never.id), "agent_unreachable")
      agent.connect = legThat(lost)
      const flapping = yield* openCall()
      assert.strictEqual(yield* reasonOf(flapping.id), "agent_lost")
      const resumed = (yield* eventsOf(flapping.id)).filter(({ kind }) => kind === "agent.resumed")
      assert.isAtLeast(resumed.length, 1)
    })
  )

  it.effect("does not call one again that refused, or broke the protocol", () =>
    Effect.gen(function* () {
      const refusal = new AgentUnreachable({ reason: "refused-call", message: "No capacity." })
      const agent = yield* use("scripted", Effect.fail(refusal))
      agent.settings = {}
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_refused")
      agent.connect = legThat(() => Effect.fail(new AgentLost({ reason: "protocol-abuse", message: "a flood" })))
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_lost")
      agent.connect = inTurn(legThat(lost), Effect.fail(refusal))
      assert.strictEqual(yield* reasonOf((yield* openCall()).id), "agent_refused")
      assert.lengthOf(agent.connects, 4)
    })
  )

  it.effect("ends at once when the caller hangs up while it is on hold", () =>
    Effect.gen(function* () {
      const agent = yield* use("scripted", inTurn(legThat(lost), Effect.never))
      agent.settings = { line: { redial_s: 60 } }
      const call = yield* openCall()
      yield* until(() => agent.connects.length === 2)
      call.fake.text(stop)
      assert.strictEqual(yield* reasonOf(call.id), "caller_hung_up")
      yield* Fiber.join(call.running)
    })
  )

  it.effect("plays its own hold sound, and an announcement before it hangs up", () =>
    Effect.gen(function* () {
      const carrier = yield* Carrier
      const tenant = yield* makeTenant()
      const { id } = yield* clip(tenant.organizationId, speech(30, 100))
      const agent = yield* use("scripted", inTurn(legThat(lost), away))
      agent.settings = { line: { redial_s: 0, fallback: "announce", fallback_audio: id } }
      const announced = yield* openCall({ tenant })
      assert.strictEqual(yield* reasonOf(announced.id), "agent_lost")
      assert.deepStrictEqual(
        announced.fake.values,
        Array.from({ length: 30 }, (_, index) => 100 + index)
      )
      assert.deepStrictEqual(yield* payloadOf(announced.id, "agent.fallback"), { action: "announce", played: true })
      assert.include(
        carrier.script.hungUp.map(({ callId }) => callId),
        announced.id
      )

      agent.settings = { line: { redial_s: 1, hold_audio: id } }
      agent.connect = inTurn(legThat(lost), away)
      const held = yield* openCall({ tenant })
      yield* reasonOf(held.id)
      assert.deepStrictEqual(held.fake.values.slice(0, 3), [100, 101, 102])

      agent.settings = { line: { redial_s: 0, fallback: "announce", fallback_audio: "no such clip" } }
      agent.connect = away
      const without = yield* openCall({ tenant })
      assert.strictEqual(yield* reasonOf(without.id), "agent_unreachable")
      assert.strictEqual((yield* payloadOf(without.id, "agent.fallback"))?.["played"], false)
    })
  )

  it.effect("moves the caller to a number, and hangs up where that cannot be begun", () =>
    Effect.gen(function* () {
      const carrier = yield* Carrier
      const agent = yield* use("scripted", away)
      agent.settings = { line: { redial_s: 0, fallback: "transfer", fallback_destination: "+44 20 7183 8123" } }
      const call = yield* openCall()
      yield* until(() => carrier.script.destinations.length === 1)
      assert.deepStrictEqual(yield* payloadOf(call.id, "agent.fallback"), { action: "transfer" })
      call.fake.text(stop)
      assert.strictEqual(yield* reasonOf(call.id), "caller_hung_up")

      agent.settings = { line: { redial_s: 0, fallback: "transfer", fallback_destination: "nobody" } }
      const refused = yield* openCall()
      assert.strictEqual(yield* reasonOf(refused.id), "agent_unreachable")
      assert.strictEqual((yield* payloadOf(refused.id, "agent.fallback"))?.["refused"], "invalid_destination")
    })
  )

  it.effect("is connected to its agent while the carrier's handshake is still under way", () =>
    Effect.gen(function* () {
      const { heard, leg } = listening()
      const agent = yield* use("scripted", leg)
      const tenant = yield* makeTenant()
      const call = yield* begin(tenant, { direction: "inbound" })
      const run = yield* admit(call.id)
      const { fake, socket } = carrierSocket()
      const running = yield* Effect.forkScoped(run(socket))
      yield* until(() => agent.connects.length === 1)
      fake.text(start(`CA-${call.id}`, tenant.accountId))
      fake.audio(frame(7))
      yield* until(() => heard.length > 0)
      fake.text(stop)
      yield* Fiber.join(running)
    })
  )
})
