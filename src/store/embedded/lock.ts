import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Schema } from "effect"
import { causeText } from "../causeText.ts"

/** Another process works on the data folder. */
export class DataFolderInUse extends Schema.TaggedError<DataFolderInUse>()("DataFolderInUse", {
  folder: Schema.String
}) {
  override get message() {
    return (
      `The data folder ${this.folder} is in use by another Switchboard process. ` +
      "Stop that one, or set SWITCHBOARD_DATA_DIR to another folder (with DATABASE_URL, several processes can share a server)."
    )
  }
}

/** The data folder cannot be locked: it is not writable, say. */
export class DataFolderUnusable extends Schema.TaggedError<DataFolderUnusable>()("DataFolderUnusable", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The data folder ${this.folder} cannot be used: ${this.reason}. Set SWITCHBOARD_DATA_DIR to a folder that this user may write to.`
  }
}

const isBusy = Schema.is(Schema.Struct({ errcode: Schema.Literals([5, 6]) })) // SQLite result codes: BUSY, LOCKED
/**
 * Holds the folder for this process while the scope is open. The lock is the operating system's lock on the file `lock`,
 * taken through SQLite: it is atomic, a killed process leaves none behind, and it also holds between containers that
 * share the folder.
 */
export const lockFolder = Effect.fn("lockFolder")(function* (folder: string) {
  yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const file = new DatabaseSync(join(folder, "lock"), { timeout: 0 })
        file.exec("BEGIN EXCLUSIVE")
        return file
      },
      catch: (cause) =>
        isBusy(cause) ? new DataFolderInUse({ folder }) : new DataFolderUnusable({ folder, reason: causeText(cause) })
    }),
    (file) => Effect.sync(() => file.close())
  )
})
