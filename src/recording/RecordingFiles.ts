import { randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, link, mkdir, open, readFile, stat, unlink } from "node:fs/promises"
import { join } from "node:path"
import { NodeStream } from "@effect/platform-node"
import { Context, Effect, Layer, Schema, type Scope, type Stream } from "effect"
import { Settings } from "../Settings.ts"
import { causeText } from "../store/causeText.ts"

/** The folder or a file of the recordings cannot be used. `message` says what to do, for the operator of the service. */
export class DiskFailed extends Schema.TaggedError<DiskFailed>()("DiskFailed", {
  reason: Schema.Literals(["full", "denied", "slow", "failed"]),
  message: Schema.String
}) {}

/** A recording's file, open for writing. */
export interface RecordingFile {
  /** Writes all of `bytes` at a position in the file, bytes. */
  readonly write: (bytes: Uint8Array, position: number) => Effect.Effect<void, DiskFailed>
}

/** The files of recordings, in one folder of this machine or of a disk that several nodes share. Names are plain file names. */
export class RecordingFiles extends Context.Service<
  RecordingFiles,
  {
    /** The id of the folder, which lies in it; it is made where there is none. */
    readonly prepare: Effect.Effect<string, DiskFailed>
    /** The id of the folder; undefined where there is none yet. */
    readonly folderId: Effect.Effect<string | undefined, DiskFailed>
    /** Makes a file that is not there. It is closed with the scope. */
    readonly create: (name: string) => Effect.Effect<RecordingFile, DiskFailed, Scope.Scope>
    /** Opens a file that is there. It is closed with the scope. */
    readonly reopen: (name: string) => Effect.Effect<RecordingFile, DiskFailed, Scope.Scope>
    /** Bytes of a file; undefined where there is none. */
    readonly size: (name: string) => Effect.Effect<number | undefined, DiskFailed>
    /** `length` bytes of a file from `offset` on. */
    readonly read: (name: string, offset: number, length: number) => Stream.Stream<Uint8Array, DiskFailed>
    /** A file that is gone already is fine. */
    readonly remove: (name: string) => Effect.Effect<void, DiskFailed>
  }
>()("switchboard/RecordingFiles") {
  static readonly layerIn = (folder: string) => Layer.sync(RecordingFiles, () => RecordingFiles.of(filesIn(folder)))

  static readonly layer = Layer.unwrap(
    Effect.map(Settings, ({ recordingsDir }) => RecordingFiles.layerIn(recordingsDir))
  )
}

/** The file that holds the folder's id. */
const identityFile = ".folder"
const ownerOnly = 0o600

const hasCode = Schema.is(Schema.Struct({ code: Schema.String }))
const codeOf = (cause: unknown) => (hasCode(cause) ? cause.code : "")

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"])
const denied = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR"])

/** What a failed operation of the file system means, and what to do about it. */
const failure = (cause: unknown): DiskFailed => {
  const code = codeOf(cause)
  if (full.has(code))
    return new DiskFailed({
      reason: "full",
      message:
        "The disk of the recordings is full. Make room, keep recordings for fewer days (SWITCHBOARD_RECORDING_DAYS), or use another disk (SWITCHBOARD_RECORDINGS_DIR)."
    })
  if (denied.has(code))
    return new DiskFailed({
      reason: "denied",
      message: `The folder of the recordings cannot be written to (${code}). Give the service the right to, or name another one with SWITCHBOARD_RECORDINGS_DIR.`
    })
  return new DiskFailed({
    reason: "failed",
    message: `The disk of the recordings does not work (${code === "" ? causeText(cause) : code}). Look at it, or name another one with SWITCHBOARD_RECORDINGS_DIR.`
  })
}

const attempt = <A>(act: () => Promise<A>) => Effect.tryPromise({ try: act, catch: failure })

/** Undefined where there is no such file. */
const orMissing = <A>(act: () => Promise<A>) =>
  Effect.tryPromise({ try: act, catch: (cause) => cause }).pipe(
    Effect.catch((cause) => (codeOf(cause) === "ENOENT" ? Effect.void : Effect.fail(failure(cause))))
  )

/** A disk may take less than it was given. */
const writeAll = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  const { bytesWritten } = await handle.write(bytes, 0, bytes.length, position)
  if (bytesWritten < bytes.length) await writeAll(handle, bytes.subarray(bytesWritten), position + bytesWritten)
}

/** A whole file or none, also with several nodes at once; an existing one stays as it is. */
const writeOnce = async (file: string, text: string) => {
  const draft = `${file}.${randomBytes(6).toString("hex")}`
  const handle = await open(draft, "wx", ownerOnly)
  await handle.writeFile(text).finally(() => handle.close())
  await link(draft, file)
    .catch((cause: unknown) => (codeOf(cause) === "EEXIST" ? undefined : Promise.reject(cause)))
    .finally(() => unlink(draft))
}

/** A disk that hangs holds nobody up. */
const close = (handle: FileHandle) =>
  Effect.ignore(
    Effect.timeout(
      attempt(() => handle.close()),
      "2 seconds"
    )
  )

const filesIn = (folder: string): RecordingFiles["Service"] => {
  const identity = join(folder, identityFile)
  const folderId = Effect.map(
    orMissing(() => readFile(identity, "utf8")),
    (text) => text?.trim()
  )

  const opened = (name: string, flags: string) =>
    Effect.map(
      Effect.acquireRelease(
        attempt(() => open(join(folder, name), flags, ownerOnly)),
        close
      ),
      (handle): RecordingFile => ({ write: (bytes, position) => attempt(() => writeAll(handle, bytes, position)) })
    )

  return {
    folderId,
    prepare: Effect.gen(function* () {
      const known = yield* folderId
      if (known !== undefined) return known
      yield* attempt(() => mkdir(folder, { recursive: true, mode: 0o700 }))
      yield* attempt(() => writeOnce(identity, randomBytes(8).toString("hex")))
      return (yield* folderId) ?? (yield* failure(undefined))
    }),
    create: (name) => opened(name, "wx"),
    reopen: (name) => opened(name, "r+"),
    size: (name) =>
      Effect.map(
        orMissing(() => stat(join(folder, name))),
        (file) => file?.size
      ),
    read: (name, offset, length) =>
      NodeStream.fromReadable({
        evaluate: () => createReadStream(join(folder, name), { start: offset, end: offset + length - 1 }),
        onError: failure
      }),
    remove: (name) => orMissing(() => unlink(join(folder, name)))
  }
}
