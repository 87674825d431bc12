import { Result, Schema } from "effect"
import type { RestReply, RestRequest } from "../../../simulator/RestServer.ts"
import { type Application, type Domain, findApplication, outboundTrunks } from "./domain.ts"
import { type Hook, isCallable, type Next, type Stage } from "./leg.ts"
import type { DialPlan, NewLeg } from "./legs.ts"
import { badRequest, readBody } from "./replies.ts"

const method = Schema.Literals(["GET", "POST"])
const key = Schema.optionalKey
const positive = Schema.Int.check(Schema.isGreaterThan(0))

/** Every field that there is; any other one is refused, and so is a boolean or a number sent as text. */
const Dial = Schema.Struct({
  destination: Schema.NonEmptyString,
  "caller-id": Schema.NonEmptyString,
  application: key(Schema.Union([Schema.NonEmptyString, Schema.Int])),
  url: key(Schema.NonEmptyString),
  method: key(method),
  cxml: key(Schema.NonEmptyString),
  callback: key(Schema.NonEmptyString),
  timeout: key(positive),
  timeLimit: key(positive),
  execute: key(Schema.Literals(["connected", "immediately"])),
  trunk: key(Schema.NonEmptyString),
  routes: key(Schema.Array(Schema.Struct({ trunk: Schema.String, prefix: key(Schema.String) }))),
  profile: key(Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.Unknown }))),
  "send-digits": key(Schema.String),
  schedule: key(Schema.String),
  record: key(Schema.Boolean),
  recordingStatusCallback: key(Schema.String),
  recordingStatusCallbackMethod: key(method),
  recordingStatusCallbackEvent: key(Schema.Literals(["completed", "absent", "failed"])),
  trim: key(Schema.Literals(["trim-silence", "do-not-trim"])),
  machineDetection: key(Schema.Literals(["Enable", "DetectMessageEnd"])),
  machineDetectionTimeout: key(Schema.Int),
  machineDetectionSpeechThreshold: key(Schema.Int),
  machineDetectionSpeechEndThreshold: key(Schema.Int),
  machineDetectionSilenceTimeout: key(Schema.Int),
  asyncAmd: key(Schema.Boolean),
  asyncAmdStatusCallback: key(Schema.NonEmptyString),
  asyncAmdStatusCallbackMethod: key(method)
})

/** A dial request that was found good. */
export interface GoodDial {
  readonly leg: NewLeg
  /** As it was written. */
  readonly destination: string
  readonly plan: Omit<DialPlan, "queueMs">
  /** For the notes of the call: what was asked for and is not simulated. */
  readonly notes: ReadonlyArray<string>
}

/** Digits with or without `+`, or a SIP address. */
const dialable = /^(\+?[0-9]{3,15}|sips?:[^\s@]+@[^\s@]+)$/i

const bad = (why: string) => Result.fail(badRequest(why))

/** Numbers are taken with and without their `+`, and are the same. */
const normalised = (number: string) => (/^[0-9]{8,15}$/.test(number) ? `+${number}` : number)

/** Ring seconds of the domain, `call-timeout` of its profile. */
export const domainRingSeconds = (domain: Domain) => Number(domain.profile["call-timeout"] ?? 60) || 60

/** The trunk that a call leaves by: the named one, else the first in order of creation. Undefined: no way out. */
export const chooseTrunk = (domain: Domain, named: string | undefined) =>
  outboundTrunks(domain).find(({ name }) => named === undefined || name === named)?.name

const hookOf = (application: Application): Hook => ({ url: application.url, method: application.method })

/** Checks a dial request (Cloudonix: call control, outbound call). */
export const readDial = (stage: Stage, request: RestRequest): Result.Result<GoodDial, RestReply> =>
  Result.flatMap(readBody(Dial, request), (body): Result.Result<GoodDial, RestReply> => {
    const { domain } = stage
    const { application, callback, cxml, destination, trunk, url } = body
    if (!dialable.test(destination)) return bad(`${destination} cannot be dialled`)
    if ([application, cxml, url].filter((each) => each !== undefined).length !== 1) {
      return bad("exactly one of application, url and cxml is needed")
    }
    for (const address of [url, callback, body.asyncAmdStatusCallback]) {
      if (address !== undefined && !isCallable(stage, address)) return bad(`${address} is not an address to call`)
    }
    const chosen = trunk ?? body.routes?.[0]?.trunk
    if (chosen !== undefined && chooseTrunk(domain, chosen) === undefined) return bad(`no active trunk ${chosen}`)
    const named = application === undefined ? undefined : findApplication(domain, application)
    if (application !== undefined && named === undefined) return bad(`no application ${application}`)
    const hook = url === undefined ? named && hookOf(named) : { url, method: body.method ?? "POST" }
    const first: Next =
      hook === undefined ? { _tag: "Run", markup: cxml ?? "", baseUrl: undefined } : { _tag: "Fetch", hook, extra: {} }
    const verdictTo = body.asyncAmdStatusCallback
    const detection = {
      hook:
        body.asyncAmd === true && verdictTo !== undefined
          ? ({ url: verdictTo, method: body.asyncAmdStatusCallbackMethod ?? "POST" } as const)
          : undefined
    }
    const digits = body["send-digits"]
    return Result.succeed({
      destination,
      leg: {
        direction: "outbound",
        from: normalised(body["caller-id"]),
        to: normalised(destination),
        callback,
        trunk: chooseTrunk(domain, chosen),
        application: named?.name,
        extra: {},
        profile: Object.fromEntries((body.profile ?? []).map(({ key, value }) => [key, value])),
        timeLimit: body.timeLimit ?? null
      },
      plan: {
        first,
        ringSeconds: body.timeout ?? domainRingSeconds(domain),
        detection: body.machineDetection === undefined ? undefined : detection
      },
      notes: [
        ...(digits === undefined ? [] : [`digits sent: ${digits}`]),
        ...(["schedule", "record", "execute"] as const)
          .filter((name) => body[name] !== undefined && body[name] !== "connected" && body[name] !== false)
          .map((name) => `${name} is not simulated`)
      ]
    })
  })
