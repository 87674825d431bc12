import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { formatNamed } from "../../../../src/providers/ari/simulator/formats.ts"
import { makeFrameQueue } from "../../../../src/providers/ari/simulator/frameQueue.ts"
import { releaseOf } from "../../../../src/providers/ari/simulator/release.ts"

const queueOf = (version = "22.9.1", name = "ulaw") => {
  const told: Array<string> = []
  const format = formatNamed(name) ?? assert.fail(name)
  const queue = makeFrameQueue(format, releaseOf(version), (event) =>
    told.push("id" in event ? `${event.event} ${event.id}` : event.event)
  )
  const drain = () => {
    const frames: Array<Uint8Array> = []
    for (let frame = queue.tick(); frame !== undefined; frame = queue.tick()) frames.push(frame)
    return frames
  }
  return { queue, told, drain }
}
const bytes = (length: number, value = 1) => new Uint8Array(length).fill(value)
const lengths = (frames: ReadonlyArray<Uint8Array>) => frames.map(({ length }) => length)

describe("the frame queue of chan_websocket", () => {
  it("throws away what is left of a message that is not whole frames", () => {
    const { drain, queue } = queueOf()
    queue.receive(bytes(330))
    assert.strictEqual(queue.status().length, 2)
    assert.strictEqual(queue.lostBytes(), 10)
    assert.deepStrictEqual(lengths(drain()), [160, 160])
  })

  it("keeps the remainder while buffering, for the next message", () => {
    const { drain, queue, told } = queueOf()
    queue.startBuffering()
    queue.receive(bytes(330))
    queue.receive(bytes(150))
    assert.strictEqual(queue.status().length, 3)
    queue.stopBuffering("done")
    assert.strictEqual(queue.lostBytes(), 0)
    assert.deepStrictEqual(lengths(drain()), [160, 160, 160])
    assert.deepStrictEqual(told, ["MEDIA_BUFFERING_COMPLETED done"])
  })

  it("sends the rest at STOP as a short frame, and padded with silence before 22.9", () => {
    for (const [version, rest] of [
      ["22.9.1", [160, 10]],
      ["22.8.2", [160, 160]]
    ] as const) {
      const { drain, queue } = queueOf(version)
      queue.startBuffering()
      queue.receive(bytes(170))
      queue.stopBuffering("")
      const frames = drain()
      assert.deepStrictEqual(lengths(frames), [...rest])
      if (version === "22.8.2") assert.strictEqual(frames[1]?.[159], 0xff)
    }
  })

  it("keeps the rest for ever without STOP, and sends it when it runs empty from 22.11 on", () => {
    const run = (version: string) => {
      const { drain, queue } = queueOf(version)
      queue.startBuffering()
      queue.receive(bytes(170))
      return lengths(drain())
    }
    assert.deepStrictEqual(run("22.9.1"), [160])
    assert.deepStrictEqual(run("22.11.0"), [160, 10])
  })

  it("says XOFF at the 900th frame, XON at the start of the 152nd tick, and drops whole messages from 1000 on", () => {
    const { queue, told } = queueOf()
    for (let sent = 0; sent < 950; sent++) {
      queue.receive(bytes(160))
      assert.deepStrictEqual(told, sent < 899 ? [] : ["MEDIA_XOFF"])
    }
    for (let tick = 1; tick <= 151; tick++) queue.tick()
    assert.deepStrictEqual(told, ["MEDIA_XOFF"])
    assert.strictEqual(queue.status().length, 799)
    queue.tick()
    assert.deepStrictEqual(told, ["MEDIA_XOFF", "MEDIA_XON"])
    assert.isTrue(queue.receive(bytes(160 * 300)))
    assert.strictEqual(queue.status().length, 1098)
    assert.isFalse(queue.receive(bytes(160)))
    assert.strictEqual(queue.status().length, 1098)
  })

  it("does not count marks, returns them in their order, and gives them no time of their own", () => {
    const { queue, told } = queueOf()
    queue.mark("a")
    queue.receive(bytes(160, 7))
    queue.mark("b")
    queue.mark("c")
    assert.strictEqual(queue.status().length, 1)
    assert.strictEqual(queue.tick()?.[0], 7)
    assert.deepStrictEqual(told, ["MEDIA_MARK_PROCESSED a"])
    assert.isUndefined(queue.tick())
    assert.deepStrictEqual(told.slice(1), ["MEDIA_MARK_PROCESSED b", "MEDIA_MARK_PROCESSED c"])
  })

  it("forgets marks, completions and buffering at FLUSH, but not a pause; XON comes with the next tick", () => {
    const { queue, told } = queueOf()
    queue.startBuffering()
    queue.receive(bytes(160 * 900 + 10))
    queue.mark("never")
    queue.stopBuffering("never")
    queue.startBuffering()
    queue.pause(true)
    queue.flush()
    assert.deepStrictEqual(queue.status(), { length: 0, full: true, bulk: false, paused: true })
    assert.isUndefined(queue.tick())
    queue.pause(false)
    assert.isUndefined(queue.tick())
    assert.deepStrictEqual(told, ["MEDIA_XOFF", "MEDIA_XON"])
  })

  it("reports once that it has run dry, a tick after the last mark", () => {
    const { queue, told } = queueOf()
    queue.receive(bytes(160))
    queue.mark("m")
    queue.reportDrained()
    queue.tick()
    queue.tick()
    assert.deepStrictEqual(told, ["MEDIA_MARK_PROCESSED m"])
    queue.tick()
    queue.tick()
    assert.deepStrictEqual(told, ["MEDIA_MARK_PROCESSED m", "QUEUE_DRAINED"])
  })

  it("plays what was sent while buffering, however it was cut into messages", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 900 }), { maxLength: 30 }), (messages) => {
        const { drain, queue } = queueOf("22.9.1", "slin16")
        queue.startBuffering()
        for (const message of messages) queue.receive(message)
        queue.stopBuffering("")
        const frames = drain()
        assert.deepStrictEqual(Buffer.concat(frames), Buffer.concat(messages))
        assert.isTrue(frames.slice(0, -1).every(({ length }) => length === 640))
      })
    )
  })
})
