import { randomBytes } from "node:crypto"
import { link, mkdir, open, readFile, unlink } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Redacted, Schema } from "effect"
import { causeText } from "./causeText.ts"

/** The file of the data folder that holds the encryption keys, in base64, one a line, newest first. */
export const KEY_FILE = "encryption.key"
const KEY_BYTES = 32
const OWNER_ONLY = 0o600

/** The key file cannot be read or written, or holds something else. It is never overwritten. */
export class KeyFileUnusable extends Schema.TaggedError<KeyFileUnusable>()("KeyFileUnusable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The encryption key file ${this.file} cannot be used: ${this.reason}. Every stored credential depends on it: restore it from a backup, or set SWITCHBOARD_ENCRYPTION_KEY.`
  }
}

const errorCode = Schema.is(Schema.Struct({ code: Schema.String }))
const hasCode = (cause: unknown, code: string) => errorCode(cause) && cause.code === code

const unusable = (file: string) => (cause: unknown) => new KeyFileUnusable({ file, reason: causeText(cause) })

/** The keys of the data folder, newest first; none if it has no key file. */
export const readKeyFile = Effect.fn("readKeyFile")(function* (dataDir: string) {
  const file = join(dataDir, KEY_FILE)
  const text = yield* Effect.tryPromise(() => readFile(file, "latin1")).pipe(
    Effect.catch(({ cause }) => (hasCode(cause, "ENOENT") ? Effect.void : Effect.fail(unusable(file)(cause))))
  )
  if (text === undefined) return []
  const lines = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]))
  const good = lines.length > 0 && lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))
  if (!good) return yield* new KeyFileUnusable({ file, reason: "it does not hold 32 bytes in base64 on each line" })
  return lines.map((line) => Redacted.make(line, { label: "encryption key" }))
})

/** A whole file or none, also when the machine stops half-way; an existing one stays as it is. */
const writeOnce = async (file: string, text: string) => {
  const draft = `${file}.${randomBytes(6).toString("hex")}`
  const handle = await open(draft, "wx", OWNER_ONLY)
  await handle
    .writeFile(text)
    .then(() => handle.sync())
    .finally(() => handle.close())
  await link(draft, file)
    .catch((cause: unknown) => (hasCode(cause, "EEXIST") ? undefined : Promise.reject(cause)))
    .finally(() => unlink(draft))
}

/** The keys of the data folder; the first time, one is made. */
export const ensureKeyFile = Effect.fn("ensureKeyFile")(function* (dataDir: string) {
  const existing = yield* readKeyFile(dataDir)
  if (existing.length > 0) return existing
  const file = join(dataDir, KEY_FILE)
  yield* Effect.tryPromise({
    try: async () => {
      await mkdir(dataDir, { recursive: true, mode: 0o700 })
      await writeOnce(file, `${randomBytes(KEY_BYTES).toString("base64")}\n`)
    },
    catch: unusable(file)
  })
  yield* Effect.logInfo(`Made the encryption key ${file}. Keep a copy: without it stored credentials cannot be read.`)
  return yield* readKeyFile(dataDir)
})
