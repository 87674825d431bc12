import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, configurationId, connectionId, data, has, stored, telnyxError } from "./account.ts"

interface Holding {
  number?: Record<string, unknown> | undefined
  applications?: Array<Record<string, unknown>>
  profiles?: ReadonlyArray<string>
  /** Telnyx answers changes of the application with what it was before. */
  ignores?: boolean
}

const number = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: "1293384261075731499",
  record_type: "phone_number",
  phone_number: "+15551230001",
  status: "active",
  connection_id: "",
  tags: [],
  ...changes
})

const application = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: connectionId,
  record_type: "call_control_application",
  application_name: "mine",
  active: true,
  webhook_event_url: "https://old.example.org/hook",
  webhook_api_version: "2",
  call_cost_in_webhooks: false,
  outbound: { channel_limit: 10, outbound_voice_profile_id: "1911630617284445511" },
  ...changes
})

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const read = (body: string) => Schema.decodeUnknownSync(Json)(body)

/** An account with this in it, that does what changes say. */
const holding = (state: Holding) => {
  const applications = state.applications ?? [application()]
  const changes: Array<readonly [path: string, body: Readonly<Record<string, unknown>>]> = []
  const behave = ({ method, path, body }: Received): Behaviour => {
    if (method !== "GET") changes.push([`${method} ${path}`, read(body)])
    if (path.startsWith("/outbound_voice_profiles")) return data((state.profiles ?? []).map((id) => ({ id })))
    if (path.startsWith("/phone_numbers?")) {
      const others = [number({ id: "1", phone_number: "+155512300012" })]
      return data([...others, ...(state.number === undefined ? [] : [state.number])])
    }
    if (path.startsWith("/phone_numbers/")) return data({ ...state.number, ...read(body) })
    if (path.startsWith("/call_control_applications?")) return data(applications)
    if (path === "/call_control_applications") {
      const made = { ...application({ webhook_event_url: null, outbound: {} }), id: "777", ...read(body) }
      applications.push(made)
      return data(made, 201)
    }
    const found = applications.find(({ id }) => path === `/call_control_applications/${String(id)}`)
    if (found === undefined) return telnyxError(404, "10005")
    if (method === "PATCH" && state.ignores !== true) Object.assign(found, read(body))
    return data(found)
  }
  return { behave, changes, applications }
}

const change: ConfigureInbound = {
  address: "+15551230001",
  addressType: "pstn",
  webhookUrl: `https://voice.example.com/api/v1/telephony/inbound/telnyx/${configurationId}.signature`,
  statusUrl: "https://voice.example.com/api/v1/telephony/telnyx/number-status/token",
  ownUrlPrefix: "https://voice.example.com/api/v1/telephony/"
}

const configure = (held: ReturnType<typeof holding>, wanted: ConfigureInbound = change, values: FormValues = stored) =>
  account(held.behave, (provider) => has(provider.configureInbound)(wanted), values)

const { connection_id: _, ...own } = stored

describe("owning a number", () => {
  it.live("means holding exactly it: Telnyx's filter also finds parts", () =>
    Effect.gen(function* () {
      const owns = (held: Holding, address: string) =>
        account(holding(held).behave, (provider) => has(provider.ownsNumber)(address))
      assert.strictEqual(yield* owns({ number: number() }, "+15551230001"), "owned")
      assert.strictEqual(yield* owns({ number: number() }, "+1555123000"), "not-owned")
      assert.strictEqual(yield* owns({}, "+15551230001"), "not-owned")
      assert.strictEqual(yield* owns({ number: number() }, "sip:alice@example.com"), "unknown")
    })
  )
})

