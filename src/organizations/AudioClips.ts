import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Result, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { msOf } from "../Audio.ts"
import { channelOf, readWav, type WavAudio } from "../audio/wav.ts"
import { uuidV7 } from "../store/Ids.ts"
import { type InvalidFields, invalidField, NameTaken } from "./refusals.ts"
import { FIRST_KEY, type Page, type PageRequest, pageOf, reader, rowKey, Timestamp, violates } from "./rows.ts"

/** The longest clip that is taken, s. */
const maxSeconds = 120

/** No such clip in this organization. */
export class AudioClipNotFound extends Schema.TaggedError<AudioClipNotFound>()("AudioClipNotFound", {
  id: Schema.String
}) {}

const summary = {
  id: Schema.String,
  name: Schema.String,
  duration_ms: Schema.Int,
  created_at: Timestamp
}

const AudioClip = Schema.Struct(summary)
/** A clip without its sound. */
export type AudioClip = typeof AudioClip.Type

const readClips = reader(AudioClip)
const readFiles = reader(Schema.Struct({ wav: Schema.Uint8Array }))

/** A clip's sound: one channel. */
export type Sound = Pick<WavAudio, "format" | "data">

/** The sounds of organizations, uploaded as WAV files, that calls play without their agents. */
export class AudioClips extends Context.Service<
  AudioClips,
  {
    readonly list: (organizationId: string, page: PageRequest) => Effect.Effect<Page<AudioClip>, SqlError>
    /** The file as it was uploaded. */
    readonly file: (organizationId: string, id: string) => Effect.Effect<Uint8Array, AudioClipNotFound | SqlError>
    /** `wav`: 16-bit PCM, mu-law or A-law, one or two channels, 8 to 48 kHz, up to 120 s. */
    readonly create: (
      organizationId: string,
      clip: { readonly name: string; readonly wav: Uint8Array }
    ) => Effect.Effect<AudioClip, InvalidFields | NameTaken | SqlError>
    readonly remove: (organizationId: string, id: string) => Effect.Effect<void, AudioClipNotFound | SqlError>
    /** The sound itself, of two channels the left one. */
    readonly sound: (organizationId: string, id: string) => Effect.Effect<Sound, AudioClipNotFound | SqlError>
  }
>()("switchboard/AudioClips") {
  static readonly layer = Layer.effect(
    AudioClips,
    Effect.suspend(() => makeAudioClips)
  )
}

const monoOf = (wav: WavAudio): Sound => ({ format: wav.format, data: channelOf(wav, 0) })

/** The file's length, ms, if its sound can be played. */
const judged = (wav: Uint8Array) =>
  Effect.gen(function* () {
    const audio = yield* Effect.mapError(Effect.fromResult(readWav(wav)), ({ message }) => invalidField("wav", message))
    const sound = monoOf(audio)
    const durationMs = Math.round(msOf(sound.format, sound.data.length))
    if (durationMs === 0) return yield* invalidField("wav", "There is no audio in the WAV file.")
    if (durationMs > maxSeconds * 1000)
      return yield* invalidField("wav", `The sound is ${durationMs / 1000} s long; a clip has at most ${maxSeconds} s.`)
    return durationMs
  })

const makeAudioClips = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient

  const list = Effect.fn("AudioClips.list")(function* (organizationId: string, page: PageRequest) {
    const rows = yield* sql`SELECT id, name, duration_ms, created_at FROM audio_clips
      WHERE organization_id = ${organizationId} AND id > ${page.after ?? FIRST_KEY} ORDER BY id LIMIT ${page.limit + 1}`
    return pageOf(yield* readClips(rows), page)
  })

  const file = Effect.fn("AudioClips.file")(function* (organizationId: string, id: string) {
    const key = Option.getOrUndefined(rowKey(id))
    const [row] =
      key === undefined
        ? []
        : yield* readFiles(
            yield* sql`SELECT wav FROM audio_clips WHERE id = ${key} AND organization_id = ${organizationId}`
          )
    return row === undefined ? yield* new AudioClipNotFound({ id }) : row.wav
  })

  const create = Effect.fn("AudioClips.create")(function* (
    organizationId: string,
    { name, wav }: { readonly name: string; readonly wav: Uint8Array }
  ) {
    const durationMs = yield* judged(wav)
    const id = yield* uuidV7
    const [clip] = yield* readClips(
      yield* sql`INSERT INTO audio_clips (id, organization_id, name, wav, duration_ms)
        VALUES (${id}, ${organizationId}, ${name}, ${Buffer.from(wav)}, ${durationMs})
        RETURNING id, name, duration_ms, created_at`.pipe(
        Effect.mapError((error) =>
          violates(error, "audio_clips_organization_id_name_key") ? new NameTaken({ name }) : error
        )
      )
    )
    return clip ?? (yield* Effect.die("INSERT gave no row"))
  })

  const remove = Effect.fn("AudioClips.remove")(function* (organizationId: string, id: string) {
    const key = Option.getOrUndefined(rowKey(id))
    const rows =
      key === undefined
        ? []
        : yield* sql`DELETE FROM audio_clips WHERE id = ${key} AND organization_id = ${organizationId} RETURNING id`
    if (rows.length === 0) return yield* new AudioClipNotFound({ id })
  })

  const sound = Effect.fn("AudioClips.sound")(function* (organizationId: string, id: string) {
    const wav = readWav(yield* file(organizationId, id))
    return yield* Result.isFailure(wav) ? new AudioClipNotFound({ id }) : Effect.succeed(monoOf(wav.success))
  })

  return AudioClips.of({ list, file, create, remove, sound })
})
