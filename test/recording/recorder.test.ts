import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { AudioFormat } from "../../src/Audio.ts"
import { mulawToSample } from "../../src/audio/g711.ts"
import { Recorder } from "../../src/recording/recorder.ts"
import { rig } from "../transport/support/rig.ts"
import { stop } from "../transport/support/protocol.ts"
import { channelsOf, sounding, takeAll } from "./support/channels.ts"

const mulaw: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }
const wide: AudioFormat = { encoding: "pcm_s16le", sampleRate: 16_000 }
const both = (format: AudioFormat) => ({ incomingFormat: format, outgoingFormat: format })
const fail = () => assert.fail("audio was lost")

/** When the recordings of these tests begin. */
const t0 = 1000.25
const perFrame = 160

/** Frame `n` of a speech that is nowhere silent, 20 ms of mu-law. */
const said = (n: number) => Uint8Array.from({ length: perFrame }, (_, i) => 0x10 + ((n * perFrame + i) % 97))
const samplesOf = (frames: ReadonlyArray<Uint8Array>) =>
  frames.flatMap((frame) => Array.from(frame, (byte) => mulawToSample[byte] ?? 0))
const speech = (count: number, from = 0) => samplesOf(Array.from({ length: count }, (_, n) => said(from + n)))

const newRecorder = (format = mulaw) => new Recorder(both(format), t0, fail)

/** The caller's channel after chunks that came at these times, ms since the beginning. */
const callerAt = (arrivals: ReadonlyArray<number>, endMs: number) => {
  const recorder = newRecorder()
  for (const [n, at] of arrivals.entries()) recorder.heard(said(n), t0 + at)
  recorder.stop(t0 + endMs)
  return channelsOf(takeAll(recorder, t0 + endMs)).left
}

