import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { arrived, xml } from "../../../simulator/service.ts"
import { accepts, credential, ours, person, rest, start } from "./peer.ts"

const call = { from: person, to: ours }

describe("a webhook", () => {
  it.effect("asks by GET where the application says so, falls back, and follows a redirect", () =>
    Effect.gen(function* () {
      const { appId, carrier, peer, token } = yield* start()
      yield* rest(carrier, "POST", `Application/${appId}/`, {
        answer_url: `${peer.url}/get?tenant=a%20b`,
        answer_method: "GET",
        fallback_answer_url: `${peer.url}/spare`
      })
      peer.answer = ({ target }) =>
        target.startsWith("/get")
          ? { status: 500 }
          : target === "/spare"
            ? xml(`<Redirect>${peer.url}/next</Redirect>`)
            : xml('<Hangup reason="busy"/>')
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.strictEqual(end.state, "busy")
      const request = arrived(peer, 0)
      assert.match(request.target, /^\/get\?tenant=a%20b&BillRate=0.0055&CallStatus=ringing&/)
      assert.isTrue(accepts(token, peer.url, request))
      assert.deepStrictEqual(
        [arrived(peer, 2).target, arrived(peer, 2).fields["Event"], arrived(peer, 2).fields["CallStatus"]],
        ["/next", "Redirect", "ringing"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("retries by the rules in the URL's fragment, which it neither sends nor signs", () =>
    Effect.gen(function* () {
      const { appId, carrier, peer, token } = yield* start()
      const hangupUrl = `${peer.url}/hangup#rc=2&rp=5xx`
      yield* rest(carrier, "POST", `Application/${appId}/`, {
        answer_url: `${peer.url}/voice#rt=150&rc=1`,
        hangup_url: hangupUrl
      })
      peer.answer = ({ target }) => (target === "/voice" ? { ...xml(""), delayMs: 5000 } : { status: 503 })
      const end = yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      assert.deepStrictEqual(
        peer.arrived.map(({ target }) => target),
        ["/voice", "/voice", "/hangup", "/hangup", "/hangup"]
      )
      assert.strictEqual(end.callbacks.at(-1)?.fields["HangupCauseCode"], "7011")
      for (const request of peer.arrived) assert.isTrue(accepts(token, peer.url, request))
      assert.strictEqual(
        arrived(peer, 2).headers["x-plivo-signature-v3-nonce"],
        arrived(peer, 4).headers["x-plivo-signature-v3-nonce"]
      )
    }).pipe(Effect.scoped)
  )

  it.effect("on a subaccount is signed with its token, and in the Ma header with the main account's", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start({ subaccount: true })
      assert.match(credential(carrier, "auth_id"), /^SA[A-Z0-9]{18}$/)
      yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      const request = arrived(peer, 0)
      const main = credential(carrier, "main_auth_token")
      assert.match(request.fields["ParentAuthID"] ?? "", /^MA[A-Z0-9]{18}$/)
      assert.isTrue(accepts(token, peer.url, request))
      assert.isFalse(accepts(main, peer.url, request))
      assert.isTrue(accepts(main, peer.url, request, "x-plivo-signature-ma-v3"))
    }).pipe(Effect.scoped)
  )

  it.effect("while tokens are rotated has a list of signatures", () =>
    Effect.gen(function* () {
      const { carrier, peer, token } = yield* start({ rotatingToken: true, onlyMainSignature: true })
      yield* Effect.flatMap(carrier.placeInbound(call), (placed) => placed.settled)
      const request = arrived(peer, 0)
      assert.isUndefined(request.headers["x-plivo-signature-v3"])
      assert.lengthOf(String(request.headers["x-plivo-signature-ma-v3"]).split(","), 2)
      assert.isTrue(accepts(token, peer.url, request, "x-plivo-signature-ma-v3"))
    }).pipe(Effect.scoped)
  )
})
