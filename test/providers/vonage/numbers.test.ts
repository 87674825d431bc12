import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ConfigureInbound } from "../../../src/carrier/TelephonyProvider.ts"
import type { FormValues } from "../../../src/Form.ts"
import type { Received } from "../../carrier/localCarrier.ts"
import { account, apiSecret, legList, ours, publicKey, stored } from "./account.ts"
import { apiKey, applicationId } from "./signatureVectors.ts"

const change: ConfigureInbound = {
  address: ours,
  addressType: "pstn",
  webhookUrl: "https://voice.example.com/api/v1/telephony/inbound/vonage",
  statusUrl: "https://voice.example.com/api/v1/telephony/vonage/number-status",
  ownUrlPrefix: "https://voice.example.com/api/v1/telephony/"
}

const fresh = () => ({
  id: applicationId,
  name: "My app",
  keys: { public_key: publicKey },
  privacy: { improve_ai: false },
  capabilities: {
    messages: { version: "v1" },
    voice: {
      webhooks: {
        answer_url: { address: "", http_method: "GET", connection_timeout: 500, socket_timeout: 3000 },
        fallback_answer_url: { address: "https://other.example/fallback", http_method: "GET" }
      },
      region: "eu-west",
      leg_persistence_time: 7
    }
  },
  _links: { self: { href: "/v2/applications/x" } }
})

const owned = (changes: Readonly<Record<string, unknown>> = {}) => ({
  count: 2,
  numbers: [
    { country: "US", msisdn: "155512300019", features: ["VOICE"] },
    { country: "US", msisdn: "15551230001", type: "mobile-lvn", features: ["VOICE", "SMS"], ...changes }
  ]
})

interface Fake {
  readonly application?: unknown
  readonly numbers?: unknown
  readonly forgets?: boolean
  readonly linked?: string
}

/** Applications and numbers with full replacement, as Vonage has them. */
const fake = ({ application = fresh(), numbers = owned(), forgets = false, linked = "200" }: Fake) => {
  let current = application
  return ({ method, path, body }: Received) => {
    if (path.startsWith("/account/numbers")) return { status: 200, json: numbers } as const
    if (path === "/number/update") return { status: 200, json: { "error-code": linked } } as const
    if (path.startsWith("/v1/calls")) return { status: 200, json: legList() } as const
    if (path === "/account/get-balance") return { status: 200, json: { value: 10.17, autoReload: false } } as const
    if (method === "PUT" && !forgets) current = { id: applicationId, ...JSON.parse(body) }
    return { status: 200, json: current } as const
  }
}

const configured = (as: Fake, wanted: Partial<ConfigureInbound> = {}, values: FormValues = stored) =>
  account(
    fake(as),
    (provider, { received }) =>
      Effect.map(provider.configureInbound?.({ ...change, ...wanted }) ?? Effect.die("no capability"), (sync) => ({
        ...sync,
        received,
        writes: received.filter(({ method }) => method !== "GET")
      })),
    values
  )

const withUrl = (name: "answer_url" | "event_url", address: string) => {
  const application = fresh()
  return {
    ...application,
    capabilities: {
      voice: { ...application.capabilities.voice, webhooks: { [name]: { address, http_method: "POST" } } }
    }
  }
}

