import { Effect, Result, Schema } from "effect"
import { readWav } from "../../../src/audio/wav.ts"
import type { Api } from "../../support/app.ts"
import { type Channels, channelsOf } from "./channels.ts"

const Recording = Schema.Struct({
  id: Schema.String,
  call_id: Schema.String,
  state: Schema.String,
  sample_rate: Schema.Int,
  duration_ms: Schema.NullOr(Schema.Int),
  bytes: Schema.NullOr(Schema.Int),
  paused: Schema.Array(Schema.Struct({ from_ms: Schema.Int, to_ms: Schema.NullOr(Schema.Int) })),
  error: Schema.NullOr(Schema.String)
})
export type RecordingView = typeof Recording.Type
const decodeList = Schema.decodeUnknownSync(Schema.Struct({ recordings: Schema.Array(Recording) }))

/** A service to be asked for audio, in this process or another. */
export type Served = Api & { readonly url: string; readonly apiKey: string }

/** The recordings of a call, as the API lists them. */
export const recordingsOf = (api: Api, callId: string) =>
  Effect.map(
    api.request("GET", `/api/v1/telephony/calls/${callId}/recordings`),
    ({ body }) => decodeList(body).recordings
  )

/** Waits until a call's recordings are as wanted. */
export const recordingsUntil = (
  api: Api,
  callId: string,
  condition: (recordings: ReadonlyArray<RecordingView>) => boolean
) => Effect.repeat(Effect.delay(recordingsOf(api, callId), "20 millis"), { until: condition })

/** Asks for the audio of a recording. */
export const download = ({ apiKey, url }: Served, callId: string, id: string, headers: Record<string, string> = {}) =>
  Effect.promise(async (signal) => {
    const path = `/api/v1/telephony/calls/${callId}/recordings/${id}`
    const answer = await fetch(url + path, { headers: { "x-api-key": apiKey, ...headers }, signal })
    return { status: answer.status, headers: answer.headers, bytes: new Uint8Array(await answer.arrayBuffer()) }
  })

/** Both channels of a WAV file. */
export const channelsOfWav = (file: Uint8Array): Channels => channelsOf(Result.getOrThrow(readWav(file)).data)
