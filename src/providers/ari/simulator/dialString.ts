import { Result } from "effect"
import { formatNamed } from "./formats.ts"

/** Whom `PJSIP/15550001111@trunk` and its like call. */
export interface PhoneEndpoint {
  readonly technology: string
  /** All after the technology. */
  readonly resource: string
  /** What a person's phone has: the behaviours of destinations are found by it. */
  readonly number: string
  /** The endpoint (trunk or phone) of pjsip.conf, or the context of a Local channel. */
  readonly endpoint: string
}

/** Options of `WebSocket/<section>/<options>` (Asterisk: chan_websocket, dial string). */
export interface SocketOptions {
  readonly codec: string | undefined
  readonly autoAnswer: boolean
  /** Of `v()`, commas not yet turned. */
  readonly uriParameters: string | undefined
  readonly control: "json" | "plain-text" | undefined
  readonly direction: "both" | "in" | "out" | undefined
  readonly passthrough: boolean
}

export const noOptions: SocketOptions = {
  codec: undefined,
  autoAnswer: true,
  uriParameters: undefined,
  control: undefined,
  direction: undefined,
  passthrough: false
}

/** Splits `TECH/resource`; undefined when there is no technology or nothing after it. */
export const readEndpoint = (written: string): PhoneEndpoint | undefined => {
  const slash = written.indexOf("/")
  if (slash <= 0 || slash === written.length - 1) return undefined
  const technology = written.slice(0, slash)
  const resource = written.slice(slash + 1)
  const uri = /^([^/@]+)\/sips?:([^@]+)@/.exec(resource)
  if (uri !== null) return { technology, resource, endpoint: uri[1] ?? "", number: uri[2] ?? "" }
  const at = resource.indexOf("@")
  const number = at < 0 ? resource : resource.slice(0, at)
  const endpoint = (at < 0 ? resource : resource.slice(at + 1)).split("/")[0] ?? ""
  return { technology, resource, number, endpoint }
}

/** Each name and value of `v()` must be URI-encoded; else the channel is not created. */
const encodedPair = /^(?:[A-Za-z0-9_.+-]|%[0-9A-Fa-f]{2})+=(?:[A-Za-z0-9_.+-]|%[0-9A-Fa-f]{2})*$/

const isDirection = (value: string | undefined) => value === "both" || value === "in" || value === "out"

/** Reads concatenated dial options such as `c(ulaw)nv(a=1,b=2)f(json)`. The failure is what Asterisk logs. */
export const readSocketOptions = (written: string, incoming: boolean): Result.Result<SocketOptions, string> => {
  let options = noOptions
  for (const [, letter = "", value] of written.matchAll(/([A-Za-z])(?:\(([^)]*)\))?/g)) {
    if (letter === "c") {
      if (formatNamed(value ?? "") === undefined) return Result.fail(`unknown codec in c(${value})`)
      options = { ...options, codec: value }
    } else if (letter === "n") options = { ...options, autoAnswer: false }
    else if (letter === "p") options = { ...options, passthrough: true }
    else if (letter === "f") options = { ...options, control: value === "json" ? "json" : "plain-text" }
    else if (letter === "d") {
      if (!isDirection(value)) return Result.fail(`invalid direction d(${value})`)
      options = { ...options, direction: value }
    } else if (letter === "v") {
      if (incoming) return Result.fail("v() cannot be used with INCOMING")
      if (!(value ?? "").split(",").every((pair) => encodedPair.test(pair))) {
        return Result.fail(`v(${value}) is not URI-encoded`)
      }
      options = { ...options, uriParameters: value }
    }
  }
  return Result.succeed(options)
}