describe("setting a number up", () => {
  it.live("merges our webhooks into the application, without its keys, and links the number", () =>
    Effect.gen(function* () {
      const { ok, writes, received } = yield* configured({})
      assert.isTrue(ok)
      const [update, link] = writes
      assert.strictEqual(`${update?.method} ${update?.path}`, `PUT /v2/applications/${applicationId}`)
      assert.strictEqual(
        update?.headers.authorization,
        `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString("base64")}`
      )
      assert.deepStrictEqual(JSON.parse(update?.body ?? ""), {
        name: "My app",
        privacy: { improve_ai: false },
        capabilities: {
          messages: { version: "v1" },
          voice: {
            webhooks: {
              answer_url: {
                address: change.webhookUrl,
                http_method: "POST",
                connection_timeout: 500,
                socket_timeout: 3000
              },
              fallback_answer_url: { address: "https://other.example/fallback", http_method: "GET" },
              event_url: { address: change.statusUrl, http_method: "POST" }
            },
            region: "eu-west",
            leg_persistence_time: 7,
            signed_callbacks: true
          }
        }
      })
      assert.strictEqual(link?.path, "/number/update")
      assert.strictEqual(link?.body, `country=US&msisdn=15551230001&app_id=${applicationId}`)
      assert.isTrue(
        received.some(({ path }) => path === "/account/numbers?pattern=15551230001&search_pattern=0&size=100")
      )
    })
  )

  it.live("changes nothing where all is as wanted", () =>
    Effect.gen(function* () {
      const application = fresh()
      const ready = {
        ...application,
        capabilities: {
          voice: {
            signed_callbacks: true,
            webhooks: {
              answer_url: { address: change.webhookUrl, http_method: "POST" },
              event_url: { address: change.statusUrl, http_method: "POST" }
            }
          }
        }
      }
      const { ok, writes } = yield* configured({
        application: ready,
        numbers: owned({ app_id: applicationId.toUpperCase() })
      })
      assert.isTrue(ok)
      assert.deepStrictEqual(writes, [])
    })
  )

  it.live("leaves an answer URL of somebody else alone and says whose it is, without its path", () =>
    Effect.gen(function* () {
      for (const address of ["https://other.example/answer?token=1", "https://voice.example.com.evil.example/x"]) {
        const { ok, message, writes } = yield* configured({ application: withUrl("answer_url", address) })
        assert.isFalse(ok)
        assert.include(message, new URL(address).origin)
        assert.notInclude(message, "token")
        assert.deepStrictEqual(writes, [])
      }
    })
  )

  it.live("leaves an event URL of somebody else alone and goes on", () =>
    Effect.gen(function* () {
      const address = "https://other.example/events"
      const { ok, message, writes } = yield* configured({ application: withUrl("event_url", address) })
      assert.isTrue(ok)
      assert.include(message, "https://other.example")
      assert.include(writes[0]?.body ?? "", address)
      assert.notInclude(writes[0]?.body ?? "", change.statusUrl)
    })
  )

  it.live("replaces an older address of our own", () =>
    Effect.gen(function* () {
      const old = `${change.ownUrlPrefix}inbound/run`
      assert.isTrue((yield* configured({ application: withUrl("answer_url", old) })).ok)
    })
  )

  it.live("does not take a number from another application, and names it", () =>
    Effect.gen(function* () {
      const other = "11111111-2222-3333-4444-555555555555"
      const { ok, message, writes } = yield* configured({ numbers: owned({ app_id: other }) })
      assert.isFalse(ok)
      assert.include(message, other)
      assert.deepStrictEqual(writes, [])
    })
  )

  it.live("says what is in the way", () =>
    Effect.gen(function* () {
      const { signature_secret: _, ...unsigned } = stored
      const problems = [
        yield* configured({ numbers: {} }),
        yield* configured({ numbers: owned({ features: ["SMS"] }) }),
        yield* configured({ application: { ...fresh(), capabilities: {} } }),
        yield* configured({ forgets: true }),
        yield* configured({ linked: "420" }),
        yield* configured({}, {}, unsigned)
      ]
      for (const { ok, message } of problems) {
        assert.isFalse(ok)
        assert.match(message, /^[A-Z].+\. ?.+\.$/)
      }
      assert.deepStrictEqual(problems.at(-1)?.received, [])
      assert.include(problems.at(-1)?.message ?? "", "signature secret")
    })
  )

  it.live("takes nothing away with one number: the webhook is the application's", () =>
    Effect.gen(function* () {
      const detached = yield* configured({}, { webhookUrl: undefined })
      assert.isTrue(detached.ok)
      assert.deepStrictEqual(detached.received, [])
      const extension = yield* configured({}, { address: "100", addressType: "sip_extension" })
      assert.isTrue(extension.ok)
      assert.deepStrictEqual(extension.received, [])
    })
  )
})

