import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { xml } from "../../../simulator/service.ts"
import { ours, person, playAudio, rest, start, streaming, until } from "./peer.ts"

const call = { from: person, to: ours }

describe("an element", () => {
  it.effect("hangs up later while the document goes on", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => xml('<Hangup schedule="1"/><Speak>Still here</Speak><Wait length="60"/>')
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(end.notes, ["said: Still here"])
      assert.deepInclude(end.callbacks.at(-1)?.fields ?? {}, { HangupCauseCode: "6000", HangupSource: "Plivo" })
    }).pipe(Effect.scoped)
  )

  it.effect("ends a stream at its time, and goes on", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => streaming(peer, 'streamTimeout="1"', "/media/one", "<Speak>Next</Speak>")
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(end.notes, ["said: Next"])
      assert.lengthOf(peer.upgrades, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("goes on beside a stream without keepCallAlive, which ends with the call, or with its transfer", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const status = `statusCallbackUrl="${peer.url}/status/stream"`
      const { body = "", type = "" } = streaming(peer, status, "/media/one", '<Wait length="60"/>')
      const beside = body.replace('keepCallAlive="true" ', "")
      peer.answer = ({ target }) =>
        target === "/moved" ? xml('<Speak>Moved</Speak><Wait length="60"/>') : { type, body: beside }
      const ended = yield* carrier.placeInbound(call)
      yield* ended.until((now) => now.callbacks.some(({ subject }) => subject === "stream:StartStream"))
      yield* ended.hangUp
      const end = yield* ended.settled
      assert.deepStrictEqual(
        end.callbacks.map(({ subject }) => subject),
        ["voice", "stream:StartStream", "stream:StopStream", "status:Hangup"]
      )
      const moved = yield* carrier.placeInbound(call)
      yield* moved.until((now) => now.media === "streaming")
      yield* rest(carrier, "POST", `Call/${moved.id}/`, { aleg_url: `${peer.url}/moved` })
      yield* moved.until((now) => now.media === "ended" && now.notes.includes("said: Moved"))
      assert.strictEqual((yield* moved.now).state, "in-progress")
    }).pipe(Effect.scoped)
  )

  it.effect("that streams one way takes no audio", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const { body = "", type = "" } = streaming(peer)
      peer.answer = () => ({ type, body: body.replace('bidirectional="true" ', "") })
      const placed = yield* carrier.placeInbound(call)
      yield* until(() => peer.sockets.length === 1)
      yield* placed.until((now) => now.media === "streaming")
      peer.sockets[0]?.send(playAudio("AAAA"))
      const now = yield* placed.until(({ errors }) => errors.length > 0)
      assert.deepStrictEqual([now.errors, now.heard.played.length], [["error: the stream is not bidirectional"], 0])
      yield* placed.hangUp
    }).pipe(Effect.scoped)
  )

  it.effect("opens no second stream on a call", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const { body = "", type = "" } = streaming(peer)
      const beside = body.replace('keepCallAlive="true" ', "").replace("</Response>", "")
      const second = body.replace("<Response>", "")
      peer.answer = () => ({ type, body: beside + second })
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.match(end.errors[0] ?? "", /^a call has one stream/)
    }).pipe(Effect.scoped)
  )

  it.effect("lets only so many into a conference, for so long, and tells its action", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const action = `action="${peer.url}/conference-over"`
      peer.answer = ({ target }) =>
        target === "/conference-over"
          ? xml("<Speak>Over</Speak>")
          : xml(`<Conference maxMembers="1" timeLimit="1" ${action}>room</Conference><Speak>Full</Speak>`)
      const first = yield* carrier.placeInbound(call)
      yield* until(() => peer.arrived.length === 1)
      yield* first.until((now) => now.state === "in-progress")
      const second = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual([second.notes, second.errors], [["said: Full"], ["the conference room is full"]])
      assert.deepStrictEqual((yield* first.settled).notes, ["said: Over"])
      const told = peer.arrived.find(({ target }) => target === "/conference-over")?.fields ?? {}
      assert.deepInclude(told, { ConferenceName: "room", CallUUID: first.id, Event: "Redirect" })
    }).pipe(Effect.scoped)
  )

  it.effect("that does not exist on an attribute is put up with, and told", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      peer.answer = () => xml('<Speak loudly="yes">Hi</Speak><Record/>')
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(end.errors, ["<Speak> has no attribute loudly"])
      assert.deepStrictEqual(end.notes, ["said: Hi", "<Record> is not simulated: skipped"])
    }).pipe(Effect.scoped)
  )
})
