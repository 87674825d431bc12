import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { wavHeader } from "../../src/audio/wav.ts"
import { expire, finishAbandoned, giveUpUnreachable, recoverOwn } from "../../src/recording/housekeeping.ts"
import { layerWith } from "../../src/recording/layer.ts"
import { RecordingArchive } from "../../src/recording/RecordingArchive.ts"
import { RecordingFiles } from "../../src/recording/RecordingFiles.ts"
import { RecordingStore } from "../../src/recording/RecordingStore.ts"
import { uuidV7 } from "../../src/store/Ids.ts"
import { Calls } from "../../src/telephony/Calls.ts"
import * as recordingHost from "../../src/telephony/recordingHost.ts"
import { Pacer } from "../../src/transport/pacer.ts"
import { temporaryFolder } from "../support/database.ts"
import { begin, eventsOf, kindsOf } from "../telephony/support/place.ts"
import { makeTenant, world } from "../telephony/support/world.ts"
import { channelsOfWav } from "./support/api.ts"

class Folder extends Context.Service<Folder, string>()("test/Folder") {
  static readonly layer = Layer.effect(Folder, temporaryFolder)
}

const room = layerWith(Layer.unwrap(Effect.map(Folder, RecordingFiles.layerIn))).pipe(
  Layer.provideMerge(recordingHost.layer),
  Layer.provideMerge(Layer.merge(Folder.layer, Pacer.layer)),
  Layer.provideMerge(world())
)

/** A second of both sides, as a file whose header does not know of it. */
const unfinished = Buffer.concat([
  wavHeader({ encoding: "pcm_s16le", sampleRate: 8000 }, 2, 0),
  Buffer.alloc(32_000 + 3, 7)
])

const age = (id: string, column: "lease_until" | "ended_at", interval: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`UPDATE recordings SET ${sql(column)} = clock_timestamp() - ${interval}::interval WHERE id = ${id}`
  )

/** A recording in this node's folder, as its writer left it. */
const recorded = Effect.fnUntraced(function* (options: { readonly file?: boolean; readonly folderId?: string } = {}) {
  const files = yield* RecordingFiles
  const store = yield* RecordingStore
  const path = join(yield* Folder, "")
  const tenant = yield* makeTenant()
  const call = yield* begin(tenant, { direction: "inbound" })
  const id = yield* uuidV7
  const fileName = `${call.id}.${id}.wav`
  yield* store.add({
    id,
    callId: call.id,
    folderId: options.folderId ?? (yield* files.prepare),
    fileName,
    sampleRate: 8000,
    startedAt: yield* DateTime.now
  })
  const file = join(path, fileName)
  if (options.file !== false) yield* Effect.promise(() => writeFile(file, unfinished))
  return { callId: call.id, id, file, tenant }
})

const rowOf = (callId: string, id: string) =>
  Effect.map(
    Effect.flatMap(RecordingStore, ({ find }) => find(callId, id)),
    Option.getOrUndefined
  )

const ended = { state: "ready", durationMs: 1000, bytes: unfinished.length, paused: [] } as const

layer(room, { excludeTestServices: true })("recordings that nobody writes any more", (it) => {
  it.effect("are put in order and ready, with a pause that nobody ended lasting to the end", () =>
    Effect.gen(function* () {
      const store = yield* RecordingStore
      const { callId, file, id } = yield* recorded()
      yield* store.notePaused(id, [
        { fromMs: 100, toMs: 200 },
        { fromMs: 900, toMs: undefined }
      ])
      yield* finishAbandoned
      assert.strictEqual((yield* rowOf(callId, id))?.state, "paused")
      yield* age(id, "lease_until", "1 second")
      yield* Effect.all([finishAbandoned, finishAbandoned], { concurrency: 2 })
      assert.deepInclude(yield* rowOf(callId, id), {
        state: "ready",
        durationMs: 1000,
        bytes: unfinished.length,
        paused: [
          { fromMs: 100, toMs: 200 },
          { fromMs: 900, toMs: 1000 }
        ]
      })
      assert.lengthOf(channelsOfWav(yield* Effect.promise(() => readFile(file))).left, 8000)
      const told = (yield* eventsOf(callId)).filter(({ kind }) => kind === "recording.stopped")
      assert.deepStrictEqual(
        told.map(({ payload }) => payload),
        [{ recording_id: id, reason: "node_lost", duration_ms: 1000 }]
      )
    })
  )

  it.effect("are given up once the call is over and nobody has the folder, and finished when it is back", () =>
    Effect.gen(function* () {
      const calls = yield* Calls
      const { callId, id } = yield* recorded()
      const fresh = yield* recorded()
      yield* age(id, "lease_until", "11 minutes")
      yield* age(fresh.id, "lease_until", "1 minute")
      yield* calls.end(fresh.callId, "node_lost")
      yield* giveUpUnreachable
      assert.strictEqual((yield* rowOf(callId, id))?.state, "recording", "its call goes on")
      yield* calls.end(callId, "node_lost")
      yield* Effect.all([giveUpUnreachable, giveUpUnreachable], { concurrency: 2 })
      const row = yield* rowOf(callId, id)
      assert.deepInclude(row, { state: "failed", durationMs: undefined, bytes: undefined })
      assert.include(row?.error, "folder")
      assert.isDefined(row?.endedAt)
      assert.strictEqual((yield* rowOf(fresh.callId, fresh.id))?.state, "recording", "its node may come back")
      const told = (yield* eventsOf(callId)).filter(({ kind }) => kind === "recording.failed")
      assert.deepStrictEqual(
        told.map(({ payload }) => payload["reason"]),
        ["node_lost"]
      )

      yield* recoverOwn
      yield* finishAbandoned
      assert.deepInclude(yield* rowOf(callId, id), { state: "ready", durationMs: 1000, error: undefined })
    })
  )

  it.effect("have failed where there is no file, and wait where the folder is another node's", () =>
    Effect.gen(function* () {
      const lost = yield* recorded({ file: false })
      const other = yield* recorded({ folderId: "another folder" })
      for (const { id } of [lost, other]) yield* age(id, "lease_until", "1 second")
      yield* finishAbandoned
      assert.deepInclude(yield* rowOf(lost.callId, lost.id), { state: "failed", durationMs: 0 })
      assert.include(yield* kindsOf(lost.callId), "recording.failed")
      assert.strictEqual((yield* rowOf(other.callId, other.id))?.state, "recording")
    })
  )
})

