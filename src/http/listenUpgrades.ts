import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Layer } from "effect"
import { upgradeAccess } from "../api/upgradeAccess.ts"
import { Listening } from "../telephony/live/Listening.ts"
import { acceptor } from "../transport/webSocket.ts"

const path = /^\/api\/v1\/telephony\/calls\/([0-9a-fA-F-]{1,64})\/listen\/?(\?.*)?$/

const titles: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  503: "Service Unavailable"
}

/** A refusal before the upgrade: a problem document, as the API answers. */
const refuse = (socket: Duplex, status: number, code: string, detail: string) => {
  if (!socket.writable) return
  const title = titles[status] ?? "Refused"
  const body = JSON.stringify({
    type: `urn:switchboard:problem:${code.replaceAll("_", "-")}`,
    status,
    title,
    code,
    detail
  })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Takes the upgrade requests of those who want to listen in on a call, for as long as the scope is open; refused before the upgrade
 * with 401, 403, 404, 409 or 503. Other upgrades go to whoever took them before.
 */
export const layer = (server: Server) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const listening = yield* Listening
      const ownerOf = yield* upgradeAccess
      const { accept } = acceptor()

      const serve = Effect.fnUntraced(
        function* (request: IncomingMessage, socket: Duplex, head: Buffer, callId: string) {
          const { organizationId } = yield* ownerOf(request.headers)
          const media = yield* listening.admit(organizationId, callId)
          yield* Effect.scoped(Effect.flatMap(accept(request, socket, head), (opened) => listening.run(media, opened)))
        },
        (effect, _request, socket) =>
          effect.pipe(
            Effect.catch((error) =>
              Effect.sync(() => {
                if ("status" in error) return refuse(socket, error.status, error.code, error.detail)
                if (error._tag === "CallNotFound")
                  return refuse(socket, 404, "call_not_found", "There is no such call in this organization.")
                if (error._tag === "ListeningRefused") return refuse(socket, 409, error.code, error.message)
                if (error._tag === "SqlError")
                  return refuse(socket, 503, "database_unavailable", "The database cannot be reached. Try again.")
                // ws has answered a request that is no handshake.
                return undefined
              })
            ),
            Effect.onError(() => Effect.sync(() => socket.destroy()))
          )
      )
      const fork = yield* FiberSet.makeRuntime()

      const others = server.rawListeners("upgrade")
      const pass: OnUpgrade = (...upgrade) => {
        for (const other of others) Reflect.apply(other, server, upgrade)
      }
      const dispatch: OnUpgrade = (request, socket, head) => {
        const callId = path.exec(request.url ?? "")?.[1]
        if (callId === undefined) return pass(request, socket, head)
        socket.on("error", () => socket.destroy())
        fork(serve(request, socket, head, callId))
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => server.removeAllListeners("upgrade").on("upgrade", dispatch)),
        // Those before are on their way out as well: handed on to them, a socket would be nobody's.
        () => Effect.sync(() => server.off("upgrade", dispatch))
      )
    })
  )
