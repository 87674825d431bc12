import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CallCommands } from "../../src/telephony/CallCommands.ts"
import { Node } from "../../src/telephony/Node.ts"
import { Operating } from "../../src/telephony/Operating.ts"
import { Tickets } from "../../src/telephony/Tickets.ts"
import { databases } from "../support/database.ts"
import { begin } from "../telephony/support/place.ts"
import { makeTenant, world } from "../telephony/support/world.ts"

/** A second node on the same database, with its own id. */
const otherNode = Layer.fresh(
  Layer.mergeAll(CallCommands.layer, Tickets.layer).pipe(Layer.provideMerge(Layer.fresh(Node.layer)))
)

for (const [name, database] of databases)
  layer(world(database), { excludeTestServices: true })(`the recording of a call of another node, on ${name}`, (it) => {
    it.effect("obeys an operator of this one", () =>
      Effect.gen(function* () {
        const operating = yield* Operating
        const other = yield* Layer.build(otherNode)
        const { organizationId, ...tenant } = yield* makeTenant()
        const { id } = yield* begin({ ...tenant, organizationId })
        assert.deepInclude(yield* Effect.flip(operating.record(organizationId, id, "start")), {
          reason: "not-connected"
        })
        const seen: Array<unknown> = []
        yield* Effect.gen(function* () {
          const tickets = yield* Tickets
          const there = yield* CallCommands
          yield* tickets.consume(yield* tickets.issue(id))
          yield* there.serve(id, (command) =>
            Effect.sync(() => {
              seen.push(command)
              return { ok: seen.length < 2, detail: "The disk is full." }
            })
          )
        }).pipe(Effect.provide(other))
        // The other node may still be on its way to listening.
        yield* Effect.retry(operating.record(organizationId, id, "pause"), { times: 3 })
        assert.deepStrictEqual(seen, [{ _tag: "Recording", action: "pause" }])
        assert.deepInclude(yield* Effect.flip(operating.record(organizationId, id, "start")), {
          reason: "refused",
          message: "The disk is full."
        })
      })
    )
  })
