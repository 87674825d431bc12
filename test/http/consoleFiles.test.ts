import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import * as consoleFiles from "../../src/http/consoleFiles.ts"

import { Settings } from "../../src/Settings.ts"
import { unknownPaths } from "../../src/api/unknownPaths.ts"
import { temporaryFolder } from "../support/database.ts"
import { request as httpRequest, createServer } from "node:http"

const script = "console.log('the console')\n".repeat(50)
const page = '<!doctype html><title>Console</title><script type="module" src="/assets/app-1a2b.js"></script>'

const build = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  yield* Effect.promise(async () => {
    await mkdir(join(folder, "assets"))
    await writeFile(join(folder, "index.html"), page)
    await writeFile(join(folder, "favicon.svg"), "<svg/>")
    await writeFile(join(folder, "assets/app-1a2b.js"), script)
    await writeFile(join(folder, "assets/app-1a2b.js.br"), brotliCompressSync(script))
    await writeFile(join(folder, "assets/app-1a2b.js.gz"), gzipSync(script))
  })
  return folder
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
  readonly length: number
}

/** Asks for exactly this target, as no polite client would. */
const ask = (port: number, path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  Effect.callback<Answer>((resume) => {
    httpRequest({ port, host: "127.0.0.1", path, headers, method, agent: false, timeout: 5000 }, (response) => {
      const chunks: Array<Buffer> = []
      response
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .on("end", () => {
          const body = Buffer.concat(chunks)
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: body.toString(),
              length: body.length
            })
          )
        })
    })
      .on("error", (error) => resume(Effect.die(error)))
      .end()
  })

const serving = Effect.fnUntraced(function* (folder: string, publicUrl = "https://voice.example") {
  const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })
  const routes = Layer.mergeAll(
    yield* consoleFiles.routes(folder),
    unknownPaths,
    HttpRouter.add("GET", "/healthz", HttpServerResponse.jsonUnsafe({ status: "ok" }))
  )
  const server = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(Settings.test({ PUBLIC_URL: publicUrl })),
    Layer.provideMerge(http)
  )
  const { address } = yield* Effect.provide(HttpServer.HttpServer, yield* Layer.build(server))
  return "port" in address ? address.port : 0
})

const html = { accept: "text/html,application/xhtml+xml" }

describe("the console's files", () => {
  it.live("are its page, at / and under every path that is nothing else", () =>
    Effect.gen(function* () {
      const port = yield* serving(yield* build)
      for (const path of ["/", "/calls", "/calls/0198c0de?tab=events", "/settings/api-keys"]) {
        const answer = yield* ask(port, path, html)
        assert.deepStrictEqual([answer.status, answer.body], [200, page], path)
        assert.strictEqual(answer.headers["cache-control"], "no-cache")
        assert.strictEqual(answer.headers["content-type"], "text/html; charset=utf-8")
      }
      assert.strictEqual((yield* ask(port, "/", { accept: "*/*" })).status, 200)
      const head = yield* ask(port, "/", html, "HEAD")
      assert.deepStrictEqual([head.status, head.length], [200, 0])
      for (const path of ["/api/v1/nothing", "/api", "/docs/x", "/metrics", "/assets/gone-1a2b.js", "/openapi.json"])
        assert.strictEqual((yield* ask(port, path, html)).status, 404, path)
      assert.strictEqual((yield* ask(port, "/robots.txt", { accept: "*/*" })).status, 404)
      assert.strictEqual((yield* ask(port, "/healthz", html)).body, '{"status":"ok"}')
    }).pipe(Effect.scoped)
  )

  it.live("are compressed as the browser can read them, and kept for ever where their name says what is in them", () =>
    Effect.gen(function* () {
      const port = yield* serving(yield* build)
      const path = "/assets/app-1a2b.js"
      const codings: ReadonlyArray<readonly [string, string | undefined]> = [
        ["gzip, deflate, br, zstd", "br"],
        ["gzip", "gzip"],
        ["br;q=0, gzip;q=0.5", "gzip"],
        ["identity", undefined],
        ["br;q=0", undefined]
      ]
      const sizes = { br: brotliCompressSync(script).length, gzip: gzipSync(script).length, plain: script.length }
      for (const [header, coding] of codings) {
        const answer = yield* ask(port, path, { "accept-encoding": header })
        assert.strictEqual(answer.headers["content-encoding"], coding, header)
        assert.strictEqual(answer.length, coding === "br" ? sizes.br : coding === "gzip" ? sizes.gzip : sizes.plain)
        assert.strictEqual(answer.headers["cache-control"], "public, max-age=31536000, immutable")
        assert.strictEqual(answer.headers["content-type"], "text/javascript; charset=utf-8")
        assert.strictEqual(answer.headers["vary"], "accept-encoding")
      }
      assert.strictEqual((yield* ask(port, "/favicon.svg")).headers["cache-control"], "no-cache")
      assert.strictEqual((yield* ask(port, `${path}.br`)).status, 404)
    }).pipe(Effect.scoped)
  )

  it.live("are not sent again to who has them", () =>
    Effect.gen(function* () {
      const port = yield* serving(yield* build)
      const { headers } = yield* ask(port, "/", html)
      const again = yield* ask(port, "/", { ...html, "if-none-match": `"other", W/${String(headers["etag"])}` })
      assert.deepStrictEqual([again.status, again.length], [304, 0])
      assert.strictEqual((yield* ask(port, "/", { ...html, "if-none-match": '"other"' })).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("may do nothing but what the console does", () =>
    Effect.gen(function* () {
      const port = yield* serving(yield* build)
      const { headers } = yield* ask(port, "/", { ...html, host: "voice.example" })
      assert.strictEqual(
        headers["content-security-policy"],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' wss://voice.example; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
      )
      assert.strictEqual(headers["permissions-policy"], "microphone=(self)")
      assert.strictEqual(headers["x-content-type-options"], "nosniff")
      assert.strictEqual(headers["referrer-policy"], "no-referrer")
      const local = yield* ask(port, "/", { ...html, host: "localhost:8080" })
      assert.include(
        String(local.headers["content-security-policy"]),
        "connect-src 'self' wss://voice.example ws://localhost:8080 wss://localhost:8080;"
      )
      const odd = yield* ask(port, "/", { ...html, host: "a;script-src" })
      assert.include(String(odd.headers["content-security-policy"]), "connect-src 'self' wss://voice.example;")
    }).pipe(Effect.scoped)
  )

  it.live("end at the folder", () =>
    Effect.gen(function* () {
      const folder = yield* build
      yield* Effect.promise(() => writeFile(join(folder, "../outside.txt"), "secret"))
      const port = yield* serving(folder)
      for (const path of ["/../outside.txt", "/%2e%2e/outside.txt", "/assets/..%2f..%2foutside.txt", "//etc/passwd"]) {
        const answer = yield* ask(port, path)
        assert.notInclude(answer.body, "secret", path)
        assert.include([400, 404], answer.status, path)
      }
    }).pipe(Effect.scoped)
  )

  it.live("are a plain page where nobody built the console", () =>
    Effect.gen(function* () {
      const port = yield* serving(join(yield* temporaryFolder, "dist"))
      const answer = yield* ask(port, "/", html)
      assert.deepStrictEqual([answer.status, answer.body.includes("The telephony gateway is running")], [200, true])
      assert.strictEqual((yield* ask(port, "/calls", html)).status, 404)
    }).pipe(Effect.scoped)
  )
})