describe("the caller's channel", () => {
  it("has each chunk where the clock says, to the sample", () => {
    const left = callerAt([20, 40, 60], 100)
    assert.deepStrictEqual(Array.from(left), [...speech(3), ...Array.from({ length: 320 }, () => 0)])
  })

  it("keeps what jitters together", () => {
    const arrivals = Array.from({ length: 200 }, (_, n) => 20 + n * 20 + ((n * 35) % 59))
    const left = callerAt(arrivals, 4060)
    assert.deepStrictEqual(sounding(left), [[0, 200 * perFrame]])
    assert.deepStrictEqual(Array.from(left.subarray(0, 200 * perFrame)), speech(200))
  })

  it("is silent where nothing came, as long as that was", () => {
    const left = callerAt([20, 40, 620, 640], 700)
    assert.deepStrictEqual(sounding(left), [
      [0, 320],
      [4800, 5120]
    ])
    assert.deepStrictEqual(Array.from(left.subarray(4800, 5120)), speech(2, 2))
  })

  it("has no hole where the network held chunks back and brought them at once", () => {
    const late = Array.from({ length: 25 }, () => 540)
    const after = Array.from({ length: 20 }, (_, n) => 560 + n * 20)
    const left = callerAt([20, 40, ...late, ...after], 1000)
    assert.deepStrictEqual(Array.from(left.subarray(0, 47 * perFrame)), speech(47))
  })

  it("loses nothing of what the network brings late at the beginning, and is in time again after the next silence", () => {
    const late = Array.from({ length: 20 }, () => 20)
    const recorder = newRecorder()
    for (const [n, at] of late.entries()) recorder.heard(said(n), t0 + at)
    for (let n = 0; n < 50; n++) recorder.heard(new Uint8Array(perFrame).fill(0xff), t0 + 40 + n * 20)
    for (let n = 0; n < 10; n++) recorder.heard(said(50 + n), t0 + 1040 + n * 20)
    recorder.stop(t0 + 1300)
    const { left } = channelsOf(takeAll(recorder, t0 + 1300))
    const [first = [0, 0], second = [0, 0]] = sounding(left)
    assert.deepStrictEqual(Array.from(left.subarray(...first)), speech(20))
    assert.deepStrictEqual(Array.from(left.subarray(...second)), speech(10, 50))
    assert.isAtMost(Math.abs(second[0] / 8 - 1020), 60)
  })

  it("follows a carrier whose clock is slow or fast, and never gets much farther than 60 ms from ours", () => {
    for (const speed of [0.999, 1.001]) {
      const recorder = newRecorder()
      const marks: Array<number> = []
      const taken: Array<Buffer> = []
      for (let n = 0; n < 30_000; n++) {
        const at = 20 + n * 20 * speed
        // One frame in a hundred is loud, so that it can be found.
        const isMark = n % 100 === 50
        recorder.heard(new Uint8Array(perFrame).fill(isMark ? 0x80 : 0xff), t0 + at)
        if (isMark) marks.push(at - 20)
        if (n % 50 === 0) taken.push(takeAll(recorder, t0 + at))
      }
      recorder.stop(t0 + 600_000)
      taken.push(takeAll(recorder, t0 + 600_000))
      const found = sounding(channelsOf(Buffer.concat(taken)).left, perFrame).map(([from]) => from / 8)
      assert.strictEqual(found.length, marks.length)
      for (const at of found) assert.isTrue(marks.some((due) => Math.abs(due - at) <= 81))
    }
  })

  it("is recorded at 16 kHz where the carrier speaks more than 8, and wider audio is brought down to that", () => {
    const tone = (rate: number) => {
      const bytes = Buffer.alloc((rate / 50) * 2)
      for (let i = 0; i < rate / 50; i++)
        bytes.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 1000 * i) / rate)), i * 2)
      return bytes
    }
    for (const rate of [16_000, 24_000, 48_000] as const) {
      const recorder = newRecorder({ ...wide, sampleRate: rate })
      assert.strictEqual(recorder.sampleRate, 16_000)
      for (let n = 0; n < 10; n++) recorder.heard(tone(rate), t0 + 20 + n * 20)
      recorder.stop(t0 + 200)
      const { left } = channelsOf(takeAll(recorder, t0 + 200))
      assert.strictEqual(left.length, 3200)
      const energy = Math.sqrt(left.reduce((sum, sample) => sum + sample * sample, 0) / left.length)
      assert.closeTo(energy, 8000 / Math.SQRT2, 150)
    }
    assert.strictEqual(newRecorder().sampleRate, 8000)
  })

  it.prop(
    "is as long as the call, whatever comes whenever",
    [
      Schema.Array(
        Schema.Struct({
          wait: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1500 })),
          bytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2000 }))
        })
      )
    ],
    ([chunks]) => {
      const recorder = new Recorder(both(mulaw), t0, () => {})
      let at = t0
      const taken: Array<Buffer> = []
      for (const { bytes, wait } of chunks) {
        at += wait
        taken.push(takeAll(recorder, at))
        recorder.heard(new Uint8Array(bytes).fill(0x10), at)
      }
      recorder.stop(at)
      taken.push(takeAll(recorder, at))
      const length = Buffer.concat(taken).length / 4
      const longest = Math.max(0, ...chunks.map(({ bytes }) => bytes))
      assert.isAtLeast(length, Math.floor((at - t0) * 8))
      assert.isAtMost(length, (at - t0) * 8 + 4000 + longest)
    }
  )
})

/** A recorder that listens in on a transport over a clock of the test's own. */
const listening = Effect.fnUntraced(function* (options?: Parameters<typeof rig>[0]) {
  const { clock, socket, transport } = yield* rig(options)
  const began = clock.now()
  const recorder = new Recorder(transport.info, began, fail)
  const untap = transport.tap(recorder)
  const finish = () => {
    untap()
    recorder.stop(clock.now())
    return channelsOf(takeAll(recorder, clock.now()))
  }
  return { clock, socket, transport, recorder, untap, finish }
})

const play = (count: number, from = 0) => Buffer.concat(Array.from({ length: count }, (_, n) => said(from + n)))

