import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { extname, join, relative, sep } from "node:path"
import { Effect } from "effect"

/** One of the console's files: its bytes, and the same compressed, where the build made that. */
export interface ConsoleFile {
  readonly contentType: string
  /** Of the bytes as they are. */
  readonly hash: string
  readonly bytes: Uint8Array
  readonly br: Uint8Array | undefined
  readonly gzip: Uint8Array | undefined
}

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mp3": "audio/mpeg",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wav": "audio/wav",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2"
}

/** The path under which a file of the folder is asked for. */
const urlPath = (folder: string, file: string) =>
  `/${relative(folder, file).split(sep).map(encodeURIComponent).join("/")}`

/**
 * Reads the folder of the built console into memory, by the path of each file's URL. Undefined: nobody built it. It holds what is
 * there now; a later build is served after a restart.
 */
export const readConsole = (folder: string) =>
  Effect.tryPromise(async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const read = await Promise.all(paths.map(async (path) => [urlPath(folder, path), await readFile(path)] as const))
    const contents: ReadonlyMap<string, Uint8Array> = new Map(read)
    const isCompressed = (path: string) => /\.(br|gz)$/.test(path) && contents.has(path.replace(/\.(br|gz)$/, ""))
    const files = new Map<string, ConsoleFile>()
    for (const [path, bytes] of contents) {
      if (isCompressed(path)) continue
      files.set(path, {
        contentType: contentTypes[extname(path)] ?? "application/octet-stream",
        hash: createHash("sha256").update(bytes).digest("base64url").slice(0, 22),
        bytes,
        br: contents.get(`${path}.br`),
        gzip: contents.get(`${path}.gz`)
      })
    }
    return files.has("/index.html") ? files : undefined
  }).pipe(Effect.orElseSucceed(() => undefined))
