import { Result } from "effect"
import type { AudioFormat } from "../../Audio.ts"
import type { ApiFormat, FunctionTool, Session, TurnDetection } from "./clientEvents.ts"
import type { RealtimeSettings } from "./settings.ts"
import { parseTools, type WebhookTool } from "./toolList.ts"

/** An audio format as the API names it, and as we do. */
export interface SpokenFormat {
  readonly api: ApiFormat
  readonly format: AudioFormat
}

/** What the API is to speak with a carrier of this format: G.711 as it is, else linear PCM at 24 kHz. */
export const spokenFormat = ({ encoding, sampleRate }: AudioFormat): SpokenFormat => {
  if (encoding === "mulaw" && sampleRate === 8000) {
    return { api: { type: "audio/pcmu" }, format: { encoding, sampleRate } }
  }
  if (encoding === "alaw" && sampleRate === 8000) {
    return { api: { type: "audio/pcma" }, format: { encoding, sampleRate } }
  }
  return { api: { type: "audio/pcm", rate: 24000 }, format: { encoding: "pcm_s16le", sampleRate: 24000 } }
}

/** Switchboard's own functions that the settings allow. */
const builtIns = (settings: RealtimeSettings): ReadonlyArray<FunctionTool> => [
  ...(settings.allow_end_call === false ? [] : [endCall]),
  ...(settings.allow_transfer === true ? [transferCall] : []),
  ...(settings.allow_digits === true ? [sendDigits] : [])
]

const string = (description: string) => ({ type: "string", description })

const endCall: FunctionTool = {
  type: "function",
  name: "end_call",
  description:
    "Hangs up. Say goodbye first, in the same response: the caller hears it to its end before the line is closed. A caller who interrupts the goodbye keeps the call.",
  parameters: { type: "object", properties: {} }
}

const transferCall: FunctionTool = {
  type: "function",
  name: "transfer_call",
  description:
    "Connects the caller to another destination. The destination is called while the caller stays with you; when it answers, the two are joined and you leave. You are told if that fails.",
  parameters: {
    type: "object",
    properties: {
      destination: string("A phone number with its country code (+31201234567), a SIP URI or an extension."),
      announcement: string("What is said to whoever answers there before the caller is joined.")
    },
    required: ["destination"]
  }
}

const sendDigits: FunctionTool = {
  type: "function",
  name: "send_digits",
  description: "Presses keys on the call, as for another system's menu.",
  parameters: {
    type: "object",
    properties: {
      digits: string("0 to 9, A to D, * and #; w waits half a second, W a second. At most 64 of them.")
    },
    required: ["digits"]
  }
}

/** The tools of the settings, which were found good when they were saved. */
export const toolsOf = ({ tools }: RealtimeSettings): ReadonlyArray<WebhookTool> =>
  tools === undefined ? [] : Result.getOrElse(parseTools(tools), () => [])

const turnDetection = ({ eagerness, silence_ms, turn_detection }: RealtimeSettings): TurnDetection =>
  turn_detection === "semantic_vad"
    ? {
        type: "semantic_vad",
        create_response: true,
        interrupt_response: true,
        ...(eagerness === undefined ? {} : { eagerness })
      }
    : {
        type: "server_vad",
        create_response: true,
        interrupt_response: true,
        ...(silence_ms === undefined ? {} : { silence_duration_ms: silence_ms })
      }

const transcription = ({ transcription_language, transcription_model }: RealtimeSettings) =>
  transcription_model === undefined
    ? {}
    : {
        transcription: {
          model: transcription_model,
          ...(transcription_language === undefined ? {} : { language: transcription_language })
        }
      }

/** The session that the settings describe; with its audio once the carrier's is known. */
export const sessionOf = (
  settings: RealtimeSettings,
  audio?: { readonly input: ApiFormat; readonly output: ApiFormat }
): Session => {
  const { instructions, max_output_tokens, noise_reduction = "off", reasoning_effort, speed, voice } = settings
  const tools: Array<FunctionTool> = [
    ...builtIns(settings),
    ...toolsOf(settings).map(({ description, name, parameters }): FunctionTool => ({
      type: "function",
      name,
      description,
      parameters: parameters ?? { type: "object", properties: {} }
    }))
  ]
  return {
    type: "realtime",
    output_modalities: ["audio"],
    ...(instructions === undefined ? {} : { instructions }),
    ...(max_output_tokens === undefined ? {} : { max_output_tokens }),
    ...(reasoning_effort === undefined ? {} : { reasoning: { effort: reasoning_effort } }),
    ...(tools.length === 0 ? {} : { tools, tool_choice: "auto" }),
    audio: {
      input: {
        ...(audio === undefined ? {} : { format: audio.input }),
        ...(noise_reduction === "off" ? {} : { noise_reduction: { type: noise_reduction } }),
        ...transcription(settings),
        turn_detection: turnDetection(settings)
      },
      output: {
        ...(audio === undefined ? {} : { format: audio.output }),
        ...(voice === undefined ? {} : { voice }),
        ...(speed === undefined ? {} : { speed })
      }
    }
  }
}
