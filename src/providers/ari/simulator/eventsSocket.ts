import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { Deferred, Effect } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { timestamp } from "./channel.ts"
import type { Application } from "./events.ts"
import type { Pbx } from "./pbx.ts"
import { refuse } from "./replies.ts"
import type { RestReply } from "../../../simulator/RestServer.ts"

const maxPayloadBytes = 16 * 1024 * 1024

const answerPlainly = (socket: Duplex, reply: RestReply) => {
  const headers = { ...reply.headers, Connection: "close", "Content-Length": String(Buffer.byteLength(reply.body)) }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${reply.status} Refused\r\n${lines.join("")}\r\n${reply.body}`)
}

/** Registers applications on a socket; whoever had one is told, stays connected, and hears nothing more of it. */
const register = (pbx: Pbx, socket: WebSocket, names: ReadonlyArray<string>, subscribeAll: boolean) => {
  const { applications, nowMs } = pbx.events
  for (const name of names) {
    const known = applications.get(name)
    const former = known?.socket
    former?.send(JSON.stringify({ type: "ApplicationReplaced", timestamp: timestamp(nowMs()), application: name }))
    const application: Application = known ?? { name, socket, isFrozen: false, subscribeAll, interest: new Map() }
    application.socket = socket
    application.isFrozen = false
    application.subscribeAll = subscribeAll
    applications.set(name, application)
  }
  socket.on("close", () => {
    for (const application of applications.values()) {
      if (application.socket === socket) application.socket = undefined
    }
  })
  // Events go out only; REST over the events socket is not simulated.
  socket.on("message", () => {})
  socket.on("error", () => socket.terminate())
}

/** The WebSocket side of the HTTP server: `/ari/events`, and `/media/<id>` where Asterisk is dialled. */
export const makeUpgrade = (
  pbx: Pbx,
  /** Undefined: the request is let in. */
  checkUser: (headers: IncomingMessage["headers"], query: URLSearchParams) => RestReply | undefined
) => {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: maxPayloadBytes,
    handleProtocols: (offered) => (offered.has("ari") ? "ari" : offered.has("media") ? "media" : false)
  })

  const takeEvents = (incoming: IncomingMessage, socket: Duplex, head: Buffer, query: URLSearchParams) => {
    const refused = pbx.panel.strike("events-refused", "events")
    if (refused !== undefined) return answerPlainly(socket, refuse(refused.status ?? 503, "Asterisk not booted"))
    const denied = checkUser(incoming.headers, query)
    if (denied !== undefined) return answerPlainly(socket, denied)
    const names = (query.get("app") ?? "").split(",").filter((name) => name !== "")
    if (names.length === 0) return answerPlainly(socket, refuse(400, "HTTP request is missing param: [app]"))
    const subscribeAll = query.get("subscribeAll") === "true"
    sockets.handleUpgrade(incoming, socket, head, (accepted) => {
      if (pbx.panel.strike("events-closed-at-once", "events") !== undefined) return accepted.close(1001)
      register(pbx, accepted, names, subscribeAll)
      const halfOpen = pbx.panel.strike("events-half-open", "events")
      if (halfOpen === undefined) return
      const freeze = Effect.sync(() => {
        accepted.pause()
        for (const application of pbx.events.applications.values()) {
          if (application.socket === accepted) application.isFrozen = true
        }
      })
      pbx.run(Effect.delay(freeze, halfOpen.afterMs ?? 500))
    })
  }

  const takeMedia = (incoming: IncomingMessage, socket: Duplex, head: Buffer, connectionId: string) => {
    const media = Array.from(pbx.channels.values()).find(
      (channel) => channel.media?.isServer === true && channel.media.connectionId === connectionId
    )?.media
    if (media === undefined || media.channel.hangingUp) return answerPlainly(socket, refuse(404, "Not found"))
    if (Deferred.isDoneUnsafe(media.dialled)) return answerPlainly(socket, refuse(409, "Conflict"))
    if (media.neverOpens) return
    sockets.handleUpgrade(incoming, socket, head, (accepted) => {
      // Nothing is read before somebody listens.
      accepted.pause()
      accepted.on("error", () => accepted.terminate())
      Deferred.doneUnsafe(media.dialled, Effect.succeed(accepted))
    })
  }

  return (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = "", search = ""] = (incoming.url ?? "").split("?")
    const { prefix } = pbx.settings
    const offered = (incoming.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim())
    const speaks = (name: string) => incoming.headers["sec-websocket-protocol"] === undefined || offered.includes(name)
    const unspoken = refuse(400, "No supported sub-protocol was offered")
    if (path === `${prefix}/ari/events`) {
      if (!speaks("ari")) return answerPlainly(socket, unspoken)
      return takeEvents(incoming, socket, head, new URLSearchParams(search))
    }
    const mediaRoot = `${prefix}/media/`
    if (!path.startsWith(mediaRoot)) return answerPlainly(socket, refuse(404, "Not found"))
    if (!speaks("media")) return answerPlainly(socket, unspoken)
    return takeMedia(incoming, socket, head, path.slice(mediaRoot.length))
  }
}

export const notUpgraded = refuse(426, "Upgrade Required")
