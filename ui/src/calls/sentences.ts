import type { Tone } from "../parts/Badge.tsx"
import { durationText } from "../parts/time.tsx"
import type { CallEvent } from "./call.ts"
import { endReasons, isEndReason, toneOfEnd } from "./endReasons.ts"

/** What happened, for people. */
export interface Sentence {
  readonly text: string
  readonly tone: Tone
}

type Payload = CallEvent["payload"]
type Tell = (payload: Payload, source: string) => Sentence

/** A value of a payload as text; "" where there is none. */
const text = (payload: Payload, key: string): string => {
  const value = payload[key]
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : ""
}
const ms = (payload: Payload, key: string): string => {
  const value = payload[key]
  return typeof value === "number" ? durationText(value) : "some time"
}

/** ` (words)`, or nothing. */
const aside = (words: string) => (words === "" ? "" : ` (${words})`)
/** `: words`, or a full stop. */
const ending = (words: string) => (words === "" ? "." : `: ${words}`)
const because = (payload: Payload) =>
  ending(text(payload, "message") || text(payload, "reason") || text(payload, "error"))

const plain =
  (say: string | ((payload: Payload, source: string) => string), tone: Tone = "plain"): Tell =>
  (payload, source) => ({ text: typeof say === "string" ? say : say(payload, source), tone })

const by: Readonly<Record<string, string>> = {
  agent: "the agent",
  operator: "an operator",
  carrier: "the carrier",
  gateway: "this service"
}
const whose = (source: string) => by[source] ?? source

const fallbacks: Readonly<Record<string, string>> = {
  announce: "The caller heard an announcement, because the agent did not come back.",
  transfer: "The caller is transferred, because the agent did not come back."
}

const calls: Readonly<Record<string, Tell>> = {
  "call.created": plain((p) =>
    text(p, "direction") === "inbound"
      ? `${text(p, "from")} calls ${text(p, "to")}.`
      : `A call from ${text(p, "from")} to ${text(p, "to")} begins.`
  ),
  "call.picking_up": plain("The call is being answered."),
  "call.reason_corrected": plain(
    (p) => `The carrier told more: the end reason is now ${text(p, "reason")}, not ${text(p, "presumed")}.`
  ),
  "call.ended": (p) => {
    const reason = p["reason"]
    return isEndReason(reason)
      ? { text: `The call ended. ${endReasons[reason].sentence}`, tone: toneOfEnd(reason) }
      : { text: "The call ended.", tone: "plain" }
  },
  "dial.accepted": plain("The carrier accepted the dial."),
  "dial.unknown": plain((p) => `Whether the carrier dialled is not known${because(p)}`, "warn"),
  "hangup.accepted": plain("The carrier took the hang-up."),
  "hangup.uncertain": plain((p) => `The carrier did not confirm the hang-up${because(p)}`, "warn"),
  "carrier.status": plain(
    (p) => `The carrier reports “${text(p, "status")}”${aside([text(p, "failure_code")].filter(Boolean).join(" "))}.`
  ),
  cost: plain((p) => `The call cost ${text(p, "amount")} ${text(p, "currency")}.`),
  "cost.unknown": plain("The carrier does not tell what the call cost."),
  "provider_call_id.conflict": plain("A report carried another call's id and was not believed.", "warn"),
  digit: plain((p) => `The caller pressed ${text(p, "digit")}.`)
}

const media: Readonly<Record<string, Tell>> = {
  "media.connecting": plain((p) => `The carrier opens its audio connection${aside(text(p, "node"))}.`),
  "media.streaming": plain("Audio flows in both directions.", "good"),
  "media.ended": plain("The audio connection is closed."),
  "media.failed": plain((p) => `The audio connection broke${because(p)}`, "bad"),
  "media.cleared": plain(
    (p) =>
      `The agent was interrupted: ${ms(p, "dropped_ms")} of its speech were thrown away, ${ms(p, "heard_ms")} had been heard.`
  ),
  "media.underrun": plain(
    (p) =>
      `The agent's speech came too slowly: ${p["count"] === 1 ? "a gap was" : `${text(p, "count")} gaps were`} heard.`,
    "warn"
  ),
  answering_machine: plain(
    (p) =>
      `Answered by “${text(p, "result")}”, says ${text(p, "source") === "carrier" ? "the carrier" : "this service"}.`,
    "accent"
  ),
  "answering_machine.beep": plain("The answering machine beeped.", "accent")
}

