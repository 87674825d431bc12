import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { InboundCall, PickUp, PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { clientState, commandId, subjectOf } from "../../../src/providers/telnyx/correlation.ts"
import {
  accepted,
  account,
  apiKey,
  call,
  callControlId,
  callPath,
  configurationId,
  connectionId,
  data,
  has,
  jsonOf,
  stored,
  telnyxError
} from "./account.ts"

const links = {
  answer: "https://voice.example.com/api/v1/telephony/answer/token",
  route: (path: string) => `https://voice.example.com/api/v1/telephony/telnyx${path}/token`
}

const dial: PlaceCall = {
  callId: "run-42",
  from: "+15551230001",
  to: "+15551230002",
  links,
  mediaUrl: Effect.succeed("wss://voice.example.com/api/v1/telephony/ws/ticket"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}

const dialled = data({ record_type: "call", call_control_id: callControlId, call_leg_id: "leg", is_alive: false })

const streamFields = {
  stream_url: "wss://voice.example.com/api/v1/telephony/ws/ticket",
  stream_track: "inbound_track",
  stream_codec: "PCMU",
  stream_bidirectional_mode: "rtp",
  stream_bidirectional_codec: "PCMU",
  stream_bidirectional_target_legs: "self",
  send_silence_when_idle: true,
  webhook_url: "https://voice.example.com/api/v1/telephony/telnyx/events/token",
  webhook_url_method: "POST",
  client_state: "eyJjYWxsIjoicnVuLTQyIn0="
}

describe("placing a call", () => {
  it.live("tells Telnyx where to stream and where to report, under the account's key", () =>
    account(
      () => dialled,
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), {
            providerCallId: callControlId,
            rawStatus: "dialled"
          })
          assert.strictEqual(received[0]?.method, "POST")
          assert.strictEqual(received[0]?.path, "/calls")
          assert.strictEqual(received[0]?.headers.authorization, `Bearer ${apiKey}`)
          assert.deepStrictEqual(jsonOf(received[0]), {
            connection_id: connectionId,
            to: "+15551230002",
            from: "+15551230001",
            timeout_secs: 45,
            time_limit_secs: 3600,
            ...streamFields,
            stream_bidirectional_sampling_rate: 8000,
            command_id: commandId("run-42", "dial")
          })
        })
    )
  )

  it.live("keeps within Telnyx's limits", () =>
    account(
      () => dialled,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.placeCall({ ...dial, ringTimeoutSeconds: 9999, maxDurationSeconds: 1e9 })
          yield* provider.placeCall({ ...dial, ringTimeoutSeconds: 1, maxDurationSeconds: 1 })
          const limits = received.map(({ body }) => /"timeout_secs":(\d+),"time_limit_secs":(\d+)/.exec(body)?.slice(1))
          assert.deepStrictEqual(limits, [
            ["600", "14000"],
            ["5", "60"]
          ])
        })
    )
  )

  it.live("goes through the configuration's own application where none is named, found once", () => {
    const { connection_id: _, ...own } = stored
    return account(
      ({ path }) =>
        path.startsWith("/call_control_applications?")
          ? data([
              { id: "111", application_name: `switchboard-${configurationId}-old` },
              { id: "222", application_name: `switchboard-${configurationId}` }
            ])
          : dialled,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.placeCall(dial)
          yield* provider.placeCall(dial)
          assert.strictEqual(received.length, 3)
          assert.deepInclude(jsonOf(received[2]), { connection_id: "222" })
        }),
      own
    )
  })

  it.live("without any application says what is missing, and dials nothing", () => {
    const { connection_id: _, ...own } = stored
    return account(
      () => data([]),
      (provider, { received }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provider.placeCall(dial))
          assert.strictEqual(error.kind, "rejected")
          assert.include(error.message, "connection ID")
          assert.isFalse(received.some(({ path }) => path === "/calls"))
        }),
      own
    )
  })

  it.effect("that is not answered in time has an unknown outcome, and is placed once", () =>
    account(
      () => "silence",
      (provider, { received, arrived }) =>
        Effect.gen(function* () {
          const placing = yield* Effect.forkChild(Effect.flip(provider.placeCall(dial)))
          yield* arrived(1)
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual((yield* Fiber.join(placing)).kind, "unknown-outcome")
          assert.strictEqual(received.length, 1)
        })
    )
  )

  it.live("that Telnyx took on without an id has an unknown outcome", () =>
    account(
      () => data({ record_type: "call", call_control_id: "" }),
      (provider) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(provider.placeCall(dial))).kind, "unknown-outcome")
        })
    )
  )

  for (const [status, code, kind, tries] of [
    [401, "10009", "credentials", 1],
    [403, "10010", "credentials", 1],
    [422, "10016", "rejected", 1],
    [422, "85004", "rejected", 1],
    [403, "D38", "rejected", 1],
    [403, "D1", "rate-limited", 1],
    [422, "90041", "rate-limited", 1],
    [429, "10011", "rate-limited", 4],
    [422, "99999", "rejected", 1],
    [500, "10007", "unavailable", 1],
    [504, "10007", "unknown-outcome", 1]
  ] as const) {
    it.live(`refused with ${status} ${code} is ${kind}, with a next step, and nothing of Telnyx's text`, () =>
      account(
        () => telnyxError(status, code),
        (provider, { received }) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.placeCall(dial))
            assert.strictEqual(error.kind, kind)
            assert.strictEqual(error.code, code)
            assert.match(error.message, new RegExp(`^Telnyx error ${code}.+\\.$`))
            for (const secret of [apiKey, callControlId, "+15551230002"])
              assert.notInclude(JSON.stringify(error) + error.stack, secret)
            assert.strictEqual(received.length, tries)
          })
      )
    )
  }
})

