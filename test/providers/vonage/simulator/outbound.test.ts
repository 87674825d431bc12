import { assert, describe, it } from "@effect/vitest"
import { verifySignature } from "@vonage/jwt"
import { Effect } from "effect"
import { simulator } from "../../../../src/providers/vonage/simulator.ts"
import type { SimulatorOptions } from "../../../../src/simulator/SimulatorModule.ts"
import { connect, credential, eventually, ncco, peer, rest, speech, statuses, wide } from "./peer.ts"

const from = "14155550123"
const to = "442071838750"

const start = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const carrier = yield* simulator.start(options)
  const ours = yield* peer
  yield* carrier.ownNumber(`+${from}`)
  const body = {
    to: [{ type: "phone", number: to }],
    from: { type: "phone", number: from },
    answer_url: [`${ours.url}/answer/42`],
    answer_method: "POST",
    event_url: [`${ours.url}/events/42`],
    event_method: "POST"
  }
  const dial = (more: object = {}) => rest(carrier, "POST", "/v1/calls", { json: { ...body, ...more } })
  const { answer_url: _, answer_method: __, ...bare } = body
  const dialWith = (actions: ReadonlyArray<object>, more: object = {}) =>
    rest(carrier, "POST", "/v1/calls", { json: { ...bare, ncco: actions, ...more } })
  return { carrier, ours, body, dial, dialWith }
})

