import { Effect, type Redacted, Schema } from "effect"
import type { FormField, FormValues } from "../../Form.ts"
import type { ChecklistStep, UiMetadata } from "../../ProviderSpec.ts"

/** The carrier's name in the registry, in stored rows and in every error. */
export const provider = "ari"

/** The audio formats that can be asked of Asterisk's WebSocket channel: its names of them. */
export const MediaFormat = Schema.Literals(["ulaw", "alaw", "slin16"])
export type MediaFormat = typeof MediaFormat.Type

const matching = (pattern: RegExp, expected: string) => Schema.String.check(Schema.isPattern(pattern, { expected }))

const printable = matching(/^[\x21-\x7e]{1,256}$/, "1 to 256 characters without spaces")

/** `http:` or `https:`, host, port, and the prefix of Asterisk's HTTP server or of a proxy in front of it. */
const endpoint = matching(
  /^https?:\/\/(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*(?<!\/ari)$/,
  "the address of Asterisk's HTTP server, such as https://pbx.example.com:8089: without /ari, user, query and slash at the end"
)
const appName = matching(/^[A-Za-z0-9_-]{1,73}$/, "1 to 73 letters, digits, dashes or underscores")
const sectionName = matching(
  /^[A-Za-z0-9_.-]{1,64}$/,
  "the name of a section: letters, digits, dashes, underscores, dots"
)

/** A technology, and where the number goes. Asterisk takes `&` for several destinations at once, which is not meant here. */
const dialTemplate = matching(
  /^(?=[^{}]*\{number\}[^{}]*$)[A-Za-z0-9]+\/[A-Za-z0-9@{}+*#._:/-]{1,200}$/,
  "a dial string with {number} once, such as PJSIP/{number}@my-trunk"
)

/** The saved fields. */
export const fields = {
  ari_endpoint: endpoint,
  app_name: Schema.RedactedFromValue(printable, { label: "app_name" }),
  app_password: Schema.RedactedFromValue(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256)), {
    label: "app_password"
  }),
  stasis_app_name: Schema.optionalKey(appName),
  ws_client_name: Schema.optionalKey(sectionName),
  dial_template: dialTemplate.pipe(Schema.withDecodingDefaultKey(Effect.succeed("PJSIP/{number}"))),
  media_mode: Schema.Literals(["client", "server"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("client" as const))
  ),
  media_format: MediaFormat.pipe(Schema.withDecodingDefaultKey(Effect.succeed("ulaw" as const)))
}

type Stored = Schema.Struct<typeof fields>["Type"]

/** Without the section's name Asterisk cannot open a call's media, and callers would hear nothing. */
export const check = ({ media_mode, ws_client_name }: Stored) =>
  media_mode === "client" && ws_client_name === undefined
    ? {
        field: "ws_client_name",
        expected: "Name the section of websocket_client.conf, or let Switchboard open the media."
      }
    : undefined

/** An Asterisk as the provider uses it. */
export interface AriConfig {
  readonly endpoint: string
  readonly user: Redacted.Redacted<string>
  readonly password: Redacted.Redacted<string>
  /** Undefined: the one that follows from the configuration, see `stasisApp`. */
  readonly stasisApp: string | undefined
  readonly dialTemplate: string
  /** Who opens a call's media: Asterisk, by a section of its `websocket_client.conf`, or we. */
  readonly media: { readonly mode: "client"; readonly section: string } | { readonly mode: "server" }
  readonly format: MediaFormat
}

/** Stored values in the shape that the provider works with. Pure. */
export const configLoader = (stored: Stored): AriConfig => ({
  endpoint: stored.ari_endpoint,
  user: stored.app_name,
  password: stored.app_password,
  stasisApp: stored.stasis_app_name,
  dialTemplate: stored.dial_template,
  media: stored.media_mode === "client" ? { mode: "client", section: stored.ws_client_name ?? "" } : { mode: "server" },
  format: stored.media_format
})

/** Twelve characters that tell a configuration from others: the random end of its id. */
export const tagOf = (configurationId: string): string =>
  configurationId
    .toLowerCase()
    .replace(/[^0-9a-z]/g, "")
    .slice(-12)

/**
 * The Stasis application that the dialplan hands calls to. It must not be another one's: of two connections with the same
 * application Asterisk serves only the newer one.
 */