describe("picking up and turning away: Telnyx reads no reply", () => {
  const pickUp: PickUp = {
    callId: "run-42",
    mediaUrl: "wss://voice.example.com/api/v1/telephony/ws/ticket",
    links,
    call
  }
  const inbound: InboundCall = { providerCallId: callControlId, from: "+1", to: "+2", details: {} }

  it.live("answers with the stream and where to report from now on", () =>
    account(
      () => accepted,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* has(provider.pickUp)(pickUp)
          assert.strictEqual(received[0]?.path, `${callPath}/actions/answer`)
          assert.deepStrictEqual(jsonOf(received[0]), { ...streamFields, command_id: commandId("run-42", "answer") })
          assert.deepStrictEqual(provider.answer(pickUp), { status: 204, body: "" })
          assert.deepStrictEqual(provider.reject("busy"), { status: 204, body: "" })
        })
    )
  )

  it.live("sends the same command again when Telnyx is unavailable", () =>
    account(
      (_, earlier) => (earlier === 0 ? { status: 503, text: "" } : accepted),
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* has(provider.pickUp)(pickUp)
          assert.strictEqual(received.length, 2)
          assert.deepStrictEqual(jsonOf(received[1]), jsonOf(received[0]))
        })
    )
  )

  it.live("finds out that the caller has given up", () =>
    account(
      () => telnyxError(422, "90018"),
      (provider) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(has(provider.pickUp)(pickUp))).kind, "not-found")
          yield* has(provider.turnAway)(inbound, "no-agent")
        })
    )
  )

  for (const [refusal, cause] of [
    ["busy", "USER_BUSY"],
    ["draining", "USER_BUSY"],
    ["unknown-number", "CALL_REJECTED"],
    ["no-agent", "CALL_REJECTED"],
    ["inactive", "CALL_REJECTED"],
    ["not-allowed", "CALL_REJECTED"]
  ] as const) {
    it.live(`rejects a call as ${cause} for ${refusal}`, () =>
      account(
        () => accepted,
        (provider, { received }) =>
          Effect.gen(function* () {
            yield* has(provider.turnAway)(inbound, refusal)
            assert.strictEqual(received[0]?.path, `${callPath}/actions/reject`)
            assert.deepInclude(jsonOf(received[0]), { cause })
          })
      )
    )
  }
})

