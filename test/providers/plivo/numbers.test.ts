import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, authId, base, configurationId, plivoError, stored } from "./account.ts"

type Row = Readonly<Record<string, unknown>>

const readBody = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))
const root = "https://voice.example.com/api/v1/telephony"
const change = {
  address: "+14155550100",
  addressType: "pstn",
  webhookUrl: `${root}/inbound/plivo/${configurationId}.mac`,
  statusUrl: `${root}/plivo/number-status/${configurationId}.mac`,
  ownUrlPrefix: `${root}/`
} as const satisfies ConfigureInbound
const ours = {
  app_id: "20468599130939380",
  app_name: `switchboard-${configurationId}`,
  answer_url: change.webhookUrl,
  answer_method: "POST",
  hangup_url: change.statusUrl,
  hangup_method: "POST"
}
const path = (id: string) => `/v1/Account/${authId}/Application/${id}/`

/** An account at Plivo with one number and some applications, which does what it is told. */
const plivo = (number: Row | undefined, applications: ReadonlyArray<Row> = [], refuseCreate = false) => {
  let held: Row | undefined =
    number === undefined ? undefined : { number: "14155550100", voice_enabled: true, application: null, ...number }
  let apps = applications
  const log: Array<string> = []
  const behave = ({ body, method, path: target }: Received): Behaviour => {
    const [kind = "", id = ""] = target.slice(base.length).split("?")[0]?.split("/") ?? []
    const told = method === "POST" ? readBody(body) : {}
    if (method === "POST") log.push(`${kind} ${id}${id === "" ? "" : " "}${body}`)
    if (kind === "Number") {
      if (held === undefined || id !== "14155550100") return plivoError(404)
      if (method === "GET") return { status: 200, json: held }
      const link = told["app_id"]
      held = { ...held, application: typeof link === "string" ? path(link) : null }
      return { status: 202, json: { message: "changed" } }
    }
    if (id === "" && method === "GET") {
      const query = new URLSearchParams(target.split("?")[1])
      const matching = apps.filter(({ app_name }) => String(app_name).startsWith(query.get("app_name") ?? ""))
      const offset = Number(query.get("offset"))
      return { status: 200, json: { meta: {}, objects: matching.slice(offset, offset + Number(query.get("limit"))) } }
    }
    if (id === "") {
      apps = [...apps, { app_id: "777", ...told }]
      return refuseCreate ? plivoError(500) : { status: 201, json: { app_id: "777", message: "created" } }
    }
    const app = apps.find(({ app_id }) => app_id === id)
    if (app === undefined) return plivoError(404)
    apps = apps.map((each) => (each === app && method === "POST" ? { ...each, ...told } : each))
    return method === "GET" ? { status: 200, json: app } : { status: 202, json: { message: "changed" } }
  }
  return { behave, log, application: () => held?.["application"], apps: () => apps }
}

const configure = (carrier: ReturnType<typeof plivo>, wanted: ConfigureInbound = change, values: FormValues = stored) =>
  account(carrier.behave, (provider) => provider.configureInbound?.(wanted) ?? Effect.die("no capability"), values)

describe("owning a number", () => {
  it.live("means that it is on the account", () =>
    Effect.gen(function* () {
      const owns = (number: Row | undefined, address = "+14155550100") =>
        account(plivo(number).behave, (provider) => provider.ownsNumber?.(address) ?? Effect.die("no capability"))
      assert.strictEqual(yield* owns({}), "owned")
      assert.strictEqual(yield* owns(undefined), "not-owned")
      assert.strictEqual(yield* owns({}, "sip:alice@example.com"), "unknown")
      const failing = account(
        () => plivoError(401),
        (provider) => Effect.flip(provider.ownsNumber?.("+14155550100") ?? Effect.die("no capability"))
      )
      assert.strictEqual((yield* failing).kind, "credentials")
    })
  )
})

