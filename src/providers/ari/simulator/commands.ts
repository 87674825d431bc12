import { Deferred, Effect } from "effect"
import type { MediaMessage } from "../../../simulator/SimulatorModule.ts"
import { type Command, maxCommandBytes, readCommand } from "./control.ts"
import { type MediaLeg, sendText } from "./mediaLeg.ts"
import { complain, hangUp, ownerOf, type Pbx } from "./pbx.ts"

/** Commands about media: refused in pass-through mode, and while our side only listens. */
const mediaCommands = new Set([
  "START_MEDIA_BUFFERING",
  "STOP_MEDIA_BUFFERING",
  "FLUSH_MEDIA",
  "PAUSE_MEDIA",
  "CONTINUE_MEDIA",
  "MARK_MEDIA",
  "REPORT_QUEUE_DRAINED"
])

/** 20.16 and its like compare these with a longer text, so they never match. */
const brokenAtFirst = new Set(["PAUSE_MEDIA", "CONTINUE_MEDIA", "REPORT_QUEUE_DRAINED"])

export const logMessage = (media: MediaLeg, kind: MediaMessage["kind"], detail: string) => {
  const record = ownerOf(media)?.record
  if (record === undefined) return
  record.mediaMessages.push({ atMs: record.stream?.elapsedMs() ?? 0, kind, detail })
  record.changed()
}

const invalid = (media: MediaLeg, text: string) => {
  logMessage(media, "invalid", text)
  complain(ownerOf(media), `chan_websocket: ${text}`)
}

/** A text message from our side (Asterisk: chan_websocket, control messages). */
export const obey = (pbx: Pbx, media: MediaLeg, data: Uint8Array) => {
  const { queue, speaker } = media
  const { release } = pbx.settings
  if (data.length > maxCommandBytes) {
    return invalid(media, `a command of ${data.length} bytes was ignored: at most ${maxCommandBytes} are read`)
  }
  const text = Buffer.from(data).toString("utf8")
  const command = readCommand(text, speaker.control)
  if (command === "unreadable") {
    invalid(media, "Unable to parse JSON command")
    return sendText(media, speaker.error("Unable to parse JSON command"))
  }
  if (command === "unknown") return invalid(media, "unknown command")
  const { id, name } = command
  if (mediaCommands.has(name)) {
    const refusal = refusalOf(media, name)
    if (refusal !== undefined) {
      invalid(media, refusal)
      return sendText(media, speaker.error(refusal))
    }
    if (!release.namesChannels && brokenAtFirst.has(name)) return invalid(media, `unknown command ${name}`)
  }
  switch (name) {
    case "ANSWER":
      return void Deferred.doneUnsafe(media.answered, Effect.void)
    case "HANGUP":
      return hangUp(pbx, media.channel, { cause: 16 })
    case "START_MEDIA_BUFFERING":
      return queue.startBuffering()
    case "STOP_MEDIA_BUFFERING":
      return queue.stopBuffering(id)
    case "FLUSH_MEDIA":
      logMessage(media, "clear", "")
      return queue.flush()
    case "PAUSE_MEDIA":
    case "CONTINUE_MEDIA":
      return queue.pause(name === "PAUSE_MEDIA")
    case "REPORT_QUEUE_DRAINED":
      return queue.reportDrained()
    case "GET_STATUS":
      return sendText(media, speaker.status(queue.status()))
    case "MARK_MEDIA":
      if (!release.takesTransportData) break
      logMessage(media, "mark", id)
      return queue.mark(id)
    case "SET_MEDIA_DIRECTION":
      if (release.hasDirections && speaker.control === "json") return turn(media, command)
  }
  return invalid(media, `unknown command ${name}`)
}

const refusalOf = (media: MediaLeg, name: string) => {
  if (media.options.passthrough) return `${name} not supported in passthrough mode`
  return media.direction === "in" ? `${name} not supported while media direction is 'in'` : undefined
}

const turn = (media: MediaLeg, { direction }: Command) => {
  if (direction === "both" || direction === "in" || direction === "out") media.direction = direction
  else invalid(media, `invalid direction ${direction}`)
}
