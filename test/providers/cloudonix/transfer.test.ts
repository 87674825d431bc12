import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
import type { StatusReport, TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import { CallReports, type ReportedCall } from "../../../src/carrier/ProviderRoute.ts"
import type { TransferLegReport, TransferStrategy } from "../../../src/carrier/TransferStrategy.ts"
import { callerDocument, destinationDocument } from "../../../src/providers/cloudonix/cxml.ts"
import { routes } from "../../../src/providers/cloudonix/routes.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, domain, offline, own, session, sessionUpdate, stored, token, webhook } from "./account.ts"
import { destinationToken, plan } from "./plan.ts"

const strategy = ({ transfer }: TelephonyProvider): TransferStrategy => transfer ?? assert.fail("no capability")

const lines = (received: ReadonlyArray<Received>) => received.map(({ method, path }) => `${method} ${path}`)

const withCarrier = <A, E>(
  behave: (request: Received) => Behaviour,
  use: (transfer: TransferStrategy, received: ReadonlyArray<Received>) => Effect.Effect<A, E>,
  values = stored
) => account(behave, (provider, { received }) => use(strategy(provider), received), values)

const switchPath = `/calls/${domain}/sessions/${token}/application`

describe("a transfer", () => {
  it.live("dials the destination into the room, by the same trunk, and rings 5 to 120 s", () =>
    withCarrier(
      () => ({ status: 200, json: { token: destinationToken } }),
      (transfer, received) =>
        Effect.gen(function* () {
          assert.isTrue(transfer.announces)
          assert.deepStrictEqual(yield* transfer.dial({ ...plan, ringTimeoutSeconds: 1 }), {
            providerCallId: destinationToken,
            rawStatus: "initiated"
          })
          yield* transfer.dial({ ...plan, ringTimeoutSeconds: 999 })
          assert.strictEqual(received[0]?.path, `/calls/${domain}/application`)
          assert.deepStrictEqual(JSON.parse(received[0]?.body ?? ""), {
            destination: "+12125550100",
            "caller-id": "+14155550123",
            cxml: destinationDocument(plan),
            execute: "connected",
            callback: "https://voice.example.com/transfer-status/t",
            timeout: 5,
            timeLimit: 3600,
            trunk: "carrier-uk"
          })
          assert.deepInclude(JSON.parse(received[1]?.body ?? ""), { timeout: 120 })
        }),
      { ...stored, trunk: "carrier-uk" }
    )
  )

  it.live("joins by giving the caller's session the room's document; 202 is good as well", () =>
    withCarrier(
      ({ method }) => (method === "GET" ? { status: 404 } : { status: 202 }),
      (transfer, received) =>
        Effect.gen(function* () {
          yield* transfer.join(plan)
          assert.deepStrictEqual(lines(received), [`GET /calls/${domain}/conferences`, `POST ${switchPath}`])
          assert.deepStrictEqual(JSON.parse(received[1]?.body ?? ""), { cxml: callerDocument(plan) })
        })
    )
  )

  it.live("does not join again who is in the room: leaving it would end the conference", () =>
    Effect.gen(function* () {
      const joined = (members: unknown, name = plan.room) =>
        withCarrier(
          ({ method }) => (method === "GET" ? { status: 200, json: [{ name, members }] } : { status: 200, json: {} }),
          (transfer, received) => Effect.map(transfer.join(plan), () => received.length === 1)
        )
      assert.isTrue(yield* joined(2))
      assert.isTrue(yield* joined([{}, {}]))
      assert.isFalse(yield* joined(1))
      assert.isFalse(yield* joined([{}]))
      assert.isFalse(yield* joined(2, "another-room"))
      assert.isFalse(yield* joined("2"))
    })
  )

  it.live("joins although the conferences cannot be asked for, and fails where the switch does", () =>
    Effect.gen(function* () {
      const kindOf = (status: number) =>
        withCarrier(
          ({ method }) => (method === "GET" ? { status: 403 } : { status }),
          (transfer, received) =>
            Effect.map(Effect.result(transfer.join(plan)), (result) => [
              result._tag === "Failure" ? result.failure.kind : "joined",
              received.filter(({ path }) => path === switchPath).length
            ])
        )
      assert.deepStrictEqual(yield* kindOf(200), ["joined", 1])
      assert.deepStrictEqual(yield* kindOf(404), ["not-found", 1])
      assert.deepStrictEqual(yield* kindOf(500), ["unavailable", 1])
    })
  )

  it.live("drops the destination's session, gone or not", () =>
    Effect.gen(function* () {
      for (const status of [204, 404])
        yield* withCarrier(
          () => ({ status }),
          (transfer, received) =>
            Effect.gen(function* () {
              yield* transfer.drop(plan)
              assert.deepStrictEqual(lines(received), [`DELETE ${own}/sessions/${destinationToken}`])
            })
        )
    })
  )

  it.live("whose dial was lost drops the newest session to the destination, never the caller's", () =>
    Effect.gen(function* () {
      const legs = [
        session({
          callerId: "14155550123",
          destination: "12125550100",
          token: "first",
          createdAt: "2026-03-04T05:07:00Z"
        }),
        session({
          callerId: "14155550123",
          destination: "12125550100",
          token: "second",
          createdAt: "2026-03-04T05:08:00Z"
        }),
        session({ callerId: "14155550123", destination: "12125550100", token, createdAt: "2026-03-04T05:09:00Z" })
      ]
      const lost = { ...plan, destinationCallId: undefined }
      yield* withCarrier(
        ({ method }) => (method === "GET" ? { status: 200, json: legs } : { status: 204 }),
        (transfer, received) =>
          Effect.gen(function* () {
            yield* transfer.drop(lost)
            assert.strictEqual(lines(received).at(-1), `DELETE ${own}/sessions/second`)
            assert.strictEqual((yield* transfer.status(lost))?.providerCallId, "second")
          })
      )
      yield* withCarrier(
        () => ({ status: 404 }),
        (transfer) =>
          Effect.gen(function* () {
            yield* transfer.drop(lost)
            assert.isUndefined(yield* transfer.status(lost))
          })
      )
    })
  )

  it.live("asks for the destination's session", () =>
    withCarrier(
      () => ({ status: 200, json: session({ token: destinationToken, status: "busy" }) }),
      (transfer) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* transfer.status(plan), { providerCallId: destinationToken, status: "busy" })
        })
    )
  )
})

