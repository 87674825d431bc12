import type { Answerer } from "../answering/detector.ts"

/** A carrier's word for who answered, as an agent is told of it: a fax is a machine, for that reason. */
export const answererOf = (answeredBy: string): { readonly result: Answerer; readonly reason?: string } => {
  if (answeredBy === "fax") return { result: "machine", reason: "fax" }
  return { result: answeredBy === "human" || answeredBy === "machine" ? answeredBy : "unknown" }
}
