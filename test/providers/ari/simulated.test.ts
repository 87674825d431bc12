import { assert, layer } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Configurations } from "../../../src/organizations/Configurations.ts"
import { Calls } from "../../../src/telephony/Calls.ts"
import { reference } from "../../../src/telephony/CarrierDesk.ts"
import { connectMedia } from "../../../src/transport/outgoingSocket.ts"
import { App, endOf, eventsOf, ours, setLimits, speech, theirs } from "../../support/app.ts"
import { house, newest } from "./house.ts"

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

const dial = Effect.fnUntraced(function* (to: string = theirs) {
  const app = yield* App
  const { agentId } = yield* tenant
  const answer = yield* app.request("POST", "/api/v1/telephony/calls", { to, agent_id: agentId })
  return answer
})

const { layer: withAsterisk, asterisk, ready, connected, empty } = house()
let set: Effect.Success<typeof ready> | undefined
const tenant = Effect.sync(() => set ?? assert.fail("the first test sets up"))

/** How a media upgrade is refused. */
const statusOf = (url: string) =>
  Effect.map(Effect.flip(connectMedia({ url, headers: {}, protocol: "media" })), ({ status }) => status)

/** The tickets that Asterisk was given. */
const givenTickets = Effect.gen(function* () {
  const exchanges = yield* (yield* asterisk).restExchanges
  return exchanges.flatMap(({ query }) => query.flatMap(([, value]) => /v\(ticket=([\w-]+)\)/.exec(value)?.[1] ?? []))
})

