import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { AsteriskOptions, FakeAsterisk } from "../../../src/providers/ari/simulator/options.ts"
import { simulator } from "../../../src/providers/ari/simulator.ts"
import { App, type CallView, callsUntil, setUp } from "../../support/app.ts"

/**
 * The whole service before a fake Asterisk. `ready` sets a tenant up and waits until the service is connected: before that no
 * call reaches it.
 */
export const house = (options: AsteriskOptions = {}) => {
  let started: FakeAsterisk | undefined
  const asterisk = Effect.sync(() => started ?? assert.fail("it is not started yet"))
  const layer = App.layer(
    {
      start: () =>
        Effect.map(simulator.start(options), (carrier) => {
          started = carrier
          return carrier
        })
    },
    "ari"
  )
  const connected = Effect.repeat(
    Effect.delay(
      Effect.flatMap(asterisk, ({ state }) => state),
      "20 millis"
    ),
    { until: ({ applications }) => applications.length === 1 }
  )
  const ready = Effect.gen(function* () {
    const app = yield* App
    yield* (yield* asterisk).setMediaUrl(`${app.url.replace("http", "ws")}/api/v1/telephony/ws`)
    const tenant = yield* setUp(app)
    yield* connected
    return tenant
  })
  /** Waits until nothing of any call is left in Asterisk. */
  const empty = Effect.repeat(
    Effect.delay(
      Effect.flatMap(asterisk, ({ state }) => state),
      "20 millis"
    ),
    { until: ({ channels, bridges }) => channels.length === 0 && bridges.length === 0 }
  )
  return { layer, asterisk, ready, connected, empty }
}

/** Waits until the newest call is as wanted. */
export const newest = Effect.fnUntraced(function* (is: (call: CallView) => boolean) {
  const app = yield* App
  const [call] = yield* callsUntil(app, ([first]) => first !== undefined && is(first))
  return call ?? assert.fail("it was there")
})
