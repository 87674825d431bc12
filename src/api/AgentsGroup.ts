import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { FormField } from "../Form.ts"
import { Authorization, access } from "./Authorization.ts"
import { Id, Name, NextCursor, pageQuery, Time, Version } from "./common.ts"
import { Conflict, NotFound, ValidationFailed } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

const Values = Schema.Record(Schema.String, Schema.Json)
const Settings = Schema.RedactedFromValue(Values)

const summary = {
  id: Schema.String,
  name: Schema.String,
  kind: Schema.String,
  version: Schema.Int,
  created_at: Time,
  updated_at: Time
}

/** An agent in a list. */
export const AgentSummary = Schema.Struct(summary).annotate({ identifier: "AgentSummary" })
/** An agent with its settings, secrets masked. */
export const Agent = Schema.Struct({ ...summary, settings: Values }).annotate({ identifier: "Agent" })

/** A kind of agent and the form for its settings. */
export const AgentKind = Schema.Struct({
  kind: Schema.String,
  display_name: Schema.String,
  description: Schema.String,
  fields: Schema.Array(FormField)
}).annotate({ identifier: "AgentKind" })

const params = { id: Id }

/** What answers the organization's calls. */
export const AgentsGroup = HttpApiGroup.make("agents")
  .add(
    HttpApiEndpoint.get("kinds", "/agent-kinds/metadata", {
      success: Schema.Struct({ kinds: Schema.Array(AgentKind) })
    }).annotateMerge(
      access("viewer", "List the kinds of agents", "Each with the fields of its settings, in the order of the form.")
    ),
    HttpApiEndpoint.get("list", "/agents", {
      query: pageQuery,
      success: Schema.Struct({ agents: Schema.Array(AgentSummary), next_cursor: NextCursor })
    }).annotateMerge(access("viewer", "List agents", "In order of creation, without settings.")),
    HttpApiEndpoint.post("create", "/agents", {
      payload: Schema.Struct({ name: Name, kind: Schema.String, settings: Settings }),
      success: Agent.pipe(HttpApiSchema.status(201)),
      error: [ValidationFailed, Conflict]
    }).annotateMerge(
      access("operator", "Create an agent", "`settings` has the fields that the kind's metadata lists.")
    ),
    HttpApiEndpoint.get("get", "/agents/:id", { params, success: Agent, error: NotFound }).annotateMerge(
      access("viewer", "Read an agent", "Secrets are masked as those of configurations are.")
    ),
    HttpApiEndpoint.put("replace", "/agents/:id", {
      params,
      payload: Schema.Struct({
        version: Version,
        name: Name,
        kind: Schema.optionalKey(Schema.String),
        settings: Settings
      }),
      success: Agent,
      error: [NotFound, ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "operator",
        "Replace an agent",
        "A mask that comes back unchanged keeps its secret. The kind cannot change."
      )
    ),
    HttpApiEndpoint.delete("remove", "/agents/:id", {
      params,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict]
    }).annotateMerge(access("operator", "Delete an agent", "Refused while phone numbers send their calls to it."))
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations")
  .annotateMerge(OpenApi.annotations({ title: "Agents", description: "What answers a call: a kind and its settings." }))
