import { Effect, Schema } from "effect"
import type { PhonePass } from "../../src/simulator/SimulatorModule.ts"
import type { Api } from "./app.ts"

const organizations = "/api/v1/organizations"

const Id = Schema.Struct({ id: Schema.String })
const Configurations = Schema.Struct({
  configurations: Schema.Array(Schema.Struct({ ...Id.fields, provider: Schema.String }))
})
const Numbers = Schema.Struct({
  phone_numbers: Schema.Array(Schema.Struct({ address: Schema.String, agent_id: Schema.NullOr(Schema.String) }))
})
const Pass = Schema.Struct({ inbound_url: Schema.String, body: Schema.String })

/** The pass for a call to an agent, over a configuration. */
export const passTo = (api: Api, configurationId: string, agentId: string) =>
  api.request("POST", `${organizations}/telephony-configs/${configurationId}/phone-calls`, { agent_id: agentId }).pipe(
    Effect.map(({ body }) => Schema.decodeUnknownSync(Pass)(body)),
    Effect.map(({ body, inbound_url }): PhonePass => ({ inboundUrl: inbound_url, body }))
  )

/**
 * How a fake page comes by its passes: it asks for one to the agent of the number that is called, or, where that has none, to one
 * that is deleted before the pass is used.
 */
export const passes = (api: Api, provider: string) =>
  Effect.fnUntraced(function* (to: string) {
    const configs = `${organizations}/telephony-configs`
    const { configurations } = Schema.decodeUnknownSync(Configurations)((yield* api.request("GET", configs)).body)
    const id = configurations.find((each) => each.provider === provider)?.id ?? ""
    const { body } = yield* api.request("GET", `${configs}/${id}/phone-numbers`)
    const numbers = Schema.decodeUnknownSync(Numbers)(body).phone_numbers
    const agent = numbers.find(({ address }) => address === to)?.agent_id ?? undefined
    if (agent !== undefined) return yield* passTo(api, id, agent)
    const leaving = { name: "Leaving", kind: "echo", settings: {} }
    const created = Schema.decodeUnknownSync(Id)((yield* api.request("POST", `${organizations}/agents`, leaving)).body)
    const pass = yield* passTo(api, id, created.id)
    yield* api.request("DELETE", `${organizations}/agents/${created.id}`)
    return pass
  })
