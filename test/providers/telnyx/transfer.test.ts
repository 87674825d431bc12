import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { DialledTransfer, TransferStrategy } from "../../../src/carrier/TransferStrategy.ts"
import { clientState, commandId } from "../../../src/providers/telnyx/correlation.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import {
  accepted,
  account,
  call,
  callControlId,
  callPath,
  connectionId,
  data,
  has,
  jsonOf,
  telnyxError
} from "./account.ts"

const transfer: DialledTransfer = {
  transferId: "transfer-7",
  call,
  destination: "+15551230003",
  callerId: "+15551230001",
  ringTimeoutSeconds: 30,
  maxDurationSeconds: 3600,
  announcement: undefined,
  room: "room-1",
  links: { route: (path) => `https://voice.example.com/api/v1/telephony/telnyx${path}/token` },
  destinationCallId: "v3:destination",
  destinationMemory: {}
}
const unknown = { ...transfer, destinationCallId: undefined }

type Answer = (request: Received) => Behaviour | undefined

/** What the strategy asked for, by method and path, of a Telnyx that answers the usual where it is told nothing else. */
const asked = <A, E>(answer: Answer, use: (strategy: TransferStrategy) => Effect.Effect<A, E>) =>
  account(
    (request) =>
      answer(request) ??
      (request.path === "/conferences" ? data({ id: "conference-1", name: "room-1", status: "init" }) : accepted),
    (provider, { received }) =>
      Effect.map(use(has(provider.transfer)), (outcome) => ({
        outcome,
        paths: received.map(({ method, path }) => `${method} ${path}`),
        bodies: received.map(jsonOf)
      }))
  )

const join = "POST /conferences/conference-1/actions/join"
const stop = `POST ${callPath}/actions/streaming_stop`

describe("dialling the destination of a transfer", () => {
  it.live("has no media of ours, and reports to the transfer's own URL", () =>
    Effect.gen(function* () {
      const { outcome, paths, bodies } = yield* asked(
        () => data({ call_control_id: "v3:destination" }),
        (strategy) => strategy.dial(transfer)
      )
      assert.deepStrictEqual(outcome, { providerCallId: "v3:destination", rawStatus: "dialled" })
      assert.deepStrictEqual(paths, ["POST /calls"])
      assert.deepStrictEqual(bodies[0], {
        connection_id: connectionId,
        to: "+15551230003",
        from: "+15551230001",
        timeout_secs: 30,
        time_limit_secs: 3600,
        webhook_url: "https://voice.example.com/api/v1/telephony/telnyx/transfer-events/token",
        webhook_url_method: "POST",
        client_state: clientState({ transfer: "transfer-7" }),
        command_id: commandId("transfer-7", "dial")
      })
    })
  )
})

