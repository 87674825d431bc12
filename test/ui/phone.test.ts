import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Page } from "playwright-core"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, callsOf, callsUntil, eventsOf, setLimits } from "../support/app.ts"
import { Chromium, isAccessible, isContent, launch, openConsole, picture, withConsole } from "./support/console.ts"
import { fakeMicrophone, refusedMicrophone } from "./support/voice.ts"

/** dBFS: what speech is above, and silence below. */
const LOUD = -40
const SILENT = -90

/** Waits until a meter shows more than this, dBFS. */
const louderThan = (page: Page, side: "You" | "Agent", dbfs: number) =>
  Effect.promise(async () => {
    const element = await page.getByRole("meter", { name: side }).elementHandle()
    await page.waitForFunction(([node, than]) => Number(Object(node).getAttribute("aria-valuenow")) > Number(than), [
      element,
      dbfs
    ] as const)
  })

/** Longer than the voice pauses, ms. */
const LONG_PAUSE_MS = 1200

/** Waits until both meters have shown silence for longer than the voice ever pauses. */
const bothSilent = (page: Page) =>
  Effect.promise(async () => {
    await page.waitForFunction(
      ([most, longMs, seen]) => {
        const view = Object(globalThis)
        const meters: ReadonlyArray<unknown> = [...view.document.querySelectorAll("[role=meter]")]
        const isSilent = meters.every((meter) => Number(Object(meter).getAttribute("aria-valuenow")) < most)
        if (!isSilent) view[seen] = undefined
        else view[seen] ??= performance.now()
        return view[seen] !== undefined && performance.now() - view[seen] > longMs
      },
      [SILENT, LONG_PAUSE_MS, "silentSince"] as const
    )
  })

const press = (page: Page, name: string | RegExp) =>
  Effect.promise(() => page.getByRole("button", { name, exact: true }).click())

const shows = (page: Page, text: string) => Effect.promise(() => page.getByText(text).first().waitFor())

const alerts = (page: Page, text: string) =>
  Effect.promise(() => page.getByRole("alert").filter({ hasText: text }).waitFor())

const talking = (page: Page) => shows(page, "Talking with")

/** The newest call of the organization, once it is over. */
const newestEnd = Effect.gen(function* () {
  const [call] = yield* callsUntil(yield* App, (calls) => calls.every(({ end_reason }) => end_reason !== null))
  return call?.end_reason
})

const withMicrophone = Layer.unwrap(Effect.map(fakeMicrophone, (args) => withConsole(simulator, "twilio", {}, args)))

