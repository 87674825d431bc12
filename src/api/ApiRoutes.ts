import { Layer } from "effect"
import { HttpApiBuilder, HttpApiSwagger } from "effect/http-api"
import { Api } from "./Api.ts"
import { agentHandlers } from "./agentHandlers.ts"
import { apiKeyHandlers } from "./apiKeyHandlers.ts"
import { audioClipHandlers } from "./audioClipHandlers.ts"
import { authorizationLayer, sessionCookieLayer } from "./authorize.ts"
import { callsHandlers } from "./callsHandlers.ts"
import { liveCallsHandlers } from "./liveCallsHandlers.ts"
import { organizationHandlers } from "./organizationHandlers.ts"
import { phoneNumberHandlers } from "./phoneNumberHandlers.ts"
import { providerHandlers } from "./providerHandlers.ts"
import { jsonBodyLayer, problemsLayer, wavBodyLayer } from "./readRequests.ts"
import { recordingHandlers } from "./recordingHandlers.ts"
import { sessionHandlers } from "./sessionHandlers.ts"
import { telephonyConfigHandlers } from "./telephonyConfigHandlers.ts"
import { unknownPaths } from "./unknownPaths.ts"

const handlers = Layer.mergeAll(
  organizationHandlers,
  apiKeyHandlers,
  providerHandlers,
  telephonyConfigHandlers,
  phoneNumberHandlers,
  agentHandlers,
  audioClipHandlers,
  callsHandlers,
  liveCallsHandlers,
  recordingHandlers,
  sessionHandlers
).pipe(
  Layer.provide(Layer.mergeAll(authorizationLayer, sessionCookieLayer, jsonBodyLayer, problemsLayer, wavBodyLayer))
)

/** The API under `/api/v1`, its description at `/openapi.json`, and its reference, which works offline, at `/docs`. */
export const apiRoutes = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(handlers)),
  HttpApiSwagger.layer(Api, { path: "/docs" }),
  unknownPaths
)
