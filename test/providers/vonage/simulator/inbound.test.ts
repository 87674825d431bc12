import { assert, describe, it } from "@effect/vitest"
import { verifySignature } from "@vonage/jwt"
import { Effect } from "effect"
import { claims, from, start, to } from "./linked.ts"
import { connect, credential, eventually, ncco, rest, sha256, speech, statuses, wide, bareUuid } from "./peer.ts"

const contains = (whole: Uint8Array, part: Uint8Array) => Buffer.from(whole).includes(Buffer.from(part))

describe("an inbound call", () => {
  it.effect("asks the application what to do, signed so that the carrier's own package takes it", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      ours.answer = ({ target }) =>
        target === "/answer" ? ncco({ action: "talk", text: "Sorry, not now." }) : { status: 204 }
      const call = yield* carrier.placeInbound({ from, to, fields: { "SipHeader_X-Name": "Zoë 🚀" } })
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.notes, ["said: Sorry, not now."])
      assert.deepStrictEqual(end.errors, [])
      const asked = ours.arrived.find(({ target }) => target === "/answer")
      assert.deepStrictEqual(Object.keys(asked?.said ?? {}), [
        "from",
        "to",
        "uuid",
        "conversation_uuid",
        "region_url",
        "endpoint_type",
        "SipHeader_X-Name"
      ])
      assert.strictEqual(asked?.said["from"], "442071838750")
      // On the wire without dashes, as tests know the call with them.
      assert.match(call.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.strictEqual(asked?.said["uuid"], bareUuid(call.id))
      assert.strictEqual(call.from, from)
      const secret = credential(carrier, "signature_secret")
      const ids = new Set<unknown>()
      for (const { body, headers } of ours.arrived) {
        const [scheme, token = ""] = String(headers.authorization).split(" ")
        assert.strictEqual(scheme, "Bearer")
        assert.isTrue(verifySignature(token, secret))
        assert.isFalse(verifySignature(token, `${secret}x`))
        const said = claims(token)
        assert.strictEqual(said["payload_hash"], sha256(body))
        assert.strictEqual(said["iss"], "Vonage")
        assert.strictEqual(said["api_key"], credential(carrier, "api_key"))
        assert.strictEqual(said["application_id"], credential(carrier, "application_id"))
        ids.add(said["jti"])
      }
      assert.strictEqual(ids.size, ours.arrived.length)
      assert.deepStrictEqual(statuses(ours), ["started", "ringing", "answered", "completed"])
      const last = ours.arrived.at(-1)?.said ?? {}
      assert.strictEqual(last["disconnected_by"], "platform")
      assert.match(String(last["price"]), /^\d+\.\d{8}$/)
      assert.match(String(last["duration"]), /^\d+$/)
    }).pipe(Effect.scoped)
  )

  it.effect("hears from an echo exactly what it said, in binary frames of 640 bytes", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours)) : { status: 204 })
      ours.onFrame = ({ socket }, frame) => socket.send(frame)
      const said = speech(400)
      const call = yield* carrier.placeInbound({ from, to, audio: { format: wide, bytes: said } })
      yield* call.until((now) => now.media === "streaming")
      yield* call.pressDigits("5#")
      const heard = yield* call.until((now) => contains(now.heard.played, said))
      assert.isTrue(Buffer.from(heard.said).equals(said))
      yield* eventually(() => ours.lines[0]?.texts.length === 3)
      yield* call.hangUp
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(end.errors, [])
      const [line] = ours.lines
      assert.isTrue((line?.frames.length ?? 0) > 20 && line?.frames.every((frame) => frame.length === 640))
      assert.deepStrictEqual(line?.texts, [
        { event: "websocket:connected", "content-type": "audio/l16;rate=16000", run: "42" },
        { event: "websocket:dtmf", digit: "5", duration: 260 },
        { event: "websocket:dtmf", digit: "#", duration: 260 }
      ])
      yield* eventually(() => line?.closed !== undefined)
      assert.strictEqual(line?.closed, 1000)
      const [, token = ""] = String(line?.headers.authorization).split(" ")
      assert.isTrue(verifySignature(token, credential(carrier, "signature_secret")))
      assert.notProperty(claims(token), "payload_hash")
    }).pipe(Effect.scoped)
  )

  it.effect("has two legs in one conversation, each with its own uuid, events and price", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start({ priceAfterMs: 0 })
      ours.answer = ({ target }) => (target === "/answer" ? ncco(connect(ours)) : { status: 204 })
      const call = yield* carrier.placeInbound({ from, to })
      yield* call.until((now) => now.media === "streaming")
      yield* call.hangUp
      yield* call.settled
      const socketEvents = ours.arrived.filter(({ said }) => String(said["to"]).startsWith("ws://"))
      const [first] = socketEvents
      const uuid = String(first?.said["uuid"])
      assert.notStrictEqual(bareUuid(uuid), bareUuid(call.id))
      assert.deepStrictEqual(statuses(ours, uuid), ["started", "answered", "completed"])
      assert.deepStrictEqual(statuses(ours, bareUuid(call.id)), ["started", "ringing", "answered", "completed"])
      assert.isTrue(socketEvents.every(({ said }) => said["direction"] === "outbound"))
      assert.strictEqual(new Set(ours.arrived.map(({ said }) => said["conversation_uuid"])).size, 1)
      const last = ours.arrived.find(({ said }) => said["uuid"] === bareUuid(call.id) && said["status"] === "completed")
      assert.strictEqual(last?.said["disconnected_by"], "user")
      // The NCCO's eventUrl takes the events of the caller's leg over.
      assert.strictEqual(last?.target, "/events/socket")
      const conversation = String(first?.said["conversation_uuid"])
      const list = yield* rest(carrier, "GET", `/v1/calls?conversation_uuid=${conversation}`)
      assert.strictEqual(list.body["count"], 2)
      assert.include(list.text, uuid)
      const shown = yield* rest(carrier, "GET", `/v1/calls/${call.id}`)
      assert.strictEqual(shown.body["uuid"], bareUuid(call.id))
    }).pipe(Effect.scoped)
  )

  it.effect("goes on with the NCCO when our side closes the socket, or with the one that answers `disconnected`", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      const bye = { action: "talk", text: "Bye" }
      const hello = { action: "talk", text: "Hello again" }
      let replacement = false
      ours.answer = ({ said, target }) => {
        if (target === "/answer") return ncco(connect(ours), bye)
        return replacement && said["status"] === "disconnected" ? ncco(hello) : { status: 204 }
      }
      ours.onText = ({ socket }) => socket.close(1000)
      const plain = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(plain.notes, ["said: Bye"])
      const told = ours.arrived.find(({ said }) => said["status"] === "disconnected")?.said ?? {}
      assert.deepStrictEqual(told["headers"], { run: "42" })
      assert.notProperty(told, "direction")
      assert.deepStrictEqual(statuses(ours, String(told["uuid"])), ["started", "answered", "disconnected", "completed"])
      replacement = true
      const replaced = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(replaced.notes, ["said: Hello again"])
    }).pipe(Effect.scoped)
  )

  it.effect("tells of a socket that cannot be opened only when the connect is synchronous", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      ours.refuse = () => 403
      const bye = { action: "talk", text: "Bye" }
      ours.answer = ({ said, target }) => {
        if (target === "/answer") return ncco(connect(ours), { action: "talk", text: "not reached" })
        return said["status"] === "failed" ? ncco(bye) : { status: 204 }
      }
      const told = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(told.notes, ["said: Bye"])
      assert.match(told.errors.join(), /could not be opened: HTTP 403/)
      ours.arrived.splice(0)
      ours.answer = ({ target }) => {
        const { eventType: _, ...asynchronous } = connect(ours)
        return target === "/answer" ? ncco(asynchronous, bye) : { status: 204 }
      }
      const untold = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(untold.notes, ["said: Bye"])
      assert.notInclude(statuses(ours), "failed")
    }).pipe(Effect.scoped)
  )

  it.effect("hears busy, and nobody is asked, when the number is not linked to the application", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      yield* carrier.ownNumber("+14155550999")
      yield* carrier.ownNumber("+14155550998", { attachedElsewhere: true })
      for (const number of ["+14155550999", "+14155550998"]) {
        const end = yield* Effect.flatMap(carrier.placeInbound({ from, to: number }), (call) => call.settled)
        assert.strictEqual(end.state, "busy")
      }
      assert.deepStrictEqual(ours.arrived, [])
    }).pipe(Effect.scoped)
  )

  it.effect("is given up by the caller while we think", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      ours.answer = ({ target }) => (target === "/answer" ? { delayMs: 60_000 } : { status: 204 })
      const call = yield* carrier.placeInbound({ from, to })
      yield* eventually(() => ours.arrived.some(({ target }) => target === "/answer"))
      yield* call.hangUp
      assert.strictEqual((yield* call.settled).state, "canceled")
      assert.deepStrictEqual(statuses(ours), ["started", "ringing", "cancelled"])
      assert.strictEqual(ours.arrived.at(-1)?.said["sip_code"], 487)
    }).pipe(Effect.scoped)
  )
})
