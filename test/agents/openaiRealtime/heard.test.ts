import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { rig } from "../../transport/support/rig.ts"
import { mark } from "../../transport/support/protocol.ts"
import { until } from "../support/legs.ts"
import { type ConnectOptions, startOn } from "./calls.ts"
import { realtimeServer, type ServerOptions } from "./fakeServer.ts"
import { begin, callerSpeaks, callerStops, delta, finish, respond, speak } from "./script.ts"

/** ms of mu-law that begins softly, so that it needs no fade, and whose every 20 ms differ. */
const talk = (ms: number, from = 0) => {
  const audio = new Uint8Array(ms * 8)
  for (let frame = 0; frame * 160 < audio.length; frame++) {
    audio.fill(0xff, frame * 160, frame * 160 + 24)
    audio.fill((from + frame) % 256, frame * 160 + 24, (frame + 1) * 160)
  }
  return audio
}

/** A call over the real playout, whose clock the test moves, to a carrier in memory. */
const call = Effect.fnUntraced(function* (options: ConnectOptions & { readonly api?: ServerOptions } = {}) {
  const media = yield* rig()
  const server = yield* realtimeServer(options.api)
  const started = yield* startOn(server, media.transport, options)
  /** Waits until so many ms of the current utterance are in the phone's queue. */
  const queued = (ms: number) =>
    Effect.repeat(Effect.delay(media.transport.playout, "2 millis"), { until: ({ queuedMs }) => queuedMs >= ms })
  const clears = () => media.socket.controls.filter((text) => text.includes("clear")).length
  const played = () => Buffer.concat(media.socket.frames)
  return { ...media, ...started, server, queued, clears, played }
})

describe("a realtime model that is interrupted", () => {
  it.live("falls silent on the phone, and learns how much of each item was heard", () =>
    Effect.gen(function* () {
      const { clears, clock, played, queued, socket, visit } = yield* call()
      yield* begin(visit, "resp_1")
      yield* speak(visit, { response: "resp_1", item: "item_a", audio: talk(2000) })
      yield* speak(visit, { response: "resp_1", item: "item_b", audio: talk(3000, 100) })
      yield* queued(5000)
      clock.advance(2500)
      const before = played().length
      yield* callerSpeaks(visit, "resp_1")
      const truncated = yield* visit.nextOf("conversation.item.truncate")
      assert.strictEqual(truncated.item_id, "item_b")
      assert.closeTo(truncated.audio_end_ms, 500, 20)
      assert.strictEqual(clears(), 1)
      clock.advance(2000)
      assert.strictEqual(played().length, before, "something was played after the interruption")
      assert.isAtMost(before / 8, 2500 + 200, "more than the lead was ahead")
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0, "one truncation is enough, and no cancel where the API does that")
      assert.isAbove(socket.frames.length, 0)
    })
  )

  it.live("counts from the item that is heard, however many were said before, in whatever pauses", () =>
    Effect.gen(function* () {
      const { clock, queued, visit } = yield* call()
      yield* respond(visit, { response: "resp_1", item: "item_a", audio: talk(1010) })
      yield* queued(1010)
      clock.advance(1900)
      yield* respond(visit, { response: "resp_2", item: "item_b", audio: talk(400) })
      yield* queued(400)
      clock.advance(300)
      yield* respond(visit, { response: "resp_3", item: "item_c", audio: talk(2000) })
      yield* queued(2400)
      clock.advance(1000)
      yield* callerSpeaks(visit)
      const cut = yield* visit.nextOf("conversation.item.truncate")
      assert.strictEqual(cut.item_id, "item_c")
      assert.closeTo(cut.audio_end_ms, 900, 40)
    })
  )

  it.live("cuts every item of which something was still to be heard, also what waits outside the phone's queue", () =>
    Effect.gen(function* () {
      const { clock, queued, visit } = yield* call()
      yield* respond(visit, { response: "resp_1", item: "item_a", audio: talk(40_000) })
      yield* respond(visit, { response: "resp_2", item: "item_b", audio: talk(40_000) })
      yield* respond(visit, { response: "resp_3", item: "item_c", audio: talk(1_000) })
      yield* queued(59_000)
      yield* visit.understood
      clock.advance(10_000)
      yield* callerSpeaks(visit)
      const cuts = [
        yield* visit.nextOf("conversation.item.truncate"),
        yield* visit.nextOf("conversation.item.truncate"),
        yield* visit.nextOf("conversation.item.truncate")
      ]
      assert.deepStrictEqual(
        cuts.map(({ item_id }) => item_id),
        ["item_a", "item_b", "item_c"]
      )
      assert.closeTo(cuts[0]?.audio_end_ms ?? -1, 10_000, 20)
      assert.strictEqual(cuts[1]?.audio_end_ms, 0)
      assert.strictEqual(cuts[2]?.audio_end_ms, 0)
    })
  )

  it.live("believes the carrier's marks more than the time", () =>
    Effect.gen(function* () {
      const { clock, queued, socket, visit } = yield* call()
      yield* begin(visit, "resp_1")
      yield* speak(visit, { response: "resp_1", item: "item_a", audio: talk(1000) })
      yield* speak(visit, { response: "resp_1", item: "item_b", audio: talk(2000) })
      yield* queued(3000)
      clock.advance(1300)
      const name = /"mark","name":"([^"]+)"/.exec(socket.controls.join())?.[1] ?? "none"
      socket.text(mark(name))
      clock.advance(200)
      yield* callerSpeaks(visit, "resp_1")
      const cut = yield* visit.nextOf("conversation.item.truncate")
      assert.strictEqual(cut.item_id, "item_b")
      assert.closeTo(cut.audio_end_ms, 200, 20)
    })
  )

  it.live("is not truncated where everything was heard, and the phone is not silenced for nothing", () =>
    Effect.gen(function* () {
      const { clears, clock, queued, visit } = yield* call()
      yield* respond(visit, { response: "resp_1", item: "item_a", audio: talk(700) })
      yield* queued(700)
      clock.advance(800)
      yield* callerSpeaks(visit)
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0)
      assert.strictEqual(clears(), 0)
    })
  )

  it.live("is not heard any more, whatever still comes of what was interrupted; what it says next is", () =>
    Effect.gen(function* () {
      const { clock, played, queued, visit } = yield* call()
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_a", talk(2000))
      yield* queued(2000)
      clock.advance(500)
      yield* callerSpeaks(visit)
      assert.strictEqual((yield* visit.nextOf("conversation.item.truncate")).item_id, "item_a")
      const before = played().length
      yield* delta(visit, "resp_1", "item_a", talk(1000))
      yield* delta(visit, "resp_1", "item_z", talk(1000))
      const late = yield* visit.nextOf("conversation.item.truncate")
      assert.deepInclude(late, { item_id: "item_z", audio_end_ms: 0 })
      yield* delta(visit, "resp_1", "item_z", talk(1000))
      yield* finish(visit, "resp_1", "cancelled")
      yield* visit.understood
      clock.advance(1000)
      assert.strictEqual(played().length, before)

      yield* callerStops(visit)
      yield* respond(visit, { response: "resp_2", item: "item_b", audio: talk(400, 7) })
      yield* queued(400)
      clock.advance(500)
      assert.deepStrictEqual(played().subarray(before), Buffer.from(talk(400, 7)))
      assert.strictEqual(visit.waiting(), 0)
    })
  )

  it.live("ends where it was heard to, when its audio had not all come yet", () =>
    Effect.gen(function* () {
      const { clock, queued, visit } = yield* call()
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_a", talk(300))
      yield* queued(300)
      clock.advance(400)
      yield* callerSpeaks(visit)
      yield* visit.understood
      assert.strictEqual(visit.waiting(), 0, "all that came was heard")
      yield* delta(visit, "resp_1", "item_a", talk(300))
      assert.deepInclude(yield* visit.nextOf("conversation.item.truncate"), { item_id: "item_a", audio_end_ms: 300 })
    })
  )

  it.live("is cancelled first where the API does not do that by itself", () =>
    Effect.gen(function* () {
      const { clock, events, queued, visit } = yield* call({ api: { interruptResponse: false } })
      yield* begin(visit, "resp_1")
      yield* delta(visit, "resp_1", "item_a", talk(2000))
      yield* queued(2000)
      clock.advance(500)
      yield* callerSpeaks(visit)
      assert.deepInclude(yield* visit.next, { type: "response.cancel", response_id: "resp_1" })
      assert.strictEqual((yield* visit.next).type, "conversation.item.truncate")
      yield* visit.understood
      assert.deepStrictEqual(
        events.filter(({ kind }) => kind === "agent.error"),
        []
      )
    })
  )
})

