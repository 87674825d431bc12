import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import type { AnswerCall, Refusal } from "../../carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../carrier/TransferStrategy.ts"
import { element, encodeXml, type XmlElement } from "../../carrier/xml.ts"

/** A document as the reply to a webhook. An empty one would leave the call connected, so all of them end with a hangup. */
const reply = (...verbs: ReadonlyArray<XmlElement>): CarrierReply => ({
  status: 200,
  contentType: "application/xml",
  body: encodeXml(element("Response", {}, verbs))
})

const hangUp = element("Hangup")
const speak = (text: string) => element("Speak", { voice: "WOMAN", language: "en-US" }, [text])

/**
 * Joins the call to its media socket, both ways. `contentType` is that of the caller's audio; without `keepCallAlive` the call
 * would end at once. Nothing of ours would arrive in the socket's first message, so the URL says it all.
 */
export const answer = ({ mediaUrl }: AnswerCall): CarrierReply =>
  reply(
    element("Stream", { bidirectional: "true", keepCallAlive: "true", contentType: "audio/x-mulaw;rate=8000" }, [
      mediaUrl
    ]),
    hangUp
  )

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
  refusal === "busy" ? reply(element("Hangup", { reason: "busy" })) : reply(speak(spoken[refusal]), hangUp)

/** Whoever comes first waits alone, which Vobiz does not allow by itself. */
const conference = (room: string, attributes: Readonly<Record<string, string>>) =>
  element("Conference", { stayAlone: "true", ...attributes }, [room])

/** What the destination of a transfer hears: the announcement, then the room. When it leaves, the caller's leg ends too. */
export const destinationDocument = ({ announcement, links, room }: TransferPlan): CarrierReply =>
  reply(
    ...(announcement === undefined ? [] : [speak(announcement)]),
    conference(room, {
      endConferenceOnExit: "true",
      callbackUrl: links.route("/transfer-room"),
      callbackMethod: "POST"
    }),
    hangUp
  )

/**
 * Takes the caller into the room. It goes on when the caller leaves it: moving him there a second time takes him out for a
 * moment.
 */
export const callerDocument = ({ room }: TransferPlan): CarrierReply =>
  reply(conference(room, { endConferenceOnExit: "false" }), hangUp)

/** Ends a leg that has no business here. */
export const goodbye: CarrierReply = reply(hangUp)
