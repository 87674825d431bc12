import { Result } from "effect"
import { parseXml, type XmlElement } from "../../../simulator/Xml.ts"
import { attributesOf, type Element } from "./elements.ts"
import type { Hook } from "./leg.ts"
import { isContentType } from "./stream.ts"

export interface Script {
  readonly elements: ReadonlyArray<Element>
  /** What the carrier ignores, for people. */
  readonly warnings: ReadonlyArray<string>
}

/** Elements that the carrier has and this fake does not run. */
const notSimulated = ["Gather", "Record", "PreAnswer", "Message", "MultiPartyCall"]
/** A `<Dial>` rings this long, seconds; so does a call that was placed without `ring_timeout`. */
export const defaultRingSeconds = 120
const daySeconds = 86_400
/** `<Dial timeLimit>` (as Plivo's). */
const dialLimitSeconds = 14_400
const maxExtraHeaderBytes = 512

interface Reader {
  readonly urlAllowed: (url: string, kind: "http" | "ws") => boolean
  readonly warn: (text: string) => void
}

/** Reads a document. Fails with what is wrong: the call ends with the code of invalid XML. */
export const readMarkup = (markup: string, urlAllowed: Reader["urlAllowed"]): Result.Result<Script, string> =>
  Result.flatMap(parseXml(markup), (root) => {
    if (root.name !== "Response") return Result.fail(`the root is <${root.name}>`)
    const warnings: Array<string> = []
    const reader: Reader = { urlAllowed, warn: (text) => warnings.push(text) }
    checkAttributes(root, reader)
    if (root.text.trim() !== "") reader.warn("ignored: text inside <Response>")
    const elements = Result.all(root.children.map((child) => readElement(child, reader)))
    return Result.map(elements, (found) => ({ elements: found, warnings }))
  })

const checkAttributes = (element: XmlElement, { warn }: Reader) => {
  const known = attributesOf[element.name] ?? []
  for (const name of element.attributes.keys()) {
    if (!known.includes(name)) warn(`ignored: <${element.name}> has no attribute ${name}`)
  }
}

const methodOf = (value: string | undefined) => (value?.toUpperCase() === "GET" ? "GET" : "POST")
const secondsOf = (value: string | undefined, otherwise: number) => {
  const seconds = Number(value ?? "")
  return value !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds : otherwise
}

const readElement = (element: XmlElement, reader: Reader): Result.Result<Element, string> => {
  const { name } = element
  const attribute = (key: string) => element.attributes.get(key) || undefined
  const text = element.text.trim()
  if (notSimulated.includes(name)) return Result.succeed({ _tag: "Skipped", name })
  if (!Object.hasOwn(attributesOf, name) || ["Response", "Number", "User"].includes(name)) {
    return Result.fail(`<${name}> is not an element of this language`)
  }
  checkAttributes(element, reader)
  const hookOf = (urlName: string, methodName: string): Result.Result<Hook | undefined, string> => {
    const url = attribute(urlName)
    if (url === undefined) return Result.succeed(undefined)
    if (!reader.urlAllowed(url, "http")) return Result.fail(`${urlName} of <${name}> is not a valid URL: ${url}`)
    return Result.succeed({ url, method: methodOf(attribute(methodName)) })
  }
  switch (name) {
    case "Speak":
      return Result.succeed({ _tag: "Speak", text })
    case "Play":
      return Result.succeed({ _tag: "Play", url: text, forever: attribute("loop") === "0" })
    case "Wait":
      return Result.succeed({ _tag: "Wait", seconds: secondsOf(attribute("length"), 1) })
    case "DTMF":
      return Result.succeed({ _tag: "Digits", digits: text })
    case "Hangup": {
      const reason = attribute("reason")
      const known = reason === "busy" || reason === "rejected" ? reason : undefined
      if (reason !== known) return Result.fail(`<Hangup> has no reason "${reason}"`)
      return Result.succeed({ _tag: "Hangup", reason: known, afterSeconds: secondsOf(attribute("schedule"), 0) })
    }
    case "Redirect":
      return reader.urlAllowed(text, "http")
        ? Result.succeed({ _tag: "Redirect", hook: { url: text, method: methodOf(attribute("method")) } })
        : Result.fail(`<Redirect> has no valid URL: ${text}`)
    case "Conference": {
      if (text === "") return Result.fail("<Conference> has no name")
      if (attribute("action") !== undefined) reader.warn("<Conference action> is unreliable: it is not called")
      return Result.map(hookOf("callbackUrl", "callbackMethod"), (callback) => ({
        _tag: "Conference",
        room: text,
        stayAlone: attribute("stayAlone") === "true",
        endOnExit: attribute("endConferenceOnExit") === "true",
        limitSeconds: secondsOf(attribute("timeLimit"), daySeconds),
        callback
      }))
    }
    case "Dial":
      return readDialElement(element, reader, hookOf)
    default:
      return readStream(element, reader, hookOf)
  }
}

