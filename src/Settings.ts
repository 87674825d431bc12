import { isIP } from "node:net"
import { join, resolve } from "node:path"
import { Config, ConfigProvider, Context, Effect, Layer, Option, Redacted, Result, Schema } from "effect"

/** Every setting of the process, decoded once from the environment. Secrets are redacted. */
export interface SettingsValues {
  readonly host: string
  readonly port: number
  /** The address that carriers use, without a trailing slash: the only base of every URL that we give out or verify. */
  readonly publicUrl: string
  /** None: the embedded database. */
  readonly databaseUrl: Option.Option<Redacted.Redacted<string>>
  /** Absolute path. */
  readonly dataDir: string
  /** Newest first, each 32 bytes in base64. Empty: made once in the data folder (embedded database only). */
  readonly encryptionKeys: ReadonlyArray<Redacted.Redacted<string>>
  /** The admin key of the first organization when the database is empty. None: made and printed once. */
  readonly apiKey: Option.Option<Redacted.Redacted<string>>
  /** `SWITCHBOARD_CARRIER_URL_<NAME>` by registry name (a dash is written as an underscore), without a trailing slash. */
  readonly carrierUrl: (provider: string) => string | undefined
  /** CIDRs. */
  readonly trustedProxies: ReadonlyArray<string>
  /** Host names or CIDRs. */
  readonly privateHosts: ReadonlyArray<string>
  /** Whether simulated calls may be placed; none: only where `publicUrl` is loopback. */
  readonly simulator: Option.Option<boolean>
  readonly maxCallSeconds: number
  readonly maxCalls: number
  readonly drainSeconds: number
  /** The folder of the recordings; absolute path. Several nodes may share it. */
  readonly recordingsDir: string
  /** How long recordings are kept, days; 0: for ever. */
  readonly recordingDays: number
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error"
  readonly logFormat: "pretty" | "json"
  readonly otlpEndpoint: Option.Option<string>
}

/** One environment variable that is wrong: what was given (undefined for a secret), and what would be right. */
export const WrongSetting = Schema.Struct({
  variable: Schema.String,
  given: Schema.UndefinedOr(Schema.String),
  expected: Schema.String
})
export type WrongSetting = typeof WrongSetting.Type

/** Some environment variables are wrong; all of them are listed. */
export class InvalidSettings extends Schema.TaggedError<InvalidSettings>()("InvalidSettings", {
  wrong: Schema.Array(WrongSetting)
}) {
  override get message() {
    const lines = this.wrong.map(
      ({ variable, given, expected }) =>
        `  ${variable}${given === undefined ? "" : ` is ${given}`}: expected ${expected}`
    )
    return `These settings cannot be used:\n${lines.join("\n")}`
  }
}

/** Reads the text of a variable; undefined: it is not what was expected. */
type Reader<A> = (text: string) => A | undefined

const integer =
  (minimum: number, maximum: number): Reader<number> =>
  (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= minimum && value <= maximum ? value : undefined
  }

const oneOf =
  <const A extends string>(...allowed: ReadonlyArray<A>): Reader<A> =>
  (text) =>
    allowed.find((each) => each === text.toLowerCase())

/** An address of a person's or machine's web server, as the base of further paths: without trailing slash. */
const webAddress: Reader<string> = (text) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\//i.test(text)) return undefined
  if (/[?#\s\\]/.test(text) || url.username !== "" || url.password !== "" || url.hostname === "") return undefined
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "")
}

const folder: Reader<string> = (text) => (text.includes("\0") ? undefined : resolve(text))

const isCidr = (text: string) => {
  const [address = "", prefix, ...rest] = text.split("/")
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return bits > 0 && rest.length === 0 && (prefix === undefined || integer(0, bits)(prefix) !== undefined)
}

/** A host name: letters, digits and dashes between dots (RFC 1123, section 2.1), underscores as container networks have them. */
const isHostName = (text: string) => text.length <= 253 && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(text)

const listOf =
  (isMember: (text: string) => boolean): Reader<ReadonlyArray<string>> =>
  (text) => {
    const members = text.split(",").map((each) => each.trim())
    return members.every(isMember) ? members : undefined
  }

