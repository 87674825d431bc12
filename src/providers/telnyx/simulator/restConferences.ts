import { Effect, Result, Schema } from "effect"
import { isOver } from "../../../simulator/CallDesk.ts"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import {
  type Body,
  check,
  commandRules,
  integer,
  isBoolean,
  isText,
  number,
  oneOf,
  readBody,
  text,
  textOf
} from "./body.ts"
import { isRepeated, remember } from "./commands.ts"
import {
  type Conference,
  conferenceResource,
  endConference,
  hold,
  isIn,
  joinConference,
  newConference
} from "./conferences.ts"
import { complain, type Leg, note } from "./leg.ts"
import { accepted, type ErrorCode, methodNotAllowed, notFound, ok, page, refuse, told } from "./replies.ts"
import type { Stage } from "./stage.ts"
import { report } from "./webhooks.ts"

/** The conferences of one fake account, by id. */
export type Conferences = Map<string, Conference>

const createRules = {
  ...commandRules,
  name: textOf(1, 255),
  start_conference_on_create: isBoolean,
  max_participants: integer(2, 800),
  duration_minutes: integer(1, 14_400),
  beep_enabled: oneOf("always", "never", "on_enter", "on_exit"),
  region: oneOf("Australia", "Europe", "Middle East", "US"),
  hold_audio_url: isText,
  comfort_noise: isBoolean
}

const joinRules = {
  ...commandRules,
  end_conference_on_exit: isBoolean,
  soft_end_conference_on_exit: isBoolean,
  start_conference_on_enter: isBoolean,
  mute: isBoolean,
  hold: isBoolean,
  beep_enabled: oneOf("always", "never", "on_enter", "on_exit"),
  supervisor_role: oneOf("barge", "monitor", "none", "whisper")
}

/** The leg that a body names, if it can be put into a conference. */
const readLeg = Effect.fnUntraced(function* (stage: Stage, body: Body) {
  const leg = stage.find(text(body, "call_control_id") ?? "")
  if (leg === undefined) return Result.fail(refuse(422, "90015", "call_control_id"))
  const code = isOver(leg) ? "90018" : leg.answeredMs === undefined ? "90034" : undefined
  if (code === undefined) return Result.succeed(leg)
  yield* note(leg, `refused: ${told(code, "conference")}`)
  return Result.fail(refuse(422, code))
})

const create = Effect.fnUntraced(function* (stage: Stage, conferences: Conferences, body: Body) {
  const broken = check(body, ["call_control_id", "name"], createRules)
  if (broken !== undefined) return broken
  const found = yield* readLeg(stage, body)
  if (Result.isFailure(found)) return found.failure
  const leg = found.success
  const earlier = isRepeated(stage, leg, body)
    ? Array.from(conferences.values()).findLast((each) => isIn(each, leg))
    : undefined
  if (earlier !== undefined) return ok(conferenceResource(earlier))
  remember(stage, leg, body)
  const conference = newConference(leg, {
    name: text(body, "name") ?? "",
    region: text(body, "region") ?? "US",
    maxParticipants: number(body, "max_participants") ?? 250,
    nowMs: stage.nowMs()
  })
  // The answer shows the conference before anybody is in it.
  const reply = ok(conferenceResource(conference))
  conferences.set(conference.id, conference)
  yield* report(stage, leg, "conference.created", { conference_id: conference.id })
  const starts = body["start_conference_on_create"] !== false
  yield* joinConference(stage, conference, leg, { endsAll: false, endsConference: false, held: false, starts })
  return reply
})

const join = Effect.fnUntraced(function* (stage: Stage, conference: Conference, body: Body) {
  const broken = check(body, ["call_control_id"], joinRules)
  if (broken !== undefined) return broken
  const found = yield* readLeg(stage, body)
  if (Result.isFailure(found)) return found.failure
  const leg = found.success
  if (isRepeated(stage, leg, body)) return accepted()
  const refused = (code: ErrorCode) => Effect.as(complain(leg, told(code, "join")), refuse(422, code))
  if (isIn(conference, leg)) return yield* refused("90044")
  if (conference.members.length >= conference.maxParticipants) return yield* refused("90032")
  remember(stage, leg, body)
  // Whether Telnyx refuses this while the leg streams (90045) is not confirmed: it is taken, and the stream goes on.
  yield* joinConference(stage, conference, leg, {
    endsAll: body["end_conference_on_exit"] === true,
    endsConference: body["soft_end_conference_on_exit"] === true,
    held: body["hold"] === true,
    starts: body["start_conference_on_enter"] === true
  })
  return accepted()
})

const isIds = Schema.is(Schema.Array(Schema.String))

const act = Effect.fnUntraced(function* (stage: Stage, conference: Conference, action: string, body: Body) {
  const first = conference.members[0]?.leg
  const ids = body["call_control_ids"]
  switch (action) {
    case "leave": {
      const found = yield* readLeg(stage, body)
      if (Result.isFailure(found)) return found.failure
      const leg: Leg = found.success
      if (!isIn(conference, leg)) return refuse(422, "90015", "call_control_id")
      if (leg.place !== undefined) yield* leg.place.leave
      return accepted()
    }
    case "hold":
    case "unhold":
      hold(stage, conference, action === "hold", isIds(ids) ? ids : undefined)
      return accepted()
    case "end":
      if (first === undefined) return refuse(422, "90033")
      yield* endConference(stage, conference, { reason: "ended_via_api", hangsUp: true, teller: first })
      return accepted()
    case "mute":
    case "unmute":
    case "speak":
    case "play":
      if (first === undefined) return refuse(422, "90033")
      for (const { leg } of conference.members) yield* note(leg, `conference ${action}: ${text(body, "payload") ?? ""}`)
      return accepted()
    default:
      return notFound
  }
})

/** `/conferences` and what is below it (Telnyx: conference commands). */
export const conferencesResource = Effect.fnUntraced(function* (
  stage: Stage,
  conferences: Conferences,
  request: RestRequest,
  rest: ReadonlyArray<string>
) {
  const [id, actions, action] = rest
  const conference = conferences.get(id ?? "")
  if (request.method === "GET") {
    if (actions !== undefined) return notFound
    if (id !== undefined) return conference === undefined ? notFound : ok(conferenceResource(conference))
    const name = request.query.get("filter[name]")
    const shown = Array.from(conferences.values()).filter((each) => name === null || each.name === name)
    return page(request.query, shown.map(conferenceResource))
  }
  if (request.method !== "POST") return methodNotAllowed
  const read = readBody(request)
  if (Result.isFailure(read)) return read.failure
  if (id === undefined) return yield* create(stage, conferences, read.success)
  if (actions !== "actions" || action === undefined) return notFound
  if (conference === undefined) return refuse(404, "90058")
  if (conference.status === "completed") return refuse(422, "90019")
  const reply: RestReply =
    action === "join"
      ? yield* join(stage, conference, read.success)
      : yield* act(stage, conference, action, read.success)
  return reply
})
