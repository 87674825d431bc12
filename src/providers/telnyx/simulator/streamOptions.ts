import { Result, Schema } from "effect"
import type { AudioFormat, SampleRate } from "../../../Audio.ts"
import type { RestReply } from "../../../simulator/RestServer.ts"
import type { UrlRules } from "./address.ts"
import { type Body, check, isArray, isBoolean, number, oneOf, text, textOf } from "./body.ts"

/** How one media stream was asked for. */
export interface StreamPlan {
  readonly url: string
  readonly track: string
  /** The codec of the audio to our side, and its format. */
  readonly encoding: "PCMU" | "PCMA" | "L16"
  readonly toUs: AudioFormat
  /** What our side sends, and what is wrong with it, if it will not be heard. */
  readonly fromUs: AudioFormat
  readonly unheard: string | undefined
  /** Our audio goes to the other leg only. */
  readonly oppositeOnly: boolean
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly value: string }>
  /** The socket opens before the destination is dialled. */
  readonly early: boolean
}

const codecs = ["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"]
const rates = [8000, 16000, 22050, 24000, 48000]

const rulesOf = (urls: UrlRules) => ({
  stream_url: urls.stream,
  stream_track: oneOf("inbound_track", "outbound_track", "both_tracks"),
  stream_codec: oneOf(...codecs, "default"),
  stream_bidirectional_mode: oneOf("mp3", "rtp"),
  // A codec in lower case is taken, and leaves the caller in silence.
  stream_bidirectional_codec: oneOf(...codecs, ...codecs.map((codec) => codec.toLowerCase())),
  stream_bidirectional_sampling_rate: oneOf(...rates),
  stream_bidirectional_target_legs: oneOf("both", "self", "opposite"),
  stream_auth_token: textOf(1, 4000),
  stream_establish_before_call_originate: isBoolean,
  send_silence_when_idle: isBoolean,
  custom_parameters: isArray
})

const Parameters = Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))
const readParameters = Schema.decodeUnknownResult(Parameters)

const formats: Readonly<Record<StreamPlan["encoding"], AudioFormat>> = {
  PCMU: { encoding: "mulaw", sampleRate: 8000 },
  PCMA: { encoding: "alaw", sampleRate: 8000 },
  // Little-endian is not confirmed by Telnyx; it is what its own published code does.
  L16: { encoding: "pcm_s16le", sampleRate: 16000 }
}
export const formatOf = (encoding: StreamPlan["encoding"]) => formats[encoding]

/** Codecs that the fake cannot make are the impossible transcoding of the documentation: the call's own codec is sent. */
const encodingToUs = (asked: string | undefined, callCodec: "PCMU" | "PCMA"): StreamPlan["encoding"] =>
  asked === "PCMU" || asked === "PCMA" || asked === "L16" ? asked : callCodec

const isSampleRate = Schema.is(Schema.Literals([8000, 16000, 24000, 48000]))

const sent = (body: Body): { readonly fromUs: AudioFormat; readonly unheard: string | undefined } => {
  const codec = text(body, "stream_bidirectional_codec") ?? "PCMU"
  const rate = number(body, "stream_bidirectional_sampling_rate") ?? 8000
  const sampleRate: SampleRate = isSampleRate(rate) ? rate : 8000
  if (text(body, "stream_bidirectional_mode") !== "rtp") {
    return { fromUs: formats.PCMU, unheard: "stream_bidirectional_mode is mp3: raw audio is not heard" }
  }
  if (codec === "PCMU" || codec === "PCMA") return { fromUs: formats[codec], unheard: undefined }
  if (codec !== "L16") return { fromUs: formats.PCMU, unheard: `codec ${codec} is not heard` }
  const unheard = isSampleRate(rate) ? undefined : `L16 at ${rate} Hz is not simulated`
  return { fromUs: { encoding: "pcm_s16le", sampleRate }, unheard }
}

/** Reads the `stream_*` parameters of a dial, an answer or a `streaming_start`. Undefined: no stream is asked for. */
export const readStream = (
  body: Body,
  callCodec: "PCMU" | "PCMA",
  urls: UrlRules
): Result.Result<StreamPlan | undefined, RestReply> => {
  const broken = check(body, [], rulesOf(urls))
  if (broken !== undefined) return Result.fail(broken)
  const url = text(body, "stream_url")
  if (url === undefined || url === "") return Result.succeed(undefined)
  const encoding = encodingToUs(text(body, "stream_codec"), callCodec)
  const parameters = readParameters(body["custom_parameters"] ?? [])
  return Result.succeed({
    url,
    track: text(body, "stream_track") ?? "inbound_track",
    encoding,
    toUs: formats[encoding],
    ...sent(body),
    // The default is `opposite` as well, and yet callers on a single leg hear us when it is left out.
    oppositeOnly: text(body, "stream_bidirectional_target_legs") === "opposite",
    parameters: Result.isSuccess(parameters) ? parameters.success : [],
    early: body["stream_establish_before_call_originate"] === true
  })
}
