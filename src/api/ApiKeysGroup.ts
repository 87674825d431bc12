import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Role } from "../organizations/ApiKeys.ts"
import { Authorization, access } from "./Authorization.ts"
import { Id, Name, NextCursor, pageQuery, Time } from "./common.ts"
import { Conflict, NotFound } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

const key = {
  id: Schema.String,
  name: Schema.String,
  role: Role,
  prefix: Schema.String.annotate({ description: "The first characters of the key, to recognise it by." }),
  created_at: Time,
  last_used_at: Schema.NullOr(Time).annotate({ description: "To the minute." })
}

/** An API key, without the key itself. */
export const ApiKey = Schema.Struct(key).annotate({ identifier: "ApiKey" })
/** A new API key: the only time that the key is shown. */
export const CreatedApiKey = Schema.Struct({
  ...key,
  key: Schema.RedactedFromValue(Schema.String)
}).annotate({ identifier: "CreatedApiKey" })

/** The keys of the organization. */
export const ApiKeysGroup = HttpApiGroup.make("apiKeys")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: pageQuery,
      success: Schema.Struct({ api_keys: Schema.Array(ApiKey), next_cursor: NextCursor })
    }).annotateMerge(access("admin", "List API keys", "In order of creation.")),
    HttpApiEndpoint.post("create", "/", {
      payload: Schema.Struct({ name: Name, role: Role }),
      success: CreatedApiKey.pipe(HttpApiSchema.status(201))
    }).annotateMerge(
      access(
        "admin",
        "Create an API key",
        "The key is in this answer and nowhere else. Roles: `viewer` reads; `operator` also writes calls, numbers and agents; `admin` may do everything."
      )
    ),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: { id: Id },
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict]
    }).annotateMerge(
      access("admin", "Delete an API key", "It stops working at once. The last admin key cannot be deleted.")
    )
  )
  .middleware(JsonBody)
  .middleware(Authorization)
  .prefix("/organizations/api-keys")
  .annotateMerge(OpenApi.annotations({ title: "API keys", description: "Who may use this API, and for what." }))
