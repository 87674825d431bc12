import { Result } from "effect"
import type { AudioFormat } from "../../../Audio.ts"
import type { XmlElement } from "../../../simulator/Xml.ts"
import { type Hook, hookOf } from "./hook.ts"
import { type Problem, truth, wholeNumber } from "./markupRooms.ts"

/** A stream as it is asked for, by `<Stream>` or by the REST API. */
export interface StreamElement {
  /** Exactly as written, query included. */
  readonly url: string
  readonly bidirectional: boolean
  /** Whether the call waits for the stream to end before it goes on. */
  readonly keepCallAlive: boolean
  readonly format: AudioFormat
  readonly audioTrack: string
  readonly timeoutSeconds: number
  readonly statusCallback: Hook | undefined
  readonly extraHeaders: string
}

/** What decides whether a stream is taken. */
export interface StreamRules {
  readonly insecureLoopback: boolean
}

export const formats: ReadonlyMap<string, AudioFormat> = new Map([
  ["audio/x-mulaw;rate=8000", { encoding: "mulaw", sampleRate: 8000 }],
  ["audio/x-l16;rate=8000", { encoding: "pcm_s16le", sampleRate: 8000 }],
  ["audio/x-l16;rate=16000", { encoding: "pcm_s16le", sampleRate: 16_000 }]
])

/** Plivo's documents disagree; what a stream gets that does not say. */
export const defaultContentType = "audio/x-l16;rate=8000"
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Whether a stream may be opened there. Plivo takes `ws:` as well as `wss:`. */
export const streamUrlProblem = (url: string, rules: StreamRules): Problem | undefined => {
  const parsed = URL.parse(url)
  if (url.length > 2048) return "the stream's URL is longer than 2048 characters"
  if (url !== url.trim() || parsed === null || !/^wss?:$/.test(parsed.protocol)) {
    return `the stream's URL is no WebSocket URL: ${url}`
  }
  return rules.insecureLoopback || !loopback.test(parsed.hostname) ? undefined : `the stream's URL is local: ${url}`
}

/** What is wrong with the headers that come back in every message: `k=v,k2=v2`, 512 bytes, letters and digits. */
export const extraHeadersProblem = (written: string): Problem | undefined => {
  if (Buffer.byteLength(written) > 512) return "extraHeaders are longer than 512 bytes"
  const plain =
    written === "" || written.split(",").every((pair) => /^[A-Za-z0-9_-]+=[A-Za-z0-9_-]*$/.test(pair.trim()))
  return plain ? undefined : `extraHeaders are not k=v,k2=v2 in letters and digits: ${written}`
}

/** What a stream cannot be: two ways of sound only with the caller's own track. */
export const trackProblem = (track: string, bidirectional: boolean): Problem | undefined => {
  if (!["inbound", "outbound", "both"].includes(track)) return `there is no audioTrack ${track}`
  return bidirectional && track !== "inbound" ? "a bidirectional stream has the inbound track only" : undefined
}

export const readStream = (
  element: XmlElement,
  rules: StreamRules,
  warn: (text: string) => void
): Result.Result<StreamElement, Problem> =>
  Result.gen(function* () {
    const attribute = (name: string) => element.attributes.get(name)
    const bidirectional = yield* truth(element, "bidirectional", false)
    const keepCallAlive = yield* truth(element, "keepCallAlive", false)
    const written = attribute("contentType")
    if (written === undefined) warn(`<Stream> has no contentType: ${defaultContentType}`)
    const format = formats.get(written ?? defaultContentType)
    if (format === undefined) return yield* Result.fail(`invalid_content_type: ${written}`)
    const audioTrack = attribute("audioTrack") ?? "inbound"
    const extraHeaders = attribute("extraHeaders") ?? ""
    const url = element.text
    const statusUrl = attribute("statusCallbackUrl")
    const problem =
      streamUrlProblem(url, rules) ?? trackProblem(audioTrack, bidirectional) ?? extraHeadersProblem(extraHeaders)
    if (problem !== undefined) return yield* Result.fail(problem)
    if (statusUrl !== undefined && !/^https?:\/\//.test(statusUrl)) {
      return yield* Result.fail(`<Stream> has an invalid statusCallbackUrl: ${statusUrl}`)
    }
    return {
      url,
      bidirectional,
      keepCallAlive,
      format,
      audioTrack,
      timeoutSeconds: yield* wholeNumber(element, "streamTimeout", 86_400),
      statusCallback: hookOf(statusUrl, attribute("statusCallbackMethod")),
      extraHeaders
    }
  })
