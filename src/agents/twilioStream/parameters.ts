import type { AgentCall } from "../AgentSpec.ts"

/** Name and value of a parameter together, characters (Twilio: `<Stream>`, custom parameters: under 500). */
export const maxParameterLength = 499

/** The parameters that every stream has, from the call itself. */
const callFacts = ["call_id", "direction", "from", "to", "provider", "reconnect"] as const

/** Whether a parameter of this name is filled in from the call. */
export const isCallFact = (name: string): boolean => callFacts.some((fact) => fact === name)

const factsOf = (call: AgentCall): Readonly<Partial<Record<(typeof callFacts)[number], string>>> => ({
  call_id: call.id,
  direction: call.direction,
  from: call.from,
  to: call.to,
  provider: call.provider,
  ...(call.attempt > 0 ? { reconnect: String(call.attempt) } : {})
})

/** A tag `name=value` in its two parts; undefined without a name. The value may be empty and may hold `=`. */
export const readParameter = (tag: string): readonly [name: string, value: string] | undefined => {
  const at = tag.indexOf("=")
  const name = tag.slice(0, at).trim()
  return at < 0 || name === "" ? undefined : [name, tag.slice(at + 1)]
}

/**
 * `start.customParameters`: texts of the call's context, the agent's own parameters, the facts of the call. A later one of these
 * hides an earlier one of the same name. A text of the context that is too long for a parameter is left out.
 */
export const parametersOf = (call: AgentCall, own: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  const context = Object.entries(call.context).flatMap(([name, value]): ReadonlyArray<readonly [string, string]> =>
    typeof value === "string" && name !== "" && name.length + value.length <= maxParameterLength ? [[name, value]] : []
  )
  return Object.fromEntries([
    ...context,
    ...own.flatMap((tag) => {
      const parameter = readParameter(tag)
      return parameter === undefined ? [] : [parameter]
    }),
    ...Object.entries(factsOf(call))
  ])
}
