import { randomUUID } from "node:crypto"
import { Effect, FiberSet, Option, type Scope } from "effect"
import { makeCallDesk, onRealClock } from "../../../simulator/CallDesk.ts"
import { makeFaultPanel } from "../../../simulator/Faults.ts"
import { serveRest } from "../../../simulator/RestServer.ts"
import type { FakeCarrier, PhonePass, PlaceInbound, SimulatorOptions } from "../../../simulator/SimulatorModule.ts"
import { hangUp, liveCall, type PageCall, newCall } from "./call.ts"
import { callOf } from "./pass.ts"
import { format } from "./stream.ts"

const jitterMs = 60
const webhookTimeoutMs = 15_000

/** A page has no API: whoever asks it for something has the wrong address. */
const nothingHere = { status: 404, body: JSON.stringify({ error: "A page has no API." }) }

/** Opens a page with a phone; everything lives in the scope. */
export const startPage = Effect.fnUntraced(function* (options: SimulatorOptions = {}) {
  const panel = makeFaultPanel()
  const scope: Scope.Scope = yield* Effect.scope
  const run = yield* FiberSet.makeRuntime<never, unknown, never>()
  const desk = yield* makeCallDesk<PageCall>({ format: () => format, panel, hangUp })
  let passFor: ((to: string) => Effect.Effect<PhonePass>) | undefined
  const stage = {
    panel,
    scope,
    jitterMs: options.jitterMs ?? jitterMs,
    webhookTimeoutMs: options.webhookTimeoutMs ?? webhookTimeoutMs
  }

  const rest = yield* serveRest({
    act: () => Effect.succeed(nothingHere),
    throttled: nothingHere,
    broken: nothingHere,
    panel,
    port: options.port ?? 0
  })

  const placeInbound = Effect.fnUntraced(function* (placed: PlaceInbound) {
    const pass = passFor === undefined ? undefined : yield* passFor(placed.to)
    const id = Option.getOrElse(callOf(pass), () => randomUUID())
    const call = newCall({ id, from: placed.from, to: placed.to })
    const handle = desk.takeIn(call)
    yield* desk.prepare(placed, call)
    run(liveCall(stage, call, pass))
    return handle
  })

  const carrier: FakeCarrier = {
    ...desk.carrier,
    baseUrl: rest.baseUrl,
    credentials: {},
    setPasses: (ask) =>
      Effect.sync(() => {
        passFor = ask
      }),
    ownNumber: () => Effect.void,
    inboundWebhook: () => Effect.undefined,
    placeInbound: (call) => onRealClock(placeInbound(call)),
    restExchanges: rest.exchanges,
    forget: Effect.andThen(desk.forget, rest.forget)
  }
  return carrier
}, onRealClock)
