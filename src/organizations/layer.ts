import { Layer } from "effect"
import { AgentStore } from "./AgentStore.ts"
import { Agents } from "./Agents.ts"
import { ApiKeys } from "./ApiKeys.ts"
import { AudioClips } from "./AudioClips.ts"
import { ConfigurationCleanup } from "./ConfigurationCleanup.ts"
import { Configurations } from "./Configurations.ts"
import { ConfigurationStore } from "./ConfigurationStore.ts"
import { ConsoleSessions } from "./ConsoleSessions.ts"
import { NumberSync } from "./NumberSync.ts"
import { Organizations } from "./Organizations.ts"
import { PhoneCalls } from "./PhoneCalls.ts"
import { PhoneNumberStore } from "./PhoneNumberStore.ts"
import { PhoneNumbers } from "./PhoneNumbers.ts"
import { SimulatedConfigurations } from "./SimulatedConfigurations.ts"
import { UrlTokens } from "./UrlTokens.ts"

/** Everything that this room offers, over the database, the settings, the secrets, and the two registries. */
export const layer = Layer.mergeAll(
  AgentStore.layer,
  AudioClips.layer,
  ConsoleSessions.layer,
  Organizations.layer,
  PhoneCalls.layer,
  PhoneNumberStore.layer,
  PhoneNumbers.layer,
  SimulatedConfigurations.layer
).pipe(
  Layer.provideMerge(ConfigurationStore.layer),
  Layer.provideMerge(Agents.layer),
  Layer.provideMerge(ConfigurationCleanup.layer),
  Layer.provideMerge(NumberSync.layer),
  Layer.provideMerge(Layer.mergeAll(ApiKeys.layer, Configurations.layer, UrlTokens.layer))
)
