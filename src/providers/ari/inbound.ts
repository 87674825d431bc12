import type { InboundCall } from "../../carrier/TelephonyProvider.ts"
import { ownArguments } from "./ids.ts"
import type { Channel } from "./resources.ts"

/** The dialplan's own arguments: `name=value`, passed on to the agent. */
const argument = /^([A-Za-z][A-Za-z0-9_]{0,63})=(.{0,256})$/su

const ownWords: ReadonlyArray<string> = Object.values(ownArguments)

/** Whether a channel that we do not know was made by a Switchboard, to judge by its arguments. */
export const isOwnLeg = (args: ReadonlyArray<string>): boolean => ownWords.includes(args[0] ?? "")

const filled = (values: Readonly<Record<string, string | null | undefined>>) =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value ? [[name, value] as const] : [])))

/**
 * The call that a channel in our application is. The number that was called is the argument `did`, else the extension at which
 * the dialplan was; the caller's may be missing.
 */
export const inboundCall = (channel: Channel, args: ReadonlyArray<string>): InboundCall => {
  const given = new Map(
    args.flatMap((each) => {
      const [, name, value] = argument.exec(each) ?? []
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    })
  )
  const { caller, dialplan, id } = channel
  const did = given.get("did")
  given.delete("did")
  return {
    providerCallId: id,
    from: caller?.number || "anonymous",
    to: did || dialplan?.exten || "",
    details: { ...Object.fromEntries(given), ...filled({ caller_name: caller?.name, context: dialplan?.context }) }
  }
}

/** The arguments with which the dialplan entered an application; undefined where the channel is not in ours. */
export const argumentsIn = ({ dialplan }: Channel, app: string): ReadonlyArray<string> | undefined => {
  if (dialplan?.app_name !== "Stasis") return undefined
  const [name, ...args] = (dialplan.app_data ?? "").split(",")
  return name === app ? args : undefined
}
