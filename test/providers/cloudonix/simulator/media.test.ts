import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { CloudonixOptions } from "../../../../src/providers/cloudonix/simulator/options.ts"
import { xml } from "../../../simulator/service.ts"
import { credential, events, ours, start, stream, streamSid, theirs, until } from "./peer.ts"

const packet = (bytes: number) => Buffer.alloc(bytes, 0x21).toString("base64")

/** A call whose stream is up, and a way to say something on its socket. */
const streaming = Effect.fnUntraced(function* (options: CloudonixOptions = {}) {
  const { carrier, peer } = yield* start(options)
  yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
  peer.answer = () => xml(stream(peer))
  const call = yield* carrier.placeInbound({ from: theirs, to: ours })
  yield* call.until((now) => now.media === "streaming")
  yield* until(() => events(peer).some((event) => event.includes('"start"')))
  const sid = streamSid(peer)
  const send = (event: string, body: Readonly<Record<string, unknown>> = {}) =>
    peer.sockets[0]?.send(JSON.stringify({ event, streamSid: sid, ...body }))
  return { carrier, peer, call, sid, send }
})

describe("the media socket", () => {
  it.effect("takes packets of 20 ms only, and names what is wrong with others", () =>
    Effect.gen(function* () {
      const { call, peer, send } = yield* streaming()
      send("media", { media: { payload: packet(320) } })
      send("media", { media: { payload: packet(159) } })
      send("media", { media: { payload: packet(160), extra: 1 } })
      send("media", { media: { payload: packet(160) }, streamSid: "s-other" })
      peer.sockets[0]?.send(Buffer.alloc(160))
      send("media", { media: { payload: packet(160) } })
      const now = yield* call.until(
        ({ heard, mediaMessages }) => mediaMessages.length === 6 && heard.played.length === 160
      )
      assert.deepStrictEqual(
        now.mediaMessages.map(({ kind }) => kind),
        ["invalid", "invalid", "invalid", "invalid", "invalid", "audio"]
      )
      assert.deepStrictEqual(now.errors, [
        "stream: a packet of 320 bytes, not 160 (20 ms)",
        "stream: a packet of 159 bytes, not 160 (20 ms)",
        "stream: a message that does not follow the protocol",
        "stream: a message for another stream",
        "stream: a binary message"
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("returns marks when what was queued before them has been heard, and at once on clear", () =>
    Effect.gen(function* () {
      const { call, peer, send, sid } = yield* streaming()
      for (let i = 0; i < 10; i++) send("media", { media: { payload: packet(160) } })
      send("mark", { mark: { name: "g1" } })
      const returned = `{"event":"mark","streamSid":"${sid}","mark":{"name":"g1"}}`
      yield* until(() => events(peer).includes(returned))
      const heard = yield* call.now
      assert.strictEqual(heard.heard.played.length, 1600)
      for (let i = 0; i < 90; i++) send("media", { media: { payload: packet(160) } })
      send("mark", { mark: { name: "g2" } })
      send("clear")
      yield* until(() => events(peer).includes(returned.replace("g1", "g2")))
      const cleared = yield* call.now
      assert.isBelow(cleared.heard.played.length, 1600 + 90 * 160)
      assert.deepStrictEqual(cleared.errors, [])
    }).pipe(Effect.scoped)
  )

  it.effect("never returns a mark, and plays on after clear, where a deployment does neither", () =>
    Effect.gen(function* () {
      const { call, peer, send } = yield* streaming({ marks: false, clears: false })
      for (let i = 0; i < 10; i++) send("media", { media: { payload: packet(160) } })
      send("mark", { mark: { name: "g1" } })
      send("clear")
      const now = yield* call.until(({ heard }) => heard.played.length === 1600)
      assert.deepStrictEqual(
        now.mediaMessages.slice(-2).map(({ detail, kind }) => [kind, detail]),
        [
          ["mark", "g1"],
          ["clear", ""]
        ]
      )
      assert.deepStrictEqual(now.errors, [])
      assert.isFalse(events(peer).some((event) => event.includes('"mark"')))
    }).pipe(Effect.scoped)
  )

  it.effect("drops audio of a side that does not pace", () =>
    Effect.gen(function* () {
      const { call, send } = yield* streaming({ playoutLimitMs: 400 })
      for (let i = 0; i < 100; i++) send("media", { media: { payload: packet(160) } })
      const now = yield* call.until(({ mediaMessages }) => mediaMessages.length === 100)
      assert.deepStrictEqual(now.errors, ["stream: audio dropped, more than 400 ms were waiting"])
    }).pipe(Effect.scoped)
  )

  it.effect("may greet without a protocol and name the whole domain", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* streaming({ connectedNamesProtocol: false, streamDomain: "full" })
      assert.strictEqual(events(peer)[0], '{"event":"connected"}')
      assert.include(events(peer)[1], `"accountSid":"${credential(carrier, "domain_id")}"`)
    }).pipe(Effect.scoped)
  )

  it.effect("tells of the stream where asked, and ends a named one on <Stop>", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.ownNumber(ours, { webhook: `${peer.url}/voice` })
      const address = peer.url.replace("http", "ws")
      peer.answer = () =>
        xml(
          `<Start><Stream name="n1" url="${address}/media/one" statusCallback="${peer.url}/status/stream"/></Start>` +
            `<Pause length="1"/><Stop><Stream name="n1"/></Stop><Say>after</Say>`
        )
      const call = yield* carrier.placeInbound({ from: theirs, to: ours })
      const end = yield* call.settled
      const told = end.callbacks.filter(({ subject }) => subject.startsWith("stream:"))
      assert.deepStrictEqual(
        told.map(({ fields }) => [fields["StreamEvent"], fields["StreamName"], fields["Session"]]),
        [
          ["stream-started", "n1", call.id],
          ["stream-stopped", "n1", call.id]
        ]
      )
      assert.deepStrictEqual([end.notes, end.errors], [["said: after"], []])
    }).pipe(Effect.scoped)
  )
})
