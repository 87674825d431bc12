import type { AgentEvent, AnsweringNews } from "../AgentSpec.ts"

/** What an operator tells, as the model reads it. */
export const eventText = ({ data, name }: AgentEvent): string => {
  const named = `An event from outside the call: ${JSON.stringify(name)}.`
  return data === null ? named : `${named} Its data: ${JSON.stringify(data)}`
}

/** The model is to say something about an event: its data is an object with `"respond": true`. */
export const asksForResponse = ({ data }: AgentEvent): boolean =>
  typeof data === "object" && data !== null && "respond" in data && data["respond"] === true

const answers = {
  human: "A person answered the call.",
  machine: "An answering machine answered the call: what you hear is not a person.",
  unknown: "It is not known whether a person or an answering machine answered the call."
} as const

const beep =
  "The answering machine has beeped: it records from now on. If you are to leave a message, say all of it now, without waiting for an answer."

/** Who answered the call, as the model reads it. */
export const answeringText = (news: AnsweringNews): string => {
  if (news._tag === "Beep") return beep
  return news.reason === "fax" ? "A fax machine answered the call." : answers[news.result]
}
