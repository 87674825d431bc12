import { PgClient } from "@effect/sql-pg"
import { Cause, Clock, Context, Deferred, Effect, Latch, Layer, type Scope } from "effect"
import type { AgentLeg, AgentUnreachable } from "../agents/AgentSpec.ts"
import { Settings } from "../Settings.ts"
import type { Call } from "./Call.ts"
import { Calls } from "./Calls.ts"
import { readCall } from "./callRow.ts"
import { preparedSeconds } from "./deadlines.ts"
import { Drain } from "./Drain.ts"
import { agentFinder } from "./mediaAgent.ts"
import { Node } from "./Node.ts"
import { letGo, lookAfter, type PreparedAgent, preparedAgent, sayGoodbye } from "./preparedAgent.ts"

/** The agent's connection, once it stands; undefined where none was made, or it is gone again. */
export type PreparedLeg = Effect.Effect<AgentLeg | undefined, AgentUnreachable, Scope.Scope>

/** How often this node looks what became of the calls whose agents wait here. */
const lookEvery = "500 millis"

/**
 * Agents that are connected while their calls have no audio yet, so that they are there for the first word. They wait on the
 * node that heard of the call; the media takes them where it lands on the same one.
 */
export class PreparedAgents extends Context.Service<
  PreparedAgents,
  {
    /**
     * Begins to connect a call's agent, once per call on all nodes, unless its settings say not to. Never fails, and waits for
     * nothing. It is closed again when the call ends (the agent is told why), when the media lands on another node, or when
     * nobody takes it in time.
     */
    readonly prepare: (call: Call) => Effect.Effect<void>
    /**
     * Takes the call's agent over. As long as the scope is open nothing is prepared for this call; the connection belongs to the
     * scope in which the effect that it gives is run. A refusal that nothing would change fails with it.
     */
    readonly take: (callId: string) => Effect.Effect<PreparedLeg, never, Scope.Scope>
    /** Closes all that wait. */
    readonly release: Effect.Effect<void>
  }
>()("switchboard/PreparedAgents") {
  static readonly layer = Layer.effect(
    PreparedAgents,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { maxCalls } = yield* Settings
      const calls = yield* Calls
      const drain = yield* Drain
      const node = yield* Node
      const findAgent = yield* agentFinder
      const scope = yield* Effect.scope
      const waiting = new Map<string, PreparedAgent>()
      /** Calls whose media this node holds. */
      const held = new Set<string>()
      /** Open while somebody waits. */
      const busy = yield* Latch.make(false)

      const isDue = ({ direction, endedAt, id, mediaState, nodeId }: Call) => {
        if (endedAt !== undefined || held.has(id) || waiting.has(id) || waiting.size >= maxCalls) return false
        // A carrier may open the media of a call that we placed before the answer.
        return mediaState === "none" || (mediaState === "connecting" && direction === "outbound" && nodeId === node.id)
      }

      /** Each call is some node's to prepare: whoever writes this first. */
      const isOurs = (call: Call) =>
        calls
          .record(call.id, { source: "gateway", kind: "agent.prepared", payload: {}, dedupeKey: "agent.prepared" })
          .pipe(Effect.catchTag("SqlError", () => Effect.succeed(false)))

      const connecting = Effect.fnUntraced(function* (call: Call) {
        const agent = yield* findAgent(call)
        const isWanted = !agent.isLocal && agent.settings.line?.connect_early !== false
        return isWanted && (yield* isOurs(call)) ? yield* agent.connect(0) : undefined
      })

      /** Takes it off the list; false when somebody else has. */
      const remove = (agent: PreparedAgent) => waiting.get(agent.callId) === agent && waiting.delete(agent.callId)
      const close = (agent: PreparedAgent, closing: Effect.Effect<void>) =>
        remove(agent) ? Effect.asVoid(Effect.forkIn(Effect.uninterruptible(closing), scope)) : Effect.void

      const begin = (agent: PreparedAgent, call: Call) =>
        lookAfter(agent, connecting(call)).pipe(
          Effect.flatMap((isGood) => (isGood ? Effect.void : close(agent, letGo(agent)))),
          Effect.annotateLogs({ call: call.id, organization: call.organizationId }),
          Effect.forkIn(agent.scope)
        )

      const prepare = Effect.fn("PreparedAgents.prepare")(function* (call: Call) {
        if (!isDue(call) || (yield* drain.isDraining)) return
        const until = (yield* Clock.currentTimeMillis) + preparedSeconds[call.direction] * 1000
        const agent = yield* preparedAgent(call.id, until)
        const isNew = yield* Effect.sync(() => {
          if (!isDue(call)) return false
          waiting.set(call.id, agent)
          busy.openUnsafe()
          return true
        })
        if (isNew) yield* begin(agent, call)
      }, Effect.uninterruptible)

      const take = Effect.fn("PreparedAgents.take")(function* (callId: string) {
        const agent = yield* Effect.acquireRelease(
          Effect.sync(() => {
            held.add(callId)
            const found = waiting.get(callId)
            waiting.delete(callId)
            return found
          }),
          (found) =>
            Effect.andThen(
              Effect.sync(() => held.delete(callId)),
              found === undefined ? Effect.void : letGo(found)
            )
        )
        if (agent === undefined) return Effect.undefined
        yield* Deferred.succeed(agent.taken, undefined)
        const leg: PreparedLeg = Effect.andThen(
          Effect.addFinalizer(() => letGo(agent)),
          Deferred.await(agent.leg)
        )
        return leg
      })

      const release = Effect.suspend(() => {
        const all = Array.from(waiting.values())
        waiting.clear()
        return Effect.forEach(all, letGo, { concurrency: "unbounded", discard: true })
      })

      const judge = (call: Call) => {
        const agent = waiting.get(call.id)
        if (agent === undefined) return Effect.void
        if (call.endedAt !== undefined) return close(agent, sayGoodbye(agent, call))
        const isElsewhere = call.mediaState !== "none" && call.nodeId !== node.id
        return isElsewhere ? close(agent, letGo(agent)) : Effect.void
      }

      const look = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        for (const agent of Array.from(waiting.values())) if (agent.until <= now) yield* close(agent, letGo(agent))
        const isIdle = yield* Effect.sync(() => {
          if (waiting.size > 0) return false
          busy.closeUnsafe()
          return true
        })
        if (isIdle) return
        const rows = yield* sql`SELECT * FROM calls WHERE id = ANY(${Array.from(waiting.keys())}::uuid[])
          AND (ended_at IS NOT NULL OR media_state <> 'none')`
        for (const row of rows) yield* judge(yield* readCall(row))
      }).pipe(
        Effect.catchCauseIf(
          (cause) => !Cause.hasInterrupts(cause),
          (cause) => Effect.logWarning("It is not known now what became of calls whose agents wait", cause)
        )
      )

      yield* Effect.addFinalizer(() => release)
      yield* busy.await.pipe(Effect.andThen(Effect.delay(look, lookEvery)), Effect.forever, Effect.forkScoped)
      return PreparedAgents.of({ prepare, take, release })
    })
  )
}
