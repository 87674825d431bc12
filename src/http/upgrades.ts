import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { Effect } from "effect"

/** The words of the statuses that an upgrade request is refused with (RFC 9110, section 15). */
export const upgradeReasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  503: "Service Unavailable"
}

/** Answers an upgrade request with a status before the upgrade, and ends its connection. */
export const refuseUpgrade = (
  socket: Duplex,
  status: number,
  { body = "", headers = {} }: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {}
) => {
  if (!socket.writable) return
  const fields = { ...headers, Connection: "close", "Content-Length": String(Buffer.byteLength(body)) }
  const head = [
    `HTTP/1.1 ${status} ${upgradeReasons[status] ?? "Refused"}`,
    ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`)
}

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/**
 * Takes upgrade requests over from those who took them before, for as long as the scope is open. `take` gives what serves a
 * request, or undefined for one that is not its own: that goes to those before.
 */
export const takeUpgrades = (server: Server, take: (request: IncomingMessage) => OnUpgrade | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const others = server.rawListeners("upgrade")
      const dispatch: OnUpgrade = (request, socket, head) => {
        const serve = take(request)
        if (serve === undefined) {
          for (const other of others) Reflect.apply(other, server, [request, socket, head])
          return
        }
        socket.on("error", () => socket.destroy())
        serve(request, socket, head)
      }
      server.removeAllListeners("upgrade").on("upgrade", dispatch)
      return dispatch
    }),
    // Those before are on their way out as well: handed on to them, a socket would be nobody's.
    (dispatch) => Effect.sync(() => server.off("upgrade", dispatch))
  )