describe("attaching a number to the named application", () => {
  it.live("sets the application's webhook with the name that Telnyx demands, and binds the number", () =>
    Effect.gen(function* () {
      const held = holding({ number: number() })
      const result = yield* configure(held)
      assert.isTrue(result.ok)
      assert.include(result.message, "went elsewhere before")
      assert.deepStrictEqual(held.changes, [
        [
          `PATCH /call_control_applications/${connectionId}`,
          {
            application_name: "mine",
            webhook_event_url: change.webhookUrl,
            webhook_api_version: "2",
            call_cost_in_webhooks: true
          }
        ],
        ["PATCH /phone_numbers/1293384261075731499", { connection_id: connectionId }]
      ])
    })
  )

  it.live("changes nothing that is as wanted already", () =>
    Effect.gen(function* () {
      const set = application({ webhook_event_url: change.webhookUrl, call_cost_in_webhooks: true })
      const held = holding({ number: number({ connection_id: connectionId }), applications: [set] })
      assert.deepStrictEqual(yield* configure(held), { ok: true, message: "Calls to the number arrive here." })
      assert.deepStrictEqual(held.changes, [])
    })
  )

  it.live("sets the outbound profile that was entered, and keeps the limit beside it", () =>
    Effect.gen(function* () {
      const held = holding({ number: number() })
      yield* configure(held, change, { ...stored, outbound_voice_profile_id: "42" })
      assert.deepStrictEqual(held.changes[0]?.[1]["outbound"], { channel_limit: 10, outbound_voice_profile_id: "42" })
    })
  )

  it.live("of two configurations with the same application gives both the URL without a token", () =>
    Effect.gen(function* () {
      const shared = "https://voice.example.com/api/v1/telephony/inbound/telnyx"
      for (const webhook_event_url of [`${shared}/0190bbbb-0000-7000-8000-000000000002.other`, shared]) {
        const held = holding({ number: number(), applications: [application({ webhook_event_url })] })
        assert.isTrue((yield* configure(held)).ok)
        assert.strictEqual(held.applications[0]?.["webhook_event_url"], shared)
      }
      const resigned = `${shared}/${configurationId}.older-signature`
      const held = holding({ number: number(), applications: [application({ webhook_event_url: resigned })] })
      yield* configure(held)
      assert.strictEqual(held.applications[0]?.["webhook_event_url"], change.webhookUrl)
    })
  )

  const impossible: ReadonlyArray<readonly [what: string, held: Holding, words: string]> = [
    ["a number that is not there", {}, "does not belong"],
    ["a number that another connection has", { number: number({ connection_id: "5" }) }, "another connection"],
    ["an application that is not there", { number: number(), applications: [] }, "connection ID"]
  ]
  for (const [what, held, words] of impossible) {
    it.live(`does not work for ${what}, and changes nothing`, () =>
      Effect.gen(function* () {
        const carrier = holding(held)
        const result = yield* configure(carrier)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(carrier.changes, [])
      })
    )
  }

  for (const [what, held, words] of [
    ["Telnyx did not keep the webhook", { ignores: true }, "did not keep"],
    ["the application is switched off", { applications: [application({ active: false })] }, "switched off"],
    ["the number is not active yet", { number: number({ status: "port-pending" }) }, "port-pending"],
    ["nothing can be dialled", { applications: [application({ outbound: null })] }, "outbound voice profile"]
  ] as const) {
    it.live(`is not called done when ${what}`, () =>
      Effect.gen(function* () {
        const applications = "applications" in held ? [...held.applications] : [application()]
        const result = yield* configure(holding({ number: number(), ...held, applications }))
        assert.isFalse(result.ok)
        assert.include(result.message, words)
      })
    )
  }

  it.live("says that webhooks will be refused without the public key", () =>
    Effect.gen(function* () {
      const { webhook_public_key: _key, ...keyless } = stored
      const result = yield* configure(holding({ number: number() }), change, keyless)
      assert.isFalse(result.ok)
      assert.include(result.message, "public key")
    })
  )

  it.live("has nothing to do for other addresses", () =>
    Effect.gen(function* () {
      const held = holding({})
      assert.isTrue((yield* configure(held, { ...change, address: "100", addressType: "sip_extension" })).ok)
      assert.deepStrictEqual(held.changes, [])
    })
  )
})

describe("attaching a number without a named application", () => {
  it.live("makes one, with the account's only outbound profile, and finds it again by its name", () =>
    Effect.gen(function* () {
      const held = holding({ number: number(), applications: [], profiles: ["42"] })
      assert.isTrue((yield* configure(held, change, own)).ok)
      assert.deepStrictEqual(held.changes, [
        [
          "POST /call_control_applications",
          {
            application_name: `switchboard-${configurationId}`,
            webhook_event_url: change.webhookUrl,
            webhook_api_version: "2",
            call_cost_in_webhooks: true,
            outbound: { outbound_voice_profile_id: "42" }
          }
        ],
        ["PATCH /phone_numbers/1293384261075731499", { connection_id: "777" }]
      ])
      yield* configure(held, change, own)
      assert.strictEqual(held.applications.length, 1)
    })
  )

  it.live("with none or several profiles asks which", () =>
    Effect.gen(function* () {
      for (const profiles of [[], ["1", "2"]]) {
        const result = yield* configure(holding({ number: number(), applications: [], profiles }), change, own)
        assert.isFalse(result.ok)
        assert.include(result.message, "outbound voice profile")
      }
    })
  )

  it.live("takes no number away from another connection", () =>
    Effect.gen(function* () {
      const held = holding({ number: number({ connection_id: "5" }), applications: [] })
      assert.isFalse((yield* configure(held, change, own)).ok)
      assert.deepStrictEqual(held.changes, [])
    })
  )
})

describe("detaching a number", () => {
  it.live("changes nothing at Telnyx: the application's other numbers need its webhook", () =>
    Effect.gen(function* () {
      const held = holding({ number: number({ connection_id: connectionId }) })
      assert.isTrue((yield* configure(held, { ...change, webhookUrl: undefined })).ok)
      assert.deepStrictEqual(held.changes, [])
    })
  )
})
