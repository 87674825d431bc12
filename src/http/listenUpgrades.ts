import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Layer } from "effect"
import { upgradeAccess } from "../api/upgradeAccess.ts"
import { Listening } from "../telephony/live/Listening.ts"
import { acceptor } from "../transport/webSocket.ts"
import { refuseUpgrade, takeUpgrades, upgradeReasons } from "./upgrades.ts"

const path = /^\/api\/v1\/telephony\/calls\/([0-9a-fA-F-]{1,64})\/listen\/?(\?.*)?$/

/** A refusal before the upgrade: a problem document, as the API answers. */
const refuse = (socket: Duplex, status: number, code: string, detail: string) =>
  refuseUpgrade(socket, status, {
    headers: { "Content-Type": "application/problem+json" },
    body: JSON.stringify({
      type: `urn:switchboard:problem:${code.replaceAll("_", "-")}`,
      status,
      title: upgradeReasons[status] ?? "Refused",
      code,
      detail
    })
  })

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

      yield* takeUpgrades(server, ({ url = "" }) => {
        const callId = path.exec(url)?.[1]
        return callId === undefined ? undefined : (...upgrade) => void fork(serve(...upgrade, callId))
      })
    })
  )
