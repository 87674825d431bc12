import { NodeHttpServer } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpRouter } from "effect/http"
import type { SqlClient } from "effect/sql"
import { AgentRegistry } from "../../src/agents/AgentRegistry.ts"
import type { AgentSpec } from "../../src/agents/AgentSpec.ts"
import { apiRoutes } from "../../src/api/ApiRoutes.ts"
import { CarrierToolkit } from "../../src/carrier/CarrierToolkit.ts"
import { ApiKeys, type Role } from "../../src/organizations/ApiKeys.ts"
import * as services from "../../src/organizations/layer.ts"
import type { ProviderSpec } from "../../src/ProviderSpec.ts"
import { Registry } from "../../src/Registry.ts"
import { Settings } from "../../src/Settings.ts"
import { fromKeys, Secrets } from "../../src/store/Secrets.ts"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { CallHistory } from "../../src/telephony/CallHistory.ts"
import { Dialer } from "../../src/telephony/Dialer.ts"
import { Doctor } from "../../src/telephony/doctor/Doctor.ts"
import { LiveCalls } from "../../src/telephony/live/LiveCalls.ts"
import { Overview } from "../../src/telephony/Overview.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Transfers } from "../../src/telephony/Transfers.ts"
import { TransferStore } from "../../src/telephony/TransferStore.ts"

export const publicUrl = "https://switchboard.example"

/** Settings of a service that nobody configured but for its address. */
export const testSettings = Layer.orDie(Settings.test({ PUBLIC_URL: publicUrl }))

const unreachable = HttpClient.make((request) =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request, description: "fakes have no REST API" })
    })
  )
)
const toolkit = CarrierToolkit.layer.pipe(
  Layer.provide(Layer.mergeAll(testSettings, Layer.succeed(HttpClient.HttpClient, unreachable)))
)

/** A kind of agent with a required URL and an optional secret. */
export const fakeAgent: AgentSpec = {
  name: "fake-agent",
  displayName: "Fake agent",
  description: "Answers nothing.",
  fields: [
    { name: "url", label: "URL", type: "text", required: true, sensitive: false },
    { name: "secret", label: "Secret", type: "password", required: false, sensitive: true }
  ],
  settings: Schema.Struct({
    url: Schema.String.check(Schema.isPattern(/^wss?:/, { expected: "a ws or wss URL" })),
    secret: Schema.optionalKey(Schema.RedactedFromValue(Schema.String))
  }),
  connect: () => Effect.die("not used in these tests")
}

const registries = (specs: ReadonlyArray<ProviderSpec>) =>
  Layer.mergeAll(
    Layer.effectDiscard(
      Effect.gen(function* () {
        const registry = yield* Registry
        yield* Effect.forEach(specs, registry.register)
      })
    ),
    Layer.effectDiscard(AgentRegistry.use((registry) => registry.register(fakeAgent)))
  ).pipe(Layer.provideMerge(Layer.merge(Registry.layer, AgentRegistry.layer)), Layer.orDie)

/** The room's services over a database, with some providers. */
export const organizationServices = (
  database: Layer.Layer<PgClient.PgClient | SqlClient.SqlClient>,
  specs: ReadonlyArray<ProviderSpec>
) =>
  services.layer.pipe(
    Layer.provideMerge(
      Layer.mergeAll(
        database,
        registries(specs),
        testSettings,
        toolkit,
        Layer.succeed(Secrets, fromKeys([Redacted.make(Buffer.alloc(32, 7).toString("base64"))]))
      )
    )
  )

/** Calls are not the subject of these tests. */
const noCalls = Layer.mergeAll(
  Layer.mock(Dialer, {}),
  Layer.mock(CallHistory, {}),
  Layer.mock(LiveCalls, {}),
  Layer.mock(Operating, {}),
  Layer.mock(Overview, {}),
  Layer.mock(RecordingArchive, {}),
  Layer.mock(Transfers, {}),
  Layer.mock(TransferStore, {})
)

type Services = Layer.Success<ReturnType<typeof organizationServices>>

/** The API over a real socket, and an HTTP client of it. */
export const apiServer = (
  database: Layer.Layer<PgClient.PgClient | SqlClient.SqlClient>,
  specs: ReadonlyArray<ProviderSpec>,
  doctor: Layer.Layer<Doctor, never, Services> = Layer.mock(Doctor, {})
) =>
  HttpRouter.serve(apiRoutes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(Layer.merge(noCalls, doctor)),
    Layer.provideMerge(organizationServices(database, specs)),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Schema.Json
}

/** What stands at a dotted path of an answer's body; list items by their index. */
export const at = (answer: Answer, path = ""): Schema.Json | undefined =>
  path.split(".").reduce<Schema.Json | undefined>((value, key) => {
    if (key === "" || typeof value !== "object" || value === null) return key === "" ? value : undefined
    return Object.entries(value).find(([name]) => name === key)?.[1]
  }, answer.body)

/** A text of an answer's body. */
export const text = (answer: Answer, path: string) => {
  const value = at(answer, path)
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** The statuses of answers that came in no particular order. */
export const statuses = (answers: ReadonlyArray<Answer>) => answers.map(({ status }) => status).sort((a, b) => a - b)

/** The fields that a problem document names. */
export const wrongFields = (answer: Answer) => {
  const errors = at(answer, "errors")
  return Array.isArray(errors) ? errors.map((_, index) => text(answer, `errors.${index}.field`)) : []
}

const parseJson = Schema.decodeSync(Schema.fromJsonString(Schema.Json))

const path = (to: string) => (to.startsWith("/") ? to : `/api/v1/organizations/${to}`)
const withBody = (request: HttpClientRequest.HttpClientRequest, body: unknown) =>
  body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body)

/** Requests with one API key. */
export const clientOf = (key: Redacted.Redacted<string> | undefined) =>
  Effect.gen(function* () {
    const http = yield* HttpClient.HttpClient
    const send = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest) {
      const authorized = key === undefined ? request : HttpClientRequest.bearerToken(request, key)
      const response = yield* http.execute(authorized)
      const text = yield* response.text
      const answer: Answer = {
        status: response.status,
        headers: response.headers,
        body: text === "" ? null : parseJson(text)
      }
      return answer
    }, Effect.orDie)
    return {
      send: (request: HttpClientRequest.HttpClientRequest) => send(request),
      get: (to: string) => send(HttpClientRequest.get(path(to))),
      post: (to: string, body?: unknown) => send(withBody(HttpClientRequest.post(path(to)), body)),
      put: (to: string, body: unknown) => send(withBody(HttpClientRequest.put(path(to)), body)),
      patch: (to: string, body: unknown) => send(withBody(HttpClientRequest.patch(path(to)), body)),
      delete: (to: string) => send(HttpClientRequest.delete(path(to)))
    }
  })

/** A new organization with one key of each role. */
export const newOrganization = (name = "Test") =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    const apiKeys = yield* ApiKeys
    const id = crypto.randomUUID()
    yield* sql`INSERT INTO organizations (id, name) VALUES (${id}, ${name})`
    const keyOf = (role: Role) => Effect.map(apiKeys.create(id, { name: role, role }), ({ key }) => key)
    return {
      id,
      admin: yield* Effect.flatMap(keyOf("admin"), clientOf),
      operator: yield* Effect.flatMap(keyOf("operator"), clientOf),
      viewer: yield* Effect.flatMap(keyOf("viewer"), clientOf),
      adminKey: yield* keyOf("admin")
    }
  }).pipe(Effect.orDie)
