import { Result } from "effect"
import { parseXml, type XmlElement } from "../../../simulator/Xml.ts"
import type { Hook } from "./hook.ts"
import {
  type Conference,
  type Dial,
  type Problem,
  readConference,
  readDial,
  readHook,
  wholeNumber
} from "./markupRooms.ts"
import { readStream, type StreamElement, type StreamRules } from "./markupStream.ts"

/** The elements that this fake carrier acts on; others are skipped with a note. */
export type Element =
  | { readonly _tag: "Speak"; readonly text: string }
  | { readonly _tag: "Play"; readonly url: string; readonly forever: boolean }
  | { readonly _tag: "Wait"; readonly seconds: number }
  | { readonly _tag: "Dtmf"; readonly digits: string }
  | { readonly _tag: "Hangup"; readonly reason: "rejected" | "busy" | undefined; readonly afterSeconds: number }
  | { readonly _tag: "Redirect"; readonly hook: Hook }
  | { readonly _tag: "Stream"; readonly stream: StreamElement }
  | { readonly _tag: "Conference"; readonly conference: Conference }
  | { readonly _tag: "Dial"; readonly dial: Dial }
  | { readonly _tag: "Skipped"; readonly name: string }

export interface Script {
  readonly elements: ReadonlyArray<Element>
  /** What the carrier puts up with, for the call's errors. */
  readonly warnings: ReadonlyArray<string>
}

const words = (...lines: ReadonlyArray<string>) => lines.flatMap((line) => line.split(" "))

const attributesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  Response: [],
  Speak: ["voice", "language", "loop"],
  Play: ["loop"],
  Wait: ["length", "silence", "minSilence", "beep"],
  DTMF: ["async"],
  Hangup: ["reason", "schedule"],
  Redirect: ["method"],
  Stream: words(
    "bidirectional keepCallAlive contentType audioTrack streamTimeout statusCallbackUrl statusCallbackMethod",
    "extraHeaders noiseCancellation noiseCancellationLevel"
  ),
  Conference: words(
    "muted enterSound exitSound maxMembers timeLimit hangupOnStar stayAlone startConferenceOnEnter",
    "endConferenceOnExit waitSound record recordFileFormat callbackUrl callbackMethod action method redirect",
    "digitsMatch floorEvent relayDTMF"
  ),
  Dial: words(
    "action method redirect timeout timeLimit callerId callerName hangupOnStar callbackUrl callbackMethod",
    "confirmSound confirmKey confirmTimeout dialMusic digitsMatch digitsMatchBLeg sipHeaders"
  ),
  Number: ["sendDigits", "sendOnPreanswer"],
  User: ["sendDigits", "sendOnPreanswer", "sipHeaders"]
}
const childrenOf: Readonly<Record<string, ReadonlyArray<string>>> = { Dial: ["Number", "User"] }
const skipped = ["Record", "GetDigits", "GetInput", "MultiPartyCall", "PreAnswer", "Message"]
const voice = /^(WOMAN|MAN|Polly\..+)$/
const language = /^(arb|[a-z]{2,3}-[A-Z]{2})$/

/** Reads a document (Plivo XML). Fails, for 8011 to 8014, with what is wrong in it. */
export const readMarkup = (markup: string, rules: StreamRules): Result.Result<Script, Problem> =>
  Result.flatMap(parseXml(markup), (root) => {
    if (root.name !== "Response") return Result.fail(`the root is <${root.name}>`)
    if (root.text.trim() !== "") return Result.fail("text inside <Response>")
    const warnings: Array<string> = []
    const elements: Array<Element> = []
    for (const element of root.children) {
      const read = readElement(element, rules, (text) => warnings.push(text))
      if (Result.isFailure(read)) return Result.fail(read.failure)
      elements.push(read.success)
    }
    return Result.succeed({ elements, warnings })
  })

const checkAttributes = (element: XmlElement, warn: (text: string) => void) => {
  for (const name of element.attributes.keys()) {
    if (!attributesOf[element.name]?.includes(name)) warn(`<${element.name}> has no attribute ${name}`)
  }
}

const readElement = (
  element: XmlElement,
  rules: StreamRules,
  warn: (text: string) => void
): Result.Result<Element, Problem> => {
  const { name } = element
  if (skipped.includes(name)) return Result.succeed({ _tag: "Skipped", name })
  if (!Object.hasOwn(attributesOf, name) || ["Response", "Number", "User"].includes(name)) {
    return Result.fail(`<${name}> is no element of Plivo XML`)
  }
  checkAttributes(element, warn)
  for (const child of element.children) {
    if (!childrenOf[name]?.includes(child.name)) return Result.fail(`<${child.name}> is not allowed in <${name}>`)
    checkAttributes(child, warn)
  }
  const attribute = (key: string) => element.attributes.get(key)
  const text = element.text.trim()
  switch (name) {
    case "Speak":
      if (text === "") return Result.fail("<Speak> is empty")
      if (!voice.test(attribute("voice") ?? "WOMAN")) return Result.fail(`<Speak> has no voice ${attribute("voice")}`)
      return language.test(attribute("language") ?? "en-US")
        ? Result.succeed({ _tag: "Speak", text })
        : Result.fail(`<Speak> does not know the language ${attribute("language")}`)
    case "Play":
      return text === ""
        ? Result.fail("<Play> has no URL")
        : Result.succeed({ _tag: "Play", url: text, forever: attribute("loop") === "0" })
    case "Wait":
      return Result.map(wholeNumber(element, "length", 1), (seconds): Element => ({ _tag: "Wait", seconds }))
    case "DTMF":
      return /^[0-9*#A-DwW]+$/.test(text)
        ? Result.succeed({ _tag: "Dtmf", digits: text })
        : Result.fail("<DTMF> has no digits")
    case "Redirect":
      return Result.map(readHook(element, text, "method"), (hook): Element => ({ _tag: "Redirect", hook }))
    case "Stream":
      return Result.map(readStream(element, rules, warn), (stream): Element => ({ _tag: "Stream", stream }))
    case "Conference":
      return Result.map(readConference(element), (conference): Element => ({ _tag: "Conference", conference }))
    case "Dial":
      return Result.map(readDial(element), (dial): Element => ({ _tag: "Dial", dial }))
    default:
      return readHangup(element)
  }
}

const readHangup = (element: XmlElement): Result.Result<Element, Problem> => {
  const reason = element.attributes.get("reason")
  if (reason !== undefined && reason !== "rejected" && reason !== "busy") {
    return Result.fail(`<Hangup> has no reason ${reason}`)
  }
  return Result.map(wholeNumber(element, "schedule", 0), (afterSeconds): Element => ({
    _tag: "Hangup",
    reason,
    afterSeconds
  }))
}