describe("the agent's channel", () => {
  it.effect("has each frame when it plays, not when it was sent", () =>
    Effect.gen(function* () {
      const { clock, finish, transport } = yield* listening()
      clock.advance(300)
      transport.playUnsafe(play(50))
      clock.advance(1500)
      const { right } = finish()
      assert.strictEqual(right.length, 1800 * 8)
      assert.deepStrictEqual(sounding(right), [[2400, 2400 + 50 * perFrame]])
      assert.deepStrictEqual(Array.from(right.subarray(2400, 2400 + 50 * perFrame)), speech(50))
    })
  )

  it.effect("holds exactly what was heard before a clear, and nothing of what was cleared", () =>
    Effect.gen(function* () {
      const { clock, finish, transport } = yield* listening()
      transport.playUnsafe(play(200))
      clock.advance(730)
      const { heardMs } = yield* transport.clear
      assert.strictEqual(heardMs, 730)
      clock.advance(270)
      transport.playUnsafe(play(10, 300))
      clock.advance(500)
      const { right } = finish()
      assert.deepStrictEqual(sounding(right, 30), [
        [0, 730 * 8],
        [8000, 8000 + 10 * perFrame]
      ])
      assert.deepStrictEqual(Array.from(right.subarray(0, 730 * 8)), speech(37).slice(0, 730 * 8))
      // What follows a clear fades in over 3 ms.
      assert.deepStrictEqual(Array.from(right.subarray(8024, 8000 + 10 * perFrame)), speech(10, 300).slice(24))
    })
  )

  it.effect("believes the carrier's marks about what was heard", () =>
    Effect.gen(function* () {
      const { clock, finish, socket, transport } = yield* listening()
      transport.playUnsafe(play(10))
      yield* transport.mark("half")
      transport.playUnsafe(play(100, 10))
      clock.advance(350)
      socket.text(JSON.stringify({ e: "mark", name: "g0-0" }))
      clock.advance(150)
      assert.strictEqual((yield* transport.clear).heardMs, 350)
      clock.advance(1000)
      assert.deepStrictEqual(sounding(finish().right), [[0, 350 * 8]])
    })
  )

  it.effect("keeps an agent together that speaks in real time and is a little late at times", () =>
    Effect.gen(function* () {
      const { clock, finish, transport } = yield* listening({ leadFrames: 1 })
      for (let n = 0; n < 50; n++) {
        transport.playUnsafe(said(n))
        clock.advance(n % 2 === 0 ? 23 : 17)
      }
      assert.deepStrictEqual(sounding(finish().right), [[0, 50 * perFrame]])
    })
  )

  it.effect("is silent where the agent was", () =>
    Effect.gen(function* () {
      const { clock, finish, transport } = yield* listening()
      transport.playUnsafe(play(5))
      clock.advance(400)
      transport.playUnsafe(play(5, 5))
      clock.advance(400)
      assert.deepStrictEqual(sounding(finish().right), [
        [0, 800],
        [3200, 4000]
      ])
    })
  )

  it.effect("ends with the media: what was on its way is not on it", () =>
    Effect.gen(function* () {
      const { clock, finish, socket, transport } = yield* listening()
      transport.playUnsafe(play(100))
      clock.advance(500)
      socket.text(stop)
      clock.advance(100)
      assert.deepStrictEqual(sounding(finish().right), [[0, 4000]])
    })
  )

  it.effect("begins in the middle of speech with what plays then", () =>
    Effect.gen(function* () {
      const { clock, transport, untap } = yield* listening()
      untap()
      transport.playUnsafe(play(100))
      clock.advance(100)
      const began = clock.now()
      const recorder = new Recorder(transport.info, began, fail)
      transport.tap(recorder)
      clock.advance(500)
      recorder.stop(clock.now())
      const { right } = channelsOf(takeAll(recorder, clock.now()))
      // 200 ms were on their way when it began.
      assert.deepStrictEqual(sounding(right), [[1600, 4000]])
      assert.deepStrictEqual(Array.from(right.subarray(1600)), speech(100).slice(2400, 4800))
    })
  )
})

