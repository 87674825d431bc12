import { Result } from "effect"
import { parseXml, type XmlElement } from "../../../simulator/Xml.ts"

/** `<Stream>` as the carrier reads it. The query of `url` is gone already. */
export interface StreamNoun {
  readonly url: string
  readonly name: string | undefined
  readonly statusCallback: string | undefined
  readonly statusCallbackMethod: "GET" | "POST"
  readonly parameters: Readonly<Record<string, string>>
}

/** The verbs that this fake carrier acts on; others are skipped with a note. */
export type Verb =
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Pause"; readonly seconds: number }
  | { readonly _tag: "Hangup" }
  | { readonly _tag: "Reject"; readonly reason: "busy" | "rejected" }
  | { readonly _tag: "Redirect"; readonly url: string; readonly method: "GET" | "POST" }
  | {
      readonly _tag: "Connect"
      readonly stream: StreamNoun
      readonly action: string | undefined
      readonly method: "GET" | "POST"
    }
  | { readonly _tag: "Start"; readonly stream: StreamNoun }
  | { readonly _tag: "Stop" }
  | { readonly _tag: "Conference"; readonly name: string; readonly endOnExit: boolean }
  | { readonly _tag: "Skipped"; readonly name: string }

export interface Script {
  readonly verbs: ReadonlyArray<Verb>
  /** Warnings and stream errors by code: 12200 for what is not in the language. */
  readonly warnings: ReadonlyArray<string>
}

/** What decides whether a stream URL is taken. */
export interface MarkupContext {
  /** Where the markup came from: relative URLs are resolved against it. */
  readonly baseUrl: string | undefined
  readonly insecureLoopback: boolean
}

const attributesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  Response: [],
  Say: ["voice", "language", "loop"],
  Pause: ["length"],
  Hangup: [],
  Reject: ["reason"],
  Redirect: ["method"],
  Connect: ["action", "method"],
  Start: ["action", "method"],
  Stop: [],
  Stream: ["url", "name", "track", "statusCallback", "statusCallbackMethod"],
  Parameter: ["name", "value"],
  Dial: ["action", "method", "timeout", "callerId", "hangupOnStar", "timeLimit"],
  Conference: [
    "beep",
    "startConferenceOnEnter",
    "endConferenceOnExit",
    "waitUrl",
    "waitMethod",
    "muted",
    "maxParticipants",
    "participantLabel",
    "statusCallback",
    "statusCallbackEvent",
    "statusCallbackMethod"
  ]
}
const simulatedElsewhere = ["Play", "Gather", "Record", "Enqueue", "Leave", "Refer", "Sms", "Pay", "Prompt"]
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

export const isLoopback = (url: URL) => loopback.test(url.hostname)

const methodOf = (value: string | undefined) => (value?.toUpperCase() === "GET" ? "GET" : "POST")

const resolve = (address: string, base: string | undefined): URL | null =>
  base === undefined ? URL.parse(address) : URL.parse(address, base)

/** Reads a document (Twilio: TwiML). Fails with 12100 when it is not well-formed or its root is not `Response`. */
export const readTwiml = (markup: string, context: MarkupContext): Result.Result<Script, string> =>
  Result.flatMap(
    Result.mapError(parseXml(markup), (error) => `12100 document parse failure: ${error}`),
    (root) => {
      if (root.name !== "Response") return Result.fail(`12100 document parse failure: the root is <${root.name}>`)
      const warnings: Array<string> = []
      const warn = (text: string) => warnings.push(text)
      checkAttributes(root, warn)
      if (root.text.trim() !== "") warn("12200 schema validation warning: text inside <Response>")
      const verbs = root.children.flatMap((element) => readVerb(element, context, warn) ?? [])
      return Result.succeed({ verbs, warnings })
    }
  )

const checkAttributes = (element: XmlElement, warn: (text: string) => void) => {
  const known = attributesOf[element.name] ?? []
  for (const name of element.attributes.keys()) {
    if (!known.includes(name)) warn(`12200 schema validation warning: <${element.name}> has no attribute ${name}`)
  }
}

