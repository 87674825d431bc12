import { assert, describe, it } from "@effect/vitest"
import { verifySignature } from "@vonage/jwt"
import { Effect } from "effect"
import { claims, from, start, to } from "./linked.ts"
import { connect, credential, ncco, rest, sha256, statuses } from "./peer.ts"

describe("the answer webhook", () => {
  it.effect("is a GET whose hash is over its parameters in their order", () =>
    Effect.gen(function* () {
      const { application, carrier, ours, voice } = yield* start()
      const answer_url = { address: `${ours.url}/answer?tenant=a%20b` }
      yield* rest(carrier, "PUT", application, { json: voice({ answer_url }) })
      yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      const asked = ours.arrived.find(({ method }) => method === "GET")
      assert.match(
        String(asked?.target),
        /^\/answer\?tenant=a%20b&to=14155550123&from=442071838750&conversation_uuid=CON-[^&]+&uuid=[0-9a-f]{32}&region_url=https%3A%2F%2Fapi-us-3\.vonage\.com&/
      )
      const token = String(asked?.headers.authorization).slice(7)
      assert.isTrue(verifySignature(token, credential(carrier, "signature_secret")))
      assert.strictEqual(claims(token)["payload_hash"], sha256(JSON.stringify(asked?.said)))
    }).pipe(Effect.scoped)
  )

  it.effect("is repeated once after 429, 503, 504 and a cut connection, with a fresh token, and not after 500", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      const cases = [
        [{ status: 429 }, 2],
        [{ status: 503 }, 2],
        [{ status: 504 }, 2],
        [{ cut: true }, 2],
        [{ status: 500 }, 1],
        [{ status: 502 }, 1],
        [{ status: 401 }, 1],
        [{ status: 200, type: "text/plain", body: "[]" }, 1],
        [{ status: 201, type: "application/json", body: "[]" }, 1]
      ] as const
      for (const [reply, times] of cases) {
        ours.arrived.splice(0)
        ours.answer = ({ target }) => (target === "/answer" ? reply : { status: 204 })
        const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
        const asked = ours.arrived.filter(({ target }) => target === "/answer")
        assert.lengthOf(asked, times, JSON.stringify(reply))
        assert.strictEqual(new Set(asked.map(({ headers }) => headers.authorization)).size, times)
        assert.strictEqual(end.state, "failed")
        assert.strictEqual(ours.arrived.at(-1)?.said["status"], "completed")
        assert.strictEqual(ours.arrived.at(-1)?.said["duration"], "0")
        assert.isNull(ours.arrived.at(-1)?.said["start_time"])
      }
    }).pipe(Effect.scoped)
  )

  it.effect("goes to the fallback URL with the reason", () =>
    Effect.gen(function* () {
      const { application, carrier, ours, voice } = yield* start()
      const fallback_answer_url = { address: `${ours.url}/spare`, http_method: "POST" }
      yield* rest(carrier, "PUT", application, { json: voice({ fallback_answer_url }) })
      ours.answer = ({ target }) => {
        if (target === "/answer") return { cut: true }
        return target === "/spare" ? ncco({ action: "talk", text: "Sorry" }) : { status: 204 }
      }
      const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
      assert.deepStrictEqual(end.notes, ["said: Sorry"])
      const spare = ours.arrived.find(({ target }) => target === "/spare")?.said
      assert.strictEqual(spare?.["reason"], "Connection closed.")
      assert.deepStrictEqual(spare?.["original_request"], { url: `${ours.url}/answer`, type: "answer" })
    }).pipe(Effect.scoped)
  )

  it.effect("`hangup` is no action: the whole NCCO fails, and the caller hears nothing of it", () =>
    Effect.gen(function* () {
      const { carrier, ours } = yield* start()
      const wrong: ReadonlyArray<ReadonlyArray<object>> = [
        [{ action: "talk", text: "Sorry" }, { action: "hangup" }],
        [connect(ours, { eventUrl: `${ours.url}/events` })],
        [connect(ours, {}, { uri: "ws://svc.example/media" })],
        [connect(ours, {}, { headers: { long: "x".repeat(512) } })],
        [connect(ours, {}, { "content-type": "audio/l16" })],
        [connect(ours, { endpoint: [] })],
        [{ action: "talk" }]
      ]
      for (const actions of wrong) {
        ours.arrived.splice(0)
        ours.answer = ({ target }) => (target === "/answer" ? ncco(...actions) : { status: 204 })
        const end = yield* Effect.flatMap(carrier.placeInbound({ from, to }), (call) => call.settled)
        assert.deepStrictEqual(end.notes, [], JSON.stringify(actions))
        assert.match(end.errors[0] ?? "", /^Syntax error in NCCO/)
        assert.deepStrictEqual(statuses(ours), [
          "started",
          "ringing",
          "Syntax error in NCCO. Invalid value type or action.",
          "completed"
        ])
        assert.lengthOf(
          ours.arrived.filter(({ target }) => target === "/answer"),
          1
        )
      }
    }).pipe(Effect.scoped)
  )
})
