import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import type { SimulatedCall } from "../../src/simulator/SimulatorModule.ts"
import { App, callsOf, callsUntil, createdId, ours, setUp, speech, theirs } from "../support/app.ts"
import type { Page } from "playwright-core"
import { temporaryFolder } from "../support/database.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"

const keyOf = Effect.fnUntraced(function* (role: string) {
  const answer = yield* (yield* App).request("POST", "/api/v1/organizations/api-keys", { name: role, role })
  createdId(answer)
  return String(Object(answer.body).key)
})

/** Somebody calls, is answered, and talks for as long as they stay. */
const talking = Effect.fnUntraced(function* (from: string) {
  const app = yield* App
  const call = yield* app.carrier.placeInbound({ from, to: ours, audio: speech })
  yield* call.until(({ media }) => media === "streaming")
  const listed = yield* callsUntil(app, (calls) =>
    calls.some((each) => each.provider_call_id === call.id && each.media_state === "streaming")
  )
  const id = listed.find((each) => each.provider_call_id === call.id)?.id ?? ""
  yield* Effect.forkScoped(Effect.forever(Effect.delay(call.say(speech), "400 millis")))
  return { call, id }
})

const over = Effect.fnUntraced(function* (call: SimulatedCall) {
  yield* call.hangUp
  yield* call.settled
})

/** Waits until an expression holds in the page. The page's policy forbids `waitForFunction`, which evaluates there. */
const until = async (page: Page, expression: string) => {
  while ((await page.evaluate(expression)) !== true) await page.waitForTimeout(50)
}
const isLoud = (who: string) => `document.querySelector("[data-meter=${who}]").getBoundingClientRect().width > 3`

const withNumber = Layer.effectDiscard(App.use(setUp)).pipe(
  Layer.provideMerge(
    Layer.unwrap(
      Effect.map(temporaryFolder, (folder) => withConsole(simulator, "twilio", { SWITCHBOARD_RECORDINGS_DIR: folder }))
    )
  )
)

