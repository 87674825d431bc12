import { assert, describe, it } from "@effect/vitest"
import { Effect, FiberSet } from "effect"
import * as fc from "fast-check"
import { makeInbox } from "../../../src/agents/socket/inbox.ts"
import { budget } from "../../../src/agents/socket/limits.ts"
import { makePlayer } from "../../../src/agents/socket/player.ts"
import { converter } from "../../../src/audio/converter.ts"
import { mulaw8 } from "../support/fakeTransport.ts"

type Step = "audio" | "control" | "clear" | "room"

/** An inbox that may read a few chunks of a byte ahead, and what becomes of it step by step. */
const rig = Effect.fnUntraced(function* (readAhead: number) {
  const start = yield* FiberSet.makeRuntime<never, void, never>()
  const log: Array<number> = []
  let rooms: Array<() => void> = []
  let room = 0
  let reading = true
  const inbox = makeInbox({
    play: (chunk) => {
      if (room === 0) return false
      room -= 1
      log.push(chunk[0] ?? -1)
      return true
    },
    onRoom: (wake) => void rooms.push(wake),
    start,
    pause: () => {
      assert.isTrue(reading)
      reading = false
    },
    resume: () => {
      assert.isFalse(reading)
      reading = true
    },
    readAhead
  })
  return {
    inbox,
    log,
    isReading: () => reading,
    note: (id: number) => Effect.sync(() => void log.push(id)),
    makeRoom: (chunks: number) => {
      room += chunks
      const waiting = rooms
      rooms = []
      for (const wake of waiting) wake()
    }
  }
})

const checkSteps = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>, readAhead: number) {
  const { inbox, isReading, log, makeRoom, note } = yield* rig(readAhead)
  /** What is to be carried out, in order: audio waits for room, and what stands behind it with it. */
  let expected: Array<{ readonly id: number; readonly isAudio: boolean }> = []
  const done: Array<number> = []
  let room = 0
  const settle = () => {
    for (let next = expected[0]; next !== undefined && (!next.isAudio || room > 0); next = expected[0]) {
      if (next.isAudio) room -= 1
      done.push(next.id)
      expected.shift()
    }
  }
  for (const [n, step] of steps.entries()) {
    const id = n % 256
    if (step === "room") {
      room += 1
      makeRoom(1)
    } else if (step === "audio") {
      expected.push({ id, isAudio: true })
      inbox.audio(Uint8Array.of(id))
    } else {
      if (step === "clear") expected = expected.filter(({ isAudio }) => !isAudio)
      expected.push({ id, isAudio: false })
      if (step === "clear") inbox.clear(note(id))
      else inbox.control(note(id))
    }
    settle()
    assert.deepStrictEqual(log, done)
    const waiting = expected.filter(({ isAudio }) => isAudio).length
    assert.strictEqual(isReading(), waiting === 0 || waiting <= readAhead)
    assert.strictEqual(inbox.isWaiting(), !isReading())
  }
  inbox.stop()
  assert.isTrue(isReading())
}, Effect.scoped)

describe("an inbox that reads ahead", () => {
  it.effect("keeps the order, and stops reading only when as much as it may keep is waiting", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom<Step>("audio", "audio", "control", "clear", "room"), { maxLength: 80 }),
          fc.nat({ max: 4 }),
          (steps, readAhead) => Effect.runPromise(checkSteps(steps, readAhead))
        ),
        { numRuns: 200 }
      )
    )
  )

  it.effect("carries out many thousands in the time of a few", () =>
    Effect.gen(function* () {
      const { inbox, log, makeRoom, note } = yield* rig(1_000_000)
      const many = 60_000
      for (let n = 0; n < many; n++) {
        inbox.audio(Uint8Array.of(1))
        inbox.control(note(2))
      }
      for (let n = 0; n < many; n += 100) makeRoom(100)
      assert.strictEqual(log.length, 2 * many)
      assert.isTrue(log.every((id, n) => id === 1 + (n % 2)))
    })
  )
})

describe("a player", () => {
  const pcm16 = { encoding: "pcm_s16le", sampleRate: 16000 } as const

  it("converts each chunk once, however often it finds no room", () => {
    const played: Array<Uint8Array> = []
    let room = false
    const { play } = makePlayer((chunk) => room && played.push(chunk) > 0, { from: mulaw8, to: pcm16 })
    const chunks = [0x10, 0x90, 0x20].map((byte) => new Uint8Array(160).fill(byte))
    for (const chunk of chunks) {
      room = false
      assert.isFalse(play(chunk))
      assert.isFalse(play(chunk))
      room = true
      assert.isTrue(play(chunk))
    }
    const { convert } = converter(mulaw8, pcm16)
    assert.deepStrictEqual(Buffer.concat(played), Buffer.concat(chunks.map(convert)))
  })

  it("forgets what found no room, and what the converter held back", () => {
    const played: Array<Uint8Array> = []
    let room = false
    const player = makePlayer((chunk) => room && played.push(chunk) > 0, { from: mulaw8, to: pcm16 })
    player.play(new Uint8Array(160).fill(0x10))
    player.forget()
    room = true
    const silence = new Uint8Array(160).fill(0xff)
    player.play(silence)
    assert.isTrue(Buffer.concat(played).every((byte) => byte === 0))
  })
})

describe("a budget", () => {
  it("refills with time and by what is given back, up to its size", () => {
    let now = 0
    const { take } = budget({ burst: 10, perSecond: 2 }, () => now)
    assert.isTrue(take(8))
    assert.isFalse(take(3))
    assert.isTrue(take(2))
    assert.isFalse(take())
    now = 1000
    assert.isTrue(take(2))
    assert.isTrue(take(-100))
    assert.isTrue(take(10))
    assert.isFalse(take())
  })
})