describe("joining the two", () => {
  it.live("begins a conference with the destination, lets the caller in, and then stops the caller's stream", () =>
    Effect.gen(function* () {
      const { paths, bodies } = yield* asked(
        () => undefined,
        (strategy) => strategy.join(transfer)
      )
      assert.deepStrictEqual(paths, ["POST /conferences", join, stop])
      assert.deepStrictEqual(bodies.slice(0, 2), [
        {
          call_control_id: "v3:destination",
          name: "room-1",
          start_conference_on_create: true,
          beep_enabled: "never",
          command_id: commandId("transfer-7", "conference")
        },
        {
          call_control_id: callControlId,
          end_conference_on_exit: true,
          start_conference_on_enter: true,
          beep_enabled: "never",
          command_id: commandId("transfer-7", "join")
        }
      ])
    })
  )

  it.live("is done already where the caller is in the conference (90044)", () =>
    Effect.gen(function* () {
      const { paths } = yield* asked(
        ({ path }) => (path.endsWith("/join") ? telnyxError(422, "90044") : undefined),
        (strategy) => strategy.join(transfer)
      )
      assert.deepStrictEqual(paths, ["POST /conferences", join, stop])
    })
  )

  it.live("stops the stream first where a call may not join while it streams (90045), with a command of its own", () =>
    Effect.gen(function* () {
      let refusals = 0
      const { paths, bodies } = yield* asked(
        ({ path }) => (path.endsWith("/join") && refusals++ === 0 ? telnyxError(422, "90045") : undefined),
        (strategy) => strategy.join(transfer)
      )
      assert.deepStrictEqual(paths.slice(0, 4), ["POST /conferences", join, stop, join])
      assert.deepInclude(bodies[3], { command_id: commandId("transfer-7", "join-again") })
    })
  )

  it.live("finds the conference that an earlier try has made, by the room's name", () =>
    Effect.gen(function* () {
      const list = data([
        { id: "conference-0", name: "room-10", status: "in_progress" },
        { id: "conference-9", name: "room-1", status: "completed" },
        { id: "conference-1", name: "room-1", status: "in_progress" }
      ])
      for (const repeated of [telnyxError(422, "90099"), accepted]) {
        const { paths } = yield* asked(
          ({ method, path }) =>
            path.startsWith("/conferences") && !path.endsWith("/join")
              ? method === "GET"
                ? list
                : repeated
              : undefined,
          (strategy) => strategy.join(transfer)
        )
        assert.deepStrictEqual(paths, ["POST /conferences", "GET /conferences?filter%5Bname%5D=room-1", join, stop])
      }
    })
  )

  it.live("is not undone by a stream that would not stop", () =>
    Effect.gen(function* () {
      yield* asked(
        ({ path }) => (path.endsWith("/streaming_stop") ? telnyxError(422, "90048") : undefined),
        (strategy) => strategy.join(transfer)
      )
    })
  )

  it.live("fails where no conference comes about, or the caller has gone", () =>
    Effect.gen(function* () {
      const none = yield* Effect.exit(
        asked(
          ({ method, path }) =>
            path.startsWith("/conferences") ? (method === "GET" ? data([]) : telnyxError(422, "90032")) : undefined,
          (strategy) => strategy.join(transfer)
        )
      )
      assert.strictEqual(none._tag, "Failure")
      const gone = yield* asked(
        ({ path }) => (path.endsWith("/join") ? telnyxError(422, "90018") : undefined),
        (strategy) => Effect.flip(strategy.join(transfer))
      )
      assert.strictEqual(gone.outcome.kind, "not-found")
    })
  )
})

describe("dropping the destination", () => {
  it.live("hangs it up, ringing or not; one that is over is a success", () =>
    Effect.gen(function* () {
      for (const answer of [accepted, telnyxError(422, "90018")]) {
        const { paths } = yield* asked(
          () => answer,
          (strategy) => strategy.drop(transfer)
        )
        assert.deepStrictEqual(paths, ["POST /calls/v3%3Adestination/actions/hangup"])
      }
    })
  )

  it.live("finds it by our state where its dial was lost", () =>
    Effect.gen(function* () {
      const active = [
        { call_control_id: callControlId, client_state: clientState({ call: "transfer-7" }) },
        { call_control_id: "v3:found", client_state: clientState({ transfer: "transfer-7" }) }
      ]
      const { paths } = yield* asked(
        ({ method }) => (method === "GET" ? data(active) : undefined),
        (strategy) => strategy.drop(unknown)
      )
      assert.strictEqual(paths[1], "POST /calls/v3%3Afound/actions/hangup")
    })
  )
})

describe("asking for the destination", () => {
  it.live("tells what Telnyx knows, or that there is none", () =>
    Effect.gen(function* () {
      const up = yield* asked(
        () => data({ is_alive: true }),
        (strategy) => strategy.status(transfer)
      )
      assert.strictEqual(up.outcome?.providerCallId, "v3:destination")
      const none = yield* asked(
        () => data([]),
        (strategy) => strategy.status(unknown)
      )
      assert.isUndefined(none.outcome)
    })
  )
})