layer(withAsterisk, { excludeTestServices: true })("the service before an Asterisk", (it) => {
  it.effect("connects within seconds once it is configured, and shows what to put into the dialplan", () =>
    Effect.gen(function* () {
      set = yield* ready
      const app = yield* App
      yield* setLimits(app, { calls_per_second: 50 })
      const { body } = yield* app.request("GET", `/api/v1/organizations/telephony-configs/${set.configurationId}`)
      const { credentials } = yield* asterisk
      const application = credentials["stasis_app_name"]
      const password = credentials["app_password"]
      if (typeof application !== "string" || typeof password !== "string") return assert.fail("no credentials")
      assert.include(JSON.stringify(body), `Stasis(${application},did=\${EXTEN})`)
      assert.notInclude(JSON.stringify(body), password)
    })
  )

  it.effect("takes a call: answers, joins the media, echoes, and cleans up when the caller hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
      const heard = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(text(heard.heard.played), text(speech.bytes))
      assert.strictEqual((yield* (yield* asterisk).state).lostFrames, 0)
      yield* call.hangUp
      assert.deepStrictEqual((yield* call.settled).errors, [])
      const end = yield* endOf(app, call.id)
      assert.deepInclude(end, { end_reason: "caller_hung_up", status: "completed", direction: "inbound", to: ours })
      assert.isNotNull(end.duration_ms)
      yield* empty
    })
  )

  it.effect("takes a call that the dialplan answered before, without the plus of its number", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* (yield* asterisk).placeInbound({
        from: "anonymous",
        to: ours,
        args: [`did=${ours.slice(1)}`, "queue=sales"],
        channelState: "Up",
        audio: speech
      })
      yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      yield* call.hangUp
      assert.deepStrictEqual((yield* call.settled).errors, [])
      yield* endOf(app, call.id)
    })
  )

  it.effect("turns away a call to a number that nobody has, and one that is one too many", () =>
    Effect.gen(function* () {
      const app = yield* App
      const unknown = yield* (yield* asterisk).placeInbound({ from: theirs, to: "+14155550999" })
      assert.strictEqual((yield* unknown.settled).state, "failed")
      yield* setLimits(app, { max_concurrent_calls: 0 })
      const busy = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours })
      assert.strictEqual((yield* busy.settled).state, "busy")
      yield* setLimits(app, { max_concurrent_calls: 100 })
      yield* empty
    })
  )

  it.effect("places a call, hears and is heard, presses digits, hears digits, and hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* (yield* asterisk).whenDialed(theirs, { outcome: "answer", afterMs: 20, audio: speech })
      const answer = yield* dial()
      assert.strictEqual(answer.status, 201, JSON.stringify(answer.body))
      const call = yield* (yield* asterisk).nextOutbound
      yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      const row = yield* newest(({ status }) => status === "in-progress")
      assert.strictEqual(row.provider_call_id, call.id)
      assert.strictEqual(
        (yield* app.request("POST", `/api/v1/telephony/calls/${row.id}/digits`, { digits: "12#" })).status,
        204
      )
      yield* app.request("POST", `/api/v1/telephony/calls/${row.id}/hangup`)
      assert.deepStrictEqual((yield* call.settled).errors, [])
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "operator_ended", status: "completed" })
      yield* empty
    })
  )

  for (const [behaviour, status] of [
    [{ outcome: "busy" }, "busy"],
    [{ outcome: "no-answer", afterMs: 100 }, "no-answer"],
    [{ outcome: "failed", sipCode: 404 }, "failed"]
  ] as const)
    it.effect(`tells that a call was not answered: ${status}`, () =>
      Effect.gen(function* () {
        const app = yield* App
        yield* (yield* asterisk).whenDialed(theirs, behaviour)
        yield* dial()
        const call = yield* (yield* asterisk).nextOutbound
        assert.strictEqual((yield* endOf(app, call.id)).status, status)
        yield* empty
      })
    )

  it.effect("ends the call when the person whom we called hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* (yield* asterisk).whenDialed(theirs, { outcome: "answer", afterMs: 20, audio: speech, hangUpAfterMs: 800 })
      yield* dial()
      const call = yield* (yield* asterisk).nextOutbound
      assert.deepInclude(yield* endOf(app, call.id), { end_reason: "callee_hung_up", status: "completed" })
      yield* empty
    })
  )

  it.effect("moves the caller to somebody else: both are together, and the media is out", () =>
    Effect.gen(function* () {
      const app = yield* App
      const caller = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
      yield* caller.until((now) => now.heard.played.length >= speech.bytes.length)
      const row = yield* newest(({ provider_call_id }) => provider_call_id === caller.id)
      yield* Effect.gen(function* () {
        const { provider } = yield* (yield* Configurations).load((yield* tenant).configurationId)
        const call = reference(Option.getOrThrow(yield* (yield* Calls).find(row.id)))
        const strategy = provider.transfer ?? assert.fail("no capability")
        yield* (yield* asterisk).whenDialed("+442071838751", { outcome: "answer", afterMs: 20 })
        const plan = {
          transferId: "0198c0de-2222-7222-8222-222222222222",
          call,
          destination: "+442071838751",
          callerId: ours,
          ringTimeoutSeconds: 30,
          maxDurationSeconds: 600,
          announcement: undefined,
          room: "room",
          links: { route: () => "" }
        }
        const placed = yield* strategy.dial(plan)
        const destination = yield* (yield* asterisk).nextOutbound
        const dialled = { ...plan, destinationCallId: placed.providerCallId, destinationMemory: {} }
        yield* destination.until(({ state }) => state === "in-progress")
        assert.strictEqual((yield* strategy.status(dialled))?.status, "in-progress")
        yield* strategy.join(dialled)
        yield* caller.until(({ togetherWith }) => togetherWith.includes(destination.id))
        yield* destination.until(({ togetherWith }) => togetherWith.includes(caller.id))
        yield* strategy.drop(dialled)
        yield* strategy.drop(dialled)
        yield* destination.settled
        assert.isUndefined(yield* strategy.status(dialled))
      }).pipe(Effect.provide(app.context))
      yield* caller.hangUp
      yield* endOf(app, caller.id)
      yield* empty
    })
  )

  it.effect(
    "learns after a reconnection what happened while nobody listened",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const call = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
        yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* (yield* asterisk).dropEvents
        yield* call.hangUp
        yield* call.settled
        assert.strictEqual((yield* endOf(app, call.id)).status, "completed")
        yield* connected
        yield* empty
      }),
    90_000
  )

  it.effect(
    "ends its calls when Asterisk restarts, and takes calls again",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const call = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
        yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* (yield* asterisk).restart
        yield* endOf(app, call.id)
        yield* connected
        const next = yield* (yield* asterisk).placeInbound({ from: theirs, to: ours, audio: speech })
        yield* next.until((now) => now.heard.played.length >= speech.bytes.length)
        yield* next.hangUp
        yield* endOf(app, next.id)
      }),
    90_000
  )

  it.effect("opens no media with a ticket that was used, with none, or with two; and offers no extensions", () =>
    Effect.gen(function* () {
      const app = yield* App
      const base = `${app.url.replace("http", "ws")}/api/v1/telephony/ws`
      const [used = ""] = yield* givenTickets
      assert.strictEqual(yield* statusOf(`${base}?ticket=${used}`), 409)
      assert.strictEqual(yield* statusOf(`${base}/?ticket=${used}`), 409)
      assert.strictEqual(yield* statusOf(`${base}?ticket=`), 404)
      assert.strictEqual(yield* statusOf(`${base}?other=1`), 404)
      assert.strictEqual(yield* statusOf(`${base}?ticket=${used}&ticket=x`), 404)
    }).pipe(Effect.scoped)
  )

  it.effect("keeps the ticket out of every event of a call", () =>
    Effect.gen(function* () {
      const app = yield* App
      const tickets = yield* givenTickets
      assert.isNotEmpty(tickets)
      const row = yield* newest(() => true)
      const log = JSON.stringify(yield* eventsOf(app, row.id))
      for (const ticket of tickets) assert.notInclude(log, ticket)
    })
  )
})
