import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { createServer } from "node:net"
import { join } from "node:path"
import { Effect, Schedule, Schema, type Scope } from "effect"
import { prepareFolder, temporaryFolder } from "./database.ts"
import { root } from "./imports.ts"

class ServiceNotReady extends Schema.TaggedError<ServiceNotReady>()("ServiceNotReady", { log: Schema.String }) {}

/** The service as its own process, reached over HTTP only. */
export interface RunningService {
  readonly url: string
  readonly apiKey: string
  /** What it has printed so far, both streams. */
  readonly log: () => string
  readonly process: ChildProcess
  /** Waits until the process is gone; gives its exit code or signal. */
  readonly exited: Effect.Effect<number | NodeJS.Signals>
  /** Asks the API, with the admin key. */
  readonly request: (method: string, path: string, body?: unknown) => Effect.Effect<ApiAnswer>
}

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
}

/** A port that was free a moment ago. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const read = (text: string): unknown => (text === "" ? undefined : JSON.parse(text))

/** Asks an HTTP address for JSON. */
export const ask = (url: string, init: RequestInit) =>
  Effect.promise(async (signal): Promise<ApiAnswer> => {
    const answer = await fetch(url, { ...init, signal })
    return { status: answer.status, body: read(await answer.text()) }
  })

export interface ServiceOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Kept when given, so that a second start finds what the first one wrote; else a fresh one. */
  readonly dataDir?: string
  readonly port?: number
  /** Arguments for Node itself. */
  readonly nodeArguments?: ReadonlyArray<string>
  /** Another checkout to run. */
  readonly projectRoot?: string
}

/** A data folder whose database was made already: making one takes a service seconds at its first start. */
const preparedFolder = Effect.tap(temporaryFolder, (folder) => Effect.orDie(prepareFolder(folder)))

/** The embedded database's code is compiled once and not again for speed: a process that lives for seconds is up sooner. */
const QUICK = "--liftoff-only"

/** Starts `src/main.ts`, waits until it is ready, and kills it with the scope. */
export const startService = Effect.fnUntraced(function* (
  options: ServiceOptions = {}
): Effect.fn.Return<RunningService, ServiceNotReady, Scope.Scope> {
  const port = options.port ?? (yield* freePort)
  const dataDir = options.dataDir ?? (yield* preparedFolder)
  const apiKey = options.environment?.["SWITCHBOARD_API_KEY"] ?? `sb_${randomBytes(24).toString("hex")}`
  const url = `http://127.0.0.1:${port}`
  let log = ""

  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const started = spawn(
        process.execPath,
        [QUICK, ...(options.nodeArguments ?? []), join(options.projectRoot ?? root, "src/main.ts")],
        {
          env: {
            PATH: process.env["PATH"],
            PORT: String(port),
            SWITCHBOARD_DATA_DIR: dataDir,
            SWITCHBOARD_API_KEY: apiKey,
            SWITCHBOARD_LOG_FORMAT: "json",
            ...options.environment
          },
          stdio: ["ignore", "pipe", "pipe"]
        }
      )
      for (const stream of [started.stdout, started.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          log += text
        })
      }
      return started
    }),
    (running) =>
      Effect.callback<void>((resume) => {
        if (running.exitCode !== null || running.signalCode !== null) return resume(Effect.void)
        running.once("exit", () => resume(Effect.void))
        running.kill("SIGKILL")
      })
  )

  const exited = Effect.callback<number | NodeJS.Signals>((resume) => {
    const finish = () => resume(Effect.succeed(child.exitCode ?? child.signalCode ?? 0))
    if (child.exitCode !== null || child.signalCode !== null) finish()
    else child.once("exit", finish)
  })

  const ready = Effect.tryPromise(() => fetch(`${url}/readyz`)).pipe(
    Effect.filterOrFail(
      (answer) => answer.ok,
      () => "not ready"
    ),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeout("40 seconds")
  )
  yield* Effect.raceFirst(ready, Effect.andThen(exited, Effect.fail("it stopped"))).pipe(
    Effect.mapError(() => new ServiceNotReady({ log })),
    Effect.withTracerEnabled(false)
  )

  return {
    url,
    apiKey,
    log: () => log,
    process: child,
    exited,
    request: (method, path, body) =>
      ask(url + path, {
        method,
        headers: { "x-api-key": apiKey, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
  }
})

/** A start that is to fail: what it printed, and its exit code. */
export const failedStart = (environment: Readonly<Record<string, string>>) =>
  Effect.callback<{ readonly code: unknown; readonly output: string }>((resume) => {
    const child = execFile(
      process.execPath,
      [join(root, "src/main.ts")],
      { env: { PATH: process.env["PATH"], SWITCHBOARD_LOG_FORMAT: "json", ...environment } },
      (error, stdout, stderr) => resume(Effect.succeed({ code: error?.code ?? 0, output: stdout + stderr }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
