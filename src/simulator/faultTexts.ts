import type { FaultName } from "./Faults.ts"

/** What each fault does to a call, for people. */
export const faultTexts: Readonly<Record<FaultName, string>> = {
  "callbacks-duplicated": "Each callback is delivered twice.",
  "callbacks-late": "Callbacks come two seconds late, still in order.",
  "callbacks-reordered": "Neighbouring callbacks change places.",
  "callbacks-lost": "Callbacks are never sent.",
  "webhook-duplicated": "The call is announced twice at once.",
  "signature-wrong": "Requests are signed with another secret.",
  "signature-missing": "Requests carry no signature.",
  "signature-stale": "Signatures are ten minutes old, where the carrier signs the time.",
  "media-never-opens": "The media socket is never opened.",
  "media-never-starts": "The media socket opens, but the stream is never started.",
  "media-wrong-call": "The stream announces a call that does not exist.",
  "media-twice": "A second socket is opened for the same call.",
  "media-half-open": "After half a second the peer falls silent, and the socket stays up.",
  "media-garbage": "Unreadable messages come between the good ones, ten a second.",
  "media-reordered": "Every fourth message of audio comes after the one that follows it.",
  "media-flood": "Audio comes a hundred times faster than real time.",
  "media-drops": "After half a second the connection is cut without a word.",
  "events-refused": "The events connection is refused.",
  "events-closed-at-once": "The events connection is closed as soon as it stands.",
  "events-dropped": "Instead of delivering an event, the events connection is cut.",
  "events-half-open": "The events connection falls silent, and stays up.",
  "events-lost": "Events are lost, also the one that announces the call.",
  "rest-silent": "The REST API acts, but never answers.",
  "rest-dead": "The REST API neither acts nor answers.",
  "rest-slow": "The REST API answers a second late.",
  "rest-throttled": "The REST API answers 429 and does nothing.",
  "rest-broken": "The REST API answers 500 and does nothing."
}

/** How the carrier that is imitated is connected. */
export interface Connected {
  /** It tells of its calls over a connection of ours. */
  readonly listens: boolean
  /** Its calls begin on a page of ours: it has no REST API and sends no callbacks. */
  readonly phone: boolean
}

/** Whether a fault can strike at such a carrier. */
export const canStrike = (fault: FaultName, { listens, phone }: Connected): boolean => {
  if (fault.startsWith("events-")) return listens
  if (fault.startsWith("signature-")) return !listens && !(phone && fault === "signature-stale")
  return !(phone && /^(?:callbacks|rest)-/.test(fault))
}
