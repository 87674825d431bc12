import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, xml } from "../../../simulator/service.ts"
import { at, credential, cxml, dial, json, ours, rest, start, statuses, stream, theirs, untilEffect } from "./peer.ts"

const session = "/customers/self/domains/~/sessions"

describe("an outbound call", () => {
  it.effect("runs inline markup without asking, and tells its life at least ten times", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const domain = credential(carrier, "domain_id")
      const placed = yield* rest(carrier, "POST", `/calls/${domain}/application`, {
        destination: theirs,
        "caller-id": ours,
        timeout: 45,
        timeLimit: 3600,
        trunk: "carrier",
        cxml: cxml("<Say>Hello</Say>"),
        callback: `${peer.url}/status/session/run-42`
      })
      const call = yield* carrier.nextOutbound
      assert.deepStrictEqual(placed.body, {
        domainId: 3,
        subscriberId: null,
        destination: theirs,
        direction: "outbound-api",
        token: call.id
      })
      const end = yield* call.settled
      assert.deepStrictEqual([end.state, end.notes, end.errors], ["completed", ["said: Hello"], []])
      const updates = at(peer, "/status/session/run-42")
      assert.lengthOf(peer.arrived, updates.length)
      assert.isAtLeast(updates.length, 10)
      // The end of an answered session is not told.
      assert.deepStrictEqual(statuses(peer, "/status"), [
        "new",
        "processing",
        "ringing",
        "connected",
        "answer",
        "connected"
      ])
      assert.strictEqual(new Set(updates.map((update) => json(update)["eventId"])).size, updates.length)
      const [first] = updates
      assert.isUndefined(first?.headers["x-cx-apikey"])
      assert.include(first === undefined ? {} : json(first), {
        token: call.id,
        domain,
        callerId: ours,
        destination: theirs,
        direction: "outgoing",
        callAnswerTime: null,
        timeLimit: 3600
      })
      const shown = yield* rest(carrier, "GET", `${session}/${call.id}`)
      assert.include(shown.body, { token: call.id, status: "Completed", direction: "Outbound", domain })
      assert.match(String(shown.body["callEndTime"]), /^\d{13}$/)
    }).pipe(Effect.scoped)
  )

  it.effect("asks a url or an application, with the caller id as From", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* Effect.flatMap(dial(carrier, { url: `${peer.url}/answer/run-42` }), (call) => call.settled)
      const request = json(arrived(peer, 0))
      assert.include(request, { Direction: "outbound-api", From: ours.slice(1), To: theirs.slice(1) })
      yield* rest(carrier, "POST", "/domains/~/applications", { name: "app", url: `${peer.url}/app`, method: "POST" })
      yield* Effect.flatMap(dial(carrier, { application: "app", destination: theirs.slice(1) }), (call) => call.settled)
      assert.strictEqual(arrived(peer, 1).target, "/app")
    }).pipe(Effect.scoped)
  )

  it.effect("ends as the person decides, in the carrier's words", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const profile = { "cdr-endpoint": `${peer.url}/status/cdr` }
      yield* rest(carrier, "PUT", "/domains/~", { profile })
      const outcomes = [
        [{ outcome: "busy" }, "busy", "busy", "BUSY"],
        [{ outcome: "no-answer", afterMs: 40 }, "no-answer", "noanswer", "NOANSWER"],
        [{ outcome: "failed" }, "failed", "failed", "FAILED"],
        [{ outcome: "failed", sipCode: 402 }, "failed", "nocredit", "FAILED"],
        [{ outcome: "failed", sipCode: 503 }, "failed", "congestion", "CONGESTION"],
        [{ outcome: "failed", sipCode: 500 }, "failed", "error", "FAILED"],
        [{ outcome: "answer", hangUpAfterMs: 30 }, "completed", "connected", "ANSWER"]
      ] as const
      for (const [behaviour, state, status, disposition] of outcomes) {
        yield* carrier.whenDialed(theirs, behaviour)
        const callback = `${peer.url}/status/${status}`
        const end = yield* Effect.flatMap(
          dial(carrier, { cxml: cxml('<Pause length="60"/>'), callback }),
          (call) => call.settled
        )
        assert.strictEqual(end.state, state)
        assert.strictEqual(statuses(peer, `/status/${status}`).at(-1), status)
        assert.isAtLeast(at(peer, `/status/${status}`).length, 10)
        assert.strictEqual(json(at(peer, "/status/cdr").at(-1) ?? arrived(peer, -1))["disposition"], disposition)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("rings no longer than asked, and lasts no longer than allowed", () =>
    Effect.gen(function* () {
      const { carrier } = yield* start()
      yield* carrier.whenDialed(theirs, { outcome: "answer", afterMs: 60_000 })
      const markup = cxml('<Pause length="60"/>')
      const unanswered = yield* Effect.flatMap(dial(carrier, { cxml: markup, timeout: 1 }), (call) => call.settled)
      assert.strictEqual(unanswered.state, "no-answer")
      yield* carrier.whenDialed(theirs, { outcome: "answer" })
      const limited = yield* Effect.flatMap(dial(carrier, { cxml: markup, timeLimit: 1 }), (call) => call.settled)
      assert.strictEqual(limited.state, "completed")
      const call = yield* dial(carrier, { cxml: markup, timeLimit: 3600 })
      yield* call.until((now) => now.state === "in-progress")
      const changed = yield* rest(carrier, "PATCH", `/calls/~/sessions/${call.id}`, { timeLimit: 1 })
      assert.deepStrictEqual([changed.status, changed.body["token"]], [200, call.id])
      assert.strictEqual((yield* call.settled).state, "completed")
    }).pipe(Effect.scoped)
  )

  it.effect("is hung up by the API: 204, and 404 when it is over, while GET still shows it", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.whenDialed(theirs, { outcome: "no-answer" })
      const callback = `${peer.url}/status/x`
      const ringing = yield* dial(carrier, { cxml: cxml("<Hangup/>"), callback })
      yield* ringing.until((now) => now.state === "ringing")
      assert.include((yield* rest(carrier, "GET", `${session}/${ringing.id}`)).body, {
        status: "Ringing",
        callEndTime: null
      })
      assert.deepInclude(yield* rest(carrier, "DELETE", `${session}/${ringing.id}`), { status: 204, text: "" })
      assert.strictEqual((yield* ringing.settled).state, "canceled")
      assert.strictEqual(statuses(peer, "/status/x").at(-1), "cancel")
      assert.strictEqual((yield* rest(carrier, "DELETE", `${session}/${ringing.id}`)).status, 404)
      assert.strictEqual((yield* rest(carrier, "GET", `${session}/${ringing.id}`)).body["status"], "Cancel")

      yield* carrier.whenDialed(theirs, { outcome: "answer" })
      const live = yield* dial(carrier, { cxml: cxml(stream(peer)) })
      yield* live.until((now) => now.media === "streaming")
      yield* rest(carrier, "DELETE", `${session}/${live.id}`)
      assert.strictEqual((yield* live.settled).state, "completed")
      assert.include(JSON.stringify(peer.messages.at(-1)), '"event":"stop"')
      const all = yield* rest(carrier, "GET", session)
      assert.isTrue(all.text.startsWith("[") && all.text.includes(ringing.id) && all.text.includes(live.id))
      const streams = peer.messages.map((message) => JSON.stringify(message))
      assert.isTrue(streams.some((message) => message.includes('"context":"outbound-api"')))
    }).pipe(Effect.scoped)
  )

  it.effect("has no way out without a trunk", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      const trunks = yield* rest(carrier, "GET", "/domains/~/trunks")
      const uuid = /"uuid":"([^"]+)"/.exec(trunks.text)?.[1]
      yield* rest(carrier, "PUT", `/domains/~/trunks/${uuid}`, { active: false })
      const callback = `${peer.url}/status/x`
      const end = yield* Effect.flatMap(dial(carrier, { cxml: cxml("<Hangup/>"), callback }), (call) => call.settled)
      assert.strictEqual(end.state, "failed")
      assert.match(end.errors[0] ?? "", /no active outbound trunk/)
      assert.strictEqual(statuses(peer, "/status/x").at(-1), "error")
      const pinned = { destination: theirs, "caller-id": ours, cxml: cxml("<Hangup/>"), trunk: "carrier" }
      assert.strictEqual((yield* rest(carrier, "POST", "/calls/~/application", pinned)).status, 400)
    }).pipe(Effect.scoped)
  )

  it.effect("waits for its turn where calls are limited per second", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start({ callsPerSecond: 2 })
      const place = dial(carrier, { cxml: cxml("<Hangup/>"), callback: `${peer.url}/status/x` })
      const calls = [yield* place, yield* place]
      yield* Effect.forEach(calls, (call) => call.settled)
      const [first = 0, second = 0] = at(peer, "/status/x")
        .map(json)
        .filter(({ status }) => status === "new")
        .map(({ modifiedAt }) => Date.parse(String(modifiedAt)))
      const created = yield* Effect.forEach(calls, (call) => rest(carrier, "GET", `${session}/${call.id}`))
      const apart = created.map(({ body }) => Date.parse(String(body["createdAt"])))
      assert.isAtLeast(second - first, 450 - ((apart[1] ?? 0) - (apart[0] ?? 0)))
    }).pipe(Effect.scoped)
  )

  it.effect("detects machines, before the application or beside it", () =>
    Effect.gen(function* () {
      const { carrier, peer } = yield* start()
      yield* carrier.whenDialed(theirs, { outcome: "answer", answeredBy: "machine" })
      const detection = { machineDetection: "Enable", url: `${peer.url}/answer` }
      yield* Effect.flatMap(dial(carrier, detection), (call) => call.settled)
      assert.strictEqual(json(arrived(peer, 0))["AnsweredBy"], "machine_start")
      peer.answer = () => xml('<Pause length="60"/>')
      const asyncAmdStatusCallback = `${peer.url}/status/amd`
      const call = yield* dial(carrier, { ...detection, asyncAmd: true, asyncAmdStatusCallback })
      yield* untilEffect(Effect.sync(() => at(peer, "/status/amd").length === 1))
      yield* call.hangUp
      assert.include(json(at(peer, "/status/amd")[0] ?? arrived(peer, -1)), {
        Session: call.id,
        AnsweredBy: "machine_start"
      })
      assert.doesNotHaveAnyKeys(json(arrived(peer, 1)), ["AnsweredBy"])
    }).pipe(Effect.scoped)
  )

  it.effect("tells updates as lists, the end of the session, and odd CDRs where a deployment does", () =>
    Effect.gen(function* () {
      const profile = { "cdr-endpoint": "" }
      const run = Effect.fnUntraced(function* (options: Parameters<typeof start>[0]) {
        const { carrier, peer } = yield* start(options)
        yield* rest(carrier, "PUT", "/domains/~", { profile: { ...profile, "cdr-endpoint": `${peer.url}/status/cdr` } })
        yield* carrier.whenDialed(ours, { outcome: "no-answer", afterMs: 10 })
        const callback = `${peer.url}/status/x`
        const answered = yield* dial(carrier, { cxml: cxml("<Hangup/>"), callback })
        yield* answered.settled
        yield* Effect.flatMap(dial(carrier, { cxml: cxml("<Hangup/>"), destination: ours }), (call) => call.settled)
        const [last, cdr, missed] = [at(peer, "/status/x").at(-1), ...at(peer, "/status/cdr")]
        return { token: answered.id, last: last?.body ?? "", cdr: cdr?.body ?? "", missed: missed?.body ?? "" }
      }, Effect.scoped)
      const list = yield* run({ updates: "list", finalUpdate: "completed", cdr: "null-session" })
      assert.match(list.last, /^\[\{.*"status":"completed".*\}\]$/)
      assert.include(list.cdr, '"session":null')
      const timed = yield* run({ finalUpdate: "end-time", cdr: "string-session" })
      assert.match(timed.last, /"status":"connected".*"callEndTime":\d{13}/)
      assert.include(timed.cdr, `"session":"${timed.token}"`)
      assert.include((yield* run({ cdr: "spaced-disposition" })).missed, '"disposition":"NO ANSWER"')
      assert.notInclude((yield* run({ cdr: "no-disposition" })).cdr, "disposition")
    })
  )
})
