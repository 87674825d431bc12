import { Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import { maxEventName } from "../agents/AgentSpec.ts"
import { maxAgentEventBytes } from "../telephony/CallCommands.ts"

/** The call's agent was not told the event. */
export class AgentNotTold extends HttpApiError.Problem<AgentNotTold>()(
  "AgentNotTold",
  { type: "urn:switchboard:problem:agent-not-told", status: 409, title: "The call's agent was not told" },
  { code: Schema.Literals(["call_over", "call_not_connected", "events_not_supported", "agent_not_reading"]) }
) {}

/** Whether the call's agent was told is not known. */
export class AgentPerhapsTold extends HttpApiError.Problem<AgentPerhapsTold>()(
  "AgentPerhapsTold",
  {
    type: "urn:switchboard:problem:agent-perhaps-told",
    status: 504,
    title: "It is not known whether the call's agent was told"
  },
  { code: Schema.Literal("event_unconfirmed") }
) {}

const size = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length

/** An event for a call's agent. */
export const NewAgentEvent = Schema.Struct({
  name: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maxEventName)).annotate({
    description: `1 to ${maxEventName} characters.`
  }),
  data: Schema.optionalKey(Schema.Json).annotate({
    description: `Any JSON. The whole event, {"name":...,"data":...}, may have ${maxAgentEventBytes} bytes. Default null.`
  })
})
  .check(
    Schema.makeFilter(({ data = null, name }) =>
      size({ name, data }) <= maxAgentEventBytes
        ? undefined
        : { path: ["data"], issue: `Expected at most ${maxAgentEventBytes} bytes of JSON, name and data together` }
    )
  )
  .annotate({ identifier: "NewAgentEvent" })
