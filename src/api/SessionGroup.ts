import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Role } from "../organizations/ApiKeys.ts"
import { SessionCookie } from "./Authorization.ts"
import { Time } from "./common.ts"
import { CsrfRefused, ServiceUnavailable, TooManyAttempts, Unauthorized } from "./Problems.ts"
import { JsonBody } from "./Requests.ts"

/** Who is signed in to the console. */
export const Session = Schema.Struct({
  role: Role,
  key_prefix: Schema.String.annotate({ description: "The first characters of the API key, to recognise it by." }),
  organization: Schema.Struct({ id: Schema.String, name: Schema.String }),
  expires_at: Time
}).annotate({ identifier: "Session" })

const ApiKeyText = Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(256)), { label: "API key" })

/** Signing in to the console: the one thing that needs no API key, and what needs the cookie. */
const signIn = HttpApiGroup.make("signIn")
  .add(
    HttpApiEndpoint.post("begin", "/", {
      payload: Schema.Struct({ api_key: ApiKeyText }),
      success: Session.pipe(HttpApiSchema.status(201)),
      error: [Unauthorized, CsrfRefused, TooManyAttempts, ServiceUnavailable]
    }).annotateMerge(
      OpenApi.annotations({
        summary: "Sign in to the console",
        description:
          "Sets the cookie `switchboard_session` (HttpOnly, SameSite=Strict), which every endpoint takes in place of the API key, on every node. The session ends 12 h after its last request, or with its API key. After 10 failed attempts an address has to wait a minute."
      })
    )
  )
  .middleware(JsonBody)
  .prefix("/session")
  .annotateMerge(OpenApi.annotations({ title: "Sign-in", description: "Signing in to the console." }))

const current = HttpApiGroup.make("session")
  .add(
    HttpApiEndpoint.get("get", "/", { success: Session }).annotateMerge(
      OpenApi.annotations({ summary: "Who is signed in", description: "By the console's cookie." })
    ),
    HttpApiEndpoint.delete("end", "/", { success: HttpApiSchema.NoContent }).annotateMerge(
      OpenApi.annotations({ summary: "Sign out", description: "Ends the session on every node and clears the cookie." })
    )
  )
  .middleware(SessionCookie)
  .prefix("/session")
  .annotateMerge(OpenApi.annotations({ title: "Session", description: "Who is signed in to the console." }))

/** The console's sign-in. */
export const SessionGroups = [signIn, current] as const
