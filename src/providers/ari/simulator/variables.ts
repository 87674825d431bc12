import type { RestReply } from "../../../simulator/RestServer.ts"
import type { Channel } from "./channel.ts"
import { ok, refuse } from "./replies.ts"

const unreadable = refuse(500, "Unable to read provided function")

/** `FUNCTION(args)`: the few that a gateway asks for. A function without a value gives an empty string. */
const readFunction = (channel: Channel, name: string, args: string): RestReply => {
  const isPjsip = channel.name.startsWith("PJSIP/")
  if (name === "PJSIP_HEADER") {
    const [action, header = ""] = args.split(",")
    if (!isPjsip || action !== "read") return unreadable
    return ok({ value: channel.sipHeaders.get(header.toLowerCase()) ?? "" })
  }
  if (name === "PJSIP_HEADERS") {
    if (!isPjsip) return unreadable
    const names = Array.from(channel.sipHeaders.keys()).filter((header) => header.startsWith(args.toLowerCase()))
    return ok({ value: names.join(",") })
  }
  if (name === "CALLERID") return ok({ value: args === "num" ? channel.caller.number : channel.caller.name })
  return unreadable
}

/** `GET /channels/{id}/variable`. */
export const readVariable = (channel: Channel, written: string): RestReply => {
  const [, name, args = ""] = /^(\w+)\((.*)\)$/.exec(written) ?? []
  if (name !== undefined) return readFunction(channel, name, args)
  const value = channel.variables.get(written)
  return value === undefined ? refuse(404, "Provided variable was not found") : ok({ value })
}
