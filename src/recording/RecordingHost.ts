import { Context, type Effect } from "effect"
import type { FormValues } from "../Form.ts"

/** Who had something done. */
export type RecordingActor = "gateway" | "agent" | "operator"

/** What the recording of calls needs of the service that it is a part of. */
export class RecordingHost extends Context.Service<
  RecordingHost,
  {
    /** This process among those that share the database. */
    readonly nodeId: string
    /** Appends to the call's log. Tries again for a while when the database is away, and never fails. */
    readonly note: (callId: string, source: RecordingActor, kind: string, payload: FormValues) => Effect.Effect<void>
  }
>()("switchboard/RecordingHost") {}