describe("a paused recording", () => {
  it.effect("is silent on both sides, keeps its time, and cuts to the sample", () =>
    Effect.gen(function* () {
      const { clock, finish, recorder, socket, transport } = yield* listening()
      transport.playUnsafe(play(100))
      for (let n = 0; n < 100; n++) {
        if (n === 25) recorder.pause(clock.now())
        if (n === 75) recorder.resume(clock.now())
        clock.advance(20)
        socket.audio(said(n))
      }
      assert.deepStrictEqual(recorder.paused, [{ fromMs: 500, toMs: 1500 }])
      const { left, right } = finish()
      for (const side of [left, right]) {
        assert.deepStrictEqual(sounding(side), [
          [0, 4000],
          [12_000, 16_000]
        ])
        assert.deepStrictEqual(Array.from(side.subarray(12_000, 16_000)), speech(100).slice(12_000, 16_000))
      }
    })
  )

  it("holds nothing that came while it was paused, however late or early it lies on the line", () => {
    for (const jitter of [-300, -50, 0, 50]) {
      const recorder = newRecorder()
      // Before it the audio lies beside the clock by so much; in it everything is 0x80, and nothing else is.
      for (let n = 0; n < 20; n++) recorder.heard(said(n), t0 + Math.max(0, 20 + n * 20 + (n === 0 ? 0 : jitter)))
      recorder.pause(t0 + 400)
      for (let n = 0; n < 20; n++) recorder.heard(new Uint8Array(perFrame).fill(0x80), t0 + 420 + n * 20)
      recorder.resume(t0 + 800)
      for (let n = 0; n < 20; n++) recorder.heard(said(n), t0 + 820 + n * 20)
      recorder.stop(t0 + 1300)
      const { left } = channelsOf(takeAll(recorder, t0 + 1300))
      assert.notInclude(Array.from(left), mulawToSample[0x80])
      assert.isAbove(left.subarray(6400).filter((sample) => sample !== 0).length, 3000)
    }
  })

  it.prop(
    "holds nothing that came while it was paused, whenever that was",
    [
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 }))).check(Schema.isMaxLength(80)),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))
    ],
    ([waits, before, during]) => {
      const recorder = newRecorder()
      let at = t0
      for (const [n, wait] of waits.entries()) {
        at += wait
        if (n === before) recorder.pause(at)
        if (n === before + during) recorder.resume(at)
        recorder.heard(new Uint8Array(perFrame).fill(n >= before && n < before + during ? 0x80 : 0x10), at)
      }
      recorder.stop(at)
      assert.notInclude(Array.from(channelsOf(takeAll(recorder, at)).left), mulawToSample[0x80])
    }
  )

  it("that is never resumed is silent to its end", () => {
    const recorder = newRecorder()
    for (let n = 0; n < 50; n++) {
      if (n === 5) recorder.pause(t0 + 100)
      recorder.heard(said(n), t0 + 20 + n * 20)
    }
    recorder.stop(t0 + 1000)
    assert.deepStrictEqual(recorder.paused, [{ fromMs: 100, toMs: 1000 }])
    assert.deepStrictEqual(sounding(channelsOf(takeAll(recorder, t0 + 1000)).left), [[0, 800]])
  })
})

describe("a long recording", () => {
  it("needs as much memory after an hour as after a second", () => {
    const recorder = newRecorder()
    const block = new Uint8Array(8000 * 4)
    const chunk = said(0)
    let bytes = 0
    const second = (from: number) => {
      for (let n = 0; n < 50; n++) {
        const at = t0 + from * 1000 + 20 + n * 20
        recorder.heard(chunk, at)
        recorder.sent(chunk, at, at)
      }
      bytes += recorder.take(t0 + (from + 1) * 1000, block)
    }
    for (let n = 0; n < 10; n++) second(n)
    const before = process.memoryUsage().arrayBuffers
    for (let n = 10; n < 3600; n++) second(n)
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 1_000_000)
    recorder.stop(t0 + 3_600_000)
    assert.strictEqual(bytes + takeAll(recorder, t0 + 3_600_000).length, 3600 * 32_000)
  })

  it("says so when nobody takes what was recorded for ten seconds, and keeps no more", () => {
    let lost = 0
    const recorder = new Recorder(both(mulaw), t0, () => void lost++)
    for (let n = 0; n < 490; n++) recorder.heard(said(n), t0 + 20 + n * 20)
    assert.strictEqual(lost, 0)
    const before = process.memoryUsage().arrayBuffers
    for (let n = 490; n < 3000; n++) recorder.heard(said(n), t0 + 20 + n * 20)
    assert.isAbove(lost, 0)
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 500_000)
  })
})
