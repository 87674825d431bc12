import { Deferred, Effect, Fiber, FiberSet, Redacted, Schedule } from "effect"
import type { WebSocket } from "ws"
import type { CarrierError } from "../../carrier/CarrierError.ts"
import { type Listener, type ListenerDesk, ListenerEnded } from "../../carrier/Listener.ts"
import { asWebSocketUrl } from "../../carrier/publicUrl.ts"
import type { ReportsUnavailable } from "../../carrier/ProviderRoute.ts"
import { pinnedLookup } from "../../network/hostGuard.ts"
import { type ConnectFailed, connectSocket } from "../../transport/outgoingSocket.ts"
import type { AriAccount } from "./account.ts"
import { provider } from "./config.ts"
import { parseEvent } from "./events.ts"
import { eventHandler, type Task } from "./handle.ts"
import { makeLegs } from "./legs.ts"
import { reconciliation } from "./reconcile.ts"

/** Bytes of one event. */
const maxEventBytes = 1024 * 1024

/** Events whose work is not done. More means that we cannot keep up, and would act on what is long past. */
const mostUndone = 10_000

const pingEvery = "30 seconds"
const pongWithin = "10 seconds"
const reconcileEvery = "60 seconds"

const ended = (kind: ListenerEnded["kind"], message: string) => new ListenerEnded({ provider, kind, message })

/** Answers that will be the same at every try: the application, the user, the address list, or the path are wrong. */
const permanent: ReadonlyArray<number | undefined> = [400, 401, 403, 404]

const notOpened = ({ message, status }: ConnectFailed) => {
  if (status === 401)
    return ended("refused", "Asterisk refuses the ARI user or its password. Compare them with ari.conf.")
  if (status === 404)
    return ended("refused", "There is no ARI at this address. Check its prefix, and that res_ari is loaded.")
  return ended(
    permanent.includes(status) ? "refused" : "lost",
    `Asterisk did not open the events connection. ${message}`
  )
}

const notAllowed = ({ kind, message }: CarrierError) => ended(kind === "rejected" ? "refused" : "lost", message)

/** Runs tasks of one channel one after the other, of different channels at once. */
const channelTasks = (fork: (work: Effect.Effect<void>) => Fiber.Fiber<void>) => {
  const last = new Map<string, Fiber.Fiber<void>>()
  return {
    undone: () => last.size,
    run: ({ channelId }: Task, work: Effect.Effect<void>) => {
      const before = last.get(channelId)
      const fiber = fork(before === undefined ? work : Effect.andThen(Fiber.await(before), work))
      last.set(channelId, fiber)
      fiber.addObserver(() => {
        if (last.get(channelId) === fiber) last.delete(channelId)
      })
    }
  }
}

/** The database may be away for a while; what is lost for good is found by the next comparison. */
const told = (work: Effect.Effect<void, ReportsUnavailable>) =>
  work.pipe(
    Effect.retry({ schedule: Schedule.spaced("1 second"), times: 30 }),
    Effect.catchTag("ReportsUnavailable", ({ message }) =>
      Effect.logWarning(`An event of Asterisk was lost: ${message}`)
    )
  )

/**
 * The events connection of one configuration (Asterisk: ARI, events). That it is there is what makes the Stasis application
 * exist. It only reads and hands on: Asterisk closes a connection that is not read for 100 ms.
 */
export const listen =
  (account: AriAccount): Listener =>
  (desk: ListenerDesk) =>
    Effect.gen(function* () {
      const { app, connection, rest, toolkit } = account
      const over = yield* Deferred.make<never, ListenerEnded>()
      const end = (kind: ListenerEnded["kind"], message: string) =>
        Deferred.doneUnsafe(over, Effect.fail(ended(kind, message)))
      const legs = makeLegs(account, desk)
      const handle = eventHandler(account, legs)
      const fork = yield* FiberSet.makeRuntime<never, void, never>()
      const tasks = channelTasks(fork)
      // A database that does not answer is a fault of ours.
      for (const call of yield* Effect.orDie(desk.liveCalls)) legs.learn(call)

      const received = (text: string) => {
        const event = parseEvent(text)
        if (event === undefined) return
        if (event.type === "ApplicationReplaced") {
          if (event.application === app)
            end("replaced", `Another program has taken the Stasis application ${app} over.`)
          return
        }
        const task = handle(event)
        if (task === undefined) return
        tasks.run(task, told(task.run))
        if (tasks.undone() > mostUndone) end("lost", "More events came than could be worked on.")
      }

      let alive = true
      const prepare = (ws: WebSocket) =>
        ws
          .on("message", (data, binary) => {
            if (!binary && Buffer.isBuffer(data)) received(data.toString("utf8"))
          })
          .on("close", (code) => void end("lost", `Asterisk closed the events connection (${code}).`))
          .on("pong", () => {
            alive = true
          })

      const addresses = yield* Effect.mapError(toolkit.guardTenantHost(provider, rest.base), notAllowed)
      const authorization = yield* Effect.mapError(rest.authorization, notAllowed)
      const query = new URLSearchParams({ app, subscribeAll: "true" }).toString()
      const ws = yield* connectSocket(
        {
          url: `${asWebSocketUrl(rest.base)}/ari/events?${query}`,
          headers: { authorization: Redacted.value(authorization) },
          protocol: "",
          lookup: pinnedLookup(addresses),
          maxMessageBytes: maxEventBytes
        },
        prepare
      ).pipe(Effect.mapError(notOpened))

      yield* Effect.acquireRelease(
        Effect.sync(() => (connection.open = { desk, fork: (work) => void fork(work) })),
        (open) =>
          Effect.sync(() => {
            if (connection.open === open) connection.open = undefined
          })
      )
      yield* desk.connected

      const pings = Effect.gen(function* () {
        alive = false
        ws.ping()
        yield* Effect.sleep(pongWithin)
        if (!alive) end("lost", "Asterisk does not answer on the events connection any more.")
      })
      yield* pings.pipe(Effect.repeat(Schedule.spaced(pingEvery)), Effect.forkScoped)
      yield* reconciliation(account, desk, legs).pipe(Effect.repeat(Schedule.spaced(reconcileEvery)), Effect.forkScoped)
      return yield* Deferred.await(over)
    })