describe("hanging up", () => {
  it.live("is a command with the call's id encoded, which has a colon", () =>
    account(
      () => accepted,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.hangUp(call)
          assert.include(received[0]?.path, "v3%3A")
          assert.strictEqual(received[0]?.path, `${callPath}/actions/hangup`)
          assert.deepInclude(jsonOf(received[0]), { command_id: commandId("run-42", "hangup") })
        })
    )
  )

  for (const [status, code] of [
    [422, "90018"],
    [404, "10005"],
    [422, "90015"]
  ] as const) {
    it.live(`of a call that is over already (${status} ${code}) is a success`, () =>
      account(
        () => telnyxError(status, code),
        (provider) => provider.hangUp(call)
      )
    )
  }

  it.live("is refused with a wrong key, and for another reason than the end", () =>
    Effect.gen(function* () {
      for (const [status, code, kind] of [
        [401, "10009", "credentials"],
        [422, "10015", "rejected"]
      ] as const) {
        const error = yield* account(
          () => telnyxError(status, code),
          (provider) => Effect.flip(provider.hangUp(call))
        )
        assert.strictEqual(error.kind, kind)
      }
    })
  )

  it.live("of a call whose dial was lost finds it by our own state; where there is none it says so", () =>
    Effect.gen(function* () {
      const lost = { ...call, providerCallId: undefined }
      const active = [
        { call_control_id: "v3:other", client_state: clientState({ call: "run-41" }) },
        { call_control_id: callControlId, client_state: clientState({ call: "run-42" }) }
      ]
      const paths = yield* account(
        ({ method }) => (method === "GET" ? data(active) : accepted),
        (provider, { received }) => Effect.map(provider.hangUp(lost), () => received.map(({ path }) => path))
      )
      assert.match(paths[0] ?? "", new RegExp(`^/connections/${connectionId}/active_calls\\?`))
      assert.strictEqual(paths[1], `${callPath}/actions/hangup`)
      const error = yield* account(
        () => data([]),
        (provider) => Effect.flip(provider.hangUp(lost))
      )
      assert.strictEqual(error.kind, "not-found")
    })
  )
})

const ask = (json: unknown, reference = call) =>
  account(
    () => data(json),
    (provider) => provider.callStatus(reference)
  )

const asked = (status: number, code: string) =>
  account(
    () => telnyxError(status, code),
    (provider) => Effect.result(provider.callStatus(call))
  )

describe("asking for the state of a call, for which Telnyx has no word", () => {
  const up = { record_type: "call", call_control_id: callControlId, is_alive: true, call_duration: 5 }
  const over = { ...up, is_alive: false, call_duration: 12, end_time: "2025-11-23T03:31:10Z" }
  const answered = { ...call, memory: { answered_at: "2025-11-23T03:30:00Z" } }

  it.live("tells that it is up, and in progress if its answer was told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ask(up), {
        providerCallId: callControlId,
        status: undefined,
        rawStatus: "up",
        dedupeKey: `poll:${callControlId}:up`
      })
      assert.strictEqual((yield* ask(up, answered))?.status, "in-progress")
      // So it looks when its dial was just taken on.
      assert.isUndefined((yield* ask({ call_control_id: callControlId, is_alive: false }))?.status)
    })
  )

  it.live("tells that it is over, and how long it was up", () =>
    Effect.gen(function* () {
      const report = yield* ask(over)
      assert.strictEqual(report?.status, "completed")
      assert.strictEqual(report?.durationMs, 12_000)
      assert.strictEqual((yield* ask({ ...over, call_duration: 0 }))?.status, "no-answer")
      assert.strictEqual((yield* ask({ ...over, call_duration: 0 }, answered))?.status, "completed")
    })
  )

  it.live("a call that Telnyx does not know is undefined, an error stays one", () =>
    Effect.gen(function* () {
      const gone = yield* asked(404, "10005")
      assert.isTrue(gone._tag === "Success" && gone.success === undefined)
      assert.strictEqual((yield* asked(401, "10009"))._tag, "Failure")
    })
  )

  it.live("a dial whose answer was lost is looked for among the calls that are up, page by page", () =>
    Effect.gen(function* () {
      const mine = { call_control_id: callControlId, client_state: clientState({ call: "run-42" }) }
      const lost = { ...call, providerCallId: undefined }
      const found = yield* account(
        ({ path }) => {
          if (path === callPath) return data(up)
          const page = { total_pages: 2, page_number: 1 }
          return path.includes("page%5Bnumber%5D=2")
            ? { status: 200, json: { data: [mine], meta: page } }
            : { status: 200, json: { data: [{ ...mine, client_state: null }], meta: page } }
        },
        (provider) => provider.callStatus(lost)
      )
      assert.strictEqual(found?.providerCallId, callControlId)
      assert.isUndefined(yield* ask([], lost))
    })
  )
})

