import { assert, describe, it } from "@effect/vitest"
import { WebSocket } from "ws"
import type { AudioFormat } from "../../../src/Audio.ts"
import { makeHearing } from "../../../src/agents/socket/hearing.ts"

const mulaw8: AudioFormat = { encoding: "mulaw", sampleRate: 8000 }

/** A hearing over a socket whose own buffer the test fills; every chunk is 20 ms, and named by its number. */
const rig = (backlogMs: number, stallMs: number) => {
  const taken: Array<number> = []
  const socket = {
    bufferedAmount: 0,
    readyState: WebSocket.OPEN,
    send: (audio: unknown) => void (audio instanceof Uint8Array && taken.push(audio[0] ?? -1))
  }
  let time = 0
  const hearing = makeHearing(
    { socket, formats: { from: mulaw8, to: mulaw8 }, now: () => time },
    { backlogMs, stallMs }
  )
  let number = 0
  /** So many chunks arrive, 20 ms apart. Gives whether the agent counts as there after the last one. */
  const arrive = (count: number): boolean => {
    let isThere = true
    for (let n = 0; n < count; n++) {
      isThere = hearing.hear(new Uint8Array(160).fill(number++))
      time += 20
    }
    return isThere
  }
  return { arrive, hearing, socket, taken }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe("what an agent hears", () => {
  it("passes untouched while it reads", () => {
    const { arrive, hearing, taken } = rig(100, 1000)
    assert.isTrue(arrive(10))
    assert.deepStrictEqual(taken, numbers(0, 10))
    assert.deepStrictEqual(hearing.counts(), { sent: 10, dropped: 0 })
  })

  it("loses the oldest audio first when it is behind, and gets the latest in order", () => {
    const { arrive, hearing, socket, taken } = rig(100, 10_000)
    socket.bufferedAmount = 100_000
    assert.isTrue(arrive(20))
    assert.deepStrictEqual(taken, [])
    assert.strictEqual(hearing.counts().dropped, 15)
    socket.bufferedAmount = 0
    assert.isTrue(arrive(2))
    assert.deepStrictEqual(taken, numbers(15, 22))
    assert.deepStrictEqual(hearing.counts(), { sent: 7, dropped: 15 })
  })

  it("ends where it takes nothing for too long, and not where it takes a little", () => {
    const stalled = rig(100, 400)
    stalled.socket.bufferedAmount = 100_000
    assert.isTrue(stalled.arrive(20))
    assert.isFalse(stalled.arrive(1))

    const slow = rig(100, 400)
    slow.socket.bufferedAmount = 100_000
    for (let round = 0; round < 10; round++) {
      assert.isTrue(slow.arrive(15))
      slow.socket.bufferedAmount = 0
      assert.isTrue(slow.arrive(1))
      slow.socket.bufferedAmount = 100_000
    }
  })

  it("ends for an agent that takes nothing also where each chunk is longer than the backlog", () => {
    const { arrive, socket } = rig(10, 400)
    socket.bufferedAmount = 100_000
    assert.isTrue(arrive(20))
    assert.isFalse(arrive(1))
  })
})
