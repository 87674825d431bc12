import { inspect } from "node:util"

const messageOf = (cause: unknown) =>
  typeof cause === "object" && cause !== null && "message" in cause && typeof cause.message === "string"
    ? cause.message
    : ""

/** What a thrown value says, on one line. */
export const causeText = (cause: unknown): string => {
  const text = typeof cause === "string" ? cause : messageOf(cause)
  return text === "" ? inspect(cause, { depth: 1, breakLength: Infinity }) : text
}