const isPostgresUrl = (text: string) => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "postgres:" || url.protocol === "postgresql:")
}

/** 32 bytes: 43 digits of base64 and the padding (RFC 4648, section 4). */
const isKey = (text: string) => /^[A-Za-z0-9+/]{43}=$/.test(text)

const keys: Reader<ReadonlyArray<Redacted.Redacted<string>>> = (text) =>
  listOf(isKey)(text)?.map((key) => Redacted.make(key, { label: "encryption key" }))

const secret =
  (isGood: (text: string) => boolean, label: string): Reader<Redacted.Redacted<string>> =>
  (text) =>
    isGood(text) ? Redacted.make(text, { label }) : undefined

const EXPECTED_KEYS =
  "32 bytes in base64 (make one with: openssl rand -base64 32); several are separated by commas, newest first"
const CARRIER_URL_PREFIX = ["SWITCHBOARD", "CARRIER", "URL"]
const LONGEST_SHOWN = 80

/** What was given, fit for one line of a terminal; the user part of an address is left out. */
const shown = (text: string) => JSON.stringify(text.replace(/\/\/[^/]*@/, "//***@").slice(0, LONGEST_SHOWN))

const read = Effect.fnUntraced(function* (isTerminal: boolean) {
  const wrong: Array<WrongSetting> = []

  const optional = Effect.fnUntraced(function* <A>(
    variable: string,
    reader: Reader<A>,
    expected: string,
    hidden = false
  ) {
    const text = yield* Config.option(Config.String(variable)).pipe(Effect.orElseSucceed(Option.none<string>))
    const given = Option.map(text, (value) => value.trim()).pipe(Option.filter((value) => value !== ""))
    if (Option.isNone(given)) return Option.none<A>()
    const value = Option.fromUndefinedOr(reader(given.value))
    if (Option.isNone(value)) wrong.push({ variable, given: hidden ? undefined : shown(given.value), expected })
    return value
  })
  const withDefault = <A>(variable: string, reader: Reader<A>, expected: string, otherwise: A) =>
    Effect.map(optional(variable, reader, expected), (value) => Option.getOrElse(value, () => otherwise))

  const isHost = (text: string) => isIP(text) !== 0 || isHostName(text)
  const host = yield* withDefault(
    "HOST",
    (text) => (isHost(text) ? text : undefined),
    "a host name or IP address to listen on",
    "127.0.0.1"
  )
  const port = yield* withDefault("PORT", integer(0, 65_535), "a port from 0 to 65535 (0: any free one)", 8080)
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const databaseUrl = yield* optional(
    "DATABASE_URL",
    secret(isPostgresUrl, "database URL"),
    "an address like postgres://user:password@host:5432/database",
    true
  )
  const encryptionKeys = yield* optional("SWITCHBOARD_ENCRYPTION_KEY", keys, EXPECTED_KEYS, true)
  if (
    Option.isSome(databaseUrl) &&
    Option.isNone(encryptionKeys) &&
    !wrong.some(({ variable }) => variable === "SWITCHBOARD_ENCRYPTION_KEY")
  ) {
    wrong.push({
      variable: "SWITCHBOARD_ENCRYPTION_KEY",
      given: undefined,
      expected: `a key, because DATABASE_URL is set: ${EXPECTED_KEYS}`
    })
  }
  const carriers = yield* carrierUrls(wrong)
  const dataDir = yield* withDefault("SWITCHBOARD_DATA_DIR", folder, "a folder", resolve("data"))

  const values: SettingsValues = {
    host,
    port,
    publicUrl: yield* withDefault(
      "PUBLIC_URL",
      webAddress,
      "an absolute http or https address without user, query and fragment, like https://voice.example.com",
      `http://${authority}`
    ),
    databaseUrl,
    dataDir,
    encryptionKeys: Option.getOrElse(encryptionKeys, () => []),
    apiKey: yield* optional(
      "SWITCHBOARD_API_KEY",
      secret((text) => /^[!-~]{24,256}$/.test(text), "API key"),
      "24 to 256 printable ASCII characters without spaces",
      true
    ),
    carrierUrl: (provider) => carriers.get(provider.toUpperCase().replaceAll("-", "_")),
    trustedProxies: yield* withDefault(
      "SWITCHBOARD_TRUSTED_PROXIES",
      listOf(isCidr),
      "IP addresses or CIDR blocks like 10.0.0.0/8, separated by commas",
      []
    ),
    privateHosts: yield* withDefault(
      "SWITCHBOARD_PRIVATE_HOSTS",
      listOf((text) => isCidr(text) || isHostName(text)),
      "host names or CIDR blocks like pbx.internal,10.0.0.0/8, separated by commas",
      []
    ),
    simulator: Option.map(
      yield* optional("SWITCHBOARD_SIMULATOR", oneOf("on", "off"), "on or off"),
      (value) => value === "on"
    ),
    maxCallSeconds: yield* withDefault(
      "SWITCHBOARD_MAX_CALL_SECONDS",
      integer(1, 86_400),
      "seconds from 1 to 86400",
      3600
    ),
    // Holds on the smallest machine we support (two cores); to be derived from the media benchmark's figures.
    maxCalls: yield* withDefault(
      "SWITCHBOARD_MAX_CALLS",
      integer(1, 100_000),
      "a number of calls from 1 to 100000",
      500
    ),
    drainSeconds: yield* withDefault("SWITCHBOARD_DRAIN_SECONDS", integer(0, 86_400), "seconds from 0 to 86400", 300),
    recordingsDir: yield* withDefault("SWITCHBOARD_RECORDINGS_DIR", folder, "a folder", join(dataDir, "recordings")),
    recordingDays: yield* withDefault(
      "SWITCHBOARD_RECORDING_DAYS",
      integer(0, 36_500),
      "days from 0 (for ever) to 36500",
      30
    ),
    logLevel: yield* withDefault(
      "SWITCHBOARD_LOG_LEVEL",
      oneOf("trace", "debug", "info", "warn", "error"),
      "trace, debug, info, warn or error",
      "info"
    ),
    logFormat: yield* withDefault(
      "SWITCHBOARD_LOG_FORMAT",
      oneOf("pretty", "json"),
      "pretty or json",
      isTerminal ? "pretty" : "json"
    ),
    otlpEndpoint: yield* optional(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      webAddress,
      "an absolute http or https address without user, query and fragment"
    )
  }
  return wrong.length === 0 ? values : yield* new InvalidSettings({ wrong })
})

