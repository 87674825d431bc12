import { Result } from "effect"
import { parseXml, type XmlElement } from "../../../simulator/Xml.ts"
import { readConference, readStream } from "./cxmlNouns.ts"
import type { MarkupContext, Verb, Warn } from "./cxmlVerbs.ts"
import type { Hook } from "./leg.ts"

export interface Script {
  readonly verbs: ReadonlyArray<Verb>
  /** What is not in the language. */
  readonly warnings: ReadonlyArray<string>
}

/** Attributes by element (Cloudonix: voice application verbs). */
const attributesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
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
  Dial: [
    "action",
    "method",
    "callerId",
    "callerName",
    "timeout",
    "timeLimit",
    "trunks",
    "headers",
    "forwardHeaders",
    "record",
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
    "trim"
  ],
  Number: [],
  Sip: [],
  Conference: [
    "beep",
    "dtmf",
    "holdMusic",
    "muted",
    "prompts",
    "startConferenceOnEnter",
    "endConferenceOnExit",
    "maxParticipants",
    "record",
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
    "statusCallback",
    "statusCallbackMethod",
    "statusCallbackEvent",
    "talkDetection",
    "trim"
  ]
}
const nouns = ["Stream", "Parameter", "Number", "Sip", "Conference"]
const skipped = ["Play", "Gather", "Record", "Coach", "Converse"]

/** Reads a document. Fails when it is not well-formed or its root is not `Response`. */
export const readCxml = (markup: string, context: MarkupContext): Result.Result<Script, string> =>
  Result.flatMap(
    Result.mapError(parseXml(markup), (error) => `CXML cannot be parsed: ${error}`),
    (root) => {
      if (root.name !== "Response") return Result.fail(`CXML cannot be parsed: the root is <${root.name}>`)
      const warnings: Array<string> = []
      const warn: Warn = (text) => void warnings.push(`CXML: ${text}`)
      for (const name of root.attributes.keys()) warn(`<Response> has no attribute ${name}`)
      if (root.text.trim() !== "") warn("text inside <Response>")
      return Result.succeed({ verbs: root.children.flatMap((child) => readVerb(child, context, warn) ?? []), warnings })
    }
  )

const checkAttributes = (element: XmlElement, warn: Warn) => {
  const known = attributesOf[element.name]
  if (known === undefined) return warn(`<${element.name}> does not belong here`)
  for (const name of element.attributes.keys()) {
    if (!known.includes(name)) warn(`<${element.name}> has no attribute ${name}`)
  }
  for (const child of element.children) checkAttributes(child, warn)
}

const hookOf = (element: XmlElement, context: MarkupContext, written: string | undefined): Hook | undefined => {
  if (written === undefined || written === "") return undefined
  const url = context.baseUrl === undefined ? URL.parse(written) : URL.parse(written, context.baseUrl)
  const method = element.attributes.get("method")?.toUpperCase() === "GET" ? "GET" : "POST"
  return url === null ? undefined : { url: url.href, method }
}

const readVerb = (element: XmlElement, context: MarkupContext, warn: Warn): Verb | undefined => {
  const attribute = (name: string) => element.attributes.get(name)
  const { name } = element
  if (skipped.includes(name)) return { _tag: "Skipped", name }
  if (!Object.hasOwn(attributesOf, name) || nouns.includes(name)) {
    warn(`<${name}> is not a verb`)
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
      const hook = hookOf(element, context, element.text.trim())
      return hook === undefined ? { _tag: "Broken", why: "<Redirect> has no valid URL" } : { _tag: "Redirect", hook }
    }
    case "Connect":
    case "Start": {
      const stream = readStream(element, context)
      if (Result.isFailure(stream)) return { _tag: "Broken", why: stream.failure }
      const action = hookOf(element, context, attribute("action"))
      return name === "Start"
        ? { _tag: "Start", stream: stream.success }
        : { _tag: "Connect", stream: stream.success, action }
    }
    case "Stop":
      return { _tag: "Stop" }
    case "Dial":
      return readDial(element, context)
    default:
      return { _tag: "Hangup" }
  }
}

const readDial = (element: XmlElement, context: MarkupContext): Verb => {
  const attribute = (name: string) => element.attributes.get(name)
  const action = hookOf(element, context, attribute("action"))
  const noun = element.children.find(({ name }) => ["Conference", "Number", "Sip"].includes(name))
  if (noun?.name === "Conference") return { _tag: "Conference", room: readConference(noun), action }
  const destination = (noun ?? element).text.trim()
  if (destination === "") return { _tag: "Broken", why: "<Dial> has no destination" }
  const timeout = Number(attribute("timeout"))
  return {
    _tag: "Dial",
    destination,
    callerId: attribute("callerId"),
    ringSeconds: timeout > 0 ? timeout : undefined,
    trunk: attribute("trunks"),
    action
  }
}