describe("an outbound call", () => {
  it.effect("tells its life in order, signed, with what the API then shows", () =>
    Effect.gen(function* () {
      const { carrier, dial, ours } = yield* start()
      ours.answer = ({ target }) =>
        target === "/answer/42" ? ncco({ action: "talk", text: "Hello" }) : { status: 204 }
      const placed = yield* dial()
      assert.strictEqual(placed.status, 201)
      const call = yield* carrier.nextOutbound
      const conversation = placed.body["conversation_uuid"]
      assert.deepStrictEqual(placed.body, {
        uuid: call.id,
        status: "started",
        direction: "outbound",
        conversation_uuid: conversation
      })
      assert.match(String(conversation), /^CON-[0-9a-f-]{36}$/)
      assert.strictEqual(call.to, `+${to}`)
      const end = yield* call.settled
      assert.strictEqual(end.state, "completed")
      assert.deepStrictEqual(statuses(ours), ["started", "ringing", "answered", "completed"])
      const answered = ours.arrived.find(({ said }) => said["status"] === "answered")?.said ?? {}
      assert.isNull(answered["start_time"])
      const last = ours.arrived.at(-1)?.said ?? {}
      assert.deepStrictEqual(Object.keys(last), [
        "headers",
        "end_time",
        "start_time",
        "duration",
        "rate",
        "price",
        "network",
        "sip_code",
        "disconnected_by",
        "from",
        "to",
        "uuid",
        "conversation_uuid",
        "status",
        "direction",
        "timestamp"
      ])
      const asked = ours.arrived.find(({ target }) => target === "/answer/42")?.said ?? {}
      assert.notProperty(asked, "direction")
      assert.notProperty(asked, "status")
      for (const { headers } of ours.arrived) {
        const token = String(headers.authorization).slice(7)
        assert.isTrue(verifySignature(token, credential(carrier, "signature_secret")))
      }
      const poll = rest(carrier, "GET", `/v1/calls/${call.id}`)
      const shown = yield* Effect.repeat(poll, { until: ({ body }) => body["price"] !== undefined })
      assert.strictEqual(shown.body["price"], last["price"])
      assert.strictEqual(shown.body["status"], "completed")
      assert.deepStrictEqual(shown.body["to"], { type: "phone", number: to })
    }).pipe(Effect.scoped)
  )

  it.effect("shows its price only some time after the end, though the last event has it", () =>
    Effect.gen(function* () {
      const { carrier, dialWith } = yield* start({ priceAfterMs: 60_000 })
      yield* dialWith([{ action: "talk", text: "Hello" }])
      const call = yield* carrier.nextOutbound
      const end = yield* call.settled
      assert.match(end.callbacks.at(-1)?.fields["price"] ?? "", /^0\.\d{8}$/)
      const shown = yield* rest(carrier, "GET", `/v1/calls/${call.id}`)
      assert.notProperty(shown.body, "price")
      assert.notProperty(shown.body, "duration")
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the person and the network decide", () =>
    Effect.gen(function* () {
      const { carrier, dialWith, ours } = yield* start()
      const outcomes = [
        [{ outcome: "busy" }, "busy", "busy", undefined, 486],
        [{ outcome: "no-answer", afterMs: 40 }, "no-answer", "unanswered", "carrier_timeout", 480],
        [{ outcome: "failed", sipCode: 404 }, "failed", "rejected", "invalid_number", 404],
        [{ outcome: "failed", sipCode: 603 }, "busy", "rejected", "declined", 603],
        [{ outcome: "failed" }, "failed", "failed", "cannot_route", 503],
        [{ outcome: "answer", hangUpAfterMs: 30 }, "completed", "completed", undefined, 200]
      ] as const
      for (const [behaviour, state, status, detail, sip] of outcomes) {
        yield* carrier.whenDialed(`+${to}`, behaviour)
        yield* dialWith([{ action: "wait", timeout: 60 }])
        const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        assert.strictEqual(end.state, state)
        const last = ours.arrived.at(-1)?.said ?? {}
        assert.deepStrictEqual([last["status"], last["detail"], last["sip_code"]], [status, detail, sip])
      }
      assert.strictEqual(ours.arrived.at(-1)?.said["disconnected_by"], "user")
    }).pipe(Effect.scoped)
  )

  it.effect("rings as long as asked, lasts as long as asked, and is declined by the person", () =>
    Effect.gen(function* () {
      const { carrier, dialWith, ours } = yield* start()
      const quiet = [{ action: "wait", timeout: 60 }]
      yield* carrier.whenDialed(to, { outcome: "no-answer" })
      yield* dialWith(quiet, { ringing_timer: 1 })
      assert.strictEqual((yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)).state, "no-answer")
      assert.strictEqual(ours.arrived.at(-1)?.said["status"], "timeout")
      assert.notProperty(ours.arrived.at(-1)?.said, "sip_code")
      yield* dialWith(quiet)
      const declined = yield* carrier.nextOutbound
      yield* declined.until((now) => now.state === "ringing")
      yield* declined.hangUp
      assert.strictEqual((yield* declined.settled).state, "busy")
      assert.strictEqual(ours.arrived.at(-1)?.said["detail"], "declined")
      yield* carrier.whenDialed(to, { outcome: "answer" })
      yield* dialWith(quiet, { length_timer: 1 })
      assert.strictEqual((yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)).state, "completed")
      assert.strictEqual(ours.arrived.at(-1)?.said["disconnected_by"], "platform")
    }).pipe(Effect.scoped)
  )

  it.effect("is cancelled while it rings, hung up while it talks, and not found by commands afterwards", () =>
    Effect.gen(function* () {
      const { carrier, dial, ours } = yield* start()
      const hangUp = (uuid: string) => rest(carrier, "PUT", `/v1/calls/${uuid}`, { json: { action: "hangup" } })
      yield* carrier.whenDialed(to, { outcome: "no-answer" })
      yield* dial()
      const ringing = yield* carrier.nextOutbound
      yield* ringing.until((now) => now.state === "ringing")
      const done = yield* hangUp(ringing.id)
      assert.deepStrictEqual([done.status, done.text], [204, ""])
      assert.strictEqual((yield* ringing.settled).state, "canceled")
      assert.strictEqual(ours.arrived.at(-1)?.said["status"], "cancelled")
      const again = yield* hangUp(ringing.id)
      assert.deepStrictEqual([again.status, again.body["detail"]], [404, `Call ${ringing.id} doesn't exist.`])
      assert.strictEqual((yield* rest(carrier, "GET", `/v1/calls/${ringing.id}`)).body["status"], "cancelled")

      yield* carrier.whenDialed(to, { outcome: "answer", audio: { format: wide, bytes: speech(100) } })
      ours.answer = ({ target }) => (target === "/answer/42" ? ncco(connect(ours)) : { status: 204 })
      ours.onFrame = ({ socket }, frame) => socket.send(frame)
      yield* dial()
      const live = yield* carrier.nextOutbound
      yield* live.until((now) => Buffer.from(now.heard.played).includes(Buffer.from(speech(100))))
      assert.strictEqual((yield* hangUp(live.id.toUpperCase())).status, 204)
      assert.strictEqual((yield* live.settled).state, "completed")
      assert.strictEqual(
        ours.arrived.find(({ said }) => said["uuid"] === live.id && said["status"] === "completed")?.said[
          "disconnected_by"
        ],
        "platform"
      )
      yield* eventually(() => ours.lines[0]?.closed !== undefined)
    }).pipe(Effect.scoped)
  )

  it.effect("goes on with its NCCO, without `disconnected`, when the websocket leg is hung up", () =>
    Effect.gen(function* () {
      const { carrier, dialWith, ours } = yield* start()
      yield* dialWith([connect(ours), { action: "talk", text: "Bye" }])
      const call = yield* carrier.nextOutbound
      yield* call.until((now) => now.media === "streaming")
      yield* eventually(() => statuses(ours).filter((status) => status === "answered").length === 2)
      const socket = ours.arrived.find(({ said }) => String(said["to"]).startsWith("ws:"))?.said["uuid"]
      yield* rest(carrier, "PUT", `/v1/calls/${String(socket)}`, { json: { action: "hangup" } })
      assert.deepStrictEqual((yield* call.settled).notes, ["said: Bye"])
      assert.deepStrictEqual(statuses(ours, String(socket)), ["started", "answered", "completed"])
    }).pipe(Effect.scoped)
  )

  it.effect("carries talk, stream and DTMF commands", () =>
    Effect.gen(function* () {
      const { carrier, dialWith } = yield* start()
      yield* dialWith([{ action: "wait", timeout: 60 }])
      const call = yield* carrier.nextOutbound
      yield* call.until((now) => now.state === "in-progress")
      const commands = [
        ["PUT", "talk", { text: "One moment" }, "Talk started"],
        ["DELETE", "talk", undefined, "Talk stopped"],
        ["PUT", "stream", { stream_url: ["https://a.example/hold.mp3"], loop: 0 }, "Stream started"],
        ["DELETE", "stream", undefined, "Stream stopped"],
        ["PUT", "dtmf", { digits: "1713" }, "DTMF sent"]
      ] as const
      for (const [method, name, json, message] of commands) {
        const path = `/v1/calls/${call.id}/${name}`
        const reply = yield* rest(carrier, method, path, json === undefined ? {} : { json })
        assert.deepStrictEqual([reply.status, reply.body], [200, { message, uuid: call.id }])
      }
      assert.strictEqual(
        (yield* rest(carrier, "PUT", `/v1/calls/${call.id}/dtmf`, { json: { digits: "x" } })).status,
        400
      )
      yield* rest(carrier, "PUT", `/v1/calls/${call.id}`, { json: { action: "mute" } })
      assert.includeMembers((yield* call.now).notes.slice(), [
        "said: One moment",
        "DTMF sent: 1713",
        "mute: the caller"
      ])
      yield* call.hangUp
      yield* call.settled
      assert.strictEqual(
        (yield* rest(carrier, "PUT", `/v1/calls/${call.id}/dtmf`, { json: { digits: "1" } })).status,
        404
      )
    }).pipe(Effect.scoped)
  )

  it.effect("tells the verdict of machine detection with `call_uuid`, and hangs up on a machine", () =>
    Effect.gen(function* () {
      const { carrier, dialWith, ours } = yield* start()
      yield* carrier.whenDialed("*", { outcome: "answer", answeredBy: "machine", hangUpAfterMs: 2000 })
      const run = (more: object) =>
        Effect.andThen(
          dialWith([{ action: "wait", timeout: 60 }], more),
          Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
        )
      const end = yield* run({ machine_detection: "hangup" })
      assert.strictEqual(end.callbacks.at(-1)?.fields["disconnected_by"], "platform")
      const verdict = ours.arrived.find(({ said }) => said["status"] === "machine")?.said ?? {}
      assert.notProperty(verdict, "uuid")
      assert.isString(verdict["call_uuid"])
      ours.arrived.splice(0)
      yield* run({ advanced_machine_detection: { behavior: "continue", mode: "detect_beep", beep_timeout: 45 } })
      assert.deepStrictEqual(
        ours.arrived.filter(({ said }) => said["call_uuid"] !== undefined).map(({ said }) => said["sub_state"]),
        [undefined, "beep_start"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("is refused by the network when `from` is not the account's", () =>
    Effect.gen(function* () {
      const { carrier, dial, ours } = yield* start()
      yield* dial({ from: { type: "phone", number: "15005550006" } })
      const end = yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)
      assert.strictEqual(end.state, "failed")
      assert.deepStrictEqual(end.errors, ["15005550006 is not a number of the account"])
      assert.strictEqual(ours.arrived.at(-1)?.said["detail"], "restricted")
      yield* carrier.ownNumber("+15005550006", { callerIdOnly: true })
      yield* dial({ from: { type: "phone", number: "15005550006" } })
      assert.strictEqual((yield* Effect.flatMap(carrier.nextOutbound, (call) => call.settled)).state, "completed")
    }).pipe(Effect.scoped)
  )
})
