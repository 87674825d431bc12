/**
 * The names that we give to Asterisk's objects. With names of our own a lost answer is no riddle, an event is understood
 * before the request that caused it is answered, and what is left over is recognised as ours. The tag keeps configurations
 * and installations on one Asterisk apart. At most 149 characters of `A-Za-z0-9._-` (Asterisk: channel unique ids).
 */
export const namesOf = (tag: string) => ({
  /** The channel of a call that we placed. */
  call: (callId: string) => `sb.${tag}.call.${callId}`,
  /** The channel whose other end is the call's media socket. */
  media: (callId: string) => `sb.${tag}.media.${callId}`,
  bridge: (callId: string) => `sb.${tag}.bridge.${callId}`,
  /** The channel of a transfer's destination. */
  target: (callId: string, transferId: string) => `sb.${tag}.target.${callId}.${transferId}`,
  /** What one of our names stands for; undefined for everything else. */
  read: (name: string): OwnName | undefined => {
    const own = readName(name)
    return own?.tag === tag ? own : undefined
  }
})
export type Names = ReturnType<typeof namesOf>

export type OwnName = { readonly tag: string; readonly callId: string } & (
  { readonly kind: "call" | "media" | "bridge" } | { readonly kind: "target"; readonly transferId: string }
)

const shape = /^sb\.([0-9a-z]+)\.(call|media|bridge|target)\.([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?$/

/** Reads a name of any configuration of any Switchboard. */
export const readName = (name: string): OwnName | undefined => {
  const [, tag = "", kind, callId = "", transferId] = shape.exec(name) ?? []
  if (kind === "target") return transferId === undefined ? undefined : { tag, kind, callId, transferId }
  if (transferId !== undefined) return undefined
  return kind === "call" || kind === "media" || kind === "bridge" ? { tag, kind, callId } : undefined
}

/** The first argument of our own channels' Stasis applications: none of a dialplan's own. */
export const ownArguments = { call: "switchboard-call", media: "switchboard-media", target: "switchboard-transfer" }

/** The name of the call that a media channel belongs to, were it one that we placed. */
export const callOfMedia = (name: string): string => name.replace(".media.", ".call.")
