import type { Hook } from "./leg.ts"
import type { StreamFormat } from "./stream.ts"

/** `<Stream>` as the carrier reads it. */
export interface StreamElement {
  readonly url: string
  readonly bidirectional: boolean
  readonly keepCallAlive: boolean
  readonly contentType: StreamFormat
  readonly timeoutSeconds: number
  readonly status: Hook | undefined
  readonly extraHeaders: ReadonlyArray<readonly [string, string]>
  readonly maxRetries: number
}

export interface DialElement {
  readonly numbers: ReadonlyArray<string>
  readonly callerId: string | undefined
  readonly timeoutSeconds: number
  readonly limitSeconds: number
  readonly action: Hook | undefined
  readonly redirect: boolean
  readonly callback: Hook | undefined
}

export interface ConferenceElement {
  readonly room: string
  readonly stayAlone: boolean
  readonly endOnExit: boolean
  readonly limitSeconds: number
  readonly callback: Hook | undefined
}

/** The elements that this fake carrier acts on; others are skipped with a note. */
export type Element =
  | { readonly _tag: "Speak"; readonly text: string }
  | { readonly _tag: "Play"; readonly url: string; readonly forever: boolean }
  | { readonly _tag: "Wait"; readonly seconds: number }
  | { readonly _tag: "Hangup"; readonly reason: "busy" | "rejected" | undefined; readonly afterSeconds: number }
  | { readonly _tag: "Redirect"; readonly hook: Hook }
  | ({ readonly _tag: "Stream" } & StreamElement)
  | ({ readonly _tag: "Dial" } & DialElement)
  | ({ readonly _tag: "Conference" } & ConferenceElement)
  | { readonly _tag: "Digits"; readonly digits: string }
  | { readonly _tag: "Skipped"; readonly name: string }

/** The attributes that an element may have; the carrier ignores others. */
export const attributesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  Response: [],
  Speak: ["voice", "language", "loop"],
  Play: ["loop"],
  Wait: ["length", "silence", "minSilence", "beep"],
  Hangup: ["reason", "schedule"],
  Redirect: ["method"],
  DTMF: ["async"],
  Stream: [
    "bidirectional",
    "keepCallAlive",
    "contentType",
    "audioTrack",
    "streamTimeout",
    "statusCallbackUrl",
    "statusCallbackMethod",
    "extraHeaders",
    "maxRetries"
  ],
  Dial: [
    "action",
    "method",
    "redirect",
    "timeout",
    "timeLimit",
    "callerId",
    "callerName",
    "hangupOnStar",
    "callbackUrl",
    "callbackMethod",
    "confirmSound",
    "confirmKey",
    "confirmTimeout",
    "dialMusic",
    "digitsMatch",
    "digitsMatchBLeg",
    "sipHeaders"
  ],
  Number: ["sendDigits", "sendOnPreanswer"],
  User: ["sendDigits", "sipHeaders"],
  Conference: [
    "muted",
    "enterSound",
    "exitSound",
    "maxMembers",
    "maxParticipants",
    "timeLimit",
    "hangupOnStar",
    "stayAlone",
    "startConferenceOnEnter",
    "endConferenceOnExit",
    "waitSound",
    "waitMethod",
    "record",
    "recordFileFormat",
    "callbackUrl",
    "callbackMethod",
    "action",
    "method",
    "redirect",
    "digitsMatch",
    "floorEvent",
    "relayDTMF"
  ]
}
