import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { MediaTap } from "../../src/Transport.ts"
import { stop } from "./support/protocol.ts"
import { frame, rig } from "./support/rig.ts"

/** A tap that keeps how many bytes it heard and saw sent. */
const counting = (onHeard = () => {}) => {
  const counts = { missed: 0, heard: 0, sent: 0, unheard: 0 }
  const tap: MediaTap = {
    missed: (chunks) => void (counts.missed += chunks.length),
    heard: (chunk) => {
      counts.heard += chunk.length
      onHeard()
    },
    sent: (sent) => void (counts.sent += sent.length),
    unheard: (ms) => void (counts.unheard += ms)
  }
  return { counts, tap }
}

describe("those who listen in on a call", () => {
  it.effect("each hear all of it, beside the one who reads it, until they stop", () =>
    Effect.gen(function* () {
      const { clock, socket, transport } = yield* rig()
      const one = counting()
      const other = counting()
      socket.audio(frame())
      const stopOne = transport.tap(one.tap)
      transport.tap(other.tap)
      socket.audio(frame())
      transport.playUnsafe(frame())
      clock.advance(40)
      stopOne()
      socket.audio(frame())
      transport.playUnsafe(frame())
      clock.advance(40)
      assert.deepStrictEqual(one.counts, { missed: 1, heard: 160, sent: 160, unheard: 0 })
      assert.deepInclude(other.counts, { missed: 1, heard: 320, sent: 320 })
    })
  )

  it.effect("may stop while they hear, and take nobody else's turn by it", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      let stopOne: (() => void) | undefined
      const one = counting(() => stopOne?.())
      const other = counting()
      stopOne = transport.tap(one.tap)
      transport.tap(other.tap)
      for (let n = 0; n < 3; n++) socket.audio(frame())
      assert.strictEqual(one.counts.heard, 160)
      assert.strictEqual(other.counts.heard, 480)
    })
  )

  it.effect("hear nothing after the end", () =>
    Effect.gen(function* () {
      const { socket, transport } = yield* rig()
      const { counts, tap } = counting()
      transport.tap(tap)
      socket.text(stop)
      socket.audio(frame())
      const late = counting()
      transport.tap(late.tap)
      assert.deepStrictEqual([counts.heard, late.counts.heard], [0, 0])
    })
  )
})
