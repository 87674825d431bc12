import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import twilio from "twilio"
import { WebSocket } from "ws"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { FaultName } from "../../src/simulator/Faults.ts"
import { MediaSessions } from "../../src/telephony/MediaSessions.ts"
import { App, callsOf, callsUntil, eventsOf, ours, setUp, speech, theirs } from "../support/app.ts"

const Token = Schema.decodeUnknownSync(Schema.String)

/** How an upgrade request was answered: a status before the upgrade, or an open socket. */
type Opening =
  { readonly _tag: "Refused"; readonly status: number } | { readonly _tag: "Open"; readonly socket: WebSocket }

/** Opens a socket as the carrier would, signed or not. It is cut with the scope. */
const open = (url: string, signature?: string) =>
  Effect.acquireRelease(
    Effect.callback<Opening>((resume) => {
      const socket = new WebSocket(url, signature === undefined ? {} : { headers: { "x-twilio-signature": signature } })
      socket.on("open", () => resume(Effect.succeed({ _tag: "Open", socket })))
      socket.on("unexpected-response", (_request, { statusCode }) =>
        resume(Effect.succeed({ _tag: "Refused", status: statusCode ?? 0 }))
      )
      socket.on("error", () => {})
    }),
    (opening) => Effect.sync(() => opening._tag === "Open" && opening.socket.terminate())
  )

const closed = (opening: Opening) =>
  Effect.callback<number>((resume) => {
    if (opening._tag === "Refused") return resume(Effect.die(opening))
    opening.socket.on("close", (code) => resume(Effect.succeed(code)))
  })

const statusOf = (opening: Opening) => (opening._tag === "Open" ? 101 : opening.status)

/** Dials with a fault that is off again before the next test. */
const dialWith = Effect.fnUntraced(function* (fault: FaultName) {
  const { carrier } = yield* App
  return yield* Effect.acquireRelease(
    carrier.placeInbound({ from: theirs, to: ours, audio: speech, faults: [fault] }),
    (call) => Effect.andThen(call.hangUp, call.settled)
  )
})

/** A call that was answered and whose socket the carrier never opens: the URL with its ticket is the test's. */
const unopened = Effect.gen(function* () {
  const app = yield* App
  const call = yield* dialWith("media-never-opens")
  const { answers } = yield* call.until((now) => now.answers.length > 0)
  const url = /url="([^"]+)"/.exec(answers[0] ?? "")?.[1] ?? ""
  const token = Token(app.carrier.credentials["auth_token"])
  return { call, url, signature: twilio.getExpectedTwilioSignature(token, url, {}) }
})

const rowOf = (app: App["Service"], providerCallId: string) =>
  Effect.map(callsOf(app), (calls) => calls.find(({ provider_call_id }) => provider_call_id === providerCallId))

const endOf = (app: App["Service"], providerCallId: string) =>
  Effect.map(
    callsUntil(app, (calls) =>
      calls.some((call) => call.provider_call_id === providerCallId && call.end_reason !== null)
    ),
    (calls) => calls.find((call) => call.provider_call_id === providerCallId)?.end_reason
  )

const withSetUp = App.layer(simulator, "twilio")

