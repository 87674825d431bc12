import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { clientState } from "../../../src/providers/telnyx/correlation.ts"
import { transport } from "../../../src/providers/telnyx/transport.ts"
import type { Frame, MediaCall, MediaSocket } from "../../../src/Transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"

/** A socket that has received the frames already. */
const socketWith = (messages: ReadonlyArray<unknown>) => {
  const closed: Array<number> = []
  const socket: MediaSocket = {
    send: () => {},
    bufferedAmount: () => 0,
    isOpen: () => closed.length === 0,
    listen: (on) => {
      for (const message of messages) {
        const received: Frame = { data: Buffer.from(JSON.stringify(message)), binary: false }
        queueMicrotask(() => on.frame(received))
      }
    },
    ping: (alive) => alive(),
    close: (code) => void closed.push(code),
    terminate: () => {}
  }
  return { socket, closed }
}

const start = (changes: Readonly<Record<string, unknown>>) => ({
  event: "start",
  stream_id: "32DE0DEA",
  start: {
    call_control_id: "v3:one",
    media_format: { encoding: "PCMU", sample_rate: 8000, channels: 1 },
    ...changes
  }
})

const opened = (changes: Readonly<Record<string, unknown>>, call: Partial<MediaCall> = {}) => {
  const { socket, closed } = socketWith([{ event: "connected", version: "1.0.0" }, start(changes)])
  return transport(socket, { callId: "run-42", providerCallId: "v3:one", accountId: undefined, ...call }).pipe(
    Effect.map(({ info }) => ({ outcome: info.providerCallId, closed })),
    Effect.catchTag("TransportError", ({ reason }) => Effect.succeed({ outcome: reason, closed })),
    Effect.scoped,
    Effect.provide(Pacer.layer)
  )
}

describe("the handshake of a media stream", () => {
  it.live("is believed for the call's id, and for our own state in it", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* opened({})).outcome, "v3:one")
      assert.strictEqual((yield* opened({ client_state: clientState({ call: "run-42" }) })).outcome, "v3:one")
    })
  )

  it.live("may name another id than the dial's answer did, if our state says that it is this call", () =>
    Effect.gen(function* () {
      const changes = { call_control_id: "v3:two", client_state: clientState({ call: "run-42" }) }
      assert.strictEqual((yield* opened(changes)).outcome, "v3:two")
      assert.strictEqual((yield* opened(changes, { providerCallId: undefined })).outcome, "v3:two")
    })
  )

  it.live("of another call is refused", () =>
    Effect.gen(function* () {
      for (const changes of [
        { call_control_id: "v3:two" },
        { call_control_id: "v3:two", client_state: null },
        { call_control_id: "v3:two", client_state: "bm9uc2Vuc2U=" },
        { client_state: clientState({ call: "run-43" }) },
        { client_state: clientState({ transfer: "run-42" }) }
      ]) {
        const { outcome, closed } = yield* opened(changes)
        assert.strictEqual(outcome, "wrong-call")
        assert.strictEqual(closed[0], 4404)
      }
      assert.strictEqual((yield* opened({}, { providerCallId: undefined })).outcome, "wrong-call")
    })
  )

  it.live("in a codec that we do not speak ends the stream with a reason", () =>
    Effect.gen(function* () {
      const { outcome, closed } = yield* opened({ media_format: { encoding: "G722", sample_rate: 8000, channels: 1 } })
      assert.strictEqual(outcome, "protocol-abuse")
      assert.strictEqual(closed[0], 4400)
    })
  )
})
