import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { sampleVoice } from "../../ui/src/phone/sampleVoice.ts"
import { App, callsOf, createdId, setUp, theirs } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"
import { wavOf } from "./support/voice.ts"

const agents = "/api/v1/organizations/agents"
const press = (page: Page, name: string | RegExp) =>
  Effect.promise(() => page.getByRole("button", { name, exact: true }).click())
const shows = (page: Page, text: string | RegExp) => Effect.promise(() => page.getByText(text).first().waitFor())

/** Nothing makes the page wider than a phone's screen. */
const isNarrow = (page: Page) =>
  Effect.promise(async () => assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390))

const file = (name: string, bytes: Uint8Array) => ({ name, mimeType: "audio/wav", buffer: Buffer.from(bytes) })

const echo = Effect.fnUntraced(function* (name: string) {
  const app = yield* App
  return createdId(yield* app.request("POST", agents, { name, kind: "echo", settings: {} }))
})

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "120 seconds" })("agents", (it) => {
  it.effect("are made by the form of their kind, and keep a secret that is not replaced", () =>
    Effect.gen(function* () {
      const app = yield* App
      const opened = yield* openConsole({ path: "/agents" })
      const { page } = opened
      yield* shows(page, "No agents yet")
      yield* isAccessible(page)
      yield* Effect.promise(() => page.getByRole("link", { name: "Make an agent" }).click())
      yield* Effect.promise(() => page.getByRole("link", { name: /^WebSocket server/ }).click())
      yield* Effect.promise(async () => {
        await page.getByLabel("Name").fill("Receptionist")
        await page.getByRole("textbox", { name: "Secret" }).fill("a-secret-of-sixteen-and-more")
      })
      yield* press(page, "Make the agent")
      yield* shows(page, / is needed$/)
      yield* picture(page, "agents-new")
      yield* isAccessible(page)
      yield* Effect.promise(() => page.getByPlaceholder("wss://agent.example.com/calls").fill("ws://127.0.0.1:9/calls"))
      yield* press(page, "Make the agent")
      yield* Effect.promise(() => page.getByRole("heading", { level: 1, name: "Receptionist" }).waitFor())
      yield* isAccessible(page)

      yield* shows(page, "(stored, kept)")
      yield* Effect.promise(() => page.getByLabel("Name").fill("Front desk"))
      // What was typed is not lost by a click beside the form, nor by closing the page.
      yield* Effect.promise(() => page.getByRole("link", { name: "Numbers" }).click())
      yield* Effect.promise(() => page.getByRole("dialog", { name: "Leave without saving?" }).waitFor())
      yield* isAccessible(page)
      yield* press(page, "Cancel")
      const asked = page.waitForEvent("dialog")
      const reloading = page.reload({ timeout: 5000 }).catch(() => undefined)
      yield* Effect.promise(async () => {
        const dialog = await asked
        assert.strictEqual(dialog.type(), "beforeunload")
        await dialog.dismiss()
        await reloading
      })
      assert.strictEqual(yield* Effect.promise(() => page.getByLabel("Name").inputValue()), "Front desk")
      yield* press(page, "Save")
      yield* shows(page, "Front desk is saved")
      const id = page.url().split("/").at(-1) ?? ""
      const { body } = yield* app.request("GET", `${agents}/${id}`)
      assert.strictEqual(Object(body).name, "Front desk")
      assert.match(String(Object(body).settings.secret), /^\*{8}more$/)
      yield* Effect.promise(async () => {
        await page.getByLabel("Name").fill("Never saved")
        await page.getByRole("link", { name: "Numbers" }).click()
        await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click()
        await page.waitForURL(/\/numbers/)
      })
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("are not overwritten by somebody who saw an older version", () =>
    Effect.gen(function* () {
      const app = yield* App
      const id = yield* echo("Disputed")
      const { page } = yield* openConsole({ path: `/agents/${id}` })
      yield* Effect.promise(() => page.getByLabel("Name").fill("Mine"))
      const { body } = yield* app.request("GET", `${agents}/${id}`)
      const theirsFirst = { version: Object(body).version, name: "Theirs", settings: {} }
      assert.strictEqual((yield* app.request("PUT", `${agents}/${id}`, theirsFirst)).status, 200)
      yield* press(page, "Save")
      yield* shows(page, "Somebody changed this agent")
      yield* press(page, "Load what is stored")
      yield* Effect.promise(() => page.getByRole("heading", { level: 1, name: "Theirs" }).waitFor())
      yield* Effect.promise(async () => {
        assert.strictEqual(await page.getByLabel("Name").inputValue(), "Theirs")
        await page.getByLabel("Name").fill("Ours")
      })
      yield* press(page, "Save")
      yield* shows(page, "Ours is saved")
    }).pipe(Effect.scoped)
  )

  it.effect("are deleted unless numbers send their calls to them, which are named", () =>
    Effect.gen(function* () {
      const app = yield* App
      yield* setUp(app)
      yield* echo("Unused")
      const small = yield* openConsole({ path: "/agents", width: 390 })
      yield* shows(small.page, "Unused")
      yield* isNarrow(small.page)
      const { page } = yield* openConsole({ path: "/agents" })
      yield* press(page, "Delete Agent")
      yield* press(page, "Delete")
      yield* Effect.promise(() => page.getByRole("dialog", { name: "Agent is in use" }).waitFor())
      yield* shows(page, /Calls to \+14155550123 go to this agent/)
      yield* isAccessible(page)
      yield* Effect.promise(() => page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click())
      yield* press(page, "Delete Unused")
      yield* press(page, "Delete")
      yield* shows(page, "Unused is deleted")
      yield* picture(page, "agents-list")

      yield* press(page, "Dial out with Agent")
      yield* Effect.promise(() => page.getByLabel("Destination").fill("nobody"))
      yield* press(page, "Dial")
      yield* Effect.promise(() => page.getByRole("dialog").getByRole("alert").waitFor())
      yield* isAccessible(page)
      yield* Effect.promise(async () => {
        await page.getByLabel("Destination").fill(theirs)
        await page.getByLabel("Configuration").selectOption({ label: "Carrier" })
        await page.getByLabel("Caller id").selectOption({ label: "+14155550123" })
      })
      // The service is asked, and its answer gets lost: the same attempt is made again, not a second call.
      yield* Effect.promise(() =>
        page.route(
          "**/api/v1/telephony/calls",
          async (route) => {
            await route.fetch()
            await route.abort()
          },
          { times: 1 }
        )
      )
      yield* press(page, "Dial")
      yield* shows(page, /The service does not answer/)
      yield* press(page, "Dial")
      yield* Effect.promise(() => page.waitForURL(/\/calls\/./))
      const [call, ...others] = yield* callsOf(app)
      assert.lengthOf(others, 0)
      assert.deepStrictEqual([call?.to, call?.direction], [theirs, "outbound"])
      assert.include(page.url(), call?.id ?? "none")
      yield* app.request("POST", `/api/v1/telephony/calls/${call?.id}/hangup`)
    }).pipe(Effect.scoped)
  )

  it.effect("have audio clips, which are uploaded, played, refused, and deleted", () =>
    Effect.gen(function* () {
      const opened = yield* openConsole({ path: "/agents?tab=clips", width: 390 })
      const { page } = opened
      yield* shows(page, "No audio clips")
      const upload = (name: string, bytes: Uint8Array) =>
        Effect.promise(async () => {
          await page.getByLabel("WAV file").setInputFiles(file(name, bytes))
          await page.getByRole("button", { name: "Upload" }).click()
        })
      yield* upload("broken.wav", Buffer.from("this is no sound"))
      yield* Effect.promise(() => page.getByRole("alert").filter({ hasText: "WAV" }).waitFor())
      yield* upload("Please hold.wav", wavOf(sampleVoice(8000), 8000))
      yield* Effect.promise(() => page.getByRole("cell", { name: "Please hold", exact: true }).waitFor())
      yield* isAccessible(page)
      yield* isNarrow(page)
      yield* picture(page, "clips-390")
      const player = yield* Effect.promise(() => page.locator("audio").elementHandle())
      yield* press(page, "Play Please hold")
      yield* Effect.promise(() => page.waitForFunction((audio) => Object(audio).currentTime > 0.1, player))
      yield* press(page, "Stop Please hold")
      yield* press(page, "Delete Please hold")
      yield* press(page, "Delete")
      yield* shows(page, "No audio clips")
      yield* isContent(opened)
    }).pipe(Effect.scoped)
  )

  it.effect("are shown to a viewer, who cannot change them", () =>
    Effect.gen(function* () {
      const app = yield* App
      const id = yield* echo("Seen")
      const key = yield* app.request("POST", "/api/v1/organizations/api-keys", { name: "Eyes", role: "viewer" })
      const { page } = yield* openConsole({ path: `/agents/${id}`, apiKey: String(Object(key.body).key), dark: true })
      yield* Effect.promise(() => page.getByRole("heading", { level: 1, name: "Seen" }).waitFor())
      yield* Effect.promise(async () => {
        assert.isTrue(await page.getByRole("button", { name: "Save" }).isDisabled())
        assert.strictEqual(await page.getByRole("button", { name: "Delete" }).count(), 0)
      })
      yield* isAccessible(page)
      yield* picture(page, "agent-viewer-dark")
    }).pipe(Effect.scoped)
  )
})
