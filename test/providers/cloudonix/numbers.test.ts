import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import type { Behaviour, Received } from "../../carrier/localCarrier.ts"
import { account, domain, own, stored } from "./account.ts"

const number = "+14155550123"
const ourUrl = "https://voice.example.com/api/v1/telephony/inbound/cloudonix/config-token"
const change: ConfigureInbound = {
  address: number,
  addressType: "pstn",
  webhookUrl: ourUrl,
  statusUrl: "https://voice.example.com/api/v1/telephony/cloudonix/number-status/config-token",
  ownUrlPrefix: "https://voice.example.com/api/v1/telephony/"
}

interface Holding {
  readonly applications?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly dnids?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Creates are answered without a body. */
  readonly silent?: boolean
  /** Lists of applications come under their name. */
  readonly named?: boolean
  /** Writes are answered 200 and forgotten. */
  readonly forgetful?: boolean
}

const readBody = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

const list = (items: ReadonlyArray<unknown>, name?: string): Behaviour =>
  items.length === 0
    ? { status: 404, json: { status: false, message: "not found" } }
    : { status: 200, json: name === undefined ? items : { [name]: items } }

/** A domain with these applications and DNIDs that does what it is told, as the documents say. */
const holding = (held: Holding) => {
  let applications = held.applications ?? []
  let dnids = held.dnids ?? []
  const writes: Array<readonly [request: string, body: unknown]> = []

  const write = ({ method, path, body }: Received): Behaviour => {
    const given = readBody(body)
    const request = `${method} ${path}`
    writes.push([request, given])
    const created = (json: unknown): Behaviour => (held.silent === true ? { status: 200 } : { status: 201, json })
    if (held.forgetful === true) return { status: 200 }
    if (request === `POST ${own}/applications`) {
      const application = { ...given, id: 70, uuid: "u-70", active: true }
      applications = [...applications, application]
      return created(application)
    }
    const ofApplication = new RegExp(`^POST /domains/${domain}/applications/([^/]+)/dnids$`).exec(request)?.[1]
    if (ofApplication !== undefined) {
      const application = applications.find(({ uuid }) => uuid === ofApplication)
      const dnid = { ...given, id: 90, applicationId: application?.["id"], dnid: "^\\+14155550123$", active: true }
      dnids = [...dnids, dnid]
      return created(dnid)
    }
    if (method === "PATCH") {
      const name = decodeURIComponent(path.slice(`${own}/applications/`.length))
      applications = applications.map((each) => (each["name"] === name ? { ...each, ...given } : each))
      return { status: 200 }
    }
    if (method === "PUT") {
      const id = path.slice(`${own}/dnids/`.length)
      dnids = dnids.map((each) => (String(each["id"]) === id ? { ...each, ...given } : each))
      return { status: 204 }
    }
    return { status: 404 }
  }

  const behave = (request: Received): Behaviour => {
    if (request.method !== "GET") return write(request)
    if (request.path === `${own}/applications`)
      return list(applications, held.named === true ? "applications" : undefined)
    return request.path === `${own}/dnids` ? list(dnids) : { status: 404 }
  }
  return { behave, writes }
}

const application = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 42,
  uuid: "u-42",
  name: "switchboard-config-1",
  type: "cxml",
  url: ourUrl,
  method: "POST",
  active: true,
  ...changes
})
const dnid = (changes: Readonly<Record<string, unknown>> = {}) => ({
  id: 9,
  domainId: 3,
  applicationId: 42,
  active: true,
  source: number,
  dnid: "^\\+14155550123$",
  global: false,
  prefix: false,
  expression: false,
  asteriskCompatible: false,
  ...changes
})

const configure = (held: ReturnType<typeof holding>, wanted: ConfigureInbound = change, values = stored) =>
  account(held.behave, (provider) => provider.configureInbound?.(wanted) ?? Effect.die("no capability"), values)
const owns = (held: Holding, address: string) =>
  account(holding(held).behave, (provider) => provider.ownsNumber?.(address) ?? Effect.die("no capability"))

