// Installs what the project needs when package-lock.json has changed since the last time, and builds the console when its
// files have. Runs under any Node >= 20, before the other scripts, and says what it does; when nothing changed it does
// nothing.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, gzipSync } from "node:zlib"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const stamp = join(root, "node_modules", ".switchboard-setup")
const lock = join(root, ".setup-lock")
const staleAfterMs = 10 * 60_000

const consoleFolder = join(root, "ui")
const dist = join(consoleFolder, "dist")
const consoleStamp = join(dist, ".setup")

const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex")
const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted

const filesBelow = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "dist" && name !== "node_modules")
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))

const wantedConsole = () => {
  const hash = createHash("sha256").update(wanted)
  for (const file of filesBelow(consoleFolder)) hash.update(file.slice(root.length)).update(readFileSync(file))
  return hash.digest("hex")
}
// A copy of the project without the console, such as a container's, has nothing to build.
const isBuilt = () =>
  !existsSync(join(consoleFolder, "index.html")) ||
  (existsSync(consoleStamp) && readFileSync(consoleStamp, "utf8") === wantedConsole())
const isDone = () => isInstalled() && isBuilt()

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

const build = () => {
  console.log("setup: building the console")
  const result = spawnSync(
    join(root, "node_modules", ".bin", "node"),
    [join(root, "node_modules", "vite", "bin", "vite.js"), "build", "--logLevel", "warn"],
    { cwd: consoleFolder, stdio: "inherit" }
  )
  if (result.status !== 0) stop("the console was not built; the message is above.")
  compress(join(dist, "assets"))
  writeFileSync(consoleStamp, wantedConsole())
}

/** Writes a compressed copy beside each file, so that the service compresses nothing while calls run. */
const compress = (folder) => {
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes))
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  }
}

if (!isDone()) {
  let told = false
  while (!takeLock()) {
    if (!told) console.log("setup: waiting for another set-up of this folder to finish")
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
  }
  process.on("exit", () => rmSync(lock, { recursive: true, force: true }))
  if (!isInstalled()) install()
  if (!isBuilt()) build()
}
