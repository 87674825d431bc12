import { Clock, Context, Duration, Effect, FiberMap, Layer, PubSub, RcMap, Schedule, type Scope, Stream } from "effect"
import { CallCommands, type CallLevel, type NodeNote } from "../CallCommands.ts"
import { LevelTap } from "./levelTap.ts"
import { LiveMedia } from "./LiveMedia.ts"

/** How often levels are told. */
const interval = Duration.millis(250)

/** How long another node is told the levels after it last asked, ms. */
const patience = 6000

/** Calls in one message to another node: it must fit into a notification. */
const batch = 60

/** The levels of one organization's calls while somebody watches: of this node, and as other nodes tell them. */
interface Room {
  readonly own: PubSub.PubSub<ReadonlyArray<CallLevel>>
  readonly others: PubSub.PubSub<ReadonlyArray<CallLevel>>
}

const batches = (levels: ReadonlyArray<CallLevel>) =>
  Array.from({ length: Math.ceil(levels.length / batch) }, (_, index) =>
    levels.slice(index * batch, (index + 1) * batch)
  )

/** How loud the calls are, measured only while somebody watches, whatever node they are on. */
export class Levels extends Context.Service<
  Levels,
  {
    /** The levels of an organization's calls, a few times a second, for as long as the scope is open. A late reader misses some. */
    readonly watch: (
      organizationId: string
    ) => Effect.Effect<Stream.Stream<ReadonlyArray<CallLevel>>, never, Scope.Scope>
    /** Asks other nodes for the levels of their calls for a few seconds. */
    readonly ask: (organizationId: string, nodes: Iterable<string>) => Effect.Effect<void>
  }
>()("switchboard/Levels") {
  static readonly layer = Layer.effect(
    Levels,
    Effect.gen(function* () {
      const commands = yield* CallCommands
      const media = yield* LiveMedia
      const forwards = yield* FiberMap.make<string>()
      /** Until when another node wants the levels, by organization and node, ms. */
      const wanted = new Map<string, number>()

      const open = Effect.fnUntraced(function* (organizationId: string) {
        const room: Room = {
          own: yield* PubSub.sliding<ReadonlyArray<CallLevel>>(4),
          others: yield* PubSub.sliding<ReadonlyArray<CallLevel>>(16)
        }
        const taps = new Map<string, { readonly tap: LevelTap; readonly stop: () => void }>()
        const look = Effect.suspend(() => {
          const live = media.ofOrganization(organizationId)
          const levels: Array<CallLevel> = []
          for (const { callId, transport } of live) {
            const known = taps.get(callId)
            if (known === undefined) {
              const tap = new LevelTap(transport.info)
              taps.set(callId, { tap, stop: transport.tap(tap) })
            } else {
              const { agent, caller } = known.tap.take()
              levels.push({ call_id: callId, caller_dbfs: caller, agent_dbfs: agent })
            }
          }
          const present = new Set(live.map(({ callId }) => callId))
          for (const callId of taps.keys()) if (!present.has(callId)) taps.delete(callId)
          return levels.length === 0 ? Effect.void : PubSub.publish(room.own, levels)
        })
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            for (const { stop } of taps.values()) stop()
          })
        )
        yield* Effect.forkScoped(Effect.repeat(look, Schedule.fixed(interval)))
        return room
      })
      const rooms = yield* RcMap.make({ lookup: open })

      const watch = Effect.fnUntraced(function* (organizationId: string) {
        const { others, own } = yield* RcMap.get(rooms, organizationId)
        const [here, there] = [yield* PubSub.subscribe(own), yield* PubSub.subscribe(others)]
        return Stream.merge(Stream.fromSubscription(here), Stream.fromSubscription(there))
      })

      const forward = Effect.fnUntraced(function* (organizationId: string, node: string, key: string) {
        const { own } = yield* RcMap.get(rooms, organizationId)
        const telling = Stream.runForEach(Stream.fromSubscription(yield* PubSub.subscribe(own)), (levels) =>
          Effect.forEach(batches(levels), (part) =>
            commands.tell(node, { _tag: "Levels", organizationId, levels: part })
          )
        )
        const expired = Effect.gen(function* () {
          for (;;) {
            const left = (wanted.get(key) ?? 0) - (yield* Clock.currentTimeMillis)
            if (left <= 0) return
            yield* Effect.sleep(left)
          }
        })
        yield* Effect.raceFirst(telling, expired)
      }, Effect.scoped)

      const hear = Effect.fnUntraced(function* (from: string, note: NodeNote) {
        const { organizationId } = note
        if (note._tag === "WatchLevels") {
          const key = `${organizationId} ${from}`
          wanted.set(key, (yield* Clock.currentTimeMillis) + patience)
          if (yield* FiberMap.has(forwards, key)) return
          const ended = Effect.sync(() => void wanted.delete(key))
          yield* FiberMap.run(forwards, key, Effect.ensuring(forward(organizationId, from, key), ended))
        } else if (yield* RcMap.has(rooms, organizationId)) {
          yield* Effect.scoped(
            Effect.flatMap(RcMap.get(rooms, organizationId), ({ others }) => PubSub.publish(others, note.levels))
          )
        }
      })
      yield* commands.hear(hear)

      const ask = (organizationId: string, nodes: Iterable<string>) =>
        Effect.forEach(nodes, (node) => commands.tell(node, { _tag: "WatchLevels", organizationId }), { discard: true })

      return Levels.of({ watch, ask })
    })
  )
}