layer(room, { excludeTestServices: true })("recordings that are old", (it) => {
  it.effect("are deleted after thirty days, their rows stay, and younger ones too", () =>
    Effect.gen(function* () {
      const store = yield* RecordingStore
      const old = yield* recorded()
      const young = yield* recorded()
      const live = yield* recorded()
      for (const { id } of [old, young]) yield* store.finish(id, ended)
      yield* age(old.id, "ended_at", "31 days")
      yield* age(young.id, "ended_at", "29 days")
      yield* expire
      assert.isFalse(existsSync(old.file))
      assert.isTrue(existsSync(young.file))
      assert.isTrue(existsSync(live.file))
      assert.strictEqual((yield* rowOf(old.callId, old.id))?.state, "deleted")
      assert.strictEqual((yield* rowOf(young.callId, young.id))?.state, "ready")
      const archive = yield* RecordingArchive
      assert.deepInclude(yield* Effect.flip(archive.audio(old.callId, old.id)), {
        _tag: "AudioGone",
        reason: "deleted"
      })
      yield* expire
    })
  )

  it.effect("stay for ever where the settings say 0 days", () =>
    Effect.gen(function* () {
      const store = yield* RecordingStore
      const old = yield* recorded()
      yield* store.finish(old.id, ended)
      yield* age(old.id, "ended_at", "1000 days")
      yield* store.expire(0)
      assert.strictEqual((yield* rowOf(old.callId, old.id))?.state, "ready")
    })
  )

  it.effect("go with their call: no audio stays that nothing leads to", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const store = yield* RecordingStore
      const { file, id, tenant } = yield* recorded()
      yield* store.finish(id, ended)
      yield* sql`DELETE FROM organizations WHERE id = ${tenant.organizationId}`
      assert.isTrue(existsSync(file))
      yield* expire
      assert.isFalse(existsSync(file))
      assert.deepStrictEqual(yield* sql`SELECT 1 FROM recordings WHERE id = ${id}`, [])
    })
  )
})

layer(room, { excludeTestServices: true })("a recording that is asked for", (it) => {
  it.effect("is told apart from one that is elsewhere, lost, unknown or still being made", () =>
    Effect.gen(function* () {
      const store = yield* RecordingStore
      const archive = yield* RecordingArchive
      const live = yield* recorded()
      const other = yield* recorded({ folderId: "another folder" })
      const lost = yield* recorded({ file: false })
      assert.strictEqual((yield* archive.audio(live.callId, live.id)).bytes, unfinished.length)
      assert.deepInclude(yield* Effect.flip(archive.audio(other.callId, other.id)), { reason: "elsewhere" })
      assert.deepInclude(yield* Effect.flip(archive.audio(lost.callId, lost.id)), { reason: "lost" })
      for (const id of ["nonsense", live.id])
        assert.strictEqual((yield* Effect.flip(archive.audio(lost.callId, id)))._tag, "RecordingNotFound")

      assert.strictEqual((yield* Effect.flip(archive.remove(live.callId, live.id)))._tag, "StillRecording")
      yield* store.finish(live.id, ended)
      yield* archive.remove(live.callId, live.id)
      yield* archive.remove(live.callId, live.id)
      assert.isFalse(existsSync(live.file))
      // The file of another node's folder goes there, when that node looks.
      yield* store.finish(other.id, ended)
      yield* archive.remove(other.callId, other.id)
      assert.isTrue(existsSync(other.file))
      assert.lengthOf(yield* store.toRemove("another folder"), 1)
    })
  )
})
