import { Result, Schema } from "effect"
import { isLoopbackHost } from "../../network/addresses.ts"
import { callSettings } from "../callSettings/callSettings.ts"
import { parseTools } from "./toolList.ts"

/** Where the API is unless the settings say otherwise. */
export const defaultUrl = "wss://api.openai.com/v1/realtime"

/** Query parameters by which keys are given away. */
const secretParameters = /^(api[-_]?key|key|token|access[-_]?token|secret)$/i

const ApiUrl = Schema.String.check(
  Schema.isMaxLength(2048),
  Schema.makeFilter((value) => {
    const url = URL.parse(value)
    if (url === null || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
      return "must be a WebSocket address that begins with wss:// (or ws://)"
    }
    if (url.username !== "" || url.password !== "") return "must not hold a user name or password: use the API key"
    if (Array.from(url.searchParams.keys()).some((name) => secretParameters.test(name))) {
      return "must not hold a key: use the API key"
    }
    return url.hash === "" ? undefined : "must not have a # part"
  })
)

const text = (maximum: number) => Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximum))
/** A secret that fits into a header. */
const token = (minimum: number) =>
  Schema.RedactedFromValue(
    Schema.String.check(
      Schema.isMinLength(minimum),
      Schema.isMaxLength(512),
      Schema.isPattern(/^[\x21-\x7e]*$/, { expected: "printable ASCII characters without spaces" })
    )
  )
const between = (minimum: number, maximum: number) => Schema.Number.check(Schema.isBetween({ minimum, maximum }))
const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Tools = Schema.String.check(
  Schema.isMaxLength(32 * 1024),
  Schema.makeFilter((value) => Result.match(parseTools(value), { onSuccess: () => undefined, onFailure: (why) => why }))
)

/** What is stored for an agent of this kind. */
export const RealtimeSettings = Schema.Struct({
  url: Schema.optionalKey(ApiUrl),
  api_key: Schema.optionalKey(token(1)),
  model: text(256),
  voice: Schema.optionalKey(text(128)),
  instructions: Schema.optionalKey(text(32 * 1024)),
  greeting: Schema.optionalKey(text(4 * 1024)),
  turn_detection: Schema.optionalKey(Schema.Literals(["server_vad", "semantic_vad"])),
  silence_ms: Schema.optionalKey(whole(100, 5_000)),
  eagerness: Schema.optionalKey(Schema.Literals(["auto", "low", "medium", "high"])),
  noise_reduction: Schema.optionalKey(Schema.Literals(["off", "near_field", "far_field"])),
  speed: Schema.optionalKey(between(0.25, 1.5)),
  max_output_tokens: Schema.optionalKey(whole(1, 4_096)),
  reasoning_effort: Schema.optionalKey(Schema.Literals(["minimal", "low", "medium", "high", "xhigh"])),
  transcription_model: Schema.optionalKey(text(128)),
  transcription_language: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[a-z]{2,3}$/, { expected: "a language code of ISO 639, such as en" }))
  ),
  hear_digits: Schema.optionalKey(Schema.Boolean),
  allow_end_call: Schema.optionalKey(Schema.Boolean),
  allow_transfer: Schema.optionalKey(Schema.Boolean),
  allow_digits: Schema.optionalKey(Schema.Boolean),
  tools: Schema.optionalKey(Tools),
  tools_secret: Schema.optionalKey(token(16)),
  ...callSettings
}).check(
  Schema.makeFilter(({ api_key, url }) =>
    api_key !== undefined || isLoopbackHost(URL.parse(url ?? defaultUrl)?.hostname ?? "")
      ? undefined
      : { path: ["api_key"], issue: "is required unless the API runs on this machine" }
  )
)
export type RealtimeSettings = typeof RealtimeSettings.Type
