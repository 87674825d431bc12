import { Effect } from "effect"
import { Migrator } from "effect/sql"
import { foundation } from "./migrations/0001_foundation.ts"
import { callMemory } from "./migrations/0002_call_memory.ts"
import { transfers } from "./migrations/0003_transfers.ts"
import { listeners } from "./migrations/0004_listeners.ts"
import { signatureFailures } from "./migrations/0005_signature_failures.ts"
import { recordings } from "./migrations/0006_recordings.ts"
import { audioClips } from "./migrations/0007_audio_clips.ts"
import { consoleStore } from "./migrations/0008_console.ts"

/** Every step of the schema, in order. A step that was released is never edited: add the next one. */
const steps = {
  "0001_foundation": foundation,
  "0002_call_memory": callMemory,
  "0003_transfers": transfers,
  "0004_listeners": listeners,
  "0005_signature_failures": signatureFailures,
  "0006_recordings": recordings,
  "0007_audio_clips": audioClips,
  "0008_console": consoleStore
}

/** Brings the schema up to date, under a lock: several processes may start at once. Gives the steps that it ran. */
export const migrate = Migrator.make({})({ loader: Migrator.fromRecord(steps), table: "migrations" }).pipe(
  Effect.withSpan("migrate")
)
