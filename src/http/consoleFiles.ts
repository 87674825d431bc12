import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Settings } from "../Settings.ts"
import { type ConsoleFile, readConsole } from "./consoleFolder.ts"
import * as homePage from "./homePage.ts"

/** Where the build of `ui/` puts the console. */
export const builtConsole = fileURLToPath(new URL("../../ui/dist/", import.meta.url))

/** What a person asks for under these paths is no page of the console. */
const notPages = /^\/(api|docs|assets|openapi\.json|healthz|readyz|metrics)(\/|$)/

const webSocketOrigin = (url: string) => (URL.parse(url)?.origin ?? "").replace(/^http/, "ws")

/** A host with its port as the header `Host` has it, and nothing that could mean something in a policy. */
const isHost = (host: string | undefined): host is string => host !== undefined && /^[a-z0-9._[\]:-]+$/i.test(host)

/** Only our own files and connections; older browsers do not take `'self'` for the WebSockets of the same host. */
const policy = (publicUrl: string, host: string | undefined) => {
  const known = webSocketOrigin(publicUrl)
  const here = isHost(host) ? [`ws://${host}`, `wss://${host}`] : []
  const sockets = new Set([known, ...here.filter((origin) => URL.parse(origin)?.host !== URL.parse(known)?.host)])
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${Array.from(sockets).join(" ")}`,
    "media-src 'self' blob:",
    "worker-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'"
  ].join("; ")
}

/** Whether `Accept-Encoding` has a coding (RFC 9110, 12.5.3); `*` is not taken for one. */
const accepts = (header: string | undefined, coding: string) =>
  (header ?? "").split(",").some((each) => {
    const [name = "", ...parameters] = each.split(";").map((part) => part.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

const encoded = (file: ConsoleFile, header: string | undefined) => {
  if (file.br !== undefined && accepts(header, "br")) return { coding: "br", bytes: file.br }
  if (file.gzip !== undefined && accepts(header, "gzip")) return { coding: "gzip", bytes: file.gzip }
  return { coding: undefined, bytes: file.bytes }
}

const answerWith = (
  file: ConsoleFile,
  { headers }: Pick<HttpServerRequest.HttpServerRequest, "headers">,
  publicUrl: string,
  isImmutable: boolean
) => {
  const { bytes, coding } = encoded(file, headers["accept-encoding"])
  const etag = `"${file.hash}${coding === undefined ? "" : `-${coding}`}"`
  const isKnown = (headers["if-none-match"] ?? "").split(",").some((each) => each.trim().replace(/^W\//, "") === etag)
  const common = {
    "cache-control": isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": policy(publicUrl, headers["host"]),
    "permissions-policy": "microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    vary: "accept-encoding",
    etag
  }
  if (isKnown) return HttpServerResponse.empty({ status: 304, headers: common })
  return HttpServerResponse.uint8Array(bytes, {
    contentType: file.contentType,
    headers: coding === undefined ? common : { ...common, "content-encoding": coding }
  })
}

const notFound = HttpServerResponse.empty({ status: 404, headers: { "x-content-type-options": "nosniff" } })

const serve = (files: ReadonlyMap<string, ConsoleFile>) =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const { publicUrl } = yield* Settings
      const index = files.get("/index.html")
      const answer = Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
        const [path = "/"] = request.url.split("?")
        const file = path === "/index.html" ? undefined : files.get(path)
        if (file !== undefined) return answerWith(file, request, publicUrl, path.startsWith("/assets/"))
        const isPage = !notPages.test(path) && (path === "/" || (request.headers["accept"] ?? "").includes("text/html"))
        return isPage && index !== undefined ? answerWith(index, request, publicUrl, false) : notFound
      })
      yield* router.add("GET", "/", answer)
      yield* router.add("GET", "/*", answer)
    })
  )

/**
 * Reads the console from the folder of its build and gives its routes: its files, and its page under every path that is nothing
 * else, so that a link into it can be opened. Where there is no build: a plain page at `/`. Read before the server listens: who asks
 * it before it has its routes is never answered.
 */
export const routes = (folder: string) =>
  Effect.map(readConsole(folder), (files) => (files === undefined ? homePage.layer : serve(files)))
