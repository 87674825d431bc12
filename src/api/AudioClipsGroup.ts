import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, access } from "./Authorization.ts"
import { Id, Name, NextCursor, pageQuery, Time } from "./common.ts"
import { Conflict, NotFound, ValidationFailed } from "./Problems.ts"
import { WavBody } from "./Requests.ts"

/** A sound, without its bytes. */
export const AudioClip = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  duration_ms: Schema.Int,
  created_at: Time
}).annotate({ identifier: "AudioClip" })

const Wav = Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "audio/wav" }))

const params = { id: Id }

/** Sounds that calls play without their agents. */
export const AudioClipsGroup = HttpApiGroup.make("audioClips")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: pageQuery,
      success: Schema.Struct({ audio_clips: Schema.Array(AudioClip), next_cursor: NextCursor })
    }).annotateMerge(access("viewer", "List audio clips", "In order of creation.")),
    HttpApiEndpoint.post("create", "/", {
      query: { name: Name },
      payload: Wav,
      success: AudioClip.pipe(HttpApiSchema.status(201)),
      error: [ValidationFailed, Conflict]
    }).annotateMerge(
      access(
        "operator",
        "Upload an audio clip",
        "The body is a WAV file: 16-bit PCM, mu-law or A-law, 8 to 48 kHz, up to 120 s and 4 MiB. Of two channels the left one is played."
      )
    ),
    HttpApiEndpoint.get("download", "/:id", { params, success: Wav, error: NotFound }).annotateMerge(
      access("viewer", "Download an audio clip", "The file as it was uploaded.")
    ),
    HttpApiEndpoint.delete("remove", "/:id", {
      params,
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(
      access(
        "operator",
        "Delete an audio clip",
        "Agents whose settings name it do without: a tone, or no announcement."
      )
    )
  )
  .middleware(WavBody)
  .middleware(Authorization)
  .prefix("/organizations/audio-clips")
  .annotateMerge(
    OpenApi.annotations({
      title: "Audio clips",
      description: "Sounds that calls play while their agent cannot be reached."
    })
  )