describe("sending digits", () => {
  it.live("is sent once, without an id that would swallow the same digits again", () =>
    account(
      () => accepted,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* has(provider.sendDigits)(call, "1234#")
          assert.strictEqual(received[0]?.path, `${callPath}/actions/send_dtmf`)
          assert.deepStrictEqual(jsonOf(received[0]), { digits: "1234#" })
        })
    )
  )

  it.live("is not repeated blindly", () =>
    account(
      () => ({ status: 503, text: "" }),
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* Effect.flip(has(provider.sendDigits)(call, "1"))
          assert.strictEqual(received.length, 1)
        })
    )
  )
})

describe("ids and states of ours", () => {
  it("are the same for the same command, and others for others, in the form of a UUID", () => {
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
    assert.match(commandId("run-42", "answer"), uuid)
    assert.strictEqual(commandId("run-42", "answer"), commandId("run-42", "answer"))
    const all = ["run-42", "run-43"].flatMap((id) => ["dial", "answer"].map((command) => commandId(id, command)))
    assert.strictEqual(new Set(all).size, 4)
  })

  it("are read back, and nothing else is", () => {
    for (const subject of [{ call: "run-42" }, { transfer: "é" }])
      assert.deepStrictEqual(subjectOf(clientState(subject)), subject)
    for (const state of [null, undefined, "", "***", "e30=", "eyJydW4iOjQyfQ=="]) assert.isUndefined(subjectOf(state))
  })
})

const tested = (answers: { readonly balance?: unknown; readonly application?: unknown }, values = stored) =>
  account(
    ({ path }) =>
      path === "/balance"
        ? data(answers.balance ?? { balance: "300.00", currency: "USD" })
        : answers.application === undefined
          ? telnyxError(404, "10005")
          : data(answers.application),
    (provider) => provider.testConnection,
    values
  )

describe("testing the connection", () => {
  const application = {
    id: connectionId,
    application_name: "mine",
    active: true,
    outbound: { outbound_voice_profile_id: "1" }
  }

  it.live("is content with a key and a whole application", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* tested({ application }), {
        ok: true,
        message: "Telnyx accepts the credentials.",
        warnings: []
      })
    })
  )

  it.live("names a wrong connection id and one that is switched off", () =>
    Effect.gen(function* () {
      assert.include((yield* tested({})).message, "connection ID")
      assert.isFalse((yield* tested({})).ok)
      assert.isFalse((yield* tested({ application: { ...application, active: false } })).ok)
    })
  )

  it.live("warns of what is still missing", () =>
    Effect.gen(function* () {
      const { webhook_public_key: _key, ...keyless } = stored
      assert.strictEqual((yield* tested({ application }, keyless)).warnings.length, 1)
      assert.strictEqual((yield* tested({ application: { ...application, outbound: null } })).warnings.length, 1)
      const { connection_id: _id, ...own } = stored
      const none = yield* tested({ application: [] }, own)
      assert.isTrue(none.ok)
      assert.strictEqual(none.warnings.length, 1)
    })
  )

  it.live("does not call an unreachable Telnyx wrong credentials", () =>
    Effect.gen(function* () {
      const refused = yield* account(
        () => telnyxError(401, "10009"),
        (provider) => provider.testConnection
      )
      assert.isFalse(refused.ok)
      assert.include(refused.message, "10009")
      const error = yield* account(
        () => ({ status: 500, text: "" }),
        (provider) => Effect.flip(provider.testConnection)
      )
      assert.strictEqual(error.kind, "unavailable")
    })
  )
})
