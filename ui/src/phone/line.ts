import { problemOf, unreachable } from "../api/problem.ts"
import { request } from "../api/request.ts"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Where a call's audio goes, and the call's id in the API. */
export interface TakenCall {
  readonly mediaUrl: string
  readonly callId: string | undefined
}

/**
 * The same place at this page's own address. The service gives its addresses as carriers need them, by `PUBLIC_URL`; who opened the
 * page inside the network, or as `localhost`, reaches the same service where the page came from.
 */
const here = (url: string): string => {
  const place = new URL(url)
  const isSocket = place.protocol.startsWith("ws")
  return `${isSocket ? location.origin.replace(/^http/, "ws") : location.origin}${place.pathname}${place.search}`
}

/**
 * Begins a call to an agent: asks for a pass, and shows it as a caller does (docs/providers/browser.md). Rejects with a `Problem`, or
 * with an `Error` that says why nobody takes the call.
 */
export const beginCall = async (configurationId: string, agentId: string, signal: AbortSignal): Promise<TakenCall> => {
  const pass = await request("POST", "/api/v1/organizations/telephony-configs/:id/phone-calls", {
    params: { id: configurationId },
    payload: { agent_id: agentId },
    signal
  })
  const response = await fetch(here(pass.inbound_url), {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: pass.body,
    signal
  }).catch((cause: unknown) => Promise.reject(signal.aborted ? cause : unreachable()))
  if (response.status === 403) {
    return Promise.reject(
      new Error("The service did not take this page's pass. Call again; if it stays so, look at the doctor.")
    )
  }
  if (!response.ok) return Promise.reject(await problemOf(response))
  const answer: unknown = await response.json().catch(() => undefined)
  const { call_id: callId, media_url: mediaUrl, message } = isObject(answer) ? answer : {}
  if (typeof mediaUrl === "string") return { mediaUrl, callId: typeof callId === "string" ? callId : undefined }
  return Promise.reject(
    new Error(typeof message === "string" ? message : "The call was refused, and the service did not say why.")
  )
}

export interface LineListener {
  readonly opened: () => void
  /** 16-bit samples, little-endian, to be heard next. */
  readonly audio: (pcm: ArrayBuffer) => void
  readonly mark: (name: string) => void
  readonly clear: () => void
  /** The end, once: why, where it was not an orderly one. */
  readonly closed: (trouble: string | undefined) => void
}

/** The media socket of a call, as the page sees it. */
export interface Line {
  /** 20 ms of 16-bit samples. */
  readonly send: (pcm: ArrayBuffer) => void
  readonly press: (digit: string) => void
  readonly reached: (mark: string) => void
  readonly hangUp: () => void
}

const ORDERLY = 1000
/** Bytes that may wait in the browser: what is older is late by more than two seconds, and is not sent. */
const MOST_WAITING = 64 * 1024

const troubles: Readonly<Record<number, string>> = {
  1001: "The service is being restarted. Call again in a moment.",
  1006: "The connection was lost.",
  1008: "The service did not understand this page. Reload it, and call again.",
  4408: "The sound did not start in time. Call again."
}

/** Joins the page to a call that was taken. `rate` counts for both directions, Hz. */
export const openLine = (
  { callId, mediaUrl }: TakenCall,
  rate: number,
  { audio, clear, closed, mark, opened }: LineListener
): Line => {
  const socket = new WebSocket(here(mediaUrl))
  socket.binaryType = "arraybuffer"
  let wasOpen = false
  const say = (message: Readonly<Record<string, unknown>>) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
  const read = (text: string) => {
    const message: unknown = JSON.parse(text)
    if (!isObject(message)) return
    if (message["type"] === "clear") clear()
    else if (message["type"] === "mark" && typeof message["name"] === "string") mark(message["name"])
  }
  socket.addEventListener("open", () => {
    wasOpen = true
    say({ type: "start", sample_rate: rate, ...(callId === undefined ? {} : { call_id: callId }) })
    opened()
  })
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (data instanceof ArrayBuffer) audio(data)
    else if (typeof data === "string") read(data)
  })
  socket.addEventListener("close", ({ code }) => {
    if (!wasOpen)
      closed("The sound of the call could not be connected: does a proxy stand between that lets no WebSocket through?")
    else closed(code === ORDERLY ? undefined : (troubles[code] ?? `The service closed the call (code ${code}).`))
  })
  return {
    send: (pcm) => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_WAITING) socket.send(pcm)
    },
    press: (digit) => say({ type: "digit", digit }),
    reached: (name) => say({ type: "mark", name }),
    hangUp: () => {
      say({ type: "hangup" })
      socket.close(ORDERLY)
    }
  }
}
