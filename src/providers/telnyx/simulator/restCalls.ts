import { Effect, Result } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { isCallControlId } from "./account.ts"
import { actions } from "./actions.ts"
import { type Body, check, commandRules, readBody, text } from "./body.ts"
import { isRepeated, remember } from "./commands.ts"
import { dial, type TakenDials } from "./dial.ts"
import { callResource, complain, type Leg, note } from "./leg.ts"
import { accepted, methodNotAllowed, notFound, ok, page, refuse, told } from "./replies.ts"
import type { Stage } from "./stage.ts"

/** How long after its end a call can be asked for (Telnyx: retrieve a call status), ms. */
const shownMs = 600_000

const isShown = (stage: Stage, leg: Leg) => leg.endedMs === undefined || stage.nowMs() - leg.endedMs < shownMs

const updateClientState = (stage: Stage, leg: Leg, body: Body): RestReply => {
  const broken = check(body, ["client_state"], commandRules)
  if (broken !== undefined) return broken
  if (isOver(leg)) return refuse(422, "90018")
  remember(stage, leg, body)
  return accepted()
}

const command = Effect.fnUntraced(function* (stage: Stage, leg: Leg, name: string, body: Body) {
  const action = actions.get(name)
  if (action === undefined) return notFound
  // A repeated command is answered like the first, also when that ended the call.
  if (isRepeated(stage, leg, body)) return accepted()
  if (isOver(leg)) {
    yield* note(leg, `refused: ${told("90018", name)}`)
    return refuse(422, "90018")
  }
  const broken = check(body, action.required, { ...action.rules(stage), ...commandRules })
  if (broken !== undefined) {
    yield* complain(leg, `${name} was refused: ${broken.body}`)
    return broken
  }
  if (action.afterAnswer && leg.answeredMs === undefined) {
    yield* complain(leg, told("90034", name))
    return refuse(422, "90034")
  }
  const before = leg.clientState
  remember(stage, leg, body)
  const reply = yield* action.run(stage, leg, body)
  if (reply.status > 299) {
    leg.clientState = before
    leg.commands.delete(text(body, "command_id") ?? "")
  }
  return reply
})

/** `/calls` and what is below it (Telnyx: call commands). */
export const callsResource = Effect.fnUntraced(function* (
  stage: Stage,
  taken: TakenDials,
  request: RestRequest,
  rest: ReadonlyArray<string>
) {
  const [id, below, name, ...more] = rest
  const leg = id === undefined ? undefined : stage.find(id)
  if (request.method === "GET") {
    if (below !== undefined || leg === undefined || !isShown(stage, leg)) return notFound
    return ok(callResource(leg, stage.nowMs()))
  }
  const read = readBody(request)
  if (Result.isFailure(read)) return read.failure
  const body = read.success
  if (id === undefined) return request.method === "POST" ? yield* dial(stage, taken, body) : methodNotAllowed
  if (below !== "actions" || name === undefined || more.length > 0) return notFound
  if (!isCallControlId(id)) return refuse(422, "90015", "call_control_id")
  if (leg === undefined || !isShown(stage, leg)) return notFound
  if (name === "client_state_update") {
    return request.method === "PUT" ? updateClientState(stage, leg, body) : methodNotAllowed
  }
  return request.method === "POST" ? yield* command(stage, leg, name, body) : methodNotAllowed
})

/** `/connections/{id}/active_calls`: the legs of an application that are up (Telnyx: list active calls of a connection). */
export const activeCallsResource = (
  stage: Stage,
  legs: Iterable<Leg>,
  request: RestRequest,
  rest: ReadonlyArray<string>
): RestReply => {
  const [id = "", below, ...more] = rest
  if (below !== "active_calls" || more.length > 0 || !stage.account.applications.has(id)) return notFound
  if (request.method !== "GET") return methodNotAllowed
  const up = Array.from(legs).filter((leg) => leg.application.id === id && !isOver(leg))
  return page(
    request.query,
    up.map((leg) => {
      const { call_control_id, call_duration, call_leg_id, call_session_id, client_state, record_type } = callResource(
        leg,
        stage.nowMs()
      )
      return { call_control_id, call_duration, call_leg_id, call_session_id, client_state, record_type }
    })
  )
}
