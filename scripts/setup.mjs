// Installs what the project needs when package-lock.json has changed since the last time. Runs under any Node >= 20,
// before the other scripts, and says what it does; when nothing changed it does nothing.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const stamp = join(root, "node_modules", ".switchboard-setup")
const lock = join(root, ".setup-lock")
const staleAfterMs = 10 * 60_000

const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex")
const isDone = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted

const stop = (message) => {
  console.error(`setup: ${message}`)
  process.exit(1)
}

const takeLock = () => {
  try {
    mkdirSync(lock)
    return true
  } catch {
    if (Date.now() - statSync(lock, { throwIfNoEntry: false })?.mtimeMs > staleAfterMs)
      rmSync(lock, { recursive: true })
    return false
  }
}

const install = () => {
  console.log("setup: installing the packages of package-lock.json (npm ci); the first time takes about half a minute")
  const npm = process.platform === "win32" ? "npm.cmd" : "npm"
  const result = spawnSync(npm, ["ci", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: root, stdio: "inherit" })
  if (result.status !== 0) stop("npm ci failed; its message is above. Nothing was changed but node_modules.")
  const node = spawnSync(join(root, "node_modules", ".bin", "node"), ["--version"], { encoding: "utf8" })
  if (!node.stdout?.startsWith("v24.")) {
    stop(
      'the npm package "node" did not install Node 24, which usually means that install scripts are off ' +
        "(ignore-scripts). Allow them for this project, or put Node 24 on the PATH and run npm rebuild node."
    )
  }
  writeFileSync(stamp, wanted)
  console.log("setup: done")
}

if (!isDone()) {
  let told = false
  while (!takeLock()) {
    if (!told) console.log("setup: waiting for another set-up of this folder to finish")
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
  }
  process.on("exit", () => rmSync(lock, { recursive: true, force: true }))
  if (!isDone()) install()
}
