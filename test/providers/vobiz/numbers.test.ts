import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import { applicationName } from "../../../src/providers/vobiz/application.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, base, stored } from "./account.ts"

const number = (changes: object = {}) => ({
  e164: "+911140000001",
  status: "active",
  application_id: null,
  is_blocked: false,
  is_trial_number: false,
  ...changes
})
const name = applicationName("config-1")
const change: ConfigureInbound = {
  address: "+911140000001",
  addressType: "pstn",
  webhookUrl: "https://voice.example.com/t/inbound/vobiz/token",
  statusUrl: "https://voice.example.com/t/vobiz/number-status/token",
  ownUrlPrefix: "https://voice.example.com/t/"
}
const detach: ConfigureInbound = { ...change, webhookUrl: undefined }
const ours = { app_id: "204", app_name: name, answer_url: change.webhookUrl, hangup_url: change.statusUrl }

interface Held {
  readonly number?: ReturnType<typeof number>
  readonly applications?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly attaching?: Behaviour
}

/** An account that holds a number and some applications. The list of numbers also has a neighbour that is only like it. */
const holding = ({ applications = [], attaching, number: held }: Held) => {
  let known = [...applications]
  return ({ body, method, path }: Received): Behaviour => {
    if (path.startsWith(`${base}/numbers?`)) {
      const items = [number({ e164: "+9111400000012" }), ...(held === undefined ? [] : [held])]
      return { status: 200, json: { items, page: 1, per_page: 100, total: items.length } }
    }
    if (path.endsWith("/application"))
      return attaching ?? { status: method === "DELETE" ? 204 : 200, ...(method === "DELETE" ? {} : { json: {} }) }
    if (path.startsWith(`${base}/Application/?`)) return { status: 200, json: { objects: known } }
    if (path === `${base}/Application/`) {
      known = [...known, { ...JSON.parse(body), app_id: "999" }]
      return { status: 201, json: { app_id: "999" } }
    }
    const found = known.find(({ app_id }) => path === `${base}/Application/${String(app_id)}/`)
    return found === undefined ? { status: 404, json: {} } : { status: method === "POST" ? 202 : 200, json: found }
  }
}

const configured = (held: Held, wanted: ConfigureInbound, values = stored) =>
  account(
    holding(held),
    (provider, received) =>
      Effect.map(provider.configureInbound?.(wanted) ?? Effect.die("no capability"), (sync) => ({
        ...sync,
        writes: received
          .filter(({ method }) => method !== "GET")
          .map(({ method, path }) => `${method} ${path.slice(base.length)}`),
        bodies: received.filter(({ method }) => method === "POST").map(({ body }): unknown => JSON.parse(body))
      })),
    values
  )

const attached = "/numbers/%2B911140000001/application"

describe("owning a number", () => {
  it.live("means holding exactly it, though Vobiz also finds its neighbours; further pages are read", () =>
    Effect.gen(function* () {
      const owns = (held: Held, address: string) =>
        account(holding(held), (provider) => provider.ownsNumber?.(address) ?? Effect.die("no capability"))
      assert.strictEqual(yield* owns({ number: number() }, "+911140000001"), "owned")
      assert.strictEqual(yield* owns({}, "+911140000001"), "not-owned")
      assert.strictEqual(yield* owns({}, "sip:a@b.example"), "unknown")
      const paged = yield* account(
        ({ path }) => ({
          status: 200,
          json: { items: [number(path.includes("page=2") ? {} : { e164: "+9111" })], total: 101 }
        }),
        (provider, received) =>
          Effect.map(provider.ownsNumber?.("+911140000001") ?? Effect.die("no capability"), (answer) => [
            answer,
            received[1]?.path
          ])
      )
      assert.deepStrictEqual(paged, ["owned", `${base}/numbers?page=2&per_page=100&search=%2B911140000001`])
    })
  )

  it.live("that cannot be looked up is an error, not a stranger's", () =>
    account(
      () => ({ status: 401, json: { message: "x" } }),
      (provider) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provider.ownsNumber?.("+911140000001") ?? Effect.die("no capability"))
          assert.strictEqual(error.kind, "credentials")
        })
    )
  )
})