type HookOf = (urlName: string, methodName: string) => Result.Result<Hook | undefined, string>

const readDialElement = (element: XmlElement, reader: Reader, hookOf: HookOf): Result.Result<Element, string> => {
  const attribute = (key: string) => element.attributes.get(key) || undefined
  for (const child of element.children) checkAttributes(child, reader)
  if (element.children.some(({ name }) => name !== "Number" && name !== "User")) {
    return Result.fail("<Dial> takes <Number> and <User>")
  }
  const numbers = element.children.map(({ text }) => text.trim()).filter((number) => number !== "")
  if (numbers.length === 0) return Result.fail("<Dial> has no <Number>")
  if (attribute("confirmKey") !== undefined) reader.warn("<Dial confirmKey> is not enforced")
  return Result.gen(function* () {
    return {
      _tag: "Dial",
      numbers,
      callerId: attribute("callerId"),
      timeoutSeconds: secondsOf(attribute("timeout"), defaultRingSeconds),
      limitSeconds: secondsOf(attribute("timeLimit"), dialLimitSeconds),
      action: yield* hookOf("action", "method"),
      redirect: attribute("redirect") !== "false",
      callback: yield* hookOf("callbackUrl", "callbackMethod")
    } as const
  })
}

const readStream = (element: XmlElement, reader: Reader, hookOf: HookOf): Result.Result<Element, string> => {
  const attribute = (key: string) => element.attributes.get(key) || undefined
  const url = element.text.trim()
  if (!reader.urlAllowed(url, "ws")) return Result.fail(`<Stream> has no valid wss URL: ${url}`)
  const contentType = attribute("contentType") ?? "audio/x-l16;rate=8000"
  if (!isContentType(contentType)) return Result.fail(`<Stream> has no contentType "${contentType}"`)
  const bidirectional = attribute("bidirectional") === "true"
  const track = attribute("audioTrack") ?? "inbound"
  if (!["inbound", "outbound", "both"].includes(track) || (bidirectional && track !== "inbound")) {
    return Result.fail(`<Stream> cannot have the audioTrack "${track}"`)
  }
  const maxRetries = Number(attribute("maxRetries") ?? "0")
  if (!Number.isInteger(maxRetries) || maxRetries < 0 || maxRetries > 10) {
    return Result.fail("maxRetries of <Stream> is not within 0 to 10")
  }
  const written = attribute("extraHeaders") ?? ""
  if (Buffer.byteLength(written) > maxExtraHeaderBytes) return Result.fail("extraHeaders of <Stream> exceed 512 bytes")
  const keepCallAlive = attribute("keepCallAlive") === "true"
  if (keepCallAlive && !bidirectional) reader.warn("<Stream keepCallAlive> has no effect without bidirectional")
  return Result.map(hookOf("statusCallbackUrl", "statusCallbackMethod"), (status) => ({
    _tag: "Stream",
    url,
    bidirectional,
    keepCallAlive: keepCallAlive && bidirectional,
    contentType,
    timeoutSeconds: secondsOf(attribute("streamTimeout"), daySeconds),
    status,
    extraHeaders: written
      .split(",")
      .map((pair) => pair.split("=", 2))
      .flatMap(([key = "", value = ""]) => (key.trim() === "" ? [] : [[key.trim(), value.trim()] as const])),
    maxRetries
  }))
}