layer(withMicrophone, { excludeTestServices: true, timeout: "120 seconds" })("the phone", (it) => {
  it.effect(
    "brings somebody from an empty organization to hearing themself in a few presses; keys, mute and the hang-up arrive",
    () =>
      Effect.gen(function* () {
        const app = yield* App
        const opened = yield* openConsole({ path: "/phone" })
        const { page } = opened
        yield* shows(page, "The phone is not set up yet")
        yield* isAccessible(page)
        yield* picture(page, "phone-empty")
        yield* press(page, /^Make a /)
        yield* press(page, "Call")
        yield* talking(page)
        yield* louderThan(page, "You", LOUD)
        yield* louderThan(page, "Agent", LOUD)
        yield* isAccessible(page)
        yield* picture(page, "phone-talking")

        yield* press(page, "5")
        yield* press(page, "hash")
        yield* shows(page, "5#")
        const [call] = yield* callsUntil(app, (calls) => calls.some(({ media_state }) => media_state === "streaming"))
        const digits = Effect.map(eventsOf(app, call?.id ?? ""), (events) =>
          events.flatMap(({ kind, payload }) => (kind.endsWith("digit") ? [payload["digit"]] : []))
        )
        yield* Effect.repeat(Effect.delay(digits, "20 millis"), {
          until: ([first, second]) => first === "5" && second === "#"
        })

        yield* press(page, "Mute")
        yield* bothSilent(page)
        yield* press(page, "Unmute")
        yield* louderThan(page, "Agent", LOUD)

        yield* press(page, "Hang up")
        yield* shows(page, "caller hung up")
        assert.strictEqual(yield* newestEnd, "caller_hung_up")
        yield* picture(page, "phone-over")
        yield* isContent(opened)
      }).pipe(Effect.scoped),
    90_000
  )

  it.effect("goes on with a call while its person looks at other pages, and says so there", () =>
    Effect.gen(function* () {
      const { page } = yield* openConsole({ path: "/phone" })
      yield* press(page, "Call")
      yield* talking(page)
      yield* Effect.promise(() => page.getByRole("link", { name: "The call's page" }).click())
      const ongoing = page.getByRole("region", { name: "Your call" })
      yield* Effect.promise(() => ongoing.waitFor())
      yield* isAccessible(page)
      const [call] = yield* callsOf(yield* App)
      assert.strictEqual(call?.end_reason, null)
      yield* Effect.promise(() => ongoing.getByRole("button", { name: "Hang up" }).click())
      assert.strictEqual(yield* newestEnd, "caller_hung_up")
    }).pipe(Effect.scoped)
  )

  it.effect("hears the sample voice in place of the microphone, as long as that is wanted", () =>
    Effect.gen(function* () {
      const { page } = yield* openConsole({ path: "/phone", width: 390 })
      yield* press(page, "Call")
      yield* talking(page)
      yield* press(page, "Play the sample voice")
      yield* shows(page, "synthetic voice without words speaks")
      yield* louderThan(page, "Agent", LOUD)
      yield* picture(page, "phone-390")
      yield* press(page, "Speak yourself")
      yield* louderThan(page, "You", LOUD)
      yield* press(page, "Hang up")
      yield* shows(page, "caller hung up")
    }).pipe(Effect.scoped)
  )

  it.effect("ends a call when its person signs out", () =>
    Effect.gen(function* () {
      const { page } = yield* openConsole({ path: "/phone" })
      yield* press(page, "Call")
      yield* talking(page)
      yield* press(page, "Sign out")
      assert.strictEqual(yield* newestEnd, "caller_hung_up")
    }).pipe(Effect.scoped)
  )

  it.effect("says what the service says when it refuses, and when the other side ends the call", () =>
    Effect.gen(function* () {
      const app = yield* App
      const [first, second] = [yield* openConsole({ path: "/phone" }), yield* openConsole({ path: "/phone" })]
      yield* setLimits(app, { max_concurrent_calls: 1 })
      yield* press(first.page, "Call")
      yield* talking(first.page)
      yield* press(second.page, "Call with the sample voice")
      yield* alerts(second.page, "All lines are busy")
      const [call] = yield* callsUntil(app, (calls) => calls.some(({ end_reason }) => end_reason === null))
      yield* app.request("POST", `/api/v1/telephony/calls/${call?.id}/hangup`)
      yield* shows(first.page, "operator")
      yield* setLimits(app, { max_concurrent_calls: 20 })
    }).pipe(Effect.scoped)
  )

  it.effect("says what to do when the microphone is refused", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/phone" }).pipe(
        Effect.provideService(Chromium, yield* launch(refusedMicrophone))
      )
      yield* press(opened.page, "Call")
      yield* alerts(opened.page, "does not let this page use the microphone")
      yield* isAccessible(opened.page)
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("says that there is no microphone, and calls with the sample voice without one", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/phone" }).pipe(Effect.provideService(Chromium, yield* launch()))
      const { page } = opened
      yield* press(page, "Call")
      yield* alerts(page, "There is no microphone")
      yield* press(page, "Call with the sample voice")
      yield* talking(page)
      yield* louderThan(page, "Agent", LOUD)
      yield* press(page, "Hang up")
      yield* shows(page, "caller hung up")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )
})
