import { Effect, Option, type Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import type { PhonePass } from "../../src/simulator/SimulatorModule.ts"
import { Check } from "../../src/telephony/doctor/Check.ts"
import { FailureDetails } from "../../src/telephony/signatures/FailureDetails.ts"

/** The service refused or could not be asked; the message names the request and the reason. */
export class ServiceRefused extends Schema.TaggedError<ServiceRefused>()("ServiceRefused", {
  message: Schema.String
}) {}

const Row = Schema.Struct({ id: Schema.String })
const NumberRow = Schema.Struct({
  id: Schema.String,
  provider_sync: Schema.optionalKey(Schema.Struct({ ok: Schema.Boolean, message: Schema.NullOr(Schema.String) }))
})
const Versioned = Schema.Struct({ version: Schema.Int })
const CallRow = Schema.Struct({
  id: Schema.String,
  provider_call_id: Schema.NullOr(Schema.String),
  status: Schema.String,
  ended_at: Schema.NullOr(Schema.String),
  end_reason: Schema.NullOr(Schema.String),
  end_owner: Schema.NullOr(Schema.String)
})
export type CallRow = typeof CallRow.Type
const ConfigurationRow = Schema.Struct({ id: Schema.String, name: Schema.String, provider: Schema.String })
export type ConfigurationRow = typeof ConfigurationRow.Type
const PhoneCall = Schema.Struct({ inbound_url: Schema.String, body: Schema.String })
const ConfigurationPage = Schema.Struct({
  configurations: Schema.Array(ConfigurationRow),
  next_cursor: Schema.NullOr(Schema.String)
})
const DoctorReport = Schema.Struct({
  checks: Schema.Array(Check),
  signature_failures: Schema.Array(Schema.Struct({ occurred_at: Schema.String, ...FailureDetails.fields }))
})
export type DoctorReport = typeof DoctorReport.Type

type Body = Readonly<Record<string, Schema.Json>>

const echoAgent = { kind: "echo", settings: {} }

const described = (method: string, path: string) => (error: { readonly message: string }) =>
  new ServiceRefused({ message: `${method} ${path}: ${error.message}` })

const unreachable = (serviceUrl: string) => () =>
  new ServiceRefused({ message: `No service answers at ${serviceUrl}. Is it running, and is this its PUBLIC_URL?` })

/** What a problem document (RFC 9457) tells a person. */
const Problem = Schema.Struct({ title: Schema.String, detail: Schema.optionalKey(Schema.String) })
const readProblem = Schema.decodeUnknownOption(Schema.fromJsonString(Problem))

const toldBy = (body: string) =>
  Option.match(readProblem(body), {
    onNone: () => "that is no answer of Switchboard. Check the address.",
    onSome: ({ title, detail }) => (detail === undefined ? title : `${title}: ${detail}`)
  })

/** The part of the HTTP API that the commands need, at a service's address and with an API key. */
export const makeServiceApi = Effect.fnUntraced(function* (serviceUrl: string, apiKey: Redacted.Redacted<string>) {
  const client = yield* HttpClient.HttpClient
  const send = Effect.fnUntraced(function* (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: Body) {
    const request = HttpClientRequest.make(method)(`${serviceUrl}/api/v1${path}`).pipe(
      HttpClientRequest.bearerToken(apiKey),
      body === undefined ? (same) => same : HttpClientRequest.bodyJsonUnsafe(body)
    )
    const response = yield* client
      .execute(request)
      .pipe(Effect.timeout("60 seconds"), Effect.mapError(unreachable(serviceUrl)))
    if (response.status < 300) return response
    const problem = yield* Effect.orElseSucceed(response.text, () => "")
    return yield* new ServiceRefused({
      message: `${method} ${path} was answered ${response.status}: ${toldBy(problem)}`
    })
  })
  const ask = <A>(
    schema: Schema.Codec<A, unknown>,
    method: "GET" | "POST" | "PATCH",
    path: string,
    body?: Body
  ): Effect.Effect<A, ServiceRefused> =>
    Effect.flatMap(send(method, path, body), (response) =>
      Effect.mapError(HttpClientResponse.schemaBodyJson(schema)(response), described(method, path))
    )
  const remove = (path: string) =>
    Effect.catchTag(send("DELETE", path), "ServiceRefused", (error) => Effect.logWarning(`Clean-up: ${error.message}`))
  const configs = "/organizations/telephony-configs"

  const listConfigurations: (cursor?: string) => Effect.Effect<ReadonlyArray<ConfigurationRow>, ServiceRefused> =
    Effect.fnUntraced(function* (cursor?: string) {
      const query = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`
      const page = yield* ask(ConfigurationPage, "GET", `${configs}${query}`)
      const rest = page.next_cursor === null ? [] : yield* listConfigurations(page.next_cursor)
      return [...page.configurations, ...rest]
    })

  return {
    /** All of the organization. */
    listConfigurations: listConfigurations(),
    findConfiguration: (id: string) => ask(ConfigurationRow, "GET", `${configs}/${encodeURIComponent(id)}`),
    examine: (id: string) => ask(DoctorReport, "POST", `${configs}/${encodeURIComponent(id)}/doctor`),
    /** An echo unless told otherwise. */
    createAgent: (name: string, agent: { readonly kind: string; readonly settings: Body } = echoAgent) =>
      Effect.map(ask(Row, "POST", "/organizations/agents", { name, ...agent }), ({ id }) => id),
    deleteAgent: (id: string) => Effect.asVoid(remove(`/organizations/agents/${id}`)),
    createConfiguration: (name: string, config: Body) =>
      Effect.map(ask(Row, "POST", configs, { name, config }), ({ id }) => id),
    deleteConfiguration: (id: string) => Effect.asVoid(remove(`${configs}/${id}`)),
    createNumber: (configurationId: string, address: string, agentId: string) =>
      ask(NumberRow, "POST", `${configs}/${configurationId}/phone-numbers`, { address, agent_id: agentId }),
    deleteNumber: (configurationId: string, id: string) =>
      Effect.asVoid(remove(`${configs}/${configurationId}/phone-numbers/${id}`)),
    /** The pass for a call to an agent, for a carrier whose calls begin on a page of the service's. */
    phonePass: (configurationId: string, agentId: string) =>
      Effect.map(
        ask(PhoneCall, "POST", `${configs}/${configurationId}/phone-calls`, { agent_id: agentId }),
        ({ body, inbound_url }): PhonePass => ({ inboundUrl: inbound_url, body })
      ),
    /** Changes the organization's own limits. */
    setLimits: (limits: { readonly max_concurrent_calls: number; readonly calls_per_second: number }) =>
      Effect.flatMap(ask(Versioned, "GET", "/organizations/current"), ({ version }) =>
        Effect.asVoid(ask(Versioned, "PATCH", "/organizations/current", { version, ...limits }))
      ),
    dial: (call: { readonly to: string; readonly agent_id: string; readonly telephony_configuration_id: string }) =>
      Effect.map(ask(Row, "POST", "/telephony/calls", { ...call }), ({ id }) => id),
    findCall: (providerCallId: string) =>
      Effect.map(
        ask(Schema.Struct({ calls: Schema.Array(CallRow) }), "GET", "/telephony/calls"),
        ({ calls }): CallRow | undefined => calls.find((call) => call.provider_call_id === providerCallId)
      )
  }
})
export type ServiceApi = Effect.Success<ReturnType<typeof makeServiceApi>>