describe("attaching a number", () => {
  it.live("makes the application, links the number, and changes nothing the second time", () =>
    Effect.gen(function* () {
      const carrier = plivo({})
      assert.isTrue((yield* configure(carrier)).ok)
      assert.strictEqual(carrier.application(), path("777"))
      const { app_id: _, ...made } = ours
      assert.deepStrictEqual(carrier.apps(), [{ app_id: "777", ...made }])
      const before = [...carrier.log]
      assert.isTrue((yield* configure(carrier)).ok)
      assert.deepStrictEqual(carrier.log, before)
    })
  )

  it.live("finds its application by the exact name, also on a later page", () =>
    Effect.gen(function* () {
      const others = Array.from({ length: 20 }, (_, index) => ({
        ...ours,
        app_id: `${index + 1}`,
        app_name: `${ours.app_name}${index}`
      }))
      const carrier = plivo({}, [...others, ours])
      assert.isTrue((yield* configure(carrier)).ok)
      assert.strictEqual(carrier.application(), path(ours.app_id))
      assert.deepStrictEqual(carrier.log, [`Number 14155550100 {"app_id":"${ours.app_id}"}`])
    })
  )

  it.live("uses an application that was made though its making seemed to fail", () =>
    Effect.gen(function* () {
      const carrier = plivo({}, [], true)
      assert.isTrue((yield* configure(carrier)).ok)
      assert.strictEqual(carrier.apps().length, 1)
      assert.strictEqual(carrier.application(), path("777"))
    })
  )

  it.live("brings the URLs in step after a move of our public address, and after hangups went to the answer URL", () =>
    Effect.gen(function* () {
      const old = ours.answer_url.replace("voice", "old")
      const carrier = plivo({ application: path(ours.app_id) }, [
        { ...ours, answer_url: old, hangup_url: old, hangup_method: "GET" }
      ])
      assert.isTrue((yield* configure(carrier)).ok)
      assert.deepStrictEqual(carrier.apps(), [ours])
    })
  )

  for (const [what, answer_url, words] of [
    ["somebody else", "https://other.example.org/secret/path", "https://other.example.org,"],
    ["another host that begins like ours", "https://voice.example.com.evil.example/x", "evil.example"],
    [
      "another configuration of ours",
      `${root}/inbound/plivo/0190b3c4-0000-7000-8000-00000000000f.mac`,
      "another configuration"
    ]
  ] as const) {
    it.live(`never overwrites an application of ${what}, and says what is there`, () =>
      Effect.gen(function* () {
        const carrier = plivo({}, [{ ...ours, app_id: "55", app_name: "theirs", answer_url }])
        const result = yield* configure(carrier, change, { ...stored, application_id: "55" })
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.notInclude(result.message, "secret")
        assert.deepStrictEqual(carrier.log, [])
      })
    )
  }

  it.live("leaves a hangup URL of others alone, and says so", () =>
    Effect.gen(function* () {
      const carrier = plivo({}, [{ ...ours, hangup_url: "https://billing.example.org/calls" }])
      const result = yield* configure(carrier)
      assert.isTrue(result.ok)
      assert.include(result.message, "https://billing.example.org")
      assert.strictEqual(carrier.apps()[0]?.["hangup_url"], "https://billing.example.org/calls")
    })
  )

  it.live("tells which application a number was taken from", () =>
    Effect.gen(function* () {
      const other = { app_id: "99", app_name: "shop", answer_url: "https://shop.example.org/answer" }
      const carrier = plivo({ application: path("99") }, [other, ours])
      const result = yield* configure(carrier)
      assert.isTrue(result.ok)
      assert.include(result.message, "application 99 (https://shop.example.org)")
      assert.deepStrictEqual(carrier.apps(), [other, ours])
    })
  )

  for (const [what, number, words] of [
    ["that is not on the account", undefined, "not on this Plivo account"],
    ["without voice", { voice_enabled: false }, "voice"],
    ["on a SIP trunk", { application: "/v1/Account/MA/Zentrunk/Trunk/12/" }, "SIP trunk"]
  ] as const) {
    it.live(`does not work for a number ${what}, and changes nothing`, () =>
      Effect.gen(function* () {
        const carrier = plivo(number)
        const result = yield* configure(carrier)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(carrier.log, [])
      })
    )
  }

  it.live("does not work with a saved application that is gone", () =>
    Effect.gen(function* () {
      const carrier = plivo({})
      const result = yield* configure(carrier, change, { ...stored, application_id: "55" })
      assert.isFalse(result.ok)
      assert.include(result.message, "does not exist")
      assert.deepStrictEqual(carrier.log, [])
    })
  )

  it.live("has nothing to do for other addresses", () =>
    Effect.gen(function* () {
      assert.isTrue(
        (yield* configure(plivo(undefined), { ...change, address: "sip:a@b.example", addressType: "sip_uri" })).ok
      )
    })
  )
})

describe("detaching a number", () => {
  const detach: ConfigureInbound = { ...change, webhookUrl: undefined }

  it.live("unlinks it from our application, which stays for the other numbers", () =>
    Effect.gen(function* () {
      const carrier = plivo({ application: path(ours.app_id) }, [ours])
      assert.isTrue((yield* configure(carrier, detach)).ok)
      assert.isNull(carrier.application())
      assert.deepStrictEqual(carrier.apps(), [ours])
    })
  )

  it.live("never touches a number of another application, nor one that is gone", () =>
    Effect.gen(function* () {
      const foreign = { ...ours, answer_url: "https://other.example.org/x" }
      for (const app of [foreign, { ...ours, app_name: "switchboard-of-another" }]) {
        const carrier = plivo({ application: path(app.app_id) }, [app])
        assert.isTrue((yield* configure(carrier, detach)).ok)
        assert.deepStrictEqual(carrier.log, [])
      }
      assert.isTrue((yield* configure(plivo(undefined), detach)).ok)
      assert.isTrue((yield* configure(plivo({}), detach)).ok)
    })
  )
})