/** The carriers' own addresses by upper-case name: every variable below the prefix, whatever carriers there are. */
const carrierUrls = Effect.fnUntraced(function* (wrong: Array<WrongSetting>) {
  const provider = yield* ConfigProvider.ConfigProvider
  const found = new Map<string, string>()
  const below: Array<ReadonlyArray<string>> = [[]]
  for (let name = below.pop(); name !== undefined; name = below.pop()) {
    const path = [...CARRIER_URL_PREFIX, ...name]
    const node = Result.getOrUndefined(yield* Effect.result(provider.load(path)))
    if (node === undefined) continue
    if (node._tag === "Record") for (const key of node.keys) below.push([...name, key])
    const text = node.value?.trim() ?? ""
    if (name.length === 0 || text === "") continue
    const address = webAddress(text)
    if (address !== undefined) found.set(name.join("_").toUpperCase(), address)
    else
      wrong.push({
        variable: path.join("_"),
        given: shown(text),
        expected: "an absolute http or https address without user, query and fragment"
      })
  }
  return found
})

export class Settings extends Context.Service<Settings, SettingsValues>()("switchboard/Settings") {
  /** Reads the environment. Fails with every wrong variable at once. */
  static readonly layer = Layer.effect(
    Settings,
    Effect.suspend(() => read(process.stdout.isTTY))
  )

  /** Settings from the given variables only, for tests: `Settings.test({ PUBLIC_URL: "https://voice.example" })`. */
  static readonly test = (environment: Readonly<Record<string, string>> = {}) =>
    Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))))
}