const readVerb = (element: XmlElement, context: MarkupContext, warn: (text: string) => void): Verb | undefined => {
  const attribute = (name: string) => element.attributes.get(name)
  const { name } = element
  if (simulatedElsewhere.includes(name)) return { _tag: "Skipped", name }
  if (!Object.hasOwn(attributesOf, name) || ["Response", "Stream", "Parameter", "Conference"].includes(name)) {
    warn(`12200 schema validation warning: <${name}> is not a verb`)
    return undefined
  }
  checkAttributes(element, warn)
  switch (name) {
    case "Say":
      return { _tag: "Say", text: element.text.trim() }
    case "Pause":
      return { _tag: "Pause", seconds: Math.max(0, Number(attribute("length") ?? "1") || 0) }
    case "Reject":
      return { _tag: "Reject", reason: attribute("reason") === "busy" ? "busy" : "rejected" }
    case "Redirect": {
      const url = resolve(element.text.trim(), context.baseUrl)
      if (url === null) warn("11100 invalid URL in <Redirect>")
      return url === null ? undefined : { _tag: "Redirect", url: url.href, method: methodOf(attribute("method")) }
    }
    case "Connect": {
      const stream = readStream(element, context, warn, true)
      const action = attribute("action")
      return stream === undefined
        ? undefined
        : { _tag: "Connect", stream, action: action || undefined, method: methodOf(attribute("method")) }
    }
    case "Start": {
      const stream = readStream(element, context, warn, false)
      return stream === undefined ? undefined : { _tag: "Start", stream }
    }
    case "Stop":
      return { _tag: "Stop" }
    case "Dial": {
      const noun = element.children.find((child) => child.name === "Conference")
      if (noun === undefined) return { _tag: "Skipped", name }
      checkAttributes(noun, warn)
      const room = noun.text.trim()
      if (room === "") warn("13213 conference: the name is missing")
      const endOnExit = noun.attributes.get("endConferenceOnExit") === "true"
      return room === "" ? undefined : { _tag: "Conference", name: room, endOnExit }
    }
    default:
      return { _tag: "Hangup" }
  }
}

const readStream = (
  parent: XmlElement,
  context: MarkupContext,
  warn: (text: string) => void,
  twoWay: boolean
): StreamNoun | undefined => {
  const element = parent.children.find((child) => child.name === "Stream")
  if (element === undefined) {
    warn(`12200 schema validation warning: <${parent.name}> has no <Stream>`)
    return undefined
  }
  checkAttributes(element, warn)
  const attribute = (name: string) => element.attributes.get(name)
  const track = attribute("track")
  if (twoWay && track !== undefined && track !== "inbound_track") {
    warn("31941 stream: invalid track configuration")
    return undefined
  }
  const written = attribute("url") ?? ""
  const url = resolve(written, context.baseUrl?.replace(/^http/, "ws"))
  if (url === null) {
    warn("31923 stream: malformed URL")
    return undefined
  }
  const allowed = url.protocol === "wss:" || (context.insecureLoopback && url.protocol === "ws:" && isLoopback(url))
  if (!allowed) {
    warn("31922 stream: the scheme is not wss")
    return undefined
  }
  const parameters: Record<string, string> = {}
  for (const child of element.children) {
    checkAttributes(child, warn)
    const key = child.attributes.get("name")
    if (child.name === "Parameter" && key !== undefined) parameters[key] = child.attributes.get("value") ?? ""
    else warn(`12200 schema validation warning: <${child.name}> inside <Stream>`)
  }
  const absolute = /^wss?:\/\//.test(written) ? written : url.href
  return {
    url: absolute.replace(/[?#].*$/, ""),
    name: attribute("name"),
    statusCallback: attribute("statusCallback") || undefined,
    statusCallbackMethod: methodOf(attribute("statusCallbackMethod")),
    parameters
  }
}
