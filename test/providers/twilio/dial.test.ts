import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { parseForm } from "../../../src/carrier/forms.ts"
import type { PlaceCall } from "../../../src/carrier/TelephonyProvider.ts"
import { account, accountSid, authToken, base, callResource, callSid, stored, twilioError } from "./account.ts"

const dial: PlaceCall = {
  callId: "run-42",
  from: "+14155550123",
  to: "+442071838750",
  links: {
    answer: "https://voice.example.com/api/v1/telephony/answer/token",
    route: (path) => `https://voice.example.com/api/v1/telephony/twilio${path}/token`
  },
  mediaUrl: Effect.die("Twilio is told where to stream when it asks"),
  ringTimeoutSeconds: 45,
  maxDurationSeconds: 3600
}

const created = { status: 201, json: callResource() } as const

describe("placing a call", () => {
  it.live("sends what Twilio needs, repeated events and our URLs, under the account's credentials", () =>
    account(
      () => created,
      (provider, { received }) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* provider.placeCall(dial), { providerCallId: callSid, rawStatus: "queued" })
          const [request] = received
          assert.strictEqual(request?.method, "POST")
          assert.strictEqual(request?.path, `${base}/Calls.json`)
          assert.strictEqual(
            request?.headers.authorization,
            `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`
          )
          assert.deepStrictEqual(parseForm(request?.body ?? ""), [
            ["To", "+442071838750"],
            ["From", "+14155550123"],
            ["Url", "https://voice.example.com/api/v1/telephony/answer/token"],
            ["Method", "POST"],
            ["StatusCallback", "https://voice.example.com/api/v1/telephony/twilio/status/token"],
            ["StatusCallbackMethod", "POST"],
            ["StatusCallbackEvent", "initiated"],
            ["StatusCallbackEvent", "ringing"],
            ["StatusCallbackEvent", "answered"],
            ["StatusCallbackEvent", "completed"],
            ["Timeout", "45"],
            ["TimeLimit", "3600"]
          ])
        })
    )
  )

  it.live("detects machines without delaying the call, when the account wants it", () =>
    account(
      () => created,
      (provider, { received }) =>
        Effect.gen(function* () {
          yield* provider.placeCall({ ...dial, ringTimeoutSeconds: 9999, maxDurationSeconds: 1e9 })
          const fields = parseForm(received[0]?.body ?? "") ?? []
          assert.deepStrictEqual(fields.slice(-6), [
            ["Timeout", "600"],
            ["TimeLimit", "86400"],
            ["MachineDetection", "Enable"],
            ["AsyncAmd", "true"],
            ["AsyncAmdStatusCallback", "https://voice.example.com/api/v1/telephony/twilio/amd/token"],
            ["AsyncAmdStatusCallbackMethod", "POST"]
          ])
        }),
      { ...stored, amd_enabled: true }
    )
  )

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

  it.live("that Twilio took on in words we cannot read has an unknown outcome", () =>
    account(
      () => ({ status: 201, text: "<html>" }),
      (provider) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(provider.placeCall(dial))).kind, "unknown-outcome")
        })
    )
  )

  for (const [status, code, kind, tries] of [
    [401, 20003, "credentials", 1],
    [400, 21211, "rejected", 1],
    [400, 21219, "rejected", 1],
    [404, 20404, "not-found", 1],
    [429, 20429, "rate-limited", 4],
    [400, 29999, "rejected", 1],
    [500, 20500, "unavailable", 1]
  ] as const) {
    it.live(`refused with ${code} is ${kind}, with the code and a next step, and nothing of Twilio's text`, () =>
      account(
        () => twilioError(status, code),
        (provider, { received }) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(provider.placeCall(dial))
            assert.strictEqual(error.kind, kind)
            assert.strictEqual(error.code, String(code))
            assert.strictEqual(error.httpStatus, status)
            assert.match(error.message, new RegExp(`^Twilio error ${code}.+\\.$`))
            assert.notInclude(JSON.stringify(error) + error.stack, accountSid)
            assert.notInclude(JSON.stringify(error) + error.stack, "+442071838750")
            assert.strictEqual(received.length, tries)
          })
      )
    )
  }
})
