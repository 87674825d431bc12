import type { AgentIdentity } from "../../src/agents/websocket/messages.ts"

/** Every rule that is looked at, in the order of the report: its name and what an agent has to do. */
export const rules = {
  connect: "Opens the connection within 5 s and agrees to the subprotocol switchboard.v1.",
  secret: "Refuses the upgrade to whoever has a wrong secret or none.",
  accept: "Answers call.start within 5 s, and takes the test's call.",
  formats: "Takes a call whatever audio is proposed: with that, or with another format of the protocol.",
  messages: "Sends readable JSON of the types and fields that the protocol has.",
  audio: "Sends whole samples, in messages of up to 1 MiB, and lets no more than 60 s wait to be heard.",
  pings: "Answers pings.",
  reads: "Goes on reading: never stops for 5 s while the caller speaks.",
  stays: "Stays until the call is over, or ends it with hangup.",
  tells: "Takes every message that Switchboard may send during a call.",
  grows: "Ignores types and fields that it does not know.",
  end: "Closes within 1 s after call.end.",
  together: "Takes two calls at once.",
  resume: "Takes a call that comes back with its resume_token after the connection was cut."
} as const
export type RuleId = keyof typeof rules

/** What became of a rule: kept, broken, or not to be judged. `seen` is what was seen, in words. */
export interface Finding {
  readonly outcome: "pass" | "fail" | "not_applicable"
  readonly seen: string
}

export const pass = (seen: string): Finding => ({ outcome: "pass", seen })
export const fail = (seen: string): Finding => ({ outcome: "fail", seen })
export const notApplicable = (seen: string): Finding => ({ outcome: "not_applicable", seen })

export type Findings = Partial<Record<RuleId, Finding>>

/** All that the testkit found out about an agent. */
export interface Report {
  /** Without query: it may hold a secret. */
  readonly url: string
  readonly agent: AgentIdentity
  readonly rules: ReadonlyArray<Finding & { readonly id: RuleId; readonly rule: string }>
}

const isRuleId = (id: string): id is RuleId => id in rules

/** One line for each rule; what was not found out is not to be judged, for `otherwise`. */
export const lines = (findings: Findings, otherwise: string): Report["rules"] =>
  Object.entries(rules).flatMap(([id, rule]) =>
    isRuleId(id) ? [{ id, rule, ...(findings[id] ?? notApplicable(otherwise)) }] : []
  )

export const count = ({ rules }: Report, outcome: Finding["outcome"]): number =>
  rules.filter((rule) => rule.outcome === outcome).length
