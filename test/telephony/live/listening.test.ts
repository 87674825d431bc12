import { assert, layer } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { CallHistory } from "../../../src/telephony/CallHistory.ts"
import { Listening } from "../../../src/telephony/live/Listening.ts"
import { LiveMedia } from "../../../src/telephony/live/LiveMedia.ts"
import { Node } from "../../../src/telephony/Node.ts"
import type { MediaSocket } from "../../../src/Transport.ts"
import { Pacer } from "../../../src/transport/pacer.ts"
import { embeddedDatabase } from "../../support/database.ts"
import { stream } from "../support/knownCall.ts"
import { begin, eventually } from "../support/place.ts"
import { speaking } from "../support/speaking.ts"
import { makeTenant, world } from "../support/world.ts"

const parts = Layer.mergeAll(CallHistory.layer, LiveMedia.layer, Pacer.layer)
const here = Listening.layer.pipe(Layer.provideMerge(parts))
/** A second node on the same database, with its own id and its own open media. */
const otherNode = Layer.fresh(here.pipe(Layer.provide(Layer.fresh(Node.layer))))

/** A listener whose connection takes nothing while `jammed` is true. */
const makeListener = () => {
  const heard: Array<Uint8Array> = []
  const told: Array<string> = []
  const connection = { jammed: false, close: (_code: number, _reason: string) => {} }
  const socket: MediaSocket = {
    send: (message) => void (typeof message === "string" ? told.push(message) : heard.push(message)),
    bufferedAmount: () => (connection.jammed ? 1_000_000 : 0),
    isOpen: () => true,
    listen: ({ close }) => {
      connection.close = close
    },
    ping: (alive) => alive(),
    close: () => {},
    terminate: () => {}
  }
  return { connection, heard, socket, told }
}

layer(Layer.fresh(here.pipe(Layer.provideMerge(world(embeddedDatabase)))), { excludeTestServices: true })(
  "listening in",
  (it) => {
    it.effect("is refused on a node that has not the call's media, and says whether another has it", () =>
      Effect.gen(function* () {
        const tenant = yield* makeTenant()
        const { id } = yield* begin(tenant, { direction: "inbound", providerCallId: "CA-listened" })
        const refusalOf = ({ admit }: Listening["Service"]) => Effect.flip(admit(tenant.organizationId, id))
        assert.deepInclude(yield* refusalOf(yield* Listening), { code: "call_has_no_media" })
        yield* stream(id)
        const { media } = speaking(id, tenant.organizationId)
        const { show } = yield* LiveMedia
        yield* show(media)
        const there = Context.get(yield* Layer.build(otherNode), Listening)
        assert.deepInclude(yield* refusalOf(there), { code: "call_on_other_node" })
        assert.strictEqual(yield* (yield* Listening).admit(tenant.organizationId, id), media)
        const stranger = yield* makeTenant()
        const refused = yield* Effect.flip((yield* Listening).admit(stranger.organizationId, id))
        assert.strictEqual(refused._tag, "CallNotFound")
      }).pipe(Effect.scoped)
    )

    it.effect("leaves out what a slow listener cannot take, and goes on when it can", () =>
      Effect.gen(function* () {
        const { run } = yield* Listening
        const { media, speak, taps } = speaking("call", "organization")
        yield* Effect.forkScoped(speak)
        const { connection, heard, socket, told } = makeListener()
        const listening = yield* Effect.forkScoped(Effect.scoped(run(media, socket)))
        const messages = Effect.sync(() => heard.length)
        yield* eventually(messages, (count) => count >= 3)
        assert.deepInclude(JSON.parse(told.join()), { type: "format", sample_rate: 8000, channels: 2 })
        connection.jammed = true
        const before = heard.length
        yield* Effect.sleep("1 second")
        assert.strictEqual(heard.length, before)
        connection.jammed = false
        // What was left out does not come later: audio comes at the pace of the clock.
        const from = performance.now()
        yield* eventually(messages, (count) => count >= before + 5)
        const heardMs = heard.slice(before).reduce((total, { length }) => total + length / 32, 0)
        assert.isAtMost(heardMs, performance.now() - from + 500)
        connection.close(1006, "gone")
        yield* Fiber.join(listening)
        assert.strictEqual(taps.size, 0)
      }).pipe(Effect.scoped)
    )
  }
)