layer(withSetUp, { excludeTestServices: true })("the media socket", (it) => {
  it.effect("is ready", () => Effect.asVoid(Effect.flatMap(App, setUp)))

  it.effect("is refused before the upgrade without a ticket, and with one that nobody issued", () =>
    Effect.gen(function* () {
      const app = yield* App
      const base = `${app.url.replace("http", "ws")}/api/v1/telephony/ws/`
      assert.strictEqual(statusOf(yield* open(base)), 404)
      assert.strictEqual(statusOf(yield* open(`${base}${"a".repeat(22)}`)), 404)
      assert.strictEqual(statusOf(yield* open(`${base}${"a".repeat(5000)}`)), 404)
    })
  )

  it.effect("is refused unsigned, which does not use the ticket up", () =>
    Effect.gen(function* () {
      const { url, signature } = yield* unopened
      assert.strictEqual(statusOf(yield* open(url)), 403)
      assert.strictEqual(statusOf(yield* open(url, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")), 403)
      assert.strictEqual(statusOf(yield* open(url, signature)), 101)
    })
  )

  it.effect("opens once with a ticket, also when two come at once", () =>
    Effect.gen(function* () {
      const { url, signature } = yield* unopened
      const both = yield* Effect.all([open(url, signature), open(url, signature)], { concurrency: 2 })
      assert.deepStrictEqual(
        both.map(statusOf).sort((a, b) => a - b),
        [101, 409]
      )
      assert.strictEqual(statusOf(yield* open(url, signature)), 409)
    })
  )

  it.effect("is refused with an expired ticket", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { url, signature } = yield* unopened
      const sql = yield* Effect.provide(SqlClient.SqlClient, app.context)
      yield* sql`UPDATE media_tickets SET expires_at = now() - interval '1 second' WHERE consumed_at IS NULL`
      assert.strictEqual(statusOf(yield* open(url, signature)), 401)
    })
  )

  it.effect("is refused once the call is over", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { call, url, signature } = yield* unopened
      const row = yield* rowOf(app, call.id)
      yield* app.request("POST", `/api/v1/telephony/calls/${row?.id}/hangup`, {})
      yield* endOf(app, call.id)
      assert.strictEqual(statusOf(yield* open(url, signature)), 409)
    })
  )

  it.effect("is closed when no start comes within five seconds, and the call ends", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { call, url, signature } = yield* unopened
      const opening = yield* open(url, signature)
      assert.strictEqual(yield* closed(opening), 4408)
      assert.strictEqual(yield* endOf(app, call.id), "media_never_started")
      yield* call.ended
    })
  )

  it.effect("is closed on a frame of 1 MB with 1009, and the call ends", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { call, url, signature } = yield* unopened
      const opening = yield* open(url, signature)
      if (opening._tag === "Open") opening.socket.send(Buffer.alloc(1024 * 1024))
      assert.strictEqual(yield* closed(opening), 1009)
      assert.isNotNull(yield* endOf(app, call.id))
      yield* call.ended
    })
  )

  it.effect("skips garbage between good frames", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* dialWith("media-garbage")
      const { heard } = yield* call.until((now) => now.heard.played.length >= speech.bytes.length)
      assert.include(Buffer.from(heard.played).toString("latin1"), Buffer.from(speech.bytes).toString("latin1"))
      yield* call.hangUp
      assert.strictEqual(yield* endOf(app, call.id), "caller_hung_up")
    })
  )

  it.effect("that announces another call is closed, and the call ends", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* dialWith("media-wrong-call")
      assert.isNotNull(yield* endOf(app, call.id))
      assert.strictEqual((yield* call.ended).heard.played.length, 0)
    })
  )

  it.effect("that drops in the middle of playback ends the call as lost media, at the carrier too", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* dialWith("media-drops")
      const reason = yield* endOf(app, call.id)
      assert.include(["media_lost", "caller_hung_up"], reason)
      yield* call.ended
    })
  )

  it.effect("whose upgrade is badly signed ends the call, with the carrier's own error in its log", () =>
    Effect.gen(function* () {
      const app = yield* App
      const faults = [["signature-wrong", { only: /^upgrade/ }]] as const
      const call = yield* app.carrier.placeInbound({ from: theirs, to: ours, audio: speech, faults })
      assert.strictEqual(yield* endOf(app, call.id), "media_never_started")
      assert.match((yield* call.settled).errors.join(), /^31920 .*HTTP 403$/)
      const row = yield* rowOf(app, call.id)
      const failed = (yield* eventsOf(app, row?.id ?? "")).find(({ kind }) => kind === "media.failed")
      assert.match(JSON.stringify(failed?.payload), /31920/)
    })
  )

  it.effect("floods end the call and not the service", () =>
    Effect.gen(function* () {
      const app = yield* App
      const call = yield* dialWith("media-flood")
      assert.isNotNull(yield* endOf(app, call.id))
      assert.strictEqual((yield* app.request("GET", "/readyz")).status, 200)
    })
  )

  it.effect("leaves no session behind after all of this", () =>
    Effect.gen(function* () {
      const app = yield* App
      const sessions = yield* Effect.provide(MediaSessions, app.context)
      assert.strictEqual(yield* Effect.repeat(sessions.live, { until: (live) => live === 0 }), 0)
      const calls = yield* callsOf(app)
      assert.deepStrictEqual(
        calls.filter(({ end_reason }) => end_reason === null),
        []
      )
    })
  )
})