describe("a realtime model that speaks faster than one can listen", () => {
  it.live("is read on while the phone is behind: who interrupts it is heard at once", () =>
    Effect.gen(function* () {
      const { clock, queued, visit } = yield* call()
      yield* begin(visit, "resp_1")
      yield* speak(visit, { response: "resp_1", item: "item_a", audio: talk(180_000) })
      yield* queued(59_000)
      yield* visit.understood
      clock.advance(1000)
      yield* callerSpeaks(visit, "resp_1")
      assert.closeTo((yield* visit.nextOf("conversation.item.truncate")).audio_end_ms, 1000, 20)
      assert.isBelow((yield* queued(0)).queuedMs, 1)
    })
  )

  it.live("is heard to its end, to the last byte", () =>
    Effect.gen(function* () {
      const { clock, played, queued, visit } = yield* call()
      const audio = talk(150_000)
      yield* respond(visit, { response: "resp_1", item: "item_a", audio })
      yield* queued(59_000)
      yield* visit.understood
      for (let n = 0; n < 160; n++) clock.advance(1000)
      assert.isTrue(played().equals(Buffer.from(audio)))
    })
  )

  it.live("is not read when it is minutes ahead, holds no more memory, is not taken for dead, and loses nothing", () =>
    Effect.gen(function* () {
      const { clock, played, running, visit } = yield* call({ limits: { aheadMs: 2_000, pingMs: 60 } })
      const audio = Buffer.from(talk(60_000))
      let sent = 0
      yield* begin(visit, "resp_1")
      const flood = Effect.suspend(() => delta(visit, "resp_1", "item_a", audio)).pipe(
        Effect.andThen(Effect.sync(() => (sent += 1))),
        Effect.delay("1 millis")
      )
      yield* Effect.repeat(flood, { while: () => visit.socket.bufferedAmount === 0 && sent < 200 })
      const held = visit.socket.bufferedAmount
      assert.isAbove(held, 0)
      yield* Effect.sleep("250 millis")
      assert.isAtLeast(visit.socket.bufferedAmount, held, "the connection was read on")
      assert.isUndefined(running.pollUnsafe())
      const all = () => played().length === sent * audio.length
      yield* Effect.repeat(
        Effect.delay(
          Effect.sync(() => clock.advance(20_000)),
          "1 millis"
        ),
        { until: all }
      )
      yield* until(all)
    })
  )
})
