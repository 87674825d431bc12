import { Context, type Effect, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { InvalidCredentials, ProviderSpec, TelephonyProvider } from "../ProviderSpec.ts"
import type { UnknownProvider } from "../Registry.ts"

/** No such configuration in this organization. */
export class ConfigurationNotFound extends Schema.TaggedError<ConfigurationNotFound>()("ConfigurationNotFound", {
  id: Schema.String
}) {}

/** The configuration belongs to another provider than the caller expected. */
export class WrongProvider extends Schema.TaggedError<WrongProvider>()("WrongProvider", {
  id: Schema.String,
  expected: Schema.String,
  actual: Schema.String
}) {}

/** No configuration can place a call; `message` is the first step that blocks. */
export class NoConfigurationReady extends Schema.TaggedError<NoConfigurationReady>()("NoConfigurationReady", {
  message: Schema.String
}) {}

/** A configuration with its credentials loaded: the provider's service value, ready to use. */
export interface LoadedConfiguration {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly accountId: string
  readonly inactive: boolean
  readonly spec: ProviderSpec
  readonly provider: TelephonyProvider
}

export type LoadFailure = ConfigurationNotFound | WrongProvider | InvalidCredentials | UnknownProvider | SqlError

/** Loads configurations for the call path: lazily, by id, with the expected provider checked. */
export class Configurations extends Context.Service<
  Configurations,
  {
    readonly load: (
      id: string,
      expected?: { readonly organizationId?: string; readonly provider?: string }
    ) => Effect.Effect<LoadedConfiguration, LoadFailure>
    /** Every configuration of a provider whose account id is this one, in all organizations; inactive ones too. */
    readonly candidates: (
      provider: string,
      accountId: string
    ) => Effect.Effect<ReadonlyArray<LoadedConfiguration>, SqlError>
    /** The explicit one (authoritative), else the default, else the first that is ready to dial. */
    readonly forOutbound: (
      organizationId: string,
      id?: string
    ) => Effect.Effect<LoadedConfiguration, LoadFailure | NoConfigurationReady>
  }
>()("switchboard/Configurations") {}
