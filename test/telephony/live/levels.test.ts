import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { CallCommands } from "../../../src/telephony/CallCommands.ts"
import { Levels } from "../../../src/telephony/live/Levels.ts"
import { LiveCalls } from "../../../src/telephony/live/LiveCalls.ts"
import { LiveMedia } from "../../../src/telephony/live/LiveMedia.ts"
import { Node } from "../../../src/telephony/Node.ts"
import { Tickets } from "../../../src/telephony/Tickets.ts"
import { databases } from "../../support/database.ts"
import { begin, eventually } from "../support/place.ts"
import { speaking } from "../support/speaking.ts"
import { makeTenant, world } from "../support/world.ts"

const ofNode = Levels.layer.pipe(Layer.provideMerge(LiveMedia.layer))
const here = LiveCalls.layer.pipe(Layer.provideMerge(ofNode))
/** A second node on the same database, with its own id. */
const otherNode = Layer.fresh(
  ofNode.pipe(
    Layer.provideMerge(
      Layer.mergeAll(CallCommands.layer, Tickets.layer).pipe(Layer.provideMerge(Layer.fresh(Node.layer)))
    )
  )
)

for (const [name, database] of databases)
  layer(Layer.fresh(here.pipe(Layer.provideMerge(world(database)))), { excludeTestServices: true })(
    `levels, on ${name}`,
    (it) => {
      it.effect("are measured in one's own organization, only while somebody watches", () =>
        Effect.gen(function* () {
          const { show } = yield* LiveMedia
          const levels = yield* Levels
          const mine = speaking("one", "a")
          const theirs = speaking("two", "b")
          yield* show(mine.media)
          yield* show(theirs.media)
          yield* Effect.forkScoped(mine.speak)
          assert.strictEqual(mine.taps.size, 0)
          const read = Effect.scoped(
            Effect.gen(function* () {
              const first = Stream.runHead(
                Stream.filter(yield* levels.watch("a"), (each) => each.some(({ caller_dbfs }) => caller_dbfs !== null))
              )
              const second = yield* levels.watch("a")
              const [told] = yield* Effect.all([first, Stream.runHead(second)], { concurrency: 2 })
              return { told, taps: [mine.taps.size, theirs.taps.size] }
            })
          )
          const { taps, told } = yield* read
          assert.deepStrictEqual(taps, [1, 0])
          assert.deepStrictEqual(told._tag === "Some" ? told.value : [], [
            { call_id: "one", caller_dbfs: -20, agent_dbfs: null }
          ])
          assert.strictEqual(mine.taps.size, 0)
        })
      )

      it.effect("come from the node that holds the call, until nobody watches any more", () =>
        Effect.gen(function* () {
          const calls = yield* LiveCalls
          const other = yield* Layer.build(otherNode)
          const { organizationId, ...tenant } = yield* makeTenant()
          const { id } = yield* begin({ ...tenant, organizationId })
          const there = speaking(id, organizationId)
          yield* Effect.gen(function* () {
            const tickets = yield* Tickets
            yield* tickets.consume(yield* tickets.issue(id))
            yield* (yield* LiveMedia).show(there.media)
          }).pipe(Effect.provide(other))
          yield* Effect.forkScoped(there.speak)
          const news = yield* calls.follow(organizationId).pipe(
            Stream.filter(
              (each) => each._tag !== "Levels" || each.levels.some(({ caller_dbfs }) => caller_dbfs === -20)
            ),
            Stream.takeUntil(({ _tag }) => _tag === "Levels"),
            Stream.runCollect
          )
          assert.deepStrictEqual(
            news.map(({ _tag }) => _tag),
            ["Call", "Ready", "Levels"]
          )
          const last = news.at(-1)
          assert.deepStrictEqual(last?._tag === "Levels" ? last.levels[0]?.call_id : undefined, id)
          yield* eventually(
            Effect.sync(() => there.taps.size),
            (size) => size === 0
          )
        })
      )
    }
  )
