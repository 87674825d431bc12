import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Caller } from "../../bench/caller.ts"
import { carriers } from "../../bench/carriers.ts"
import { serveMedia } from "../../bench/mediaServer.ts"

const spoken = 12

/** Says so many frames, one after the other, and waits until as many were heard. */
const talk = (caller: Caller, heard: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    yield* Effect.acquireRelease(
      Effect.promise(() => caller.open()),
      () => Effect.sync(() => caller.ws.terminate())
    )
    for (let said = 0; said < spoken; said++) {
      caller.speak(performance.now())
      yield* Effect.sleep(caller.frameMs)
    }
    yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => heard.length >= spoken })
  }).pipe(Effect.scoped)

const all = await Effect.runPromise(carriers)

describe("a carrier's media by itself", () => {
  it.live.each(all)("is echoed by the transport of $spec.name", ({ mediaStream, spec }) =>
    Effect.gen(function* () {
      const port = yield* serveMedia(spec)
      const heard: Array<number> = []
      const stream = mediaStream()
      const caller = new Caller(`ws://127.0.0.1:${port}`, stream, (_, frames, number) => {
        for (let i = 0; i < frames; i++) heard.push(number + i)
      })
      yield* talk(caller, heard)
      assert.deepStrictEqual(
        heard,
        Array.from({ length: spoken }, (__, number) => number)
      )
      assert.deepStrictEqual(caller.complaints, [])
      assert.notStrictEqual(mediaStream().providerCallId, stream.providerCallId)
    }).pipe(Effect.scoped)
  )
})