const agents: Readonly<Record<string, Tell>> = {
  "agent.identified": plain(
    (p) => `The agent says what it is${ending([text(p, "name"), text(p, "version")].filter(Boolean).join(" "))}`
  ),
  "agent.lost": plain((p) => `The connection to the agent broke${because(p)}`, "bad"),
  "agent.unreachable": plain((p) => `The agent could not be reached${because(p)}`, "bad"),
  "agent.resumed": plain((p) => `The agent is back after ${ms(p, "away_ms")}.`, "good"),
  "agent.fallback": plain(
    (p) =>
      fallbacks[text(p, "action")] ?? `The fallback “${text(p, "action")}” acted, because the agent did not come back.`,
    "warn"
  ),
  "agent.error": plain((p) => `The agent reports an error${because(p)}`, "warn"),
  "agent.message_ignored": plain((p) => text(p, "message") || "A message of the agent did nothing.", "warn"),
  "agent.event": plain((p) => `The agent notes “${text(p, "name")}”.`, "accent"),
  "operator.event": plain((p) => `An operator told the agent “${text(p, "name")}”.`, "accent"),
  "tool.call": (p) => ({
    text: `The agent used ${text(p, "name")}: ${text(p, "outcome")}${typeof p["duration_ms"] === "number" ? ` in ${ms(p, "duration_ms")}` : ""}.`,
    tone: text(p, "outcome") === "failed" ? "warn" : "accent"
  }),
  "transcript.caller": plain((p) => `Caller: “${text(p, "text")}”`, "accent"),
  "transcript.agent": plain(
    (p) => `Agent: “${text(p, "text")}”${p["interrupted"] === true ? ` (interrupted after ${ms(p, "heard_ms")})` : ""}`,
    "accent"
  )
}

const stops: Readonly<Record<string, string>> = {
  stopped: "it was stopped",
  shutdown: "the service shut down",
  node_lost: "its node stopped",
  size_limit: "it reached its largest size"
}

const others: Readonly<Record<string, Tell>> = {
  "transfer.requested": plain(
    (p, source) => `A transfer to ${text(p, "destination")} is asked for by ${whose(source)}.`
  ),
  "transfer.dialing": plain((p) => `${text(p, "destination")} is being called for the transfer.`),
  "transfer.leg": plain((p) => `The carrier reports “${text(p, "status")}” for the transfer's destination.`),
  "transfer.answered": plain((p) => `${text(p, "destination")} answered.`),
  "transfer.bridging": plain((p) => `The caller and ${text(p, "destination")} are being joined.`),
  "transfer.bridged": plain((p) => `The caller talks with ${text(p, "destination")}.`, "good"),
  "transfer.failed": plain((p) => `The transfer to ${text(p, "destination")} failed${because(p)}`, "warn"),
  "transfer.canceled": plain((p) => `The transfer to ${text(p, "destination")} was called off.`),
  "recording.started": plain((_, source) => `A recording begins, by ${whose(source)}.`),
  "recording.paused": plain((_, source) => `The recording is paused by ${whose(source)}: both channels are silent.`),
  "recording.resumed": plain((_, source) => `The recording goes on, by ${whose(source)}.`),
  "recording.stopped": plain(
    (p) => `The recording has ended after ${ms(p, "duration_ms")}${aside(stops[text(p, "reason")] ?? "")}.`
  ),
  "recording.failed": plain((p) => `The recording failed${because(p)}`, "bad")
}

const known: Readonly<Record<string, Tell>> = { ...calls, ...media, ...agents, ...others }

const ENDING = "ending."

/** What a line of a call's log means. A kind that is not known here (a carrier's own) is shown by its name. */
export const sentenceOf = ({ kind, payload, source }: CallEvent): Sentence => {
  const tell = Object.hasOwn(known, kind) ? known[kind] : undefined
  if (tell !== undefined) return tell(payload, source)
  const reason = kind.startsWith(ENDING) ? kind.slice(ENDING.length) : undefined
  if (isEndReason(reason))
    return {
      text: `The call is being ended (${endReasons[reason].short.toLowerCase()})${because(payload)}`,
      tone: toneOfEnd(reason)
    }
  const words = kind.replaceAll(/[._-]+/g, " ")
  return {
    text: `${source === "carrier" ? "The carrier notes" : "Noted by " + whose(source)}: ${words}${because(payload)}`,
    tone: "plain"
  }
}