export const stasisApp = (chosen: string | undefined, configurationId: string): string =>
  chosen ?? `switchboard_${tagOf(configurationId)}`

/** What is to be copied into the dialplan. */
export const derivedValues = (stored: FormValues, configurationId: string): FormValues => {
  const chosen = stored["stasis_app_name"]
  const app = stasisApp(typeof chosen === "string" && chosen !== "" ? chosen : undefined, configurationId)
  return { dialplan_application: `Stasis(${app},did=\${EXTEN})` }
}

const formFields: ReadonlyArray<FormField> = [
  {
    name: "ari_endpoint",
    label: "Address of Asterisk",
    type: "text",
    required: true,
    sensitive: false,
    section: "Connection",
    placeholder: "https://pbx.example.com:8089",
    description: "Asterisk's HTTP server (http.conf), without /ari. A private address must be allowed by the operator."
  },
  {
    name: "app_name",
    label: "ARI user",
    type: "text",
    required: true,
    sensitive: true,
    section: "Connection",
    description: "The name of the user's section in ari.conf. It needs read_only = no."
  },
  {
    name: "app_password",
    label: "ARI password",
    type: "password",
    required: true,
    sensitive: true,
    section: "Connection",
    description: "The password in the same section of ari.conf."
  },
  {
    name: "stasis_app_name",
    label: "Stasis application",
    type: "text",
    required: false,
    sensitive: false,
    section: "Dialplan",
    placeholder: "made for you",
    description: "Leave it empty unless a dialplan names one already. No other program may use the same."
  },
  {
    name: "dialplan_application",
    label: "For the dialplan",
    type: "readonly",
    required: false,
    sensitive: false,
    section: "Dialplan",
    description:
      "Shown once the configuration is saved: put it into extensions.conf where calls are to reach Switchboard."
  },
  {
    name: "dial_template",
    label: "How to dial",
    type: "text",
    required: false,
    sensitive: false,
    default: "PJSIP/{number}",
    section: "Dialplan",
    placeholder: "PJSIP/{number}@my-trunk",
    description: "The dial string of outbound calls. {number} becomes the number that is called."
  },
  {
    name: "media_mode",
    label: "Who opens the media",
    type: "select",
    required: false,
    sensitive: false,
    default: "client",
    options: [
      { value: "client", label: "Asterisk connects to Switchboard" },
      { value: "server", label: "Switchboard connects to Asterisk" }
    ],
    section: "Media",
    description: "Choose the second where Asterisk cannot reach Switchboard."
  },
  {
    name: "ws_client_name",
    label: "WebSocket client",
    type: "text",
    required: false,
    sensitive: false,
    visible_when: { field: "media_mode", equals: "client" },
    section: "Media",
    placeholder: "switchboard_media",
    description: "The name of the section in websocket_client.conf that points to Switchboard."
  },
  {
    name: "media_format",
    label: "Audio format",
    type: "select",
    required: false,
    sensitive: false,
    default: "ulaw",
    options: [
      { value: "ulaw", label: "mu-law, 8 kHz" },
      { value: "alaw", label: "A-law, 8 kHz" },
      { value: "slin16", label: "linear, 16 kHz" }
    ],
    section: "Media",
    description: "Take the trunk's own format, so that Asterisk need not convert; linear where the trunk is wideband."
  }
]

/** What the form of a configuration shows. */
export const uiMetadata: UiMetadata = {
  displayName: "Asterisk",
  docsUrl: "https://docs.asterisk.org/Configuration/Interfaces/Asterisk-REST-Interface-ARI/",
  connectivity: "sip",
  fields: formFields
}

const present = (stored: FormValues, field: string) => typeof stored[field] === "string" && stored[field] !== ""

/** What is still missing before this PBX can dial. */
export const setupChecklist = (stored: FormValues): ReadonlyArray<ChecklistStep> => [
  {
    step: "Enter the address of Asterisk's HTTP server.",
    done: present(stored, "ari_endpoint"),
    field: "ari_endpoint"
  },
  { step: "Enter the ARI user from ari.conf.", done: present(stored, "app_name"), field: "app_name" },
  { step: "Enter the ARI password from ari.conf.", done: present(stored, "app_password"), field: "app_password" },
  {
    step: "Name the section of websocket_client.conf by which Asterisk opens the media.",
    done: stored["media_mode"] === "server" || present(stored, "ws_client_name"),
    field: "ws_client_name"
  }
]
