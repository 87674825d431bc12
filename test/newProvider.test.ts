import { execFileSync, spawnSync } from "node:child_process"
import { createHmac } from "node:crypto"
import { cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { WebSocket } from "ws"
import { root } from "./support/imports.ts"
import { temporaryFolder } from "./support/database.ts"
import { ask, startService } from "./support/service.ts"
import { isContent, launch, openConsoleOf } from "./ui/support/console.ts"
import { input } from "./ui/support/forms.ts"

const copied = ["src", "scripts", "ui/dist", "package.json", "tsconfig.json", ".prettierrc.json"]
const twoFiles = ["src/TelephonyConfig.ts", "src/providers/index.ts"]

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

/** A copy of the project in which `npm run new-provider -- acme` ran. */
const withAcme = Effect.gen(function* () {
  const copy = yield* temporaryFolder
  for (const each of copied) cpSync(join(root, each), join(copy, each), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  execFileSync(process.execPath, [join(copy, "scripts/new-provider.ts"), "acme"], { cwd: copy })
  return copy
})

const lines = (folder: string, file: string) => readFileSync(join(folder, file), "utf8").split("\n")

/** A carrier's REST API that takes note of what it is asked. */
const fakeRest = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly asked: Array<string>; readonly stop: () => void }>((resume) => {
    const asked: Array<string> = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ call_id: "call-1", status: "completed" }))
    }).listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, asked, stop: () => server.close() }))
    })
  }),
  ({ stop }) => Effect.sync(stop)
)

const Created = Schema.Struct({ id: Schema.String })
const created = Schema.decodeUnknownSync(Created)
const Answer = Schema.Struct({ action: Schema.Literal("stream"), url: Schema.String })
const Metadata = Schema.Struct({ providers: Schema.Array(Schema.Struct({ provider: Schema.String })) })
const Detail = Schema.Struct({ credentials: Schema.Record(Schema.String, Schema.Unknown) })
const CallList = Schema.Struct({
  calls: Schema.Array(
    Schema.Struct({ mode: Schema.String, status: Schema.String, end_reason: Schema.NullOr(Schema.String) })
  )
})

const frame = (index: number) => Buffer.alloc(160, index + 1).toString("base64")
const Played = Schema.fromJsonString(
  Schema.Struct({ event: Schema.String, payload: Schema.optionalKey(Schema.String) })
)

/** Speaks the made-up carrier's media protocol: sends ten frames, and hangs up when it heard as many. */
const callOver = (url: string) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    const heard: Array<string> = []
    const socket = new WebSocket(url)
    const send = (message: unknown) => socket.send(JSON.stringify(message))
    socket.on("open", () => {
      send({ event: "start", call_id: "call-1", stream_id: "stream-1" })
      for (let index = 0; index < 10; index++) send({ event: "audio", payload: frame(index) })
    })
    socket.on("message", (data: Buffer) => {
      const message = Schema.decodeUnknownSync(Played)(data.toString("utf8"))
      if (message.event !== "audio" || message.payload === undefined) return
      heard.push(message.payload)
      if (heard.length === 10) send({ event: "stop" })
    })
    socket.on("close", () => resume(Effect.succeed(heard)))
  })

