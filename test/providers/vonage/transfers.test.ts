import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TelephonyProvider } from "../../../src/carrier/TelephonyProvider.ts"
import type { DialledTransfer } from "../../../src/carrier/TransferStrategy.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import {
  account,
  call,
  callUuid,
  legList,
  legResource,
  mediaLeg,
  mediaUuid,
  noContent,
  ours,
  theirs,
  vonageError
} from "./account.ts"

const destinationUuid = "dddddddd-eeee-ffff-0000-0123456789ab"

const transfer: DialledTransfer = {
  transferId: "transfer-1",
  call,
  destination: "+15551230003",
  callerId: ours,
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "room-1",
  links: { route: (path) => `https://voice.example.com/api/v1/telephony/vonage${path}/token` },
  destinationCallId: destinationUuid,
  destinationMemory: {}
}

const strategy = (provider: TelephonyProvider) => provider.transfer ?? assert.fail("no capability")

/** What was asked of a carrier that behaves so. */
const asked = <A, E>(
  behave: (request: Received, earlier: number) => Behaviour,
  use: (strategyOf: ReturnType<typeof strategy>) => Effect.Effect<A, E>
) =>
  account(behave, (provider, { received }) =>
    Effect.map(use(strategy(provider)), (result) => ({
      result,
      requests: received.map(({ method, path }) => `${method} ${path}`),
      bodies: received.map(({ body }) => (body === "" ? undefined : JSON.parse(body)))
    }))
  )

const room = { action: "conversation", name: "room-1", startOnEnter: true, endOnExit: true }
const api = ({ method }: Received): Behaviour =>
  method === "GET"
    ? { status: 200, json: legList(legResource({ status: "answered" }), mediaLeg({ status: "answered" })) }
    : noContent

describe("a transfer", () => {
  it.live("dials the destination into the room, after the announcement, and reports to the transfer's URL", () =>
    Effect.gen(function* () {
      const dialled = yield* asked(
        () => ({ status: 201, json: { uuid: destinationUuid, status: "started" } }),
        ({ dial }) => dial({ ...transfer, announcement: 'Say "hello"' })
      )
      assert.deepStrictEqual(dialled.result, { providerCallId: destinationUuid, rawStatus: "started", memory: {} })
      assert.deepStrictEqual(dialled.bodies, [
        {
          to: [{ type: "phone", number: "15551230003" }],
          from: { type: "phone", number: "15551230001" },
          event_url: ["https://voice.example.com/api/v1/telephony/vonage/transfer-status/token"],
          event_method: "POST",
          ringing_timer: 30,
          length_timer: 3600,
          ncco: [{ action: "talk", text: 'Say "hello"', language: "en-US" }, room]
        }
      ])
    })
  )

  it.live("remembers the caller's region for the destination's leg: a conversation lives in one", () =>
    Effect.gen(function* () {
      const region_url = "https://api-us-3.vonage.com"
      const dialled = yield* asked(
        () => ({ status: 201, json: { uuid: destinationUuid } }),
        ({ dial }) => dial({ ...transfer, call: { ...call, memory: { ...call.memory, region_url } } })
      )
      assert.deepStrictEqual(dialled.result.memory, { region_url })
    })
  )

  it.live("moves the caller into the room, and then hangs up the leg of its media socket by its own uuid", () =>
    Effect.gen(function* () {
      const joined = yield* asked(api, ({ join }) => join(transfer))
      assert.deepStrictEqual(joined.requests, [
        `PUT /v1/calls/${callUuid}`,
        "GET /v1/calls?conversation_uuid=CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab&page_size=100",
        `PUT /v1/calls/${mediaUuid}`
      ])
      assert.deepStrictEqual(joined.bodies, [
        { action: "transfer", destination: { type: "ncco", ncco: [{ ...room, endOnExit: false }] } },
        undefined,
        { action: "hangup" }
      ])
    })
  )

  it.live("is joined although the media leg cannot be found or hung up; not when the caller cannot be moved", () =>
    Effect.gen(function* () {
      yield* asked(
        ({ method }) => (method === "GET" ? vonageError(404, "not-found") : noContent),
        ({ join }) => join(transfer)
      )
      yield* asked(
        (request) => (request.path.endsWith(mediaUuid) ? vonageError(401, "unauthorized") : api(request)),
        ({ join }) => join(transfer)
      )
      const error = yield* Effect.flip(
        asked(
          () => vonageError(404, "not-found"),
          ({ join }) => join(transfer)
        )
      )
      assert.strictEqual(error.kind, "not-found")
    })
  )

  it.live("never hangs the caller up for want of its id", () =>
    Effect.gen(function* () {
      const lost = { ...transfer, call: { ...call, providerCallId: undefined, memory: {} } }
      const joined = yield* asked(api, ({ join }) => join(lost))
      assert.deepStrictEqual(
        joined.bodies.flatMap((body) => body?.action ?? []),
        ["transfer"]
      )
    })
  )

  it.live("is dropped by hanging up the destination; one that is over is a success", () =>
    Effect.gen(function* () {
      const dropped = yield* asked(api, ({ drop }) => drop(transfer))
      assert.deepStrictEqual(dropped.requests, [`PUT /v1/calls/${destinationUuid}`])
      yield* asked(
        () => vonageError(404, "not-found"),
        ({ drop }) => drop(transfer)
      )
    })
  )

  it.live("whose dial was lost drops the destination's leg, and never the caller's to the same number", () =>
    Effect.gen(function* () {
      const lost = { ...transfer, destination: theirs, destinationCallId: undefined }
      const dropped = yield* asked(
        ({ method }) =>
          method === "GET"
            ? {
                status: 200,
                json: legList(legResource({ status: "answered" }), legResource({ uuid: destinationUuid }))
              }
            : noContent,
        ({ drop }) => drop(lost)
      )
      assert.strictEqual(dropped.requests.at(-1), `PUT /v1/calls/${destinationUuid}`)
    })
  )

  it.live("tells the state of the destination's leg, undefined where there is none", () =>
    Effect.gen(function* () {
      const known = yield* asked(
        () => ({ status: 200, json: legResource({ uuid: destinationUuid, status: "ringing" }) }),
        ({ status }) => status(transfer)
      )
      assert.strictEqual(known.result?.status, "ringing")
      const none = yield* asked(
        () => vonageError(404, "not-found"),
        ({ status }) => status(transfer)
      )
      assert.isUndefined(none.result)
    })
  )
})
