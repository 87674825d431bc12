import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import { element, encodeXml, type XmlElement } from "../../carrier/xml.ts"
import type { AnswerCall, Refusal } from "../../carrier/TelephonyProvider.ts"

/** A TwiML document as the reply to a voice webhook. Twilio takes no other content type than an XML one (error 12300). */
const reply = (...verbs: ReadonlyArray<XmlElement>): CarrierReply => ({
  status: 200,
  contentType: "text/xml; charset=utf-8",
  body: encodeXml(element("Response", {}, verbs))
})

const hangUp = element("Hangup")

/**
 * Joins the call to its media socket, both ways; when the socket closes the call ends. Nothing may stand between the two:
 * a pause would keep a dead line open, and charged, after the agent has left.
 */
export const answer = ({ callId, mediaUrl, links }: AnswerCall): CarrierReply =>
  reply(
    element("Connect", {}, [
      element("Stream", {
        url: mediaUrl,
        name: callId,
        statusCallback: links.route("/stream-status"),
        statusCallbackMethod: "POST"
      })
    ]),
    hangUp
  )

/** A conference in which either side's leaving ends it for both; no beep, and silence while one waits alone. */
const conferenceVerb = (room: string) =>
  element("Dial", {}, [
    element("Conference", { beep: "false", startConferenceOnEnter: "true", endConferenceOnExit: "true", waitUrl: "" }, [
      room
    ])
  ])

/** The document that moves a caller into a conference. */
export const conference = (room: string): string => encodeXml(element("Response", {}, [conferenceVerb(room)]))

/** The document of a transfer's destination: hears the announcement, if there is one, and goes into the conference. */
export const announceThenConference = (room: string, announcement: string | undefined): string =>
  encodeXml(
    element("Response", {}, [
      ...(announcement === undefined ? [] : [element("Say", {}, [announcement])]),
      conferenceVerb(room)
    ])
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
  refusal === "busy"
    ? reply(element("Reject", { reason: "busy" }))
    : reply(element("Say", { language: "en-US" }, [spoken[refusal]]), hangUp)
