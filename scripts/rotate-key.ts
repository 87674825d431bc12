import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Settings } from "../src/Settings.ts"
import * as Database from "../src/store/Database.ts"
import { rotateKeys } from "../src/store/rotateKeys.ts"
import { Secrets } from "../src/store/Secrets.ts"

// Encrypts every stored secret under the newest key. Put the new key first in SWITCHBOARD_ENCRYPTION_KEY and keep the
// old ones behind it; when this has finished without unreadable values, and every process was started again with the new
// key, the old ones can go. With the embedded database the service must be stopped meanwhile.

/** Some values are still under an old key, or damaged. */
class ValuesLeft extends Schema.TaggedError<ValuesLeft>()("ValuesLeft", { count: Schema.Int }) {
  override get message() {
    return `${this.count} values could not be decrypted. Add their keys to SWITCHBOARD_ENCRYPTION_KEY and run this again, or save them again.`
  }
}

const program = Effect.gen(function* () {
  const { newestKeyId } = yield* Secrets
  const { rows, reencrypted, current, unreadable } = yield* rotateKeys
  yield* Console.log(
    `Newest key: ${newestKeyId}. Rows read: ${rows}. Values encrypted anew: ${reencrypted}. Already under it: ${current}.`
  )
  for (const problem of unreadable) yield* Console.error(`Left as it was: ${problem}`)
  if (unreadable.length > 0) return yield* new ValuesLeft({ count: unreadable.length })
})

const services = Layer.mergeAll(Secrets.layer, Database.layer).pipe(Layer.provide(Settings.layer))

NodeRuntime.runMain(
  Effect.provide(program, services).pipe(
    Effect.tapError((error) => Console.error(error.message)),
    Effect.tapDefect((defect) => Console.error(defect))
  ),
  { disableErrorReporting: true }
)
