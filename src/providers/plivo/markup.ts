import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import { element, encodeXml, type XmlElement } from "../../carrier/xml.ts"
import type { AnswerCall, Refusal } from "../../carrier/TelephonyProvider.ts"
import type { TransferPlan } from "../../carrier/TransferStrategy.ts"

/** A document of Plivo XML as the reply to a voice webhook. */
const reply = (...elements: ReadonlyArray<XmlElement>): CarrierReply => ({
  status: 200,
  contentType: "application/xml; charset=utf-8",
  body: encodeXml(element("Response", {}, elements))
})

const hangUp = element("Hangup")

const speak = (text: string) => element("Speak", { voice: "WOMAN", language: "en-US" }, [text])

/**
 * Joins the call to its media socket, both ways; when the socket closes the call ends. Without `keepCallAlive` Plivo would go on
 * to the next element at once. The content type is always written: its default differs between Plivo's documents.
 */
export const answer = ({ mediaUrl, links }: AnswerCall): CarrierReply =>
  reply(
    element(
      "Stream",
      {
        bidirectional: "true",
        keepCallAlive: "true",
        contentType: "audio/x-mulaw;rate=8000",
        statusCallbackUrl: links.route("/stream-status"),
        statusCallbackMethod: "POST"
      },
      [mediaUrl]
    ),
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

/** The destination of a transfer hears the announcement, and waits in the room. When it leaves, the room is closed. */
export const destinationRoom = ({ room, announcement }: TransferPlan): CarrierReply =>
  reply(
    ...(announcement === undefined || announcement.trim() === "" ? [] : [speak(announcement)]),
    element("Conference", { endConferenceOnExit: "true" }, [room]),
    hangUp
  )

/**
 * The caller goes into the room. Leaving does not close it: a caller who is sent there again leaves it for a moment, and the
 * destination must still be there then.
 */
export const callerRoom = ({ room }: TransferPlan): CarrierReply =>
  reply(element("Conference", { endConferenceOnExit: "false" }, [room]), hangUp)
