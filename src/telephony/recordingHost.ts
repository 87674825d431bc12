import { Effect, Layer } from "effect"
import { RecordingHost } from "../recording/RecordingHost.ts"
import { Calls } from "./Calls.ts"
import { persist } from "./mediaNotes.ts"
import { Node } from "./Node.ts"

/** What the recording of calls needs of this room. */
export const layer = Layer.effect(
  RecordingHost,
  Effect.gen(function* () {
    const calls = yield* Calls
    const { id } = yield* Node
    return RecordingHost.of({
      nodeId: id,
      note: (callId, source, kind, payload) => persist(calls.record(callId, { source, kind, payload }))
    })
  })
)
