import { Result } from "effect"
import type { XmlElement } from "../../../simulator/Xml.ts"
import type { ConferenceNoun, MarkupContext, StreamNoun } from "./cxmlVerbs.ts"
import { type Hook, isLoopback } from "./leg.ts"

/** `statusCallback` and its method of a noun. */
const statusHook = ({ attributes }: XmlElement): Hook | undefined => {
  const url = attributes.get("statusCallback")
  if (url === undefined || url === "") return undefined
  return { url, method: attributes.get("statusCallbackMethod")?.toUpperCase() === "GET" ? "GET" : "POST" }
}

/** Reads the `<Stream>` of a verb (Cloudonix: verb Stream). Fails with what stops the application. */
export const readStream = (parent: XmlElement, context: MarkupContext): Result.Result<StreamNoun, string> => {
  const element = parent.children.find((child) => child.name === "Stream")
  if (element === undefined) return Result.fail(`<${parent.name}> has no <Stream>`)
  const track = element.attributes.get("track") ?? "inbound_track"
  if (parent.name === "Connect" && track !== "inbound_track") return Result.fail(`<Stream> cannot have track ${track}`)
  const written = element.attributes.get("url") ?? ""
  const url = URL.parse(written)
  if (url === null) return Result.fail("<Stream> has no valid URL")
  const allowed = url.protocol === "wss:" || (context.insecureLoopback && url.protocol === "ws:" && isLoopback(url))
  if (!allowed) return Result.fail(`<Stream> cannot be opened to ${url.protocol}//${url.host}: it must be wss`)
  const parameters = element.children.flatMap(({ attributes, name }): ReadonlyArray<readonly [string, string]> => {
    const key = attributes.get("name")
    return name === "Parameter" && key !== undefined ? [[key, attributes.get("value") ?? ""]] : []
  })
  return Result.succeed({
    url: written.replace(/[?#].*$/, ""),
    name: element.attributes.get("name"),
    hook: statusHook(element),
    parameters: Object.fromEntries(parameters),
    // Whether a query survives is unconfirmed: here it does not, so that nobody relies on it.
    hadQuery: written.includes("?")
  })
}

/** Without `statusCallbackEvent` the four that every conference has; which ones are the real default is unconfirmed. */
const usualEvents = ["start", "end", "join", "leave"]

/** Reads a `<Conference>` (Cloudonix: verb Dial, noun Conference). */
export const readConference = (element: XmlElement): ConferenceNoun => {
  const attribute = (name: string) => element.attributes.get(name)
  const hook = statusHook(element)
  const asked = attribute("statusCallbackEvent")
  const events = asked === undefined ? usualEvents : asked.split(/\s+/).filter((event) => event !== "None")
  const limit = Number(attribute("maxParticipants"))
  return {
    name: element.text.trim() || "default",
    // `required` is a third value of unconfirmed meaning: taken as true.
    startOnEnter: attribute("startConferenceOnEnter") !== "false",
    endOnExit: attribute("endConferenceOnExit") === "true",
    maxParticipants: limit > 0 ? Math.min(limit, 250) : 250,
    muted: attribute("muted") === "true",
    hook: hook === undefined ? undefined : { ...hook, events }
  }
}