describe("owning a number", () => {
  it.live("is told by an exact match: the search also finds longer numbers", () =>
    Effect.gen(function* () {
      const owns = (numbers: unknown, address = ours) =>
        account(fake({ numbers }), (provider) => provider.ownsNumber?.(address) ?? Effect.die("no capability"))
      assert.strictEqual(yield* owns(owned()), "owned")
      assert.strictEqual(yield* owns({ count: 1, numbers: [{ country: "US", msisdn: "155512300019" }] }), "not-owned")
      assert.strictEqual(yield* owns({}), "not-owned")
      assert.strictEqual(yield* owns(owned(), "sip:a@pbx.example"), "unknown")
    })
  )
})

const tested = (
  as: (request: Received) => ReturnType<ReturnType<typeof fake>> | { readonly status: number },
  values = stored
) =>
  account(
    as,
    (provider, { received }) =>
      Effect.map(provider.testConnection, (outcome) => ({ ...outcome, paths: received.map(({ path }) => path) })),
    values
  )

describe("testing the connection", () => {
  it.live("asks for the application, then with its key, then for the balance", () =>
    Effect.gen(function* () {
      const { ok, warnings, paths } = yield* tested(fake({}))
      assert.isTrue(ok)
      assert.deepStrictEqual(warnings, [])
      assert.deepStrictEqual(paths, [
        `/v2/applications/${applicationId}`,
        "/v1/calls?page_size=1",
        "/account/get-balance"
      ])
    })
  )

  it.live("tells wrong keys, an unknown application, a wrong private key and a missing capability apart", () =>
    Effect.gen(function* () {
      const at = (path: string, status: number) => (request: Received) =>
        request.path.startsWith(path) ? { status } : fake({})(request)
      const messages = [
        yield* tested(at("/v2/", 401)),
        yield* tested(at("/v2/", 404)),
        yield* tested(at("/v1/", 401)),
        yield* tested(fake({ application: { ...fresh(), capabilities: {} } })),
        yield* tested(fake({ application: { ...fresh(), keys: { public_key: otherKey } } }))
      ].map(({ ok, message }) => {
        assert.isFalse(ok)
        return message
      })
      assert.include(messages[0] ?? "", "API secret")
      assert.include(messages[1] ?? "", "no application")
      assert.include(messages[2] ?? "", "private key")
      assert.include(messages[3] ?? "", "Voice capability")
      assert.include(messages[4] ?? "", "private key is not the application's")
      assert.strictEqual(new Set(messages).size, 5)
    })
  )

  it.live("warns of a missing signature secret, unsigned webhooks and an empty balance", () =>
    Effect.gen(function* () {
      const application = fresh()
      const unsigned = {
        ...application,
        capabilities: { voice: { ...application.capabilities.voice, signed_callbacks: false } }
      }
      const { signature_secret: _, ...rest } = stored
      const { ok, warnings } = yield* tested(
        (request) =>
          request.path === "/account/get-balance"
            ? ({ status: 200, json: { value: 0 } } as const)
            : fake({ application: unsigned })(request),
        rest
      )
      assert.isTrue(ok)
      assert.strictEqual(warnings.length, 3)
    })
  )

  it.live("does not call an unreachable Vonage wrong credentials", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(tested(() => ({ status: 500 })))
      assert.strictEqual(error.kind, "unavailable")
    })
  )
})

/** The public key of somebody else (RSA, 2048 bits). */
const otherKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwCxczWCJsMEr5SdJdSYO
3EslP++fnibDvwkyFFYNuvr/sqZdbd2Q2OD5OnXeaK5jfF2ReImwTQpE6J7EDMFz
yMn3f0niwQoDX39NGZ+TPqf5swvHPlRiEygiN85rJ0kk5l62cG1xHdC/Q/u/CSbP
UVgux+ZVYtSzG3Fsj91rvwKEAolqLCNXGDNnU6nt18I8qKQRikFCV0o6ohZlmzvn
qNW96QGBJzb2wX4YnwWAKNN43ylh8KLPwhUhnBWqnVrz/LlhAVO36wSxMgMDCavr
VqaqGBvJYaqnB7iVwJcCS/V4ycpO5tqLwPNuMFN2HFBBtvVNzt5+ddUt1gYh1uOA
rwIDAQAB
-----END PUBLIC KEY-----`
