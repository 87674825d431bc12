import { Effect, Option } from "effect"
import { bareHost, isLoopbackHost } from "../../network/addresses.ts"
import { Settings } from "../../Settings.ts"

/** Why simulated calls cannot be placed in this service; undefined: they can. */
export const simulatorAvailability = Effect.gen(function* () {
  const { publicUrl, simulator } = yield* Settings
  const isLoopback = isLoopbackHost(bareHost(URL.parse(publicUrl)?.hostname ?? ""))
  if (Option.getOrElse(simulator, () => isLoopback)) return undefined
  return Option.isSome(simulator)
    ? "The simulator is switched off. Set SWITCHBOARD_SIMULATOR=on to use it."
    : "The simulator is off because this service has a public address. Set SWITCHBOARD_SIMULATOR=on to use it all the same."
})
