import { Schema } from "effect"
import type { CarrierReply } from "../../carrier/CarrierReply.ts"
import type { AnswerCall, Refusal } from "../../carrier/TelephonyProvider.ts"

/** A call control object: actions that are carried out in order, and the call ends after the last (Vonage: NCCO reference). */
export type Ncco = ReadonlyArray<{ readonly [field: string]: Schema.Json }>

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.Json))

/** An NCCO as the reply to a webhook. Vonage takes no other status than 200 and no other content type than JSON. */
const reply = (ncco: Ncco): CarrierReply => ({ status: 200, contentType: "application/json", body: encode(ncco) })

/** The header of the media socket's first message by which we know our call again. */
export const callIdHeader = "call_id"

/**
 * Joins the call to its media socket, both ways; when the socket closes the call ends. `synchronous`, because only then Vonage
 * tells that the socket could not be opened.
 */
export const answer = ({ callId, mediaUrl, links }: AnswerCall): CarrierReply =>
  reply([
    {
      action: "connect",
      eventType: "synchronous",
      eventUrl: [links.route("/media-status")],
      eventMethod: "POST",
      endpoint: [
        {
          type: "websocket",
          uri: mediaUrl,
          "content-type": "audio/l16;rate=16000",
          headers: { [callIdHeader]: callId },
          authorization: { type: "vonage" }
        }
      ]
    }
  ])

const talk = (text: string) => ({ action: "talk", text, language: "en-US" })

const spoken: Readonly<Record<Refusal, string>> = {
  "unknown-number": "This number is not configured. Goodbye.",
  "no-agent": "Nobody is available to take this call. Goodbye.",
  inactive: "This number is not in service at the moment. Goodbye.",
  busy: "All lines are busy at the moment. Please call again later. Goodbye.",
  "not-allowed": "This call is not allowed. Goodbye.",
  over: "This call has ended. Goodbye.",
  draining: "We cannot take your call at the moment. Please call again in a few minutes. Goodbye."
}

/** Refuses a call with a sentence. There is no action that hangs up: the call ends by itself when the list is done. */
export const reject = (refusal: Refusal): CarrierReply => reply([talk(spoken[refusal])])

/** The longest text of a `talk` action, characters. */
const longestTalk = 1500

const conversation = (room: string, endOnExit: boolean) => ({
  action: "conversation",
  name: room,
  startOnEnter: true,
  endOnExit
})

/** Puts the destination of a transfer into its conversation, after it was told something. When it leaves, the caller's part ends. */
export const destinationRoom = (room: string, announcement: string | undefined): Ncco => [
  ...(announcement === undefined ? [] : [talk(announcement.slice(0, longestTalk))]),
  conversation(room, true)
]

/**
 * Puts the caller into the conversation. Its leaving does not end it: to be moved there once more is to leave and to come back, and
 * would throw the destination out.
 */
export const callerRoom = (room: string): Ncco => [conversation(room, false)]
