import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Page } from "playwright-core"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsUntil, eventsOf } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"
import { fakeMicrophone } from "./support/voice.ts"

/** dBFS: what speech is above, and silence below. */
const LOUD = -40
const SILENT = -90

const meter = (page: Page, side: "You" | "Agent") => page.getByRole("meter", { name: side })

/** Waits until a meter shows more, or less, than this. */
const meterUntil = (page: Page, side: "You" | "Agent", is: "above" | "below", dbfs: number) =>
  Effect.promise(async () => {
    const element = await meter(page, side).elementHandle()
    await page.waitForFunction(
      ([node, than, wanted]) => {
        const now = Number(Object(node).getAttribute("aria-valuenow"))
        return wanted === "above" ? now > Number(than) : now < Number(than)
      },
      [element, dbfs, is] as const
    )
  })

const press = (page: Page, name: string) =>
  Effect.promise(() => page.getByRole("button", { name, exact: true }).click())

const talking = (page: Page) => Effect.promise(() => page.getByRole("heading", { name: /^Talking with/ }).waitFor())

const withMicrophone = Layer.unwrap(Effect.map(fakeMicrophone, (args) => withConsole(simulator, "twilio", {}, args)))

layer(withMicrophone, { excludeTestServices: true, timeout: "60 seconds" })("the phone", (it) => {
  it.effect("brings somebody from an empty organization to hearing themself, in a few presses", () =>
    Effect.gen(function* () {
      const app = yield* App
      const began = performance.now()
      const opened = yield* openConsole({ path: "/phone", permissions: ["microphone"] })
      const { page } = opened
      yield* Effect.promise(() => page.getByText("The phone is not set up yet").waitFor())
      yield* isAccessible(page)
      yield* picture(page, "phone-empty")
      yield* Effect.promise(() => page.getByRole("button", { name: /^Make a / }).click())
      yield* press(page, "Call")
      yield* talking(page)
      yield* meterUntil(page, "You", "above", LOUD)
      yield* meterUntil(page, "Agent", "above", LOUD)
      assert.isBelow(performance.now() - began, 120_000)
      yield* isAccessible(page)
      yield* picture(page, "phone-talking")

      yield* press(page, "5")
      yield* press(page, "hash")
      yield* Effect.promise(() => page.getByText("5#", { exact: true }).waitFor())
      const [call] = yield* callsUntil(app, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
      const id = call?.id ?? ""
      const digits = Effect.map(eventsOf(app, id), (events) =>
        events.flatMap(({ kind, payload }) => (kind.includes("digit") ? [payload["digit"]] : []))
      )
      yield* Effect.repeat(Effect.delay(digits, "20 millis"), { until: (pressed) => pressed.join("") === "5#" })

      yield* press(page, "Mute")
      yield* meterUntil(page, "You", "below", SILENT)
      yield* meterUntil(page, "Agent", "below", SILENT)
      yield* press(page, "Unmute")
      yield* meterUntil(page, "Agent", "above", LOUD)

      yield* press(page, "Hang up")
      yield* Effect.promise(() => page.getByText("caller hung up (by caller)").waitFor())
      const [ended] = yield* callsUntil(app, (calls) => calls.every(({ end_reason }) => end_reason !== null))
      assert.strictEqual(ended?.end_reason, "caller_hung_up")
      yield* picture(page, "phone-over")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("says what to do when the microphone is refused, and calls with the sample voice without one", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/phone" })
      const { page } = opened
      yield* press(page, "Call")
      yield* Effect.promise(() => page.getByRole("alert").filter({ hasText: "with the sample voice" }).waitFor())
      yield* isAccessible(page)
      yield* press(page, "Call with the sample voice")
      yield* talking(page)
      yield* meterUntil(page, "Agent", "above", LOUD)
      yield* press(page, "Hang up")
      yield* Effect.promise(() => page.getByText("caller hung up (by caller)").waitFor())
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )
})
