import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type FormFields, parseForm, singleField } from "../../../src/carrier/forms.ts"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, base } from "./account.ts"

const number = (changes: Readonly<Record<string, unknown>> = {}) => ({
  sid: "PN00000000000000000000000000000003",
  phone_number: "+14155550123",
  capabilities: { voice: true, sms: true },
  voice_url: "",
  voice_application_sid: "",
  trunk_sid: null,
  status_callback: "",
  ...changes
})

/** An account that holds one number (or none) and does what updates say; `ignores` are fields that it does not keep. */
const holding = (
  held: ReturnType<typeof number> | undefined,
  options: { readonly verified?: string; readonly ignores?: boolean } = {}
) => {
  let state = held
  const updates: Array<FormFields> = []
  const behave = ({ method, path, body }: Received): Behaviour => {
    if (path.startsWith(`${base}/IncomingPhoneNumbers.json`)) {
      const others = [number({ sid: "PNother", phone_number: "+141555501234" })]
      return {
        status: 200,
        json: { incoming_phone_numbers: [...others, ...(state === undefined ? [] : [state])], next_page_uri: null }
      }
    }
    if (path.startsWith(`${base}/OutgoingCallerIds.json`)) {
      return {
        status: 200,
        json: { outgoing_caller_ids: options.verified === undefined ? [] : [{ phone_number: options.verified }] }
      }
    }
    if (path !== `${base}/IncomingPhoneNumbers/${held?.sid}.json` || state === undefined)
      return { status: 404, text: "" }
    if (method === "POST") {
      const fields = parseForm(body) ?? []
      updates.push(fields)
      const after = {
        ...state,
        voice_url: singleField(fields, "VoiceUrl") ?? state.voice_url,
        status_callback: singleField(fields, "StatusCallback") ?? state.status_callback
      }
      if (options.ignores !== true) state = after
    }
    return { status: 200, json: state }
  }
  return { behave, updates }
}

const change: ConfigureInbound = {
  address: "+14155550123",
  addressType: "pstn",
  webhookUrl: "https://voice.example.com/api/v1/telephony/inbound/twilio",
  statusUrl: "https://voice.example.com/api/v1/telephony/twilio/number-status",
  ownUrlPrefix: "https://voice.example.com"
}
const detach: ConfigureInbound = { ...change, webhookUrl: undefined }

const configure = (held: ReturnType<typeof holding>, wanted: ConfigureInbound) =>
  account(held.behave, (provider) => provider.configureInbound?.(wanted) ?? Effect.die("no capability"))

const owns = (held: ReturnType<typeof holding>, address: string) =>
  account(held.behave, (provider) => provider.ownsNumber?.(address) ?? Effect.die("no capability"))

describe("owning a number", () => {
  it.live("means holding exactly it, or being verified to show it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* owns(holding(number()), "+14155550123"), "owned")
      assert.strictEqual(yield* owns(holding(number()), "+1415555012"), "not-owned")
      assert.strictEqual(yield* owns(holding(undefined), "+14155550123"), "not-owned")
      assert.strictEqual(yield* owns(holding(undefined, { verified: "+14155550123" }), "+14155550123"), "owned")
      assert.strictEqual(yield* owns(holding(undefined, { verified: "+14155550124" }), "+14155550123"), "not-owned")
      assert.strictEqual(yield* owns(holding(number()), "sip:alice@example.com"), "unknown")
    })
  )

  it.live("is looked for on further pages", () =>
    Effect.gen(function* () {
      const owned = yield* account(
        ({ path }) =>
          path.includes("Page=1")
            ? { status: 200, json: { incoming_phone_numbers: [number()], next_page_uri: null } }
            : {
                status: 200,
                json: {
                  incoming_phone_numbers: [],
                  next_page_uri: `${base}/IncomingPhoneNumbers.json?Page=1&PageToken=PA1`
                }
              },
        (provider, { received }) =>
          Effect.map(provider.ownsNumber?.("+14155550123") ?? Effect.die("no capability"), (answer) => [
            answer,
            received.map(({ path }) => path.slice(base.length))
          ])
      )
      assert.deepStrictEqual(owned, [
        "owned",
        ["/IncomingPhoneNumbers.json?PhoneNumber=%2B14155550123", "/IncomingPhoneNumbers.json?Page=1&PageToken=PA1"]
      ])
    })
  )
})

