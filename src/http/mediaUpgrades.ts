import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Layer, Redacted } from "effect"
import { parseForm, singleField } from "../carrier/forms.ts"
import type { RawRequest } from "../carrier/RawRequest.ts"
import { Settings } from "../Settings.ts"
import { MediaSessions } from "../telephony/MediaSessions.ts"
import { goneSocket } from "../transport/goneSocket.ts"
import { acceptor } from "../transport/webSocket.ts"
import { refuseUpgrade, takeUpgrades } from "./upgrades.ts"

/** The path of a media socket, up to its ticket. */
const prefix = "/api/v1/telephony/ws/"

/** The path where a carrier is told one address for all calls, and sends the ticket as a parameter. */
const fixed = /^\/api\/v1\/telephony\/ws\/?\?([^#]*)$/

/** A ticket is short; a longer path cannot hold one. */
const maxTicketLength = 128

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
                Effect.sync(() =>
                  refuseUpgrade(socket, status, { headers: status === 503 ? { "Retry-After": "2" } : {} })
                )
              )
            ),
            Effect.onError(() => Effect.sync(() => socket.destroy()))
          )
      )

      const fork = yield* FiberSet.makeRuntime()
      yield* takeUpgrades(server, ({ url = "" }) => {
        const ticket = ticketIn(url)
        if (ticket === undefined) return undefined
        if (ticket.length === 0 || ticket.length > maxTicketLength) return (_, socket) => refuseUpgrade(socket, 404)
        return (...upgrade) => void fork(serve(...upgrade, Redacted.make(ticket, { label: "ticket" })))
      })
    })
  )