describe("owning a number", () => {
  for (const [what, held] of [
    ["as it was entered", { source: number, dnid: null }],
    ["entered without plus", { source: "14155550123", dnid: null }],
    ["entered with blanks", { source: "+1 (415) 555-0123", dnid: null }],
    ["as a plain expression", { source: null, dnid: " +14155550123 " }],
    ["as an anchored expression", { source: null, dnid: "^\\+14155550123$" }],
    ["as a grouped expression", { source: null, dnid: "^(\\+14155550123)$" }]
  ] as const)
    it.live(`means having a DNID for it, ${what}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* owns({ dnids: [dnid({ source: "x", dnid: "x" }), dnid(held)] }, number), "owned")
      })
    )

  it.live("is unknown without one: Cloudonix does not know the numbers of the carrier behind a trunk", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* owns({}, number), "unknown")
      assert.strictEqual(
        yield* owns({ dnids: [dnid({ source: "+1415555012", dnid: "^\\+1415555012" })] }, number),
        "unknown"
      )
      assert.strictEqual(yield* owns({ dnids: [dnid()] }, "+1415555012"), "unknown")
      assert.strictEqual(yield* owns({ dnids: [dnid()] }, "sip:alice@example.com"), "unknown")
    })
  )
})

describe("attaching a number", () => {
  const created = { name: "switchboard-config-1", type: "cxml", url: ourUrl, method: "POST" }
  const bound = { source: number, prefix: false, expression: false, asteriskCompatible: false }

  for (const [what, options] of [
    ["", {}],
    [", also when creates are answered without a body", { silent: true }],
    [", also when the list has a name", { named: true }]
  ] as const)
    it.live(`to an empty domain creates the application and the DNID${what}`, () =>
      Effect.gen(function* () {
        const held = holding(options)
        const result = yield* configure(held)
        assert.isTrue(result.ok, result.message)
        assert.include(result.message, change.statusUrl)
        assert.deepStrictEqual(held.writes, [
          [`POST ${own}/applications`, created],
          [`POST /domains/${domain}/applications/u-70/dnids`, bound]
        ])
      })
    )

  it.live("again changes nothing", () =>
    Effect.gen(function* () {
      const held = holding({ applications: [application()], dnids: [dnid()] })
      assert.isTrue((yield* configure(held)).ok)
      assert.deepStrictEqual(held.writes, [])
    })
  )

  it.live("to the application that the configuration names, found by that name, sets its URL and POST", () =>
    Effect.gen(function* () {
      const values = { ...stored, application_name: "my agents" }
      const theirs = application({
        id: 43,
        uuid: "u-43",
        name: "my agents",
        url: "https://old.example/x",
        method: "GET"
      })
      const held = holding({ applications: [application(), theirs] })
      assert.isTrue((yield* configure(held, change, values)).ok)
      assert.deepStrictEqual(held.writes, [
        [`PATCH ${own}/applications/my%20agents`, { url: ourUrl, method: "POST" }],
        [`POST /domains/${domain}/applications/u-43/dnids`, bound]
      ])
    })
  )

  it.live("corrects the method of its application, which is GET by default", () =>
    Effect.gen(function* () {
      const held = holding({ applications: [application({ method: "GET" })], dnids: [dnid()] })
      assert.isTrue((yield* configure(held)).ok)
      assert.deepStrictEqual(held.writes, [
        [`PATCH ${own}/applications/switchboard-config-1`, { url: ourUrl, method: "POST" }]
      ])
    })
  )

  it.live("moves a DNID from an application that leads nowhere, or to us", () =>
    Effect.gen(function* () {
      for (const url of ["", null, `${change.ownUrlPrefix}inbound/cloudonix/other`]) {
        const idle = application({ id: 7, uuid: "u-7", name: "other", url })
        const held = holding({ applications: [application(), idle], dnids: [dnid({ applicationId: 7 })] })
        assert.isTrue((yield* configure(held)).ok)
        assert.deepStrictEqual(held.writes, [[`PUT ${own}/dnids/9`, { applicationId: 42 }]])
      }
    })
  )

  for (const [what, held, words] of [
    [
      "a number of somebody else's application",
      {
        applications: [application({ id: 7, uuid: "u-7", name: "ivr", url: "https://ivr.example/x" })],
        dnids: [dnid({ applicationId: 7 })]
      },
      '"ivr"'
    ],
    [
      "a number of an application that Cloudonix has built in, which needs no URL",
      {
        applications: [application({ id: 7, uuid: "u-7", name: "pbx", type: "Cloudonix:built-in", url: "" })],
        dnids: [dnid({ applicationId: 7 })]
      },
      '"pbx"'
    ],
    ["a DNID that is not active", { applications: [application()], dnids: [dnid({ active: false })] }, "not active"]
  ] as const)
    it.live(`does not work for ${what}, and changes nothing`, () =>
      Effect.gen(function* () {
        const carrier = holding(held)
        const result = yield* configure(carrier)
        assert.isFalse(result.ok)
        assert.include(result.message, words)
        assert.deepStrictEqual(carrier.writes, [])
      })
    )

  it.live("is not called done when Cloudonix did not keep it", () =>
    Effect.gen(function* () {
      const lostUrl = holding({ applications: [application({ url: "https://old.example" })], forgetful: true })
      assert.include((yield* configure(lostUrl)).message, "did not keep")
      const lostDnid = holding({ applications: [application()], forgetful: true })
      assert.include((yield* configure(lostDnid)).message, "did not bind")
      const asleep = holding({ applications: [application({ active: false })], dnids: [dnid()] })
      assert.include((yield* configure(asleep)).message, "not active")
    })
  )

  it.live("of another kind, and detaching, need nothing from Cloudonix", () =>
    account(
      () => ({ status: 500 }),
      (provider, { received }) =>
        Effect.gen(function* () {
          for (const wanted of [
            { ...change, address: "sip:a@b.example", addressType: "sip_uri" } as const,
            { ...change, address: "100", addressType: "sip_extension" } as const,
            { ...change, webhookUrl: undefined }
          ])
            assert.isTrue((yield* provider.configureInbound?.(wanted) ?? Effect.die("no capability")).ok)
          assert.strictEqual(received.length, 0)
        })
    )
  )
})
