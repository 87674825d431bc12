import { randomBytes } from "node:crypto"
import { createServer } from "node:net"
import { Effect, Fiber, FileSystem, Redacted, Schedule, Schema, Stream } from "effect"
import { HttpClient } from "effect/http"
import { ChildProcess, ChildProcessSpawner } from "effect/process"

/** The throw-away service did not come up; the message ends with the last lines that it wrote. */
export class ServiceDidNotStart extends Schema.TaggedError<ServiceDidNotStart>()("ServiceDidNotStart", {
  message: Schema.String
}) {}

const keptLines = 40
const entry = new URL("../../src/main.ts", import.meta.url).pathname

/** A loopback port that was free a moment ago. */
const freePort = Effect.callback<number, ServiceDidNotStart>((resume) => {
  const server = createServer()
  server.once("error", (error) => resume(Effect.fail(new ServiceDidNotStart({ message: error.message }))))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = address === null || typeof address === "string" ? 0 : address.port
    server.close(() => resume(Effect.succeed(port)))
  })
})

/**
 * Starts a service of its own in a child process: an embedded database in a temporary folder, a generated API key, and
 * the fake carrier as the REST API of `provider`; `nodeArguments` are for Node itself. Gone when the scope closes.
 */
export const startThrowAwayService = Effect.fnUntraced(function* (
  provider: string,
  carrierUrl: string,
  nodeArguments: ReadonlyArray<string> = []
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const files = yield* FileSystem.FileSystem
  const http = yield* HttpClient.HttpClient
  const dataDir = yield* files.makeTempDirectoryScoped({ prefix: "switchboard-simulate-" })
  const port = yield* freePort
  const url = `http://127.0.0.1:${port}`
  const apiKey = Redacted.make(`sim_${randomBytes(24).toString("base64url")}`)
  const child = yield* spawner.spawn(
    ChildProcess.make(process.execPath, [...nodeArguments, entry], {
      extendEnv: true,
      env: {
        DATABASE_URL: undefined,
        SWITCHBOARD_ENCRYPTION_KEY: undefined,
        HOST: "127.0.0.1",
        PORT: String(port),
        PUBLIC_URL: url,
        SWITCHBOARD_DATA_DIR: dataDir,
        SWITCHBOARD_API_KEY: apiKey,
        [`SWITCHBOARD_CARRIER_URL_${provider.toUpperCase().replaceAll("-", "_")}`]: carrierUrl,
        SWITCHBOARD_LOG_FORMAT: "json",
        SWITCHBOARD_LOG_LEVEL: "warn"
      },
      forceKillAfter: "10 seconds"
    })
  )
  const lines: Array<string> = []
  const output = yield* child.all.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => Effect.sync(() => void lines.splice(0, lines.push(line) - keptLines))),
    Effect.forkScoped
  )
  const failed = (why: string) =>
    Effect.suspend(() => Effect.fail(new ServiceDidNotStart({ message: [why, ...lines].join("\n") })))
  const ready = http.get(`${url}/readyz`).pipe(
    Effect.filterOrFail(({ status }) => status === 200),
    Effect.retry(Schedule.spaced("100 millis")),
    Effect.timeoutOrElse({ duration: "60 seconds", orElse: () => failed("The service was not ready within 60 s:") })
  )
  const died = Effect.flatMap(child.exitCode, (code) =>
    Effect.andThen(Fiber.await(output), failed(`The service stopped with exit code ${code}:`))
  )
  yield* Effect.raceFirst(Effect.asVoid(ready), died)
  return { url, apiKey, pid: child.pid, lastLines: Effect.sync((): ReadonlyArray<string> => [...lines]) }
})