layer(withNumber, { excludeTestServices: true, timeout: "60 seconds" })("the calls", (it) => {
  it.effect("says what to do while there are none, and shows a call that comes in, how loud it is, and its end", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/calls" })
      const { page } = opened
      yield* Effect.promise(async () => {
        await page.getByText("No calls yet").waitFor()
        await page.getByRole("status", { name: "Updates" }).filter({ hasText: "Live" }).waitFor()
      })
      yield* isAccessible(page)

      const { call } = yield* talking(theirs)
      const row = page.getByRole("row").filter({ hasText: theirs })
      yield* Effect.promise(async () => {
        await row.getByText("In progress").waitFor()
        const meter = row.locator("[data-meter=caller]")
        await meter.waitFor()
        await until(page, isLoud("caller"))
        await until(page, isLoud("agent"))
        await row.getByText(/Caller: -\d+ dB/).waitFor({ state: "attached" })
        const seconds = await row.getByText(/^\d+ s$/).textContent()
        await row.getByText(String(seconds), { exact: true }).waitFor({ state: "detached" })
      })
      yield* isAccessible(page)
      yield* picture(page, "calls-live")
      yield* over(call)
      yield* Effect.promise(async () => {
        await row.getByText("Completed").waitFor()
        await row.getByText("Caller hung up").waitFor()
      })
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("shows what happens to a call as it happens, and hangs up", () =>
    Effect.gen(function* () {
      const app = yield* App
      const { call, id } = yield* talking("+442071838751")
      const opened = yield* openConsole({ path: `/calls/${id}` })
      const { page } = opened
      const timeline = page.getByRole("region", { name: "Timeline" })
      yield* Effect.promise(async () => {
        await page.getByRole("heading", { level: 1, name: "Call from +442071838751" }).waitFor()
        await timeline.getByText("Audio flows in both directions.").waitFor()
        await timeline.getByRole("status", { name: "Updates" }).filter({ hasText: "Live" }).waitFor()
        await until(page, isLoud("agent"))
      })
      yield* isAccessible(page)
      yield* call.pressDigits("7")
      yield* Effect.promise(async () => {
        await timeline.getByText("The caller pressed 7.").waitFor()

        await page.getByRole("button", { name: "Keypad" }).click()
        await page.getByRole("button", { name: "Send 5" }).waitFor()
        await page.getByLabel("Digits in a row").fill("12x")
        assert.isTrue(await page.getByRole("button", { name: "Send", exact: true }).isDisabled())

        await timeline.getByLabel("Whose events").selectOption({ label: "Agent" })
        await timeline.getByText("Audio flows in both directions.").waitFor({ state: "detached" })
        await timeline.getByText("The caller pressed 7.").waitFor()
        await timeline.getByLabel("Whose events").selectOption({ label: "All sources" })
        await timeline.locator("[data-kind=digit] summary").click()
        await timeline.getByText('"digit": "7"').waitFor()
      })
      yield* isAccessible(page)
      yield* picture(page, "call-live")
      yield* Effect.promise(async () => {
        await page.getByRole("button", { name: "Hang up" }).click()
        const dialog = page.getByRole("dialog", { name: "Hang this call up?" })
        await dialog.getByRole("button", { name: "Hang up" }).click()
        await page.getByText("Somebody ended the call from the console or by the API.").first().waitFor()
        await page.getByRole("button", { name: "Hang up" }).waitFor({ state: "detached" })
        await timeline.getByText("The call ended.").waitFor()
      })
      assert.strictEqual((yield* call.settled).state, "completed")
      const [ended] = (yield* callsOf(app)).filter((each) => each.id === id)
      assert.strictEqual(ended?.end_reason, "operator_ended")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("tells in a sentence what went wrong when the carrier's audio broke", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.placeInbound({
        from: "+442071838752",
        to: ours,
        audio: speech,
        faults: ["media-never-starts"]
      })
      const [broken] = yield* callsUntil(app, (calls) => calls.some(({ from }) => from === "+442071838752"))
      const opened = yield* openConsole({ path: `/calls/${broken?.id}`, dark: true })
      const { page } = opened
      yield* Effect.promise(async () => {
        const sentence = "The call was answered, but the carrier never opened its audio connection."
        await page.getByText(sentence, { exact: true }).waitFor()
        await page.getByText("Run the doctor: the carrier must reach PUBLIC_URL").waitFor()
        const line = page.getByRole("region", { name: "Timeline" }).locator("[data-kind='call.ended']")
        await line.getByText(sentence).waitFor()
        await line.getByText("Failure:").waitFor({ state: "attached" })
      })
      yield* isAccessible(page)
      yield* picture(page, "call-broken")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("keeps the filters in the address", () =>
    Effect.gen(function* () {
      const { call } = yield* talking("+442071838753")
      yield* over(call)
      const opened = yield* openConsole({ path: "/calls?search=8753", width: 390 })
      const { page } = opened
      const rows = page.locator("tbody tr")
      yield* Effect.promise(async () => {
        await rows.filter({ hasText: "+442071838753" }).waitFor()
        assert.strictEqual(await rows.count(), 1)
        await page.getByLabel("State").selectOption({ label: "Live now" })
        await page.getByText("No call is like this").waitFor()
        assert.match(page.url(), /status=live/)
        await page.getByLabel("State").selectOption({ label: "Completed" })
        await page.getByLabel("Direction").selectOption({ label: "Inbound" })
        await page.getByLabel("Carrier").selectOption({ label: "Twilio" })
        await page.getByLabel("End reason").selectOption({ label: "Caller hung up" })
        await rows.filter({ hasText: "+442071838753" }).waitFor()
        await page.reload()
        await rows.filter({ hasText: "+442071838753" }).waitFor()
        assert.strictEqual(await page.getByLabel("State").inputValue(), "completed")
        assert.strictEqual(await page.getByLabel("Search calls").inputValue(), "8753")
        await page.getByLabel("Search calls").fill("no such number")
        await page.getByText("No call is like this").waitFor()
        await page.getByRole("button", { name: "Clear" }).click()
        await rows.nth(1).waitFor()
        assert.strictEqual(new URL(page.url()).search, "")
        assert.strictEqual(await page.getByLabel("Search calls").inputValue(), "")
        assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390)
      })
      yield* isAccessible(page)
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("records a call, and plays and shows the recording", () =>
    Effect.gen(function* () {
      const { call, id } = yield* talking("+442071838755")
      const opened = yield* openConsole({ path: `/calls/${id}` })
      const { page } = opened
      const recordings = page.getByRole("region", { name: "Recordings" })
      yield* Effect.promise(async () => {
        await page.getByRole("button", { name: "Record", exact: true }).click()
        await recordings.getByText("Recording now").waitFor()
        await page.getByRole("button", { name: "Pause recording" }).click()
        await recordings.getByText("Paused", { exact: true }).waitFor()
        await page.getByRole("button", { name: "Resume recording" }).click()
        await recordings.getByText("Recording now").waitFor()
        await page.waitForTimeout(2000)
        await page.getByRole("button", { name: "End recording" }).click()
        await recordings.getByText("Ready").waitFor()
        const place = recordings.getByRole("slider", { name: "Place in the recording" })
        await place.waitFor()
        await until(page, "document.querySelector('[role=slider] path').getBBox().height > 10")
        await place.click()
        await until(page, "document.querySelector('audio').currentTime > 0.5")
        assert.notStrictEqual(await place.getAttribute("aria-valuetext"), null)
        await place.press("Home")
        await until(page, "document.querySelector('audio').currentTime < 0.1")
        const saving = page.waitForEvent("download")
        await recordings.getByRole("link", { name: "Download" }).click()
        assert.match((await saving).suggestedFilename(), /\.wav$/)
      })
      yield* isAccessible(page)
      yield* picture(page, "call-recording")
      yield* over(call)
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("transfers a call, and shows how that goes", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* app.carrier.whenDialed("+442071838799", { outcome: "busy", afterMs: 500 })
      const { call, id } = yield* talking("+442071838756")
      const opened = yield* openConsole({ path: `/calls/${id}` })
      const { page } = opened
      yield* Effect.promise(async () => {
        await page.getByRole("button", { name: "Transfer" }).click()
        const dialog = page.getByRole("dialog", { name: "Transfer this call" })
        await dialog.getByLabel("Destination").fill("nobody")
        await dialog.getByRole("button", { name: "Transfer" }).click()
        await dialog.getByRole("alert").waitFor()
        await dialog.getByLabel("Destination").fill("+442071838799")
        await dialog.getByRole("button", { name: "Transfer" }).click()
        await dialog.getByRole("status").getByText("Failed").waitFor()
        await dialog.getByText("The destination was busy. The caller is still with the agent.").waitFor()
      })
      yield* isAccessible(page)
      yield* Effect.promise(async () => {
        const dialog = page.getByRole("dialog", { name: "Transfer this call" })
        await dialog.getByRole("button", { name: "Close" }).last().click()
        await page.getByRole("region", { name: "Transfers" }).getByText("+442071838799").waitFor()
        await page.getByText("The transfer to +442071838799 failed").waitFor()
      })
      yield* over(call)
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("lets a person hear a call", () =>
    Effect.gen(function* () {
      const { call, id } = yield* talking("+442071838757")
      const opened = yield* openConsole({ path: `/calls/${id}` })
      const { page } = opened
      const loud: Array<number> = []
      page.on("websocket", (socket) => {
        socket.on("framereceived", ({ payload }) => {
          if (typeof payload !== "string" && payload.some((byte) => byte !== 0)) loud.push(payload.length)
        })
      })
      yield* Effect.promise(async () => {
        await page.getByRole("button", { name: "Listen in" }).click()
        await page.getByText("You hear the call").waitFor()
        await page.getByLabel("Volume").fill("0.5")
        while (loud.length < 10) await page.waitForTimeout(50)
      })
      yield* isAccessible(page)
      yield* over(call)
      yield* Effect.promise(() => page.getByText("You hear the call").waitFor({ state: "detached" }))
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("lets a viewer watch, and nothing more", () =>
    Effect.gen(function* () {
      const apiKey = yield* keyOf("viewer")
      const { call, id } = yield* talking("+442071838754")
      const { page } = yield* openConsole({ path: `/calls/${id}`, apiKey })
      yield* Effect.promise(async () => {
        await page.getByText("You may watch.").waitFor()
        assert.strictEqual(await page.getByRole("button", { name: "Hang up" }).count(), 0)
        assert.strictEqual(await page.getByRole("button", { name: "Transfer" }).count(), 0)
        assert.isTrue(await page.getByRole("button", { name: "Listen in" }).isDisabled())
        await page.getByRole("region", { name: "Timeline" }).getByText("Audio flows").waitFor()
      })
      yield* over(call)
    }).pipe(Effect.scoped)
  )

  it.effect("says so where there is no such call", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/calls/0190f5fe-0000-7000-8000-000000000000" })
      yield* Effect.promise(() => opened.page.getByText("There is no such call").waitFor())
      yield* isAccessible(opened.page)
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )
})