describe("npm run new-provider", () => {
  it.live(
    "adds a carrier by one folder and two lines, and it is served, shown in the console, saved, masked and called",
    () =>
      Effect.gen(function* () {
        const copy = yield* withAcme
        const changed = filesBelow(join(copy, "src"))
          .map((file) => join("src", file))
          .filter((file) => !file.startsWith("src/providers/acme/"))
          .filter((file) => readFileSync(join(copy, file), "utf8") !== readFileSync(join(root, file), "utf8"))
        assert.deepStrictEqual(changed, twoFiles)
        for (const file of twoFiles) {
          const before = lines(root, file)
          const added = lines(copy, file).filter((line) => !before.includes(line))
          assert.strictEqual(added.length, 1, `${file}: ${added.join(" | ")}`)
          assert.strictEqual(lines(copy, file).length, before.length + 1)
        }

        const check = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", copy], {
          encoding: "utf8"
        })
        assert.strictEqual(check.status, 0, check.stdout)

        const rest = yield* fakeRest
        const service = yield* startService({
          projectRoot: copy,
          environment: { SWITCHBOARD_CARRIER_URL_ACME: rest.url }
        })
        const organizations = "/api/v1/organizations"

        const metadata = yield* service.request("GET", `${organizations}/telephony-providers/metadata`)
        assert.include(
          Schema.decodeUnknownSync(Metadata)(metadata.body).providers.map(({ provider }) => provider),
          "acme"
        )

        const opened = yield* openConsoleOf(service, yield* launch(), { path: "/configurations/new" })
        yield* Effect.promise(async () => {
          await opened.page.getByRole("button", { name: "Acme" }).click()
          for (const field of ["account_id", "api_key"]) await input(opened.page, `config.${field}`).waitFor()
        })
        yield* isContent(opened)

        const agent = yield* service.request("POST", `${organizations}/agents`, {
          name: "Echo",
          kind: "echo",
          settings: {}
        })
        const configuration = yield* service.request("POST", `${organizations}/telephony-configs`, {
          name: "Acme",
          config: { provider: "acme", account_id: "account-0001", api_key: "acme-secret-1234" }
        })
        assert.strictEqual(configuration.status, 201, JSON.stringify(configuration.body))
        const path = `${organizations}/telephony-configs/${created(configuration.body).id}`
        const detail = yield* service.request("GET", path)
        assert.deepInclude(Schema.decodeUnknownSync(Detail)(detail.body).credentials, {
          account_id: "********0001",
          api_key: "********1234"
        })
        const number = yield* service.request("POST", `${path}/phone-numbers`, {
          address: "+14155550123",
          agent_id: created(agent.body).id
        })
        assert.strictEqual(number.status, 201, JSON.stringify(number.body))

        const webhook = `${service.url}/api/v1/telephony/inbound/acme`
        const body = JSON.stringify({
          account_id: "account-0001",
          call_id: "call-1",
          from: "+442071838750",
          to: "+14155550123"
        })
        const signature = createHmac("sha256", "acme-secret-1234").update(`${webhook}\n${body}`).digest("hex")
        const post = (headers: Record<string, string>) => ask(webhook, { method: "POST", headers, body })
        assert.strictEqual((yield* post({})).status, 403)
        const answer = yield* post({ "x-acme-signature": signature })
        assert.strictEqual(answer.status, 200)

        const heard = yield* callOver(Schema.decodeUnknownSync(Answer)(answer.body).url)
        assert.deepStrictEqual(
          heard,
          Array.from({ length: 10 }, (_, index) => frame(index))
        )

        const over = yield* service.request("GET", "/api/v1/telephony/calls").pipe(
          Effect.map(({ body: list }) => Schema.decodeUnknownSync(CallList)(list).calls),
          Effect.repeat({ until: (calls) => calls.every((call) => call.end_reason !== null) })
        )
        assert.deepStrictEqual(
          over.map(({ mode, end_reason }) => [mode, end_reason]),
          [["acme", "caller_hung_up"]]
        )
        assert.notInclude(service.log(), "acme-secret-1234")
      }),
    120_000
  )

  it.live("refuses a name that is taken, and writes nothing", () =>
    Effect.gen(function* () {
      const copy = yield* withAcme
      const before = filesBelow(join(copy, "src"))
      const again = spawnSync(process.execPath, [join(copy, "scripts/new-provider.ts"), "acme"], {
        cwd: copy,
        encoding: "utf8"
      })
      assert.notStrictEqual(again.status, 0)
      assert.strictEqual(again.stderr, "src/providers/acme exists already. Nothing was written.\n")
      assert.deepStrictEqual(filesBelow(join(copy, "src")), before)
    })
  )
})
