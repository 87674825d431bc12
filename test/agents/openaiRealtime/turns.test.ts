import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { ClientEvent } from "../../../src/agents/openaiRealtime/clientEvents.ts"
import type { ApiProblem } from "../../../src/agents/openaiRealtime/serverEvents.ts"
import { makeTurns } from "../../../src/agents/openaiRealtime/turns.ts"

const hasActive = (event_id?: string): ApiProblem => ({
  code: "conversation_already_has_active_response",
  ...(event_id === undefined ? {} : { event_id })
})

/** Turns with a clock in which time passes by `pass`. */
const rig = ({ cancelsByItself = true } = {}) => {
  const sent: Array<ClientEvent> = []
  const waiting: Array<() => void> = []
  const turns = makeTurns({
    send: (event) => void sent.push(event),
    later: (_ms, act) => void waiting.push(act),
    replyMs: 1000,
    cancelsByItself
  })
  const asks = () => sent.filter(({ type }) => type === "response.create")
  const pass = () => {
    for (const act of waiting.splice(0)) act()
  }
  return { turns, sent, asks, pass }
}

describe("the turns of a conversation", () => {
  it("are asked for at once where nobody is speaking", () => {
    const { asks, turns } = rig()
    turns.want("a")
    assert.lengthOf(asks(), 1)
    turns.want("b")
    assert.lengthOf(asks(), 1)
    turns.created("r1")
    turns.done("r1")
    assert.lengthOf(asks(), 2, "b came after the first was asked for")
    turns.created("r2")
    turns.done("r2")
    assert.lengthOf(asks(), 2)
  })

  it("wait for the response in progress, for tools, and for the caller", () => {
    const { asks, pass, turns } = rig()
    turns.created("r1")
    turns.want("a")
    assert.lengthOf(asks(), 0)
    const release = turns.hold()
    turns.done("r1")
    assert.lengthOf(asks(), 0)
    turns.callerBegan()
    release()
    assert.lengthOf(asks(), 0)
    turns.callerEnded()
    assert.lengthOf(asks(), 0)
    pass()
    assert.lengthOf(asks(), 1)
  })

  it("are not asked for again when the answer to the caller has answered them", () => {
    const { asks, pass, turns } = rig()
    turns.callerBegan()
    turns.want("a")
    turns.added("a")
    turns.callerEnded()
    turns.created("r1")
    pass()
    turns.done("r1")
    assert.lengthOf(asks(), 0)
  })

  it("are asked for after a response that began before the item was there", () => {
    const { asks, turns } = rig()
    turns.created("r1")
    turns.want("a")
    turns.added("a")
    turns.done("r0")
    assert.lengthOf(asks(), 0, "another response is done")
    turns.done("r1")
    assert.lengthOf(asks(), 1)
  })

  it("are asked for again when the API was faster with another response", () => {
    for (const named of [true, false]) {
      const { asks, turns } = rig()
      turns.want("a")
      const eventId = named ? asks()[0]?.event_id : undefined
      turns.created("by itself")
      turns.added("a")
      assert.isTrue(turns.refused(hasActive(eventId)))
      assert.lengthOf(asks(), 1)
      turns.done("by itself")
      assert.lengthOf(asks(), 2)
    }
  })

  it("do not ask in a circle for what is refused", () => {
    const { asks, turns } = rig()
    turns.want("a")
    assert.isFalse(turns.refused({ code: "server_error", event_id: asks()[0]?.event_id ?? "" }))
    turns.want("b")
    assert.lengthOf(asks(), 2)
    assert.isTrue(turns.refused(hasActive(asks()[1]?.event_id)))
    turns.want("c")
    assert.lengthOf(asks(), 2, "there is an active response that we did not know of")
    turns.done(undefined)
    assert.lengthOf(asks(), 3)
  })

  it("are given up when the caller was faster, whose answer is the answer to everything", () => {
    const { asks, pass, sent, turns } = rig()
    turns.want("a")
    turns.callerBegan()
    turns.added("a")
    assert.isFalse(turns.created("r1"))
    assert.deepInclude(sent.at(-1), { type: "response.cancel", response_id: "r1" })
    turns.done("r1")
    turns.callerEnded()
    assert.isTrue(turns.created("r2"))
    pass()
    turns.done("r2")
    assert.lengthOf(asks(), 1)
  })

  it("are cancelled where the API does not do that by itself", () => {
    const itself = rig()
    itself.turns.cancel(true)
    itself.turns.created("r1")
    itself.turns.cancel(true)
    assert.deepStrictEqual(itself.sent, [])
    itself.turns.cancel(false)
    assert.deepInclude(itself.sent[0], { type: "response.cancel", response_id: "r1" })
    assert.isTrue(
      itself.turns.refused({ code: "response_cancel_not_active", event_id: itself.sent[0]?.event_id ?? "" })
    )

    const other = rig({ cancelsByItself: false })
    other.turns.created(undefined)
    other.turns.cancel(true)
    assert.deepStrictEqual(Object.keys(other.sent[0] ?? {}), ["type", "event_id"])
  })

  it("answer everything in the end, whatever comes between, and do not ask more often than that takes", () => {
    const step = fc.constantFrom("want", "added", "vad", "done", "began", "ended", "pass", "server")
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { asks, pass, turns } = rig()
        /** The server's side: events of ours are dealt with in their order, at the step "server". */
        let active: string | undefined
        let dealt = 0
        let serial = 0
        let wanted = 0
        let answered = 0
        let added = 0
        let interrupted = 0
        const server = () => {
          const ask = asks()[dealt]
          if (ask === undefined) return
          dealt += 1
          for (; added < wanted; added++) turns.added(`i${added}`)
          if (active !== undefined) return void turns.refused(hasActive(ask.event_id))
          begin()
        }
        const begin = () => {
          active = `r${serial++}`
          if (turns.created(active)) answered = added
          else interrupted += 1
        }
        const act = (what: string) => {
          if (what === "want") turns.want(`i${wanted++}`)
          else if (what === "added") for (; added < wanted; added++) turns.added(`i${added}`)
          else if (what === "vad") {
            if (active === undefined) begin()
          } else if (what === "done") {
            if (active !== undefined) turns.done(active)
            active = undefined
          } else if (what === "began") turns.callerBegan()
          else if (what === "ended") turns.callerEnded()
          else if (what === "pass") pass()
          else server()
          // An ask that another response forestalled is made again, and one whose response the caller cut off.
          assert.isAtMost(asks().length, 2 * wanted + interrupted)
        }
        for (const what of steps) act(what)
        for (let n = 0; n < 6; n++) for (const what of ["added", "ended", "pass", "server", "done"]) act(what)
        assert.strictEqual(answered, wanted)
      }),
      { numRuns: 1000, examples: [[["want", "vad", "server", "done", "began", "server"]]] }
    )
  })
})
