import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import type { AnswerCall, Refusal } from "../../carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../carrier/TransferStrategy.ts"
import { element, encodeXml, type XmlElement } from "../../carrier/xml.ts"

/** A CXML document (Cloudonix: Voice Applications). */
const document = (...verbs: ReadonlyArray<XmlElement>): string => encodeXml(element("Response", {}, verbs))

const reply = (body: string): CarrierReply => ({
  status: 200,
  contentType: "application/xml; charset=utf-8",
  body
})

const hangUp = element("Hangup")

const say = (text: string) => element("Say", { language: "en-US" }, [text])

/**
 * Joins the call to its media socket, both ways; when the socket closes the document goes on and hangs up. Nothing may stand
 * between the two: a pause would keep a dead line open.
 */
export const streamDocument = ({ callId, mediaUrl }: Pick<AnswerCall, "callId" | "mediaUrl">): string =>
  document(element("Connect", {}, [element("Stream", { url: mediaUrl, name: callId })]), hangUp)

/** What an inbound call is answered. */
export const answer = (call: AnswerCall): CarrierReply => reply(streamDocument(call))

const spoken: Readonly<Record<Exclude<Refusal, "busy">, string>> = {
  "unknown-number": "This number is not configured. Goodbye.",
  "no-agent": "Nobody is available to take this call. Goodbye.",
  inactive: "This number is not in service at the moment. Goodbye.",
  "not-allowed": "This call is not allowed. Goodbye.",
  over: "This call has ended. Goodbye.",
  draining: "We cannot take your call at the moment. Please call again in a few minutes. Goodbye."
}

/** Refuses a call: a busy tone where that is the reason, else a sentence, so that the caller knows why. */
export const reject = (refusal: Refusal): CarrierReply =>
  reply(refusal === "busy" ? document(element("Reject", { reason: "busy" })) : document(say(spoken[refusal]), hangUp))

/** The conference in which the two sides of a transfer meet: no beep, no music, over when either of them leaves it. */
const room = (name: string, more: Readonly<Record<string, string>> = {}) =>
  element("Dial", {}, [
    element("Conference", { beep: "false", holdMusic: "false", endConferenceOnExit: "true", ...more }, [name])
  ])

/** What the destination of a transfer hears, and then the room; who comes and goes there is told to the transfer's own route. */
export const destinationDocument = ({ room: name, announcement, links }: TransferPlan): string =>
  document(
    ...(announcement === undefined ? [] : [say(announcement)]),
    room(name, {
      statusCallback: links.route("/transfer-conference"),
      statusCallbackMethod: "POST",
      statusCallbackEvent: "join leave"
    }),
    hangUp
  )

/** Takes the caller into the room. */
export const callerDocument = ({ room: name }: Pick<TransferPlan, "room">): string => document(room(name), hangUp)