/** What the routes reported, of a verified request on a URL of the transfer. */
const reported = (path: string, body: unknown) =>
  offline((provider) =>
    Effect.gen(function* () {
      const legs = yield* Ref.make<ReadonlyArray<TransferLegReport>>([])
      const statuses = yield* Ref.make<ReadonlyArray<readonly [ReportedCall, StatusReport]>>([])
      const route = routes.find((each) => each.path === path)
      if (route?.scope !== "transfer") return assert.fail("no such route")
      const request = yield* provider.verify(webhook(body, { urlToken: "transfer", headers: {} }))
      const reply = yield* route.handle(request, { provider, configurationId: "config-1", plan }).pipe(
        Effect.provideService(CallReports, {
          status: (call, report) => Ref.update(statuses, (all) => [...all, [call, report] as const]),
          mediaFailed: () => Effect.die("not reported"),
          transferLeg: (id, report) => Ref.update(legs, (all) => (id === plan.transferId ? [...all, report] : all)),
          note: () => Effect.die("not reported")
        })
      )
      assert.strictEqual(reply.status, 204)
      return { legs: yield* Ref.get(legs), statuses: yield* Ref.get(statuses) }
    })
  )

describe("the room's events", () => {
  const room = (StatusCallbackEvent: string, Session: string) =>
    reported("/transfer-conference", { StatusCallbackEvent, Session, FriendlyName: plan.room })

  it.live("tell that the destination has come, and that it has gone", () =>
    Effect.gen(function* () {
      const come = yield* room("participant-join", destinationToken)
      assert.deepStrictEqual(
        come.legs.map(({ providerCallId, state }) => [providerCallId, state]),
        [[destinationToken, "answered"]]
      )
      const gone = yield* room("Participant-Leave", destinationToken)
      assert.deepStrictEqual(
        gone.legs.map(({ providerCallId, state, failure }) => [providerCallId, state, failure]),
        [[destinationToken, "ended", undefined]]
      )
    })
  )

  it.live("of the caller are no answer; when the caller leaves, the call is over", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* room("participant-join", token), { legs: [], statuses: [] })
      const gone = yield* room("participant-leave", token)
      assert.deepStrictEqual(gone.legs, [])
      assert.deepStrictEqual(
        gone.statuses.map(([call, { status, providerCallId }]) => [call, status, providerCallId]),
        [[{ callId: plan.call.callId }, "completed", token]]
      )
    })
  )

  it.live("of other kinds, or of nobody, mean nothing", () =>
    Effect.gen(function* () {
      for (const body of [{ StatusCallbackEvent: "conference-end" }, { StatusCallbackEvent: "participant-join" }, {}])
        assert.deepStrictEqual(yield* reported("/transfer-conference", body), { legs: [], statuses: [] })
    })
  )
})

describe("the destination's session updates", () => {
  for (const [word, state, failure] of [
    ["ringing", "ringing", undefined],
    ["busy", "ended", "busy"],
    ["noanswer", "ended", "no_answer"],
    ["cancel", "ended", "no_answer"],
    ["nocredit", "ended", "unreachable"],
    ["congestion", "ended", "unreachable"],
    ["error", "ended", "unreachable"],
    ["completed", "ended", undefined]
  ] as const)
    it.live(`${word}: ${failure ?? state}`, () =>
      Effect.gen(function* () {
        const { legs } = yield* reported("/transfer-status", [sessionUpdate({ token: destinationToken, status: word })])
        assert.strictEqual(legs.length, 1)
        assert.deepInclude(legs[0], { providerCallId: destinationToken, state, rawStatus: word })
        assert.strictEqual(legs[0]?.failure, failure)
      })
    )

  it.live("connected is not enough: the announcement is still to come", () =>
    Effect.gen(function* () {
      for (const status of ["connected", "answer", "processing", "external"])
        assert.deepStrictEqual(
          (yield* reported("/transfer-status", sessionUpdate({ token: destinationToken, status }))).legs,
          []
        )
    })
  )

  it.live("of the caller's own session say nothing about the destination", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* reported("/transfer-status", sessionUpdate({ status: "busy" }))).legs, [])
    })
  )
})
