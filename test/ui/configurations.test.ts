import { assert, layer } from "@effect/vitest"
import { Effect, type Schema } from "effect"
import * as providers from "../../src/providers/index.ts"
import { simulator } from "../../src/providers/twilio/simulator.ts"
import { App } from "../support/app.ts"
import { isAccessible, isContent, openConsole, picture, withConsole } from "./support/console.ts"
import { configurationOf, configurations, fill, input, metadata, newConfiguration } from "./support/forms.ts"

/** A value that no field of any carrier takes: fields with no rule at all are not looked for. */
const WRONG = "wrong value"

/** A generated account of a carrier. */
const credentialsOf = Effect.fnUntraced(function* (provider: string) {
  const spec = Object.values(providers)
    .map((each) => each.spec)
    .find(({ name }) => name === provider)
  const module = yield* Effect.promise(async () => spec?.simulator?.())
  return module === undefined ? {} : (yield* Effect.orDie(module.simulator.start())).credentials
})

/** A masked secret as the page shows it. */
const maskOf = (value: Schema.Json | undefined) => (typeof value === "string" ? value : "no mask")

const patient = 120_000

layer(withConsole(simulator, "twilio"), { excludeTestServices: true, timeout: "60 seconds" })(
  "the console's configurations",
  (it) => {
    it.effect(
      "say what to do while there are none, and are made for every carrier through one form",
      () =>
        Effect.gen(function* () {
          const opened = yield* openConsole({ path: "/configurations" })
          const { page } = opened
          yield* Effect.promise(() => page.getByText("No configuration yet").waitFor())
          yield* isAccessible(page)
          const all = yield* metadata
          assert.isAtLeast(all.length, 7)
          for (const { display_name, fields, provider } of all) {
            const credentials = yield* credentialsOf(provider)
            const given = fields.filter(({ name, type }) => type !== "readonly" && credentials[name] !== undefined)
            const first = given.find(({ required, type }) => required && type !== "select")
            yield* Effect.promise(async () => {
              await page.goto("/configurations/new")
              await page.getByRole("button", { name: display_name, exact: false }).first().click()
              await input(page, "name").fill(`Made: ${display_name}`)
              if (first !== undefined) {
                await page.getByRole("button", { name: "Create" }).click()
                await page.getByText(`${first.label} is needed`).waitFor()
              }
              for (const field of given) await fill(page, field, credentials[field.name] ?? "")
              const fussy = given.findLast(({ required, sensitive, type }) => required && sensitive && type === "text")
              if (fussy !== undefined) {
                await fill(page, fussy, WRONG)
                await page.getByRole("button", { name: "Create" }).click()
                await page.getByRole("alert").first().waitFor()
                assert.strictEqual(await input(page, `config.${fussy.name}`).getAttribute("aria-invalid"), "true")
                await fill(page, fussy, credentials[fussy.name] ?? "")
              }
            })
            if (provider === "twilio") yield* picture(page, "configuration-new")
            yield* Effect.promise(async () => {
              await page.getByRole("button", { name: "Create" }).click()
              await page.getByRole("heading", { level: 1, name: `Made: ${display_name}` }).waitFor()
            })
          }
          yield* Effect.promise(async () => {
            await page.getByRole("link", { name: "Configurations" }).click()
            await page.getByRole("link", { name: "Made: Twilio" }).waitFor()
            await page.getByText("Add an active phone number to call from.").first().waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "configurations")
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "keep a secret that is not replaced, and take the one that replaces it",
      () =>
        Effect.gen(function* () {
          const id = yield* newConfiguration("Secrets")
          const before = yield* configurationOf(id)
          const opened = yield* openConsole({ path: `/configurations/${id}` })
          const { page } = opened
          const mask = maskOf(before.credentials["auth_token"])
          yield* Effect.promise(async () => {
            await page.getByText(mask).waitFor()
            await input(page, "name").fill("Renamed")
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByRole("heading", { level: 1, name: "Renamed" }).waitFor()
          })
          yield* isAccessible(page)
          const renamed = yield* configurationOf(id)
          assert.deepStrictEqual([renamed.name, renamed.credentials], ["Renamed", before.credentials])
          yield* Effect.promise(async () => {
            await page.getByRole("button", { name: "Test connection" }).click()
            await page.getByText("Works:").waitFor()
            await page.getByRole("button", { name: "Replace Auth token" }).click()
            const token = input(page, "config.auth_token")
            assert.strictEqual(await page.evaluate("document.activeElement.name"), "config.auth_token")
            await token.fill("0123456789abcdef0123456789abcdef")
            await page.getByRole("button", { name: "Keep the stored Auth token" }).click()
            await page.getByText(mask).waitFor()
            await page.getByRole("button", { name: "Replace Auth token" }).click()
            await token.fill("ffffffffffffffffffffffffffffffff")
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByText("********ffff").waitFor()
            await page.getByRole("button", { name: "Test connection" }).click()
            await page.getByText("Does not work:").waitFor()
          })
          yield* picture(page, "configuration")
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "explain that somebody else saved, and go on from there with what was typed",
      () =>
        Effect.gen(function* () {
          const { request } = yield* App
          const id = yield* newConfiguration("Both of us")
          const opened = yield* openConsole({ path: `/configurations/${id}` })
          const { page } = opened
          yield* Effect.promise(() => input(page, "config.region").fill("au1"))
          yield* Effect.promise(() => input(page, "config.edge").fill("sydney"))
          const changed = yield* request("PATCH", `${configurations}/${id}`, { version: 1, name: "Theirs" })
          assert.strictEqual(changed.status, 200)
          yield* Effect.promise(async () => {
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByText("Somebody else saved this while you were here.").waitFor()
            await page.getByText("They changed: Name.").waitFor()
            await page.getByText("What you typed stays: Region, Edge.").waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "configuration-conflict")
          yield* Effect.promise(async () => {
            await page.getByRole("button", { name: "Load the newer version" }).click()
            assert.strictEqual(await input(page, "name").inputValue(), "Theirs")
            assert.strictEqual(await input(page, "config.region").inputValue(), "au1")
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByText("Saved.").waitFor()
          })
          const now = yield* configurationOf(id)
          assert.deepStrictEqual(
            [now.name, now.version, now.credentials["region"], now.credentials["edge"]],
            ["Theirs", 3, "au1", "sydney"]
          )
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "show the server's own errors at their fields",
      () =>
        Effect.gen(function* () {
          yield* newConfiguration("Taken")
          const id = yield* newConfiguration("Free")
          const { page } = yield* openConsole({ path: `/configurations/${id}` })
          yield* Effect.promise(async () => {
            await input(page, "name").fill("Taken")
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByRole("alert").filter({ hasText: 'The name "Taken" is taken' }).waitFor()
            assert.strictEqual(await input(page, "name").getAttribute("aria-invalid"), "true")
            await input(page, "name").fill("Free")
            await input(page, "config.region").fill("au1")
            await page.getByRole("button", { name: "Save", exact: true }).click()
            await page.getByRole("alert").filter({ hasText: "Set both the region and the edge" }).waitFor()
            assert.strictEqual(await input(page, "config.edge").getAttribute("aria-invalid"), "true")
          })
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "become the default, and are deleted after saying what goes with them",
      () =>
        Effect.gen(function* () {
          const { request } = yield* App
          const id = yield* newConfiguration("Short-lived")
          yield* request("POST", `${configurations}/${id}/phone-numbers`, { address: "sip:gone@pbx.example" })
          const { page } = yield* openConsole({ path: `/configurations/${id}` })
          yield* Effect.promise(async () => {
            await page.getByRole("button", { name: "Make default" }).click()
            await page.getByText("default for outbound", { exact: true }).waitFor()
            await page.getByRole("button", { name: "Delete", exact: true }).first().click()
            const dialog = page.getByRole("dialog")
            await dialog.getByText("Its phone number is deleted too.").waitFor()
          })
          yield* isAccessible(page)
          yield* picture(page, "configuration-delete")
          yield* Effect.promise(async () => {
            await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click()
            await page.getByRole("heading", { level: 1, name: "Configurations" }).waitFor()
            assert.strictEqual(await page.getByRole("link", { name: "Short-lived" }).count(), 0)
          })
          assert.strictEqual((yield* request("GET", `${configurations}/${id}`)).status, 404)
        }).pipe(Effect.scoped),
      patient
    )

    it.effect(
      "can be looked at by a viewer, who changes nothing, and on a phone",
      () =>
        Effect.gen(function* () {
          const { request } = yield* App
          const key = yield* request("POST", "/api/v1/organizations/api-keys", { name: "Looker", role: "viewer" })
          const id = yield* newConfiguration("Looked at")
          const apiKey = String(Object(key.body).key)
          const opened = yield* openConsole({ apiKey, path: `/configurations/${id}`, width: 390, dark: true })
          const { page } = opened
          yield* Effect.promise(async () => {
            await page.getByText("Only admins change a configuration.").waitFor()
            assert.isTrue(await input(page, "name").isDisabled())
            assert.strictEqual(await page.getByRole("button", { name: "Delete" }).count(), 0)
            assert.isTrue(await page.getByRole("button", { name: "Test connection" }).isDisabled())
            assert.isAtMost(Number(await page.evaluate("document.documentElement.scrollWidth")), 390)
          })
          yield* isAccessible(page)
          yield* picture(page, "configuration-390-dark")
          yield* isContent(opened)
        }).pipe(Effect.scoped),
      patient
    )
  }
)
