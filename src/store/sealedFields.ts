import { Effect, Schema } from "effect"
import type { FormValues } from "../Form.ts"
import { Envelope } from "./envelope.ts"

/** Whether a stored value is a sealed one. */
export const isEnvelope = Schema.is(Envelope)

const isGroup = (value: Schema.Json): value is FormValues =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isEnvelope(value)

/**
 * A form with some of its values changed. `change` is asked for each value by its dotted path, groups before what is in
 * them; undefined leaves the value as it is.
 */
export const mapFields = <E>(
  values: FormValues,
  change: (path: string, value: Schema.Json) => Effect.Effect<Schema.Json, E> | undefined,
  parent = ""
): Effect.Effect<FormValues, E> =>
  Effect.forEach(Object.entries(values), ([key, value]) => {
    const path = parent === "" ? key : `${parent}.${key}`
    const changed: Effect.Effect<Schema.Json, E> =
      change(path, value) ?? (isGroup(value) ? mapFields(value, change, path) : Effect.succeed(value))
    return Effect.map(changed, (result) => [key, result] as const)
  }).pipe(Effect.map((entries) => Object.fromEntries(entries)))
