import { Layer } from "effect"
import * as Echo from "./echo.ts"
import * as OpenaiRealtime from "./openaiRealtime/agent.ts"
import * as TwilioStreamAgent from "./twilioStream/agent.ts"
import * as WebSocketAgent from "./websocket/agent.ts"

/** Every kind of agent that this service knows: one import and one entry each. */
export const layer = Layer.mergeAll(Echo.layer, WebSocketAgent.layer, TwilioStreamAgent.layer, OpenaiRealtime.layer)
