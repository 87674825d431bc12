import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App, createdId } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"
import { configurations, input, newAgent, newConfiguration } from "./support/forms.ts"

const patient = 120_000

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })(
  "the console's numbers",
  (it) => {
    it.effect(
      "are added with a preview of the service's own reading, and listed over all configurations",
      () =>
        Effect.gen(function* () {
          const { carrier } = yield* App
          const opened = yield* openConsole({ path: "/numbers" })
          const { page } = opened
          yield* Effect.promise(() => page.getByText("Add a configuration first.").waitFor())
          yield* newConfiguration("Main account")
          yield* newAgent("Receptionist")
          yield* carrier.ownNumber("+442079460958")
          yield* Effect.promise(async () => {
            await page.reload()
            await page.getByRole("button", { name: "Add number" }).first().click()
            const dialog = page.getByRole("dialog")
            await dialog.getByRole("button", { name: "Add number" }).click()
            await dialog.getByText("Configuration is needed").waitFor()
            await input(dialog, "address").fill("020 7946 0958")
            await dialog.getByText("A national number needs a country.", { exact: false }).waitFor()
            await input(dialog, "country_code").selectOption("GB")
            await dialog.getByText("Stored as +442079460958, phone number, United Kingdom").waitFor()
            await input(dialog, "configuration").selectOption({ label: "Main account (Twilio)" })
            await input(dialog, "agent_id").selectOption({ label: "Receptionist" })
            await input(dialog, "label").fill("Front desk")
          })
          yield* isAccessible(page)
          yield* picture(page, "number-new")
          yield* Effect.promise(async () => {
            await page.getByRole("dialog").getByRole("button", { name: "Add number" }).click()
            const row = page.getByRole("row").filter({ hasText: "+442079460958" })
            await row.getByText("Front desk · United Kingdom").waitFor()
            await row.getByRole("link", { name: "Main account" }).waitFor()
            await row.getByRole("link", { name: "Receptionist" }).waitFor()
            await row.getByText("set", { exact: true }).waitFor()
            await page.getByLabel("Find").fill("nowhere")
            await page.getByText("No number matches").waitFor()
            await page.getByLabel("Find").fill("front")
            await row.waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "numbers")
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "show why the carrier did not take the webhook, in its words, and try again",
      () =>
        Effect.gen(function* () {
          const { carrier, request } = yield* App
          const id = yield* newConfiguration("Moody")
          const agent = yield* newAgent("Patient")
          yield* carrier.ownNumber("+14155550142")
          yield* carrier.faults.on("rest-broken", { only: /^POST/ })
          const numbers = `${configurations}/${id}/phone-numbers`
          createdId(yield* request("POST", numbers, { address: "+14155550142", agent_id: agent }))
          const opened = yield* openConsole({ path: `/configurations/${id}` })
          const { page } = opened
          const row = page.getByRole("row").filter({ hasText: "+14155550142" })
          yield* Effect.promise(async () => {
            await row.getByText("failed", { exact: true }).waitFor()
            assert.match(await row.innerText(), /Twilio/)
            await row.getByRole("button", { name: "Retry the webhook" }).click()
            await page.getByRole("alert").filter({ hasText: "at the carrier something is not as wanted" }).waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "number-failed")
          yield* carrier.faults.allOff
          yield* Effect.promise(async () => {
            await row.getByRole("button", { name: "Retry the webhook" }).click()
            await row.getByText("set", { exact: true }).waitFor()
          })
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "are changed, also after somebody else did, and deleted",
      () =>
        Effect.gen(function* () {
          const { carrier, request } = yield* App
          const id = yield* newConfiguration("Changing")
          yield* newAgent("Second")
          yield* carrier.ownNumber("+14155550143")
          const numbers = `${configurations}/${id}/phone-numbers`
          const number = createdId(yield* request("POST", numbers, { address: "+14155550143" }))
          const opened = yield* openConsole({ path: `/configurations/${id}` })
          const { page } = opened
          const row = page.getByRole("row").filter({ hasText: "+14155550143" })
          yield* Effect.promise(async () => {
            await row.getByText("none: calls are refused").waitFor()
            await row.getByRole("button", { name: "Edit" }).click()
            const dialog = page.getByRole("dialog")
            await input(dialog, "is_active").setChecked(false)
            assert.strictEqual(await input(dialog, "is_default_caller_id").count(), 0)
            await input(dialog, "is_active").setChecked(true)
            await input(dialog, "is_default_caller_id").setChecked(true)
            await input(dialog, "agent_id").selectOption({ label: "Second" })
          })
          yield* request("PUT", `${numbers}/${number}`, { version: 1, label: "Theirs" })
          yield* Effect.promise(async () => {
            const dialog = page.getByRole("dialog")
            await dialog.getByRole("button", { name: "Save" }).click()
            await dialog.getByText("They changed: Label.").waitFor()
            await dialog.getByRole("button", { name: "Load the newer version" }).click()
            await dialog.getByRole("button", { name: "Save" }).click()
            await row.getByText("default caller id").waitFor()
            await row.getByText("Theirs").waitFor()
            await row.getByRole("link", { name: "Second" }).waitFor()
            await row.getByRole("button", { name: "Delete" }).click()
            await page.getByText("Its webhook at the carrier is taken away first").waitFor()
            await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click()
            await page.getByText("No number yet.").waitFor()
          })
          assert.strictEqual((yield* request("GET", `${numbers}/${number}`)).status, 404)
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "that another configuration has are refused at the field, and a phone's screen shows them",
      () =>
        Effect.gen(function* () {
          const { carrier, request } = yield* App
          const id = yield* newConfiguration("First come")
          yield* carrier.ownNumber("+14155550144")
          yield* request("POST", `${configurations}/${id}/phone-numbers`, { address: "+14155550144" })
          const opened = yield* openConsole({ path: `/configurations/${id}`, width: 390, dark: true })
          const { page } = opened
          yield* Effect.promise(async () => {
            await page.getByRole("button", { name: "Add number" }).click()
            const dialog = page.getByRole("dialog")
            await input(dialog, "address").fill("(415) 555-0144")
            await input(dialog, "country_code").selectOption("US")
            await dialog.getByRole("button", { name: "Add number" }).click()
            await dialog.getByRole("alert").filter({ hasText: "is in use already" }).waitFor()
            assert.strictEqual(await input(dialog, "address").getAttribute("aria-invalid"), "true")
            assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390)
          })
          yield* isAccessible(page)
          yield* picture(page, "number-new-390-dark")
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )
  }
)
