import { assert, describe, it } from "@effect/vitest"
import { sampleToMulaw } from "../../../src/audio/g711.ts"
import { LevelTap } from "../../../src/telephony/live/levelTap.ts"

const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
const linear = { encoding: "pcm_s16le", sampleRate: 16_000 } as const
const silence = new Uint8Array(160).fill(0xff)
const square = (amplitude: number) =>
  new Uint8Array(Int16Array.from({ length: 320 }, (_, i) => (i % 2 === 0 ? amplitude : -amplitude)).buffer)

describe("the levels of a call", () => {
  it("are the RMS of each side since the last look", () => {
    const tap = new LevelTap({ incomingFormat: mulaw, outgoingFormat: linear })
    const loud = Uint8Array.from(
      { length: 160 },
      (_, i) => sampleToMulaw[(i % 2 === 0 ? 16_384 : -16_384) & 0xffff] ?? 0
    )
    tap.heard(loud)
    tap.sent(square(32_767))
    const { agent, caller } = tap.take()
    assert.closeTo(caller ?? 0, -6, 0.2)
    assert.closeTo(agent ?? -1, 0, 0.1)
    tap.sent(square(3277))
    tap.sent(square(0))
    const next = tap.take()
    assert.isNull(next.caller)
    assert.closeTo(next.agent ?? 0, -23, 0.1)
  })

  it("are null where there was silence, or nothing", () => {
    const tap = new LevelTap({ incomingFormat: mulaw, outgoingFormat: mulaw })
    assert.deepStrictEqual(tap.take(), { caller: null, agent: null })
    tap.heard(silence)
    tap.sent(silence)
    tap.sent(new Uint8Array(0))
    assert.deepStrictEqual(tap.take(), { caller: null, agent: null })
  })

  it("take chunks of any length", () => {
    const tap = new LevelTap({ incomingFormat: mulaw, outgoingFormat: linear })
    tap.sent(new Uint8Array(Int16Array.from({ length: 48_000 }, () => 3277).buffer))
    assert.closeTo(tap.take().agent ?? 0, -20, 0.1)
  })
})
