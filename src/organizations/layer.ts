import { Layer } from "effect"
import { AgentStore } from "./AgentStore.ts"
import { Agents } from "./Agents.ts"
import { ApiKeys } from "./ApiKeys.ts"
import { AudioClips } from "./AudioClips.ts"
import { ConfigurationCleanup } from "./ConfigurationCleanup.ts"
import { Configurations } from "./Configurations.ts"
import { ConfigurationStore } from "./ConfigurationStore.ts"
import { ConsoleSessions } from "./ConsoleSessions.ts"
import { NumberDirectory } from "./NumberDirectory.ts"
import { NumberSync } from "./NumberSync.ts"
import { Organizations } from "./Organizations.ts"
import { PhoneNumberStore } from "./PhoneNumberStore.ts"
import { PhoneNumbers } from "./PhoneNumbers.ts"
import { UrlTokens } from "./UrlTokens.ts"

/** Everything that this room offers, over the database, the settings, the secrets, and the two registries. */
export const layer = Layer.mergeAll(
  AgentStore.layer,
  Agents.layer,
  AudioClips.layer,
  ConfigurationStore.layer,
  ConsoleSessions.layer,
  NumberDirectory.layer,
  Organizations.layer,
  PhoneNumberStore.layer,
  PhoneNumbers.layer
).pipe(
  Layer.provideMerge(ConfigurationCleanup.layer),
  Layer.provideMerge(NumberSync.layer),
  Layer.provideMerge(Layer.mergeAll(ApiKeys.layer, Configurations.layer, UrlTokens.layer))
)