describe("attaching a number", () => {
  it.live("makes an application of the configuration's own name, with both URLs", () =>
    Effect.gen(function* () {
      assert.match(name, /^switchboard-[0-9a-f]{12}$/)
      const result = yield* configured({ number: number() }, change)
      assert.isTrue(result.ok)
      assert.deepStrictEqual(result.writes, ["POST /Application/", `POST ${attached}`])
      assert.deepStrictEqual(result.bodies, [
        {
          app_name: name,
          answer_url: change.webhookUrl,
          answer_method: "POST",
          hangup_url: change.statusUrl,
          hangup_method: "POST"
        },
        { application_id: "999" }
      ])
    })
  )

  it.live("finds it again, and points it here after the number is attached", () =>
    Effect.gen(function* () {
      const again = yield* configured({ number: number(), applications: [ours] }, change)
      assert.deepStrictEqual(again.writes, [`POST ${attached}`])
      const old = { ...ours, answer_url: "https://old.example/x", hangup_url: "https://old.example/x" }
      const moved = yield* configured({ number: number(), applications: [old] }, change)
      assert.deepStrictEqual(moved.writes, [`POST ${attached}`, "POST /Application/204/"])
      assert.deepInclude(moved.bodies[1], { answer_url: change.webhookUrl, hangup_url: change.statusUrl })
    })
  )

  it.live("uses the application that was entered, and leaves a hangup URL of others alone", () =>
    Effect.gen(function* () {
      const theirs = { app_id: "55", answer_url: "https://old.example/a", hangup_url: "https://billing.example/h" }
      const held = { number: number(), applications: [ours, theirs] }
      const result = yield* configured(held, change, { ...stored, application_id: "55" })
      assert.isTrue(result.ok)
      assert.include(result.message, "hangup URL")
      assert.deepStrictEqual(result.bodies, [
        { application_id: "55" },
        { answer_url: change.webhookUrl, answer_method: "POST" }
      ])
    })
  )

  for (const [what, held, words] of [
    ["a number that is not there", {}, "does not belong"],
    ["a trial number", { number: number({ is_trial_number: true }) }, "trial"],
    ["a blocked number", { number: number({ is_blocked: true }) }, "blocked"],
    ["a number that is not active", { number: number({ status: "pending_kyc" }) }, "not active"]
  ] as const) {
    it.live(`does not work for ${what}, and changes nothing`, () =>
      Effect.gen(function* () {
        const result = yield* configured(held, change)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(result.writes, [])
      })
    )
  }

  for (const [status, json, words] of [
    [409, { error: "already attached" }, "another application"],
    [409, { error: "did_cool_off_in_effect" }, "cool-off"],
    [404, { error: "no" }, "does not find"]
  ] as const) {
    it.live(`that Vobiz refuses with ${status} ${json.error} says so, and leaves the siblings' URL alone`, () =>
      Effect.gen(function* () {
        const old = { ...ours, answer_url: "https://old.example/x" }
        const result = yield* configured({ number: number(), applications: [old], attaching: { status, json } }, change)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(result.writes, [`POST ${attached}`])
      })
    )
  }

  it.live("has nothing to do for other addresses", () =>
    Effect.gen(function* () {
      const result = yield* configured({}, { ...change, address: "sip:a@b.example", addressType: "sip_uri" })
      assert.isTrue(result.ok)
      assert.deepStrictEqual(result.writes, [])
    })
  )
})

describe("detaching a number", () => {
  it.live("takes it away from what announces its calls here, and keeps the application", () =>
    Effect.gen(function* () {
      const held = { number: number({ application_id: "204" }), applications: [ours] }
      const result = yield* configured(held, detach)
      assert.isTrue(result.ok)
      assert.deepStrictEqual(result.writes, [`DELETE ${attached}`])
      assert.isTrue((yield* configured({ ...held, attaching: { status: 404, json: {} } }, detach)).ok)
    })
  )

  it.live("never takes it away from others; what is gone is a success", () =>
    Effect.gen(function* () {
      const others = { ...ours, answer_url: "https://voice.example.com.evil.example/t/" }
      for (const held of [
        { number: number({ application_id: "204" }), applications: [others] },
        { number: number() },
        {}
      ]) {
        const result = yield* configured(held, detach)
        assert.isTrue(result.ok)
        assert.deepStrictEqual(result.writes, [])
      }
    })
  )

  it.live("that fails is an error, so that nobody believes it done", () =>
    Effect.gen(function* () {
      const held = {
        number: number({ application_id: "204" }),
        applications: [ours],
        attaching: { status: 403, json: {} }
      }
      assert.strictEqual((yield* Effect.flip(configured(held, detach)))._tag, "CarrierError")
    })
  )
})

const tested = (behaviour: Behaviour, values = stored) =>
  account(
    () => behaviour,
    (provider) => provider.testConnection,
    values
  )

describe("testing the connection", () => {
  it.live("tells good, doubtful and refused accounts apart", () =>
    Effect.gen(function* () {
      const good = yield* tested({ status: 200, json: { items: [number()], total: 1 } })
      assert.deepStrictEqual(good, { ok: true, message: "Vobiz accepts the credentials.", warnings: [] })
      const { default_country: _, ...values } = stored
      const doubtful = yield* tested({ status: 200, json: { items: [number({ is_trial_number: true })] } }, values)
      assert.strictEqual(doubtful.warnings.length, 2)
      const refused = yield* tested({ status: 401, json: { message: "no" } })
      assert.isFalse(refused.ok)
      assert.include(refused.message, "auth token")
    })
  )
})
