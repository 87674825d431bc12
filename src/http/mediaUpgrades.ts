import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { parseForm, singleField } from "../carrier/forms.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { Settings } from "../Settings.ts"
import { MediaSessions } from "../telephony/MediaSessions.ts"
import { goneSocket } from "../transport/goneSocket.ts"
import { acceptor } from "../transport/webSocket.ts"

/** The path of a media socket, up to its ticket. */
const prefix = "/api/v1/telephony/ws/"

/** The path where a carrier is told one address for all calls, and sends the ticket as a parameter. */
const fixed = /^\/api\/v1\/telephony\/ws\/?\?([^#]*)$/

/** A ticket is short; a longer path cannot hold one. */
const maxTicketLength = 128

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  503: "Service Unavailable"
}

const refuse = (socket: Duplex, status: number) => {
  if (!socket.writable) return
  const retry = status === 503 ? "Retry-After: 2\r\n" : ""
  socket.end(
    `HTTP/1.1 ${status} ${reasons[status] ?? "Refused"}\r\n${retry}Connection: close\r\nContent-Length: 0\r\n\r\n`
  )
}

const rawRequest = (request: IncomingMessage, publicUrl: string): RawRequest => ({
  method: request.method ?? "GET",
  publicUrl: publicUrl + (request.url ?? "/"),
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value])
  ),
  body: new Uint8Array()
})

/** The ticket of a media socket's request target; empty where there is none. Undefined: it is no media socket's at all. */
const ticketIn = (target: string): string | undefined => {
  const query = fixed.exec(target)?.[1]
  if (query !== undefined) return singleField(parseForm(query) ?? [], "ticket") ?? ""
  return target.startsWith(prefix) ? target.slice(prefix.length) : undefined
}

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Takes the upgrade requests of media sockets over from the HTTP server's own handler, for as long as the scope is open:
 * refused before the upgrade with 401, 403, 404, 409 or 503, or run as a call until it ends. Other upgrades pass.
 */
export const layer = (server: Server) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const sessions = yield* MediaSessions
      const { publicUrl } = yield* Settings
      const { accept } = acceptor()

      const serve = Effect.fnUntraced(
        function* (request: IncomingMessage, socket: Duplex, head: Buffer, ticket: Redacted.Redacted<string>) {
          const run = yield* sessions.admit(ticket, rawRequest(request, publicUrl))
          const opened = accept(request, socket, head).pipe(
            Effect.tapError((error) => Effect.logWarning("a media socket did not open", { reason: error.message })),
            Effect.orElseSucceed(() => goneSocket)
          )
          yield* Effect.scoped(Effect.flatMap(opened, run))
        },
        (effect, _request, socket) =>
          effect.pipe(
            Effect.catchTag("UpgradeRefused", ({ status, reason }) =>
              Effect.andThen(
                Effect.logInfo("refused a media socket", { status, reason }),
                Effect.sync(() => refuse(socket, status))
              )
            ),
            Effect.onError(() => Effect.sync(() => socket.destroy()))
          )
      )

      const fork = yield* FiberSet.makeRuntime()
      const open = (request: IncomingMessage, socket: Duplex, head: Buffer, ticket: string) => {
        socket.on("error", () => socket.destroy())
        if (ticket.length === 0 || ticket.length > maxTicketLength) refuse(socket, 404)
        else fork(serve(request, socket, head, Redacted.make(ticket, { label: "ticket" })))
      }

      const others = server.rawListeners("upgrade")
      const dispatch: OnUpgrade = (request, socket, head) => {
        const ticket = ticketIn(request.url ?? "")
        if (ticket !== undefined) return open(request, socket, head, ticket)
        others.forEach((other) => Reflect.apply(other, server, [request, socket, head]))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => server.removeAllListeners("upgrade").on("upgrade", dispatch)),
        () => Effect.sync(() => server.off("upgrade", dispatch))
      )
    })
  )
