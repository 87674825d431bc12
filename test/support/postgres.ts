import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, globSync, mkdtempSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Config, Effect, Option } from "effect"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** A real PostgreSQL server, superuser included; undefined where there is none. */
    readonly postgresUrl: string | undefined
  }
}

const text = (name: string) => Effect.runPromise(Config.option(Config.String(name)))

/** The folder of the newest server binaries on this machine. */
const binaries = async () => {
  const path = Option.getOrElse(await text("PATH"), () => "").split(delimiter)
  const packaged = globSync("/usr/lib/postgresql/*/bin").sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
  return [...packaged, ...path].find(
    (folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"))
  )
}

const id = (flag: string, user: string) =>
  Number(execFileSync("id", [flag, user], { stdio: ["ignore", "pipe", "ignore"] }))

/** Whom to run the server as: PostgreSQL refuses to be root. Undefined: there is nobody. */
const unprivileged = () => {
  if (process.getuid?.() !== 0) return {}
  const user = ["postgres", "nobody"].find((name) => Number.isFinite(silently(() => id("-u", name), Number.NaN)))
  return user === undefined ? undefined : { uid: id("-u", user), gid: id("-g", user) }
}

const silently = <A>(run: () => A, otherwise: A) =>
  Effect.runSync(Effect.orElseSucceed(Effect.try(run), () => otherwise))

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

// The server lives as long as its standard input: also when this process is killed, nothing stays behind.
const SCRIPT = `
"$1/postgres" -D "$2" -k "$2" -c listen_addresses=127.0.0.1 -p "$3" -c fsync=off -c max_connections=200 -c shared_buffers=32MB >"$2.log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf "$2" "$2.log"
`

const stop = async (child: ChildProcess) => {
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.stdin?.end()
  await ended
}

const start = async (bin: string) => {
  const owner = unprivileged()
  if (owner === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), "switchboard-postgres-"))
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, "data")
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", "-A", "trust"],
    {
      ...owner,
      cwd: folder,
      stdio: "ignore"
    }
  )
  const port = await freePort()
  const child = spawn("sh", ["-c", `${SCRIPT} rmdir "$4"`, "sh", bin, data, String(port), folder], {
    ...owner,
    cwd: folder,
    detached: true, // an interrupt of the terminal is not for it
    stdio: ["pipe", "ignore", "ignore"]
  })
  const ready = () =>
    silently(
      () => execFileSync(join(bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], { stdio: "ignore" }),
      undefined
    ) !== undefined
  for (let attempt = 0; attempt < 100; attempt++) {
    if (ready()) return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop: () => stop(child) }
    await sleep(50)
  }
  await stop(child)
  return undefined
}

/**
 * Vitest's global set-up: finds a real PostgreSQL for the whole run, `TEST_DATABASE_URL` or server binaries of this
 * machine, and says which databases the tests run on.
 */
export const setup = async (project: TestProject) => {
  const given = await text("TEST_DATABASE_URL")
  const bin = Option.isSome(given) ? undefined : await binaries()
  const own = bin === undefined ? undefined : await start(bin)
  const url = Option.getOrElse(given, () => own?.url)
  const which =
    own !== undefined
      ? `and PostgreSQL from ${bin}`
      : Option.isSome(given)
        ? "and PostgreSQL of TEST_DATABASE_URL"
        : "only: no PostgreSQL found"
  process.stdout.write(`Databases: embedded PGlite ${which}\n`)
  project.provide("postgresUrl", url)
  return own?.stop
}
