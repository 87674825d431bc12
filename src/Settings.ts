import { Context, type Option, type Redacted } from "effect"

/** Every setting of the process, decoded once from the environment. Secrets are redacted. */
export interface SettingsValues {
  readonly host: string
  readonly port: number
  /** The address that carriers use, without a trailing slash: the only base of every URL that we give out or verify. */
  readonly publicUrl: string
  /** None: the embedded database. */
  readonly databaseUrl: Option.Option<Redacted.Redacted<string>>
  readonly dataDir: string
  /** Newest first, each 32 bytes in base64. Empty: made once in the data folder (embedded database only). */
  readonly encryptionKeys: ReadonlyArray<Redacted.Redacted<string>>
  /** The admin key of the first organization when the database is empty. None: made and printed once. */
  readonly apiKey: Option.Option<Redacted.Redacted<string>>
  /** `SWITCHBOARD_CARRIER_URL_<NAME>` by registry name. */
  readonly carrierUrl: (provider: string) => string | undefined
  /** CIDRs. */
  readonly trustedProxies: ReadonlyArray<string>
  /** Host names or CIDRs. */
  readonly privateHosts: ReadonlyArray<string>
  readonly maxCallSeconds: number
  readonly maxCalls: number
  readonly drainSeconds: number
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error"
  readonly logFormat: "pretty" | "json"
  readonly otlpEndpoint: Option.Option<string>
}

export class Settings extends Context.Service<Settings, SettingsValues>()("switchboard/Settings") {}