describe("attaching a number", () => {
  it.live("sets the webhook and the status callback, and reads them back", () =>
    Effect.gen(function* () {
      const held = holding(number())
      assert.isTrue((yield* configure(held, change)).ok)
      assert.deepStrictEqual(held.updates, [
        [
          ["VoiceUrl", "https://voice.example.com/api/v1/telephony/inbound/twilio"],
          ["VoiceMethod", "POST"],
          ["StatusCallback", change.statusUrl],
          ["StatusCallbackMethod", "POST"]
        ]
      ])
    })
  )

  it.live("leaves a status callback of others alone, and says so", () =>
    Effect.gen(function* () {
      const held = holding(number({ status_callback: "https://billing.example.org/calls" }))
      const result = yield* configure(held, change)
      assert.isTrue(result.ok)
      assert.include(result.message, "status callback")
      assert.deepStrictEqual(
        held.updates[0]?.map(([name]) => name),
        ["VoiceUrl", "VoiceMethod"]
      )
    })
  )

  for (const [what, held, words] of [
    ["a number on a SIP trunk", number({ trunk_sid: "TK1" }), "SIP trunk"],
    ["a number on a TwiML application", number({ voice_application_sid: "AP1" }), "TwiML application"],
    ["a number without voice", number({ capabilities: { voice: false } }), "voice"],
    ["a number that is not there", undefined, "does not belong"]
  ] as const) {
    it.live(`does not work for ${what}, and changes nothing`, () =>
      Effect.gen(function* () {
        const carrier = holding(held)
        const result = yield* configure(carrier, change)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(carrier.updates, [])
      })
    )
  }

  it.live("does not work for a verified caller id, which cannot receive calls", () =>
    Effect.gen(function* () {
      const result = yield* configure(holding(undefined, { verified: "+14155550123" }), change)
      assert.isFalse(result.ok)
      assert.include(result.message, "verified caller id")
    })
  )

  it.live("is not called done when Twilio did not keep it", () =>
    Effect.gen(function* () {
      const result = yield* configure(holding(number(), { ignores: true }), change)
      assert.isFalse(result.ok)
      assert.include(result.message, "did not keep")
    })
  )

  it.live("has nothing to do for other addresses", () =>
    Effect.gen(function* () {
      const held = holding(undefined)
      assert.isTrue((yield* configure(held, { ...change, address: "sip:a@b.example", addressType: "sip_uri" })).ok)
      assert.isTrue((yield* configure(held, { ...change, address: "100", addressType: "sip_extension" })).ok)
    })
  )
})

describe("detaching a number", () => {
  it.live("takes away what is ours", () =>
    Effect.gen(function* () {
      const held = holding(number({ voice_url: change.webhookUrl, status_callback: change.statusUrl }))
      assert.isTrue((yield* configure(held, detach)).ok)
      assert.deepStrictEqual(held.updates, [
        [
          ["VoiceUrl", ""],
          ["StatusCallback", ""]
        ]
      ])
    })
  )

  it.live("never takes away what is not ours", () =>
    Effect.gen(function* () {
      const held = holding(
        number({ voice_url: "https://voice.example.com.evil.example/x", status_callback: "https://voice.example.co" })
      )
      assert.isTrue((yield* configure(held, detach)).ok)
      assert.deepStrictEqual(held.updates, [])
      const mixed = holding(number({ voice_url: "https://other.example/x", status_callback: change.statusUrl }))
      yield* configure(mixed, detach)
      assert.deepStrictEqual(mixed.updates, [[["StatusCallback", ""]]])
    })
  )

  it.live("of a number that is gone is a success", () =>
    Effect.gen(function* () {
      assert.isTrue((yield* configure(holding(undefined), detach)).ok)
    })
  )
})
